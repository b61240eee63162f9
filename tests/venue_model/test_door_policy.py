"""The one function that says yes at a door: one reason for each no, and two things that it never does."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venue_model.door_policy import Admit, ComponentPolicy, Pass, Refuse, Standing, decide_entry, illegal_groups
from venue_model.groups import ALWAYS_SEPARATED, Role, separated_pairs
from venue_model.ids import ComponentId, LotId, PersonKey
from venue_model.moments import Now, S
from venue_model.profiles import DoorMode
from venue_model.rules import RULES
from venue_model.zones import Zone, never_admits

T = 1_800_000_000 * S
NOW = Now(mono_ns=100 * S, utc_ns=T)
EXPERT = Pass("d-exp", PersonKey("p-exp"), Role.EXP, LotId("L1"), T - 3600 * S, T + 3600 * S, window=True,
              authorised_utc_ns=T - 60 * S, once=True, locker=True)  # fmt: skip
POLICY = ComponentPolicy(ComponentId("e1"), 1, 7, DoorMode.INTAKE, (Role.EXP, Role.SUP), False, (EXPERT,))
STANDING = Standing(POLICY, 160 * S, lockers=frozenset({PersonKey("p-exp")}))
ROOM = (Zone.EVALUATION,)
ELSEWHERE = {"d-bid": Role.BID, "d-other": Role.EXP}


def decide(standing: Standing = STANDING, digest: str = "d-exp", zones: tuple[Zone, ...] = ROOM, now: Now = NOW) -> Admit | Refuse:
    return decide_entry(standing, zones, digest, ELSEWHERE, 300, now)


def with_pass(**changes: object) -> Standing:
    entry = replace(EXPERT, **changes)  # type: ignore[arg-type]
    return replace(STANDING, policy=replace(POLICY, passes=(entry,)))


def with_policy(**changes: object) -> Standing:
    return replace(STANDING, policy=replace(POLICY, **changes))  # type: ignore[arg-type]


def test_an_expert_who_did_everything_right_is_let_in() -> None:
    assert decide() == Admit(EXPERT)


@pytest.mark.parametrize(
    ("rule", "standing", "digest"),
    [
        ("I1", STANDING, "d-bid"),
        ("I2", STANDING, "d-other"),
        ("I3", with_pass(authorised_utc_ns=None), "d-exp"),
        ("I3", with_pass(authorised_utc_ns=T - 301 * S), "d-exp"),
        ("I4", replace(STANDING, entered=frozenset({"d-exp"})), "d-exp"),
        ("I5", replace(STANDING, lockers=frozenset()), "d-exp"),
        ("I5", replace(STANDING, lockers=frozenset({PersonKey("p-other")})), "d-exp"),
        ("I8", with_policy(seal=True), "d-exp"),
        ("CLEAR", with_policy(mode=DoorMode.CLEAR, groups=()), "d-exp"),
        ("LEASE", replace(STANDING, policy=None), "d-exp"),
        ("LEASE", replace(STANDING, lease_until_mono_ns=None), "d-exp"),
        ("LEASE", replace(STANDING, lease_until_mono_ns=100 * S), "d-exp"),
        ("PHASE", with_policy(groups=(Role.SUP,)), "d-exp"),
        ("PASS-UNKNOWN", STANDING, "d-nobody"),
        ("PASS-EARLY", with_pass(from_utc_ns=T + 1), "d-exp"),
        ("PASS-EXPIRED", with_pass(until_utc_ns=T), "d-exp"),
        ("FIRE", replace(STANDING, fire=True), "d-exp"),
    ],
)
def test_each_rule_refuses_alone_and_says_why(rule: str, standing: Standing, digest: str) -> None:
    verdict = decide(standing, digest)
    assert isinstance(verdict, Refuse)
    assert verdict.rule == rule
    assert verdict.because.startswith(RULES[rule].because)


@pytest.mark.parametrize(
    ("first", "standing"),
    [
        ("I1", replace(STANDING, fire=True, lease_until_mono_ns=None)),
        ("FIRE", replace(STANDING, fire=True, lease_until_mono_ns=None)),
        ("LEASE", replace(with_policy(seal=True), lease_until_mono_ns=None)),
        ("I8", with_policy(seal=True, mode=DoorMode.CLEAR, groups=())),
        ("CLEAR", replace(with_policy(mode=DoorMode.CLEAR, groups=()), entered=frozenset({"d-exp"}))),
        ("PHASE", replace(with_policy(groups=()), entered=frozenset({"d-exp"}))),
        ("I3", replace(with_pass(authorised_utc_ns=None), entered=frozenset({"d-exp"}), lockers=frozenset())),
        ("I4", replace(STANDING, entered=frozenset({"d-exp"}), lockers=frozenset())),
    ],
)
def test_when_several_rules_refuse_the_first_in_the_fixed_order_is_the_reason(first: str, standing: Standing) -> None:
    verdict = decide(standing, "d-bid" if first == "I1" else "d-exp")
    assert isinstance(verdict, Refuse)
    assert verdict.rule == first


def test_a_slow_clock_does_not_turn_a_person_away() -> None:
    unsure = replace(NOW, utc_error_ns=2 * S)
    assert isinstance(decide(with_pass(authorised_utc_ns=T - 302 * S), now=unsure), Admit)
    assert isinstance(decide(with_pass(authorised_utc_ns=T - 303 * S), now=unsure), Refuse)
    assert isinstance(decide(with_pass(from_utc_ns=T + 2 * S), now=unsure), Admit)
    assert isinstance(decide(with_pass(until_utc_ns=T - S), now=unsure), Admit)


def test_a_refusal_names_person_group_and_lot_for_staff_where_they_are_known() -> None:
    late = decide(with_pass(until_utc_ns=T))
    assert isinstance(late, Refuse)
    assert (late.person, late.group, late.lot) == ("p-exp", Role.EXP, "L1")
    elsewhere = decide(digest="d-other")
    assert isinstance(elsewhere, Refuse)
    assert (elsewhere.person, elsewhere.group, elsewhere.lot) == (None, Role.EXP, None)


def test_what_the_person_is_told_never_says_whose_room_it_is() -> None:
    for rule in RULES.values():
        assert rule.zh and rule.en and rule.because
        assert not [role for role in Role if role.value in rule.en.split()]


# The search below knows nothing of the order of rules.

roles = st.sampled_from(Role)
digests = st.sampled_from(["a", "b", "c"])
times = st.integers(-5, 5).map(lambda n: T + n * S)
passes = st.builds(
    Pass, digests, st.sampled_from([PersonKey("p"), PersonKey("q")]), roles, st.just(LotId("L")), times, times, st.booleans(),
    st.none() | times, st.booleans(), st.booleans(),
)  # fmt: skip
policies = st.builds(
    ComponentPolicy, st.just(ComponentId("x")), st.just(1), st.just(1), st.sampled_from(DoorMode),
    st.lists(roles, max_size=6).map(tuple), st.booleans(), st.lists(passes, max_size=4).map(tuple),
)  # fmt: skip
standings = st.builds(
    Standing, st.none() | policies, st.none() | st.integers(90, 110).map(lambda n: n * S), st.booleans(),
    st.frozensets(digests), st.frozensets(st.sampled_from([PersonKey("p"), PersonKey("q")])),
)  # fmt: skip
zones = st.lists(st.sampled_from(Zone), min_size=1, max_size=3).map(tuple)


@given(standings, zones, digests, st.dictionaries(digests, roles))
def test_nobody_is_admitted_who_is_barred_or_without_a_living_lease(
    standing: Standing, zones: tuple[Zone, ...], digest: str, elsewhere: dict[str, Role]
) -> None:
    verdict = decide_entry(standing, zones, digest, elsewhere, 300, NOW)
    if isinstance(verdict, Refuse):
        assert verdict.rule in RULES
        return
    entry, policy = verdict.entry, standing.policy
    assert policy is not None
    assert standing.lease_until_mono_ns is not None
    assert standing.lease_until_mono_ns > NOW.mono_ns
    assert not any(never_admits(zone, entry.group) for zone in zones)
    assert entry.group in policy.groups
    assert not policy.seal
    assert policy.mode is not DoorMode.CLEAR
    assert not standing.fire
    assert entry.digest == digest
    assert not (entry.once and digest in standing.entered)
    assert not entry.locker or entry.person in standing.lockers


@given(zones, st.lists(roles, max_size=5).map(tuple))
def test_the_compiled_matrix_refuses_exactly_the_illegal_mixtures(zones: tuple[Zone, ...], groups: tuple[Role, ...]) -> None:
    barred = any(never_admits(zone, group) for zone in zones for group in groups)
    mixed = bool(separated_pairs(groups, ALWAYS_SEPARATED))
    assert (illegal_groups(zones, groups, ALWAYS_SEPARATED) is not None) == (barred or mixed)
