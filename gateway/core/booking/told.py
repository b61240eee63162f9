"""The platform's own bookings: which rooms a lot holds and when, from what the platform told and how far its day has come."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache

from gateway.core.booking.book import Booking, BookingId, BookingSource, BookingState, Purpose, Rules, held_against
from gateway.core.parts import COMMITTEE, LotState, evaluation_rooms
from venue_model.groups import Role
from venue_model.ids import LotId, RoomId
from venue_model.lots import Lot, Phase
from venue_model.moments import S
from venue_model.scenes import PHASE_ASKS, SCENES, Part
from venue_model.venue import Venue

PLATFORM = "platform"
_PART = {Purpose.OPENING: Part.OPENING, Purpose.EVALUATION: Part.EVALUATION}
# Whom an opening room must seat: whoever the law lets attend an opening (domain brief 1.3, column Z1).
_ATTEND = frozenset({Role.BID, Role.OWN, Role.AGT, Role.SUP, Role.WIT, Role.NOT})


@cache
def still_to_come(phase: Phase) -> frozenset[Phase]:
    """A phase and all that may follow it."""
    found, waiting = {phase}, [phase]
    while waiting:
        here = waiting.pop()
        more = {scene.leads_to for scene in SCENES.values() if here in scene.allowed_from} - found
        found |= more
        waiting += sorted(more)
    return frozenset(found)


def needs(phase: Phase, purpose: Purpose) -> bool:
    """True while a lot in this phase may still use the room of this purpose."""
    return any(PHASE_ASKS[later].of(_PART[purpose]).in_use for later in still_to_come(phase))


def lot_bookings(venue: Venue, state: LotState, rules: Rules) -> tuple[Booking, ...]:
    """The rooms that a lot is planned to hold.  Once its day needs a room no more, the rest of the span is free for others."""
    lot = state.lot
    begins, called, ends = _plan(lot, rules)
    rooms = [(Purpose.OPENING, lot.opening_room, begins, called)] if lot.opening_room is not None else []
    rooms += [(Purpose.EVALUATION, room, called, ends) for room in evaluation_rooms(venue, lot)]
    found = []
    for purpose, room, from_utc_ns, to_utc_ns in rooms:
        assert room is not None, "only rooms that are there are planned"
        until = to_utc_ns if needs(state.phase, purpose) else min(to_utc_ns, state.phase_utc_ns)
        if until > from_utc_ns:
            found.append(_booking(venue, lot, purpose, room, from_utc_ns, until))
    return tuple(found)


def _plan(lot: Lot, rules: Rules) -> tuple[int, int, int]:
    """When preparation begins, when the experts are called, when all is over."""
    called = lot.opening_utc_ns + rules.opening_s * S
    return lot.opening_utc_ns - rules.prepare_before_s * S, called, called + rules.evaluation_s * S


def _booking(venue: Venue, lot: Lot, purpose: Purpose, room: RoomId, from_utc_ns: int, to_utc_ns: int) -> Booking:
    attend = _ATTEND if purpose is Purpose.OPENING else COMMITTEE
    sits = len(evaluation_rooms(venue, lot)) <= 1
    people = sum(
        person.role in attend and not person.withdrawn and (purpose is Purpose.OPENING or sits or person.seat == room)
        for person in lot.people
    )
    return Booking(
        BookingId(f"{lot.id}.{purpose}.{room}"), room, from_utc_ns, to_utc_ns, BookingState.ASKED, BookingSource.PLATFORM, purpose, lot.id,
        people, by=PLATFORM,
    )  # fmt: skip


def told(
    bookings: Mapping[BookingId, Booking], planned: Iterable[Booking], lots: frozenset[LotId], rules: Rules
) -> dict[BookingId, Booking]:
    """The book after the platform has told these lots anew.

    What a lot holds no more is cancelled before anything new is confirmed (Dalian, domain brief 2.2: cancel old before new).  A booking
    for which the room is not free stays asked, and is confirmed as soon as the room is: who came first keeps the room.
    """
    after = dict(bookings)
    fresh = {booking.id: booking for booking in planned}
    for booking in bookings.values():
        if booking.source is BookingSource.PLATFORM and booking.lot in lots and booking.id not in fresh and booking.active:
            after[booking.id] = replace(booking, state=BookingState.CANCELLED)
    for booking in fresh.values():
        known = bookings.get(booking.id)
        keeps = known is not None and known.confirmed and known.from_utc_ns <= booking.from_utc_ns and booking.to_utc_ns <= known.to_utc_ns
        after[booking.id] = replace(booking, state=BookingState.CONFIRMED) if keeps else booking
    return settled(after, rules)


def settled(bookings: Mapping[BookingId, Booking], rules: Rules) -> dict[BookingId, Booking]:
    """The book once every booking of the platform that waits for its room, and can have it, has it."""
    after = dict(bookings)
    waiting = [b for b in bookings.values() if b.source is BookingSource.PLATFORM and b.state is BookingState.ASKED]
    for booking in sorted(waiting, key=lambda b: (b.from_utc_ns, b.id)):
        if held_against(after.values(), booking, rules) is None:
            after[booking.id] = replace(booking, state=BookingState.CONFIRMED)
    return after
