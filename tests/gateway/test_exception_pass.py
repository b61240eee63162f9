"""Exception passes: somebody comes in for a reason and for a while, never alone, never past a seal, never to whom they must not meet."""

from dataclasses import replace
from typing import Any

import pytest
from day_case import SALT, at, card, county, day, person
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.access import wanted_access
from gateway.core.day import Day
from gateway.core.exception_pass import LONGEST_S, ExceptionPass, check_exception
from venue_model.groups import Role, separated_pairs
from venue_model.ids import ComponentId, LotId, PersonKey, RoomId
from venue_model.lots import Phase
from venue_model.moments import S
from venue_model.passes import card_digest
from venue_model.profiles import DoorMode
from venue_model.tools.files import shipped_profiles
from venue_model.zones import never_admits

VENUE = county()
E1, E2, WING = ComponentId("e1"), ComponentId("e2"), ComponentId("wing")
PEOPLE = (person("exp-1", Role.EXP), person("wit-1", Role.WIT), person("stf-1", Role.STF), person("bid-1", Role.BID))
PLUMBER = ExceptionPass(
    "x1", PersonKey("plumber"), Role.STF, card("plumber"), (RoomId("e1"),), LotId("L1"), "漏水", "li", (Role.WIT,), 5, 5 + 600 * S
)  # fmt: skip


def at_work(phase: Phase) -> Day:
    return day(at(phase, people=PEOPLE))


def test_somebody_comes_in_beside_an_escort_and_for_as_long_as_it_says() -> None:
    states = at_work(Phase.OPENING)
    assert check_exception(VENUE, states, PLUMBER) is None
    found = wanted_access(VENUE, states, {}, SALT, (PLUMBER,))[E1]
    assert (found.mode, found.groups) == (DoorMode.DUTY, (Role.STF, Role.WIT))
    own = next(p for p in found.passes if p.person == "plumber")
    assert (own.digest, own.escort) == (card_digest(SALT, bytes.fromhex(PLUMBER.card)), (Role.WIT,))
    assert (own.from_utc_ns, own.until_utc_ns, own.lot) == (5, 5 + 600 * S, "L1")
    escort = next(p for p in found.passes if p.person == "wit-1")
    assert (escort.from_utc_ns, escort.until_utc_ns, escort.escort) == (5, 5 + 600 * S, ())


def test_others_of_the_same_role_do_not_come_in_with_an_exception() -> None:
    found = wanted_access(VENUE, at_work(Phase.OPENING), {}, SALT, (PLUMBER,))[E1]
    colleague = next(p for p in found.passes if p.person == "stf-1")
    assert colleague.from_utc_ns > 2**61, "known, and not for now"


def test_an_exception_opens_its_own_rooms_and_no_other() -> None:
    states = at_work(Phase.OPENING)
    plain, with_it = wanted_access(VENUE, states, {}, SALT), wanted_access(VENUE, states, {}, SALT, (PLUMBER,))
    assert {component for component in plain if plain[component] != with_it[component]} == {E1}


def test_the_monitor_room_keeps_its_duty_while_somebody_mends_it() -> None:
    mender = replace(PLUMBER, rooms=(RoomId("monitor"),))
    found = wanted_access(VENUE, at_work(Phase.OPENING), {}, SALT, (mender,))[ComponentId("monitor")]
    assert set(found.groups) == {Role.SUP, Role.WIT, Role.STF}
    assert {p.person for p in found.passes} == {"plumber", "wit-1"}


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        ({"reason": " "}, "reason"),
        ({"approver": ""}, "reason"),
        ({"until_utc_ns": 5}, "time"),
        ({"until_utc_ns": 6 + LONGEST_S * S}, "time"),
        ({"card": ""}, "card"),
        ({"rooms": ()}, "rooms"),
        ({"rooms": (RoomId("hall"),)}, "unknown-room"),
        ({"rooms": (RoomId("e9"),)}, "unknown-room"),
        ({"lot": LotId("L9")}, "unknown-lot"),
        ({"role": Role.BID}, "I1"),
        ({"role": Role.MED}, "I1"),
        ({"escort": ()}, "escort"),
        ({"escort": (Role.STF,)}, "escort"),  # nobody walks in their own kind
        ({"escort": (Role.BID,)}, "escort"),  # who may not be there walks nobody in
        ({"role": Role.OWN, "escort": (Role.EXP,)}, "escort"),  # who may not be met
        ({"rooms": (RoomId("wing"),), "escort": (Role.SUP,)}, "escort"),  # who needs an escort there is none
    ],
)
def test_an_exception_that_can_never_be_right_is_refused_with_its_reason(spoil: dict[str, Any], code: str) -> None:
    refusal = check_exception(VENUE, at_work(Phase.OPENING), replace(PLUMBER, **spoil))
    assert refusal is not None and refusal.code == code
    assert refusal.why.zh and refusal.why.en


