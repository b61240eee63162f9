"""People in a whole house: they live a day, do wrong in every named way, and the house stands it."""

import pytest

from simulation.crowd import draw_lots, misdeeds, phone_key
from simulation.crowd.timetable import pace_of, timetable
from simulation.world.contract import See
from simulation.world.faults import PEOPLE
from simulation.world.kernel import World
from simulation.world.run import HOUR_NS, Result, run
from venue_model.groups import Role
from venue_model.lots import Lot
from venue_model.signing import public_key_of
from venue_model.tools.files import example, read_venue
from venue_model.zones import Zone

COUNTY = read_venue(example("county_hall"))
COMMITTEE = (Role.EXP, Role.OWN_C)


def lots_of(seed: int, count: int, hours: float = 2.0) -> tuple[Lot, ...]:
    world = World(seed, int(hours * HOUR_NS))
    return draw_lots(COUNTY, world, count, world.span_ns)


def broken(result: Result) -> list[str]:
    return [f"{violation.law}: {violation.text}" for violation in result.violations]


def test_drawn_lots_have_a_lawful_committee_and_fit_into_rooms_and_hours() -> None:
    for seed in range(30):
        lots = lots_of(seed, 3)
        assert lots
        pace = pace_of(COUNTY, 2 * HOUR_NS)
        for lot in lots:
            members = [p for p in lot.people if p.role in COMMITTEE]
            assert len(members) % 2 == 1 and len(members) >= 5 and sum(p.role is Role.OWN_C for p in members) * 3 <= len(members)
            plan = timetable(lot.opening_utc_ns, COUNTY, pace)
            assert World(seed, 0).utc_ns <= plan.preparation and plan.over <= World(seed, 0).utc_ns + 2 * HOUR_NS


def test_two_runs_of_one_seed_draw_the_same_people_and_another_seed_others() -> None:
    assert lots_of(4, 2) == lots_of(4, 2) != lots_of(5, 2)


def test_a_virtual_phone_answers_with_the_key_that_the_roster_names() -> None:
    people = [p for seed in range(10) for lot in lots_of(seed, 2) for p in lot.people if p.qr_key]
    assert people and all(p.qr_key == public_key_of(phone_key(p.person)).hex() for p in people)


def test_a_day_of_honest_people_ends_with_everybody_at_home() -> None:
    result = run(3, 2.0, COUNTY, ())
    assert broken(result) == []
    moves = [seen.fields for seen in result.trace if seen.kind is See.MOVED]
    seated = {str(m["person"]) for m in moves if m["to"] and COUNTY.rooms[m["to"]].zone is Zone.EVALUATION}
    assert len(seated) >= 5
    assert sum((m["from"] == "") - (m["to"] == "") for m in moves) == 0
    waits = [seen for seen in result.trace if seen.kind is See.QUEUE]
    assert len([seen for seen in waits if seen.fields["act"] == "joins"]) == len([s for s in waits if s.fields["act"] != "joins"])


@pytest.mark.parametrize("deed", [kind.name for kind in PEOPLE])
def test_the_house_stands_a_day_on_which_everybody_does_it(deed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(misdeeds.SHARE, deed, 100.0)
    result = run(11, 0.6, COUNTY, (deed,), everything=False, lots=1)
    assert broken(result) == []
    done = {"try-every-door": _refused_at_four_doors, "fire-door": _door_was_broken, "prop": _held_alarm, "tailgate": _two_on_one_opening}
    if deed in done:
        assert done[deed](result), f"nobody did it: {deed}"


def _refused_at_four_doors(result: Result) -> bool:
    return len({str(s.fields["body"]["door"]) for s in result.trace if s.kind is See.LINE and s.fields["line"] == "refusal"}) >= 4


def _door_was_broken(result: Result) -> bool:
    return any(s.kind is See.LEAF and s.fields["how"] in ("force", "glass") for s in result.trace)


def _held_alarm(result: Result) -> bool:
    return any(s.kind is See.LINE and s.fields["line"] == "alarm" and s.fields["body"]["code"] == "held" for s in result.trace)


def _two_on_one_opening(result: Result) -> bool:
    inside: dict[str, int] = {}
    for seen in result.trace:
        if seen.kind is See.LEAF and seen.fields["open"]:
            inside[str(seen.fields["door"])] = 0
        elif seen.kind is See.MOVED and seen.fields["how"] == "pull":
            inside[str(seen.fields["door"])] += 1
            if inside[str(seen.fields["door"])] > 1:
                return True
    return False
