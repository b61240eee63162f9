"""CLEAR-first, as the gateway decides it.  That it keeps separated people apart in every order of events: `simulation.proof`."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway.core.clearing import (
    Domain,
    DoorStand,
    Target,
    Waiting,
    Waits,
    advance,
    approve,
    occupancy,
    proven_empty,
    reported,
    restored,
    sweep_act,
)
from venue_model.door_policy import Approved
from venue_model.groups import Role, pair
from venue_model.ids import ComponentId, DoorId
from venue_model.profiles import DoorMode

BID, EXP, AGT, SUP, STF = Role.BID, Role.EXP, Role.AGT, Role.SUP, Role.STF
APART = frozenset({pair(BID, EXP)})
D1, D2 = DoorId("d1"), DoorId("d2")
DOORS = (D1, D2)
NEW = Domain(ComponentId("c"))
BIDDERS = Target(DoorMode.CHECK_IN, (BID,), False)
EXPERTS = Target(DoorMode.INTAKE, (EXP,), False)
AGENTS = Target(DoorMode.PREPARATION, (AGT,), False)
SEALED = Target(DoorMode.EVALUATION, (), True)
CLOSED = Target(DoorMode.CLEAR, (), False)


def says(domain: Domain, net: int = 0, door: DoorId = D1, settled: bool = True, epoch: int | None = None) -> Domain:
    return reported(domain, door, DoorStand(domain.term, domain.epoch if epoch is None else epoch, net, settled))


def go(domain: Domain, target: Target) -> tuple[Domain, Waiting | None]:
    return advance(domain, target, DOORS, APART)


def opened(target: Target, net: int = 0) -> Domain:
    """A domain that admits the groups of `target`, with `net` people inside by door 1."""
    domain, waiting = go(says(says(NEW), door=D2), target)
    assert waiting is None
    return says(says(domain, net), door=D2)


# what staff see


def test_a_new_domain_opens_only_when_every_door_has_reported() -> None:
    domain, waiting = go(says(NEW), BIDDERS)
    assert (domain.epoch, waiting) == (0, Waiting(Waits.DOORS, (D2,)))
    domain, waiting = go(says(domain, door=D2), BIDDERS)
    assert (domain.groups, waiting) == ((BID,), None)


def test_a_change_passes_through_clear_and_reports_of_before_count_for_nothing() -> None:
    clear, waiting = go(opened(BIDDERS), AGENTS)
    assert (clear.mode, clear.groups, clear.epoch) == (DoorMode.CLEAR, (), 2)
    assert waiting == Waiting(Waits.DOORS, DOORS)
    stale = says(says(clear, epoch=1), epoch=1, door=D2)
    assert go(stale, AGENTS)[1] == Waiting(Waits.DOORS, DOORS)


def test_a_door_that_stands_open_keeps_the_room_closed() -> None:
    clear, _ = go(opened(BIDDERS), AGENTS)
    assert go(says(says(clear, settled=False), door=D2), AGENTS)[1] == Waiting(Waits.DOORS, (D1,))


def test_experts_wait_until_the_last_bidder_has_left_and_two_people_agree() -> None:
    clear, _ = go(opened(BIDDERS, net=2), EXPERTS)
    inside = says(says(clear, 2), door=D2)
    assert go(inside, EXPERTS)[1] == Waiting(Waits.EMPTY, people=2)
    empty = says(inside, -2, door=D2)
    assert occupancy(empty, DOORS) == 0
    waits, waiting = go(empty, EXPERTS)
    assert waiting == Waiting(Waits.OPEN)
    approved = approve(waits, Approved("open", waits.epoch, ()))
    assert go(approved, EXPERTS)[0].groups == (EXP,)


def test_an_approval_of_an_earlier_clear_opens_nothing() -> None:
    clear, _ = go(opened(BIDDERS), EXPERTS)
    early = approve(clear, Approved("open", clear.epoch - 1, ()))
    assert go(says(says(early), door=D2), EXPERTS)[1] == Waiting(Waits.OPEN)


def test_people_who_may_meet_need_not_leave_for_each_other() -> None:
    clear, _ = go(opened(AGENTS, net=1), BIDDERS)
    domain, waiting = go(says(says(clear, 1), door=D2), BIDDERS)
    assert (domain.groups, waiting) == ((BID,), None)
    assert set(domain.residual) == {AGT, BID, STF}, "staff may have been let in by command"


def test_a_negative_count_is_no_empty_room() -> None:
    clear, _ = go(opened(BIDDERS), EXPERTS)
    assert go(says(says(clear, -1), door=D2), EXPERTS)[1] == Waiting(Waits.EMPTY, people=-1)


def test_sealing_closes_at_once_and_asks_nobody() -> None:
    domain, waiting = go(opened(EXPERTS, net=3), SEALED)
    assert (domain.seal, domain.groups, waiting) == (True, (), None)
    assert domain.seal_epoch == domain.epoch


def test_a_seal_stays_through_every_other_wish_until_two_people_release_it() -> None:
    sealed, _ = go(opened(EXPERTS), SEALED)
    for target in (CLOSED, BIDDERS, EXPERTS):
        domain, waiting = go(says(says(sealed), door=D2), target)
        assert (domain.seal, domain.groups, waiting) == (True, (), Waiting(Waits.RELEASE))
    of_before = approve(sealed, Approved("release", sealed.seal_epoch - 1, ()))
    assert go(of_before, CLOSED)[1] == Waiting(Waits.RELEASE)
    released, waiting = go(approve(sealed, Approved("release", sealed.seal_epoch, ())), CLOSED)
    assert (released.seal, waiting) == (False, None)


def test_a_release_is_used_up_by_the_next_seal() -> None:
    sealed, _ = go(opened(EXPERTS), SEALED)
    released, _ = go(approve(sealed, Approved("release", sealed.seal_epoch, ())), CLOSED)
    again, _ = go(released, SEALED)
    assert again.seal_epoch > sealed.seal_epoch
    assert go(again, CLOSED)[1] == Waiting(Waits.RELEASE)


def test_a_release_names_the_last_sealed_policy_so_that_every_door_can_tell_its_seal_from_an_earlier_one() -> None:
    sealed, _ = go(opened(EXPERTS), SEALED)
    still_sealed, _ = go(sealed, replace(SEALED, mode=DoorMode.CLEAR))
    assert still_sealed.seal_epoch == still_sealed.epoch > sealed.epoch
    assert go(approve(still_sealed, Approved("release", sealed.epoch, ())), CLOSED)[1] == Waiting(Waits.RELEASE)


def test_a_forced_door_blocks_the_next_group_until_two_people_have_looked() -> None:
    cleared, _ = go(opened(BIDDERS), EXPERTS)
    doubted = reported(says(cleared, door=D2), D1, DoorStand(cleared.term, cleared.epoch, 0, True, suspect=True))
    assert go(doubted, EXPERTS)[1] == Waiting(Waits.SWEEP)
    assert go(doubted, BIDDERS)[1] is None, "those who may be inside may be joined by their own"
    swept, waiting = go(approve(doubted, Approved("sweep 0", doubted.epoch, ())), EXPERTS)
    assert waiting == Waiting(Waits.DOORS, DOORS)
    still = reported(says(swept, door=D2), D1, DoorStand(swept.term, swept.epoch, 0, True, suspect=True))
    assert go(still, EXPERTS)[1] == Waiting(Waits.OPEN)
    let_in, waiting = go(approve(still, Approved("open", still.epoch, ())), EXPERTS)
    assert waiting is None and let_in.groups == (EXP,) and BID not in let_in.residual


def test_a_sweep_corrects_the_count_that_it_names_and_no_other() -> None:
    cleared, _ = go(opened(BIDDERS, net=2), EXPERTS)
    assert sweep_act(cleared, DOORS) is None, "a door that has not closed yet may still let somebody in"
    counted = says(says(cleared, 2), door=D2)
    assert go(counted, EXPERTS)[1] == Waiting(Waits.EMPTY, people=2)
    assert sweep_act(counted, DOORS) == "sweep 2"
    late = says(approve(counted, Approved("sweep 2", counted.epoch, ())), 3)
    assert go(late, EXPERTS)[1] == Waiting(Waits.EMPTY, people=3), "somebody was counted after the look"
    swept, waiting = go(approve(counted, Approved("sweep 2", counted.epoch, ())), EXPERTS)
    assert waiting == Waiting(Waits.DOORS, DOORS)
    assert not any(a.act.startswith("sweep") for a in swept.approved), "it counts once"
    told = says(says(swept, 2), door=D2)
    let_in, waiting = go(approve(told, Approved("open", told.epoch, ())), EXPERTS)
    assert waiting is None and occupancy(let_in, DOORS) == 0


def test_a_doubt_outlives_an_admission_that_needed_no_sweep() -> None:
    """Found by `simulation.proof.search`: a bidder came in by a forced door; agents were let in next, and the doors forgot their doubt."""
    cleared, _ = go(opened(BIDDERS), AGENTS)
    doubted = reported(says(cleared, door=D2), D1, DoorStand(cleared.term, cleared.epoch, 0, True, suspect=True))
    joined, waiting = go(doubted, AGENTS)
    assert waiting is None
    closing, _ = go(joined, EXPERTS)
    assert go(says(says(closing), door=D2), EXPERTS)[1] == Waiting(Waits.SWEEP)


def test_a_departure_that_is_told_after_the_sweep_is_not_subtracted_twice() -> None:
    """Found by `simulation.proof.search`: door 2 had not told yet that the last bidder left by it when two people looked."""
    cleared, _ = go(opened(BIDDERS, net=1), EXPERTS)
    counted = says(says(cleared, 1), door=D2)
    swept, _ = go(approve(counted, Approved("sweep 1", counted.epoch, ())), EXPERTS)
    told = says(says(swept, 1), -1, door=D2)
    let_in, _ = go(approve(told, Approved("open", told.epoch, ())), EXPERTS)
    closing, _ = go(let_in, BIDDERS)
    an_expert_is_inside = says(says(closing, 2), -1, door=D2)
    assert go(an_expert_is_inside, BIDDERS)[1] == Waiting(Waits.EMPTY, people=1)


def test_staff_who_came_by_command_count_as_people_who_may_be_inside() -> None:
    """Found by `simulation.proof.search`: supervisors may be joined by staff, and experts by supervisors, but not experts by staff."""
    apart = frozenset({pair(EXP, STF)})

    def to(domain: Domain, target: Target) -> tuple[Domain, Waiting | None]:
        return advance(domain, target, DOORS, apart)

    supervised, _ = to(says(says(NEW), door=D2), Target(DoorMode.DUTY, (SUP,), False))
    cleared, _ = to(supervised, EXPERTS)
    somebody_inside = says(says(cleared, 1), door=D2)
    assert to(somebody_inside, EXPERTS)[1] == Waiting(Waits.EMPTY, people=1)
    committee, _ = to(says(says(cleared), door=D2), EXPERTS)
    cleared, _ = to(committee, Target(DoorMode.DUTY, (SUP,), False))
    assert to(says(says(cleared, 1), door=D2), Target(DoorMode.DUTY, (SUP,), False))[1] == Waiting(Waits.EMPTY, people=1)


def test_only_reports_of_this_clear_prove_a_room_empty() -> None:
    admitting = opened(BIDDERS)
    closing, _ = go(admitting, CLOSED)
    assert not proven_empty(closing, DOORS), "the doors have told of before"
    assert proven_empty(says(says(closing), door=D2), DOORS)
    assert not proven_empty(says(says(closing, 1), door=D2), DOORS)


def test_a_repeated_or_older_report_teaches_nothing() -> None:
    domain = says(opened(BIDDERS), 1)
    assert says(domain, 1) is domain
    assert says(domain, 0, epoch=0) is domain


def test_a_restored_gateway_begins_above_what_the_doors_hold_closed_and_sealed() -> None:
    domain = restored(replace(opened(BIDDERS), term=3), floor_term=7)
    assert (domain.term, domain.mode, domain.groups, domain.seal) == (8, DoorMode.CLEAR, (), True)
    assert set(domain.residual) == set(Role)
    assert go(says(says(domain), door=D2), BIDDERS)[1] == Waiting(Waits.RELEASE)


def test_a_room_that_has_nowhere_to_go_can_be_swept_too_so_that_its_neighbours_need_not_wait() -> None:
    restful = replace(restored(opened(AGENTS), floor_term=7), seal=False)
    heard = says(says(restful, 1), door=D2)
    assert go(heard, CLOSED) == (heard, None)
    looked, _ = go(approve(heard, Approved("sweep 1", heard.epoch, ())), CLOSED)
    assert looked.epoch == heard.epoch + 1 and looked.residual, "counts are final only when every door has reported the next CLEAR"
    swept, waiting = go(says(says(looked, 1), door=D2), CLOSED)
    assert waiting is None and (swept.residual, swept.unsure, occupancy(swept, DOORS)) == ((), False, 0)
    assert go(swept, CLOSED) == (swept, None)


def test_after_a_restore_no_count_proves_a_room_empty_before_two_people_have_looked() -> None:
    """What sweeps had corrected since the backup is lost with the newer database."""
    domain = replace(restored(opened(AGENTS), floor_term=7), seal=False)
    heard = says(says(domain), door=D2)
    assert go(heard, BIDDERS)[1] == Waiting(Waits.SWEEP)
    looked, _ = go(approve(heard, Approved("sweep 0", heard.epoch, ())), BIDDERS)
    admitted, waiting = go(says(says(looked), door=D2), BIDDERS)
    assert waiting is None and admitted.groups == (BID,) and not admitted.unsure


TARGETS = st.sampled_from([CLOSED, BIDDERS, EXPERTS, AGENTS, SEALED])
ACTS = st.one_of(
    TARGETS,
    st.tuples(st.sampled_from(DOORS), st.integers(-1, 2), st.booleans(), st.integers(0, 3)),
    st.sampled_from(["open", "release"]),
)


@given(st.lists(ACTS, max_size=25))
def test_epochs_only_grow_and_no_seal_falls_without_its_release(acts: list[Any]) -> None:
    domain, target = NEW, CLOSED
    for act in acts:
        before = domain
        if isinstance(act, Target):
            target = act
        elif isinstance(act, str):
            domain = approve(domain, Approved(act, domain.seal_epoch if act == "release" else domain.epoch, ()))
        else:
            door, net, settled, age = act
            domain = reported(domain, door, DoorStand(1, max(0, domain.epoch - age), net, settled))
        domain, waiting = go(domain, target)
        assert domain.epoch >= before.epoch
        assert (domain.epoch > before.epoch) == ((domain.mode, domain.groups, domain.seal) != (before.mode, before.groups, before.seal))
        if before.seal and not domain.seal:
            assert any(a.act == "release" and a.epoch == before.seal_epoch for a in domain.approved)
        if waiting is None:
            assert (domain.mode, domain.groups, domain.seal) == (target.mode, target.groups, target.seal)
        assert not (domain.seal and domain.groups)
        assert go(domain, target) == (domain, waiting), "asked again, nothing more happens"
