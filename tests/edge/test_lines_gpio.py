"""Lines on the board's own pins, over a stub that keeps the promises of rpi-lgpio 0.6."""

import time
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import Any

import pytest

from edge.drivers.line_config import LineConfig, load_lines
from edge.drivers.lines_gpio import GpioLines
from edge.drivers.protocols import DeviceError, DeviceEvent, DeviceHealth, LineChanged

STRIKE, RELAY_LOW, CONTACT, EXIT = 17, 27, 22, 23
LINES = {
    "d1-strike": LineConfig("out", pin=STRIKE),
    "d1-lamp": LineConfig("out", pin=RELAY_LOW, active_high=False),
    "d1-contact": LineConfig("in", pin=CONTACT, pull="up"),
    "d1-exit": LineConfig("in", pin=EXIT, pull="up", active_high=False, fast_assert=True),
}


class StubGpio:
    """Levels, claims and callbacks.  A callback gets the pin and nothing else, as with the real one."""

    BCM, OUT, IN, LOW, HIGH, PUD_OFF, PUD_DOWN, PUD_UP, BOTH = 11, 0, 1, 0, 1, 20, 21, 22, 33

    def __init__(self) -> None:
        self.levels: dict[int, int] = {CONTACT: 0, EXIT: 1}
        self.written: list[tuple[str, int, int]] = []
        self.pulls: dict[int, int] = {}
        self.callbacks: dict[int, Callable[[int], None]] = {}
        self.claimed: set[int] = set()
        self.busy: set[int] = set()

    def setmode(self, mode: int) -> None:
        assert mode == self.BCM

    def setup(self, pin: int, direction: int, pull_up_down: int = PUD_OFF, initial: int | None = None) -> None:
        if pin in self.busy:
            raise RuntimeError("GPIO busy")
        self.claimed.add(pin)
        if direction == self.OUT:
            assert initial is not None, "rpi-lgpio then keeps whatever level the pin has"
            self.written.append(("setup", pin, initial))
            self.levels[pin] = initial
        else:
            self.pulls[pin] = pull_up_down

    def output(self, pin: int, level: Any) -> None:
        if pin not in self.claimed:
            raise RuntimeError("GPIO not allocated")
        self.written.append(("output", pin, int(level)))
        self.levels[pin] = int(level)

    def input(self, pin: int) -> int:
        if pin in self.busy:
            raise RuntimeError("GPIO busy")
        return self.levels[pin]

    def add_event_detect(self, pin: int, edge: int, callback: Callable[[int], None]) -> None:
        self.callbacks[pin] = callback

    def remove_event_detect(self, pin: int) -> None:
        self.callbacks.pop(pin, None)

    def cleanup(self, pin: int) -> None:
        self.claimed.discard(pin)

    def move(self, pin: int, level: int, *, tell: bool = True) -> None:
        self.levels[pin] = level
        if tell:
            self.callbacks[pin](pin)


Seen = SimpleQueue[DeviceEvent]


def next_event(seen: Seen) -> DeviceEvent:
    return seen.get(timeout=10)


@pytest.fixture
def gpio() -> StubGpio:
    return StubGpio()


@pytest.fixture
def seen() -> Seen:
    return SimpleQueue()


@pytest.fixture
def lines(gpio: StubGpio, seen: Seen) -> Iterator[GpioLines]:
    lines = GpioLines("b1", LINES, gpio=gpio, poll_s=0.2)
    lines.start(seen.put)
    health = next_event(seen)
    assert isinstance(health, DeviceHealth) and health.ok
    yield lines
    lines.stop()


def test_no_relay_ticks_when_the_agent_starts(lines: GpioLines, gpio: StubGpio) -> None:
    assert gpio.written == [("setup", STRIKE, 0), ("setup", RELAY_LOW, 1)]
    assert gpio.pulls == {CONTACT: gpio.PUD_UP, EXIT: gpio.PUD_UP}


def test_setting_an_output_minds_its_polarity(lines: GpioLines, gpio: StubGpio) -> None:
    lines.set("d1-strike", True)
    lines.set("d1-lamp", True)
    assert (gpio.levels[STRIKE], gpio.levels[RELAY_LOW]) == (1, 0)


def test_stopping_secures_the_outputs_and_frees_the_inputs_only(lines: GpioLines, gpio: StubGpio) -> None:
    lines.set("d1-strike", True)
    lines.stop()
    lines.stop()
    assert (gpio.levels[STRIKE], gpio.levels[RELAY_LOW]) == (0, 1)
    assert gpio.claimed == {STRIKE, RELAY_LOW}
    with pytest.raises(DeviceError, match="d1-strike: the pins of b1 are not claimed"):
        lines.set("d1-strike", True)


