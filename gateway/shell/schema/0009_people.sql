-- People and rights.  `account` (0001) keeps id, role and password; what more is known of an account stands beside it.
-- Secrets are kept as hashes, or encrypted under a key that is no part of this database (gateway/people/secret_box.py).

CREATE TABLE account_more (
    account    TEXT PRIMARY KEY,
    limits_json TEXT NOT NULL DEFAULT '{}',  -- {"lots": [...], "industries": [...]}; a key that is absent limits nothing
    must_change INTEGER NOT NULL DEFAULT 0,  -- its password was given by somebody else
    disabled   INTEGER NOT NULL DEFAULT 0,
    issuer     TEXT NOT NULL DEFAULT '',     -- OIDC: who vouches for it; '' for an account with a password here
    subject    TEXT NOT NULL DEFAULT '',     -- OIDC: its name there
    totp_sealed TEXT NOT NULL DEFAULT '',    -- the second factor's secret, encrypted; '' for none
    totp_on    INTEGER NOT NULL DEFAULT 0,   -- 0 until its owner has shown one code
    totp_step  INTEGER NOT NULL DEFAULT 0,   -- the last one used: a code is good once
    wrongs     INTEGER NOT NULL DEFAULT 0,   -- wrong passwords in a row
    wrong_utc_ns INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX account_by_subject ON account_more (issuer, subject) WHERE issuer <> '';

CREATE TABLE recovery_code (             -- instead of a second factor, each once
    account    TEXT NOT NULL,
    sha256     TEXT NOT NULL,            -- of 80 random bits: no slow hash is needed
    PRIMARY KEY (account, sha256)
) STRICT, WITHOUT ROWID;

CREATE TABLE web_session (               -- who is signed in; outlives the gateway
    sha256     TEXT PRIMARY KEY,         -- of the cookie
    account    TEXT NOT NULL,
    began_utc_ns INTEGER NOT NULL,
    seen_utc_ns INTEGER NOT NULL,
    second_utc_ns INTEGER NOT NULL,      -- when the second factor was last shown; 0: never
    place      TEXT NOT NULL             -- the address that signed in
) STRICT;

CREATE TABLE api_token (
    id         TEXT PRIMARY KEY,
    sha256     TEXT NOT NULL UNIQUE,
    account    TEXT NOT NULL,
    name       TEXT NOT NULL,
    actions_json TEXT NOT NULL,          -- rights.Action
    made_utc_ns INTEGER NOT NULL,
    until_utc_ns INTEGER NOT NULL,
    used_utc_ns INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE four_eyes (                 -- asked by one, confirmed by another
    id         TEXT PRIMARY KEY,
    kind       TEXT NOT NULL,            -- four_eyes.Kind
    subject    TEXT NOT NULL,            -- the account, or the project and seal
    body_json  TEXT NOT NULL,
    asked_by   TEXT NOT NULL,
    asked_utc_ns INTEGER NOT NULL,
    until_utc_ns INTEGER NOT NULL,       -- of the request; once confirmed: of what it released
    decided_by TEXT NOT NULL DEFAULT '',
    outcome    TEXT NOT NULL DEFAULT ''  -- '' while it waits, then confirmed or dropped
) STRICT;
CREATE INDEX four_eyes_waiting ON four_eyes (asked_utc_ns) WHERE outcome = '';

CREATE TABLE watch_entry (
    id         TEXT PRIMARY KEY,
    entry_json TEXT NOT NULL             -- watch_list.WatchEntry
) STRICT;

CREATE TABLE audit (                     -- audit_chain.AuditRow
    seq        INTEGER PRIMARY KEY,
    utc_ns     INTEGER NOT NULL,
    account    TEXT NOT NULL,
    action     TEXT NOT NULL,
    subject    TEXT NOT NULL,
    outcome    TEXT NOT NULL,
    line       INTEGER NOT NULL,
    line_sha256 TEXT NOT NULL,
    prev_sha256 TEXT NOT NULL,
    sha256     TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_account ON audit (account, seq);
CREATE TRIGGER audit_kept BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit chain only grows'); END;
CREATE TRIGGER audit_fixed BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit chain only grows'); END;
