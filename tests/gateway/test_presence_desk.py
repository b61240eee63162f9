"""Presence in a running gateway: what it tells, once, to whom; what doors hear; and that a restart forgets nothing."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from coordinator_case import L1, stage
from day_case import county, lot
from fake_agents import Stage
from presence_case import at, line, refused, through

from gateway.core.presence.whereabouts import Sure
from gateway.shell.presence_desk import day_span, local_day
from venue_model.groups import Role
from venue_model.ids import BoardId, ComponentId, DoorId, PersonKey
from venue_model.venue import AntiPassback
from venue_model.wire import JournalEvent, Status

EXP = PersonKey("exp-1")
__all__ = ("stage",)  # a fixture
WING = ComponentId("wing")


def tell(stage: Stage, *lines: dict[str, Any]) -> None:
    """The boards tell, each in its own order, and count who passes."""
    for told in lines:
        event = JournalEvent(told["seq"], told["utc_ns"], told["kind"], told["body"], told["lot"])
        stage.journal(told["agent"], event)
        board = stage.agents[BoardId(told["agent"])]
        for side, change in (("from", -1), ("to", 1)):
            if told["kind"] == "passage" and (component := told["body"][side]):
                key = (DoorId(told["body"]["door"]), ComponentId(component))
                board.net[key] = board.net.get(key, 0) + change
        stage.tell(board, "reported", board.report())


def wait(stage: Stage, seconds: int) -> None:
    stage.now = replace(stage.now, mono_ns=stage.now.mono_ns + seconds * 10**9, utc_ns=stage.now.utc_ns + seconds * 10**9)
    stage.coordinator.tick(stage.now)
    stage.settle()


def alarms(stage: Stage, code: str) -> list[dict[str, Any]]:
    return [body for body in stage.lines("alarm") if body["code"] == code]


def anomalies(stage: Stage) -> list[str]:
    rows = stage.db.execute("SELECT body_json FROM outbox WHERE kind = 'anomaly' ORDER BY id").fetchall()
    return [row[0] for row in rows]


# impossible


def test_a_jump_is_an_alarm_with_both_lines_as_evidence_for_staff_and_platform(stage: Stage) -> None:
    tell(stage, through(0, "intake-door", "exp-1"), through(0.5, "e1-door", "exp-1"))
    [alarm] = alarms(stage, "impossible-jump")
    assert [(ref["agent"], ref["seq"]) for ref in alarm["evidence"]] == [("gatehouse", 1), ("evaluation", 501)]
    assert (alarm["person"], alarm["door"]) == ("exp-1", "e1-door")
    [told] = anomalies(stage)
    assert "impossible-jump" in told and "P-L1" in told


def test_the_same_affair_is_told_once_also_after_a_restart(stage: Stage) -> None:
    tell(stage, through(0, "intake-door", "exp-1"), through(0.5, "e1-door", "exp-1"))
    stage.restart()
    tell(stage, refused(0.9, "e1-door", "exp-1"))
    assert len(alarms(stage, "impossible-jump")) == 1


def test_two_places_wait_for_the_boards_that_could_explain_them(stage: Stage) -> None:
    wait(stage, 60)
    stage.tell(stage.agents[BoardId("evaluation")], "status", Status(False, 1))
    tell(stage, through(0, "e1-door", "exp-1"), refused(60, "o1-door", "exp-1"))
    wait(stage, 60)
    assert alarms(stage, "two-places") == [], "the board of door 201 is away: perhaps it saw somebody leave"
    stage.say(*stage.agents[BoardId("evaluation")].birth())
    wait(stage, 2)
    assert alarms(stage, "two-places") == [], "it has only just come back"
    wait(stage, 6)
    [alarm] = alarms(stage, "two-places")
    assert "never seen leaving" in alarm["detail"]
    wait(stage, 60)
    assert len(alarms(stage, "two-places")) == 1


def test_an_exit_that_is_told_late_explains_it_in_time(stage: Stage) -> None:
    wait(stage, 60)
    tell(stage, through(0, "e1-door", "exp-1"), refused(60, "o1-door", "exp-1"), through(30, "e1-door", None, "out"))
    wait(stage, 20)
    assert alarms(stage, "two-places") == []


# lingering, checkout


def test_who_lingers_is_told_once_and_it_ends_when_they_move_on(stage: Stage) -> None:
    tell(stage, through(0, "gate", "exp-1"))
    wait(stage, 590)
    assert alarms(stage, "lingering") == []
    wait(stage, 30)
    wait(stage, 30)
    [alarm] = alarms(stage, "lingering")
    assert (alarm["place"], alarm["level"], alarm["quiet"]) == ("exp-1", "warning", True)
    stage.restart()
    wait(stage, 1)
    assert len(alarms(stage, "lingering")) == 1 and stage.lines("alarm_clear") == []
    tell(stage, through(700, "e1-door", "exp-1"))
    wait(stage, 2)
    wait(stage, 2)
    assert stage.lines("alarm_clear") == [{"code": "lingering", "place": "exp-1"}]


def test_an_agent_who_left_without_staffs_word_is_told_to_staff_and_the_word_prevents_it(stage: Stage) -> None:
    assert Role.AGT in stage.venue.profile.checkout, "the classic profile asks agents to check out"
    tell(stage, through(0, "o1-door", "agt-1"), through(1, "o1-door", "bid-1"))
    wait(stage, 60)
    assert stage.coordinator.check_out(L1, PersonKey("agt-1"), "wang", stage.now)
    tell(stage, through(61, "o1-door", "agt-1", "out"))
    wait(stage, 200)
    assert alarms(stage, "checkout-missing") == []
    tell(stage, through(300, "o1-door", "agt-1"), through(330, "o1-door", "agt-1", "out"))
    wait(stage, 200)
    wait(stage, 10)
    [alarm] = alarms(stage, "checkout-missing")
    assert (alarm["person"], alarm["quiet"], "audience" in alarm) == ("agt-1", True, False)


def test_nobody_checks_out_who_is_not_on_the_roster(stage: Stage) -> None:
    assert not stage.coordinator.check_out(L1, PersonKey("ghost"), "wang", stage.now)
    assert stage.lines("checkout") == []


# counted out


def test_whoever_left_by_the_button_is_counted_out_when_the_doors_count_nobody(stage: Stage) -> None:
    tell(stage, through(0, "e1-door", "exp-1"), through(1, "e1-door", "exp-2"), through(60, "e1-door", None, "out"))
    wait(stage, 70)
    wait(stage, 10)
    assert stage.lines("emptied") == [], "one is still counted inside"
    tell(stage, through(81, "e1-door", None, "out"))
    wait(stage, 2)
    assert stage.lines("emptied") == [], "a count is believed when it has stood for a while"
    wait(stage, 6)
    wait(stage, 6)
    assert stage.lines("emptied") == [{"component": "e1"}]
    assert {who.sure for who in stage.coordinator.presence.everybody().values()} == {Sure.COUNTED}
    stage.restart()
    assert [who.person for who in stage.coordinator.presence.counted_out(stage.now)] == ["exp-1", "exp-2"]
    assert not any(row.people for row in stage.coordinator.presence.muster())


def test_a_count_in_doubt_or_of_a_board_that_is_away_takes_nobody_off_the_list(stage: Stage) -> None:
    tell(stage, through(0, "e1-door", "exp-1"), through(60, "e1-door", None, "out"))
    board = stage.agents[BoardId("evaluation")]
    report = board.report()
    doubtful = replace(report, doors={**report.doors, DoorId("e1-door"): replace(report.doors[DoorId("e1-door")], suspect=True)})
    stage.tell(board, "reported", doubtful)
    wait(stage, 70)
    wait(stage, 10)
    assert stage.lines("emptied") == []
    stage.tell(board, "reported", report)
    stage.tell(board, "status", Status(False, 1))
    wait(stage, 10)
    wait(stage, 10)
    assert stage.lines("emptied") == []


# conflict


def test_a_pair_that_must_avoid_each_other_is_told_once_a_day_to_those_who_may_know(stage: Stage) -> None:
    stage.book(replace(lot(), conflicts=((EXP, PersonKey("bid-1")),), version=2))
    tell(stage, through(0, "intake-door", "exp-1"))
    wait(stage, 2)
    assert alarms(stage, "conflict") == []
    tell(stage, refused(10, "o1-door", "bid-1"))
    wait(stage, 2)
    wait(stage, 2)
    [alarm] = alarms(stage, "conflict")
    assert (alarm["audience"], alarm["quiet"], alarm["place"]) == (["supervisor", "witness"], True, "bid-1 exp-1")
    assert not [told for told in anomalies(stage) if "conflict" in told]
    stage.restart()
    wait(stage, 2)
    assert len(alarms(stage, "conflict")) == 1
    wait(stage, 86_400)
    wait(stage, 2)
    assert len(alarms(stage, "conflict")) == 1, "both were here yesterday"
    tell(stage, through(86_410, "intake-door", "exp-1"), through(86_411, "o1-door", "bid-1"))
    wait(stage, 20)
    assert len(alarms(stage, "conflict")) == 2, "the next day is another day"


# a restart, and what doors hear


def test_a_clock_that_runs_a_year_ahead_for_a_while_makes_nobody_vanish(stage: Stage) -> None:
    tell(stage, through(0, "intake-door", "exp-1"))
    year_ns = 365 * 86_400 * 10**9
    stage.now = replace(stage.now, utc_ns=stage.now.utc_ns + year_ns)
    wait(stage, 2)
    stage.now = replace(stage.now, utc_ns=stage.now.utc_ns - year_ns)
    tell(stage, through(20, "gate", "exp-1"))
    for _ in range(2):
        assert stage.coordinator.presence.everybody()[EXP].component == WING
        stage.restart()


def test_after_a_restart_everybody_is_where_they_were(stage: Stage) -> None:
    tell(
        stage, through(0, "gate", "exp-1"), through(1, "e1-door", "exp-1"), through(2, "o1-door", "bid-1"),
        through(3, "e1-door", None, "out"),
        line("locker", 4, 99, "gatehouse", "exp-1", "L1", locker="locker-1", act="bound"),
        line("fire", 5, 98, "evaluation", device="evaluation-fire", active=True),
    )  # fmt: skip
    stage.coordinator.tick_off(PersonKey("bid-1"), True, "wang", stage.now)
    before = stage.coordinator.presence
    stage.restart()
    after = stage.coordinator.presence
    assert after is not before
    assert after.everybody() == before.everybody()
    assert after.everybody()[EXP].sure is Sure.UNKNOWN
    assert after.presence == replace(before.presence, floor_utc_ns=after.presence.floor_utc_ns)
    assert after.fire(stage.now) == before.fire(stage.now) is not None
    assert after.leaving(lot()) == before.leaving(lot())
    assert [p.locker for p in after.leaving(lot()).phones] == ["locker-1"]


def test_nobody_ticks_off_whom_no_door_ever_saw(stage: Stage) -> None:
    assert not stage.coordinator.tick_off(PersonKey("ghost"), True, "wang", stage.now)


def passes(stage: Stage, board: str, component: ComponentId) -> dict[str, tuple[Any, int, bool]]:
    held = stage.agents[BoardId(board)].held[component]
    return {p.person: (p.inside, p.seen_utc_ns, p.spent) for p in held.passes}


def policies(stage: Stage, board: str) -> int:
    return len([message for message in stage.link.of("policy") if f"/{board}/" in message.topic])


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Stage]:
    """A house whose main gate refuses a pass that is inside already, and whose corridor takes three people."""
    venue = county()
    gate = replace(venue.doors[DoorId("gate")], antipassback=AntiPassback.HARD)
    rooms = {r.id: replace(r, limit=3 if r.id == "wing" else None) for r in venue.rooms.values()}
    found = Stage(tmp_path, replace(venue, doors={**venue.doors, gate.id: gate}, rooms=rooms))
    found.open()
    found.book(lot())
    for scene in ("opening_preparation", "check_in", "opening", "opening_end", "intake"):
        found.press(scene)
    yield found
    found.close()


def test_the_gate_hears_that_a_pass_went_in_and_came_out_by_another_boards_door(guarded: Stage) -> None:
    tell(guarded, through(0, "gate", "exp-1"))
    assert passes(guarded, "gatehouse", WING)["exp-1"] == ("wing", at(0), True)
    tell(guarded, through(60, "wing-exit", "exp-1", "out"))
    assert passes(guarded, "gatehouse", WING)["exp-1"] == (None, at(60), True)
    assert passes(guarded, "gatehouse", WING)["exp-2"] == (None, 0, False)


def test_boards_that_asked_nothing_get_no_new_policy_for_a_passage(guarded: Stage) -> None:
    tell(guarded, through(0, "gate", "exp-1"))
    counts = {board: policies(guarded, board) for board in ("gatehouse", "evaluation", "opening", "front")}
    tell(guarded, through(60, "e1-door", "exp-1"), through(61, "o1-door", "bid-1"), through(62, "o2-door", "exp-2"))
    after = {board: policies(guarded, board) for board in counts}
    assert after == {**counts, "gatehouse": counts["gatehouse"] + 2}, "exp-1 left the corridor, and one fewer is counted in it"


def test_a_board_hears_how_many_other_boards_let_into_a_room_with_a_limit(guarded: Stage) -> None:
    evaluation = guarded.agents[BoardId("evaluation")]
    evaluation.net[DoorId("wing-exit"), WING] = 2
    guarded.tell(evaluation, "reported", evaluation.report())
    guarded.settle()
    gate = guarded.agents[BoardId("gatehouse")].held[WING]
    assert (gate.limit, gate.others) == (3, 2)
    assert (evaluation.held[WING].limit, evaluation.held[WING].others) == (3, 0)
    assert guarded.agents[BoardId("opening")].held[ComponentId("o1")].limit is None


def test_a_day_is_that_of_the_venues_walls() -> None:
    begin, end = day_span("2027-01-15")
    assert end - begin == 86_400 * 10**9
    assert local_day(begin) == local_day(end - 1) == "2027-01-15"
    assert local_day(end) == "2027-01-16"
    with pytest.raises(ValueError, match="isoformat"):
        day_span("yesterday")
