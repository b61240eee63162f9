"""What a person at a door sees, and what the counts say afterwards."""

import pytest
from agent_hall import AGENT, BIDDER, EXPERT, LINES, SUPERVISOR, Hall, admit, clear, entry_of

from edge.core.events import LineFailed, LinesHealth, Stopping
from venue_model.groups import Role


@pytest.fixture
def hall() -> Hall:
    """Bidders and the agent may enter the opening room, experts the evaluation room."""
    hall = Hall()
    hall.policy(
        admit("o1", 2, [Role.BID, Role.AGT], entry_of(BIDDER), entry_of(AGENT)),
        admit("e1", 2, [Role.EXP], entry_of(EXPERT), entry_of(SUPERVISOR)),
        admit("wing", 2, [Role.EXP], entry_of(EXPERT)),
        admit("intake", 2, [Role.EXP], entry_of(EXPERT)),
    )
    hall.effects.clear()
    return hall


def test_a_guest_with_a_pass_gets_in_and_is_counted_when_the_door_opens(hall: Hall) -> None:
    hall.card("o1-reader", BIDDER)
    assert hall.strike("o1-door")
    assert hall.answers() == [True]
    assert hall.net("o1-door", "o1") == 0
    hall.line("o1-door.contact", True)
    assert hall.net("o1-door", "o1") == 1
    hall.later(1)
    hall.line("o1-door.contact", False)
    assert not hall.strike("o1-door")
    assert [(p["direction"], p["how"], p["person"], p["to"]) for p in hall.records("passage")] == [("in", "pass", "bidder-1", "o1")]


def test_who_badges_and_walks_away_is_not_counted(hall: Hall) -> None:
    hall.card("o1-reader", BIDDER)
    hall.later(5)
    assert not hall.strike("o1-door")
    assert not hall.door("o1-door").components["o1"].settled  # the leaf may have been pulled at the last moment
    hall.later(0.5)
    assert [record["because"] for record in hall.records("no_entry")] == ["nobody came"]
    assert hall.net("o1-door", "o1") == 0
    assert hall.door("o1-door").components["o1"].settled


def test_a_leaf_pulled_at_the_last_moment_is_a_passage_and_no_break_in(hall: Hall) -> None:
    hall.card("o1-reader", BIDDER)
    hall.later(5)
    hall.later(0.1)
    hall.line("o1-door.contact", True)
    assert hall.net("o1-door", "o1") == 1
    assert hall.alarms() == []


def test_leaving_one_room_for_another_moves_the_count(hall: Hall) -> None:
    hall.card("e1-reader", EXPERT)
    hall.pass_through("e1-door")
    assert (hall.net("e1-door", "e1"), hall.net("e1-door", "wing")) == (1, -1)
    hall.line("e1-door.exit", True)
    hall.line("e1-door.exit", False)
    hall.pass_through("e1-door")
    assert (hall.net("e1-door", "e1"), hall.net("e1-door", "wing")) == (0, 0)
    assert [(p["direction"], p["how"]) for p in hall.records("passage")] == [("in", "pass"), ("out", "exit")]


def test_who_leaves_by_an_open_leaf_is_counted_once_though_somebody_comes_in_right_after(hall: Hall) -> None:
    """Found by `simulation.proof.search`: the press waited on and took the next opening for a second departure."""
    hall.card("o1-reader", BIDDER)
    hall.line("o1-door.contact", True)
    hall.later(1)
    hall.line("o1-door.exit", True)
    assert hall.strike("o1-door"), "the way out is free"
    hall.line("o1-door.exit", False)
    hall.line("o1-door.contact", False)
    assert hall.net("o1-door", "o1") == 0
    assert hall.door("o1-door").components["o1"].settled
    hall.card("o1-reader", AGENT)
    hall.pass_through("o1-door")
    assert hall.net("o1-door", "o1") == 1


@pytest.mark.parametrize(
    "acts",
    [
        pytest.param(["card", "exit", "open"], id="the one inside opens for the one who was granted"),
        pytest.param(["card", "open", "exit"], id="the leaf stands open for the one who came in"),
        pytest.param(["exit", "open", "card"], id="the one who comes finds the leaf open"),
    ],
)
def test_an_opening_with_two_reasons_leaves_the_count_in_doubt(hall: Hall, acts: list[str]) -> None:
    """Found by `simulation.proof.search`: who presses the exit button may stay, and only open for a colleague."""
    for act in acts:
        if act == "card":
            hall.card("o1-reader", BIDDER)
        elif act == "exit":
            hall.line("o1-door.exit", True)
            hall.line("o1-door.exit", False)
        else:
            hall.line("o1-door.contact", True)
    hall.line("o1-door.contact", False)
    assert hall.door("o1-door").suspect


