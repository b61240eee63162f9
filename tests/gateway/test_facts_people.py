"""What others are told of a committee: minutes in the room, absences, conduct, and who was with whom; each with its lines."""

from dataclasses import replace
from typing import Any

import pytest
from day_case import card, lot, person
from presence_case import T0, VENUE, at, refused, through, walked

from gateway.core.facts.company import company, company_text
from gateway.core.facts.conduct import CONDUCT_NAMES, Conduct, conduct
from gateway.core.facts.seats import Seat, seats
from venue_model.groups import Role
from venue_model.ids import DoorId, LotId, PersonKey, VenueId
from venue_model.moments import S

HOUR = 3600
EXP_1 = PersonKey("exp-1")
COMMITTEE = replace(lot(), people=(*(person(f"exp-{n}", Role.EXP) for n in (1, 2, 3)), person("bid-1", Role.BID)))
UNTIL = at(4 * HOUR)
OF = {str(room): component for room, component in VENUE.component_of.items()}


def door() -> str:
    """The door of the evaluation room that lot L1 has."""
    return next(d.id for d in VENUE.doors.values() if d.inside == "e1" and d.board)


def came(seconds: float, who: str) -> dict[str, Any]:
    return through(seconds, door(), who)


def went(seconds: float, who: str | None) -> dict[str, Any]:
    return through(seconds, door(), who, "out")


def by_person(found: tuple[Seat, ...]) -> dict[str, Seat]:
    return {seat.person: seat for seat in found}


def breach(seconds: float, who: str | None) -> dict[str, Any]:
    line = went(seconds, who)
    body = {**line["body"], "component": VENUE.component_of[VENUE.doors[DoorId(door())].inside]}
    return {**line, "kind": "breach", "seq": line["seq"] + 1, "person": who, "room": "e1", "body": body}


def with_person(line: dict[str, Any]) -> dict[str, Any]:
    return {**line, "person": line["body"].get("person"), "room": "e1"}


