"""Who must never meet whom, and who is never admitted where."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venue_model.groups import ALWAYS_SEPARATED, ROLE_NAMES, Role, pair, separated_pairs
from venue_model.lots import PHASE_NAMES, Phase
from venue_model.zones import NEVER_IN, OPEN_ZONES, ZONE_NAMES, Zone, never_admits

roles = st.lists(st.sampled_from(Role))


@pytest.mark.parametrize("zone", [Zone.DRAW, Zone.INTAKE, Zone.CORRIDOR, Zone.EVALUATION, Zone.REST, Zone.MONITOR])
def test_a_bidder_is_never_admitted_on_the_evaluation_side(zone: Zone) -> None:
    assert never_admits(zone, Role.BID)
    assert never_admits(zone, Role.MED)


def test_an_expert_is_never_admitted_to_an_opening_room() -> None:
    assert never_admits(Zone.OPENING, Role.EXP)
    assert not never_admits(Zone.OPENING, Role.BID)


def test_no_law_counts_on_rooms_that_nobody_guards() -> None:
    assert OPEN_ZONES.isdisjoint(NEVER_IN)


@pytest.mark.parametrize("member", [Role.EXP, Role.OWN_C])
@pytest.mark.parametrize("outsider", [Role.BID, Role.OWN, Role.MED])
def test_the_committee_never_meets_those_who_want_something_of_it(member: Role, outsider: Role) -> None:
    assert pair(member, outsider) in ALWAYS_SEPARATED
    assert separated_pairs([outsider, Role.SUP, member], ALWAYS_SEPARATED)


@given(roles)
def test_the_pairs_are_those_of_the_matrix_whatever_the_order(groups: list[Role]) -> None:
    found = separated_pairs(groups, ALWAYS_SEPARATED)
    assert {pair(*both) for both in found} == {pair(a, b) for a, b in combinations(set(groups), 2)} & ALWAYS_SEPARATED
    assert found == separated_pairs(reversed(groups), ALWAYS_SEPARATED)


@given(roles, roles)
def test_adding_people_never_takes_a_clash_away(some: list[Role], more: list[Role]) -> None:
    assert set(separated_pairs(some, ALWAYS_SEPARATED)) <= set(separated_pairs([*some, *more], ALWAYS_SEPARATED))


def test_every_word_has_its_two_names() -> None:
    assert ROLE_NAMES.keys() == set(Role)
    assert ZONE_NAMES.keys() == set(Zone)
    assert PHASE_NAMES.keys() == set(Phase)
    words = [*ROLE_NAMES.values(), *ZONE_NAMES.values(), *PHASE_NAMES.values()]
    assert all(zh and en for zh, en in words)
