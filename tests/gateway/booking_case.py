"""A book over the county venue, and short words for what its tests ask of it.  Hours are those of the wall: 9.5 is half past nine."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from day_case import lot as county_lot

from gateway.core.booking.book import Book, Booking, BookingId, BookingSource, BookingState, Outage, OutageKind, Purpose, Rules
from gateway.core.booking.told import lot_bookings, told
from gateway.core.parts import LotState
from venue_model.groups import Role
from venue_model.ids import LotId, PersonKey, RoomId
from venue_model.lots import Lot, Person, Phase
from venue_model.moments import S
from venue_model.tools.files import example, read_venue
from venue_model.venue import Venue

COUNTY = read_venue(example("county_hall"))
MIDNIGHT = 1_800_028_800 * S  # in China: 2027-01-16
RULES = Rules()


def at(hour: float) -> int:
    """An hour of the day on the wall."""
    return MIDNIGHT + int(hour * 3600) * S


def booking(name: str, room: str, begin: float, end: float, *, confirmed: bool = False, **changes: Any) -> Booking:
    """Somebody's meeting."""
    state = BookingState.CONFIRMED if confirmed else BookingState.ASKED
    made = Booking(
        BookingId(name), RoomId(room), at(begin), at(end), state, BookingSource.STAFF, Purpose.MEETING, by="wang"
    )
    return replace(made, **changes)


def tender(name: str, opens: float, opening: str = "o1", evaluation: str | None = "e1", bidders: int = 3, experts: int = 5) -> Lot:
    """A lot with people of its own."""
    roles = [*[Role.BID] * bidders, Role.AGT, *[Role.EXP] * experts]
    people = tuple(Person(PersonKey(f"{name}-{n}"), role) for n, role in enumerate(roles))
    return replace(county_lot(name, opening, evaluation), opening_utc_ns=at(opens), people=people)


def booked(lot: Lot, phase: Phase = Phase.BOOKED, since: float = 0) -> LotState:
    return LotState(lot, phase, at(since), phase)


def book(*held: Booking, lots: Iterable[Lot] = (), outages: Iterable[Outage] = (), venue: Venue = COUNTY, rules: Rules = RULES) -> Book:
    """What people booked, and what the platform told after it."""
    known = {b.id: b for b in held}
    states = [booked(lot) for lot in lots]
    planned = [b for state in states for b in lot_bookings(venue, state, rules)]
    names = frozenset(state.lot.id for state in states)
    return Book(venue, told(known, planned, names, rules), tuple(outages), {state.lot.id: state.lot for state in states}, rules)


def outage(room: str, begin: float, end: float, kind: OutageKind = OutageKind.MAINTENANCE) -> Outage:
    return Outage("out", RoomId(room), kind, at(begin), at(end), "换灯", "integrator")


def of_lot(found: Book, lot: str) -> dict[Purpose, Booking]:
    """A lot's bookings by what they are for."""
    return {b.purpose: b for b in found.bookings.values() if b.lot == LotId(lot)}
