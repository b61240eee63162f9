"""Which signed policies a door believes."""

from dataclasses import replace

import pytest
from agent_hall import (
    AGENT,
    BIDDER,
    COMMISSION,
    EXPERT,
    POLICY_KEY,
    SALT,
    SECOND_WITNESS_KEY,
    SUPERVISOR_KEY,
    WITNESS_KEY,
    Hall,
    admit,
    approve,
    body,
    clear,
    entry_of,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.core.policy import Accepted, Held, Rejected, accept, check_body, verify_signed
from venue_model import signing
from venue_model.door_policy import Approved, ComponentPolicy
from venue_model.groups import Role
from venue_model.signed import policy_bytes
from venue_model.wire import SignedPolicy, decode, encode


def take(*policies: ComponentPolicy) -> tuple[Held | None, list[str]]:
    """Offer policies one after another; what is held in the end, and the verdicts."""
    held: Held | None = None
    verdicts = []
    for offered in policies:
        verdict = accept(held, offered, SALT, COMMISSION)
        verdicts.append("ok" if isinstance(verdict, Accepted) else verdict.code)
        if isinstance(verdict, Accepted):
            held = verdict.held
    return held, verdicts


BIDDERS = admit("o1", 2, [Role.BID])


@pytest.mark.parametrize(
    ("policies", "verdicts"),
    [
        pytest.param([clear("o1", 5), clear("o1", 4)], ["ok", "stale"], id="an older epoch"),
        pytest.param([clear("o1", 5), clear("o1", 9, term=0)], ["ok", "stale"], id="an older term"),
        pytest.param([clear("o1", 5), clear("o1", 1, term=2)], ["ok", "ok"], id="a new term may count from one"),
        pytest.param([BIDDERS, BIDDERS], ["ok", "ok"], id="a renewal"),
        pytest.param([BIDDERS, admit("o1", 2, [Role.BID], entry_of(BIDDER))], ["ok", "ok"], id="a renewal with another pass"),
        pytest.param([BIDDERS, admit("o1", 2, [Role.BID, Role.AGT])], ["ok", "conflict"], id="other groups under one epoch"),
        pytest.param([BIDDERS, clear("o1", 2)], ["ok", "conflict"], id="another mode under one epoch"),
        pytest.param([clear("o1", 2), clear("o1", 2, seal=True)], ["ok", "conflict"], id="another seal under one epoch"),
        pytest.param([admit("o1", 2, [Role.EXP])], ["matrix"], id="experts are never admitted to an opening room"),
        pytest.param([admit("wing", 2, [Role.BID])], ["matrix"], id="bidders are never admitted to the wing"),
        pytest.param([admit("e1", 2, [Role.OWN, Role.EXP])], ["matrix"], id="separated groups together"),
        pytest.param([admit("o9", 2, [Role.BID])], ["component"], id="a room of another board"),
    ],
)
def test_what_a_door_accepts(policies: list[ComponentPolicy], verdicts: list[str]) -> None:
    assert take(*policies)[1] == verdicts


SEALED = clear("e1", 3, seal=True)


@pytest.mark.parametrize(
    ("approved", "verdict"),
    [
        pytest.param((), "unapproved-release", id="nobody"),
        pytest.param((approve("e1", "release", 3),), "ok", id="witness and supervisor"),
        pytest.param((approve("e1", "release", 3, ("w1", WITNESS_KEY)),), "unapproved-release", id="one alone"),
        pytest.param(
            (approve("e1", "release", 3, ("w1", WITNESS_KEY), ("w2", SECOND_WITNESS_KEY)),), "unapproved-release", id="two of one role"
        ),
        pytest.param((approve("e1", "release", 3, ("w1", WITNESS_KEY), ("w1", WITNESS_KEY)),), "unapproved-release", id="one twice"),
        pytest.param(
            (approve("e1", "release", 3, ("w1", WITNESS_KEY), ("s1", SECOND_WITNESS_KEY)),), "unapproved-release", id="a wrong key"
        ),
        pytest.param((approve("e1", "open", 3),), "unapproved-release", id="another act"),
        pytest.param((approve("o1", "release", 3),), "unapproved-release", id="another room"),
        pytest.param((approve("e1", "release", 2),), "unapproved-release", id="an older seal"),
        pytest.param((approve("e1", "release", 9),), "unapproved-release", id="a seal that is not set yet"),
        pytest.param((approve("e1", "release", 3, term=2),), "unapproved-release", id="another term"),
    ],
)
def test_who_lifts_a_seal(approved: tuple[Approved, ...], verdict: str) -> None:
    assert take(clear("e1", 2), SEALED, clear("e1", 4, approved=approved))[1] == ["ok", "ok", verdict]


def test_a_seal_outlives_clear_a_new_term_and_a_lone_signer() -> None:
    held, verdicts = take(SEALED, clear("e1", 4), clear("e1", 1, term=2, seal=True), clear("e1", 2, term=2))
    assert verdicts == ["ok", "unapproved-release", "ok", "unapproved-release"]
    assert held is not None and held.policy.seal


def test_a_door_that_slept_through_the_sealing_still_takes_the_release() -> None:
    """The gateway names the last sealed policy; this door holds an earlier one of the same seal."""
    _, verdicts = take(clear("e1", 2), clear("e1", 5, seal=True), clear("e1", 8, approved=(approve("e1", "release", 7),)))
    assert verdicts == ["ok", "ok", "ok"]


@pytest.mark.parametrize("slept", [(), (clear("e1", 2),), (clear("e1", 2), SEALED)])
def test_the_word_that_lifted_an_earlier_seal_lifts_no_later_one(slept: tuple[ComponentPolicy, ...]) -> None:
    """Found by `simulation.proof.search`: the door slept through that release, and whoever holds the policy key repeats it."""
    old = approve("e1", "release", 3)
    held, verdicts = take(*slept, clear("e1", 7, seal=True), clear("e1", 8, approved=(old,)))
    assert verdicts[-1] == "unapproved-release"
    assert held is not None and held.policy.seal


def test_after_a_restore_the_release_is_numbered_in_the_new_term() -> None:
    release = approve("e1", "release", 1, term=2)
    assert take(SEALED, clear("e1", 1, term=2, seal=True), clear("e1", 2, term=2, approved=(release,)))[1] == ["ok", "ok", "ok"]


EXPERTS, OWNERS = admit("intake", 2, [Role.EXP]), [Role.OWN]


@pytest.mark.parametrize(
    ("policies", "verdict"),
    [
        pytest.param([admit("intake", 4, OWNERS, approved=(approve("intake", "open", 3),))], "not-clear", id="without a CLEAR between"),
        pytest.param([clear("intake", 3), admit("intake", 4, OWNERS)], "unapproved-open", id="without approvals"),
        pytest.param([clear("intake", 3), admit("intake", 4, OWNERS, approved=(approve("intake", "open", 3),))], "ok", id="approved"),
        pytest.param(
            [clear("intake", 3), admit("intake", 4, OWNERS, approved=(approve("intake", "open", 2),))], "unapproved-open",
            id="approved for an earlier opening",
        ),
        pytest.param([clear("intake", 3), admit("intake", 4, [Role.AGT])], "ok", id="a group that may meet them"),
    ],
)  # fmt: skip
def test_who_opens_a_room_to_a_separated_group(policies: list[ComponentPolicy], verdict: str) -> None:
    assert take(EXPERTS, *policies)[1][-1] == verdict


def test_an_approval_opens_once() -> None:
    opening = approve("intake", "open", 3)
    back = admit("intake", 6, [Role.EXP], approved=(opening,))
    verdicts = take(EXPERTS, clear("intake", 3), admit("intake", 4, OWNERS, approved=(opening,)), clear("intake", 5), back)[1]
    assert verdicts == ["ok", "ok", "ok", "ok", "unapproved-open"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"venue": "other"}, "venue"), ({"agent": "other"}, "agent"), ({"session": 2}, "session"), ({"session": 0}, "session"),
        ({"renewal": 3}, "renewal"), ({"renewal": 4}, None),
    ],
)  # fmt: skip
def test_a_body_is_for_this_board_this_session_and_once(change: dict[str, object], code: str | None) -> None:
    verdict = check_body(replace(body(renewal=4), **change), COMMISSION, session=1, renewal=3)  # type: ignore[arg-type]
    assert (verdict.code if isinstance(verdict, Rejected) else verdict) == code


