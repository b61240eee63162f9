-- The trading platform: what is to be told to it, and what it has told us already.

CREATE TABLE outbox (
    id         INTEGER PRIMARY KEY,      -- the order of sending
    key        TEXT NOT NULL UNIQUE,     -- idempotency key: the platform drops what it has
    kind       TEXT NOT NULL,            -- base.ItemKind
    body_json  TEXT NOT NULL,
    created_utc_ns INTEGER NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    next_utc_ns INTEGER NOT NULL,        -- not before
    state      TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'dead')),
    last_error TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX outbox_waiting ON outbox (id) WHERE state = 'waiting';
CREATE INDEX outbox_dead ON outbox (id) WHERE state = 'dead';

CREATE TABLE platform_lot (              -- the newest version taken of each lot: lower ones are stale
    id         TEXT PRIMARY KEY,
    version    INTEGER NOT NULL,
    sha256     TEXT NOT NULL             -- of its content: one version must not have two
) STRICT, WITHOUT ROWID;

CREATE TABLE platform_event (            -- phase events taken: each has its effect once
    id         TEXT PRIMARY KEY,
    utc_ns     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE platform_nonce (            -- of webhook calls, kept while their timestamps are acceptable
    nonce      TEXT PRIMARY KEY,
    stamp_s    INTEGER NOT NULL          -- Unix seconds, as signed
) STRICT, WITHOUT ROWID;
CREATE INDEX platform_nonce_by_stamp ON platform_nonce (stamp_s);
