-- What has changed, in the order of the commits: the export reads along here, and webhooks are fed from it.
-- Triggers write it, so that no act of any desk can be left out, and it is in the transaction of the change itself.

CREATE TABLE fact (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,  -- the order of the commits; never used twice
    kind      TEXT NOT NULL,    -- line, lot, run, domain, authorisation
    agent     TEXT,             -- of a line: where it stands in the journal, which is never changed
    journal   TEXT,
    seq       INTEGER,
    of        TEXT,             -- of a state: whose
    body_json TEXT              -- of a state: what it became; NULL: it is gone
) STRICT;
CREATE INDEX fact_of ON fact (kind, of, id) WHERE kind <> 'line';

-- A restored database counts on from an older number: facts of the same numbers, that were told before, are of another era.
CREATE TABLE fact_era (
    era   TEXT PRIMARY KEY,
    after INTEGER NOT NULL      -- its facts have greater ids
) STRICT;
INSERT INTO fact_era VALUES (lower(hex(randomblob(4))), 0);

CREATE TABLE webhook (
    id             TEXT PRIMARY KEY,
    url            TEXT NOT NULL,
    kinds_json     TEXT NOT NULL,           -- of lines and states; []: all
    secret         TEXT NOT NULL,           -- sealed: its key stands in a file beside the database
    made_by        TEXT NOT NULL,
    role           TEXT NOT NULL,           -- as much as this role may know is sent
    made_utc_ns    INTEGER NOT NULL,
    reached        INTEGER NOT NULL,        -- every fact up to this one was taken, or lies among the dead letters
    attempts       INTEGER NOT NULL DEFAULT 0,
    next_utc_ns    INTEGER NOT NULL DEFAULT 0,
    failing_utc_ns INTEGER,                 -- since when; NULL: it works
    last_error     TEXT NOT NULL DEFAULT '',
    state          TEXT NOT NULL DEFAULT 'on' CHECK (state IN ('on', 'off'))
) STRICT;

CREATE TABLE webhook_dead (                 -- what a receiver refused for good
    webhook    TEXT NOT NULL REFERENCES webhook (id) ON DELETE CASCADE,
    fact       INTEGER NOT NULL,
    utc_ns     INTEGER NOT NULL,
    why        TEXT NOT NULL,
    PRIMARY KEY (webhook, fact)
) STRICT, WITHOUT ROWID;

-- The states as they are told.  Card numbers and phone keys open doors: they stay where they are.  A run's members are told once, with
-- its result: a scene of a thousand devices is stored at the end of each of its stages.
CREATE VIEW told_lot AS
    SELECT id AS of, json_set(lot_json, '$.lot.people', json((
        SELECT json_group_array(json_remove(value, '$.card', '$.qr_key', '$.duress_card')) FROM json_each(lot_json, '$.lot.people')
    ))) AS body_json FROM lot;
CREATE VIEW told_run AS
    SELECT id AS of, json_object(
        'id', id, 'lot', lot, 'scene', scene, 'by', by, 'began_utc_ns', began_utc_ns, 'ended_utc_ns', ended_utc_ns, 'result', result,
        'rows', CASE WHEN result IS NOT NULL THEN json(json_extract(run_json, '$.run.rows')) END
    ) AS body_json FROM run;
CREATE VIEW told_domain AS
    SELECT id AS of, state_json AS body_json FROM component;
CREATE VIEW told_authorisation AS
    SELECT json_array(lot, person) AS of, json_object('lot', lot, 'person', person, 'utc_ns', utc_ns, 'by', by) AS body_json,
           lot, person FROM authorisation;

-- What is here already comes first: lines as they were received, then the states.
INSERT INTO fact (kind, agent, journal, seq)
    SELECT 'line', agent, journal, seq FROM journal ORDER BY received_utc_ns, utc_ns, agent, journal, seq;
