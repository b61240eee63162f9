"""What people do to guarded domains when a day is not ordinary: lockdown, exceptions, and two people's word."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from day_case import APPROVER_KEYS, OPENING_NS, card, lot
from fake_agents import Stage

from gateway.core.day import Refusal
from gateway.core.exception_pass import ExceptionPass
from venue_model import signing
from venue_model.door_policy import Approval
from venue_model.groups import Role
from venue_model.ids import BoardId, ComponentId, LotId, PersonKey, RoomId
from venue_model.moments import S
from venue_model.profiles import DoorMode

O1, WING, E1 = ComponentId("o1"), ComponentId("wing"), ComponentId("e1")
PLUMBER = ExceptionPass(
    "x-1", PersonKey("plumber"), Role.STF, card("plumber"), (RoomId("wing"),), LotId("L1"), "漏水", "zhang", (Role.WIT,),
    OPENING_NS, OPENING_NS + 600 * S,
)  # fmt: skip


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A lot whose experts are being let in."""
    stage = Stage(tmp_path)
    stage.open()
    stage.book(lot())
    for scene in ("opening_preparation", "check_in", "opening", "opening_end", "intake"):
        stage.press(scene)
    assert Role.EXP in groups(stage, WING)
    yield stage
    stage.close()


def groups(stage: Stage, component: ComponentId) -> tuple[Role, ...]:
    """Whom the boards hold to be admitted."""
    found = {agent.held[component].groups for agent in stage.agents.values() if component in agent.held}
    assert len(found) == 1
    return found.pop()


def signed(stage: Stage, component: ComponentId, act: str, *names: str) -> tuple[Approval, ...]:
    text = stage.coordinator.warden.act_text(component, act).encode()
    return tuple(Approval(name, signing.sign(APPROVER_KEYS[name], text).hex()) for name in names)


def refused(found: Refusal | None) -> str:
    assert found is not None and found.why.zh and found.why.en
    return found.code


# lockdown


def test_in_a_lockdown_nobody_enters_anywhere_and_afterwards_the_day_goes_on(stage: Stage) -> None:
    guard = stage.coordinator.guard
    assert guard.lock([], "wang", "有人闯入", stage.now) is None
    stage.settle()
    for component in stage.venue.components:
        assert groups(stage, component) == ()
    assert stage.coordinator.warden.domains[WING].mode is DoorMode.LOCKDOWN
    assert guard.lift("zhang", stage.now) is None
    stage.settle()
    assert Role.EXP in groups(stage, WING)
    assert [(line["on"], line["by"]) for line in stage.lines("lockdown")] == [(True, "wang"), (False, "zhang")]


def test_a_lockdown_of_one_room_leaves_the_others_open_and_outlives_a_restart(stage: Stage) -> None:
    stage.coordinator.guard.lock(["e1"], "wang", "可疑物品", stage.now)
    stage.settle()
    assert groups(stage, E1) == () and groups(stage, WING)
    stage.restart()
    stage.settle()
    assert stage.coordinator.guard.lockdown is not None
    assert groups(stage, E1) == () and groups(stage, WING)


def test_a_lockdown_wants_a_reason_and_a_place_that_exists(stage: Stage) -> None:
    guard = stage.coordinator.guard
    assert refused(guard.lock(["nowhere"], "wang", "x", stage.now)) == "unknown-component"
    assert refused(guard.lock([], "wang", "  ", stage.now)) == "reason"
    assert refused(guard.lift("wang", stage.now)) == "no-lockdown"
    assert guard.lockdown is None and groups(stage, WING)


# exception passes


def test_a_plumber_comes_in_beside_a_witness_until_his_time_is_up(stage: Stage) -> None:
    guard = stage.coordinator.guard
    assert guard.give(PLUMBER, "zhang", stage.now) is None
    stage.settle()
    held = stage.agents[BoardId("gatehouse")].held[WING]
    [entry] = [p for p in held.passes if p.person == "plumber"]
    assert entry.escort == (Role.WIT,) and Role.STF in held.groups
    [line] = stage.lines("exception-pass")
    assert (line["reason"], line["by"]) == ("漏水", "zhang") and "card" not in line
    stage.now = replace(stage.now, mono_ns=stage.now.mono_ns + 601 * S, utc_ns=stage.now.utc_ns + 601 * S)
    stage.coordinator.tick(stage.now)
    stage.settle()
    held = stage.agents[BoardId("gatehouse")].held[WING]
    assert all(p.person != "plumber" for p in held.passes)


def test_an_exception_can_be_withdrawn_and_never_opens_a_sealed_room(stage: Stage) -> None:
    guard = stage.coordinator.guard
    guard.give(PLUMBER, "zhang", stage.now)
    assert guard.withdraw("x-1", "zhang", stage.now) is None
    assert refused(guard.withdraw("x-1", "zhang", stage.now)) == "unknown-pass"
    stage.press("evaluation")
    assert refused(guard.give(replace(PLUMBER, rooms=(RoomId("e1"),)), "zhang", stage.now)) == "I8"
    assert len(stage.lines("exception-withdrawn")) == 1


# two people


def test_after_a_restore_two_people_lift_a_seal_that_no_lot_asked_for(stage: Stage) -> None:
    """The restored gateway assumed it; nobody presses a scene for the opening room."""
    stage.press("failed_tender")
    warden = stage.coordinator.warden
    door = stage.venue.doors_of(O1)[0]
    assert door.board is not None
    agent = stage.agents[door.board]
    agent.held[O1] = replace(agent.held[O1], epoch=agent.held[O1].epoch + 5)  # the database is an old copy
    stage.tell(agent, "reported", agent.report())
    stage.settle()
    assert warden.acts(O1) == ("release",)
    guard = stage.coordinator.guard
    assert refused(guard.approve(O1, "release", signed(stage, O1, "release", "zhang"), "wang", stage.now)) == "approval"
    assert refused(guard.approve(O1, "release", signed(stage, O1, "release", "zhang", "zhao"), "wang", stage.now)) == "approval"
    assert warden.domains[O1].seal
    assert guard.approve(O1, "release", signed(stage, O1, "release", "zhang", "li"), "wang", stage.now) is None
    stage.settle()
    assert not warden.domains[O1].seal
    assert stage.lines("approval")[-1]["approvers"] == ["li", "zhang"]


def test_nobody_signs_for_what_a_room_does_not_wait_for(stage: Stage) -> None:
    guard = stage.coordinator.guard
    assert refused(guard.approve(O1, "release", (), "wang", stage.now)) == "not-waiting"
    assert refused(guard.approve(ComponentId("cellar"), "release", (), "wang", stage.now)) == "unknown-component"

