"""What stands over a scene at the board itself: a fire, a hand at the switch, the mark of a board that is alone, a room at work."""

from dataclasses import replace

import pytest
from agent_hall import COMMISSION, DEVICES, LINES, NOON_NS, Hall
from hypothesis import given
from hypothesis import strategies as st

from edge.core.agent import step, wake_ns
from edge.core.contact import ALONE_NS, Contact, alone, heard, linked, started
from edge.core.effects import Effect, ShowText, Speak, StartRecording, StopRecording, SwitchLight
from edge.core.events import DesiredArrived, DeviceDone, GatewayHeard, LinkLost, SessionBegan, Started, Woken
from edge.core.overlay import CALL_OUT, EVACUATE, Overlay, source, target
from edge.core.site import input_lines, output_lines, site_of
from edge.core.state import restored
from venue_model.commissioning import DeviceRecord
from venue_model.ids import ComponentId, DeviceId, RoomId, RunId
from venue_model.moments import Now, S
from venue_model.templates import EVACUATION, OFFLINE_MARK
from venue_model.venue import DRIVEN, DeviceKind, Name, Side
from venue_model.wire import Binding, Desired, DeviceReport, Want

SIGN, LIGHT, CAMERA, SPEAKER, CLIMATE = (DeviceId(f"o1-{what}") for what in ("sign", "light", "cam", "speaker", "climate"))
COMMITTEE = DeviceId("e1-speaker")
BINDING = Binding("p1", "lot-1", "o1", "o1-cam", "run-1")
OPENING = {
    "o1-sign": Want(lines=("101", "开标中 Opening")), "o1-light": Want(on=False), "o1-cam": Want(record=BINDING),
    "o1-speaker": Want(on=True), "o1-climate": Want(on=True),
}  # fmt: skip


def device(id: DeviceId, kind: DeviceKind, room: str) -> DeviceRecord:
    return DeviceRecord(id, kind, RoomId(room), ComponentId(room), Name(id, id), None, Side.OUTSIDE)


RECORD = replace(
    COMMISSION,
    devices=(
        *DEVICES, device(SPEAKER, DeviceKind.SPEAKER, "o1"), device(CLIMATE, DeviceKind.CLIMATE, "o1"),
        device(COMMITTEE, DeviceKind.SPEAKER, "e1"),
    ),
)  # fmt: skip


@pytest.fixture
def hall() -> Hall:
    return Hall(restored(site_of(RECORD), {}))


def asked(effects: list[Effect]) -> dict[str, Effect]:
    kinds = ShowText | SwitchLight | StartRecording | StopRecording | Speak
    return {e.device: e for e in effects if isinstance(e, kinds) and e.ticket is not None}


def done(hall: Hall, effects: list[Effect]) -> list[Effect]:
    for name, effect in asked(effects).items():
        hall.tell(DeviceDone(DeviceId(name), effect.ticket, True))  # type: ignore[union-attr,arg-type]
    return effects


def report(hall: Hall, device: DeviceId) -> DeviceReport:
    return hall.report().devices[device]


def opening(hall: Hall) -> None:
    done(hall, hall.desired(1, OPENING))
    assert {report(hall, d).code for d in (SIGN, LIGHT, CAMERA, SPEAKER, CLIMATE)} == {200}


# fire


def test_in_a_fire_the_board_alone_shows_the_way_lights_it_and_calls_out(hall: Hall) -> None:
    opening(hall)
    effects = asked(hall.line("fire", True))
    assert effects["o1-sign"] == ShowText(SIGN, EVACUATION, "red", effects["o1-sign"].ticket, urgent=True)  # type: ignore[union-attr]
    assert effects["o1-light"] == SwitchLight(LIGHT, "o1-light.on", True, effects["o1-light"].ticket)  # type: ignore[union-attr,arg-type]
    assert effects["o1-climate"] == SwitchLight(CLIMATE, "o1-climate.on", False, effects["o1-climate"].ticket)  # type: ignore[union-attr,arg-type]
    for speaker in (SPEAKER, COMMITTEE):
        said = effects[speaker]
        assert isinstance(said, Speak) and (said.say, said.heard, said.repeat) == ("evacuation", True, True), "also the committee"
    assert "o1-cam" not in effects, "the recording goes on"


def test_after_the_fire_everything_is_as_the_scene_wants_it(hall: Hall) -> None:
    opening(hall)
    done(hall, hall.line("fire", True))
    back = asked(done(hall, hall.line("fire", False)))
    assert back["o1-sign"].lines == ("101", "开标中 Opening")  # type: ignore[union-attr]
    assert back["o1-light"].on is False  # type: ignore[union-attr]
    assert {report(hall, d).code for d in (SIGN, LIGHT, SPEAKER, CLIMATE)} == {200}


