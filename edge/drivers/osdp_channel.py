"""The serial side of an OSDP bus: a port that never raises, and one channel per reader that lets libosdp use it.

libosdp's thread dies of an exception in a channel while its status keeps saying "online"; a pulled dongle is an
ordinary event here.
"""

import select
import time
from typing import TYPE_CHECKING, Protocol

from edge.drivers.osdp_frames import Frame, split_frames

if TYPE_CHECKING:
    from serial import Serial

_FIRST_RETRY_S = 0.25
_MAX_RETRY_S = 2.0  # opening a missing port costs microseconds, and a person is waiting for the door
_WRITE_TIMEOUT_S = 0.1  # a frame is 30 ms at 9600 baud; without a limit a stuck adapter would stop the loop
_CLOSED_WAIT_S = 0.05


class SerialLine:
    """A serial port that comes and goes.  `fault` says why it is closed."""

    def __init__(self, path: str, baud: int) -> None:
        self._path = path
        self._baud = baud
        self._serial: Serial | None = None
        self._retry_s = _FIRST_RETRY_S
        self._retry_due_ns = 0
        self._unread = False
        self.fault = ""

    @property
    def is_open(self) -> bool:
        return self._serial is not None

    def tend(self, now_ns: int) -> None:
        """Open the port when it is closed and its time has come."""
        if self._serial is not None or now_ns < self._retry_due_ns:
            return
        import serial

        try:
            self._serial = serial.Serial(self._path, self._baud, timeout=0, write_timeout=_WRITE_TIMEOUT_S, exclusive=True)
        except (OSError, ValueError) as error:  # SerialException is an OSError; ValueError: a baud rate it cannot do
            self._give_up(error)
        else:
            self._retry_s = _FIRST_RETRY_S

    def read(self, max_bytes: int) -> bytes:
        self._unread = False
        if self._serial is None:
            return b""
        try:
            return bytes(self._serial.read(max_bytes))
        except OSError as error:
            self._give_up(error)
            return b""

    def write(self, data: bytes) -> int:
        """The number of bytes sent, or -1, which makes libosdp drop the reader at once instead of asking eight times."""
        if self._serial is None:
            return -1
        try:
            sent = self._serial.write(data)
        except OSError as error:
            self._give_up(error)
            return -1
        return -1 if sent is None else sent

    def wait(self, timeout_s: float) -> None:
        """Return when bytes have arrived, or after `timeout_s`.  Bytes that nobody took (noise between exchanges) wake once."""
        if self._serial is None or self._unread:
            time.sleep(_CLOSED_WAIT_S if self._serial is None else timeout_s)
            return
        try:
            ready, _, _ = select.select([self._serial.fileno()], [], [], timeout_s)
            self._unread = bool(ready)
        except (OSError, ValueError) as error:
            self._give_up(error)

    def close(self) -> None:
        if self._serial is None:
            return
        try:
            self._serial.close()
        except OSError:
            pass  # the device is gone already
        self._serial = None

    def _give_up(self, error: Exception) -> None:
        self.close()
        self.fault = str(error)
        self._retry_due_ns = time.monotonic_ns() + int(self._retry_s * 1e9)
        self._retry_s = min(2 * self._retry_s, _MAX_RETRY_S)


class Listener(Protocol):
    """Who wants to know what passes between panel and reader."""

    def asked(self) -> None:
        """A command left for the reader."""

    def heard(self, frame: Frame) -> None:
        """A frame arrived whole."""

    def misheard(self) -> None:
        """A frame arrived broken or cut short."""


class ReaderChannel:
    """libosdp's way to one reader.  libosdp calls `read`, `write` and `flush` by name and looks at `id`."""

    id = 1  # equal for all readers of a bus: libosdp then lets one exchange end before it begins the next; 0 means "free"

    def __init__(self, line: SerialLine, listener: Listener) -> None:
        self._line = line
        self._listener = listener
        self._partial = b""

    def read(self, max_bytes: int) -> bytes:
        data = self._line.read(max_bytes)
        if data:
            frames, self._partial = split_frames(self._partial + data)
            for frame in frames:
                if frame.intact:
                    self._listener.heard(frame)
                else:
                    self._listener.misheard()
        return data

    def write(self, data: bytes) -> int:
        if self._partial:  # the answer to the last command never became whole
            self._partial = b""
            self._listener.misheard()
        self._listener.asked()
        return self._line.write(data)

    def flush(self) -> None:
        """Called before each command: an answer that comes after its time must not be taken for the next one."""
        for _ in range(4):  # bounded: a babbling line must not hold the loop
            if not self._line.read(256):
                return
