"""What the clock presses: an hour before the opening, after the day, and never against a person."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from booking_case import RULES, at, book, booked, booking, tender
from day_case import lot
from fake_agents import Stage

from gateway.core.booking.book import Booking, Rules
from gateway.core.booking.schedule import ACTOR, Look, Press, ScheduleRules, Tried, due, lapsed
from gateway.core.day import Refusal
from gateway.core.parts import LotState
from gateway.core.scene_run import Run
from gateway.shell.booking_desk import BookingDesk
from venue_model.ids import LotId, RoomId
from venue_model.lots import Phase
from venue_model.moments import S
from venue_model.scenes import SCENES, SceneId

L1 = LotId("L1")
HOUR_NS = 3600 * S
EVERY = ScheduleRules(preparation_s=3600, release_at="19:00")
HELD = tuple(book(lots=[tender("L1", 9)]).bookings.values())


def presses(state: LotState, hour: float, look: Look | None = None, held: tuple[Booking, ...] = HELD) -> list[str]:
    return [press.scene.value for press in due(held, {L1: state}, EVERY, look or Look(), at(hour))]


# the rules


@pytest.mark.parametrize(("hour", "pressed"), [(7.9, []), (8, ["opening_preparation"]), (8.9, ["opening_preparation"]), (9, [])])
def test_a_room_is_prepared_from_an_hour_before_the_opening_until_then(hour: float, pressed: list[str]) -> None:
    assert presses(booked(tender("L1", 9)), hour) == pressed


@pytest.mark.parametrize("phase", [*Phase])
def test_the_clock_presses_nothing_but_preparation_and_close(phase: Phase) -> None:
    found = {scene for hour in range(24) for scene in presses(booked(tender("L1", 9), phase, since=1), hour)}
    assert found <= {SceneId.OPENING_PREPARATION, SceneId.CLOSE}
    assert not any(SCENES[SceneId(scene)].two_person for scene in found)


@pytest.mark.parametrize(("phase", "since", "hour", "pressed"), [
    (Phase.REPORT_SIGNED, 15, 18.9, []), (Phase.REPORT_SIGNED, 15, 19, ["close"]), (Phase.FAILED, 9, 19.5, ["close"]),
    (Phase.REPORT_SIGNED, 15, 31, ["close"]), (Phase.REPORT_SIGNED, 22, 22.1, ["close"]), (Phase.EVALUATION, 10, 20, []),
    (Phase.OVERNIGHT, 10, 20, []), (Phase.CLOSED, 10, 20, []),
])  # fmt: skip
def test_a_day_that_is_done_is_closed_after_the_hour_also_the_next_morning(
    phase: Phase, since: float, hour: float, pressed: list[str]
) -> None:
    assert presses(booked(tender("L1", 9), phase, since), hour) == pressed


def test_a_lot_without_a_confirmed_room_is_not_prepared_by_itself() -> None:
    taken = book(booking("b", "o1", 7, 10, confirmed=True), lots=[tender("L1", 9)])
    assert presses(booked(tender("L1", 9)), 8.5, held=tuple(taken.bookings.values())) == []


def test_a_lot_that_staff_do_by_hand_is_left_alone() -> None:
    assert presses(booked(tender("L1", 9)), 8.5, Look(kept=frozenset({L1}))) == []


def test_what_was_refused_is_tried_again_after_one_two_four_and_then_each_ten_minutes() -> None:
    waits = [Tried(L1, SceneId.CLOSE, times, "x", "", "", 0).again_utc_ns // (60 * S) for times in (1, 2, 3, 4, 5, 50)]
    assert waits == [1, 2, 4, 8, 10, 10]
    tried = Tried(L1, SceneId.OPENING_PREPARATION, 1, "x", "", "", at(8.5))
    look = Look(tried={(L1, tried.scene): tried})
    assert presses(booked(tender("L1", 9)), 8.51, look) == []
    assert presses(booked(tender("L1", 9)), 8.52, look) == ["opening_preparation"]


def test_both_are_off_unless_a_venue_says_when() -> None:
    every = [booked(tender("L1", 9), phase, since=1) for phase in Phase]
    assert not any(due(HELD, {L1: state}, ScheduleRules(), Look(), at(hour)) for state in every for hour in range(48))


def test_a_booking_that_nobody_confirmed_lapses_a_confirmed_one_does_not() -> None:
    asked, held = booking("a", "o1", 9, 10), booking("b", "o1", 12, 13, confirmed=True)
    assert [b.id for b in lapsed((asked, held), at(12.5), 15 * 60)] == ["a"]
    assert lapsed((asked,), at(9.2), 15 * 60) == ()
    assert lapsed(book(lots=[tender("L1", 9)]).bookings.values(), at(20), 60) == ()


# at work


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    found = Stage(tmp_path)
    found.open()
    yield found
    found.close()


def desk(stage: Stage, rules: ScheduleRules = EVERY) -> BookingDesk:
    return BookingDesk(stage.coordinator, Rules(), rules)


def later(stage: Stage, calendar: BookingDesk, s: int) -> None:
    """Let time pass and the clock look."""
    stage.now = replace(stage.now, mono_ns=stage.now.mono_ns + s * S, utc_ns=stage.now.utc_ns + s * S)
    calendar.tick(stage.now)
    stage.settle()


def runs(stage: Stage) -> list[tuple[str, str, str | None]]:
    return [(run.scene, run.by, run.result) for run in stage.coordinator.scenes.runs(L1)]


def test_an_hour_before_the_opening_the_room_is_prepared_once(stage: Stage) -> None:
    stage.book(replace(lot(), opening_utc_ns=stage.now.utc_ns + HOUR_NS + 60 * S))
    calendar = desk(stage)
    later(stage, calendar, 30)
    assert runs(stage) == []
    for _ in range(20):
        later(stage, calendar, 30)
    assert runs(stage) == [("opening_preparation", ACTOR, "ok")]
    assert [line["by"] for line in stage.lines("press")] == [ACTOR]


def test_after_a_restart_nothing_is_pressed_twice(stage: Stage) -> None:
    stage.book(replace(lot(), opening_utc_ns=stage.now.utc_ns + HOUR_NS))
    later(stage, desk(stage), 6)
    stage.restart()
    stage.settle()
    for _ in range(5):
        later(stage, desk(stage), 60)
    assert [run[:2] for run in runs(stage)] == [("opening_preparation", ACTOR)]


def test_killed_in_the_middle_of_its_press_the_gateway_resumes_that_run_and_begins_no_other(stage: Stage) -> None:
    stage.book(replace(lot(), opening_utc_ns=stage.now.utc_ns + HOUR_NS))
    calendar = desk(stage)
    stage.now = replace(stage.now, mono_ns=stage.now.mono_ns + 6 * S, utc_ns=stage.now.utc_ns + 6 * S)
    calendar.tick(stage.now)  # nothing is delivered: the power goes
    before = [run.id for run in stage.coordinator.scenes.runs(L1)]
    stage.restart()
    later(stage, desk(stage), 6)
    assert [run.id for run in stage.coordinator.scenes.runs(L1)] == before and runs(stage) == [("opening_preparation", ACTOR, "ok")]


def test_a_refused_press_stands_on_the_calendar_and_is_tried_again_also_after_a_restart(stage: Stage) -> None:
    stage.book(replace(lot(), opening_utc_ns=stage.now.utc_ns + HOUR_NS))
    assert stage.coordinator.guard.lock([], "wang", "drill", stage.now) is None
    calendar = desk(stage)
    later(stage, calendar, 6)
    [note] = calendar.schedule.tried.values()
    assert (note.code, note.times) == ("lockdown", 1) and "封控" in note.zh
    again = desk(stage)
    later(stage, again, 20)
    assert [n.times for n in again.schedule.tried.values()] == [1], "one minute has not passed"
    later(stage, again, 60)
    assert [n.times for n in again.schedule.tried.values()] == [2]
    assert len([line for line in stage.lines("schedule") if line["act"] == "refused"]) == 1, "the journal hears it once"
    assert stage.coordinator.guard.lift("zhang", stage.now) is None
    later(stage, again, 200)
    assert runs(stage)[0][:2] == ("opening_preparation", ACTOR)
    later(stage, again, 10)
    assert again.schedule.tried == {} and again.store.tried() == {}


def test_the_clock_does_not_press_again_what_a_person_pressed_without_success(stage: Stage) -> None:
    stage.book(replace(lot(), opening_utc_ns=stage.now.utc_ns + HOUR_NS))
    for camera in stage.cameras("o1"):
        stage.agents[stage.venue.devices[camera].board].broken[camera] = "no stream"  # type: ignore[index]
    stage.press("opening_preparation")
    stage.wait(60_000, 500)
    assert runs(stage) == [("opening_preparation", "wang", "failed")]
    calendar = desk(stage)
    for _ in range(10):
        later(stage, calendar, 60)
    assert len(runs(stage)) == 1


def test_its_own_press_that_failed_is_noted_and_tried_again(stage: Stage) -> None:
    stage.book(replace(lot(), opening_utc_ns=stage.now.utc_ns + HOUR_NS))
    cameras = stage.cameras("o1")
    agents = {camera: stage.agents[stage.venue.devices[camera].board] for camera in cameras}  # type: ignore[index]
    for camera, agent in agents.items():
        agent.broken[camera] = "no stream"
    calendar = desk(stage)
    later(stage, calendar, 6)
    stage.wait(20_000, 500)
    assert runs(stage) == [("opening_preparation", ACTOR, "failed")]
    later(stage, calendar, 6)
    assert [note.code for note in calendar.schedule.tried.values()] == ["failed"]
    for camera, agent in agents.items():
        del agent.broken[camera]
    later(stage, calendar, 70)
    assert [run[2] for run in runs(stage)] == ["failed", "ok"]


def test_a_lot_taken_in_hand_is_prepared_by_people_until_it_is_given_back(stage: Stage) -> None:
    stage.book(replace(lot(), opening_utc_ns=stage.now.utc_ns + HOUR_NS))
    calendar = desk(stage)
    assert calendar.schedule.keep(L1, "wang", stage.now) is None
    later(stage, desk(stage), 60)
    assert runs(stage) == []
    assert calendar.schedule.give_back(L1, "wang", stage.now) is None
    later(stage, calendar, 60)
    assert runs(stage) == [("opening_preparation", ACTOR, "ok")]
    refused = calendar.schedule.keep(LotId("L9"), "wang", stage.now)
    assert isinstance(refused, Refusal) and refused.code == "unknown-lot"


def test_at_the_end_of_the_day_an_empty_lot_is_closed_and_one_with_people_is_not(stage: Stage) -> None:
    stage.book(lot())
    for scene in ("opening_preparation", "failed_tender"):
        assert isinstance(stage.press(scene), Run)
    calendar = desk(stage, ScheduleRules(release_at="00:00"))
    door = next(d for d in stage.venue.doors.values() if d.inside == RoomId("o1"))
    agent = stage.agents[door.board]  # type: ignore[index]
    agent.net[door.id, stage.venue.component_of[RoomId("o1")]] = 2
    stage.tell(agent, "reported", agent.report())
    later(stage, calendar, 6)
    assert [n.code for n in calendar.schedule.tried.values()] == ["not-empty"] and "2" in next(iter(calendar.schedule.tried.values())).zh
    agent.net.clear()
    stage.tell(agent, "reported", agent.report())
    later(stage, calendar, 70)
    assert runs(stage)[-1][:2] == ("close", ACTOR)


def test_where_the_schedule_is_off_no_lot_is_touched(stage: Stage) -> None:
    stage.book(replace(lot(), opening_utc_ns=stage.now.utc_ns + HOUR_NS))
    later(stage, desk(stage, ScheduleRules()), 60)
    assert runs(stage) == []


def test_a_room_is_taken_from_its_scheduled_preparation_on(stage: Stage) -> None:
    assert desk(stage, ScheduleRules(preparation_s=7200)).rules.prepare_before_s == 7200
    assert desk(stage).rules == replace(RULES, prepare_before_s=3600)


def test_presses_of_one_look_are_those_that_are_due() -> None:
    day = {LotId("L1"): booked(tender("L1", 9)), LotId("L2"): booked(tender("L2", 12, "o2", "e2"))}
    held = book(lots=[tender("L1", 9), tender("L2", 12, "o2", "e2")]).bookings.values()
    assert due(held, day, EVERY, Look(), at(8.1)) == (Press(L1, SceneId.OPENING_PREPARATION, at(8)),)
