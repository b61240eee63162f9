"""Scenes over a real database when not everything goes well: held stages, compensation, restarts, two lots at once, stronger words."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from coordinator_case import L1, agent, latest, pressed, stage, unfinished
from day_case import county, lot
from fake_agents import Stage
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.core.day import Refusal
from gateway.core.priority import Level
from gateway.core.scene_run import AWAY, Run, held_by
from venue_model.ids import BoardId, DeviceId, LotId, RoomId
from venue_model.lots import Phase
from venue_model.venue import Device, DeviceKind, Name, OnFail, Venue
from venue_model.wire import ACCEPTED, APPLIED, OVERRIDDEN, Desired, DeviceReport, Status, Want, decode

__all__ = ("stage",)  # a fixture


def ruled(**rules: OnFail) -> Venue:
    """The county venue with a word about some devices, and a loudspeaker in the opening room."""
    venue = county()
    devices = {**venue.devices}
    for name, rule in rules.items():
        id = DeviceId(name.replace("_", "-"))
        devices[id] = replace(devices[id], on_fail=rule)
    speaker = Device(DeviceId("o1-speaker"), DeviceKind.SPEAKER, RoomId("o1"), BoardId("opening"), Name("101广播", "speaker 101"))
    return replace(venue, devices={**devices, speaker.id: speaker})


def begun(folder: Path, venue: Venue, *lots: str) -> Stage:
    found = Stage(folder, venue)
    found.open()
    rooms = {"L1": ("o1", "e1"), "L2": ("o2", "e2")}
    found.book(*(lot(name, *rooms[name]) for name in lots or ("L1",)))
    return found


@pytest.fixture
def holding(tmp_path: Path) -> Iterator[Stage]:
    found = begun(tmp_path, ruled(o1_sign=OnFail.HOLD, o1_kiosk=OnFail.COMPENSATE))
    yield found
    found.close()


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Stage]:
    found = begun(tmp_path, ruled(), "L1", "L2")
    yield found
    found.close()


def break_(stage: Stage, device: str, text: str = "dark") -> None:
    agent(stage, stage.venue.devices[DeviceId(device)].board).broken = {device: text}


# deadlines


def test_an_agent_that_is_known_to_be_away_is_said_so_at_once_and_has_its_orders_when_it_is_back(stage: Stage) -> None:
    board = agent(stage, "opening")
    board.dead = True
    stage.tell(board, "status", Status(False, 1))
    stage.press("opening_preparation")
    said = {row.id: row.text for row in latest(stage).rows if row.stage == latest(stage).stage and row.agent == "opening"}
    assert said and set(said.values()) == {AWAY}
    stage.wait(2_100)
    run = latest(stage)
    assert run.result == "partial"
    assert unfinished(run) == {"o1-door", "o1-sign", "o1-light", "o1-kiosk"}
    board.dead, board.session, board.renewal = False, 2, 0
    stage.say(*board.birth())
    stage.settle()
    assert board.desired is not None and board.desired.devices[DeviceId("o1-light")] == Want(on=True), "it follows when it is back"
    assert latest(stage) == run, "and what was said of the run stays"


def test_a_board_that_goes_while_a_run_waits_for_it_is_named_as_offline(stage: Stage) -> None:
    agent(stage, "opening").dead = True
    stage.press("opening_preparation")
    assert not [row for row in latest(stage).rows if row.text]
    stage.tell(agent(stage, "opening"), "status", Status(False, 1))
    assert {row.text for row in latest(stage).rows if row.agent == "opening" and row.kind != "door"} == {AWAY}


def test_silent_signs_and_lights_are_named_after_two_seconds(stage: Stage) -> None:
    agent(stage, "opening").dead = True
    stage.press("opening_preparation")
    stage.wait(2_000)
    assert {row.id for row in latest(stage).rows if row.over} == {"o1-sign", "o1-light", "o1-kiosk"}
    assert latest(stage).result is None, "the door has its 8 s"


# held, compensated


def test_a_held_stage_waits_for_a_person_and_the_reason_is_journaled(holding: Stage) -> None:
    break_(holding, "o1-sign")
    run = pressed(holding, "opening_preparation")
    holding.wait(30_000, 500)
    assert (latest(holding).result, [row.id for row in held_by(latest(holding))]) == (None, ["o1-sign"])
    waits = holding.coordinator.scenes.waits_for(latest(holding))
    assert waits is not None and "您决定" in waits.zh
    assert holding.coordinator.go_on(run.id, "li", "a ladder is needed", holding.now)
    holding.settle()
    assert latest(holding).result == "partial"
    assert unfinished(latest(holding)) == {"o1-sign"}
    [line] = holding.lines("scene-decision")
    assert (line["decision"], line["by"], line["reason"], line["without"]) == ("go-on", "li", "a ladder is needed", ["o1-sign"])
    assert not holding.coordinator.go_on(run.id, "li", "again", holding.now)


def test_a_held_member_that_was_seen_to_is_told_anew_and_the_run_is_ok(holding: Stage) -> None:
    break_(holding, "o1-sign")
    run = pressed(holding, "opening_preparation")
    before = agent(holding, "opening").desired
    agent(holding, "opening").broken = {}
    assert holding.coordinator.try_again(run.id, "li", holding.now)
    holding.settle()
    after = agent(holding, "opening").desired
    assert before is not None and after is not None and after.generation > before.generation
    assert latest(holding).result == "ok"


def test_a_held_run_is_held_again_after_a_restart_and_a_newer_press_supersedes_it(holding: Stage) -> None:
    break_(holding, "o1-sign")
    run = pressed(holding, "opening_preparation")
    holding.restart()
    holding.settle()
    again = latest(holding)
    assert (again.id, again.result, [row.id for row in held_by(again)]) == (run.id, None, ["o1-sign"])
    assert holding.coordinator.day[L1].phase is Phase.PREPARATION
    pressed(holding, "check_in")
    older = holding.store.run(run.id)
    assert older is not None and older.result == "superseded"


def test_a_member_that_must_not_fail_suspends_the_lot_under_the_same_run(holding: Stage) -> None:
    pressed(holding, "opening_preparation")
    break_(holding, "o1-kiosk", "no page")
    run = pressed(holding, "check_in")
    assert run.result == "compensated", "the kiosk itself the venue can do without"
    assert unfinished(run) == {"o1-kiosk"}
    state = holding.coordinator.day[L1]
    assert (state.phase, state.suspended_from, state.door_phase) == (Phase.SUSPENDED, Phase.CHECK_IN, Phase.SUSPENDED)
    assert all(not p.groups for p in agent(holding, "opening").held.values() if p.component == "o1"), "nobody enters"
    agent(holding, "opening").broken = {}
    assert pressed(holding, "check_in").result == "ok", "the same scene again"


def test_a_compensation_that_reaches_every_device_is_told_as_compensated(tmp_path: Path) -> None:
    stage = begun(tmp_path, ruled(o1_light=OnFail.COMPENSATE))
    pressed(stage, "opening_preparation")
    board = agent(stage, "opening")
    board.broken = {"o1-light": "lamp"}
    board_report = board.report

    def mended_once_suspended() -> object:
        if stage.coordinator.day[L1].phase is Phase.SUSPENDED:
            board.broken = {}
        return board_report()

    board.report = mended_once_suspended  # type: ignore[method-assign,assignment]
    run = pressed(stage, "check_in")
    assert run.result == "compensated"
    assert {row.stage for row in run.rows if row.id == "o1-light"} == {1, 3}
    assert [line["result"] for line in stage.lines("scene")] == ["ok", "compensated"]
    stage.close()


def test_a_preparation_that_fails_goes_back_to_booked_and_a_restart_in_the_middle_does_not_change_that(holding: Stage) -> None:
    break_(holding, "o1-kiosk", "no page")
    agent(holding, "recorder").dead = False
    run = holding.press("opening_preparation")
    assert isinstance(run, Run)
    holding.restart()
    holding.settle()
    holding.wait(15_000, 250)
    assert (latest(holding).id, latest(holding).result) == (run.id, "compensated")
    assert holding.coordinator.day[L1].phase is Phase.BOOKED
    assert holding.coordinator.scenes.wants[DeviceId("o1-near")].record is None, "the cameras that had begun are told to stop"


# two lots at once


def test_two_lots_that_are_pressed_together_both_stand_on_the_hall_wall(two: Stage) -> None:
    agent(two, "recorder").dead = True
    two.press("opening_preparation")
    two.press("opening_preparation", "L2")
    agent(two, "recorder").dead = False
    two.wait(2_000)
    assert [two.run("L1").result, two.run("L2").result] == ["ok", "ok"]  # type: ignore[attr-defined]
    hall = agent(two, "front").desired
    assert hall is not None
    shown = hall.devices[DeviceId("hall-sign")].lines
    assert shown is not None and [line for line in shown if "开标准备" in line] == [
        "16:00 →101 L1工程 开标准备", "16:00 →102 L2工程 开标准备",
    ]  # fmt: skip


@pytest.mark.parametrize("restart", [False, True])
def test_whoever_ends_last_decides_what_the_hall_shows(two: Stage, restart: bool) -> None:
    agent(two, "opening").dead = True
    two.press("opening_preparation")
    two.press("opening_preparation", "L2")
    two.press("check_in")
    if restart:
        two.restart()
    agent(two, "opening").dead = False
    agent(two, "opening").session = 2
    agent(two, "opening").renewal = 0
    two.say(*agent(two, "opening").birth())
    two.settle()
    two.wait(20_000, 500)
    lines = two.coordinator.scenes.wants[DeviceId("hall-sign")].lines
    assert lines is not None
    assert [line.split()[-1] for line in lines if "工程" in line] == ["签到中", "开标准备"]


def test_a_press_that_waited_does_not_bring_back_what_the_hall_showed_when_it_was_pressed(two: Stage) -> None:
    for scene in ("opening_preparation", "check_in", "opening"):
        two.press(scene, "L2")
    agent(two, "recorder").dead = True
    two.press("opening_preparation")
    two.press("opening_end", "L2")
    lines = two.coordinator.scenes.wants[DeviceId("hall-sign")].lines
    assert lines is not None
    assert [line.split()[-1] for line in lines if "工程" in line] == ["已预约", "开标结束"], "the first lot's doors are still shut"
    agent(two, "recorder").dead = False
    two.wait(3_000)
    assert [two.run("L1").result, two.run("L2").result] == ["ok", "ok"]  # type: ignore[attr-defined]
    lines = two.coordinator.scenes.wants[DeviceId("hall-sign")].lines
    assert lines is not None
    assert [line.split()[-1] for line in lines if "工程" in line] == ["开标准备", "开标结束"]


def test_after_a_restart_nothing_stops_before_the_doors_have_closed(stage: Stage) -> None:
    pressed(stage, "opening_preparation", "check_in", "opening")
    agent(stage, "opening").dead = True
    stage.press("opening_end")
    stage.restart()
    stage.settle()
    recorder = agent(stage, "recorder").desired
    assert recorder is not None and recorder.devices[DeviceId("o1-near")].record is not None
    stage.wait(20_000, 500)
    recorder = agent(stage, "recorder").desired
    assert recorder is not None and recorder.devices[DeviceId("o1-near")].record is None, "the doors had their time"
    assert latest(stage).result == "partial"


# stronger words


def test_staff_have_one_light_until_they_give_it_back(stage: Stage) -> None:
    pressed(stage, "opening_preparation")
    desk, light = stage.coordinator.overrides, DeviceId("o1-light")
    assert not isinstance(desk.command("o1-light", Level.OPERATOR, False, "", "wang", "film", stage.now), Refusal)
    stage.settle()
    held = agent(stage, "opening").desired
    assert held is not None and held.devices[light] == Want(on=False)
    assert desk.relinquish("o1-light", Level.OPERATOR, "wang", stage.now) is None
    stage.settle()
    held = agent(stage, "opening").desired
    assert held is not None and held.devices[light] == Want(on=True)
    assert [line["by"] for line in stage.lines("device-command") + stage.lines("device-relinquish")] == ["wang", "wang"]


def test_a_supervisors_word_stands_over_staffs_and_both_end_with_the_phase(stage: Stage) -> None:
    pressed(stage, "opening_preparation")
    desk = stage.coordinator.overrides
    desk.command("o1-light", Level.SUPERVISOR, True, "", "boss", "", stage.now)
    desk.command("o1-light", Level.OPERATOR, False, "", "wang", "", stage.now)
    assert stage.coordinator.scenes.wants[DeviceId("o1-light")] == Want(on=True)
    stage.restart()
    desk = stage.coordinator.overrides
    claim = desk.claim_on(DeviceId("o1-light"))
    assert claim is not None and claim.by == "boss", "it outlives a restart"
    assert pressed(stage, "check_in").result == "ok"
    assert stage.coordinator.scenes.orders.claims == {}
    stage.restart()
    assert stage.coordinator.scenes.orders.claims == {}


def test_what_is_law_follows_scenes_alone(two: Stage) -> None:
    desk = two.coordinator.overrides
    for device in ("o1-near", "o1-sign", "o1-kiosk"):
        refused = desk.command(device, Level.SUPERVISOR, True, "", "boss", "", two.now)
        assert isinstance(refused, Refusal) and refused.code == "law"
    unknown = desk.command("no-such", Level.OPERATOR, True, "", "wang", "", two.now)
    assert isinstance(unknown, Refusal) and unknown.code == "unknown-device"


def test_a_loudspeaker_plays_templates_alone_and_none_in_a_room_at_work(two: Stage) -> None:
    desk = two.coordinator.overrides
    pressed(two, "opening_preparation")
    for say in ("请把报价改低", "evacuation"):
        refused = desk.command("o1-speaker", Level.OPERATOR, None, say, "wang", "", two.now)
        assert isinstance(refused, Refusal) and refused.code == "value"
    assert not isinstance(desk.command("o1-speaker", Level.OPERATOR, None, "check-in-last", "wang", "", two.now), Refusal)
    pressed(two, "check_in", "opening")
    refused = desk.command("o1-speaker", Level.OPERATOR, None, "check-in", "wang", "", two.now)
    assert isinstance(refused, Refusal) and refused.code == "law"


def test_signs_of_rooms_that_are_locked_down_say_so_and_a_scene_goes_on_underneath(stage: Stage) -> None:
    pressed(stage, "opening_preparation")
    guard = stage.coordinator.guard
    assert guard.lock(["o1"], "wang", "a bag", stage.now) is None
    stage.settle()
    sign = DeviceId("o1-sign")
    assert stage.coordinator.scenes.wants[sign].lines == ("101", "临时封控 Locked down")
    run = pressed(stage, "check_in")
    [row] = [row for row in run.rows if row.id == "o1-sign"]
    assert (row.code, row.done) == (OVERRIDDEN, False)
    assert guard.lift("boss", stage.now) is None
    assert stage.coordinator.scenes.wants[sign].lines[1] == "签到中 Check-in"  # type: ignore[index]


def test_the_house_is_called_out_by_a_document_and_goes_back_when_it_is_over(stage: Stage) -> None:
    pressed(stage, "opening_preparation")
    desk = stage.coordinator.overrides
    assert desk.call_out("wang", "smoke", stage.now) is None
    stage.settle()
    assert {a.desired.overlay for a in stage.agents.values() if a.desired} == {"emergency"}
    assert [(o.kind, o.by, o.reason) for o in desk.overlays()] == [("emergency", "wang", "smoke")]
    stage.restart()
    stage.settle()
    desk = stage.coordinator.overrides
    assert {a.desired.overlay for a in stage.agents.values() if a.desired} == {"emergency"}, "a restart does not end it"
    assert pressed(stage, "check_in").result == "ok", "runs go on underneath"
    assert desk.all_clear("boss", stage.now) is None
    stage.settle()
    assert {a.desired.overlay for a in stage.agents.values() if a.desired} == {""}
    assert [line["on"] for line in stage.lines("emergency")] == [True, False]


def test_boards_that_burn_and_boards_that_are_away_stand_over_the_day(stage: Stage) -> None:
    board = agent(stage, "opening")
    fire = next(d.id for d in stage.venue.devices_of_board(BoardId("opening")) if d.kind is DeviceKind.FIRE_INPUT)
    burning = replace(board.report(), devices={fire: DeviceReport(APPLIED, state={"active": True})})
    stage.tell(board, "reported", burning)
    [over] = stage.coordinator.overrides.overlays()
    assert (over.kind, over.by) == ("emergency", "") and "o1" in over.rooms
    stage.tell(board, "reported", board.report())
    assert stage.coordinator.overrides.overlays() == ()
    stage.tell(board, "status", Status(False, 1))
    assert [o.kind for o in stage.coordinator.overrides.overlays()] == ["degraded"]


def test_a_light_that_was_switched_by_hand_is_shown_and_given_back_when_staff_say_so(stage: Stage) -> None:
    pressed(stage, "opening_preparation")
    board, light = agent(stage, "opening"), DeviceId("o1-light")
    report = board.report()
    by_hand = {**report.devices, light: DeviceReport(OVERRIDDEN, state={"source": "local"})}
    stage.tell(board, "reported", replace(report, devices=by_hand))
    claim = stage.coordinator.overrides.claim_on(light)
    assert claim is not None and claim.level is Level.LOCAL
    assert stage.coordinator.overrides.relinquish(light, Level.OPERATOR, "wang", stage.now) is None
    sent = decode(Desired, stage.link.of("desired")[-1].payload)
    assert sent.relinquish == (light,)
    stage.settle()
    assert stage.coordinator.scenes.orders.relinquishing == frozenset(), "it has let go"
    assert stage.coordinator.overrides.claim_on(light) is None


# always


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from(["restart", "lose", "back", "wait", "break", "mend", "again", "on"]), max_size=10),
    st.sampled_from(["opening", "recorder"]),
)
def test_whatever_is_lost_or_restarted_a_run_ends_and_is_ok_only_when_every_required_device_has_said_so(
    tmp_path_factory: pytest.TempPathFactory, happenings: list[str], board_id: str
) -> None:
    stage = begun(tmp_path_factory.mktemp("venue"), ruled(o1_sign=OnFail.HOLD))
    board = agent(stage, board_id)
    run = stage.press("opening_preparation")
    assert isinstance(run, Run)
    seen: list[tuple[int, int]] = []
    for what in happenings:
        match what:
            case "restart":
                stage.restart()
                stage.settle()
            case "lose":
                board.dead = True
            case "back" if board.dead:
                board.dead, board.session, board.renewal = False, board.session + 1, 0
                stage.say(*board.birth())
                stage.settle()
            case "break":
                board.broken = {"o1-sign": "dark"}
            case "mend":
                board.broken = {}
            case "again":
                stage.coordinator.try_again(run.id, "li", stage.now)
                stage.settle()
            case "on":
                stage.coordinator.go_on(run.id, "li", "so be it", stage.now)
                stage.settle()
            case _:
                stage.wait(1_000, 200)
        if board.desired is not None:
            seen.append((board.desired.epoch, board.desired.generation))
    assert seen == sorted(seen), "no agent ever goes back to an older document"
    for _ in range(4):
        stage.wait(13_000, 500)
        stage.coordinator.go_on(run.id, "li", "the day is over", stage.now)
        stage.settle()
    ended = stage.store.run(run.id)
    assert ended is not None and ended.result in {"ok", "degraded", "partial", "failed"}
    missing = [row for row in ended.rows if row.required and row.code != APPLIED]
    assert (ended.result in ("partial", "failed")) == bool(missing)
    assert all(row.code not in (ACCEPTED,) or row.text for row in missing), "every row says why"
    assert stage.coordinator.day[LotId("L1")].phase is (Phase.BOOKED if ended.result == "failed" else Phase.PREPARATION)
    stage.close()
