"""What cannot, or should not, be at one time: each conflict with its reason and the way out."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from gateway.core.booking.book import (
    OUTAGE_NAMES,
    PURPOSE_NAMES,
    Book,
    Booking,
    BookingId,
    BookingSource,
    Purpose,
    Span,
    overlap,
    touches,
)
from gateway.core.booking.meetings import Meeting, find_meetings, stays
from gateway.core.booking.words import clock, holder, joined
from venue_model.groups import ROLE_NAMES, Role
from venue_model.ids import LotId, RoomId
from venue_model.moments import S
from venue_model.venue import Name
from venue_model.zones import ZONE_NAMES, Zone, never_admits

ZONE_OF = {Purpose.OPENING: Zone.OPENING, Purpose.EVALUATION: Zone.EVALUATION, Purpose.INQUIRY: Zone.INQUIRY}


@dataclass(frozen=True, slots=True)
class Conflict:
    """One thing that stands against one booking, or between two."""

    code: str  # "room-twice", "turn-around", "overrun", "out-of-order", "device-twice", "apart", "shared", "seats", "zone"
    bookings: tuple[BookingId, ...]
    room: RoomId
    span: Span
    why: Name
    remedy: Name


def conflicts(book: Book, running: Mapping[RoomId, LotId] | None = None, now_utc_ns: int = 0) -> tuple[Conflict, ...]:
    """Everything that stands against the active bookings that are not over, in order of time.  `running`: room → the lot in it now."""
    here = [b for b in book.active() if b.to_utc_ns > now_utc_ns]
    found = [conflict for b in here for conflict in _of_one(book, b)]
    for one, other in _near(book, here):
        found += _of_two(book, one, other)
    found += _meetings(book, here)
    found += _overruns(book, here, running or {}, now_utc_ns)
    return tuple(sorted(found, key=lambda c: (c.span[0], c.code, c.bookings)))


def against(book: Book, wanted: Booking, running: Mapping[RoomId, LotId] | None = None, now_utc_ns: int = 0) -> tuple[Conflict, ...]:
    """What stands against confirming one booking: only what holds a room counts, besides itself."""
    pad = book.rules.turn_around_s * S
    span = (wanted.from_utc_ns - pad, wanted.to_utc_ns + pad)
    others = {b.id: b for b in book.bookings.values() if b.confirmed and b.id != wanted.id and overlap(b.span, span)}
    near = Book(book.venue, {**others, wanted.id: wanted}, book.outages, book.lots, book.rules)
    return tuple(c for c in conflicts(near, running, now_utc_ns) if wanted.id in c.bookings)


def _near(book: Book, bookings: Iterable[Booking]) -> Iterator[tuple[Booking, Booking]]:
    """Pairs whose spans touch."""
    open_: list[Booking] = []
    pad = book.rules.turn_around_s * S
    for booking in bookings:  # in order of their begin
        open_ = [b for b in open_ if b.to_utc_ns + pad > booking.from_utc_ns]
        yield from ((b, booking) for b in open_)
        open_.append(booking)


def _of_one(book: Book, b: Booking) -> Iterator[Conflict]:
    room = book.venue.rooms.get(b.room)
    if room is None:
        return
    zone = ZONE_OF.get(b.purpose)
    if (zone is not None and room.zone is not zone) or (b.purpose is Purpose.VISIT and never_admits(room.zone, Role.MED)):
        zh, en = ZONE_NAMES[room.zone]
        purpose = PURPOSE_NAMES[b.purpose]
        why = Name(f"{room.name.zh}属{zh},不用于{purpose.zh}", f"{room.name.en} is of the kind {en}, not for {purpose.en}")
        yield Conflict("zone", (b.id,), b.room, b.span, why, _elsewhere(b, Name("相应功能区的房间", "a room of the right kind")))
    if room.limit is not None and b.people > room.limit:
        why = Name(f"{room.name.zh}限{room.limit}人,预计{b.people}人", f"{room.name.en} takes {room.limit} people, {b.people} will come")
        yield Conflict("seats", (b.id,), b.room, b.span, why, _elsewhere(b, Name("更大的房间", "a larger room")))
    for outage in book.outages:
        if outage.room == b.room and (shared := overlap(outage.span, b.span)) is not None:
            kind, until = OUTAGE_NAMES[outage.kind], clock(outage.to_utc_ns, near_utc_ns=b.from_utc_ns)
            why = Name(f"{room.name.zh}{kind.zh}至{until}:{outage.reason}", f"{room.name.en} out of order until {until}: {outage.reason}")
            yield Conflict("out-of-order", (b.id,), b.room, shared, why, _elsewhere(b, Name("其他房间", "another room")))


def _of_two(book: Book, one: Booking, other: Booking) -> Iterator[Conflict]:
    both = (one.id, other.id)
    if one.room == other.room:
        if touches(one.span, other.span, book.rules.turn_around_s):
            yield _same_room(book, one, other)
        return
    shared = overlap(one.span, other.span)
    devices = book.devices_of(one) & book.devices_of(other) if shared is not None else frozenset()
    if shared is not None and devices:
        names = [book.venue.devices[device].name for device in sorted(devices)]
        zh, en = joined(names)
        why = Name(f"{zh} 同时属于两间房的预约", f"{en} would serve both rooms at once")
        yield Conflict("device-twice", both, other.room, shared, why, _part_them(book, one, other))


def _same_room(book: Book, one: Booking, other: Booking) -> Conflict:
    name, both, (a, b) = book.venue.rooms[one.room].name, (one.id, other.id), (holder(book, one), holder(book, other))
    shared = overlap(one.span, other.span)
    if shared is None:
        minutes = book.rules.turn_around_s // 60
        gap = (min(one.to_utc_ns, other.to_utc_ns), max(one.from_utc_ns, other.from_utc_ns))
        why = Name(f"{name.zh}:{a.zh}与{b.zh}之间不足{minutes}分钟", f"{name.en}: less than {minutes} minutes between {a.en} and {b.en}")
        return Conflict("turn-around", both, one.room, gap, why, _part_them(book, one, other))
    times = f"{clock(shared[0])}–{clock(shared[1], near_utc_ns=shared[0])}"
    why = Name(f"{name.zh} {times}:{a.zh}与{b.zh}重复占用", f"{name.en} {times}: both {a.en} and {b.en}")
    return Conflict("room-twice", both, one.room, shared, why, _part_them(book, one, other))


def _meetings(book: Book, bookings: list[Booking]) -> Iterator[Conflict]:
    for meeting in find_meetings(book.venue, stays(book.venue, bookings, book.lots, book.rules)):
        one, other = (book.bookings[id] for id in meeting.bookings)
        span = (meeting.from_utc_ns, meeting.to_utc_ns)
        code, why = _of_meeting(book, meeting, holder(book, one), holder(book, other))
        yield Conflict(code, meeting.bookings, one.room, span, why, _part_them(book, one, other))


def _of_meeting(book: Book, meeting: Meeting, a: Name, b: Name) -> tuple[str, Name]:
    zh, en = joined([book.venue.rooms[room].name for room in book.venue.components[meeting.where]])
    zh, en = f"{zh} {clock(meeting.from_utc_ns)}", f"{en} at {clock(meeting.from_utc_ns)}"
    if meeting.one is None or meeting.other is None:
        words = f"{a.zh}与{b.zh}一方封闭时,另一方的人进不去", f"the seal of one shuts out the other's people: {a.en}, {b.en}"
        return "shared", Name(f"{zh}:{words[0]}", f"{en}: {words[1]}")
    one, other = ROLE_NAMES[meeting.one], ROLE_NAMES[meeting.other]
    return "apart", Name(f"{zh}:{a.zh}与{b.zh}的{one[0]}、{other[0]}会相遇", f"{en}: {one[1]} and {other[1]} would meet: {a.en}, {b.en}")


def _overruns(book: Book, bookings: list[Booking], running: Mapping[RoomId, LotId], now_utc_ns: int) -> Iterator[Conflict]:
    """A lot that is still in its room when the next booking is due there."""
    pad = book.rules.turn_around_s * S
    for room, lot in sorted(running.items()):
        for b in bookings:
            if b.room == room and b.lot != lot and b.from_utc_ns - pad <= now_utc_ns < b.to_utc_ns:
                name, next_ = book.venue.rooms[room].name, holder(book, b)
                why = Name(f"{name.zh}:标段 {lot} 尚未结束,{next_.zh}已到时间", f"{name.en}: lot {lot} is still there, {next_.en} is due")
                remedy = Name(f"等标段 {lot} 结束,或为{next_.zh}换房间", f"wait for lot {lot} to end, or give {next_.en} another room")
                yield Conflict("overrun", (b.id,), room, b.span, why, remedy)


def _elsewhere(b: Booking, what: Name) -> Name:
    if b.source is BookingSource.PLATFORM:
        return Name(f"请在交易平台上改到{what.zh}", f"choose {what.en} on the trading platform")
    return Name(f"请改到{what.zh}", f"choose {what.en}")


def _part_them(book: Book, one: Booking, other: Booking) -> Name:
    """Whom to move: what staff booked gives way; of the platform's the later."""
    ours = [b for b in (one, other) if b.source is BookingSource.STAFF]
    giving_way = holder(book, max(ours or (one, other), key=lambda b: (not b.confirmed, b.from_utc_ns, b.id)))
    if ours:
        return Name(f"请把{giving_way.zh}改到其他房间或时间,或取消", f"move {giving_way.en} to another room or time, or cancel it")
    return Name(f"请在交易平台上给{giving_way.zh}换房间或改期", f"change room or time of {giving_way.en} on the trading platform")

