-- What staff have written about scenes, and stronger words for single devices.

CREATE TABLE scene_page (                -- versions are added, never changed
    scene      TEXT NOT NULL,            -- scenes.SceneId
    version    INTEGER NOT NULL,
    page_json  TEXT NOT NULL,            -- scene_book.Page
    by         TEXT NOT NULL,
    utc_ns     INTEGER NOT NULL,
    PRIMARY KEY (scene, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE device_claim (              -- in force until given back, or until the phase changes
    device     TEXT NOT NULL,
    level      TEXT NOT NULL,            -- priority.Level
    claim_json TEXT NOT NULL,            -- priority.Claim
    PRIMARY KEY (device, level)
) STRICT, WITHOUT ROWID;