def test_an_exit_reader_knows_who_leaves_and_refuses_nobody(hall: Hall) -> None:
    for card in (EXPERT, b"\xff\xff"):
        hall.card("e1-exit-reader", card)
        assert hall.strike("e1-door")
        hall.pass_through("e1-door")
    assert [p["person"] for p in hall.records("passage")] == ["expert-1", None]
    assert hall.answers() == [True, True]


def test_the_exit_button_works_before_any_policy_ever_came() -> None:
    hall = Hall()
    hall.line("o1-door.exit", True)
    assert hall.strike("o1-door")


def test_a_forced_door_is_an_alarm_and_makes_the_counts_suspect(hall: Hall) -> None:
    hall.line("o1-door.contact", True)
    hall.later(0.2)
    assert hall.alarms() == ["forced"]
    assert (hall.door("o1-door").position, hall.door("o1-door").suspect) == ("forced", True)
    hall.line("o1-door.contact", False)
    assert [record["code"] for record in hall.records("alarm_clear")] == ["forced"]
    assert hall.door("o1-door").suspect
    hall.policy(clear("o1", 3))
    assert hall.door("o1-door").suspect
    hall.policy(admit("o1", 4, [Role.AGT], entry_of(AGENT)))
    assert not hall.door("o1-door").suspect


def test_a_leaf_that_is_heard_of_before_the_bar_that_opened_it_is_no_break_in(hall: Hall) -> None:
    hall.line("e1-door.contact", True)
    hall.later(0.05)
    hall.line("e1-door.exit", True)
    hall.later(0.5)
    assert hall.alarms() == []
    assert [(p["direction"], p["how"]) for p in hall.records("passage")] == [("out", "exit")]
    assert not hall.door("e1-door").suspect


def test_a_forced_door_that_is_slammed_at_once_is_an_alarm_all_the_same(hall: Hall) -> None:
    hall.line("o1-door.contact", True)
    hall.later(0.1)
    hall.line("o1-door.contact", False)
    assert hall.alarms() == ["forced"]
    assert [record["code"] for record in hall.records("alarm_clear")] == ["forced"]


def test_a_door_held_open_is_an_alarm_that_ends_when_it_closes(hall: Hall) -> None:
    hall.card("o1-reader", BIDDER)
    hall.line("o1-door.contact", True)
    hall.later(29)
    assert hall.alarms() == []
    hall.later(1)
    assert hall.alarms() == ["held"]
    assert hall.door("o1-door").position == "held"
    hall.line("o1-door.contact", False)
    assert [record["code"] for record in hall.records("alarm_clear")] == ["held"]


def test_a_strike_does_not_stay_released_while_the_leaf_is_propped(hall: Hall) -> None:
    hall.card("o1-reader", BIDDER)
    hall.line("o1-door.contact", True)
    hall.later(4.9)
    assert hall.strike("o1-door")
    hall.later(0.2)
    assert not hall.strike("o1-door")


def test_clear_takes_a_pending_grant_back_at_once_but_counts_who_was_in_the_doorway(hall: Hall) -> None:
    hall.card("o1-reader", BIDDER)
    hall.policy(clear("o1", 3, passes=(entry_of(BIDDER),)))
    assert not hall.strike("o1-door")
    assert not hall.door("o1-door").components["o1"].settled
    hall.later(0.05)
    hall.line("o1-door.contact", True)
    assert hall.net("o1-door", "o1") == 1
    assert hall.alarms() == []


def test_clear_before_anybody_pulled_is_told_as_no_entry(hall: Hall) -> None:
    hall.card("o1-reader", BIDDER)
    hall.policy(clear("o1", 3, passes=(entry_of(BIDDER),)))
    hall.later(0.5)
    assert [record["because"] for record in hall.records("no_entry")] == ["CLEAR"]
    assert hall.door("o1-door").components["o1"].settled


def test_clear_does_not_lock_the_door_of_somebody_who_is_leaving(hall: Hall) -> None:
    hall.card("o1-reader", BIDDER)
    hall.line("o1-door.exit", True)
    hall.policy(clear("o1", 3))
    assert hall.strike("o1-door")


