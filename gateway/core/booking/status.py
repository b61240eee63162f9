"""What a room is, in the one word that the platform wants to know (domain brief 5.2)."""

from collections.abc import Mapping
from enum import StrEnum

from gateway.core.booking.book import BOOKABLE, Book
from gateway.core.parts import Day, live, parts
from venue_model.ids import ComponentId, RoomId
from venue_model.profiles import DoorMode
from venue_model.scenes import SHARED_PARTS, Part, RoomAsk
from venue_model.venue import Venue


class RoomStatus(StrEnum):
    """The platform's words for a room."""

    FREE = "free"
    BOOKED = "booked"
    PREPARING = "preparing"
    OPENING = "opening"
    EVALUATING = "evaluating"
    SEALED = "sealed"
    FAULT = "fault"


ROOM_STATUS_NAMES: dict[RoomStatus, tuple[str, str]] = {
    RoomStatus.FREE: ("空闲", "free"),
    RoomStatus.BOOKED: ("已预约", "booked"),
    RoomStatus.PREPARING: ("准备中", "preparing"),
    RoomStatus.OPENING: ("开标中", "opening"),
    RoomStatus.EVALUATING: ("评标中", "evaluating"),
    RoomStatus.SEALED: ("封闭", "sealed"),
    RoomStatus.FAULT: ("停用", "out of order"),
}
_COMING = frozenset({DoorMode.PREPARATION, DoorMode.CHECK_IN, DoorMode.INTAKE})


def room_statuses(book: Book, day: Day, seals: Mapping[ComponentId, bool], now_utc_ns: int) -> dict[RoomId, RoomStatus]:
    """Room → its status, for every room that can be booked.

    A seal goes before all else: a sealed room stays sealed also when it is out of order.  `booked`: held by a booking now, nobody has
    begun; the whole calendar is another question.
    """
    asks = _asks(book.venue, day)
    found = {}
    for room in book.venue.rooms.values():
        if room.zone in BOOKABLE:
            sealed = seals.get(book.venue.component_of[room.id], False)  # bookable rooms are guarded ones
            found[room.id] = RoomStatus.SEALED if sealed else _status(book, room.id, asks.get(room.id), now_utc_ns)
    return found


def _asks(venue: Venue, day: Day) -> dict[RoomId, tuple[Part, RoomAsk]]:
    """What the lot that uses a room now asks of it, and as what."""
    return {
        room: (part, state.wish(part))
        for state in live(day)
        for part, room in parts(venue, state)
        if part not in SHARED_PARTS and state.wish(part).in_use
    }


def _status(book: Book, room: RoomId, asked: tuple[Part, RoomAsk] | None, now_utc_ns: int) -> RoomStatus:
    if any(o.room == room and o.from_utc_ns <= now_utc_ns < o.to_utc_ns for o in book.outages):
        return RoomStatus.FAULT
    if asked is not None:
        part, ask = asked
        if ask.seal:
            return RoomStatus.SEALED
        if ask.mode in _COMING:
            return RoomStatus.PREPARING
        return RoomStatus.OPENING if part is Part.OPENING else RoomStatus.EVALUATING
    held = any(b.room == room and b.confirmed and b.from_utc_ns <= now_utc_ns < b.to_utc_ns for b in book.bookings.values())
    return RoomStatus.BOOKED if held else RoomStatus.FREE