INSERT INTO fact (kind, of, body_json) SELECT 'lot', of, body_json FROM told_lot ORDER BY of;
INSERT INTO fact (kind, of, body_json) SELECT 'run', of, body_json FROM told_run ORDER BY of;
INSERT INTO fact (kind, of, body_json) SELECT 'domain', of, body_json FROM told_domain ORDER BY of;
INSERT INTO fact (kind, of, body_json) SELECT 'authorisation', of, body_json FROM told_authorisation ORDER BY of;

-- To replace a row is to delete it first (recursive triggers are on): that it was gone for that moment concerns nobody.

CREATE TRIGGER fact_line AFTER INSERT ON journal BEGIN
    INSERT INTO fact (kind, agent, journal, seq) VALUES ('line', NEW.agent, NEW.journal, NEW.seq);
END;

CREATE TRIGGER fact_lot AFTER INSERT ON lot BEGIN
    DELETE FROM fact WHERE id = (SELECT MAX(id) FROM fact) AND kind = 'lot' AND of = NEW.id AND body_json IS NULL;
    INSERT INTO fact (kind, of, body_json) SELECT 'lot', of, body_json FROM told_lot WHERE of = NEW.id;
END;
CREATE TRIGGER fact_lot_again AFTER UPDATE ON lot BEGIN
    INSERT INTO fact (kind, of, body_json) SELECT 'lot', of, body_json FROM told_lot WHERE of = NEW.id;
END;
CREATE TRIGGER fact_lot_gone AFTER DELETE ON lot BEGIN
    INSERT INTO fact (kind, of) VALUES ('lot', OLD.id);
END;

CREATE TRIGGER fact_run AFTER INSERT ON run BEGIN
    DELETE FROM fact WHERE id = (SELECT MAX(id) FROM fact) AND kind = 'run' AND of = NEW.id AND body_json IS NULL;
    INSERT INTO fact (kind, of, body_json) SELECT 'run', of, body_json FROM told_run WHERE of = NEW.id;
END;
CREATE TRIGGER fact_run_again AFTER UPDATE ON run BEGIN
    INSERT INTO fact (kind, of, body_json) SELECT 'run', of, body_json FROM told_run WHERE of = NEW.id;
END;
CREATE TRIGGER fact_run_gone AFTER DELETE ON run BEGIN
    INSERT INTO fact (kind, of) VALUES ('run', OLD.id);
END;

CREATE TRIGGER fact_domain AFTER INSERT ON component BEGIN
    DELETE FROM fact WHERE id = (SELECT MAX(id) FROM fact) AND kind = 'domain' AND of = NEW.id AND body_json IS NULL;
    INSERT INTO fact (kind, of, body_json) VALUES ('domain', NEW.id, NEW.state_json);
END;
CREATE TRIGGER fact_domain_again AFTER UPDATE ON component BEGIN
    INSERT INTO fact (kind, of, body_json) VALUES ('domain', NEW.id, NEW.state_json);
END;
CREATE TRIGGER fact_domain_gone AFTER DELETE ON component BEGIN
    INSERT INTO fact (kind, of) VALUES ('domain', OLD.id);
END;

CREATE TRIGGER fact_authorisation AFTER INSERT ON authorisation BEGIN
    DELETE FROM fact WHERE id = (SELECT MAX(id) FROM fact) AND kind = 'authorisation' AND of = json_array(NEW.lot, NEW.person) AND body_json IS NULL;
    INSERT INTO fact (kind, of, body_json)
        SELECT 'authorisation', of, body_json FROM told_authorisation WHERE lot = NEW.lot AND person = NEW.person;
END;
CREATE TRIGGER fact_authorisation_again AFTER UPDATE ON authorisation BEGIN
    INSERT INTO fact (kind, of, body_json)
        SELECT 'authorisation', of, body_json FROM told_authorisation WHERE lot = NEW.lot AND person = NEW.person;
END;
CREATE TRIGGER fact_authorisation_gone AFTER DELETE ON authorisation BEGIN
    INSERT INTO fact (kind, of) VALUES ('authorisation', json_array(OLD.lot, OLD.person));
END;
