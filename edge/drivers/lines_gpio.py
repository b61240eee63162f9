"""`GpioLines`: strikes, lamps, contacts, exit buttons and the fire input on the pins of the board itself."""

import logging
import threading
import time
from collections.abc import Mapping
from queue import Empty, SimpleQueue
from typing import Any

from edge.drivers.gpio_chip import load_rpi_gpio
from edge.drivers.input_bank import InputBank
from edge.drivers.line_config import LineConfig, check_pins, load_lines
from edge.drivers.protocols import DeviceError, DeviceHealth, Emit

log = logging.getLogger(__name__)

S = 1_000_000_000  # nanoseconds in a second
RECLAIM_S = 5.0  # another process holds a line until it is restarted: look again now and then


class GpioLines:
    """Lines over rpi-lgpio (`RPi.GPIO`); `gpio` is that module, imported on start when not given.

    Debouncing is ours: rpi-lgpio's `bouncetime` waits for quiet instead of acting on the first edge, so a short push
    on an exit button would vanish.  Its callbacks carry neither level nor time, so each edge makes us read the pin; a
    poll reads all of them every `poll_s` for the edges that were lost under load or before we were there.
    """

    def __init__(
        self,
        device: str,
        lines: Mapping[str, LineConfig | Mapping[str, Any]],
        *,
        gpio: Any = None,
        poll_s: float = 1.0,
    ) -> None:
        self.device = device
        self._lines = load_lines(lines)
        if problems := check_pins(self._lines):
            raise ValueError(f"board {device}: " + "; ".join(problems))
        self._given = gpio
        self._gpio: Any = None  # set while every line is claimed
        self._poll_ns = int(poll_s * S)
        self._bank = InputBank(self._lines)
        self._edges: SimpleQueue[int | None] = SimpleQueue()  # pins that moved; None wakes the thread to stop
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, emit: Emit) -> None:
        self._stopping.clear()
        self._claim(emit)  # here, not in the thread: outputs are inactive when start returns
        self._thread = threading.Thread(target=self._run, args=(emit,), name=f"lines {self.device}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        if self._thread is None:
            return
        self._stopping.set()
        self._edges.put(None)
        self._thread.join()
        self._thread = None
        self._release()

    def set(self, output: str, active: bool) -> None:
        line = self._line(output, "out")
        gpio = self._claimed(output)
        try:
            gpio.output(line.pin, active == line.active_high)
        except Exception as fault:  # lgpio raises its own kinds, which share no base but Exception
            text = f"line {output}: pin {line.pin} of {self.device} refused ({fault}); restart the agent"
            raise DeviceError(text) from fault

    def read(self, input_line: str) -> bool:
        line = self._line(input_line, "in")
        return self._read(self._claimed(input_line), input_line, line)

    def _line(self, name: str, direction: str) -> LineConfig:
        line = self._lines.get(name)
        if line is None or line.direction != direction:
            known = ", ".join(n for n, c in self._lines.items() if c.direction == direction)
            raise DeviceError(f"line {name}: board {self.device} has no such {direction}put; it has {known or 'none'}")
        return line

    def _claimed(self, name: str) -> Any:
        if self._gpio is None:
            raise DeviceError(f"line {name}: the pins of {self.device} are not claimed; see its last health report")
        return self._gpio

    def _read(self, gpio: Any, name: str, line: LineConfig) -> bool:
        try:
            return bool(gpio.input(line.pin)) == line.active_high
        except Exception as fault:  # see `set`
            raise DeviceError(f"line {name}: pin {line.pin} of {self.device} cannot be read ({fault})") from fault

    def _claim(self, emit: Emit) -> None:
        gpio = self._given
        try:
            gpio = gpio or load_rpi_gpio()
            gpio.setmode(gpio.BCM)
            for line in self._lines.values():
                if line.direction == "out":
                    # Claimed and set in one request: setup() and then output() would tick the relay.
                    gpio.setup(line.pin, gpio.OUT, initial=gpio.LOW if line.active_high else gpio.HIGH)
            pulls = {"up": gpio.PUD_UP, "down": gpio.PUD_DOWN, "off": gpio.PUD_OFF}
            for line in self._lines.values():
                if line.direction == "in":
                    gpio.setup(line.pin, gpio.IN, pull_up_down=pulls[line.pull])
                    gpio.add_event_detect(line.pin, gpio.BOTH, callback=self._edges.put)
        except Exception as fault:  # see `set`; off a Pi this is the import itself
            detail = (
                f"pins not claimed ({fault}); is another program using them, is the agent in group gpio? "
                f"trying again every {RECLAIM_S:.0f} s"
            )
            log.warning("board %s: %s", self.device, detail)
            self._let_go(gpio)
            emit(DeviceHealth(self.device, False, "offline", detail, time.monotonic_ns()))
            return
        self._gpio = gpio
        emit(DeviceHealth(self.device, True, "online", f"{len(self._lines)} lines claimed", time.monotonic_ns()))

    def _release(self) -> None:
        """Secure every output and give the inputs back.

        Outputs stay claimed: given back they would float, while Raspberry Pi OS keeps a claimed one driven inactive
        even after this process has ended.
        """
        gpio, self._gpio = self._gpio, None
        self._let_go(gpio)

    def _let_go(self, gpio: Any) -> None:
        if gpio is None:
            return
        for name, line in self._lines.items():
            try:
                if line.direction == "out":
                    gpio.output(line.pin, not line.active_high)
                else:
                    gpio.remove_event_detect(line.pin)
                    gpio.cleanup(line.pin)
            except Exception as fault:  # one lost line must not keep the others driven
                log.debug("line %s: not released: %s", name, fault)

    def _run(self, emit: Emit) -> None:
        names = {line.pin: name for name, line in self._lines.items()}
        poll_at_ns = 0  # first thing: tell what is active already
        while not self._stopping.is_set():
            gpio = self._gpio
            if gpio is None:
                if not self._stopping.wait(RECLAIM_S):
                    self._claim(emit)
                continue
            moved = {names[pin] for pin in self._wait_for_edges(poll_at_ns) if pin in names}
            now_ns = time.monotonic_ns()
            polled = now_ns >= poll_at_ns
            try:
                for name in self._bank.names() if polled else moved.union(self._bank.unsettled()):
                    level = self._read(gpio, name, self._lines[name])
                    if change := self._bank.observe(name, level, now_ns, edge=name in moved):
                        emit(change)
            except DeviceError as fault:
                log.warning("board %s: %s; claiming again", self.device, fault)
                emit(DeviceHealth(self.device, False, "offline", str(fault), now_ns))
                self._release()
                continue
            if polled:
                poll_at_ns = now_ns + self._poll_ns

    def _wait_for_edges(self, poll_at_ns: int) -> frozenset[int]:
        """Pins that moved; returns early when a line may settle or the poll is due."""
        wake_ns = self._bank.wake_ns()
        until_ns = poll_at_ns if wake_ns is None else min(poll_at_ns, wake_ns)
        moved: set[int] = set()
        try:
            pin = self._edges.get(timeout=max(0.0, (until_ns - time.monotonic_ns()) / S))
            while True:  # take the whole burst: a bouncing pin is read once for it
                if pin is not None:
                    moved.add(pin)
                pin = self._edges.get_nowait()
        except Empty:
            return frozenset(moved)