def test_two_who_badge_before_one_opening_are_two_people(hall: Hall) -> None:
    hall.card("o1-reader", BIDDER)
    hall.later(1)
    hall.card("o1-reader", AGENT)
    hall.pass_through("o1-door")
    assert hall.net("o1-door", "o1") == 2


def test_badging_at_an_open_door_counts(hall: Hall) -> None:
    hall.card("o1-reader", BIDDER)
    hall.line("o1-door.contact", True)
    hall.card("o1-reader", AGENT)
    assert hall.net("o1-door", "o1") == 2


def test_who_meets_in_the_doorway_is_counted_both_ways(hall: Hall) -> None:
    hall.card("o1-reader", BIDDER)
    hall.line("o1-door.exit", True)
    hall.line("o1-door.exit", False)
    hall.pass_through("o1-door")
    assert [p["direction"] for p in hall.records("passage")] == ["out", "in"]
    assert hall.net("o1-door", "o1") == 0


def test_fire_releases_admits_nobody_and_silences_the_door_alarms(hall: Hall) -> None:
    hall.line("fire", True)
    assert all(hall.strike(door) for door in ("o1-door", "gate", "e1-door"))
    hall.card("o1-reader", BIDDER)
    assert hall.records("refusal")[-1]["rule"] == "FIRE"
    hall.line("o1-door.contact", True)
    hall.later(60)
    assert hall.alarms() == []
    hall.line("fire", False)
    hall.later(29)
    assert hall.alarms() == []
    hall.later(2)
    assert hall.alarms() == ["held"]
    assert [record["active"] for record in hall.records("fire")] == [True, False]
    assert hall.records("passage")[0]["how"] == "fire"


def test_a_stuck_exit_button_keeps_the_door_unlocked_and_is_an_alarm(hall: Hall) -> None:
    hall.line("o1-door.exit", True)
    hall.later(30)
    assert hall.strike("o1-door")
    assert hall.alarms() == ["exit-stuck"]
    hall.line("o1-door.exit", False)
    hall.later(6)
    assert not hall.strike("o1-door")


def test_nobody_is_let_in_while_the_board_of_the_lines_is_away(hall: Hall) -> None:
    hall.tell(LinesHealth(LINES, False, "unplugged"))
    hall.card("o1-reader", BIDDER)
    assert hall.records("refusal")[-1]["rule"] == "DOOR"
    assert hall.door("o1-door").position == "unknown"
    assert not hall.door("o1-door").components["o1"].settled


def test_a_grant_whose_end_nobody_saw_counts_as_inside(hall: Hall) -> None:
    hall.card("e1-reader", EXPERT)
    hall.tell(LinesHealth(LINES, False, "unplugged"))
    assert hall.net("e1-door", "e1") == 1
    assert hall.net("e1-door", "wing") == 0  # never believed emptier than it is
    assert hall.alarms() == ["unseen"]
    assert hall.door("e1-door").suspect


def test_a_crash_between_grant_and_opening_counts_as_inside(hall: Hall) -> None:
    hall.card("e1-reader", EXPERT)
    again = hall.restart()
    assert again.net("e1-door", "e1") == 1
    assert again.door("e1-door").suspect


def test_a_proper_stop_leaves_no_doubt(hall: Hall) -> None:
    hall.card("e1-reader", EXPERT)
    hall.tell(Stopping())
    assert not hall.strike("e1-door")
    hall.later(0.5)
    again = hall.restart()
    assert again.net("e1-door", "e1") == 0
    assert not again.door("e1-door").suspect


def test_a_leaf_found_open_at_start_is_no_break_in() -> None:
    hall = Hall()
    hall.tell(LinesHealth(LINES, False, "unplugged"))
    hall.tell(LinesHealth(LINES, True, "up", frozenset({"o1-door.contact"})))
    assert hall.alarms() == ["found-open"]


def test_a_strike_that_does_not_obey_is_told_again_and_reported_once_a_minute(hall: Hall) -> None:
    hall.card("o1-reader", BIDDER)
    hall.effects.clear()
    for _ in range(5):
        hall.tell(LineFailed("o1-door.strike", "relay gone"))
        assert not hall.door("o1-door").components["o1"].settled
        hall.later(1)
        assert not hall.strike("o1-door")
    assert hall.alarms() == ["strike"]
    hall.later(1)
    assert hall.door("o1-door").components["o1"].settled