def test_minutes_in_the_room_and_how_far_they_are_from_the_median() -> None:
    lines = (came(0, "exp-1"), came(60, "exp-2"), came(120, "exp-3"), went(HOUR, "exp-1"), went(2 * HOUR, "exp-2"), went(3 * HOUR, "exp-3"))
    found = by_person(seats(COMMITTEE, VENUE, walked(*lines), T0, UNTIL))
    assert [found[f"exp-{n}"].in_room_ns // S for n in (1, 2, 3)] == [HOUR, 2 * HOUR - 60, 3 * HOUR - 120]
    assert [(found[f"exp-{n}"].deviation_ns or 0) // S for n in (1, 2, 3)] == [HOUR - (2 * HOUR - 60), 0, 3 * HOUR - 120 - (2 * HOUR - 60)]
    assert "bid-1" not in found, "only the committee sits"


def test_an_absence_names_the_lines_of_leaving_and_of_coming_back() -> None:
    lines = (came(0, "exp-1"), went(100, "exp-1"), came(400, "exp-1"), came(0.5, "exp-2"))
    [absence] = by_person(seats(COMMITTEE, VENUE, walked(*lines), T0, UNTIL))["exp-1"].absences
    assert (absence.from_utc_ns, absence.until_utc_ns, absence.length_ns) == (at(100), at(400), 300 * S)
    assert (absence.entered.seq, absence.ended.seq if absence.ended else 0) == (lines[1]["seq"], lines[2]["seq"])


def test_whoever_is_still_inside_counts_to_this_moment_and_whoever_never_came_counts_for_nothing() -> None:
    found = by_person(seats(COMMITTEE, VENUE, walked(came(0, "exp-1"), came(HOUR, "exp-2")), T0, UNTIL))
    assert found["exp-1"].in_room_ns == 4 * HOUR * S and found["exp-1"].spans[-1].ended is None
    assert found["exp-3"].spans == () and found["exp-3"].deviation_ns is None
    alone = by_person(seats(COMMITTEE, VENUE, walked(came(0, "exp-1")), T0, UNTIL))
    assert alone["exp-1"].deviation_ns is None, "nobody to compare with"


def test_a_stay_that_nobody_saw_end_is_an_upper_bound_and_says_so() -> None:
    seen_elsewhere = through(HOUR, "intake-door", "exp-1")
    lines = (came(0, "exp-1"), went(600, None), seen_elsewhere, came(0, "exp-2"), went(HOUR, "exp-2"))
    found = by_person(seats(COMMITTEE, VENUE, walked(*lines), T0, UNTIL))
    assert not found["exp-1"].certain and found["exp-1"].in_room_ns == HOUR * S
    assert found["exp-2"].certain


def test_a_day_cuts_what_lies_beyond_its_midnights() -> None:
    found = by_person(seats(COMMITTEE, VENUE, walked(came(0, "exp-1"), went(3 * HOUR, "exp-1")), at(HOUR), at(2 * HOUR)))
    assert found["exp-1"].in_room_ns == HOUR * S


RULES = (("I3", Conduct.LATE), ("I5", Conduct.PHONE), ("I2", Conduct.REFUSED), ("PHASE", Conduct.REFUSED))


@pytest.mark.parametrize(("rule", "kind"), RULES)
def test_a_refusal_is_a_fact_of_conduct_with_its_line(rule: str, kind: Conduct) -> None:
    line = with_person(refused(5, door(), "exp-1", rule))
    [fact] = conduct(seats(COMMITTEE, VENUE, walked(came(9, "exp-1")), T0, UNTIL), [line], OF)
    assert (fact.kind, fact.person, fact.rule, fact.door) == (kind, "exp-1", rule, door())
    assert fact.evidence[0].seq == line["seq"] and fact.evidence[0].agent == line["agent"]


def test_refusals_of_others_are_nobodys_conduct_here() -> None:
    found = seats(COMMITTEE, VENUE, walked(came(0, "exp-1")), T0, UNTIL)
    assert conduct(found, [with_person(refused(5, door(), "bid-1")), with_person(refused(6, door(), None))], OF) == ()


def test_leaving_a_sealed_room_and_coming_back_are_two_facts() -> None:
    lines = (came(0, "exp-1"), went(100, "exp-1"), came(400, "exp-1"))
    found = conduct(seats(COMMITTEE, VENUE, walked(*lines), T0, UNTIL), [breach(100, "exp-1")], OF)
    assert [(fact.kind, fact.certain) for fact in found] == [(Conduct.LEFT, True), (Conduct.RE_ENTRY, True)]


def test_a_nameless_breach_can_have_been_whoever_was_not_seen_leaving() -> None:
    lines = (came(0, "exp-1"), came(1, "exp-2"), went(600, None), through(HOUR, "intake-door", "exp-1"), went(2 * HOUR, "exp-2"))
    found = conduct(seats(COMMITTEE, VENUE, walked(*lines), T0, UNTIL), [breach(600, None)], OF)
    assert [(fact.kind, fact.person, fact.certain) for fact in found] == [(Conduct.LEFT, "exp-1", False)]


def test_every_kind_of_conduct_has_its_words() -> None:
    assert set(CONDUCT_NAMES) == set(Conduct)


def test_who_was_with_whom_where_and_how_long() -> None:
    lines = (came(0, "exp-1"), came(600, "exp-2"), went(1200, "exp-1"), went(1800, "exp-2"), through(0, "o1-door", "bid-1"))
    pair, corridor = company(walked(*lines), [EXP_1], T0, UNTIL)
    assert (pair.one, pair.other, pair.component, pair.certain) == ("exp-1", "exp-2", "e1", True)
    assert (corridor.component, corridor.from_utc_ns) == ("wing", at(1800)), "and then both stood in the corridor"
    assert (pair.from_utc_ns, pair.until_utc_ns) == (at(600), at(1200))
    assert [ref.seq for ref in pair.evidence] == [lines[0]["seq"], lines[1]["seq"]]
    assert company(walked(*lines), [PersonKey("bid-1")], T0, UNTIL) == ()


def test_two_people_one_after_the_other_were_not_together() -> None:
    lines = (came(0, "exp-1"), went(600, "exp-1"), came(600, "exp-2"))
    assert company(walked(*lines), [EXP_1], T0, UNTIL) == ()


def test_what_is_signed_for_a_look_is_bound_to_lot_day_reason_and_challenge() -> None:
    texts = {
        company_text(VenueId("v"), LotId(lot), day, reason, challenge)
        for lot in ("L1", "L2") for day in ("2026-11-22", "2026-11-23") for reason in ("a", "b") for challenge in ("1", "2")
    }  # fmt: skip
    assert len(texts) == 16 and card("exp-1") not in "".join(texts)
