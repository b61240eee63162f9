-- Device twins, quarantine, and rollouts of programs and records to boards.

-- Since when a twin is as it is: what the agents repeat by themselves is not stored.
CREATE TABLE twin_since (
    id           TEXT NOT NULL,
    aspect       TEXT NOT NULL,  -- desired, reported, online
    value        TEXT NOT NULL,
    since_utc_ns INTEGER NOT NULL,
    generation   INTEGER NOT NULL,
    run          TEXT NOT NULL,
    by           TEXT NOT NULL,
    PRIMARY KEY (id, aspect)
) STRICT, WITHOUT ROWID;

CREATE TABLE quarantine (
    id           TEXT PRIMARY KEY,
    since_utc_ns INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What boards can fetch; the bytes are files in the data folder, named by their SHA-256.
CREATE TABLE bundle (
    digest  TEXT PRIMARY KEY,
    kind    TEXT NOT NULL,
    version TEXT NOT NULL,
    number  INTEGER NOT NULL,
    bytes   INTEGER NOT NULL,
    by      TEXT NOT NULL,
    utc_ns  INTEGER NOT NULL
) STRICT;

CREATE TABLE rollout (
    id           TEXT PRIMARY KEY,
    asked_utc_ns INTEGER NOT NULL,
    over         INTEGER NOT NULL,
    rollout_json TEXT NOT NULL
) STRICT;