def test_no_exception_enters_a_sealed_room() -> None:
    refusal = check_exception(VENUE, at_work(Phase.EVALUATION), PLUMBER)
    assert refusal is not None and refusal.code == "I8"
    found = wanted_access(VENUE, at_work(Phase.EVALUATION), {}, SALT, (PLUMBER,))[E1]
    assert (found.seal, found.groups, "plumber" in {p.person for p in found.passes}) == (True, (), False)


def test_an_exception_that_was_given_before_the_seal_admits_nobody_after_it() -> None:
    assert check_exception(VENUE, at_work(Phase.INTAKE), PLUMBER) is None
    assert wanted_access(VENUE, at_work(Phase.EVALUATION), {}, SALT, (PLUMBER,))[E1] == wanted_access(
        VENUE, at_work(Phase.EVALUATION), {}, SALT
    )[E1]


def test_no_exception_brings_somebody_to_whom_they_must_not_meet() -> None:
    zero = replace(VENUE, profile=shipped_profiles()["zero-contact"])
    mender = replace(PLUMBER, role=Role.NOT, escort=(Role.SUP,))
    refusal = check_exception(zero, at_work(Phase.INTAKE), mender)
    assert refusal is not None and refusal.code == "apart"
    assert check_exception(zero, at_work(Phase.OPENING), mender) is None, "while the room is empty"
    held_back = wanted_access(zero, at_work(Phase.INTAKE), {}, SALT, (mender,))
    assert held_back == wanted_access(zero, at_work(Phase.INTAKE), {}, SALT), "and the experts lose nothing by it"


def test_an_exception_holds_no_longer_than_its_lot() -> None:
    assert wanted_access(VENUE, at_work(Phase.CLOSED), {}, SALT, (PLUMBER,)) == wanted_access(VENUE, at_work(Phase.CLOSED), {}, SALT)


roles = st.sampled_from(Role)
exceptions = st.builds(
    ExceptionPass,
    st.just("x"), st.just(PersonKey("x")), roles, st.just("00aa11bb"),
    st.lists(st.sampled_from(sorted(VENUE.component_of)), min_size=1, max_size=3, unique=True).map(tuple), st.just(LotId("L1")),
    st.just("r"), st.just("a"), st.lists(roles, max_size=3).map(tuple), st.just(0), st.just(S),
)  # fmt: skip


@settings(deadline=None)
@given(st.sampled_from(sorted(shipped_profiles())), st.sampled_from(Phase), st.sampled_from(Phase), st.lists(exceptions, max_size=3))
def test_no_exception_whatever_it_asks_breaks_the_law_or_takes_a_room_from_anybody(
    profile: str, one: Phase, other: Phase, wanted: list[ExceptionPass]
) -> None:
    house = replace(VENUE, profile=shipped_profiles()[profile])
    states = day(at(one, people=PEOPLE), at(other, "L2", opening_room="o2", evaluation_room="e2", inquiry=()))
    plain = wanted_access(house, states, {}, SALT)
    for component, found in wanted_access(house, states, {}, SALT, tuple(wanted)).items():
        assert separated_pairs(found.groups, house.profile.separated) == []
        assert not [g for g in found.groups for zone in house.zones_of(component) if never_admits(zone, g)]
        assert set(plain[component].groups) <= set(found.groups)
        assert (found.seal, bool(found.seal and found.groups)) == (plain[component].seal, False)
        assert all(p.escort for p in found.passes if p.person == "x"), "never alone"
