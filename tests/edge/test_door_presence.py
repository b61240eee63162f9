"""What somebody sees at a door that minds where people were seen, or how many are inside."""

import pytest
from agent_hall import (
    AGENT,
    BIDDER,
    EXPERT,
    SECOND_EXPERT,
    SUPERVISOR,
    Hall,
    admit,
    entry_of,
    site_with,
)
from agent_rules import e1, enters, hall_of, leaves_by_button

from venue_model.groups import Role
from venue_model.ids import PersonKey
from venue_model.moments import S
from venue_model.venue import AntiPassback


def passback(kind: AntiPassback) -> Hall:
    return hall_of(site=site_with(e1_door={"antipassback": kind}))


@pytest.mark.parametrize(
    ("kind", "rule"), [(AntiPassback.NONE, ""), (AntiPassback.SOFT, ""), (AntiPassback.HARD, "APB"), (AntiPassback.TIMED, "APB"),
                       (AntiPassback.AREA, "APB-AREA")],
)  # fmt: skip
def test_a_pass_handed_back_through_the_door(kind: AntiPassback, rule: str) -> None:
    hall = passback(kind)
    enters(hall, EXPERT, "gate-reader", "gate")
    assert enters(hall, EXPERT) == ""
    assert enters(hall, EXPERT) == rule
    assert [a["code"] for a in hall.records("alarm")] == (["passback"] if kind is AntiPassback.SOFT else [])


def test_a_soft_door_lets_in_and_tells_staff_without_a_sound() -> None:
    hall = passback(AntiPassback.SOFT)
    enters(hall, EXPERT)
    enters(hall, EXPERT)
    [told] = hall.records("alarm")
    assert (told["door"], told["person"], told["quiet"]) == ("e1-door", "expert-1", True)
    assert hall.answers() == [True, True]


@pytest.mark.parametrize("kind", [AntiPassback.HARD, AntiPassback.TIMED, AntiPassback.AREA])
def test_who_badges_on_the_way_out_may_come_again(kind: AntiPassback) -> None:
    hall = passback(kind)
    enters(hall, EXPERT, "gate-reader", "gate")
    enters(hall, EXPERT)
    enters(hall, EXPERT, "e1-exit-reader")
    assert enters(hall, EXPERT) == ""


def test_a_timed_door_forgives_after_its_time() -> None:
    hall = passback(AntiPassback.TIMED)
    enters(hall, EXPERT)
    hall.later(296)
    hall.policy(e1())  # the lease
    assert enters(hall, EXPERT) == "APB"
    hall.later(2)
    assert enters(hall, EXPERT) == ""


def test_an_exit_by_button_clears_nobody_by_name_while_others_are_inside() -> None:
    hall = passback(AntiPassback.HARD)
    enters(hall, EXPERT)
    enters(hall, SECOND_EXPERT)
    leaves_by_button(hall)
    assert enters(hall, EXPERT) == "APB"
    assert enters(hall, SECOND_EXPERT) == "APB"


def test_an_exit_by_button_clears_everybody_once_the_room_counts_nobody() -> None:
    hall = passback(AntiPassback.HARD)
    enters(hall, EXPERT)
    enters(hall, SECOND_EXPERT)
    leaves_by_button(hall)
    leaves_by_button(hall)
    assert enters(hall, EXPERT) == ""
    assert enters(hall, SECOND_EXPERT) == ""


def test_a_room_that_others_left_by_another_boards_door_clears_everybody_too() -> None:
    hall = passback(AntiPassback.HARD)
    enters(hall, EXPERT)
    assert enters(hall, EXPERT) == "APB"
    hall.policy(e1(others=-1))
    assert enters(hall, EXPERT) == ""


def test_a_count_in_doubt_clears_nobody() -> None:
    hall = passback(AntiPassback.HARD)
    enters(hall, EXPERT)
    hall.line("e1-door.contact", True)
    hall.later(1)
    hall.line("e1-door.contact", False)
    assert hall.alarms() == ["forced"]
    leaves_by_button(hall)
    assert enters(hall, EXPERT) == "APB"


def test_the_last_one_out_by_button_is_known_to_be_before_the_door() -> None:
    """An area door, whose only visitor left without a badge: he stands in the wing, and may go in again."""
    hall = passback(AntiPassback.AREA)
    enters(hall, EXPERT, "gate-reader", "gate")
    enters(hall, EXPERT)
    leaves_by_button(hall)
    assert enters(hall, EXPERT) == ""


