"""A card at a virtual reader to the strike of a virtual board: real OSDP frames on a pty, the running agent, a real line socket."""

import asyncio
import random
import secrets
import tempfile
import threading
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.bench.door import DOOR, NoLink, bench_commission, bench_policy
from edge.core.events import PolicyArrived, SessionBegan
from edge.core.site import input_lines, output_lines
from edge.drivers.lines_socket import SocketLines
from edge.drivers.osdp_bus import OsdpBus
from edge.drivers.osdp_slot import ReaderSlot
from edge.drivers.osdp_watch import QUARANTINE_S
from edge.drivers.protocols import CardRead, DeviceEvent, DeviceHealth, Emit
from edge.shell.disk import Disk
from edge.shell.hardware import Hardware
from edge.shell.run import EdgeAgent
from simulation.hardware.board import VirtualBoard
from simulation.hardware.mechanics import MS, Edge
from simulation.hardware.osdp_reader import VirtualReader
from simulation.hardware.serial_bus import SerialBus

READER = "r1"
PULL_MS, SHUT_MS = 5, 60  # after the strike: the leaf opens, and is closed again after longer than its contact is debounced
PHASE_S = 0.06  # cards come at any moment of a poll cycle, which is 51 ms
WAIT_S = 15.0


class LineError(RuntimeError):
    """A part of the line did not do its work in time."""


@dataclass(frozen=True, slots=True)
class Reads:
    """Milliseconds, one of each for every card.  `poll`: bare bus, card to event.  `path`: card to strike.  `after`: event to strike."""

    poll_ms: tuple[float, ...]
    path_ms: tuple[float, ...]
    after_ms: tuple[float, ...]


def measure_line(n: int, entries: int) -> Reads:
    """`n` cards at a bare bus, then `n` at the whole path with a policy of `entries` passes.  Raises LineError and DeviceError."""
    with tempfile.TemporaryDirectory(prefix="bidhall-bench-") as place:
        poll = _bare(Path(place), n)
        path, after = _whole(Path(place), n, entries)
    return Reads(tuple(poll), tuple(path), tuple(after))


class _Line:
    """A serial line with one reader, and the bus driver that notes when it tells of a card.  A driver itself, for the agent."""

    def __init__(self, port: Path) -> None:
        key = secrets.token_bytes(16)
        self._wire = SerialBus(port)
        self._reader = VirtualReader(1, key)
        self._wire.attach(self._reader)
        self.bus = OsdpBus("bus", str(port), [ReaderSlot(READER, 1, key)])
        self.online = threading.Event()
        self.told = threading.Event()
        self.told_ns = 0
        self._rng = random.Random(1)
        self._emit: Emit = lambda _: None

    def start(self, emit: Emit) -> None:
        """Open the port; `online` is set when the secure channel is up."""
        self._emit = emit
        self.bus.start(self._seen)

    def stop(self) -> None:
        """Close the port."""
        self.bus.stop()

    def close(self) -> None:
        """Take the line away."""
        self._wire.close()

    def ready(self) -> None:
        """Wait until the reader is online and its cards count."""
        _wait(self.online, "the reader is not online")
        time.sleep(QUARANTINE_S + 0.2)

    def present(self, card: bytes) -> int:
        """Hold a card before the reader at any moment of its poll cycle; when that was."""
        time.sleep(self._rng.uniform(0, PHASE_S))
        self.told.clear()
        at_ns = time.perf_counter_ns()
        self._reader.present(card, 8 * len(card))
        return at_ns

    def _seen(self, event: DeviceEvent) -> None:
        if isinstance(event, CardRead):
            self.told_ns = time.perf_counter_ns()
            self.told.set()
        elif isinstance(event, DeviceHealth) and event.device == READER and event.ok:
            self.online.set()
        self._emit(event)


def _bare(folder: Path, n: int) -> list[float]:
    """The floor: the reader protocol's own poll cycle."""
    line = _Line(folder / "bare")
    line.start(lambda _: None)
    found = []
    try:
        line.ready()
        for _ in range(n):
            at_ns = line.present(secrets.token_bytes(8))
            _wait(line.told, "the bare bus told of no card")
            found.append((line.told_ns - at_ns) / MS)
    finally:
        line.stop()
        line.close()
    return found


def _whole(folder: Path, n: int, entries: int) -> tuple[list[float], list[float]]:
    commission = bench_commission()
    line, leaf = _Line(folder / "line"), _Leaf()
    board = _Board(leaf)
    lines: dict[str, dict[str, object]] = {name: {"direction": "out"} for name in output_lines(commission)}
    lines |= {name: {"direction": "in"} for name in input_lines(commission)}
    io = SocketLines("io", board.address, lines)
    hardware = Hardware(lines={"io": (io, frozenset(lines))}, drivers={"bus": line}, readers={READER: line.bus.reader(READER)})
    agent = EdgeAgent(commission, "", Disk(folder / "agent.db"), hardware, lambda *_: NoLink())
    cards = [secrets.token_bytes(8) for _ in range(entries)]
    path, after = [], []
    agent.start()
    try:
        agent.post(SessionBegan(1))
        agent.post(PolicyArrived(bench_policy(cards)))
        line.ready()
        for number in range(n):
            leaf.released.clear()
            leaf.secured.clear()
            at_ns = line.present(cards[number % entries])
            _wait(leaf.released, "the strike was not released")
            path.append((leaf.released_ns - at_ns) / MS)
            after.append((leaf.released_ns - line.told_ns) / MS)
            _wait(leaf.secured, "the strike was not secured")
    finally:
        agent.stop()
        line.close()
        board.stop()
    return path, after


class _Leaf:
    """A strike that notes when it is told, and a leaf that a person pulls at once and lets go."""

    inputs = ("contact", "exit")
    outputs = ("strike",)

    def __init__(self) -> None:
        self.released = threading.Event()
        self.secured = threading.Event()
        self.released_ns = 0
        self._coming: list[Edge] = []

    def drive(self, terminal: str, active: bool, now_ns: int) -> None:
        """The board's output moves the strike."""
        if active:
            self.released_ns = time.perf_counter_ns()
            self._coming = [Edge("contact", True, now_ns + PULL_MS * MS), Edge("contact", False, now_ns + SHUT_MS * MS)]
            self.released.set()
        else:
            self.secured.set()

    def fire(self, active: bool, now_ns: int) -> None:
        """There is no fire in this bench."""

    def advance(self, now_ns: int) -> list[Edge]:
        """What the contact has done up to now."""
        due = [edge for edge in self._coming if edge.at_ns <= now_ns]
        self._coming = self._coming[len(due) :]
        return due

    def wake_ns(self, now_ns: int) -> int | None:
        """When the contact moves next."""
        return self._coming[0].at_ns if self._coming else None


class _Board:
    """A virtual I/O board on an event loop of its own."""

    def __init__(self, leaf: _Leaf) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="virtual board")
        self._thread.start()
        self._board = VirtualBoard("io", "tcp:127.0.0.1:0")
        self._board.wire(leaf, {name: f"{DOOR}.{name}" for name in (*leaf.outputs, *leaf.inputs)})
        self._do(self._board.start)
        self.address = self._board.address

    def _do(self, act: Callable[[], Coroutine[Any, Any, None]]) -> None:
        asyncio.run_coroutine_threadsafe(act(), self._loop).result(WAIT_S)

    def stop(self) -> None:
        """Power off."""
        self._do(self._board.stop)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def _wait(event: threading.Event, fault: str) -> None:
    if not event.wait(WAIT_S):
        raise LineError(f"{fault} within {WAIT_S:.0f} s; is the machine overloaded?")