def test_only_the_policy_key_signs_and_not_a_byte_may_differ() -> None:
    offered = body(admit("o1", 2, [Role.BID], entry_of(BIDDER), entry_of(AGENT)))
    signed = SignedPolicy(offered, signing.sign(POLICY_KEY, policy_bytes(offered)).hex())
    assert verify_signed(decode(SignedPolicy, encode(signed)), COMMISSION)
    assert not verify_signed(replace(signed, body=replace(offered, lease_s=61)), COMMISSION)
    assert not verify_signed(replace(signed, signature="no hex"), COMMISSION)
    assert not verify_signed(replace(signed, signature=signing.sign(SUPERVISOR_KEY, policy_bytes(offered)).hex()), COMMISSION)


def test_a_rejected_policy_renews_no_lease_and_says_why() -> None:
    hall = Hall()
    hall.policy(admit("o1", 2, [Role.BID], entry_of(BIDDER)))
    hall.later(50)
    hall.policy(admit("o1", 2, [Role.BID, Role.AGT], entry_of(BIDDER)))
    assert hall.door("o1-door").refused.startswith("conflict")
    assert hall.door("o1-door").lease_left_s == 10
    hall.later(10)
    hall.card("o1-reader", BIDDER)
    assert hall.records("refusal")[-1]["rule"] == "LEASE"