def test_in_a_fire_a_scene_goes_on_underneath_and_is_told_that_life_safety_goes_first(hall: Hall) -> None:
    opening(hall)
    done(hall, hall.line("fire", True))
    assert asked(done(hall, hall.desired(2, {**OPENING, "o1-sign": Want(lines=("101", "开标结束"))}, run="run-2"))) == {}
    found = report(hall, SIGN)
    assert (found.code, found.run, found.state) == (423, RunId("run-2"), {"source": "emergency"})
    assert "紧急" in found.text
    assert asked(hall.line("fire", False))["o1-sign"].lines == ("101", "开标结束")  # type: ignore[union-attr]


def test_no_recording_ends_in_a_fire(hall: Hall) -> None:
    opening(hall)
    done(hall, hall.line("fire", True))
    assert "o1-cam" not in asked(hall.desired(2, {**OPENING, "o1-cam": Want()}))
    assert report(hall, CAMERA).code == 423
    assert isinstance(asked(hall.line("fire", False))["o1-cam"], StopRecording)


def test_a_board_that_was_never_told_anything_calls_people_out_all_the_same(hall: Hall) -> None:
    assert "o1-sign" in asked(done(hall, hall.line("fire", True)))
    back = asked(hall.line("fire", False))
    assert back["o1-sign"].lines == ()  # type: ignore[union-attr]
    assert back["o1-light"].on is False  # type: ignore[union-attr]


def test_the_gateway_calls_the_whole_house_out_and_a_restarted_board_still_knows(hall: Hall) -> None:
    devices = {DeviceId(d): w for d, w in OPENING.items()}
    called = Desired(1, 2, None, NOON_NS, devices, overlay="emergency")
    assert asked(hall.tell(DesiredArrived(called)))["o1-sign"].lines == EVACUATION  # type: ignore[union-attr]
    again = hall.restart()
    assert again.state.scene.devices[SIGN].aim == EVACUATE
    over = replace(called, generation=3, overlay="")
    assert asked(again.tell(DesiredArrived(over)))["o1-sign"].lines == ("101", "开标中 Opening")  # type: ignore[union-attr]


def test_a_kiosk_that_calls_people_out_tells_nobody_why_a_door_stays_shut(hall: Hall) -> None:
    hall.line("fire", True)
    hall.effects.clear()
    hall.card("o1-reader", b"\xff\xff")
    assert not [e for e in hall.effects if isinstance(e, ShowText)]


# a hand at the switch


def test_a_light_that_is_switched_by_hand_stays_so_and_says_so(hall: Hall) -> None:
    opening(hall)
    effects = asked(done(hall, hall.line("o1-light.local", True)))
    assert effects["o1-light"].on is True  # type: ignore[union-attr]
    hall.line("o1-light.local", False)
    found = report(hall, LIGHT)
    assert (found.code, found.state) == (423, {"source": "local"})
    assert "o1-light" not in asked(hall.desired(2, {**OPENING, "o1-sign": Want(lines=("x",))})), "the next scene does not fight it"
    assert hall.records("device")[-1]["code"] == "switched"


def test_switched_back_it_is_the_scenes_again(hall: Hall) -> None:
    opening(hall)
    for pressed in (True, False, True):
        done(hall, hall.line("o1-light.local", pressed))
    assert (report(hall, LIGHT).code, report(hall, LIGHT).state) == (200, {})


def test_given_back_by_staff_it_follows_the_scene_again(hall: Hall) -> None:
    opening(hall)
    done(hall, hall.line("o1-light.local", True))
    devices = {DeviceId(d): w for d, w in OPENING.items()}
    effects = asked(hall.tell(DesiredArrived(Desired(1, 2, None, NOON_NS, devices, relinquish=(LIGHT,)))))
    assert effects["o1-light"].on is False  # type: ignore[union-attr]


def test_life_safety_goes_before_the_hand_at_the_switch(hall: Hall) -> None:
    done(hall, hall.desired(1, {**OPENING, "o1-light": Want(on=True)}))
    done(hall, hall.line("o1-light.local", True))
    assert report(hall, LIGHT).state == {"source": "local"}
    assert asked(hall.line("fire", True))["o1-light"].on is True  # type: ignore[union-attr]


def test_a_switch_on_the_wall_need_not_be_wired() -> None:
    record = RECORD
    assert not [line for line in (*input_lines(record), *output_lines(record)) if line.endswith(".local")]
    assert "o1-climate.on" in output_lines(record)
    assert {*input_lines(record), *output_lines(record)} >= LINES


# alone


def test_after_a_while_without_the_broker_signs_carry_a_mark_and_keep_their_text(hall: Hall) -> None:
    opening(hall)
    assert asked(hall.tell(LinkLost())) == {}
    assert asked(hall.later(9.9)) == {}
    marked = asked(done(hall, hall.later(0.2)))
    assert marked["o1-sign"].lines == (f"101{OFFLINE_MARK}", "开标中 Opening")  # type: ignore[union-attr]
    assert set(marked) == {"o1-sign"}, "lights, loudspeakers and recordings go on as they were"
    assert report(hall, SIGN).code == 200, "a mark is no fault"
    back = asked(done(hall, hall.tell(SessionBegan(2))))
    assert back["o1-sign"].lines == ("101", "开标中 Opening")  # type: ignore[union-attr]


