"""Where and when a room is free."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from gateway.core.booking.book import BOOKABLE, Book, Booking, Span
from gateway.core.booking.conflicts import against
from venue_model.ids import RoomId
from venue_model.moments import S
from venue_model.zones import Zone

OFFERED = 3  # rooms told as a way out: people choose among few


@dataclass(frozen=True, slots=True)
class Slot:
    """A room and a span in which nobody holds it."""

    room: RoomId
    from_utc_ns: int
    to_utc_ns: int


def free_slots(book: Book, zone: Zone | None, people: int, window: Span, length_s: int) -> tuple[Slot, ...]:
    """Every span of at least `length_s` in which a room of `zone` (any bookable one when None) for so many people is free."""
    rooms = [
        room.id
        for room in book.venue.rooms.values()
        if room.zone in BOOKABLE and zone in (None, room.zone) and (room.limit is None or people <= room.limit)
    ]
    return tuple(Slot(room, *gap) for room in rooms for gap in _gaps(book, room, window) if gap[1] - gap[0] >= length_s * S)


def _gaps(book: Book, room: RoomId, window: Span) -> Iterator[Span]:
    """What is left of a window in one room, with the turn-around on both sides of each confirmed booking."""
    pad = book.rules.turn_around_s * S
    taken = [(b.from_utc_ns - pad, b.to_utc_ns + pad) for b in book.bookings.values() if b.room == room and b.confirmed]
    taken += [outage.span for outage in book.outages if outage.room == room]
    begin = window[0]
    for from_utc_ns, to_utc_ns in sorted(taken):
        if from_utc_ns > begin:
            yield begin, min(from_utc_ns, window[1])
        begin = max(begin, to_utc_ns)
        if begin >= window[1]:
            return
    yield begin, window[1]


def rooms_instead(book: Book, wanted: Booking) -> tuple[RoomId, ...]:
    """The first rooms of the same kind in which this booking would stand against nothing."""
    zone = book.venue.rooms[wanted.room].zone
    length_s = (wanted.to_utc_ns - wanted.from_utc_ns) // S
    found: list[RoomId] = []
    for slot in free_slots(book, zone, wanted.people, wanted.span, length_s):
        if slot.room != wanted.room and not against(book, replace(wanted, room=slot.room)):
            found.append(slot.room)
        if len(found) == OFFERED:
            break
    return tuple(found)
