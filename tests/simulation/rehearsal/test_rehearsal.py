"""The evening before: what staff are told about tomorrow's bookings."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from gateway.core.booking.book import Purpose, Rules
from gateway.core.booking.meetings import CHECK_IN_BEFORE_S, INTAKE_S, LEAVING_S
from gateway.core.booking.told import lot_bookings
from gateway.core.day import LotState
from simulation.crowd.timetable import timetable
from simulation.rehearsal import BookingsError, read_bookings, rehearse, report_text, summarise
from simulation.rehearsal.conflicts import find_conflicts
from simulation.rehearsal.rehearse import worst
from simulation.world.cli import main
from simulation.world.contract import See, Seen
from venue_model.groups import Role
from venue_model.ids import LotId, PersonKey, ProjectId, RoomId
from venue_model.lots import Lot, Person, Phase
from venue_model.moments import S
from venue_model.tools.files import example, read_venue

COUNTY = read_venue(example("county_hall"))
NINE = 1_800_061_200 * S  # 09:00 in China, 2027-01-16
HOUR = 3_600 * S


def lot(number: int, opening_utc_ns: int = NINE, opening: str = "o1", evaluation: str = "e1", experts: int = 5, **changes: Any) -> Lot:
    """A lot with three bidders, an agent, an owner and a committee, each with a card of their own."""
    roles = [*[Role.BID] * 3, Role.AGT, Role.OWN, *[Role.EXP] * experts]
    people = tuple(Person(PersonKey(f"k{number}-{i}"), role, f"{number:02x}{i:02x}aabb") for i, role in enumerate(roles))
    made = Lot(
        LotId(f"L{number}"), ProjectId(f"P{number}"), "门诊楼", "一标段", RoomId(opening), RoomId(evaluation), opening_utc_ns, bidders=3,
        people=people,
    )  # fmt: skip
    return replace(made, **changes)


def codes(*lots: Lot) -> list[tuple[str, str]]:
    return [(conflict.code, conflict.place) for conflict in find_conflicts(lots, COUNTY)]


def test_a_day_without_conflicts_has_none() -> None:
    assert codes(lot(1), lot(2, NINE + 4 * HOUR, "o2", "e2")) == []


def test_a_room_that_two_lots_booked_is_named_with_the_hour() -> None:
    [conflict] = [c for c in find_conflicts((lot(1), lot(2, evaluation="e2")), COUNTY) if c.code == "room-twice"]
    assert conflict.place == "o1" and conflict.lots == ("L1", "L2") and "08:00" in conflict.words.zh


def test_an_expert_of_two_committees_at_once_is_named() -> None:
    shared = lot(2, opening="o2", evaluation="e2")
    shared = replace(shared, people=(*shared.people[:-1], replace(shared.people[-1], person=PersonKey("k1-9"))))
    assert ("person-twice", "k1-9") in codes(lot(1), shared)


def test_a_bidder_who_judges_another_lot_is_named_whatever_the_hour() -> None:
    other = lot(2, NINE + 5 * HOUR, "o2", "e2")
    other = replace(other, people=(*other.people[:-1], replace(other.people[-1], person=PersonKey("k1-0"))))
    assert codes(lot(1), other) == [("person-twice", "k1-0")]


def test_people_who_must_avoid_each_other_are_named() -> None:
    assert codes(lot(1, conflicts=((PersonKey("k1-0"), PersonKey("k1-5")),))) == [("avoid", "k1-0")]


def test_a_committee_of_four_is_named() -> None:
    assert codes(lot(1, experts=4)) == [("committee", "e1")]


def test_lockers_that_are_too_few_are_named() -> None:
    assert [code for code, _ in codes(lot(1), lot(2, opening="o2", evaluation="e2"))] == ["lockers"]  # 10 experts, 6 lockers


def test_rooms_that_see_each_other_cannot_hold_separated_groups_at_once() -> None:
    glazed = replace(COUNTY, sight=((RoomId("o2"), RoomId("e1")),))
    found = find_conflicts((lot(1), lot(2, NINE + HOUR, "o2", "e2")), glazed)
    assert "separated" in [conflict.code for conflict in found]


def test_a_room_that_the_venue_does_not_have_is_named() -> None:
    assert ("unknown-room", "o9") in codes(lot(1, opening="o9"))


def seen(*events: tuple[float, See, dict[str, Any]]) -> list[Seen]:
    return [Seen(number, int(time_s * S), kind, fields) for number, (time_s, kind, fields) in enumerate(events, 1)]


def test_queues_busiest_minute_and_refused_presses_are_counted_from_the_trace() -> None:
    def queue(time_s: float, person: str, act: str) -> tuple[float, See, dict[str, Any]]:
        return time_s, See.QUEUE, {"place": "o1-door", "person": person, "act": act}

    def step(time_s: float, door: str) -> tuple[float, See, dict[str, Any]]:
        return time_s, See.MOVED, {"person": "a", "role": "BID", "lot": "L1", "from": "hall", "to": "o1", "door": door, "force": False}

    trace = seen(
        queue(10, "a", "joins"), queue(11, "b", "joins"), queue(12, "a", "passes"), queue(40, "b", "passes"), step(12, "o1-door"),
        step(40, "o1-door"), step(41, "front-door"), step(70, "o1-door"),
        (80, See.PRESSED, {"lot": "L1", "scene": "opening", "by": "staff", "result": "too-few-bidders"}),
    )  # fmt: skip
    report = summarise(trace, (lot(1),), COUNTY, 0)
    [found] = report.queues
    assert (found.longest, found.longest_wait_s, found.passed) == (2, 29, 2)
    assert report.busiest is not None and (report.busiest.people, report.busiest.doors) == (2, (("o1-door", 2),))
    assert [(press.code, press.times) for press in report.refused] == [("too-few-bidders", 1)]
    assert {scene.result for scene in report.late} == {"never"} and not report.smooth


def test_a_late_scene_is_late_by_its_timetable() -> None:
    def done(minutes_after_nine: int, scene: str) -> tuple[float, See, dict[str, Any]]:
        body = {"scene": scene, "result": "ok", "run": "r", "failed": []}
        return 3600 + minutes_after_nine * 60, See.TAKEN, {"agent": "", "line": "scene", "body": body, "lot": "L1", "project": "P1"}

    trace = seen(done(-60, "opening_preparation"), done(-15, "check_in"), done(0, "opening"))
    report = summarise(trace, (lot(1),), COUNTY, NINE - HOUR)
    late = {scene.scene: scene.late_s for scene in report.late}
    assert late["check_in"] == 15 * 60 and "opening" not in late and late["close"] is None


def test_bookings_are_read_as_the_gateway_stores_them(tmp_path: Path) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(LotState)
    state = json.loads(adapter.dump_json(LotState(lot(1), Phase.BOOKED, 0, Phase.BOOKED)))
    for shape in ([state], {"lots": [state["lot"]]}):
        path = tmp_path / "bookings.json"
        path.write_text(json.dumps(shape), encoding="utf-8")
        assert read_bookings(path) == (lot(1),)
    path.write_text('[{"id": "L1"}]', encoding="utf-8")
    with pytest.raises(BookingsError, match=r"bookings.json: lot 0.project: Field required"):
        read_bookings(path)


def test_the_command_reports_a_booked_day(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "bookings.json"
    adapter: TypeAdapter[Any] = TypeAdapter(tuple[Lot, ...])
    path.write_bytes(adapter.dump_json((lot(1), lot(2, opening="o9"))))
    assert main(["--bookings", str(path), "--json"]) == 1
    told = capsys.readouterr()
    report = json.loads(told.out)
    assert told.err == "预演 rehearsal 1/1\n", "how far it is, for whoever waits"
    assert [conflict["code"] for conflict in report["conflicts"]] == ["unknown-room", "room-twice", "lockers"]
    path.write_text("[]")
    assert main(["--bookings", str(path)]) == 2
    assert "no lot that this venue could hold" in capsys.readouterr().err


def test_a_rehearsed_day_is_told_in_wall_time_of_the_booking() -> None:
    report = rehearse(COUNTY, (lot(1),), seeds=(1,))
    assert report.smooth and report.runs == 1 and report.violations == 0
    assert {scene.room for scene in report.ready} == {"o1", "e1"}
    text = report_text(report, COUNTY)
    assert "可以照此进行 go ahead" in text and "开标室101 opening room 101, 标段 lot L1: 08:0" in text
    assert json.loads(json.dumps(report.json()))["smooth"] is True


def test_the_worst_of_several_days_is_kept() -> None:
    one = summarise(seen(), (lot(1),), COUNTY, 0)
    ready = replace(one.late[0], done_utc_ns=5, result="ok")
    assert worst([one, replace(one, late=(ready,))]).late[0].done_utc_ns is None


def test_the_calendar_plans_a_lot_as_long_as_a_rehearsal_plays_it() -> None:
    plan, rules = timetable(NINE, COUNTY, 1.0), Rules()
    state = LotState(lot(1), Phase.BOOKED, 0, Phase.BOOKED)
    spans = {booking.purpose: booking.span for booking in lot_bookings(COUNTY, state, rules)}
    assert spans == {Purpose.OPENING: (plan.preparation, plan.intake), Purpose.EVALUATION: (plan.intake, plan.over)}
    assert (plan.check_in, plan.evaluation) == (NINE - CHECK_IN_BEFORE_S * S, plan.intake + INTAKE_S * S)
    assert plan.report == plan.over - LEAVING_S * S
