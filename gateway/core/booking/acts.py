"""What people do to the book: ask, confirm, move, cancel.  Each returns the new book, or a refusal that has changed nothing."""

from collections.abc import Mapping
from dataclasses import replace

from gateway.core.booking.book import BOOKABLE, MINUTE_NS, Booking, BookingId, BookingSource, BookingState, Rules, held_against
from gateway.core.exception_pass import Refusal
from venue_model.ids import RoomId
from venue_model.venue import Name, Venue

SHORTEST_NS = 5 * MINUTE_NS
LONGEST_NS = 14 * 24 * 60 * MINUTE_NS  # [D] an evaluation with nights is days; what lasts longer is an outage
AHEAD_NS = 400 * 24 * 60 * MINUTE_NS  # [D] more than a year ahead is a slip of the hand
Bookings = Mapping[BookingId, Booking]
After = dict[BookingId, Booking]


def ask(venue: Venue, bookings: Bookings, wanted: Booking, now_utc_ns: int) -> After | Refusal:
    """Note that somebody wants a room.  It holds nothing until it is confirmed."""
    assert wanted.source is BookingSource.STAFF and wanted.state is BookingState.ASKED, "people ask; the platform tells"
    if wanted.id in bookings:
        return Refusal("known", Name(f"预约 {wanted.id} 已存在", f"there is a booking {wanted.id} already"))
    return _unplaced(venue, wanted, now_utc_ns) or {**bookings, wanted.id: wanted}


def confirm(bookings: Bookings, id: BookingId, rules: Rules, now_utc_ns: int) -> After | Refusal:
    """Give the room, if no other confirmed booking touches it.  Other conflicts are `conflicts`' to find, before this."""
    booking = _own(bookings, id)
    if isinstance(booking, Refusal):
        return booking
    if booking.to_utc_ns <= now_utc_ns:
        return Refusal("past", Name("预约的时间已过,请先改期", "the time of this booking has passed: move it first"))
    rival = held_against(bookings.values(), booking, rules)
    if rival is not None:
        return Refusal("room-twice", Name(f"该时段已有已确认的预约 {rival.id}", f"booking {rival.id} holds the room then"))
    return {**bookings, id: replace(booking, state=BookingState.CONFIRMED)}


def move(venue: Venue, bookings: Bookings, id: BookingId, wanted: Booking, now_utc_ns: int) -> After | Refusal:
    """Another room or another time.  What was held is let go first: the booking is asked anew, to be confirmed like any other."""
    booking = _own(bookings, id)
    if isinstance(booking, Refusal):
        return booking
    moved = replace(
        booking, room=wanted.room, from_utc_ns=wanted.from_utc_ns, to_utc_ns=wanted.to_utc_ns, state=BookingState.ASKED, by=wanted.by
    )
    return _unplaced(venue, moved, now_utc_ns) or {**bookings, id: moved}


def cancel(bookings: Bookings, id: BookingId) -> After | Refusal:
    """Let a booking go."""
    booking = _own(bookings, id)
    if isinstance(booking, Refusal):
        return booking
    return {**bookings, id: replace(booking, state=BookingState.CANCELLED)}


def _own(bookings: Bookings, id: BookingId) -> Booking | Refusal:
    """A booking that people may change."""
    booking = bookings.get(id)
    if booking is None or not booking.active:
        return Refusal("unknown-booking", Name(f"没有预约 {id},或已取消", f"there is no booking {id}, or it was cancelled"))
    if booking.source is BookingSource.PLATFORM:
        return Refusal(
            "platforms",
            Name(
                f"标段 {booking.lot} 的房间与时间由交易平台决定,请在平台上换房间或改期,本日历随之更新",
                f"room and time of lot {booking.lot} are the trading platform's: change them there, the calendar follows",
            ),
        )
    return booking


def _unplaced(venue: Venue, booking: Booking, now_utc_ns: int) -> Refusal | None:
    """Why a booking could never be, wherever the others are."""
    if fault := unbookable(venue, booking.room):
        return fault
    length_ns = booking.to_utc_ns - booking.from_utc_ns
    if not SHORTEST_NS <= length_ns <= LONGEST_NS:
        return Refusal("length", Name("预约须在5分钟到14天之间,请更改起止时间", "a booking lasts 5 minutes to 14 days: change its ends"))
    if booking.to_utc_ns <= now_utc_ns:
        return Refusal("past", Name("所选时间已过,请选以后的时间", "that time has passed: choose a later one"))
    if booking.from_utc_ns > now_utc_ns + AHEAD_NS:
        return Refusal("far", Name("最多提前400天预约", "book at most 400 days ahead"))
    return None


def unbookable(venue: Venue, room: RoomId) -> Refusal | None:
    """Why a room is nobody's to book, or None."""
    if room not in venue.rooms:
        return Refusal("unknown-room", Name(f"没有房间 {room}", f"there is no room {room}"))
    if venue.rooms[room].zone not in BOOKABLE:
        name = venue.rooms[room].name
        return Refusal("not-bookable", Name(f"{name.zh} 是公用区域,不能预约", f"{name.en} is for everybody and cannot be booked"))
    return None
