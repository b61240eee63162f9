-- The outbox's lanes: order is kept within a lane, and one item that is never taken holds up no other lane.
ALTER TABLE outbox ADD COLUMN lane TEXT NOT NULL DEFAULT '';      -- the lot of an item, else its project
ALTER TABLE outbox ADD COLUMN alone INTEGER NOT NULL DEFAULT 0;   -- how often it failed by itself; 0: it travels with the others
UPDATE outbox SET lane = COALESCE(json_extract(body_json, '$.lot'), json_extract(body_json, '$.project'), '');
CREATE INDEX outbox_apart ON outbox (lane) WHERE state = 'waiting' AND alone > 0;

CREATE TABLE platform_notice (           -- what the platform told and the venue did not understand, or took with a doubt
    kind       TEXT NOT NULL CHECK (kind IN ('rejected', 'warning')),
    ref        TEXT NOT NULL,            -- of the item; for warnings the lot
    text       TEXT NOT NULL,
    utc_ns     INTEGER NOT NULL,         -- when it was last heard
    PRIMARY KEY (kind, ref, text)
) STRICT, WITHOUT ROWID;
