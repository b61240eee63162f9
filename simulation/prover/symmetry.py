"""Rooms that only differ by name: two of a kind behave as twenty do, so that the searches run on a small venue of the same laws.

Two are enough because every search follows at most two people, or two lots: they are in the same room of a kind, or in two
different ones.  Exchanging two such rooms changes nothing else, so each day of the whole venue has its like in the small one.
First rooms are folded that lead to the same rooms by the same doors; then branches of rooms, such as floors, that hang on the
same rooms and are built alike.
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace

from simulation.prover.ground import Ground
from venue_model.ids import DoorId, RoomId
from venue_model.venue import DeviceKind, Door, Side, Venue

KEPT = 2
Edge = tuple[Hashable, RoomId, RoomId]  # what joins two rooms, from the first to the second


@dataclass(frozen=True, slots=True)
class Reduced:
    """The small venue, and for each room and door of the whole venue the first one that is like it."""

    venue: Venue
    room_kind: dict[RoomId, RoomId]
    door_kind: dict[DoorId, DoorId]

    def rooms_like(self, room: RoomId) -> tuple[RoomId, ...]:
        """The rooms that a room of the small venue speaks for."""
        return tuple(one for one, kind in self.room_kind.items() if kind == self.room_kind[room])

    def doors_like(self, door: DoorId) -> tuple[DoorId, ...]:
        """The doors that a door of the small venue speaks for."""
        return tuple(one for one, kind in self.door_kind.items() if kind == self.door_kind[door])


def reduce_venue(venue: Venue) -> Reduced:
    """Keep two of every kind of interchangeable rooms, and of interchangeable branches of rooms."""
    edges = _edges(venue)
    fixed = _fixed(venue)
    kind_of = {room: room for room in venue.rooms}
    kept = _fold_twins(venue, edges, fixed, kind_of)
    kept = _fold_branches(venue, [e for e in edges if e[1] in kept and e[2] in kept], fixed, kind_of, kept)
    doors = {id: door for id, door in venue.doors.items() if door.outside in kept and door.inside in kept}
    small = replace(
        venue,
        rooms={id: room for id, room in venue.rooms.items() if id in kept},
        doors=doors,
        devices={id: d for id, d in venue.devices.items() if d.room in kept and (d.door is None or d.door in doors)},
    )
    return Reduced(small, kind_of, _door_kinds(venue, kind_of))


def _fixed(venue: Venue) -> set[RoomId]:
    """Rooms where something happens that no other room can do in their place."""
    found = {side for both in venue.interlocks for id in both for side in (venue.doors[id].outside, venue.doors[id].inside)}
    found |= {d.room for d in venue.devices.values() if d.kind is DeviceKind.LOCKER}
    return found | {room.id for room in venue.rooms.values() if room.outdoor}


def _edges(venue: Venue) -> list[Edge]:
    """Doors and views, with all that the laws can see of them."""
    look = _Look(venue)
    sights = [("sight", *both) for one, other in venue.sight for both in ((one, other), (other, one))]
    return [*((look.of(door), door.outside, door.inside) for door in venue.doors.values()), *sights]


class _Look:
    """What the laws can see of a door besides the rooms on its sides."""

    def __init__(self, venue: Venue) -> None:
        self.readers = Ground(venue).readers
        self.lockers = {d.board for d in venue.devices.values() if d.kind is DeviceKind.LOCKER}

    def of(self, door: Door) -> Hashable:
        fields = tuple(getattr(door, name) for name in ("lock", "escape", "fire_release", "antipassback", "two_person"))
        board = door.board if door.board in self.lockers else None
        return (*fields, *((door.id, side) in self.readers for side in Side), board)


def _fold_twins(venue: Venue, edges: list[Edge], fixed: set[RoomId], kind_of: dict[RoomId, RoomId]) -> set[RoomId]:
    """Rooms that lead to the very same rooms in the same ways."""
    seen: dict[RoomId, list[Hashable]] = {room: [] for room in venue.rooms}
    for look, one, other in edges:
        seen[one].append((look, "out", other))
        seen[other].append((look, "in", one))
    twins: dict[Hashable, list[RoomId]] = {}
    for room in venue.rooms.values():
        kind = room.id if room.id in fixed else (room.zone, room.serves, room.limit, tuple(sorted(map(str, seen[room.id]))))
        twins.setdefault(kind, []).append(room.id)
    for alike in twins.values():
        for room_id in alike:
            kind_of[room_id] = alike[0]
    return {room_id for alike in twins.values() for room_id in alike[:KEPT]}


def _fold_branches(venue: Venue, edges: list[Edge], fixed: set[RoomId], kind_of: dict[RoomId, RoomId], kept: set[RoomId]) -> set[RoomId]:
    """Groups of rooms that hang on the same unique rooms and are built alike."""
    colours = _colours(venue, edges, fixed, kept)
    count: dict[int, int] = {}
    for colour in colours.values():
        count[colour] = count.get(colour, 0) + 1
    branches: dict[Hashable, list[list[RoomId]]] = {}
    for branch in _branches([room for room in kept if count[colours[room]] > 1], edges):
        branch.sort(key=lambda room: (colours[room], list(venue.rooms).index(room)))
        place = {room: number for number, room in enumerate(branch)}
        built = sorted(str((look, place.get(a, a), place.get(b, b))) for look, a, b in edges if a in place or b in place)
        branches.setdefault((tuple(colours[room] for room in branch), tuple(built)), []).append(branch)
    dropped: set[RoomId] = set()
    for alike in branches.values():
        alike.sort(key=lambda branch: list(venue.rooms).index(branch[0]))
        for number, branch in enumerate(alike):
            first = {kind_of[room]: kind_of[like] for room, like in zip(branch, alike[0], strict=True)}
            for room, kind in kind_of.items():
                kind_of[room] = first.get(kind, kind)
            if number >= KEPT:
                dropped.update(branch)
    return kept - dropped


def _colours(venue: Venue, edges: list[Edge], fixed: set[RoomId], kept: set[RoomId]) -> dict[RoomId, int]:
    """Room → a number that it shares with every room that looks like it, its neighbours, theirs, and so on."""
    look: dict[RoomId, Hashable] = {}
    for id in kept:
        room = venue.rooms[id]
        look[id] = id if id in fixed else (room.zone, room.serves, room.limit)
    colours = _numbered(look)
    while True:
        around: dict[RoomId, list[str]] = {room: [] for room in kept}
        for how, one, other in edges:
            around[one].append(str((how, "out", colours[other])))
            around[other].append(str((how, "in", colours[one])))
        finer = _numbered({room: (colours[room], tuple(sorted(around[room]))) for room in kept})
        if len(set(finer.values())) == len(set(colours.values())):
            return colours
        colours = finer


def _numbered(look: dict[RoomId, Hashable]) -> dict[RoomId, int]:
    names = {key: number for number, key in enumerate(sorted(set(look.values()), key=str))}
    return {room: names[key] for room, key in look.items()}


def _branches(rooms: Iterable[RoomId], edges: list[Edge]) -> list[list[RoomId]]:
    """The rooms in groups that hang together without any other room."""
    group = {room: [room] for room in rooms}
    for _, one, other in edges:
        if one in group and other in group and group[one] is not group[other]:
            group[one] += group[other]
            for room in group[other]:
                group[room] = group[one]
    return list({id(members): members for members in group.values()}.values())


def _door_kinds(venue: Venue, kind_of: dict[RoomId, RoomId]) -> dict[DoorId, DoorId]:
    look = _Look(venue)
    first: dict[Hashable, DoorId] = {}
    return {
        door.id: first.setdefault((look.of(door), kind_of[door.outside], kind_of[door.inside]), door.id) for door in venue.doors.values()
    }
