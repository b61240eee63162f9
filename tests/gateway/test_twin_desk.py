"""What the gateway knows of each device: what it should be and since when, who flaps, and that nothing of it is forgotten in a restart."""

from dataclasses import replace

from coordinator_case import agent, latest, pressed, stage, unfinished  # noqa: F401  a fixture
from fake_agents import Stage

from gateway.core.day import Refusal
from gateway.core.twin.drift import Wrong, find
from gateway.core.twin.flapping import CALM_S, MOST_CHANGES
from gateway.core.twin.twin import Twin
from venue_model.ids import BoardId, DeviceId
from venue_model.moments import S
from venue_model.venue import DeviceKind
from venue_model.wire import FAULT, DeviceReport, Meta, Reported

SIGN, CAMERA = "o1-sign", "o1-near"


def twin(stage: Stage, id: str) -> Twin:  # noqa: F811
    return stage.coordinator.twins.twin(id, stage.now)


def report(stage: Stage, board: str, device: str, code: int, online: bool = True) -> None:  # noqa: F811
    """The board says this about one of its devices, and of the others what it said before."""
    own = agent(stage, board)
    last = stage.coordinator.agents[BoardId(board)].reported
    assert last is not None
    devices = {**last.devices, DeviceId(device): DeviceReport(code, None, "test", 0, online)}
    stage.tell(own, "reported", Reported(last.session, last.epoch, last.generation, devices, last.doors))


def flap(stage: Stage, board: str, device: str, changes: int = MOST_CHANGES) -> None:  # noqa: F811
    for n in range(changes):
        report(stage, board, device, FAULT if n % 2 == 0 else 200, online=n % 2 == 1)
        stage.wait(1000, 500)


def board_of(stage: Stage, device: str) -> str:  # noqa: F811
    return stage.venue.devices[DeviceId(device)].board


def test_a_twin_says_what_is_wanted_by_which_run_and_whom_and_since_when(stage: Stage) -> None:  # noqa: F811
    stage.wait(2000, 500)
    before = twin(stage, SIGN)
    pressed(stage, "opening_preparation")
    pressed_ns = stage.now.utc_ns
    stage.wait(5000, 500)
    after = twin(stage, SIGN)
    assert before.desired is not None and after.desired is not None and after.reported is not None
    assert after.desired.value != before.desired.value
    assert (after.desired.run, after.desired.by) == (latest(stage).id, "wang")
    assert abs(after.desired.since_utc_ns - pressed_ns) <= 2 * S
    assert find(after, stage.now.utc_ns) is None


def test_since_when_outlives_a_restart(stage: Stage) -> None:  # noqa: F811
    pressed(stage, "opening_preparation")
    stage.wait(5000, 500)
    before = twin(stage, SIGN)
    stage.restart()
    stage.settle()
    stage.wait(2000, 500)
    after = twin(stage, SIGN)
    assert before.desired is not None and after.desired is not None
    assert after.desired.since_utc_ns == before.desired.since_utc_ns
    assert (after.desired.run, after.desired.by) == (before.desired.run, before.desired.by)
    assert after.online_utc_ns == before.online_utc_ns


def test_a_board_that_does_not_answer_is_named_with_its_cable(stage: Stage) -> None:  # noqa: F811
    own = agent(stage, board_of(stage, SIGN))
    stage.wait(2000, 500)
    own.dead = True
    pressed(stage, "opening_preparation")
    stage.wait(12_000, 500)
    found = find(twin(stage, SIGN), stage.now.utc_ns)
    assert found is not None and found.wrong is Wrong.SILENT
    assert board_of(stage, SIGN) in found.remedy.zh


