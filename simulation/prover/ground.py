"""The ground that people walk on: every way through every door, by what right it can be walked, and where it leads."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from venue_model.groups import Role, pair
from venue_model.ids import DoorId, RoomId
from venue_model.venue import DeviceKind, Door, Lock, Side, Venue
from venue_model.zones import Zone


class By(StrEnum):
    """What opens a door in one direction."""

    BADGE = "badge"  # a reader on the outside: whom the policy of the inside admits; anybody when the inside is open ground
    EXIT = "exit"  # the exit hardware on the inside: always, with every program dead (I11)
    BADGE_OUT = "badge_out"  # no exit hardware but a reader on the inside: anybody, as long as the board lives
    FOOT = "foot"  # no lock: always, both ways


@dataclass(frozen=True, slots=True)
class Way:
    """One door in one direction."""

    door: Door
    start: RoomId
    end: RoomId
    by: By

    @property
    def free(self) -> bool:
        """True when nobody is asked who they are."""
        return self.by is not By.BADGE


@dataclass(frozen=True)
class Ground:
    """A venue as ways from room to room.  Everybody begins in the open air, and may linger wherever they are."""

    venue: Venue
    readers_too: frozenset[DoorId] = frozenset()  # as if these doors had a reader outside: tells what only a reader is missing for

    @cached_property
    def outdoors(self) -> tuple[RoomId, ...]:
        """The open air.  In a file that marks none: the Z0 rooms that no door leads into, or else all of them."""
        rooms = self.venue.rooms.values()
        marked = tuple(room.id for room in rooms if room.outdoor)
        inner = {door.inside for door in self.venue.doors.values()}
        public = tuple(room.id for room in rooms if room.zone is Zone.PUBLIC)
        return marked or tuple(room for room in public if room not in inner) or public

    @cached_property
    def open_indoors(self) -> frozenset[RoomId]:
        """Halls, waiting areas, offices: people enter without a badge, so that nobody is kept apart there."""
        return frozenset(room for room in self.venue.rooms if self.venue.is_open(room) and room not in self.outdoors)

    @cached_property
    def readers(self) -> frozenset[tuple[DoorId, Side]]:
        """Where a pass can be shown.  A QR camera reads only what answers the challenge of a screen beside it."""
        at_doors = [d for d in self.venue.devices.values() if d.door is not None]
        screens = {d.door for d in at_doors if d.kind is DeviceKind.KIOSK}
        added = {(door, Side.OUTSIDE) for door in self.readers_too}
        return frozenset(added) | frozenset(
            (d.door, d.side)
            for d in at_doors
            if d.door is not None
            and (d.kind is DeviceKind.READER or (d.kind is DeviceKind.QR_CAMERA and d.door in screens))
        )  # fmt: skip

    @cached_property
    def ways(self) -> tuple[Way, ...]:
        """Every way that somebody can walk in ordinary times."""
        return tuple(way for door in self.venue.doors.values() for way in self._through(door))

    def _through(self, door: Door) -> Iterator[Way]:
        if door.lock is Lock.NONE:
            yield Way(door, door.outside, door.inside, By.FOOT)
            yield Way(door, door.inside, door.outside, By.FOOT)
            return
        if (door.id, Side.OUTSIDE) in self.readers:
            yield Way(door, door.outside, door.inside, By.BADGE)
        if door.escape:
            yield Way(door, door.inside, door.outside, By.EXIT)
        elif (door.id, Side.INSIDE) in self.readers:
            yield Way(door, door.inside, door.outside, By.BADGE_OUT)

    @cached_property
    def from_room(self) -> dict[RoomId, tuple[Way, ...]]:
        """Room → the ways that begin there, those meant for people first, so that stories are about what people do."""
        ways = sorted(self.ways, key=lambda way: list(By).index(way.by))
        return {room: tuple(way for way in ways if way.start == room) for room in self.venue.rooms}

    def guarded(self, room: RoomId) -> bool:
        """True for rooms that a policy guards."""
        return room in self.venue.component_of


def secluded(venue: Venue) -> tuple[Role, ...]:
    """Those whom the profile keeps away from bidders: they have ways of their own (I6), and no business on open ground."""
    return tuple(sorted(role for role in Role if pair(role, Role.BID) in venue.profile.separated))
