"""What happens between the seal and the signed report: inquiry, second round, night, suspension; and the same for seats and passages."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from day_case import APPROVER_KEYS, county, lot, person
from fake_agents import Stage
from passage_case import passage_house, under

from gateway.core.day import Refusal
from gateway.core.scene_run import Run
from venue_model import signing
from venue_model.door_policy import Approval
from venue_model.groups import Role
from venue_model.ids import BoardId, ComponentId, LotId, RoomId
from venue_model.lots import Lot, Phase
from venue_model.profiles import DoorMode
from venue_model.venue import Venue

L1 = LotId("L1")
TWO = ("zhang", "li")
UP_TO_EVALUATION = ("opening_preparation", "check_in", "opening", "opening_end", "intake", "evaluation")
Open = Callable[[Venue, Lot], Stage]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    stages = []

    def open_stage(venue: Venue, booked: Lot) -> Stage:
        stages.append(Stage(tmp_path, venue))
        stages[-1].open()
        stages[-1].book(booked)
        return stages[-1]

    yield open_stage
    for found in stages:
        found.close()


@pytest.fixture
def sealed(opened: Open) -> Stage:
    """A lot in evaluation."""
    stage = opened(county(), lot())
    pressed(stage, *UP_TO_EVALUATION)
    return stage


def pressed(stage: Stage, *scenes: str, approvers: tuple[str, ...] = ()) -> None:
    for scene in scenes:
        found = stage.press(scene, approvers=approvers)
        assert isinstance(found, Run), found


def held(stage: Stage, component: str) -> tuple[DoorMode, bool, set[str]]:
    """What the doors of a domain hold: their mode, their seal, and whom they let in."""
    boards = [agent for agent in stage.agents.values() if ComponentId(component) in agent.held]
    policy = boards[0].held[ComponentId(component)]
    return policy.mode, policy.seal, {role.value for role in policy.groups}


def test_for_an_inquiry_two_people_lift_the_seal_and_each_side_gets_its_room(sealed: Stage) -> None:
    refused = sealed.press("inquiry")
    assert isinstance(refused, Refusal) and refused.code == "approval"
    assert held(sealed, "e1")[1], "nothing has changed"
    pressed(sealed, "inquiry", approvers=TWO)
    assert held(sealed, "e1") == (DoorMode.INQUIRY, False, {"EXP", "OWN-C"})
    assert held(sealed, "q-experts") == (DoorMode.INQUIRY, False, {"EXP", "OWN-C", "SUP"})
    assert held(sealed, "q-bidders") == (DoorMode.INQUIRY, False, {"BID", "OWN", "AGT", "SUP", "WIT"})
    pressed(sealed, "evaluation")
    assert held(sealed, "e1") == (DoorMode.EVALUATION, True, set())
    assert [held(sealed, room)[2] for room in ("q-experts", "q-bidders")] == [set(), set()]


def test_the_word_for_an_inquiry_lifts_no_later_seal(sealed: Stage) -> None:
    pressed(sealed, "inquiry", approvers=TWO)
    pressed(sealed, "evaluation")
    assert isinstance(sealed.press("report_signed"), Refusal)
    pressed(sealed, "report_signed", approvers=TWO)
    assert not held(sealed, "e1")[1]


def test_bidders_quote_again_while_the_committee_stays_sealed(sealed: Stage) -> None:
    pressed(sealed, "second_round")
    assert "BID" in held(sealed, "o1")[2] and held(sealed, "e1")[1]
    pressed(sealed, "evaluation")
    assert held(sealed, "o1")[2] == set() and held(sealed, "e1")[1]


def test_a_committee_is_held_over_night_and_goes_on_in_the_morning(sealed: Stage) -> None:
    pressed(sealed, "overnight")
    assert held(sealed, "e1") == (DoorMode.EVALUATION, True, set())
    assert sealed.cameras("e1"), "recorded through the night"
    sealed.restart()
    sealed.open()
    pressed(sealed, "evaluation")
    assert sealed.coordinator.day[L1].phase is Phase.EVALUATION


def test_a_suspended_evaluation_stays_sealed_over_a_restart_and_goes_back_to_where_it_was(sealed: Stage) -> None:
    pressed(sealed, "suspend")
    assert held(sealed, "e1")[1] and sealed.cameras("e1")
    sealed.restart()
    sealed.open()
    refused = sealed.press("opening")
    assert isinstance(refused, Refusal) and refused.code == "wrong-phase", "an evaluation does not become an opening"
    pressed(sealed, "evaluation")
    assert held(sealed, "e1") == (DoorMode.EVALUATION, True, set())


def test_an_end_by_order_needs_two_people_where_a_seal_stands(sealed: Stage) -> None:
    pressed(sealed, "suspend")
    for scene in ("abort", "failed_tender"):
        refused = sealed.press(scene)
        assert isinstance(refused, Refusal) and refused.code == "approval"
    pressed(sealed, "abort", approvers=TWO)
    assert (sealed.coordinator.day[L1].phase, held(sealed, "e1")[1]) == (Phase.ABORTED, False)


def test_an_opening_that_is_aborted_asks_nobody_twice(opened: Open) -> None:
    stage = opened(county(), lot())
    pressed(stage, "opening_preparation", "check_in", "suspend", "abort")
    assert stage.coordinator.day[L1].phase is Phase.ABORTED


# seats and side venues


def test_all_seats_of_a_dispersed_committee_are_sealed_and_released_together(opened: Open) -> None:
    experts = tuple(replace(person(f"exp-{n}", Role.EXP), seat=RoomId(f"e{n}")) for n in (1, 2))
    stage = opened(under(county(), "dispersed"), replace(lot(evaluation=None), people=experts))
    pressed(stage, *UP_TO_EVALUATION)
    assert [held(stage, room)[1] for room in ("e1", "e2")] == [True, True]
    assert set(stage.coordinator.seals_lifted_by(L1, "report_signed")) == {"e1", "e2"}
    pressed(stage, "report_signed", approvers=TWO)
    assert [held(stage, room)[1] for room in ("e1", "e2")] == [False, False]


def test_at_a_side_venue_the_day_begins_with_the_experts(opened: Open) -> None:
    stage = opened(under(county(), "remote"), replace(lot(), opening_room=None))
    assert isinstance(stage.press("opening_preparation"), Refusal)
    pressed(stage, "intake", "evaluation", "suspend", "evaluation")
    pressed(stage, "report_signed", "close", approvers=TWO)
    assert stage.coordinator.day[L1].phase is Phase.CLOSED


def test_a_lot_of_which_nothing_happens_here_is_not_taken(opened: Open) -> None:
    stage = opened(county(), replace(lot(evaluation=None), opening_room=None))
    assert L1 not in stage.coordinator.day
    assert "neither an opening room" in str(stage.lines("alarm")[-1]["detail"])
    seat = replace(person("exp-1", Role.EXP), seat=RoomId("o2"))
    stage.book(replace(lot("L2"), people=(seat,)))
    assert LotId("L2") not in stage.coordinator.day, "a seat is a seat in an evaluation room"


# one passage


def test_a_passage_changes_hands_once_it_is_empty_and_two_people_say_so(opened: Open) -> None:
    house = replace(passage_house(), approvers=county().approvers)
    stage = opened(house, lot())
    pressed(stage, *UP_TO_EVALUATION[:5])
    assert held(stage, "link")[2] == set(), "bidders were the last"
    link, warden = ComponentId("link"), stage.coordinator.warden
    assert warden.acts(link), "two people may open it to the experts"
    text = warden.act_text(link, "open").encode()
    word = tuple(Approval(name, signing.sign(APPROVER_KEYS[name], text).hex()) for name in TWO)
    assert stage.coordinator.guard.approve(link, "open", word, "wang", stage.now) is None
    stage.settle()
    assert held(stage, "link")[2] == {"EXP", "OWN-C", "AGT", "SUP", "WIT"}
    assert stage.agents[BoardId("b")].refused == []
