"""Rooms that only differ by name: two of a kind behave as twenty do, so that the searches run on a small venue of the same laws.

Two are enough because every search follows at most two people, or two lots: they are in the same room of a kind, or in two
different ones.  Exchanging two such rooms changes nothing else, so each day of the whole venue has its like in the small one.
"""

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, replace

from simulation.prover.ground import Ground
from venue_model.ids import DoorId, RoomId
from venue_model.venue import DeviceKind, Door, Lock, Room, Side, Venue

KEPT = 2


@dataclass(frozen=True, slots=True)
class Reduced:
    """The small venue, and for each of its rooms and doors those of the whole venue that it stands for, itself first."""

    venue: Venue
    rooms: dict[RoomId, tuple[RoomId, ...]]
    doors: dict[DoorId, tuple[DoorId, ...]]


def reduce_venue(venue: Venue) -> Reduced:
    """Keep two of every kind of interchangeable rooms."""
    kinds: dict[Hashable, list[RoomId]] = {}
    ground = Ground(venue)
    doors_at: dict[RoomId, list[Door]] = {room: [] for room in venue.rooms}
    for door in venue.doors.values():
        doors_at[door.outside].append(door)
        doors_at[door.inside].append(door)
    singular = _singular(venue)
    for room in venue.rooms.values():
        kind = room.id if room.id in singular else _kind(room, doors_at[room.id], ground)
        kinds.setdefault(kind, []).append(room.id)
    stands_for: dict[RoomId, tuple[RoomId, ...]] = {}
    for alike in kinds.values():
        for kept in alike[:KEPT]:
            stands_for[kept] = (kept, *(room for room in alike if room != kept)) if len(alike) > KEPT else (kept,)
    rooms = {id: room for id, room in venue.rooms.items() if id in stands_for}
    doors = {id: door for id, door in venue.doors.items() if door.outside in rooms and door.inside in rooms}
    small = replace(
        venue,
        rooms=rooms,
        doors=doors,
        devices={id: d for id, d in venue.devices.items() if d.room in rooms and (d.door is None or d.door in doors)},
        interlocks=tuple(pair for pair in venue.interlocks if all(door in doors for door in pair)),
    )
    return Reduced(small, stands_for, {id: _doors_alike(door, stands_for, doors_at) for id, door in doors.items()})


def _singular(venue: Venue) -> set[RoomId]:
    """Rooms that are joined to others, or where something happens that no other room can do in their place."""
    found = {room for both in venue.sight for room in both}
    found |= {side for d in venue.doors.values() if d.lock is Lock.NONE for side in (d.outside, d.inside)}
    found |= {side for both in venue.interlocks for id in both for side in (venue.doors[id].outside, venue.doors[id].inside)}
    found |= {d.room for d in venue.devices.values() if d.kind is DeviceKind.LOCKER}
    return found | {room.id for room in venue.rooms.values() if room.outdoor}


def _kind(room: Room, doors: list[Door], ground: Ground) -> Hashable:
    """All that the laws can see of a room: its zone, and what its doors are and lead to."""
    venue = ground.venue
    lockers = {d.board for d in venue.devices.values() if d.kind is DeviceKind.LOCKER}
    seen = Counter(
        (
            door.inside == room.id,
            door.outside if door.inside == room.id else door.inside,
            *(getattr(door, name) for name in ("lock", "escape", "fire_release", "antipassback", "two_person")),
            *((door.id, side) in ground.readers for side in Side),
            door.board in lockers,
        )
        for door in doors
    )
    return room.zone, room.serves, room.limit, frozenset(seen.items())


def _doors_alike(door: Door, stands_for: dict[RoomId, tuple[RoomId, ...]], doors_at: dict[RoomId, list[Door]]) -> tuple[DoorId, ...]:
    """The doors of the rooms that a door's room stands for, itself first."""
    for room, other in ((door.inside, door.outside), (door.outside, door.inside)):
        alike = stands_for[room][1:]
        if alike:
            found = (
                d.id
                for twin in alike
                for d in doors_at[twin]
                if other in (d.outside, d.inside) and (d.inside == twin) == (door.inside == room)
            )
            return (door.id, *found)
    return (door.id,)
