"""The laws about bodies: each is fed a trace that breaks it, and one that only looks so."""

import pytest
from glass_house import BID, EXP, SUP, GlassHouse, crash, grant, held, judge, leaf, let_in, line, moved, read

from simulation.checkers.apart import Apart
from simulation.checkers.i6_corridors import WaysApart
from simulation.checkers.liveness import Liveness
from simulation.checkers.noticed import Noticed
from simulation.checkers.out import Out
from simulation.checkers.sealed import Sealed
from simulation.world.contract import Body, See
from venue_model.groups import Role
from venue_model.ids import LotId, PersonKey, RoomId

EXPERT_IN_O1 = let_in(10, "o1-door", EXP, "EXP", "hall", "o1")


def test_two_people_of_separated_groups_let_into_one_room_are_seen() -> None:
    [text] = judge(Apart, [*EXPERT_IN_O1, *let_in(20, "o1-door", BID, "BID", "hall", "o1")])
    assert BID in text and EXP in text and "o1" in text


def test_one_after_the_other_is_no_meeting() -> None:
    left = [leaf(15, "o1-door", "bar", EXP), moved(15.5, EXP, "EXP", "o1", "hall", "o1-door")]
    assert judge(Apart, [*EXPERT_IN_O1, *left, *let_in(20, "o1-door", BID, "BID", "hall", "o1")]) == []


@pytest.mark.parametrize(
    "intrusion",
    [
        [moved(20, BID, "BID", "hall", "o1", "o1-door", force=True)],
        [moved(20, BID, "BID", "hall", "o1", "o1-door")],  # behind somebody else
        [read(20, "reader", BID), grant(20.1, "o1-door", SUP, "SUP"), moved(21, BID, "BID", "hall", "o1", "o1-door")],
    ],
    ids=["crowbar", "tailgate", "lent card"],
)
def test_a_body_that_came_past_the_hardware_is_no_fault_of_the_software(intrusion: list[object]) -> None:
    assert judge(Apart, [*EXPERT_IN_O1, *intrusion]) == []  # type: ignore[list-item]


def test_a_room_whose_counts_a_tailgater_has_spoilt_is_judged_no_more() -> None:
    spoilt = [moved(5, SUP, "SUP", "hall", "o1", "o1-door")]
    assert judge(Apart, [*spoilt, *EXPERT_IN_O1, *let_in(20, "o1-door", BID, "BID", "hall", "o1")]) == []


def test_expert_and_bidder_in_one_hall_break_the_floor_plan() -> None:
    [text] = judge(WaysApart, [moved(1, EXP, "EXP", "street", "hall", "front-door"), moved(2, BID, "BID", "street", "hall", "front-door")])
    assert "hall" in text
    assert judge(WaysApart, [moved(1, EXP, "EXP", "", "street", ""), moved(2, BID, "BID", "", "street", "")]) == []


def test_a_bar_that_the_strike_does_not_follow_is_told() -> None:
    pushed = leaf(10, "o1-door", "bar", BID)
    [text] = judge(Out, [pushed])
    assert "o1-door" in text
    assert judge(Out, [pushed, (10.2, See.STRIKE, {"door": "o1-door", "released": True})]) == []
    assert judge(Out, [crash(9, "opening"), pushed]) == []


def test_a_leaf_that_opens_without_a_line_is_told() -> None:
    opened = leaf(10, "o1-door", "pull", BID)
    [text] = judge(Noticed, [opened])
    assert "no line" in text
    assert judge(Noticed, [opened, line(10.1, "opening", "passage", {"door": "o1-door"})]) == []


def test_a_crowbar_asks_for_an_alarm_and_a_passage_is_not_enough() -> None:
    forced = leaf(10, "o1-door", "force", BID)
    [text] = judge(Noticed, [forced, line(10.1, "opening", "passage", {"door": "o1-door"})])
    assert "no alarm" in text
    assert judge(Noticed, [forced, line(10.1, "opening", "alarm", {"door": "o1-door", "code": "forced"})]) == []


SEALED = held(5, "evaluation", "e1", mode="evaluation", seal=True)


def test_a_grant_into_a_sealed_room_is_told() -> None:
    [text] = judge(Sealed, [SEALED, grant(10, "e1-door", EXP, "EXP")])
    assert "sealed" in text and EXP in text


def test_a_policy_that_came_in_the_same_turn_counts() -> None:
    lifted = held(10, "evaluation", "e1", epoch=3, mode="release", seal=False)
    assert judge(Sealed, [SEALED, grant(10, "e1-door", EXP, "EXP"), lifted]) == []


def test_leaving_a_sealed_room_without_a_breach_is_told() -> None:
    left = leaf(20, "e1-door", "bar", EXP)
    [text] = judge(Sealed, [SEALED, left])
    assert "no breach" in text
    assert judge(Sealed, [SEALED, left, line(20.1, "evaluation", "breach", {"door": "e1-door"})]) == []


def test_a_sealed_door_that_gives_way_from_outside_is_told() -> None:
    pulled = leaf(30, "e1-door", "pull", EXP)
    [text] = judge(Sealed, [SEALED, pulled])
    assert "gave way" in text
    assert judge(Sealed, [SEALED, pulled], GlassHouse(cut={"e1-door"})) == []


def test_somebody_left_behind_in_a_whole_house_is_told() -> None:
    late = {PersonKey("k1"): Body(PersonKey("k1"), Role.BID, LotId("L1"), RoomId("o1"))}
    texts = judge(Liveness, [], GlassHouse(people=late))
    assert "lot L1 has not come further than unknown" in texts
    assert f"{EXP} (EXP) never came into e1" in texts
    assert judge(Liveness, [], GlassHouse(people=late, rates={"agent-crash": 0.5})) == []
