"""The gateway and its doors: CLEAR between people who must not meet, leases, and a seal that two people lift."""

from dataclasses import replace

import pytest
from coordinator_case import L1, UP_TO_EVALUATION, agent, latest, pressed, stage, unfinished
from day_case import APPROVER_KEYS, card, lot
from fake_agents import Stage

from gateway.core.day import Refusal
from gateway.core.scene_run import Run
from venue_model import signing
from venue_model.door_policy import Approval
from venue_model.groups import Role
from venue_model.ids import ComponentId, DoorId
from venue_model.lots import Phase
from venue_model.profiles import DoorMode
from venue_model.wire import DoorReport, SignedPolicy, decode

__all__ = ("stage",)  # a fixture


# doors


def test_between_two_kinds_of_people_every_door_holds_a_clear(stage: Stage) -> None:
    pressed(stage, *UP_TO_EVALUATION)
    for board in stage.agents.values():
        for component in board.record.zones:
            last: tuple[Role, ...] = ()
            for policy in (p for p in board.taken if p.component == component):
                assert not (last and policy.groups and last != policy.groups), f"{component} of {board.record.agent} skipped CLEAR"
                last = policy.groups


def test_experts_do_not_get_in_while_a_door_is_open_or_silent(stage: Stage) -> None:
    agent(stage, "evaluation").open_doors = {"e1-door"}
    stage.tell(agent(stage, "evaluation"), "reported", agent(stage, "evaluation").report())
    pressed(stage, "opening_preparation", "check_in", "opening", "opening_end")
    stage.press("intake")
    stage.wait(8_500)
    run = latest(stage)
    assert run.result == "partial"
    assert "e1-door" in unfinished(run)
    assert not agent(stage, "evaluation").held[ComponentId("e1")].groups
    told = next(row.text for row in run.rows if row.id == "e1-door")
    assert "等待门关闭并应答" in told and "201门" in told


def test_a_board_speaks_for_its_own_doors_alone(stage: Stage) -> None:
    pressed(stage, "opening_preparation")
    agent(stage, "opening").dead = True
    stage.press("check_in")
    clear = stage.coordinator.warden.domains[ComponentId("o1")]
    assert clear.mode is DoorMode.CLEAR
    liar = agent(stage, "front")
    report = liar.report()
    lie = agent(stage, "opening")._door(DoorId("o1-door"), None, ComponentId("o1"))
    part = replace(lie.components[ComponentId("o1")], term=clear.term, epoch=clear.epoch)
    doors: dict[DoorId, DoorReport] = {**report.doors, DoorId("o1-door"): replace(lie, components={ComponentId("o1"): part})}
    stage.tell(liar, "reported", replace(report, doors=doors))
    assert stage.coordinator.warden.domains[ComponentId("o1")] == clear


def test_leases_are_renewed_three_times_before_they_end(stage: Stage) -> None:
    pressed(stage, "opening_preparation")
    stage.link.sent.clear()
    before = agent(stage, "opening").renewal
    stage.wait(60_000, 500)
    assert not stage.link.of("policy"), "what a board holds is named, and not sent again"
    assert agent(stage, "opening").leases >= 3
    assert agent(stage, "opening").renewal - before == agent(stage, "opening").leases


def test_a_board_that_does_not_say_what_it_holds_gets_the_whole_policy_each_time(stage: Stage) -> None:
    pressed(stage, "opening_preparation")
    board = agent(stage, "opening")
    board.policy = "something else"
    stage.tell(board, "reported", board.report())
    stage.link.sent.clear()
    stage.wait(60_000, 500)
    sent = [decode(SignedPolicy, m.payload) for m in stage.link.of("policy") if "/opening/" in m.topic]
    assert len(sent) == 1, "then it says so, and is named its policy again"
    assert board.leases >= 2
    board.says_policy = False
    stage.tell(board, "reported", board.report())
    stage.link.sent.clear()
    stage.wait(60_000, 500)
    renewals = [decode(SignedPolicy, m.payload) for m in stage.link.of("policy") if "/opening/" in m.topic]
    assert len(renewals) >= 3
    assert len({r.body.components for r in renewals}) == 1, "a renewal changes nothing but its number"
    assert len({r.body.renewal for r in renewals}) == len(renewals)


def test_no_policy_carries_a_card_number(stage: Stage) -> None:
    pressed(stage, "opening_preparation", "check_in")
    for message in stage.link.of("policy"):
        for someone in lot().people:
            assert card(someone.person).encode() not in message.payload


# the seal


def test_a_sealed_room_opens_with_two_people_of_two_roles(stage: Stage) -> None:
    pressed(stage, *UP_TO_EVALUATION)
    assert agent(stage, "evaluation").held[ComponentId("e1")].seal
    assert isinstance(stage.press("report_signed", approvers=("zhang", "li")), Run)
    held = agent(stage, "evaluation").held[ComponentId("e1")]
    assert (held.seal, held.groups) == (False, (Role.STF, Role.SUP, Role.WIT))
    assert "unapproved-release" not in agent(stage, "evaluation").refused
    assert stage.lines("press")[-1]["approvers"] == ["li", "zhang"]


@pytest.mark.parametrize(
    ("approvers", "why"),
    [((), "two people"), (("zhang",), "two people"), (("zhang", "zhang"), "two people"), (("zhang", "zhao"), "two different roles")],
)
def test_fewer_than_two_people_of_two_roles_lift_nothing(stage: Stage, approvers: tuple[str, ...], why: str) -> None:
    pressed(stage, *UP_TO_EVALUATION)
    before = stage.coordinator.warden.domains[ComponentId("e1")]
    stage.link.sent.clear()
    refused = stage.press("report_signed", approvers=approvers)
    assert isinstance(refused, Refusal)
    assert refused.code == "approval" and why in refused.why.en
    assert stage.coordinator.warden.domains[ComponentId("e1")] == before
    assert stage.coordinator.day[L1].phase is Phase.EVALUATION
    assert stage.link.sent == []


def test_a_signature_under_another_command_lifts_nothing(stage: Stage) -> None:
    pressed(stage, *UP_TO_EVALUATION)
    component = ComponentId("e1")
    text = stage.coordinator.warden.release_text(component)
    other = text.replace('"epoch":', '"epoch":1').encode()
    good, bad = (Approval("zhang", signing.sign(APPROVER_KEYS["zhang"], t).hex()) for t in (text.encode(), other))
    for second in (replace(bad, approver="li"), Approval("li", "zz"), Approval("nobody", good.signature), replace(good, approver="li")):
        refused = stage.coordinator.press(L1, "report_signed", "wang", {component: (good, second)}, stage.now)
        assert isinstance(refused, Refusal)
        assert stage.coordinator.warden.domains[component].seal


def test_a_seal_outlives_the_gateway(stage: Stage) -> None:
    pressed(stage, *UP_TO_EVALUATION)
    stage.restart()
    stage.settle()
    assert stage.coordinator.warden.domains[ComponentId("e1")].seal
    assert agent(stage, "evaluation").held[ComponentId("e1")].seal
