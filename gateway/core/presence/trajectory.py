"""One person's way through the venue (动线): each door in order, how long they stayed, and what no door could name."""

from dataclasses import dataclass

from gateway.core.presence.sightings import Ref, Sighting
from gateway.core.presence.state import Presence, Stay, effective
from gateway.core.presence.ways import Ways
from gateway.core.presence.whereabouts import unnamed_exits
from venue_model.ids import DoorId, PersonKey, RoomId

_STEPS = ("passage", "refusal", "muster")


@dataclass(frozen=True, slots=True)
class Step:
    """One event of a way.  `kind` is the journal's, or "unseen": they left, and no door knows it was they.

    Of an unseen step the time, door and line are those of the only nameless exit that can have been it; with several, or none, they are
    unknown, and `utc_ns` is when they were last known inside.
    """

    utc_ns: int
    kind: str
    door: str
    origin: RoomId | None
    to: RoomId | None
    direction: str = ""
    how: str = ""
    rule: str = ""
    lot: str | None = None
    ref: Ref | None = None
    certain: bool = True  # False: an unseen step whose moment is not known
    stay_ns: int | None = None  # in the room that was entered; None: still there, or the end is not known


def trajectory(presence: Presence, person: PersonKey, ways: Ways) -> list[Step]:
    """The steps of a person, in order of time."""
    steps: list[Step] = []
    by_entry = {stay.entered.ref: stay for stay in presence.stays.get(person, ())}
    stay: Stay | None = None
    for sighting in effective(presence.people.get(person, ())):
        if sighting.kind not in _STEPS:
            continue
        if stay is not None and stay.ended is not None and stay.ended.ref == sighting.ref and not stay.seen_leaving:
            steps.append(_unseen(presence, stay, ways))
        steps.append(_step(sighting, by_entry.get(sighting.ref), presence, ways))
        stay = by_entry.get(sighting.ref, None if sighting.kind != "refusal" else stay)
    return steps


def _step(sighting: Sighting, stay: Stay | None, presence: Presence, ways: Ways) -> Step:
    door = ways.venue.doors.get(DoorId(sighting.door))
    origin, to = (door.outside, door.inside) if door else (None, None)
    if sighting.direction == "out":
        origin, to = to, origin
    return Step(
        sighting.utc_ns, sighting.kind, sighting.door, origin, to, sighting.direction, sighting.how, sighting.rule, sighting.lot,
        sighting.ref, stay_ns=_stayed(stay, presence) if stay else None,
    )  # fmt: skip


def _stayed(stay: Stay, presence: Presence) -> int | None:
    if stay.ended is None:
        return None
    if stay.seen_leaving:
        return stay.ended.utc_ns - stay.entered.utc_ns
    exits = unnamed_exits(presence, stay, stay.ended.utc_ns)
    return exits[0].utc_ns - stay.entered.utc_ns if len(exits) == 1 else None


def _unseen(presence: Presence, stay: Stay, ways: Ways) -> Step:
    assert stay.ended is not None, "only a stay that has ended can have ended unseen"
    exits = unnamed_exits(presence, stay, stay.ended.utc_ns)
    room = RoomId(stay.entered.room) if stay.entered.room else None
    if len(exits) != 1:
        return Step(stay.entered.utc_ns, "unseen", "", room, None, lot=stay.entered.lot, certain=False)
    only = exits[0]
    door = ways.venue.doors.get(DoorId(only.door))
    to = RoomId(only.room) if only.room else None
    origin = door.inside if door else room
    return Step(only.utc_ns, "unseen", only.door, origin, to, only.direction, only.how, lot=stay.entered.lot, ref=only.ref)
