"""When the parts of a lot's day are due, at the pace that the run's length leaves."""

from dataclasses import dataclass

from venue_model.moments import S
from venue_model.venue import Venue

MINUTE_NS = 60 * S
# At pace 1.  An e-opening takes 15 minutes (Qiandongnan, domain brief 2.3); the rest is what centres plan with.
CHECK_IN_BEFORE_NS = 30 * MINUTE_NS
OPENING_NS = 15 * MINUTE_NS
INTAKE_AFTER_NS = 10 * MINUTE_NS  # from the end of the opening to the call for experts
INTAKE_NS = 20 * MINUTE_NS
EVALUATION_NS = 75 * MINUTE_NS
LEAVING_NS = 15 * MINUTE_NS
LOTS_IN_SEQUENCE = 2.6  # a run leaves time for about two lots in one room, one after the other


@dataclass(frozen=True, slots=True)
class Timetable:
    """A lot's day, in UTC nanoseconds."""

    preparation: int
    check_in: int
    opening: int
    opening_end: int
    intake: int
    evaluation: int
    report: int
    over: int


def timetable(opening: int, venue: Venue, pace: float) -> Timetable:
    """The plan of a day around the opening time that the platform has booked."""

    def later(*spans_ns: int) -> int:
        return opening + int(sum(spans_ns) * pace)

    return Timetable(
        preparation=later(-venue.prepare_before_s * S),
        check_in=later(-CHECK_IN_BEFORE_NS),
        opening=opening,
        opening_end=later(OPENING_NS),
        intake=later(OPENING_NS, INTAKE_AFTER_NS),
        evaluation=later(OPENING_NS, INTAKE_AFTER_NS, INTAKE_NS),
        report=later(OPENING_NS, INTAKE_AFTER_NS, INTAKE_NS, EVALUATION_NS),
        over=later(OPENING_NS, INTAKE_AFTER_NS, INTAKE_NS, EVALUATION_NS, LEAVING_NS),
    )


def pace_of(venue: Venue, span_ns: int) -> float:
    """1.0 where the run is as long as a working day; less where the same day must fit into fewer hours."""
    whole_ns = venue.prepare_before_s * S + OPENING_NS + INTAKE_AFTER_NS + INTAKE_NS + EVALUATION_NS + LEAVING_NS
    return min(1.0, span_ns / (LOTS_IN_SEQUENCE * whole_ns))
