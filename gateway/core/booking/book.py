"""The book of rooms: bookings, windows in which a room is out of order, and when two of them touch."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import NewType

from gateway.core.wants import shown_room
from venue_model.ids import DeviceId, LotId, RoomId
from venue_model.lots import Lot
from venue_model.moments import S
from venue_model.venue import DeviceKind, Name, Venue
from venue_model.zones import OPEN_ZONES, Zone

BookingId = NewType("BookingId", str)
MINUTE_NS = 60 * S
Span = tuple[int, int]  # from and to, UTC nanoseconds

# Rooms that all lots walk through are nobody's to book; open ones need no booking.
BOOKABLE: frozenset[Zone] = frozenset(Zone) - OPEN_ZONES - {Zone.INTAKE, Zone.CORRIDOR, Zone.PASSAGE, Zone.REST}


class BookingState(StrEnum):
    """Where a booking stands."""

    ASKED = "asked"  # noted; holds nothing
    CONFIRMED = "confirmed"  # holds the room: no other confirmed booking touches it
    CANCELLED = "cancelled"


class BookingSource(StrEnum):
    """Whose booking it is, and who may therefore move it."""

    PLATFORM = "platform"
    STAFF = "staff"


class Purpose(StrEnum):
    """What a room is booked for."""

    OPENING = "opening"
    EVALUATION = "evaluation"
    INQUIRY = "inquiry"
    MEETING = "meeting"
    VISIT = "visit"


PURPOSE_NAMES: dict[Purpose, Name] = {
    Purpose.OPENING: Name("开标", "opening"),
    Purpose.EVALUATION: Name("评标", "evaluation"),
    Purpose.INQUIRY: Name("询标", "inquiry"),
    Purpose.MEETING: Name("会议·培训", "meeting, training"),
    Purpose.VISIT: Name("参观", "guided visit"),
}


class OutageKind(StrEnum):
    """Why a room is out of order."""

    MAINTENANCE = "maintenance"
    FAULT = "fault"


OUTAGE_NAMES: dict[OutageKind, Name] = {
    OutageKind.MAINTENANCE: Name("维护", "maintenance"),
    OutageKind.FAULT: Name("故障", "fault"),
}


@dataclass(frozen=True, slots=True)
class Booking:
    """One room for one span.  `by` is an account, or the platform."""

    id: BookingId
    room: RoomId
    from_utc_ns: int
    to_utc_ns: int
    state: BookingState
    source: BookingSource
    purpose: Purpose
    lot: LotId | None = None
    people: int = 0  # how many will come; 0: not told
    note: str = ""
    devices: tuple[DeviceId, ...] = ()  # wanted beside those of the room
    by: str = ""

    @property
    def span(self) -> Span:
        """From and to."""
        return self.from_utc_ns, self.to_utc_ns

    @property
    def active(self) -> bool:
        """True unless cancelled."""
        return self.state is not BookingState.CANCELLED

    @property
    def confirmed(self) -> bool:
        """True when it holds its room."""
        return self.state is BookingState.CONFIRMED


@dataclass(frozen=True, slots=True)
class Outage:
    """A window in which a room cannot be used."""

    id: str
    room: RoomId
    kind: OutageKind
    from_utc_ns: int
    to_utc_ns: int
    reason: str
    by: str

    @property
    def span(self) -> Span:
        """From and to."""
        return self.from_utc_ns, self.to_utc_ns


@dataclass(frozen=True, slots=True)
class Rules:
    """What the venue plans with.  The lengths are those of the timetable that a rehearsal plays."""

    turn_around_s: int = 15 * 60  # [D] to clear, air and set up a room between two bookings
    prepare_before_s: int = 60 * 60  # agents come an hour before the opening at the latest (Dalian, domain brief 2.2)
    opening_s: int = 25 * 60  # 15 min of e-opening (Qiandongnan, domain brief 2.3), 10 until the experts are called
    evaluation_s: int = 110 * 60  # intake 20, evaluation 75, leaving 15 minutes


@dataclass(frozen=True)
class Book:
    """Everything that a question about rooms and hours needs."""

    venue: Venue
    bookings: Mapping[BookingId, Booking] = field(default_factory=dict)
    outages: tuple[Outage, ...] = ()
    lots: Mapping[LotId, Lot] = field(default_factory=dict)
    rules: Rules = field(default_factory=Rules)

    def active(self) -> Iterator[Booking]:
        """Asked and confirmed bookings, in a stable order."""
        return (b for b in sorted(self.bookings.values(), key=lambda b: (b.from_utc_ns, b.id)) if b.active)

    def devices_of(self, b: Booking) -> frozenset[DeviceId]:
        """What a booking occupies besides its room: its screens, the cameras that see into it, and what was wanted in addition."""
        return self._devices_of_room.get(b.room, frozenset()).union(b.devices)

    @cached_property
    def _devices_of_room(self) -> dict[RoomId, frozenset[DeviceId]]:
        """A camera belongs to all rooms of its domain: they see each other."""
        found: dict[RoomId, set[DeviceId]] = {}
        for device in self.venue.devices.values():
            here: tuple[RoomId, ...] = ()
            if device.kind is DeviceKind.CAMERA and device.room in self.venue.component_of:
                here = self.venue.components[self.venue.component_of[device.room]]
            elif device.kind in (DeviceKind.SIGN, DeviceKind.KIOSK):
                here = (shown_room(self.venue, device),)
            for room in here:
                found.setdefault(room, set()).add(device.id)
        return {room: frozenset(devices) for room, devices in found.items()}


def overlap(one: Span, other: Span) -> Span | None:
    """What two spans have in common."""
    begin, end = max(one[0], other[0]), min(one[1], other[1])
    return (begin, end) if begin < end else None


def touches(one: Span, other: Span, turn_around_s: int) -> bool:
    """True when two spans of one room leave less than the turn-around between them."""
    pad = turn_around_s * S
    return one[0] < other[1] + pad and other[0] < one[1] + pad


def held_against(bookings: Iterable[Booking], wanted: Booking, rules: Rules) -> Booking | None:
    """The first confirmed booking that keeps `wanted` out of its room, or None."""
    rivals = (
        b
        for b in bookings
        if b.confirmed and b.id != wanted.id and b.room == wanted.room and touches(b.span, wanted.span, rules.turn_around_s)
    )
    return min(rivals, key=lambda b: (b.from_utc_ns, b.id), default=None)