def test_a_push_on_the_exit_button_is_told_while_it_bounces(lines: GpioLines, gpio: StubGpio, seen: Seen) -> None:
    gpio.move(EXIT, 0)
    event = next_event(seen)
    assert isinstance(event, LineChanged) and (event.device, event.active) == ("d1-exit", True)
    assert lines.read("d1-exit") is True
    gpio.move(EXIT, 1)
    event = next_event(seen)
    assert isinstance(event, LineChanged) and (event.device, event.active) == ("d1-exit", False)


def test_a_bouncing_leaf_is_told_once(lines: GpioLines, gpio: StubGpio, seen: Seen) -> None:
    before_ns = time.monotonic_ns()
    for level in (1, 0, 1, 0, 1):
        gpio.move(CONTACT, level)
    event = next_event(seen)
    assert isinstance(event, LineChanged) and (event.device, event.active) == ("d1-contact", True)
    assert event.mono_ns - before_ns >= 30_000_000
    gpio.move(EXIT, 0)  # the very next thing told: there was no second one for the leaf
    event = next_event(seen)
    assert isinstance(event, LineChanged) and event.device == "d1-exit"


def test_an_edge_that_the_kernel_lost_is_found_by_the_poll(lines: GpioLines, gpio: StubGpio, seen: Seen) -> None:
    gpio.move(CONTACT, 1, tell=False)
    event = next_event(seen)
    assert isinstance(event, LineChanged) and (event.device, event.active) == ("d1-contact", True)


def test_a_fire_that_burns_already_is_told_at_start(gpio: StubGpio, seen: Seen) -> None:
    gpio.levels[24] = 1
    lines = GpioLines("b1", {"fire": LineConfig("in", pin=24, pull="up", fast_assert=True)}, gpio=gpio)
    lines.start(seen.put)
    try:
        assert isinstance(next_event(seen), DeviceHealth)
        event = next_event(seen)
        assert isinstance(event, LineChanged) and event.active
    finally:
        lines.stop()


def test_a_line_held_by_another_program_is_a_health_report(gpio: StubGpio, seen: Seen) -> None:
    gpio.busy = {CONTACT}
    lines = GpioLines("b1", LINES, gpio=gpio)
    lines.start(seen.put)
    try:
        health = next_event(seen)
        assert isinstance(health, DeviceHealth) and not health.ok
        assert "GPIO busy" in health.detail and "another program" in health.detail
        assert (gpio.levels[STRIKE], gpio.levels[RELAY_LOW]) == (0, 1)
        with pytest.raises(DeviceError, match="not claimed"):
            lines.read("d1-contact")
    finally:
        lines.stop()


def test_a_chip_that_fails_later_is_told_and_its_outputs_are_secured(
    lines: GpioLines, gpio: StubGpio, seen: Seen
) -> None:
    lines.set("d1-strike", True)
    gpio.busy = {CONTACT}
    health = next_event(seen)
    assert isinstance(health, DeviceHealth) and not health.ok and "d1-contact" in health.detail
    deadline = time.monotonic() + 10
    while gpio.levels[STRIKE] and time.monotonic() < deadline:
        time.sleep(0.005)
    assert gpio.levels[STRIKE] == 0


def test_off_a_pi_the_driver_says_so_instead_of_raising(seen: Seen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RPI_LGPIO_CHIP", "0")
    monkeypatch.setenv("LG_WD", "/tmp")
    lines = GpioLines("b1", LINES)
    lines.start(seen.put)
    try:
        health = next_event(seen)
        assert isinstance(health, DeviceHealth) and not health.ok and health.code == "offline"
    finally:
        lines.stop()


def test_an_unknown_output_is_named_with_those_that_exist(lines: GpioLines) -> None:
    with pytest.raises(DeviceError, match="line d1-contact: board b1 has no such output; it has d1-strike, d1-lamp"):
        lines.set("d1-contact", True)


def test_two_lines_on_one_pin_are_refused_before_anything_moves() -> None:
    table: dict[str, dict[str, Any]] = {"a": {"direction": "out", "pin": 5}, "b": {"direction": "in", "pin": 5}, "c": {"direction": "in"}}
    with pytest.raises(ValueError, match=r"line b: pin 5 is already used by a; line c: pin is missing"):
        GpioLines("b1", table)


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ({"direction": "out", "pim": 5}, "pim is not an option"),
        ({"direction": "both"}, "write one of in, out"),
        ({"pin": 5}, "direction is missing"),
        ({"direction": "in", "pin": True}, "pin is True; write int"),
        ({"direction": "in", "pull": "up!"}, "write one of up, down, off"),
    ],
)
def test_a_mistake_in_the_venue_file_is_named(entry: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        load_lines({"x": entry})
