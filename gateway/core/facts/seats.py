"""How long each member of a committee was in the evaluation room, when they were not, and how far that is from the others (评标时间偏差).

Everything follows from passages by name.  Where a door could not name who left, the end of a stay is only known to lie before what was
seen next: such a span is not `certain`, and its length is the most that it can have been.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from statistics import median

from gateway.core.parts import COMMITTEE, seat_of
from gateway.core.presence.sightings import Ref
from gateway.core.presence.state import Presence, Stay
from gateway.core.presence.whereabouts import unnamed_exits
from venue_model.groups import Role
from venue_model.ids import PersonKey
from venue_model.lots import Lot
from venue_model.venue import Venue


@dataclass(frozen=True, slots=True)
class Span:
    """A time in the room.  `ended` None: still there, as far as the doors know."""

    from_utc_ns: int
    until_utc_ns: int
    entered: Ref
    ended: Ref | None
    certain: bool

    @property
    def length_ns(self) -> int:
        """How long."""
        return self.until_utc_ns - self.from_utc_ns


@dataclass(frozen=True, slots=True)
class Seat:
    """One member's time.  `deviation_ns`: more (or less) than the committee's median; None when there is nobody to compare with."""

    person: PersonKey
    role: Role
    spans: tuple[Span, ...]
    deviation_ns: int | None = None

    @property
    def in_room_ns(self) -> int:
        """All spans together."""
        return sum(span.length_ns for span in self.spans)

    @property
    def absences(self) -> tuple[Span, ...]:
        """The times between two spans, each with the lines of leaving and coming back."""
        return tuple(
            Span(before.until_utc_ns, after.from_utc_ns, before.ended or before.entered, after.entered, before.certain)
            for before, after in zip(self.spans, self.spans[1:], strict=False)
        )

    @property
    def certain(self) -> bool:
        """False when some span is only an upper bound."""
        return all(span.certain for span in self.spans)


def seats(lot: Lot, venue: Venue, presence: Presence, from_utc_ns: int, until_utc_ns: int) -> tuple[Seat, ...]:
    """The committee of a lot between two moments; whoever never came has no span, and does not move the median."""
    found = [
        Seat(person.person, person.role, tuple(_spans(presence, person.person, component, from_utc_ns, until_utc_ns)))
        for person in lot.people
        if person.role in COMMITTEE
        and (room := seat_of(venue, lot, person)) is not None
        and (component := venue.component_of.get(room)) is not None
    ]
    times = [seat.in_room_ns for seat in found if seat.spans]
    if len(times) < 2:
        return tuple(found)
    middle = int(median(times))
    return tuple(replace(seat, deviation_ns=seat.in_room_ns - middle) if seat.spans else seat for seat in found)


def _spans(presence: Presence, person: PersonKey, component: str, from_utc_ns: int, until_utc_ns: int) -> Iterable[Span]:
    for stay in presence.stays.get(person, ()):
        began, ended = stay.entered.utc_ns, stay.ended.utc_ns if stay.ended else until_utc_ns
        if stay.component != component or ended <= from_utc_ns or began >= until_utc_ns:
            continue
        yield Span(
            max(began, from_utc_ns), min(ended, until_utc_ns), stay.entered.ref, stay.ended.ref if stay.ended else None,
            certain_end(presence, stay, until_utc_ns),
        )  # fmt: skip


def certain_end(presence: Presence, stay: Stay, until_utc_ns: int) -> bool:
    """True when somebody saw the end of a stay, or nobody can have left unseen up to now."""
    return stay.seen_leaving if stay.ended is not None else not unnamed_exits(presence, stay, until_utc_ns)