def test_an_area_door_turns_away_who_did_not_come_by_the_proper_way() -> None:
    hall = passback(AntiPassback.AREA)
    assert enters(hall, EXPERT) == "APB-AREA"
    enters(hall, EXPERT, "gate-reader", "gate")
    assert enters(hall, EXPERT) == ""


def test_an_area_door_from_the_public_hall_asks_only_for_a_proper_leave() -> None:
    hall = hall_of(admit("o1", 2, [Role.BID], entry_of(BIDDER)), site=site_with(o1_door={"antipassback": AntiPassback.AREA}))
    assert enters(hall, BIDDER, "o1-reader", "o1-door") == ""
    assert enters(hall, BIDDER, "o1-reader", "o1-door") == "APB"


@pytest.mark.parametrize(
    ("kind", "inside", "rule"),
    [
        (AntiPassback.HARD, "e1", "APB"),
        (AntiPassback.HARD, "wing", ""),
        (AntiPassback.HARD, None, ""),
        (AntiPassback.AREA, "wing", ""),
        (AntiPassback.AREA, None, "APB-AREA"),
        (AntiPassback.TIMED, "e1", "APB"),
    ],
)
def test_what_another_board_saw_counts_here(kind: AntiPassback, inside: str | None, rule: str) -> None:
    hall = passback(kind)
    hall.policy(e1(entry_of(EXPERT, inside=inside, seen_utc_ns=hall.now.utc_ns - S)))
    assert enters(hall, EXPERT) == rule


def test_the_later_of_both_sightings_counts() -> None:
    hall = passback(AntiPassback.HARD)
    enters(hall, EXPERT)
    hall.policy(e1(entry_of(EXPERT, inside="wing", seen_utc_ns=hall.now.utc_ns - 60 * S)))  # from before he went in here
    assert enters(hall, EXPERT) == "APB"
    hall.policy(e1(entry_of(EXPERT, inside="wing", seen_utc_ns=hall.now.utc_ns)))  # seen elsewhere since
    assert enters(hall, EXPERT) == ""


def test_who_is_inside_is_remembered_over_a_power_cut() -> None:
    hall = passback(AntiPassback.HARD)
    enters(hall, EXPERT)
    again = hall.restart()
    again.policy(e1())
    assert enters(again, EXPERT) == "APB"


def test_an_expert_who_entered_by_another_boards_door_may_not_enter_twice() -> None:
    hall = hall_of(e1(entry_of(EXPERT, once=True, spent=True)), site=site_with())
    assert enters(hall, EXPERT) == "I4"
    hall.policy(e1(entry_of(EXPERT, spent=True)))
    assert enters(hall, EXPERT) == ""


def test_a_full_room_lets_nobody_in_until_somebody_left() -> None:
    hall = hall_of(e1(limit=2), site=site_with())
    assert [enters(hall, card) for card in (EXPERT, SUPERVISOR, AGENT)] == ["", "", "FULL"]
    leaves_by_button(hall)
    assert enters(hall, AGENT) == ""


def test_who_went_in_by_other_boards_doors_takes_room_too() -> None:
    hall = hall_of(e1(limit=2, others=1), site=site_with())
    assert [enters(hall, card) for card in (EXPERT, SUPERVISOR)] == ["", "FULL"]


def test_two_at_once_do_not_share_the_last_place() -> None:
    hall = hall_of(e1(limit=1), site=site_with())
    hall.card("e1-reader", EXPERT)
    hall.card("e1-reader", SUPERVISOR)
    assert hall.answers() == [True, False]
    assert hall.refusal() == "FULL"
    hall.later(1)
    hall.card("e1-reader", EXPERT)  # impatient: it is his own place that he waits for
    assert hall.answers() == [True, False, True]


def test_a_limit_that_falls_takes_back_the_last_grants_first() -> None:
    hall = hall_of(e1(limit=3), site=site_with())
    for card in (EXPERT, SUPERVISOR, AGENT):
        hall.card("e1-reader", card)
    hall.policy(e1(limit=3, others=1))
    hall.later(0.5)
    assert [(r["because"], r["person"]) for r in hall.records("no_entry")] == [("FULL", "agent-1")]
    hall.pass_through("e1-door")
    assert hall.net("e1-door", "e1") == 2


def test_people_seen_a_week_ago_are_forgotten() -> None:
    hall = passback(AntiPassback.HARD)
    enters(hall, EXPERT)
    hall.later(8 * 86_400)
    hall.policy(e1())
    enters(hall, SUPERVISOR)
    assert set(hall.state.seen) == {PersonKey("sup-1")}
