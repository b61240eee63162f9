"""`SerialSign`: an LED sign on a serial port (`sign_frames.py` is its language)."""

import logging
import termios
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from edge.drivers.protocols import DeviceError, DeviceHealth, Emit
from edge.drivers.sign_frames import Colour, Command, Frame, FrameReader, Mode, Reason, Show, encode_frame, encode_show

if TYPE_CHECKING:
    from serial import Serial

log = logging.getLogger(__name__)

COLOURS = {"red": Colour.RED, "green": Colour.GREEN, "amber": Colour.AMBER}
TRIES = 3


class SerialSign:
    """One sign at `address` of the bus on `port`.  `columns` is its width in half-width characters; longer lines
    scroll.

    A sign that is dark or unplugged is noticed by a ping every `ping_s`, and its port is opened anew.  What it should
    show is the agent's to repeat: after `online` the agent shows again.
    """

    def __init__(
        self,
        device: str,
        port: str,
        *,
        address: int = 1,
        baud: int = 9600,
        columns: int = 24,
        answer_s: float = 0.5,
        ping_s: float = 5.0,
    ) -> None:
        self.device = device
        self.port = port
        self._address = address
        self._baud = baud
        self._columns = columns
        self._answer_s = answer_s
        self._ping_s = ping_s
        self._bus = threading.Lock()  # one question at a time; guards the three below
        self._serial: Serial | None = None
        self._reader = FrameReader()
        self._sequence = 0
        self._online: bool | None = None  # as told last
        self._emit: Emit | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, emit: Emit) -> None:
        self._emit = emit
        self._online = None
        self._stopping.clear()
        self._thread = threading.Thread(target=self._watch, name=f"sign {self.device}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """The sign keeps its last content: it is not ours to darken a wall at each restart."""
        if self._thread is None:
            return
        self._stopping.set()
        self._thread.join()
        self._thread = None
        with self._bus:
            self._close()

    def show(self, lines: Sequence[str], *, colour: str = "green", urgent: bool = False) -> None:
        if colour not in COLOURS:
            raise DeviceError(f"sign {self.device}: no colour {colour!r}; it has {', '.join(COLOURS)}")
        too_wide = any(_width(line) > self._columns for line in lines)
        mode = Mode.FLASH if urgent else Mode.SCROLL if too_wide else Mode.STEADY
        try:
            payload = encode_show(Show(tuple(lines), COLOURS[colour], mode))
        except ValueError as fault:
            raise DeviceError(f"sign {self.device}: {fault}; shorten the text") from fault
        self._ask(Command.SHOW, payload)

    def _watch(self) -> None:
        while True:
            try:
                self._ask(Command.PING)
            except DeviceError:
                pass  # told by `_ask`
            if self._stopping.wait(self._ping_s):
                return

    def _ask(self, command: Command, payload: bytes = b"") -> None:
        """Send until acknowledged; DeviceError after `TRIES`.  One sequence for all tries: the sign acts once."""
        with self._bus:
            self._sequence = (self._sequence + 1) % 256
            frame = Frame(self._address, self._sequence, command, payload)
            fault = "no answer"
            try:
                for _ in range(TRIES):
                    answer = self._exchange(frame)
                    if answer is not None and answer.command == Command.ACK:
                        self._tell(True, f"answers on {self.port}")
                        return
                    fault = "no answer" if answer is None else f"refused ({_reason(answer)})"
                    if answer is not None and answer.payload == bytes((Reason.BAD_CONTENT,)):
                        break
            except (OSError, termios.error) as broken:  # no such port, or its adapter was pulled
                self._close()
                fault = str(broken)
        text = (
            f"sign {self.device} on {self.port}: {fault}; "
            f"check its power, the A/B wires, address {self._address} and {self._baud} baud"
        )
        if not fault.startswith("refused"):
            self._tell(False, text)
        raise DeviceError(text)

    def _exchange(self, frame: Frame) -> Frame | None:
        port = self._serial or self._open()
        port.reset_input_buffer()  # an answer to an earlier question is no answer to this one
        port.write(encode_frame(frame))
        deadline = time.monotonic() + self._answer_s
        while (left_s := deadline - time.monotonic()) > 0:
            port.timeout = left_s
            for answer in self._reader.feed(port.read(port.in_waiting or 1)):
                if (answer.address, answer.sequence) == (frame.address, frame.sequence):
                    return answer
        return None

    def _open(self) -> "Serial":
        from serial import Serial

        # Exclusive: two programs on one bus would read each other's answers.
        self._serial = Serial(self.port, self._baud, timeout=self._answer_s, write_timeout=2.0, exclusive=True)
        self._reader = FrameReader()
        return self._serial

    def _close(self) -> None:
        port, self._serial = self._serial, None
        if port is not None:
            port.close()

    def _tell(self, online: bool, detail: str) -> None:
        if online == self._online or self._emit is None:
            return
        self._online = online
        log.info("sign %s: %s", self.device, detail)
        self._emit(DeviceHealth(self.device, online, "online" if online else "offline", detail, time.monotonic_ns()))


def _width(line: str) -> int:
    """In half-width characters: what GB18030 writes in one byte is half as wide as the rest."""
    return sum(1 if ord(char) < 0x80 else 2 for char in line)


def _reason(answer: Frame) -> str:
    try:
        return Reason(answer.payload[0]).name.lower().replace("_", " ")
    except (ValueError, IndexError):
        return f"unknown answer {answer.command:#04x}"