def test_the_same_refused_policy_again_is_one_line() -> None:
    hall = Hall()
    for _ in range(3):
        hall.policy(admit("wing", 2, [Role.BID]))
    assert [record["code"] for record in hall.records("policy")] == ["matrix"]


def test_a_restarted_board_keeps_epoch_seal_and_passes_but_no_lease() -> None:
    hall = Hall()
    hall.policy(clear("e1", 3, seal=True), admit("o1", 2, [Role.BID], entry_of(BIDDER)))
    again = hall.restart()
    assert again.door("e1-door").components["e1"].epoch == 3
    again.card("o1-reader", BIDDER)
    assert again.records("refusal")[-1]["rule"] == "LEASE"
    again.policy(clear("e1", 4))
    assert again.door("e1-door").refused.startswith("unapproved-release")
    again.policy(admit("o1", 2, [Role.BID], entry_of(BIDDER)))
    again.later(2)
    again.card("o1-reader", BIDDER)
    assert again.strike("o1-door")


GROUPS = st.lists(st.sampled_from([Role.OWN, Role.EXP, Role.AGT, Role.SUP]), unique=True, max_size=3)


def offer(epoch: int, term: int, seal: bool, groups: list[Role], act: str, at: int) -> ComponentPolicy:
    approved = (approve("intake", act, at, term=term),) if act else ()
    return ComponentPolicy(EXPERTS.component, term, epoch, EXPERTS.mode, () if seal else tuple(groups), seal, (), approved)


OFFERS = st.builds(
    offer, st.integers(0, 6), st.integers(1, 2), st.booleans(), GROUPS, st.sampled_from(["", "open", "release"]), st.integers(0, 6)
)


@settings(max_examples=60, deadline=None)
@given(st.lists(OFFERS, max_size=10))
def test_epochs_never_go_back_seals_hold_and_separated_groups_never_follow_directly(offers: list[ComponentPolicy]) -> None:
    held: Held | None = None
    for offered in offers:
        verdict = accept(held, offered, SALT, COMMISSION)
        if not isinstance(verdict, Accepted):
            continue
        after = verdict.held
        if held is not None:
            assert after.policy.order >= held.policy.order
            if held.policy.seal and not after.policy.seal:
                assert any(a.act == "release" for a in offered.approved)
            if {Role.OWN, Role.EXP} <= {*held.policy.groups, *after.policy.groups}:
                raise AssertionError("separated groups followed each other without a CLEAR")
        held = after


def test_an_expert_pass_of_yesterdays_salt_still_works_at_the_room_that_was_not_renewed() -> None:
    hall = Hall()
    hall.policy(admit("e1", 2, [Role.EXP], entry_of(EXPERT)))
    hall.card("e1-reader", EXPERT)
    assert hall.strike("e1-door")
