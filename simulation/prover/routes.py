"""Can everybody whom a phase lets into a room get there, by doors that let them in and readers that hear them?

A walker is one person of a group in one lot's day: phases go by, and the person walks, waits, and locks the phone away.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from simulation.prover.days import LOT_A, Booking, Days, Occasion, Stage, ask_door, booked, choices, let_in, outcomes, stage_of
from simulation.prover.ground import By, Ground, Way
from venue_model.door_policy import Refuse, Verdict
from venue_model.groups import Role
from venue_model.ids import BoardId, ComponentId, RoomId
from venue_model.scenes import Scene
from venue_model.venue import DeviceKind, Venue


class Place(NamedTuple):
    """Where a walker is, at which stage of the lot, and which boards know of a locked-away phone."""

    stage: Stage
    room: RoomId
    phones: frozenset[BoardId]


Step = Way | Scene | BoardId  # a walk, a press, a phone locked away
Came = dict[Place, tuple[Place, Step] | None]


class Need(NamedTuple):
    """A phase lets a group into a room, so its people must be able to come."""

    occasion: Occasion
    role: Role
    room: RoomId


def locker_boards(venue: Venue) -> dict[RoomId, frozenset[BoardId]]:
    """Rooms where a phone can be locked away → the boards that hear of it: they have lockers there, and a reader without a door."""
    found: dict[RoomId, frozenset[BoardId]] = {}
    for room in venue.rooms:
        lockers = {d.board for d in venue.devices_in(room, DeviceKind.LOCKER)}
        readers = {d.board for d in venue.devices_in(room, DeviceKind.READER) if d.door is None}
        if lockers & readers:
            found[room] = frozenset(lockers & readers)
    return found


@dataclass
class Routes:
    """Walks through the days of a venue."""

    venue: Venue
    days: Days
    examined: int = field(default=0, init=False)
    _verdicts: dict[tuple[Occasion, ComponentId, Role, bool], Verdict] = field(default_factory=dict, init=False)
    _presses: dict[Booking, dict[Stage, list[tuple[Scene, Stage]]]] = field(default_factory=dict, init=False)

    def needs(self) -> Iterator[Need]:
        """Every (phase, group, room) for which the doors are meant to open."""
        for occasion, accesses in self.days.alone.items():
            for component, access in accesses.items():
                for role in let_in(self.venue, component, access):
                    for room in self.venue.components[component]:
                        if self._lists(role, room):
                            yield Need(occasion, role, room)

    def _lists(self, role: Role, room: RoomId) -> bool:
        """True when the profile names the group for the room's own zone, not only for a zone joined to it."""
        profile, zone = self.venue.profile, self.venue.rooms[room].zone
        return any(role in profile.groups(mode, zone) for mode in profile.admits)

    def walk(
        self,
        booking: Booking,
        role: Role,
        ground: Ground,
        avoid: frozenset[RoomId] = frozenset(),
        any_locker: bool = False,
    ) -> Came:
        """Everywhere that a group's person of this lot can come to, without a step into `avoid`."""
        boards = locker_boards(self.venue)
        morning = stage_of(booked(booking, LOT_A))
        start = [Place(morning, room, frozenset()) for room in ground.outdoors]
        came: Came = dict.fromkeys(start)
        queue = deque(start)
        while queue:
            place = queue.popleft()
            for step, after in self._steps(place, booking, role, ground, boards, any_locker):
                if after not in came and after.room not in avoid:
                    self.examined += 1
                    came[after] = (place, step)
                    queue.append(after)
        return came

    def _steps(
        self,
        place: Place,
        booking: Booking,
        role: Role,
        ground: Ground,
        boards: dict[RoomId, frozenset[BoardId]],
        any_locker: bool,
    ) -> Iterator[tuple[Step, Place]]:
        for way in ground.from_room[place.room]:
            component = self.venue.component_of.get(way.end)
            if not way.free and component is not None:
                occasion = Occasion(booking, place.stage)
                phone = any_locker or way.door.board in place.phones
                if isinstance(self.verdict(occasion, component, role, phone), Refuse):
                    continue
            yield way, place._replace(room=way.end)
        for board in boards.get(place.room, ()):
            yield board, place._replace(phones=place.phones | {board})
        for scene, after in self.presses(booking)[place.stage]:
            yield scene, place._replace(stage=after)

    def verdict(self, occasion: Occasion, component: ComponentId, role: Role, phone: bool) -> Verdict:
        """What a door of the domain says to a group's person of the lot in a phase."""
        key = (occasion, component, role, phone)
        if key not in self._verdicts:
            access = self.days.alone[occasion][component]
            self._verdicts[key] = ask_door(self.venue, component, access, LOT_A, role, phone)
        return self._verdicts[key]

    def presses(self, booking: Booking) -> dict[Stage, list[tuple[Scene, Stage]]]:
        """Stage → the scenes that staff can press for a lot that is alone, and where they lead."""
        if booking not in self._presses:
            found: dict[Stage, list[tuple[Scene, Stage]]] = {}
            for occasion, day in self.days.day_of.items():
                if occasion.booking == booking:
                    may, _ = choices(self.venue, day, LOT_A)
                    found[occasion.stage] = [(s, stage_of(after[LOT_A])) for s in may for after in outcomes(self.venue, day, LOT_A, s)]
            self._presses[booking] = found
        return self._presses[booking]


def path_to(came: Came, stage: Stage, room: RoomId) -> list[tuple[Step, Place]] | None:
    """The shortest walk that ends in a room at a stage, or None."""
    end = next((place for place in came if (place.stage, place.room) == (stage, room)), None)
    if end is None:
        return None
    steps = []
    step = came[end]
    while step is not None:
        place, how = step
        steps.append((how, end))
        end, step = place, came[place]
    return steps[::-1]


def ways_of(path: list[tuple[Step, Place]]) -> list[tuple[Way, Place]]:
    """The walks of a path, each with the place where it ends."""
    return [(step, place) for step, place in path if isinstance(step, Way)]


def way_out(ground: Ground, start: RoomId, avoid: frozenset[RoomId] = frozenset()) -> list[Way] | None:
    """The shortest way into the open air that asks nobody, or None."""
    came: dict[RoomId, Way | None] = {start: None}
    queue = deque([start])
    while queue:
        room = queue.popleft()
        if room in ground.outdoors:
            ways = []
            while (way := came[room]) is not None:
                ways.append(way)
                room = way.start
            return ways[::-1]
        for way in ground.from_room[room]:
            if way.by is not By.BADGE and way.end not in came and way.end not in avoid:
                came[way.end] = way
                queue.append(way.end)
    return None
