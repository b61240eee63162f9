"""A lot as the platform tells it anew: changes are normal events, but nobody is moved who already sits."""

from dataclasses import replace

from gateway.core.parts import COMMITTEE, EVALUATION_PHASES, Day, LotState, held_rooms, live
from venue_model.ids import RoomId
from venue_model.lots import Lot, Person, Phase
from venue_model.scenes import Part
from venue_model.venue import Venue


def retold(venue: Venue, day: Day, state: LotState, lot: Lot) -> tuple[LotState, bool]:
    """The lot as the platform now tells it, and whether its rooms had to stay as they were.

    A room change is a normal event, but nobody moves a tender whose people already sit, or whose doors already stand open: the
    opening room is fixed once the lot is prepared, the evaluation room and the seats once the experts are called.
    """
    prepared = state.phase not in (Phase.IDLE, Phase.BOOKED)
    suspended = state.phase is Phase.SUSPENDED and state.wish(Part.EVALUATION).in_use
    called = state.phase in EVALUATION_PHASES or state.phase in (Phase.CLOSED, Phase.ABORTED) or suspended
    opening = state.lot.opening_room if prepared else lot.opening_room
    evaluation = state.lot.evaluation_room if called else lot.evaluation_room
    people = _reseated(venue, day, state, lot) if called else lot.people
    kept = (opening, evaluation) != (lot.opening_room, lot.evaluation_room) or _seats(people) != _seats(lot.people)
    return replace(state, lot=replace(lot, opening_room=opening, evaluation_room=evaluation, people=people)), kept


def _reseated(venue: Venue, day: Day, state: LotState, lot: Lot) -> tuple[Person, ...]:
    """A roster told anew after the experts were called: who sits stays, who is no longer named has withdrawn, and a member who is
    drawn in addition gets no seat that another lot holds."""
    known = {person.person: person for person in state.lot.people}
    named = {person.person for person in lot.people}
    taken = {room for other in live(day) if other.lot.id != lot.id for room in held_rooms(venue, other)}
    gone = tuple(
        replace(person, withdrawn=True) for person in state.lot.people if person.role in COMMITTEE and person.person not in named
    )

    def seat(person: Person) -> RoomId | None:
        before = known.get(person.person)
        if before is not None and before.seat is not None:
            return before.seat
        return None if person.seat in taken else person.seat

    return (*(replace(person, seat=seat(person)) for person in lot.people), *gone)


def _seats(people: tuple[Person, ...]) -> dict[str, RoomId | None]:
    return {person.person: person.seat for person in people if not person.withdrawn}
