"""A phone goes into a locker before its owner goes to the gate."""

import pytest
from agent_hall import EXPERT, SUPERVISOR, Hall, admit, entry_of

from edge.core.effects import SetLine
from edge.core.events import LinesHealth
from venue_model.groups import Role


@pytest.fixture
def hall() -> Hall:
    hall = Hall()
    hall.policy(
        admit("intake", 2, [Role.EXP, Role.SUP], entry_of(EXPERT), entry_of(SUPERVISOR)),
        admit("wing", 2, [Role.EXP], entry_of(EXPERT, locker=True)),
    )
    hall.effects.clear()
    return hall


def open_and_close(hall: Hall, locker: str) -> None:
    hall.line(f"{locker}.closed", False)
    hall.later(2)
    hall.line(f"{locker}.closed", True)


def lock(hall: Hall, locker: str) -> bool:
    return [e.active for e in hall.effects if isinstance(e, SetLine) and e.line == f"{locker}.lock"][-1]


def acts(hall: Hall) -> list[object]:
    return [(record["locker"], record["act"]) for record in hall.records("locker")]


def test_the_gate_opens_only_after_the_phone_is_locked_away(hall: Hall) -> None:
    hall.card("gate-reader", EXPERT)
    assert hall.records("refusal")[-1]["rule"] == "I5"
    hall.card("locker-reader", EXPERT)
    assert lock(hall, "locker-1")
    hall.later(1)
    assert not lock(hall, "locker-1")
    hall.card("gate-reader", EXPERT)
    assert hall.records("refusal")[-1]["rule"] == "I5"
    open_and_close(hall, "locker-1")
    hall.card("gate-reader", EXPERT)
    assert hall.strike("gate")
    assert acts(hall) == [("locker-1", "assigned"), ("locker-1", "bound")]


def test_the_second_badge_gives_the_phone_back_and_frees_the_locker(hall: Hall) -> None:
    hall.card("locker-reader", EXPERT)
    open_and_close(hall, "locker-1")
    hall.later(60)
    hall.card("locker-reader", EXPERT)
    open_and_close(hall, "locker-1")
    assert acts(hall)[2:] == [("locker-1", "returning"), ("locker-1", "returned")]
    hall.policy(admit("wing", 2, [Role.EXP], entry_of(EXPERT, locker=True)))
    hall.card("gate-reader", EXPERT)
    assert hall.records("refusal")[-1]["rule"] == "I5"
    hall.card("locker-reader", SUPERVISOR)
    assert acts(hall)[-1] == ("locker-1", "assigned")


def test_everybody_gets_a_locker_of_their_own_until_all_are_taken(hall: Hall) -> None:
    hall.line("locker-2.closed", False)  # stands open: nobody knows what is in it
    hall.card("locker-reader", EXPERT)
    hall.card("locker-reader", SUPERVISOR)
    assert hall.records("refusal")[-1]["because"] == "every locker here is taken"
    hall.line("locker-2.closed", True)
    hall.later(2)
    hall.card("locker-reader", SUPERVISOR)
    assert acts(hall) == [("locker-1", "assigned"), ("locker-2", "assigned")]


def test_closing_without_having_opened_binds_nothing(hall: Hall) -> None:
    hall.card("locker-reader", EXPERT)
    again = hall.restart()
    again.policy(admit("intake", 2, [Role.EXP], entry_of(EXPERT)), admit("wing", 2, [Role.EXP], entry_of(EXPERT, locker=True)))
    again.card("gate-reader", EXPERT)
    assert again.records("refusal")[-1]["rule"] == "I5"
    again.card("locker-reader", EXPERT)
    open_and_close(again, "locker-1")
    again.card("gate-reader", EXPERT)
    assert again.strike("gate")


def test_a_restart_remembers_who_has_which_locker(hall: Hall) -> None:
    hall.card("locker-reader", EXPERT)
    open_and_close(hall, "locker-1")
    again = hall.restart()
    assert again.report().devices["locker-1"].state == {"taken": True, "closed": True}
    again.policy(admit("wing", 2, [Role.EXP], entry_of(EXPERT, locker=True)))
    again.card("gate-reader", EXPERT)
    assert again.strike("gate")


def test_a_locker_broken_open_is_an_alarm_and_stops_its_owner_at_the_gate(hall: Hall) -> None:
    hall.card("locker-reader", EXPERT)
    open_and_close(hall, "locker-1")
    hall.line("locker-1.closed", False)
    assert hall.alarms() == ["locker-forced"]
    hall.card("gate-reader", EXPERT)
    assert hall.records("refusal")[-1]["rule"] == "I5"


def test_a_locker_left_open_is_an_alarm_that_ends(hall: Hall) -> None:
    hall.card("locker-reader", EXPERT)
    hall.line("locker-1.closed", False)
    hall.later(60)
    assert hall.alarms() == ["locker-open"]
    hall.line("locker-1.closed", True)
    assert [record["code"] for record in hall.records("alarm_clear")] == ["locker-open"]


@pytest.mark.parametrize("card", [b"\x66", b"\x0b\x0b"])
def test_who_has_no_business_here_gets_no_locker(hall: Hall, card: bytes) -> None:
    hall.card("locker-reader", card)
    assert hall.records("refusal")[-1]["rule"] == "PASS-UNKNOWN"
    assert acts(hall) == []


def test_while_the_board_is_away_nobody_counts_as_having_locked_the_phone_away(hall: Hall) -> None:
    hall.card("locker-reader", EXPERT)
    open_and_close(hall, "locker-1")
    hall.tell(LinesHealth(frozenset({"locker-1.closed", "locker-1.lock"}), False, "unplugged"))
    hall.card("gate-reader", EXPERT)
    assert hall.records("refusal")[-1]["rule"] == "I5"
