"""The one function that says yes at a door: one reason for each no, and two things that it never does."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venue_model.door_policy import (
    Admit,
    Await,
    ComponentPolicy,
    Entrance,
    Pass,
    Refuse,
    Seen,
    Standing,
    Verdict,
    decide_entry,
    decide_together,
    illegal_escorts,
    illegal_groups,
)
from venue_model.groups import ALWAYS_SEPARATED, Role, separated_pairs
from venue_model.ids import ComponentId, LotId, PersonKey
from venue_model.moments import Now, S
from venue_model.profiles import DoorMode
from venue_model.rules import RULES
from venue_model.venue import AntiPassback
from venue_model.zones import Zone, never_admits

T = 1_800_000_000 * S
NOW = Now(mono_ns=100 * S, utc_ns=T)
EXPERT = Pass("d-exp", PersonKey("p-exp"), Role.EXP, LotId("L1"), T - 3600 * S, T + 3600 * S, window=True,
              authorised_utc_ns=T - 60 * S, once=True, locker=True)  # fmt: skip
POLICY = ComponentPolicy(ComponentId("e1"), 1, 7, DoorMode.INTAKE, (Role.EXP, Role.SUP), False, (EXPERT,))
STANDING = Standing(POLICY, 160 * S, lockers=frozenset({PersonKey("p-exp")}))
ROOM = (Zone.EVALUATION,)
ELSEWHERE = {"d-bid": Role.BID, "d-other": Role.EXP}


def decide(
    standing: Standing = STANDING, digest: str = "d-exp", zones: tuple[Zone, ...] = ROOM, now: Now = NOW, door: Entrance = Entrance()
) -> Verdict:
    return decide_entry(standing, zones, digest, ELSEWHERE, 300, now, door)


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
        ("I4", with_pass(spent=True), "d-exp"),
        ("I5", replace(STANDING, lockers=frozenset()), "d-exp"),
        ("I5", replace(STANDING, lockers=frozenset({PersonKey("p-other")})), "d-exp"),
        ("I8", with_policy(seal=True), "d-exp"),
        ("CLEAR", with_policy(mode=DoorMode.CLEAR, groups=()), "d-exp"),
        ("LOCKDOWN", with_policy(mode=DoorMode.LOCKDOWN, groups=()), "d-exp"),
        ("LOCKDOWN", with_policy(mode=DoorMode.LOCKDOWN), "d-exp"),
        ("FULL", with_policy(limit=0), "d-exp"),
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
        ("I8", with_policy(seal=True, mode=DoorMode.LOCKDOWN, groups=())),
        ("LOCKDOWN", replace(with_policy(mode=DoorMode.LOCKDOWN), entered=frozenset({"d-exp"}))),
        ("I5", replace(with_policy(limit=0), lockers=frozenset())),
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


# The rules of single doors.

E1, WING = ComponentId("e1"), ComponentId("wing")
HERE, BEFORE, NOWHERE = Seen(E1, T - 60 * S), Seen(WING, T - 60 * S), Seen(None, T - 60 * S)
SUPERVISOR = Pass("d-sup", PersonKey("p-sup"), Role.SUP, LotId("L1"), 0, 2**62)


def at_door(kind: AntiPassback, before: ComponentId | None = WING) -> Entrance:
    return Entrance(before, kind, 300)


@pytest.mark.parametrize(
    ("door", "seen", "rule"),
    [
        (at_door(AntiPassback.NONE), HERE, ""),
        (at_door(AntiPassback.SOFT), HERE, ""),
        (at_door(AntiPassback.HARD), HERE, "APB"),
        (at_door(AntiPassback.HARD), BEFORE, ""),
        (at_door(AntiPassback.HARD), NOWHERE, ""),
        (at_door(AntiPassback.HARD), Seen(), ""),
        (at_door(AntiPassback.TIMED), HERE, "APB"),
        (at_door(AntiPassback.TIMED), Seen(E1, T - 299 * S), "APB"),
        (at_door(AntiPassback.TIMED), Seen(E1, T - 300 * S), ""),
        (at_door(AntiPassback.TIMED), Seen(E1, T + 299 * S), "APB"),
        (at_door(AntiPassback.TIMED), Seen(E1, T + 300 * S), ""),
        (at_door(AntiPassback.TIMED), BEFORE, ""),
        (at_door(AntiPassback.AREA), HERE, "APB-AREA"),
        (at_door(AntiPassback.AREA), BEFORE, ""),
        (at_door(AntiPassback.AREA), NOWHERE, "APB-AREA"),
        (at_door(AntiPassback.AREA), Seen(), "APB-AREA"),
        (at_door(AntiPassback.AREA, None), HERE, "APB"),
        (at_door(AntiPassback.AREA, None), BEFORE, ""),
        (at_door(AntiPassback.AREA, None), Seen(), ""),
        (at_door(AntiPassback.HARD, E1), HERE, ""),  # a door between two rooms of the domain
    ],
)
def test_what_a_door_makes_of_where_somebody_was_seen(door: Entrance, seen: Seen, rule: str) -> None:
    verdict = decide(replace(STANDING, seen=seen), door=door)
    assert (verdict.rule if isinstance(verdict, Refuse) else "") == rule
    if isinstance(verdict, Admit):
        assert verdict.passback == (door.antipassback is AntiPassback.SOFT)


def test_a_doubtful_clock_lets_the_timed_door_forgive_sooner() -> None:
    unsure = replace(NOW, utc_error_ns=2 * S)
    late, early = (replace(STANDING, seen=Seen(E1, T - age * S)) for age in (298, 297))
    assert isinstance(decide(late, now=unsure, door=at_door(AntiPassback.TIMED)), Admit)
    assert isinstance(decide(early, now=unsure, door=at_door(AntiPassback.TIMED)), Refuse)


@pytest.mark.parametrize(
    ("own", "gateway", "rule"),
    [
        (Seen(E1, 5), Seen(None, 4), "APB"),
        (Seen(E1, 5), Seen(WING, 6), ""),
        (Seen(WING, 5), Seen(E1, 6), "APB"),
        (Seen(WING, 5), Seen(E1, 4), ""),
        (Seen(WING, 5), Seen(E1, 5), ""),  # the same moment: this door was there itself
    ],
)
def test_the_later_sighting_counts_whoever_saw_it(own: Seen, gateway: Seen, rule: str) -> None:
    known = with_pass(inside=gateway.inside, seen_utc_ns=gateway.utc_ns)
    verdict = decide(replace(known, seen=own), door=at_door(AntiPassback.HARD))
    assert (verdict.rule if isinstance(verdict, Refuse) else "") == rule


@pytest.mark.parametrize(("inside", "others", "coming", "full"), [(1, 0, 0, False), (3, 0, 0, True), (1, 1, 1, True), (4, -2, 0, False)])
def test_a_room_is_full_by_everybody_who_is_in_or_on_the_way(inside: int, others: int, coming: int, full: bool) -> None:
    verdict = decide(replace(with_policy(limit=3, others=others), inside=inside, coming=coming))
    assert isinstance(verdict, Refuse) == full


@pytest.mark.parametrize(
    ("inside", "others", "company", "rule"),
    [
        (0, 0, (), "PAIR"),
        (0, 0, (SUPERVISOR,), ""),
        (0, 0, (EXPERT,), "PAIR"),
        (0, 0, (replace(SUPERVISOR, group=Role.BID),), "PAIR"),  # whom he must never meet
        (1, 0, (), ""),
        (0, 1, (), ""),
        (1, -1, (), "PAIR"),
    ],
)
def test_nobody_goes_alone_into_an_empty_room_of_two(inside: int, others: int, company: tuple[Pass, ...], rule: str) -> None:
    verdict = decide(replace(with_policy(others=others), inside=inside, company=company), door=Entrance(two_person=True, companion_s=10))
    if rule:
        assert verdict == Await(rule, EXPERT, 110 * S)
    else:
        assert verdict == Admit(EXPERT, SUPERVISOR.person if company else None)


@pytest.mark.parametrize(
    ("company", "let_in"),
    [
        ((), False),
        ((SUPERVISOR,), True),
        ((replace(SUPERVISOR, group=Role.WIT),), False),
        ((replace(SUPERVISOR, person=EXPERT.person),), False),  # his own second pass
        ((replace(SUPERVISOR, escort=(Role.STF,)),), False),  # who needs an escort himself
    ],
)
def test_an_escort_is_another_person_of_the_right_role_who_needs_none(company: tuple[Pass, ...], let_in: bool) -> None:
    escorted = with_pass(escort=(Role.SUP,))
    entry = replace(EXPERT, escort=(Role.SUP,))
    verdict = decide(replace(escorted, inside=5, company=company))
    assert verdict == (Admit(entry, SUPERVISOR.person) if let_in else Await("ESCORT", entry, 110 * S))


def test_an_escort_whom_one_must_never_meet_is_none() -> None:
    door = Entrance(separated=frozenset({frozenset({Role.SUP, Role.EXP})}))
    assert isinstance(decide(replace(with_pass(escort=(Role.SUP,)), company=(SUPERVISOR,)), door=door), Await)
    assert illegal_escorts([replace(EXPERT, escort=(Role.SUP,))], door.separated) == "SUP would escort EXP, and they must never meet"
    assert illegal_escorts([EXPERT], door.separated) is None


def test_who_stays_out_counts_for_nobody() -> None:
    """c would only go beside b, b only beside a; a is turned away: nobody goes."""

    def decide_chain(one: str, others: Sequence[str], before: int) -> Verdict:
        beside = {"c": "b", "b": "a"}.get(one)
        if beside is None:
            return Refuse("PHASE", "")
        return Admit(EXPERT) if beside in others else Await("ESCORT", EXPERT, 0)

    verdicts = decide_together(("c", "b", "a"), decide_chain)
    assert [type(verdicts[one]) for one in "cba"] == [Await, Await, Refuse]


def test_of_several_the_first_take_the_places() -> None:
    def decide_room(one: str, others: Sequence[str], before: int) -> Verdict:
        return Admit(EXPERT) if before < 2 else Refuse("FULL", "")

    verdicts = decide_together(("a", "b", "c"), decide_room)
    assert [type(verdicts[one]) for one in "abc"] == [Admit, Admit, Refuse]


def test_a_pass_of_duress_is_judged_like_any_other() -> None:
    usual, threatened = decide(STANDING), decide(with_pass(duress=True))
    assert isinstance(usual, Admit)
    assert isinstance(threatened, Admit)
    assert threatened == replace(usual, entry=replace(EXPERT, duress=True))


def test_of_two_passes_for_one_credential_the_first_counts() -> None:
    other = replace(EXPERT, lot=LotId("L2"))
    assert decide(replace(STANDING, policy=replace(POLICY, passes=(EXPERT, other)))) == Admit(EXPERT)


# The search below knows nothing of the order of rules.

roles = st.sampled_from(Role)
digests = st.sampled_from(["a", "b", "c"])
times = st.integers(-5, 5).map(lambda n: T + n * S)
passes = st.builds(
    Pass, digests, st.sampled_from([PersonKey("p"), PersonKey("q")]), roles, st.just(LotId("L")), times, times, st.booleans(),
    st.none() | times, st.booleans(), st.booleans(), st.lists(roles, max_size=2).map(tuple), st.booleans(), st.booleans(),
    st.none() | st.just(ComponentId("x")), times,
)  # fmt: skip
policies = st.builds(
    ComponentPolicy, st.just(ComponentId("x")), st.just(1), st.just(1), st.sampled_from(DoorMode),
    st.lists(roles, max_size=6).map(tuple), st.booleans(), st.lists(passes, max_size=4).map(tuple), st.just(()),
    st.none() | st.integers(0, 3), st.integers(-2, 2),
)  # fmt: skip
doors = st.builds(
    Entrance, st.sampled_from([None, ComponentId("x"), ComponentId("y")]), st.sampled_from(AntiPassback), st.just(3), st.booleans(),
)  # fmt: skip
standings = st.builds(
    Standing, st.none() | policies, st.none() | st.integers(90, 110).map(lambda n: n * S), st.booleans(),
    st.frozensets(digests), st.frozensets(st.sampled_from([PersonKey("p"), PersonKey("q")])),
    st.builds(Seen, st.sampled_from([None, ComponentId("x"), ComponentId("y")]), times), st.integers(-1, 3), st.integers(0, 2),
    st.lists(passes, max_size=2).map(tuple),
)  # fmt: skip
zones = st.lists(st.sampled_from(Zone), min_size=1, max_size=3).map(tuple)


@given(standings, zones, digests, st.dictionaries(digests, roles), doors)
def test_nobody_is_admitted_who_is_barred_or_without_a_living_lease(
    standing: Standing, zones: tuple[Zone, ...], digest: str, elsewhere: dict[str, Role], door: Entrance
) -> None:
    verdict = decide_entry(standing, zones, digest, elsewhere, 300, NOW, door)
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
    assert not (entry.once and (entry.spent or digest in standing.entered))
    assert not entry.locker or entry.person in standing.lockers
    within = door.before == policy.component
    assert within or policy.limit is None or standing.inside + policy.others + standing.coming < policy.limit
    if isinstance(verdict, Await):
        assert verdict.rule in ("ESCORT", "PAIR")
        return
    others = {other.person: other for other in standing.company if other.person != entry.person}
    assert not entry.escort or others[verdict.beside].group in entry.escort  # type: ignore[index]
    assert within or not door.two_person or standing.inside + policy.others > 0 or others


@given(zones, st.lists(roles, max_size=5).map(tuple))
def test_the_compiled_matrix_refuses_exactly_the_illegal_mixtures(zones: tuple[Zone, ...], groups: tuple[Role, ...]) -> None:
    barred = any(never_admits(zone, group) for zone in zones for group in groups)
    mixed = bool(separated_pairs(groups, ALWAYS_SEPARATED))
    assert (illegal_groups(zones, groups, ALWAYS_SEPARATED) is not None) == (barred or mixed)
