-- Times are UTC nanoseconds (…_utc_ns).  JSON columns (…_json) hold canonical JSON.

CREATE TABLE setting (
    name  TEXT PRIMARY KEY,   -- 'epoch' (incarnation of the gateway), 'term', 'salt' …
    value TEXT NOT NULL
) STRICT;

CREATE TABLE lot (
    id         TEXT PRIMARY KEY,
    project    TEXT NOT NULL,
    phase      TEXT NOT NULL,            -- lots.Phase
    lot_json   TEXT NOT NULL,            -- lots.Lot as the platform last told it
    phase_utc_ns INTEGER NOT NULL
) STRICT;
CREATE INDEX lot_by_project ON lot (project);

CREATE TABLE run (                       -- one press of a scene, never deleted
    id         TEXT PRIMARY KEY,
    lot        TEXT NOT NULL,
    scene      TEXT NOT NULL,
    by         TEXT NOT NULL,            -- who pressed
    began_utc_ns INTEGER NOT NULL,
    ended_utc_ns INTEGER,
    result     TEXT,                     -- ok, degraded, partial, compensated, superseded, failed; NULL while it runs
    run_json   TEXT NOT NULL             -- stages and one row per device
) STRICT;
CREATE INDEX run_by_lot ON run (lot, began_utc_ns);

CREATE TABLE component (                 -- separation domains: what was last signed, and what the doors said
    id         TEXT PRIMARY KEY,
    state_json TEXT NOT NULL
) STRICT;

CREATE TABLE agent (
    id         TEXT PRIMARY KEY,
    generation INTEGER NOT NULL,         -- of its desired document
    renewal    INTEGER NOT NULL,         -- of its policy
    session    INTEGER NOT NULL,
    state_json TEXT NOT NULL
) STRICT;

CREATE TABLE journal (                   -- every line of every agent, and the gateway's own (agent = '')
    agent      TEXT NOT NULL,
    journal    TEXT NOT NULL,            -- identity of the agent's journal file
    seq        INTEGER NOT NULL,
    utc_ns     INTEGER NOT NULL,         -- when it happened, by the agent's clock
    received_utc_ns INTEGER NOT NULL,
    kind       TEXT NOT NULL,
    lot        TEXT,
    project    TEXT,
    room       TEXT,
    person     TEXT,
    body_json  TEXT NOT NULL,
    PRIMARY KEY (agent, journal, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX journal_by_project ON journal (project, utc_ns);
CREATE INDEX journal_by_time ON journal (utc_ns);
CREATE INDEX journal_by_person ON journal (person, utc_ns) WHERE person IS NOT NULL;

CREATE TABLE segment (                   -- sealed pieces of recordings
    project    TEXT NOT NULL,
    lot        TEXT NOT NULL,
    track      TEXT NOT NULL,
    seq        INTEGER NOT NULL,
    room       TEXT NOT NULL,
    from_utc_ns INTEGER NOT NULL,
    to_utc_ns  INTEGER NOT NULL,
    path       TEXT NOT NULL,            -- under the evidence root
    bytes      INTEGER NOT NULL,
    sha256     TEXT NOT NULL,
    sm3        TEXT NOT NULL,
    meta_json  TEXT NOT NULL,
    PRIMARY KEY (project, lot, track, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX segment_by_hash ON segment (sha256);

CREATE TABLE gap (                       -- what was not recorded, and why
    project    TEXT NOT NULL,
    lot        TEXT NOT NULL,
    track      TEXT NOT NULL,
    from_utc_ns INTEGER NOT NULL,
    to_utc_ns  INTEGER NOT NULL,
    cause      TEXT NOT NULL,
    meta_json  TEXT NOT NULL,
    PRIMARY KEY (project, lot, track, from_utc_ns)
) STRICT, WITHOUT ROWID;

CREATE TABLE package (                   -- sealed packages
    project    TEXT NOT NULL,
    seal       INTEGER NOT NULL,         -- 1, 2 … for one project
    path       TEXT NOT NULL,            -- under the evidence root
    sealed_utc_ns INTEGER NOT NULL,
    tagmanifest_sha256 TEXT NOT NULL,
    PRIMARY KEY (project, seal)
) STRICT;

CREATE TABLE authorisation (             -- I3: when a person was last authorised to enter
    lot        TEXT NOT NULL,
    person     TEXT NOT NULL,
    utc_ns     INTEGER NOT NULL,
    by         TEXT NOT NULL,
    PRIMARY KEY (lot, person)
) STRICT;

CREATE TABLE account (
    id         TEXT PRIMARY KEY,
    role       TEXT NOT NULL,            -- staff, supervisor, integrator
    password   TEXT NOT NULL             -- argon2
) STRICT;
