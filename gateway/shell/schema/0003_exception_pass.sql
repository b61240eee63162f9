CREATE TABLE exception_pass (            -- entry for somebody who has no part in the day; withdrawn ones are deleted, the journal keeps both acts
    id           TEXT PRIMARY KEY,
    pass_json    TEXT NOT NULL,          -- access.ExceptionPass
    until_utc_ns INTEGER NOT NULL
) STRICT;
