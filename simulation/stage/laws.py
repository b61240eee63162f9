"""The laws of the house, checked against what really happened: the people's true places, the hardware, the journal, the recordings."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from simulation.stage.day_script import DayScript, Expected
from simulation.stage.people import Attempt, Crowd
from venue_model.groups import Role, separated_pairs
from venue_model.ids import ComponentId, PersonKey
from venue_model.moments import S
from venue_model.venue import Venue

NEAR_NS = 3 * S  # between a person's clock and the board's record of the same act


@dataclass(slots=True)
class Findings:
    """Laws that were checked, and what broke them."""

    held: dict[str, bool] = field(default_factory=dict)
    violations: list[dict[str, str]] = field(default_factory=list)

    def check(self, law: str, problems: Iterable[str]) -> None:
        """Record a law with everything that broke it."""
        found = list(problems)
        self.held[law] = self.held.get(law, True) and not found
        self.violations += [{"law": law, "what": problem} for problem in found]


class ApartWatch:
    """Law Apart on the truth: called after every step that anybody takes."""

    def __init__(self, venue: Venue, crowd: Crowd, roles: dict[PersonKey, Role]) -> None:
        self.venue = venue
        self.crowd = crowd
        self.roles = roles
        self.steps = 0
        self.problems: list[str] = []
        crowd.moved = self.look

    def look(self) -> None:
        """Who is together now?"""
        self.steps += 1
        together: dict[ComponentId, set[Role]] = {}
        for person, room in self.crowd.where.items():
            component = self.venue.component_of.get(room)
            if component is not None:
                together.setdefault(component, set()).add(self.roles[person])
        for component, roles in together.items():
            for one, other in separated_pairs(roles, self.venue.profile.separated):
                self.problems.append(f"{one} and {other} were together in {component} after step {self.steps}")


def check_day(
    script: DayScript,
    apart: ApartWatch,
    events: Callable[[str], list[dict[str, Any]]],
    signs: dict[str, list[str]],
    proofs: list[dict[str, Any]],
) -> Findings:
    """All laws that a day can show."""
    crowd = script.crowd
    findings = Findings()
    passages, refusals = events("passage"), events("refusal")
    findings.check("Apart", apart.problems)
    findings.check("Out", (f"{e.door} did not open for {e.person} from the inside" for e in crowd.exits if not e.opened))
    findings.check("Never more", _never_more(passages, script))
    findings.check("Nothing lost", _nothing_lost(crowd, passages, refusals))
    findings.check("Refusals", _refusals(script.expected, refusals))
    findings.check("I9", _screens(signs, crowd))
    findings.check("I10", (problem for proof in proofs for problem in proof["problems"]))
    findings.check("Script", script.surprises)
    return findings


def _never_more(passages: list[dict[str, Any]], script: DayScript) -> list[str]:
    """Everybody who was let in is on the day's roster, and the record names the signed policy that let them."""
    known = {p.person for lot in script.scenario.lots for p in lot.people}
    let_in = [p for p in passages if p["body"].get("how") in ("pass", "qr")]
    problems = [f"an admission at {p['body'].get('door')} names no policy" for p in let_in if not p["body"].get("policy")]
    problems += [f"{p['person']} was admitted, who is on no roster" for p in let_in if p["person"] not in known]
    return problems


def _nothing_lost(crowd: Crowd, passages: list[dict[str, Any]], refusals: list[dict[str, Any]]) -> list[str]:
    """Every step that the people took is in the journal, once."""
    entries = [p for p in passages if p["body"].get("direction") == "in"]
    exits = [p for p in passages if p["body"].get("direction") == "out"]
    untold = [a for a in crowd.attempts if not _told(a, entries if a.entered else refusals)]
    problems = [f"{a.person} {'went in' if a.entered else 'was refused'} at {a.door}, the journal does not say so" for a in untold]
    for door in sorted({e.door for e in crowd.exits}):
        done = sum(1 for e in crowd.exits if e.door == door)
        told = sum(1 for p in exits if p["body"].get("door") == door)
        if done != told:
            problems.append(f"{done} people left through {door}, the journal has {told}")
    seen = [(p["agent"], p["seq"]) for p in passages]
    if len(seen) != len(set(seen)):
        problems.append("a passage is in the journal twice")
    if len(entries) != sum(1 for a in crowd.attempts if a.entered):
        problems.append(f"{sum(1 for a in crowd.attempts if a.entered)} people went in, the journal has {len(entries)}")
    return problems


def _told(attempt: Attempt, lines: list[dict[str, Any]]) -> bool:
    end_ns = attempt.utc_ns + attempt.took_ms * 1_000_000 + NEAR_NS
    return any(
        line["body"].get("door") == attempt.door
        and line["person"] in (attempt.person, None)
        and attempt.utc_ns - NEAR_NS <= line["utc_ns"] <= end_ns
        for line in lines
    )


def _refusals(expected: list[Expected], refusals: list[dict[str, Any]]) -> list[str]:
    """Every refusal that the script provoked was made, by the right rule."""
    problems = []
    for want in expected:
        rules = [
            line["body"].get("rule")
            for line in refusals
            if line["body"].get("door") == want.door and want.utc_ns - S <= line["utc_ns"] <= want.utc_ns + 6 * S
        ]
        if want.rule not in rules:
            problems.append(f"{want.person} at {want.door}: {want.rule} was expected, the journal has {rules or 'nothing'}")
    return problems


def _screens(signs: dict[str, list[str]], crowd: Crowd) -> list[str]:
    """No screen ever showed who somebody is."""
    people = {*crowd.cards, *crowd.phones}
    return [f"sign {sign} showed {person}" for sign, texts in signs.items() for text in texts for person in people if person in text]
