"""`SocketLines`: the lines of an I/O board that is reached over a stream socket (`line_wire.py` is the language)."""

import logging
import random
import select
import socket
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any

from edge.drivers import line_wire
from edge.drivers.input_bank import InputBank
from edge.drivers.line_config import LineConfig, load_lines
from edge.drivers.protocols import DeviceError, DeviceEvent, DeviceHealth, Emit

log = logging.getLogger(__name__)

S = 1_000_000_000  # nanoseconds in a second
SEND_S = 1.0  # a board that takes no bytes for this long is gone


class SocketLines:
    """Lines of board `device` at `address`: `unix:/run/board.sock` or `tcp:192.168.7.20:4001`.

    `set` returns when the board says that the output is driven.  While the board is away `set` and `read` raise; after
    a reconnection all levels are read again and what changed meanwhile is told.
    """

    def __init__(
        self,
        device: str,
        address: str,
        lines: Mapping[str, LineConfig | Mapping[str, Any]],
        *,
        poll_s: float = 1.0,
        answer_s: float = 0.5,
        retry_s: tuple[float, float] = (0.1, 5.0),
    ) -> None:
        self.device = device
        self.address = address
        self._target = _parse_address(device, address)
        self._lines = load_lines(lines)
        self._poll_ns = int(poll_s * S)
        self._answer_s = answer_s
        self._retry_s = retry_s
        self._bank = InputBank(self._lines)
        self._lock = threading.Lock()  # guards the four below
        self._socket: socket.socket | None = None  # set while board and agent have greeted each other
        self._generation = 0
        self._seq = 0
        self._pending: dict[int, Future[None]] = {}
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, emit: Emit) -> None:
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, args=(emit,), name=f"lines {self.device}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """The board itself secures its outputs when the connection ends."""
        if self._thread is None:
            return
        self._stopping.set()
        with self._lock:
            if self._socket is not None:
                _hang_up(self._socket)
        self._thread.join()
        self._thread = None

    def set(self, output: str, active: bool) -> None:
        self._check_line(output, "out")
        done: Future[None] = Future()
        with self._lock:
            if self._socket is None:
                raise self._away(output)
            self._seq += 1
            self._pending[self._seq] = done
            try:
                self._socket.sendall(line_wire.encode(line_wire.Set(output, active, self._seq)))
            except OSError as fault:
                del self._pending[self._seq]
                _hang_up(self._socket)  # the thread notices, tells, and reconnects
                raise self._away(output) from fault
        if threading.current_thread() is self._thread:
            return  # called from within `emit`: this very thread reads the answer
        try:
            done.result(self._answer_s)
        except TimeoutError:
            text = f"line {output}: board {self.device} did not answer within {self._answer_s} s"
            raise DeviceError(f"{text}; check the board and its network") from None

    def read(self, input_line: str) -> bool:
        self._check_line(input_line, "in")
        if self._socket is None:
            raise self._away(input_line)
        return self._bank.level(input_line)

    def _check_line(self, name: str, direction: str) -> None:
        line = self._lines.get(name)
        if line is None or line.direction != direction:
            known = ", ".join(n for n, c in self._lines.items() if c.direction == direction)
            raise DeviceError(f"line {name}: board {self.device} has no such {direction}put; it has {known or 'none'}")

    def _away(self, name: str) -> DeviceError:
        return DeviceError(
            f"line {name}: board {self.device} is not connected at {self.address}; check its power and network"
        )

    def _run(self, emit: Emit) -> None:
        told_away = False
        wait_s = self._retry_s[0]
        while not self._stopping.is_set():
            greeted = False
            try:
                with _connect(self._target) as connection:
                    board = self._greet(connection)
                    greeted, told_away, wait_s = True, False, self._retry_s[0]
                    self._converse(connection, board, emit)
            except (OSError, ValueError) as fault:
                if not told_away and not self._stopping.is_set():
                    detail = f"{self.address}: {fault}; check the board's power and network, outputs are inactive"
                    log.warning("board %s: %s", self.device, detail)
                    emit(DeviceHealth(self.device, False, "offline", detail, time.monotonic_ns()))
                told_away = True
            finally:
                self._forget()
            if not greeted:
                wait_s = min(wait_s * 2, self._retry_s[1])
            self._stopping.wait(random.uniform(self._retry_s[0] / 2, wait_s))  # a hall of agents must not call in step

    def _greet(self, connection: socket.socket) -> line_wire.Hello:
        self._generation += 1
        connection.sendall(line_wire.encode(line_wire.Hello(self.device, self._generation)))
        first = b""
        while not first.endswith(b"\n"):  # byte by byte: what follows the line belongs to the conversation
            byte = connection.recv(1)
            if not byte or len(first) > line_wire.MAX_LINE:
                raise ConnectionError("no greeting")
            first += byte
        board = line_wire.decode(first)
        if not isinstance(board, line_wire.Hello):
            raise ValueError("the board did not begin with its greeting")
        if board.board != self.device:
            raise ValueError(f"the board there calls itself {board.board}, not {self.device}; correct address or name")
        if missing := sorted(set(self._lines) - set(board.levels)):
            raise ValueError(f"the board has no line {', '.join(missing)}; correct the names on either side")
        return board

    def _converse(self, connection: socket.socket, board: line_wire.Hello, emit: Emit) -> None:
        """Until the connection ends, which is told by an OSError or ValueError."""
        splitter = line_wire.LineSplitter()
        heard_ns = asked_ns = time.monotonic_ns()
        changes: list[DeviceEvent] = []
        self._take_levels(board.levels, heard_ns, changes.append)
        with self._lock:
            self._socket = connection  # from here on `read` and `set` work
        detail = f"{self.address}, start {board.generation} of the board"
        emit(DeviceHealth(self.device, True, "online", detail, heard_ns))
        for change in changes:
            emit(change)
        while not self._stopping.is_set():
            wake_ns = min(asked_ns + self._poll_ns, self._bank.wake_ns() or asked_ns + self._poll_ns)
            readable, _, _ = select.select([connection], [], [], max(0.0, (wake_ns - time.monotonic_ns()) / S))
            data = connection.recv(65_536) if readable else None
            now_ns = time.monotonic_ns()
            if data == b"":
                raise ConnectionError("the board closed the connection")
            if data is not None:
                heard_ns = now_ns
                for line in splitter.feed(data):
                    self._take(line_wire.decode(line), now_ns, emit)
            for name in self._bank.unsettled():
                self._observe(name, self._bank.level(name), now_ns, emit)
            if now_ns - heard_ns > line_wire.SILENCE_S * S:
                raise ConnectionError(f"silent for {line_wire.SILENCE_S:.0f} s")
            if now_ns - asked_ns >= self._poll_ns:
                asked_ns = now_ns
                with self._lock:
                    connection.sendall(line_wire.encode(line_wire.Level()))

    def _take(self, message: line_wire.Message, now_ns: int, emit: Emit) -> None:
        match message:
            case line_wire.Changed(name, active):
                if name in self._bank:
                    self._observe(name, active, now_ns, emit, edge=True)
            case line_wire.Level(levels):
                self._take_levels(levels, now_ns, emit)
            case line_wire.Set(_, _, seq):
                if done := self._answered(seq):
                    done.set_result(None)
            case line_wire.Refused(detail, seq):
                log.warning("board %s: refused: %s", self.device, detail)
                if done := self._answered(seq):
                    done.set_exception(DeviceError(f"board {self.device} refused: {detail}"))
            case line_wire.Hello():
                raise ValueError("the board greeted twice")

    def _take_levels(self, levels: Mapping[str, bool], now_ns: int, emit: Emit) -> None:
        for name in self._bank.names():
            if name in levels:
                self._observe(name, levels[name], now_ns, emit)

    def _observe(self, name: str, level: bool, now_ns: int, emit: Emit, *, edge: bool = False) -> None:
        if change := self._bank.observe(name, level, now_ns, edge=edge):
            emit(change)

    def _answered(self, seq: int) -> Future[None] | None:
        with self._lock:
            return self._pending.pop(seq, None)

    def _forget(self) -> None:
        """The connection is over: nobody will answer any more."""
        with self._lock:
            self._socket = None
            pending, self._pending = self._pending, {}
        for done in pending.values():
            text = f"board {self.device} went away before it answered; its outputs are inactive"
            done.set_exception(DeviceError(text))


def _parse_address(device: str, address: str) -> str | tuple[str, int]:
    kind, _, rest = address.partition(":")
    if kind == "unix" and rest:
        return rest
    host, _, port = rest.rpartition(":")
    if kind == "tcp" and host and port.isdecimal():
        return host.strip("[]"), int(port)
    raise ValueError(f"board {device}: address {address!r}; write unix:/path/to.sock or tcp:host:port")


def _connect(target: str | tuple[str, int]) -> socket.socket:
    if isinstance(target, tuple):
        connection = socket.create_connection(target, timeout=SEND_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # a strike must not wait for Nagle
        return connection
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(SEND_S)
        connection.connect(target)
    except OSError:
        connection.close()
        raise
    return connection


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # already gone
