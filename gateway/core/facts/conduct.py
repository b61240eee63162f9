"""What the journal shows of each committee member's conduct, for the expert appraisal (专家考评) of the platform: facts, no judgement.

Each names the lines of the journal that show it, so that whoever judges can look for themselves.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from gateway.core.facts.seats import Seat
from gateway.core.presence.sightings import Ref
from venue_model.ids import PersonKey


class Conduct(StrEnum):
    """Kinds of conduct that doors and lockers can see."""

    LATE = "late"  # came to the door after the entry window had closed (I3)
    PHONE = "phone"  # came to the door with the phone not in a locker (I5)
    REFUSED = "refused"  # tried a door that was not theirs, or not then
    LEFT = "left"  # left a sealed evaluation
    RE_ENTRY = "re-entry"  # came back in after having left


CONDUCT_NAMES: dict[Conduct, tuple[str, str]] = {
    Conduct.LATE: ("超过进场时限", "came after the entry window"),
    Conduct.PHONE: ("未存放手机", "phone not locked away"),
    Conduct.REFUSED: ("刷卡被拒", "was refused at a door"),
    Conduct.LEFT: ("封闭期间离开", "left a sealed room"),
    Conduct.RE_ENTRY: ("离开后再次进入", "came back in"),
}
_BY_RULE = {"I3": Conduct.LATE, "I5": Conduct.PHONE}


@dataclass(frozen=True, slots=True)
class ConductFact:
    """One thing that happened.  `certain` False: somebody left a sealed room by a door that could not name them, and it can have been
    this person."""

    kind: Conduct
    person: PersonKey
    utc_ns: int
    evidence: tuple[Ref, ...]
    door: str = ""
    rule: str = ""
    certain: bool = True


def conduct(seats: Iterable[Seat], lines: Iterable[Mapping[str, Any]], component_of: Mapping[str, str]) -> tuple[ConductFact, ...]:
    """The facts of a committee, in order of time.  `lines`: refusals and breaches of the span; `component_of`: room → domain."""
    seats, lines = list(seats), list(lines)
    found: list[ConductFact] = []
    for seat in seats:
        for line in lines:
            if line["kind"] == "refusal" and line["person"] == seat.person:
                rule = str(line["body"].get("rule", ""))
                found.append(_fact(_BY_RULE.get(rule, Conduct.REFUSED), seat.person, line, rule))
            elif line["kind"] == "breach" and _left(seat, line, component_of):
                found.append(_fact(Conduct.LEFT, seat.person, line, certain=line["person"] == seat.person))
        for absence in seat.absences:
            back = absence.ended
            assert back is not None, "an absence ends with coming back"
            found.append(ConductFact(Conduct.RE_ENTRY, seat.person, absence.until_utc_ns, (absence.entered, back), certain=absence.certain))
    return tuple(sorted(found, key=lambda fact: (fact.utc_ns, fact.person, fact.kind)))


def _left(seat: Seat, line: Mapping[str, Any], component_of: Mapping[str, str]) -> bool:
    """Was it this person, or can it have been?  A nameless breach concerns those whose stay's end nobody saw."""
    if line["person"] is not None:
        return bool(line["person"] == seat.person)
    at = line["utc_ns"]
    inside = component_of.get(str(line["room"]), "") == line["body"].get("component")
    return inside and any(span.from_utc_ns <= at <= span.until_utc_ns and not span.certain for span in seat.spans)


def _fact(kind: Conduct, person: PersonKey, line: Mapping[str, Any], rule: str = "", *, certain: bool = True) -> ConductFact:
    ref = Ref(str(line["agent"]), int(line["seq"]), int(line["utc_ns"]))
    return ConductFact(kind, person, line["utc_ns"], (ref,), str(line["body"].get("door") or ""), rule, certain)
