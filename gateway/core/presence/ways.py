"""The venue as people walk it: which rooms a door joins, and how many doors lie between two places."""

from collections import deque
from collections.abc import Iterable
from itertools import product

from venue_model.ids import DeviceId, DoorId, RoomId
from venue_model.venue import Side, Venue


class Ways:
    """Look-ups over the venue's graph.  Ids that the venue does not know give empty answers: journals outlive venue files."""

    def __init__(self, venue: Venue) -> None:
        self.venue = venue
        self._hops: dict[RoomId, dict[RoomId, int]] = {}

    def room_after(self, door_id: str, direction: str, device_id: str = "") -> str:
        """Where somebody stands after passing a door, or, without a direction, while presenting a pass at a device."""
        door = self.venue.doors.get(DoorId(door_id))
        device = self.venue.devices.get(DeviceId(device_id))
        if door is None:
            return device.room if device else ""
        if direction:
            return {"in": door.inside, "out": door.outside}.get(direction, "")
        return door.inside if device and device.side is Side.INSIDE else door.outside

    def sides(self, door_id: str) -> tuple[str, str]:
        """The domains outside and inside of a door; "" where nothing guards."""
        door = self.venue.doors.get(DoorId(door_id))
        of = self.venue.component_of
        return (of.get(door.outside, ""), of.get(door.inside, "")) if door else ("", "")

    def apart(self, one: tuple[str, str], other: tuple[str, str]) -> int | None:
        """How many doors' ways lie between two places (door or "", room); 0 for the same door or room, None when nobody knows.

        Two doors of one room are one way apart.
        """
        (door, room), (other_door, other_room) = one, other
        if door and door == other_door:
            return 0
        pairs = product(self._rooms(door, room), self._rooms(other_door, other_room))
        between = [crossed for a, b in pairs if (crossed := self._crossed(a, b)) is not None]
        return min(between) + (1 if door and other_door else 0) if between else None

    def adjoins(self, component: str, room: str) -> bool:
        """True when a room is part of a domain, or one door leads from the one to the other."""
        of = self.venue.component_of

        def inside(place: RoomId) -> bool:
            return of.get(place) == component

        return inside(RoomId(room)) or any(
            (inside(d.outside) and self._same(d.inside, room)) or (inside(d.inside) and self._same(d.outside, room))
            for d in self.venue.doors.values()
        )

    def _same(self, one: RoomId, other: str) -> bool:
        of = self.venue.component_of
        return one == other or (one in of and of[one] == of.get(RoomId(other)))

    def _rooms(self, door_id: str, room: str) -> Iterable[RoomId]:
        door = self.venue.doors.get(DoorId(door_id))
        if door is not None:
            return (door.outside, door.inside)
        return (RoomId(room),) if room in self.venue.rooms else ()

    def _crossed(self, start: RoomId, goal: RoomId) -> int | None:
        """The least number of doors on the way from one room to another."""
        if start not in self._hops:
            beside: dict[RoomId, list[RoomId]] = {}
            for door in self.venue.doors.values():
                beside.setdefault(door.outside, []).append(door.inside)
                beside.setdefault(door.inside, []).append(door.outside)
            hops, waiting = {start: 0}, deque([start])
            while waiting:
                room = waiting.popleft()
                for following in beside.get(room, ()):
                    if following not in hops:
                        hops[following] = hops[room] + 1
                        waiting.append(following)
            self._hops[start] = hops
        return self._hops[start].get(goal)
