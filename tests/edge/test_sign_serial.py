"""The LED sign on its serial port, against the virtual sign's real bytes."""

import time
from collections.abc import Callable, Iterator
from queue import SimpleQueue

import pytest

from edge.drivers.protocols import DeviceError, DeviceEvent, DeviceHealth
from edge.drivers.sign_frames import Mode
from edge.drivers.sign_serial import SerialSign
from simulation.hardware.led_sign import VirtualSign

pytestmark = pytest.mark.parts

Seen = SimpleQueue[DeviceEvent]


@pytest.fixture
def wall() -> Iterator[VirtualSign]:
    wall = VirtualSign("s1")
    wall.start()
    yield wall
    wall.stop()


@pytest.fixture
def seen() -> Seen:
    return SimpleQueue()


@pytest.fixture
def sign(wall: VirtualSign, seen: Seen) -> Iterator[SerialSign]:
    sign = SerialSign("s1", wall.port, answer_s=0.1, ping_s=0.1)
    sign.start(seen.put)
    assert health(seen).ok
    yield sign
    sign.stop()


def health(seen: Seen) -> DeviceHealth:
    event = seen.get(timeout=10)
    assert isinstance(event, DeviceHealth)
    return event


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "waited 10 s"
        time.sleep(0.005)


def test_what_is_shown_stands_on_the_wall(sign: SerialSign, wall: VirtualSign) -> None:
    sign.show(["三号开标室", "签到中 3/5"], colour="amber")
    assert (wall.text, wall.colour, wall.shown.mode) == (("三号开标室", "签到中 3/5"), "amber", Mode.STEADY)


def test_a_long_line_scrolls_and_an_urgent_one_flashes(sign: SerialSign, wall: VirtualSign) -> None:
    sign.show(["市政道路改造工程第二标段施工招标"])
    assert wall.state()["mode"] == "scroll"
    sign.show(["请立即撤离"], colour="red", urgent=True)
    assert wall.state()["mode"] == "flash"


def test_a_sign_that_answers_badly_once_is_asked_again(sign: SerialSign, wall: VirtualSign) -> None:
    wall.garble = True
    with pytest.raises(DeviceError):
        sign.show(["甲"])
    wall.garble = False
    sign.show(["乙"])
    assert wall.text == ("乙",)


def test_an_unanswered_sign_is_named_with_port_fault_and_remedy(
    sign: SerialSign, wall: VirtualSign, seen: Seen
) -> None:
    wall.mute = True
    shown_before = wall.frames
    with pytest.raises(DeviceError, match=rf"sign s1 on {wall.port}: no answer; check its power, the A/B wires"):
        sign.show(["开标中"])
    assert wall.frames >= shown_before + 3
    assert not health(seen).ok
    wall.mute = False
    assert health(seen).ok


def test_an_unplugged_adapter_is_told(sign: SerialSign, wall: VirtualSign, seen: Seen) -> None:
    wall.stop()
    report = health(seen)
    assert not report.ok and wall.port in report.detail
    with pytest.raises(DeviceError, match="s1"):
        sign.show(["甲"])


def test_a_port_that_is_not_there_is_a_health_report(seen: Seen) -> None:
    sign = SerialSign("s9", "/dev/ttyNOSUCH", ping_s=0.05)
    sign.start(seen.put)
    try:
        report = health(seen)
        assert not report.ok and "/dev/ttyNOSUCH" in report.detail
        with pytest.raises(DeviceError, match="s9 on /dev/ttyNOSUCH"):
            sign.show(["甲"])
    finally:
        sign.stop()
        sign.stop()


def test_a_sign_of_another_address_does_not_answer(wall: VirtualSign, seen: Seen) -> None:
    sign = SerialSign("s2", wall.port, address=2, answer_s=0.05)
    sign.start(seen.put)
    try:
        assert not health(seen).ok
        assert wall.frames == 0
    finally:
        sign.stop()


def test_text_that_no_sign_takes_is_refused_before_it_is_sent(sign: SerialSign, wall: VirtualSign) -> None:
    with pytest.raises(DeviceError, match="sign s1: line 1 has 256 bytes; a sign takes 255; shorten the text"):
        sign.show(["开" * 128])
    with pytest.raises(DeviceError, match="no colour 'blue'; it has red, green, amber"):
        sign.show(["开"], colour="blue")
    assert wall.text == ()
