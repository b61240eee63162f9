"""Somebody with a body: walks, stands in line, holds card or phone up, waits for the answer, pulls the leaf, goes through.

The hands know no software: a reader shows green, red or nothing, and a leaf gives way or does not.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from simulation.crowd.crowd import Crowd
from simulation.crowd.life import Act, Bell, Wait
from simulation.crowd.ways import Leg
from simulation.world.contract import House
from venue_model.groups import Role
from venue_model.ids import DeviceId, DoorId, LotId, PersonKey, RoomId
from venue_model.lots import Phase
from venue_model.moments import MS, S
from venue_model.venue import DeviceKind, Lock, Side

PRESENTATIONS = 3  # how often somebody holds the card up when nothing happens
LOOKS_MS = (300, 500, 700, 1_000)  # when they look at the lamp: answers take milliseconds, patience ends after 2.5 s
TOGETHER_MS = (300, *(500,) * 24)  # before a door for two: longer than any venue waits for the second badge
PULLS_MS = (200, 500, 800, 1_200, 1_200)  # tries of the handle while the lamp is green
SHUT_LOOK_MS = 800  # a closer takes 1.5 to 4 s
LINE_PATIENCE_NS = 20 * 60 * S
WEDGED_NS = 30 * S  # a leaf that stands open for longer will not shut by itself
STEP_S = (4, 20)  # on foot to the next door


class Result(Enum):
    """How a try at a door, or a way, ended."""

    THERE = "there"
    REFUSED = "refused"  # a red lamp
    SILENT = "silent"  # no answer, or a leaf that did not give way
    TIRED = "tired"  # the queue was too long
    NO_WAY = "no way"  # no door leads there for somebody who carries this


@dataclass(slots=True)
class Walker:
    """One person of the day."""

    crowd: Crowd
    key: PersonKey
    role: Role
    lot: LotId
    rng: random.Random
    card: str = ""  # hex; empty: none
    phone: bytes = b""  # private key; empty: none enrolled
    seat: RoomId | None = None  # a committee member's evaluation room: the lot's, or that of the own seat
    misdeeds: frozenset[str] = frozenset()
    refused_at: DoorId | None = None  # the door that said no last
    alternate: int = field(default=0)

    @property
    def house(self) -> House:
        """Where this person is."""
        return self.crowd.house

    @property
    def room(self) -> RoomId:
        """Where exactly."""
        return self.house.room_of(self.key)

    @property
    def phase(self) -> Phase:
        """Where the lot's day stands, as far as people know."""
        return self.crowd.phase(self.lot)

    def does(self, misdeed: str) -> bool:
        """True while this person is one of those who do that."""
        return misdeed in self.misdeeds and self.crowd.faults.rate(misdeed) > 0

    def carries(self) -> frozenset[DeviceKind]:
        """What can read this person's credentials."""
        kinds = {DeviceKind.READER: bool(self.card), DeviceKind.QR_CAMERA: bool(self.phone)}
        return frozenset(kind for kind, has in kinds.items() if has)

    def some_s(self, low: float, high: float) -> int:
        """A span between two numbers of seconds, in nanoseconds."""
        return int(self.rng.uniform(low, high) * S)

    # through the house

    def arrives(self) -> None:
        """Come to the building."""
        self.house.arrive(self.key, self.crowd.ways.street(), self.role, self.lot)

    def goes(self, goal: RoomId) -> Act[Result]:
        """Walk to a room, door by door; ends where a door says no."""
        way = self.crowd.ways.between(self.room, goal, self.role, self.carries())
        if way is None:
            return Result.NO_WAY
        for leg in way:
            result = yield from self._passes(leg)
            if result is not Result.THERE:
                self.refused_at = leg.door
                return result
        return Result.THERE

    def goes_before(self, door: DoorId) -> Act[Result]:
        """Walk up to a door from its outside, without going through."""
        return (yield from self.goes(self.house.venue.doors[door].outside))

    def goes_home(self) -> Act[None]:
        """Leave the building.  Whoever carries nothing can do this, too."""
        street = self.crowd.ways.street()
        for _ in range(60):  # a way out is free (I11); what can hold somebody up is a queue
            if (yield from self.goes(street)) is Result.THERE:
                self.house.leave(self.key)
                return
            yield self.some_s(5, 15)

    def _passes(self, leg: Leg) -> Act[Result]:
        yield self.some_s(*STEP_S)
        if self.house.venue.doors[leg.door].lock is Lock.NONE:
            return Result.THERE if self.house.walk(self.key, leg.door) else Result.SILENT
        if leg.inward:
            return (yield from self.enters(leg.door))
        return (yield from self.leaves(leg.door))

    # doors

    def enters(self, door: DoorId) -> Act[Result]:
        """Wait for the turn, present a credential, pull the handle, go in."""
        if self.does("tailgate") and (yield from self._slips_in(door)):
            return Result.THERE
        if self._needs_company(door):
            return (yield from self._enters_together(door))
        if not (yield from self.stands_in_line(door)):
            return Result.TIRED
        result = Result.SILENT
        for _ in range(PRESENTATIONS):
            yield from self._until_shut(door)
            result = yield from self._tries(door)
            if result is not Result.SILENT:
                break
        self.steps_out_of_line(door, served=result is Result.THERE)
        return result

    def leaves(self, door: DoorId) -> Act[Result]:
        """Wait for the turn, push the bar, go out."""
        if not (yield from self.stands_in_line(door)):
            return Result.TIRED
        yield from self._until_shut(door)
        self.house.press_exit(door, self.key)
        yield self.some_s(0.4, 1.2)
        out = self.house.walk(self.key, door)
        self.steps_out_of_line(door, served=out)
        return Result.THERE if out else Result.SILENT

    def presents(self, door: DoorId, looks_ms: Sequence[int] = LOOKS_MS) -> Act[bool | None]:
        """Hold card or phone up: True for green, False for red, None when nothing comes of it."""
        device = self._holds_up(door)
        if device is None:
            yield 1 * S
            return None
        return (yield from self.awaits_answer(device, looks_ms))

    def awaits_answer(self, device: DeviceId, looks_ms: Sequence[int] = LOOKS_MS) -> Act[bool | None]:
        """Watch the lamp until it shows something."""
        since_ns = self.crowd.world.now_ns
        for look_ms in looks_ms:
            yield look_ms * MS
            answer = self.house.reader_answer(device)
            if answer is not None and answer[1] >= since_ns:
                return answer[0]
        return None

    def pulls(self, door: DoorId) -> Act[bool]:
        """Try the handle until the leaf gives way, and go in."""
        for pull_ms in PULLS_MS:
            yield pull_ms * MS
            if self.house.pull(door, Side.OUTSIDE, self.key):
                self.crowd.opened(door)
                yield self.some_s(0.4, 1.2)
                if self.house.walk(self.key, door):
                    return True
        return False

    def stands_in_line(self, place: str) -> Act[bool]:
        """Wait for the turn; False when the patience ends before."""
        line = self.crowd.line(place)
        bell = line.join(self.key)
        self.house.queue(place, self.key, "joins")
        if not line.first(self.key):
            yield Wait(bell, LINE_PATIENCE_NS)
        if line.first(self.key):
            return True
        self.steps_out_of_line(place, served=False)
        return False

    def steps_out_of_line(self, place: str, *, served: bool) -> None:
        """Make room for the next."""
        self.house.queue(place, self.key, "passes" if served else "gives up")
        self.crowd.line(place).step_out(self.key)

    def _needs_company(self, door: DoorId) -> bool:
        """A door that lets nobody in alone, as a sign beside it says."""
        found = self.house.venue.doors[door]
        zone = self.house.venue.rooms[found.inside].zone
        return found.two_person or bool(self.house.venue.profile.escorts(zone, self.role))

    def _enters_together(self, door: DoorId) -> Act[Result]:
        """Badge, and wait for somebody else who badges; nobody stands in line where two must stand at the reader."""
        green = yield from self.presents(door, TOGETHER_MS)
        if green is None:
            return Result.SILENT
        if not green:
            return Result.REFUSED
        return Result.THERE if (yield from self.pulls(door)) else Result.SILENT

    def _tries(self, door: DoorId) -> Act[Result]:
        green = yield from self.presents(door)
        if green is None:
            return Result.SILENT
        if not green:
            return Result.REFUSED
        return Result.THERE if (yield from self.pulls(door)) else Result.SILENT

    def _holds_up(self, door: DoorId) -> DeviceId | None:
        """Present what this door can read; None while there is nothing to present to."""
        reader = self.house.reader_of(door) if self.card else None
        camera = self.house.qr_of(door) if self.phone else None
        if reader is not None and camera is not None:
            self.alternate += 1  # whoever has both takes the one that is at hand; "two-cards" takes them in turn
            use_phone = self.alternate % 2 == 0 if self.does("two-cards") else self.rng.random() < 0.5
            reader, camera = (None, camera) if use_phone else (reader, None)
        if reader is not None:
            self.house.present_card(reader, self.card, self.key)
            return reader
        if camera is None:
            return None
        badge = self.house.make_badge(door, self.phone)
        if badge is None:
            return None
        self.crowd.photographs[door] = badge
        self.house.show_qr(camera, badge, self.key)
        return camera

    def _until_shut(self, door: DoorId) -> Act[None]:
        """Let the leaf fall shut: who follows at once walks in on somebody else's badge."""
        waited_ns = 0
        while self.house.is_open(door) and waited_ns < WEDGED_NS:
            yield SHUT_LOOK_MS * MS
            waited_ns += SHUT_LOOK_MS * MS
        yield self.some_s(0.3, 0.8)

    def _slips_in(self, door: DoorId) -> Act[bool]:
        """Walk in behind somebody who has opened, without a badge of one's own."""
        bell = Bell()
        self.crowd.followers.setdefault(door, []).append(bell)
        yield Wait(bell, self.some_s(20, 90))
        yield self.some_s(0.8, 2.0)
        return self.house.walk(self.key, door)
