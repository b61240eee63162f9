"""The whole proof of one venue: every check, the problems in order of weight, and what was examined."""

from dataclasses import dataclass

from simulation.prover.crossing import check_crossings
from simulation.prover.equipment import check_equipment
from simulation.prover.findings import Finding, Rule
from simulation.prover.reach import check_reach
from simulation.prover.routes import Routes
from simulation.prover.separation import check_separation
from simulation.prover.sharing import check_sharing, joined_rooms
from simulation.prover.survey import Survey
from simulation.prover.ways_out import check_ways_out, situations
from venue_model.venue import Venue


@dataclass(frozen=True, slots=True)
class Proof:
    """What was found, and how much was looked at."""

    problems: tuple[Finding, ...]
    notes: tuple[Finding, ...]
    states: int  # steps of walkers and pairs, days, and situations of the building that were examined
    days: int
    situations: int
    small_rooms: int  # of the venue that the searches ran on

    @property
    def holds(self) -> bool:
        """True when nothing stands against the venue."""
        return not self.problems


def prove(venue: Venue) -> Proof:
    """Examine a venue that has loaded."""
    survey = Survey(venue)
    routes = Routes(survey.small, survey.days)
    sharing = list(check_sharing(survey))
    found = [
        *check_separation(survey),
        *sharing,
        *check_ways_out(survey),
        *check_reach(survey, routes, joined_rooms(survey, sharing)),
        *check_crossings(survey),
        *check_equipment(survey),
    ]
    failed = sum(1 for _ in situations(survey)) + len(venue.doors)
    states = survey.apart.examined + routes.examined + survey.days.examined + failed * len(venue.rooms)
    first = {(f.rule, f.place, f.note): f for f in reversed(found)}  # one for each rule and place: the first that was found
    meetings = {f.place for f in found if f.rule is Rule.APART}
    told = [f for f in found if first[f.rule, f.place, f.note] is f and not (f.rule is Rule.SHARED and f.place in meetings)]
    problems, notes = tuple(f for f in told if not f.note), tuple(f for f in told if f.note)
    return Proof(problems, notes, states, survey.days.examined, failed, len(survey.small.rooms))
