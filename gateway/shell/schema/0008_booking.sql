-- The calendar of rooms: bookings, windows out of order, and what the schedule could not press.

CREATE TABLE booking (
    id          TEXT PRIMARY KEY,
    room        TEXT NOT NULL,
    from_utc_ns INTEGER NOT NULL,
    to_utc_ns   INTEGER NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('asked', 'confirmed', 'cancelled')),
    source      TEXT NOT NULL CHECK (source IN ('platform', 'staff')),
    purpose     TEXT NOT NULL,           -- booking.book.Purpose
    lot         TEXT,
    people      INTEGER NOT NULL,        -- 0: not told
    note        TEXT NOT NULL,
    devices_json TEXT NOT NULL,
    by          TEXT NOT NULL,           -- an account, or 'platform'
    CHECK (from_utc_ns < to_utc_ns)
) STRICT;
CREATE INDEX booking_by_room ON booking (room, from_utc_ns) WHERE state = 'confirmed';

-- The book's own rule is stricter (it leaves the turn-around).  This one holds against every program that writes here.
CREATE TRIGGER booking_confirmed_once_new BEFORE INSERT ON booking
WHEN NEW.state = 'confirmed' AND EXISTS (
    SELECT 1 FROM booking
    WHERE state = 'confirmed' AND room = NEW.room AND id <> NEW.id AND from_utc_ns < NEW.to_utc_ns AND to_utc_ns > NEW.from_utc_ns
)
BEGIN
    SELECT RAISE(ABORT, 'two confirmed bookings of one room overlap');
END;
CREATE TRIGGER booking_confirmed_once BEFORE UPDATE ON booking
WHEN NEW.state = 'confirmed' AND EXISTS (
    SELECT 1 FROM booking
    WHERE state = 'confirmed' AND room = NEW.room AND id <> NEW.id AND from_utc_ns < NEW.to_utc_ns AND to_utc_ns > NEW.from_utc_ns
)
BEGIN
    SELECT RAISE(ABORT, 'two confirmed bookings of one room overlap');
END;

CREATE TABLE outage (                    -- a room is out of order; ended ones keep their span
    id          TEXT PRIMARY KEY,
    room        TEXT NOT NULL,
    kind        TEXT NOT NULL,           -- booking.book.OutageKind
    from_utc_ns INTEGER NOT NULL,
    to_utc_ns   INTEGER NOT NULL,
    reason      TEXT NOT NULL,
    by          TEXT NOT NULL,
    CHECK (from_utc_ns < to_utc_ns)
) STRICT;

CREATE TABLE schedule_try (              -- a press of the schedule that was refused or failed: when to try again, also after a restart
    lot         TEXT NOT NULL,
    scene       TEXT NOT NULL,
    times       INTEGER NOT NULL,
    code        TEXT NOT NULL,
    zh          TEXT NOT NULL,
    en          TEXT NOT NULL,
    last_utc_ns INTEGER NOT NULL,
    PRIMARY KEY (lot, scene)
) STRICT;

CREATE TABLE schedule_kept (             -- lots that staff prepare and close by hand
    lot         TEXT PRIMARY KEY,
    by          TEXT NOT NULL,
    utc_ns      INTEGER NOT NULL
) STRICT;

CREATE TABLE room_status (               -- what the platform was told last of each room
    room        TEXT PRIMARY KEY,
    status      TEXT NOT NULL,
    utc_ns      INTEGER NOT NULL
) STRICT;
