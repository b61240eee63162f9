-- Which camera of a room saw a moment: asked for each step of a person's way.
CREATE INDEX segment_by_room ON segment (room, from_utc_ns);
