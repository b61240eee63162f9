"""Ways on foot: which doors lie between two rooms, and in which direction somebody passes each."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush

from venue_model.groups import Role
from venue_model.ids import DoorId, RoomId
from venue_model.venue import DeviceKind, Door, Lock, Side, Venue
from venue_model.zones import Zone, never_admits

GUARDED_COST = 8  # a door that asks for a badge is worth a detour of this many open passages


@dataclass(frozen=True, slots=True)
class Leg:
    """One door on a way.  Outward is always free (I11); inward asks for a credential where the door has a lock."""

    door: DoorId
    inward: bool


@dataclass(slots=True)
class Ways:
    """Ways through one venue, found once and remembered."""

    venue: Venue
    _known: dict[tuple[RoomId, RoomId, Role, frozenset[DeviceKind]], tuple[Leg, ...] | None] = field(default_factory=dict)

    def between(self, start: RoomId, goal: RoomId, role: Role, carries: frozenset[DeviceKind]) -> tuple[Leg, ...] | None:
        """The easiest way for somebody of `role` who can use devices of these kinds, or None when there is none.

        Nobody plans a way through a room that their group may never be in; the goal itself may be one (people do get lost).
        """
        key = (start, goal, role, carries)
        if key not in self._known:
            self._known[key] = self._search(*key)
        return self._known[key]

    def beyond(self, leg: Leg) -> RoomId:
        """The room that a leg ends in."""
        door = self.venue.doors[leg.door]
        return door.inside if leg.inward else door.outside

    def street(self) -> RoomId:
        """Where people come from and go to: the first public room of the venue."""
        return self.venue.rooms_of(Zone.PUBLIC)[0].id

    def credential_devices(self, door: DoorId, *kinds: DeviceKind) -> tuple[DeviceKind, ...]:
        """What reads credentials outside a door."""
        return tuple(
            d.kind for d in self.venue.devices.values() if d.door == door and d.side is Side.OUTSIDE and d.kind in kinds
        )

    def _search(self, start: RoomId, goal: RoomId, role: Role, carries: frozenset[DeviceKind]) -> tuple[Leg, ...] | None:
        queue: list[tuple[int, int, RoomId, tuple[Leg, ...]]] = [(0, 0, start, ())]
        seen: set[RoomId] = set()
        order = 0  # ties are broken by age, so that a way never depends on hashing
        while queue:
            cost, _, room, way = heappop(queue)
            if room == goal:
                return way
            if room in seen:
                continue
            seen.add(room)
            for leg, door in self._legs(room, carries):
                beyond = self.beyond(leg)
                if beyond not in seen and (beyond == goal or not never_admits(self.venue.rooms[beyond].zone, role)):
                    order += 1
                    heappush(queue, (cost + (1 if door.lock is Lock.NONE else GUARDED_COST), order, beyond, (*way, leg)))
        return None

    def _legs(self, room: RoomId, carries: frozenset[DeviceKind]) -> Iterator[tuple[Leg, Door]]:
        for door in self.venue.doors.values():
            if door.inside == room:
                yield Leg(door.id, False), door
            if door.outside == room and (door.lock is Lock.NONE or self.credential_devices(door.id, *carries)):
                yield Leg(door.id, True), door
