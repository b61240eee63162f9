"""Devices come to what the gateway wants, and say how far they are."""

import pytest
from agent_hall import COMMISSION, LINES, Hall

from edge.core.effects import Acknowledge, Effect, ShowText, StartRecording, StopRecording, SwitchLight
from edge.core.events import DeviceDone, LinesHealth, SceneArrived
from edge.drivers.protocols import DeviceHealth
from venue_model.ids import BoardId, DeviceId, RoomId, RunId
from venue_model.wire import Binding, DeviceReport, RoomScene, Want

SIGN, LIGHT, CAMERA = DeviceId("o1-sign"), DeviceId("o1-light"), DeviceId("o1-cam")
BINDING = Binding("p1", "lot-1", "o1", "o1-cam", "run-1")
OPENING = {"o1-sign": Want(lines=("开标中", "Opening"), colour="green"), "o1-light": Want(on=True), "o1-cam": Want(record=BINDING)}


def tickets(effects: list[Effect]) -> dict[str, int]:
    return {e.device: e.ticket for e in effects if isinstance(e, ShowText | SwitchLight | StartRecording | StopRecording) and e.ticket}


def devices(hall: Hall) -> dict[DeviceId, DeviceReport]:
    return dict(hall.report().devices)


def codes(hall: Hall) -> list[int]:
    return [devices(hall)[device].code for device in (SIGN, LIGHT, CAMERA)]


def done(hall: Hall, effects: list[Effect], *, ok: bool = True, text: str = "") -> None:
    for device, ticket in tickets(effects).items():
        hall.tell(DeviceDone(DeviceId(device), ticket, ok, text))


@pytest.fixture
def hall() -> Hall:
    return Hall()


def test_each_device_is_green_when_it_has_answered_itself(hall: Hall) -> None:
    effects = hall.desired(1, OPENING)
    assert codes(hall) == [202, 202, 202]
    hall.later(0.25)
    done(hall, effects)
    assert codes(hall) == [200, 200, 200]
    assert [devices(hall)[d].run for d in (SIGN, LIGHT, CAMERA)] == ["run-1"] * 3
    assert devices(hall)[SIGN].took_ms == 250
    assert SwitchLight(LIGHT, "o1-light.on", True, tickets(effects)["o1-light"]) in effects


def test_the_network_of_a_room_is_cut_and_joined_like_a_light_is_switched(hall: Hall) -> None:
    net = DeviceId("o1-net")
    for generation, cut in ((1, True), (2, False)):
        effects = hall.desired(generation, {"o1-net": Want(on=cut)})
        assert SwitchLight(net, "o1-net.cut", cut, tickets(effects)["o1-net"]) in effects
        assert devices(hall)[net].code == 202
        done(hall, effects)
        assert devices(hall)[net].code == 200
    hall.desired(3, {"o1-net": Want(lines=())})
    assert (devices(hall)[net].code, "cut (on) or whole (off)" in devices(hall)[net].text) == (422, True)


def test_a_network_that_shall_be_cut_is_cut_again_after_its_board_was_away(hall: Hall) -> None:
    done(hall, hall.desired(1, {"o1-net": Want(on=True)}))
    hall.tell(LinesHealth(LINES, False, "unplugged"))
    assert devices(hall)[DeviceId("o1-net")].code == 500
    assert list(tickets(hall.tell(LinesHealth(LINES, True, "back")))) == ["o1-net"]


def test_an_equal_document_is_acknowledged_again_and_moves_nothing(hall: Hall) -> None:
    done(hall, hall.desired(1, OPENING))
    effects = hall.desired(1, OPENING)
    assert effects == [Acknowledge()]
    assert codes(hall) == [200, 200, 200]


def test_a_newer_document_moves_only_what_differs(hall: Hall) -> None:
    done(hall, hall.desired(1, OPENING))
    effects = hall.desired(2, {**OPENING, "o1-light": Want(on=False)}, run="run-2")
    assert list(tickets(effects)) == ["o1-light"]
    assert codes(hall) == [200, 202, 200]
    assert devices(hall)[SIGN].run == "run-2"


@pytest.mark.parametrize(("epoch", "generation"), [(1, 4), (0, 9)])
def test_an_older_document_is_refused_and_the_next_equal_one_clears_that(hall: Hall, epoch: int, generation: int) -> None:
    done(hall, hall.desired(5, OPENING))
    effects = hall.desired(generation, {"o1-light": Want(on=False)}, epoch=epoch)
    assert effects == [Acknowledge()]
    assert codes(hall) == [200, 409, 200]
    assert hall.report().generation == 5
    hall.desired(5, OPENING)
    assert codes(hall) == [200, 200, 200]


