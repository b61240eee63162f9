"""Hardware, link and disk without anything behind them, for tests of the agent's shell."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import ClassVar

from edge.core.recording import Binding
from edge.drivers.protocols import DeviceError, DeviceHealth, Emit, LineChanged
from edge.recording.events import RecordingConfirmed
from edge.shell.disk import Disk, DiskError
from venue_model.wire import Command, Events, Reported, Status, decode, encode


def wait_for(what: str, holds: Callable[[], object], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"waited {seconds} s for: {what}"
        time.sleep(0.005)


class FakeLines:
    """A board whose inputs a test moves, and whose outputs it reads."""

    def __init__(self, device: str, log: list[str]) -> None:
        self.device = device
        self.outputs: dict[str, bool] = {}
        self.inputs: dict[str, bool] = {}
        self.broken = False
        self._log = log
        self._emit: Emit = lambda _: None

    def start(self, emit: Emit) -> None:
        self._emit = emit
        emit(DeviceHealth(self.device, True, "online", "here", time.monotonic_ns()))

    def stop(self) -> None:
        self.outputs = dict.fromkeys(self.outputs, False)

    def set(self, output: str, active: bool) -> None:
        if self.broken:
            raise DeviceError(f"line {output}: the relay is gone; replace the board")
        self._log.append(f"{output}={int(active)}")
        self.outputs[output] = active

    def read(self, input_line: str) -> bool:
        if input_line.endswith((".strike", ".lock", ".on")):
            raise DeviceError(f"{input_line} is no input")
        return self.inputs.get(input_line, False)

    def move(self, line: str, active: bool) -> None:
        self.inputs[line] = active
        self._emit(LineChanged(line, active, time.monotonic_ns()))


class FakeReader:
    """Remembers what it told people."""

    def __init__(self) -> None:
        self.answers: list[bool] = []

    def start(self, emit: Emit) -> None: ...

    def stop(self) -> None: ...

    def answer(self, granted: bool) -> None:
        self.answers.append(granted)


class FakeDisplay:
    """Shows at once, unless it is dark."""

    def __init__(self) -> None:
        self.shown: list[tuple[str, ...]] = []
        self.challenges: list[str | None] = []
        self.dark = False

    def start(self, emit: Emit) -> None: ...

    def stop(self) -> None: ...

    def show(self, lines: Sequence[str], *, colour: str = "green", urgent: bool = False) -> None:
        if self.dark:
            raise DeviceError("sign: no answer; check its power")
        self.shown.append(tuple(lines))

    def challenge(self, text: str | None) -> None:
        self.challenges.append(text)


class FakeLink:
    """A broker in the same process: what was published, and a way to send."""

    def __init__(
        self, next_session: Callable[[], int], on_message: Callable[[str, bytes], None], on_connection: Callable[[bool], None]
    ) -> None:
        self._next_session, self._on_message, self._on_connection = next_session, on_message, on_connection
        self._lock = threading.Lock()
        self.session = 0
        self.published: list[tuple[str, bytes]] = []

    def start(self) -> None: ...

    def close(self) -> None: ...

    def connect(self) -> None:
        self.session = self._next_session()
        self._on_connection(True)

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> None:
        with self._lock:
            self.published.append((topic, payload))

    def announce(self) -> None:
        self.publish("…/status", encode(Status(on=True, session=self.session)), retain=True)

    def send(self, topic: str, payload: bytes) -> None:
        self._on_message(topic, payload)

    def payloads(self, leaf: str) -> list[bytes]:
        with self._lock:
            return [payload for topic, payload in self.published if topic.endswith(f"/{leaf}")]

    def reported(self) -> Reported:
        return decode(Reported, self.payloads("reported")[-1])

    def batches(self) -> list[Events]:
        return [decode(Events, payload) for payload in self.payloads("event")]


class LoggedDisk(Disk):
    """A disk that tells when it has stored, and can refuse to."""

    log: list[str]
    refuses = False

    def commit(self, lines, state) -> None:  # type: ignore[no-untyped-def]
        if self.refuses:
            raise DiskError("agent.db: takes no records (full); make room")
        super().commit(lines, state)
        self.log += [f"stored {record.kind}" for _, record in lines]


class FakePool:
    """A recorder pool that recovers only when the test lets it, and then answers at once."""

    recovered = threading.Event()
    orders: ClassVar[list[tuple[str, Binding | None]]] = []

    def __init__(self, root: Path, cameras: Mapping[str, str], emit: Callable[[object], None]) -> None:
        self.root, self.emit = root, emit

    def start(self) -> None:
        assert self.recovered.wait(10)

    def close(self) -> None: ...

    def record(self, camera: str, binding: Binding) -> "Future[object]":
        self.orders.append((camera, binding))
        done: Future[object] = Future()
        if binding.track == "full":
            done.set_exception(OSError("camera c: the disk is full; make room"))
        else:
            done.set_result(None)
            self.emit(RecordingConfirmed(camera, "p1", "lot-1", "o1", "near", "run-1", "p1/lot-1/near/1.mp4", 1, 2, 3))
        return done

    def stop(self, camera: str) -> "Future[object]":
        self.orders.append((camera, None))
        done: Future[object] = Future()
        done.set_result(None)
        return done


def command(kind: str, id: str, body: dict[str, object], signature: bytes, issued_utc_ns: int, ttl_ms: int = 5_000) -> bytes:
    return encode(Command(id, kind, issued_utc_ns, ttl_ms, body, signature.hex()))