def test_a_gateway_that_has_gone_is_noticed_though_the_broker_lives(hall: Hall) -> None:
    opening(hall)
    hall.tell(GatewayHeard(False, 7))
    assert "o1-sign" in asked(hall.later(11))
    assert "o1-sign" in asked(hall.tell(GatewayHeard(True, 8)))


def test_the_late_will_of_an_older_gateway_buries_nobody() -> None:
    now = Now(0, 0)
    living = heard(linked(started(Contact(), now), True, now), True, 8, now)
    assert heard(living, False, 7, now) == living
    assert not alone(living, Now(10 * ALONE_NS, 0))
    assert alone(heard(living, False, 8, now), Now(ALONE_NS, 0))


def test_a_board_that_never_reached_anybody_is_alone_too() -> None:
    begun = Now(5 * S, NOON_NS)
    state, _ = step(restored(site_of(RECORD), {}), Started(), begun)
    wake = wake_ns(state)
    assert wake is not None and wake <= begun.mono_ns + ALONE_NS
    state, _ = step(state, Woken(), replace(begun, mono_ns=begun.mono_ns + ALONE_NS))
    assert state.scene.alone


# loudspeakers


def test_an_announcement_is_played_once_and_not_when_its_moment_has_gone(hall: Hall) -> None:
    now = hall.now.utc_ns
    said = {**OPENING, "o1-speaker": Want(on=True, say="check-in", since_utc_ns=now)}
    first = asked(done(hall, hall.desired(1, said)))["o1-speaker"]
    assert isinstance(first, Speak) and (first.say, first.repeat) == ("check-in", False)
    assert "o1-speaker" not in asked(done(hall, hall.desired(2, {**said, "o1-light": Want(on=True)}))), "not again with the next document"
    old = {**OPENING, "o1-speaker": Want(on=True, say="check-in", since_utc_ns=now - 600 * S)}
    late = asked(hall.desired(3, old)).get("o1-speaker")
    assert late is None or (isinstance(late, Speak) and late.say == ""), "ten minutes late is not said"
    assert report(hall, SPEAKER).code in (200, 202)


@pytest.mark.parametrize("say", ["", "check-in"])
def test_a_muted_room_hears_nothing(hall: Hall, say: str) -> None:
    effects = asked(hall.desired(1, {"o1-speaker": Want(on=False, say=say, since_utc_ns=hall.now.utc_ns)}))
    said = effects["o1-speaker"]
    assert isinstance(said, Speak) and (said.say, said.heard) == ("", False)


def test_a_free_text_is_never_spoken_and_a_committee_is_not_spoken_to_whoever_asks(hall: Hall) -> None:
    hall.desired(1, {"o1-speaker": Want(on=True, say="请把报价改低"), "e1-speaker": Want(on=True, say="check-in")})
    assert not [e for e in hall.effects if isinstance(e, Speak)]
    assert (report(hall, SPEAKER).code, report(hall, COMMITTEE).code) == (422, 412)
    assert "free text" in report(hall, SPEAKER).text
    effects = asked(hall.desired(2, {"e1-speaker": Want(on=True, say="evacuation")}))
    assert isinstance(effects["e1-speaker"], Speak), "but for its life"


# always

WANTS = {
    DeviceKind.SIGN: Want(lines=("a",)), DeviceKind.KIOSK: Want(lines=("a",)), DeviceKind.LIGHT: Want(on=False),
    DeviceKind.CLIMATE: Want(on=True), DeviceKind.SPEAKER: Want(on=False), DeviceKind.CAMERA: Want(record=BINDING),
    DeviceKind.NETWORK: Want(on=True),
}  # fmt: skip


@given(st.sampled_from(sorted(DRIVEN)), st.booleans(), st.none() | st.booleans())
def test_without_emergency_and_hand_a_device_is_what_the_scene_wants(kind: DeviceKind, is_alone: bool, local: bool | None) -> None:
    record = device(DeviceId("x"), kind, "o1")
    calm = target(record, WANTS[kind], None, Overlay(alone=is_alone), None)
    assert calm is not None
    assert replace(calm, lines=WANTS[kind].lines) == WANTS[kind]
    urgent = target(record, WANTS[kind], None, Overlay(True, is_alone), local)
    expected = {DeviceKind.SIGN: EVACUATE, DeviceKind.KIOSK: EVACUATE, DeviceKind.LIGHT: Want(on=True), DeviceKind.SPEAKER: CALL_OUT}
    if kind in expected:
        assert urgent == expected[kind], "no hand and no scene stands over an emergency"
        assert source(record, WANTS[kind], urgent, Overlay(True, is_alone), local) == "emergency"
    if kind in (DeviceKind.CAMERA, DeviceKind.NETWORK):
        assert urgent == WANTS[kind]
