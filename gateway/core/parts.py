"""A lot on its day: the phase that it is in, the rooms that it touches, and what it asks of them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from venue_model.comfort import Change, changed
from venue_model.groups import Role
from venue_model.ids import LotId, RoomId, RunId
from venue_model.lots import Lot, Person, Phase
from venue_model.profiles import Seating
from venue_model.scenes import PHASE_ASKS, SHARED_PARTS, SUSPENDED_ASKS, Part, RoomAsk
from venue_model.venue import Venue
from venue_model.zones import Serves, Zone

OVER = frozenset({Phase.IDLE, Phase.CLOSED, Phase.ABORTED})
EVALUATION_PHASES = frozenset(phase for phase, asks in PHASE_ASKS.items() if asks.evaluation.in_use)
COMMITTEE = frozenset({Role.EXP, Role.OWN_C})


def ask(phase: Phase, part: Part, suspended_from: Phase | None = None) -> RoomAsk:
    """What a phase asks of one part.  A suspended lot keeps the rooms that it had, and admits nobody."""
    if phase is Phase.SUSPENDED and suspended_from is not None:
        return SUSPENDED_ASKS[suspended_from].of(part)
    return PHASE_ASKS[phase].of(part)


@dataclass(frozen=True, slots=True)
class LotState:
    """A lot and its phase.  `door_phase` lags while a run still waits for recordings: doors follow, they never lead."""

    lot: Lot
    phase: Phase
    phase_utc_ns: int
    door_phase: Phase
    run: RunId | None = None
    recording: RunId | None = None  # the run that began the recordings of this part of the day
    suspended_from: Phase | None = None  # where a suspended lot was, and goes back to
    inquiry: tuple[RoomId, ...] = ()  # the inquiry rooms that it was given last, one for each side that is here
    changes: tuple[Change, ...] = ()  # what staff have written otherwise about this phase, as it was when the scene was pressed

    def wish(self, part: Part) -> RoomAsk:
        """What the lot asks of one part."""
        return ask(self.phase, part, self.suspended_from)

    def shown(self, part: Part) -> RoomAsk:
        """What its lights, screens and loudspeakers are asked for one part.  Who may enter, and what is recorded, `wish` says."""
        return changed(self.wish(part), part, self.changes)

    def door_wish(self, part: Part) -> RoomAsk:
        """What its doors are asked for one part."""
        return ask(self.door_phase, part, self.suspended_from)


Day = Mapping[LotId, LotState]


def live(day: Day) -> Iterable[LotState]:
    """Lots that are not over, in a stable order."""
    return (day[lot] for lot in sorted(day) if day[lot].phase not in OVER)


def seat_of(venue: Venue, lot: Lot, person: Person) -> RoomId | None:
    """The one evaluation room of a person: the lot's, or the room of the own seat where committees sit dispersed (I2)."""
    seated = venue.profile.seating is Seating.SEAT and person.role in COMMITTEE
    return person.seat or lot.evaluation_room if seated else lot.evaluation_room


def evaluation_rooms(venue: Venue, lot: Lot) -> tuple[RoomId, ...]:
    """Where the lot is evaluated here: no room, one, or one for each seat.

    The seat of a member who withdrew stays the lot's: it was sealed with the others, and is released with them.
    """
    if venue.profile.seating is Seating.ROOM:
        return (lot.evaluation_room,) if lot.evaluation_room is not None else ()
    seats = (seat_of(venue, lot, person) for person in lot.people if person.role in COMMITTEE)
    found = tuple(dict.fromkeys(seat for seat in seats if seat is not None))
    return found or ((lot.evaluation_room,) if lot.evaluation_room is not None else ())


def parts(venue: Venue, state: LotState) -> Iterator[tuple[Part, RoomId]]:
    """The rooms a lot touches, each with the part it plays."""
    opening = [state.lot.opening_room] if state.lot.opening_room is not None else []
    seats = evaluation_rooms(venue, state.lot)
    wing = [room.id for zone in (Zone.INTAKE, Zone.CORRIDOR) for room in venue.rooms_of(zone)] if seats else []
    asked = [room for room in state.inquiry if venue.rooms[room].serves is Serves.PARTIES]
    for part, rooms in (
        (Part.OPENING, opening),
        (Part.EVALUATION, seats),
        (Part.WING, wing),
        (Part.INQUIRY_COMMITTEE, [room for room in state.inquiry if room not in asked]),
        (Part.INQUIRY_PARTIES, asked),
        (Part.PARTIES_PASSAGE, _passages(venue, [*opening, *asked])),
        (Part.COMMITTEE_PASSAGE, _passages(venue, [*seats, *wing])),
    ):
        yield from ((part, room) for room in rooms)


def _passages(venue: Venue, rooms: Iterable[RoomId]) -> Iterable[RoomId]:
    return dict.fromkeys(passage for room in rooms for passage in venue.passages_to.get(room, ()))


def held_rooms(venue: Venue, state: LotState) -> frozenset[RoomId]:
    """The rooms that are this lot's alone now: also one whose doors have not followed yet."""
    return frozenset(
        room
        for part, room in parts(venue, state)
        if part not in SHARED_PARTS
        if state.wish(part).in_use or state.door_wish(part).in_use
    )