def test_a_failed_device_is_red_with_the_remedy_and_asked_again(hall: Hall) -> None:
    done(hall, hall.desired(1, OPENING), ok=False, text="no answer; check its power")
    assert devices(hall)[SIGN] == DeviceReport(500, RunId("run-1"), "no answer; check its power", 0, True)
    assert tickets(hall.later(9)) == {}
    done(hall, hall.later(1))
    assert codes(hall) == [200, 200, 200]


def test_the_answer_to_an_overtaken_order_confirms_nothing(hall: Hall) -> None:
    first = hall.desired(1, OPENING)
    second = hall.desired(2, {**OPENING, "o1-light": Want(on=False)})
    done(hall, first)
    assert codes(hall) == [200, 202, 200]
    done(hall, second)
    assert codes(hall) == [200, 200, 200]


def test_a_sign_that_was_dark_is_told_again(hall: Hall) -> None:
    done(hall, hall.desired(1, OPENING))
    hall.tell(DeviceHealth("o1-sign", False, "offline", "no answer; check its power", 0))
    assert (devices(hall)[SIGN].code, devices(hall)[SIGN].online) == (500, False)
    effects = hall.tell(DeviceHealth("o1-sign", True, "online", "back", 0))
    assert list(tickets(effects)) == ["o1-sign"]
    done(hall, effects)
    assert (devices(hall)[SIGN].code, devices(hall)[SIGN].online) == (200, True)


def test_a_light_is_switched_again_after_its_board_was_away(hall: Hall) -> None:
    done(hall, hall.desired(1, OPENING))
    hall.tell(LinesHealth(LINES, False, "unplugged"))
    assert codes(hall) == [200, 500, 200]
    assert list(tickets(hall.tell(LinesHealth(LINES, True, "back")))) == ["o1-light"]


def test_a_camera_that_went_keeps_its_order(hall: Hall) -> None:
    done(hall, hall.desired(1, OPENING))
    hall.tell(DeviceHealth("o1-cam", False, "offline", "unplugged", 0))
    assert (devices(hall)[CAMERA].code, devices(hall)[CAMERA].online) == (200, False)
    assert tickets(hall.tell(DeviceHealth("o1-cam", True, "online", "back", 0))) == {}


def test_a_restarted_board_converges_alone(hall: Hall) -> None:
    done(hall, hall.desired(3, OPENING))
    again = hall.restart()
    assert codes(again) == [202, 202, 202]
    assert (again.report().epoch, again.report().generation) == (1, 3)


def scene(generation: int, epoch: int = 1, room: str = "o1") -> SceneArrived:
    members = {COMMISSION.agent: generation, BoardId("other"): 1}
    wants = {DeviceId(d): w for d, w in OPENING.items()} | {DeviceId("elsewhere"): Want(on=True)}
    return SceneArrived(RoomScene(epoch, RunId("run-1"), RoomId(room), "opening", members, wants))


def test_a_rooms_broadcast_moves_its_devices_at_once_and_the_document_finds_them_moved(hall: Hall) -> None:
    effects = hall.tell(scene(1))
    assert sorted(tickets(effects)) == ["o1-cam", "o1-light", "o1-sign"]
    done(hall, effects)
    assert tickets(hall.desired(1, OPENING)) == {}
    assert codes(hall) == [200, 200, 200]


@pytest.mark.parametrize("late", [scene(1), scene(2), scene(9, epoch=0), scene(3, room="e1")])
def test_a_late_broadcast_or_one_of_another_room_moves_nothing(hall: Hall, late: SceneArrived) -> None:
    done(hall, hall.desired(2, {"o1-light": Want(on=False)}))
    assert tickets(hall.tell(late)) == {}


def test_what_a_device_cannot_do_and_what_is_not_here_is_said(hall: Hall) -> None:
    hall.desired(1, {"o1-light": Want(lines=("x",)), "o1-cam": Want(on=True), "o1-reader": Want(on=True), "far-sign": Want(lines=())})
    report = devices(hall)
    assert [report[DeviceId(d)].code for d in ("o1-light", "o1-cam", "far-sign")] == [422, 422, 422]
    assert "on or off" in report[LIGHT].text


def test_a_camera_that_shall_stop_is_stopped(hall: Hall) -> None:
    done(hall, hall.desired(1, OPENING))
    effects = hall.desired(2, {**OPENING, "o1-cam": Want()})
    assert StopRecording(CAMERA, tickets(effects)["o1-cam"]) in effects
