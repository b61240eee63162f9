"""Rooms that cannot be used at one time: what the planned days ask of the doors together, hour by hour (I6, `gateway.core.apart`)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from gateway.core.apart import Wish, admitted, clashes, wishes
from gateway.core.booking.book import Booking, BookingId, BookingSource, Purpose, Rules
from gateway.core.parts import LotState
from venue_model.groups import Role
from venue_model.ids import ComponentId, LotId, RoomId
from venue_model.lots import Lot, Phase
from venue_model.moments import S
from venue_model.profiles import DoorMode
from venue_model.scenes import RoomAsk
from venue_model.venue import Venue

CHECK_IN_BEFORE_S = 30 * 60  # sign-in opens; as in the timetable that a rehearsal plays
INTAKE_S, LEAVING_S = 20 * 60, 15 * 60  # at the two ends of an evaluation: people walk
_MODES = {
    Purpose.OPENING: (DoorMode.PREPARATION, DoorMode.CHECK_IN, DoorMode.OPENING),
    Purpose.EVALUATION: (DoorMode.INTAKE,),
    Purpose.INQUIRY: (DoorMode.INQUIRY,),
    Purpose.MEETING: (DoorMode.DUTY,),
}
Wished = tuple[tuple[ComponentId, Wish], ...]


@dataclass(frozen=True, slots=True)
class Stay:
    """A span in which the wishes of one booking stay the same.  `who` is the lot, or the booking where there is none."""

    who: LotId
    booking: BookingId
    from_utc_ns: int
    to_utc_ns: int
    wished: Wished


@dataclass(frozen=True, slots=True)
class Meeting:
    """Two groups of two bookings that would meet, from when on; `one` and `other` are None where a seal would shut people out."""

    bookings: tuple[BookingId, BookingId]
    where: ComponentId
    from_utc_ns: int
    to_utc_ns: int
    one: Role | None = None
    other: Role | None = None


def stays(venue: Venue, bookings: Iterable[Booking], lots: Mapping[LotId, Lot], rules: Rules) -> tuple[Stay, ...]:
    """What bookings ask of the doors, phase by phase."""
    found: list[Stay] = []
    for booking in bookings:
        lot = lots.get(booking.lot) if booking.lot is not None else None
        if booking.source is BookingSource.PLATFORM and lot is not None:
            found += _of_lot(venue, booking, lot, rules)
        else:
            found.append(Stay(LotId(booking.id), booking.id, *booking.span, _of_purpose(venue, booking)))
    return tuple(found)


def _of_lot(venue: Venue, booking: Booking, lot: Lot, rules: Rules) -> Iterator[Stay]:
    opening, (begin, end) = lot.opening_utc_ns, booking.span
    if booking.purpose is Purpose.OPENING:
        marks = [(Phase.PREPARATION, begin), (Phase.CHECK_IN, opening - CHECK_IN_BEFORE_S * S), (Phase.OPENING, opening)]
    else:
        sealed, signed = begin + INTAKE_S * S, begin + (rules.evaluation_s - LEAVING_S) * S
        marks = [(Phase.INTAKE, begin), (Phase.EVALUATION, sealed), (Phase.REPORT_SIGNED, signed)]
    for (phase, starts), (_, ends) in zip(marks, [*marks[1:], (None, end)], strict=True):
        if (until := min(ends, end)) > starts:
            asked = wishes(venue, {lot.id: LotState(lot, phase, 0, phase)})
            yield Stay(lot.id, booking.id, starts, until, tuple((c, wish) for c, all_ in asked.items() for wish in all_))


def _of_purpose(venue: Venue, booking: Booking) -> Wished:
    """A booking without a phase asks for its own room and for the passages on the way to it."""
    who = LotId(booking.id)
    modes = _MODES.get(booking.purpose, ())

    def wish(room: RoomId) -> Wish:
        groups = (Role.MED, Role.STF) if booking.purpose is Purpose.VISIT else admitted(venue, room, *modes)
        return Wish(who, None, room, RoomAsk(DoorMode.DUTY), groups, ())

    rooms = (booking.room, *venue.passages_to.get(booking.room, ()))
    return tuple((venue.component_of[room], wish(room)) for room in rooms if room in venue.component_of)


def find_meetings(venue: Venue, planned: Iterable[Stay]) -> tuple[Meeting, ...]:
    """Every pair of bookings whose people would meet, or shut each other out, at the moment from which they would."""
    every = sorted(planned, key=lambda stay: (stay.from_utc_ns, stay.booking))
    found: dict[tuple[BookingId, BookingId], Meeting] = {}
    known: dict[frozenset[Wished], tuple[tuple[LotId, LotId, ComponentId, Role | None, Role | None], ...]] = {}
    for moment in sorted({stay.from_utc_ns for stay in every}):
        now = [stay for stay in every if stay.from_utc_ns <= moment < stay.to_utc_ns]
        key = frozenset(stay.wished for stay in now)
        if key not in known:
            known[key] = tuple(_pairs(venue, now)) if len({stay.who for stay in now}) > 1 else ()
        by_who = {stay.who: stay for stay in now}
        for one, other, where, group, theirs in known[key]:
            first, second = sorted((by_who[one], by_who[other]), key=lambda stay: stay.booking)
            until = min(first.to_utc_ns, second.to_utc_ns)
            found.setdefault((first.booking, second.booking), Meeting((first.booking, second.booking), where, moment, until, group, theirs))
    return tuple(found.values())


def _pairs(venue: Venue, now: list[Stay]) -> Iterator[tuple[LotId, LotId, ComponentId, Role | None, Role | None]]:
    wished: dict[ComponentId, tuple[Wish, ...]] = {}
    for stay in now:
        for component, wish in stay.wished:
            wished[component] = (*wished.get(component, ()), wish)
    for clash in clashes(venue, wished):
        for one in clash.lots:
            for other in clash.others:
                if one != other:
                    yield one, other, clash.where, clash.one, clash.other
    for component, here in wished.items():
        sealing = sorted({wish.lot for wish in here if wish.ask.seal})
        coming = sorted({wish.lot for wish in here if wish.groups and not wish.ask.seal and wish.part is not None})
        yield from ((one, other, component, None, None) for one in sealing for other in coming if one != other)