def test_a_device_that_comes_and_goes_is_quarantined_with_one_alarm_and_released_by_a_person(stage: Stage) -> None:  # noqa: F811
    flap(stage, board_of(stage, SIGN), SIGN, 3 * MOST_CHANGES)
    alarms = [line for line in stage.lines("alarm") if line["code"] == "flapping"]
    assert [line["device"] for line in alarms] == [SIGN]
    assert twin(stage, SIGN).quarantined_utc_ns is not None
    twins = stage.coordinator.twins
    assert isinstance(twins.release(CAMERA, "wang", stage.now), Refusal)
    assert twins.release(SIGN, "wang", stage.now) is None
    assert twin(stage, SIGN).quarantined_utc_ns is None
    assert [(line["on"], line["by"]) for line in stage.lines("quarantine")] == [(True, ""), (False, "wang")]
    assert [line["device"] for line in stage.lines("alarm_clear")] == [SIGN]


def test_quarantine_outlives_a_restart_and_ends_after_a_calm_hour(stage: Stage) -> None:  # noqa: F811
    flap(stage, board_of(stage, SIGN), SIGN)
    stage.restart()
    stage.settle()
    report(stage, board_of(stage, SIGN), SIGN, 200)
    assert SIGN in stage.coordinator.twins.quarantined
    stage.wait(CALM_S * 1000 - 60_000, 20_000)
    assert SIGN in stage.coordinator.twins.quarantined
    stage.wait(100_000, 20_000)
    assert SIGN not in stage.coordinator.twins.quarantined
    assert stage.lines("quarantine")[-1] == {"device": SIGN, "on": False, "by": ""}


def test_a_scene_does_not_count_on_a_sign_in_quarantine(stage: Stage) -> None:  # noqa: F811
    flap(stage, board_of(stage, SIGN), SIGN)
    run = pressed(stage, "opening_preparation")
    [row] = [row for row in run.rows if row.id == SIGN]
    assert (row.required, row.on_fail) == (False, "ignore")
    assert all(row.required for row in run.rows if row.kind == "door")


def test_a_room_whose_cameras_all_come_and_go_does_not_open(stage: Stage) -> None:  # noqa: F811
    cameras = stage.cameras("o1")
    for camera in cameras:
        flap(stage, board_of(stage, camera), camera)
    stage.press("opening_preparation")
    stage.wait(15_000, 500)
    run = latest(stage)
    assert run.result == "failed"
    assert set(cameras) <= unfinished(run)


def test_a_board_with_another_record_than_the_gateways_is_told(stage: Stage) -> None:  # noqa: F811
    board = BoardId(board_of(stage, SIGN))
    desk = stage.coordinator.twins
    meta = Meta(board, "1.0", (), (), desk.record_digests[board])
    stage.tell(agent(stage, board), "meta", meta)
    stage.wait(2000, 500)
    assert find(twin(stage, f"board:{board}"), stage.now.utc_ns) is None
    stage.tell(agent(stage, board), "meta", replace(meta, commissioned="00"))
    found = find(twin(stage, f"board:{board}"), stage.now.utc_ns)
    assert found is not None and found.wrong is Wrong.OLDER


def test_one_board_cannot_bring_the_device_of_another_into_quarantine(stage: Stage) -> None:  # noqa: F811
    other = next(board for board in stage.venue.boards if board != board_of(stage, SIGN))
    flap(stage, other, SIGN)
    assert SIGN not in stage.coordinator.twins.quarantined


def test_every_device_door_and_board_has_a_twin(stage: Stage) -> None:  # noqa: F811
    found = stage.coordinator.twins.twins(stage.now)
    doors = [door for door in stage.venue.doors.values() if door.board]
    assert len(found) == len(stage.venue.devices) + len(doors) + len(stage.venue.boards)
    assert {kind.value for kind in DeviceKind} | {"door", "board"} >= {twin.kind for twin, _ in found}


def test_pages_hear_which_twin_has_changed(stage: Stage) -> None:  # noqa: F811
    stage.wait(2000, 500)
    stage.changes.clear()
    pressed(stage, "opening_preparation")
    stage.wait(2000, 500)
    assert ("twins", SIGN) in stage.changes
