"""All drivers of one board behind one door: where a line, reader, display or camera is, and who may wait for it."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any, Protocol, TypeVar, cast, runtime_checkable

from edge.core.effects import (
    AnswerReader,
    Effect,
    SetLine,
    ShowChallenge,
    ShowText,
    Speak,
    StartRecording,
    StopRecording,
    SwitchLight,
)
from edge.core.events import DeviceDone, Event, LinesHealth
from edge.drivers.protocols import DeviceError, DeviceEvent, DeviceHealth, Display, Driver, LineChanged, Lines, Reader, Speaker
from edge.shell.drivers import Wiring, build
from venue_model.ids import DeviceId
from venue_model.moments import Now

log = logging.getLogger(__name__)

Post = Callable[[Event], None]
D = TypeVar("D")


@runtime_checkable
class Challenger(Protocol):
    """A display that can also show a code for phones to scan."""

    def challenge(self, text: str | None) -> None:
        """Put the code beside the text; None takes it away."""


class Recorder(Protocol):
    """The cameras of the board (`edge.shell.recorder`)."""

    def start(self, post: Post) -> None: ...

    def stop(self) -> None: ...

    def perform(self, effect: StartRecording | StopRecording) -> None: ...


class Worker(Protocol):
    """One device's own course of action: what it is asked is done in order."""

    def do(self, job: Callable[[], None]) -> None: ...

    def stop(self) -> None: ...


class Hardware:
    """`post` takes events from any thread.  Only `set_line` and `answer` run on the caller's thread: nothing else may block a door."""

    def __init__(
        self,
        *,
        lines: Mapping[str, tuple[Lines, frozenset[str]]] | None = None,
        drivers: Mapping[str, Driver] | None = None,
        readers: Mapping[str, Reader] | None = None,
        displays: Mapping[str, Display] | None = None,
        speakers: Mapping[str, Speaker] | None = None,
        recorder: Recorder | None = None,
        new_worker: Callable[[str], Worker] | None = None,
    ) -> None:
        """`lines`: driver id → the driver and the names of its lines.  `drivers`: those with no other part here (buses, QR cameras).
        `new_worker`: who does what may take time; a thread for each display when it is not given."""
        self._lines = dict(lines or {})
        self._reading = {device: tuple(sorted(names)) for device, (_, names) in self._lines.items()}  # in one order on every machine
        self._line_owner = {name: driver for driver, names in self._lines.values() for name in names}
        self._drivers = dict(drivers or {})
        self._readers = dict(readers or {})
        self._displays = dict(displays or {})
        self._speakers = dict(speakers or {})
        self._recorder = recorder
        self._up: set[str] = set()  # line boards that answer
        self._new_worker = new_worker or ThreadWorker
        self._workers: dict[str, Worker] = {}
        self._post: Post = lambda _: None
        self._told: dict[str, bool] = {}  # input → what the core was told last
        self._doubtful: set[str] = set()  # inputs that read otherwise than told, once

    @classmethod
    def from_wiring(cls, wiring: Mapping[str, tuple[Wiring, Mapping[str, Any]]], data: Path) -> "Hardware":
        """Build every driver.  Raises `drivers.WiringError`."""
        lines: dict[str, tuple[Lines, frozenset[str]]] = {}
        drivers: dict[str, Driver] = {}
        readers: dict[str, Reader] = {}
        displays: dict[str, Display] = {}
        speakers: dict[str, Speaker] = {}
        recorder: Recorder | None = None
        for device, (kind, options) in wiring.items():
            if kind.kind == "recorder":
                from edge.shell.recorder import CameraRecorder

                recorder = CameraRecorder(device, kind, options, data)
                continue
            driver = build(device, kind, options)
            if kind.kind == "lines":
                lines[device] = (driver, frozenset(options["lines"]))
            elif kind.kind == "display":
                displays[device] = driver
            elif kind.kind == "speaker":
                speakers[device] = driver
            else:
                drivers[device] = driver
            if kind.kind == "osdp":
                readers |= {slot["device"]: driver.reader(slot["device"]) for slot in options["readers"]}
        return cls(lines=lines, drivers=drivers, readers=readers, displays=displays, speakers=speakers, recorder=recorder)

    def start(self, post: Post) -> None:
        """Start every driver.  One that cannot start is told as health, and the others run."""
        self._post = post
        for device, driver in self._all():
            try:
                driver.start(self._seen)
            except (DeviceError, OSError) as fault:
                self._seen(DeviceHealth(device, False, "offline", str(fault), 0))
        if self._recorder is not None:
            self._recorder.start(post)

    def stop(self) -> None:
        """Secure the outputs and end every thread."""
        for worker in self._workers.values():
            worker.stop()
        self._workers.clear()
        if self._recorder is not None:
            self._recorder.stop()
        for device, driver in self._all():
            try:
                driver.stop()
            except Exception:
                log.exception("%s: could not be stopped", device)

    def set_line(self, effect: SetLine) -> None:
        """Drive an output.  Raises DeviceError."""
        owner = self._line_owner.get(effect.line)
        if owner is None:
            raise DeviceError(f"line {effect.line}: not wired to this board; add it to the wiring file")
        owner.set(effect.line, effect.active)

    def answer(self, effect: AnswerReader) -> None:
        """Green or red at a reader.  A lamp that fails is no news: the reader's health tells of it."""
        reader = self._readers.get(effect.reader)
        if reader is not None:
            try:
                reader.answer(effect.granted)
            except DeviceError as fault:
                log.debug("reader %s: %s", effect.reader, fault)

    def perform(self, effect: Effect) -> None:
        """Do what may take time, on the device's own thread.  Outcomes come back as events."""
        match effect:
            case ShowText(device, lines, colour, ticket, urgent):
                self._work(device, ticket, self._displays, lambda display: display.show(lines, colour=colour, urgent=urgent))
            case ShowChallenge(kiosk, text):
                shown = self._displays
                self._work(kiosk, None, shown, lambda display: display.challenge(text) if isinstance(display, Challenger) else None)
            case Speak(device, say, heard, repeat, ticket):
                self._work(device, ticket, self._speakers, lambda speaker: speaker.announce(say, heard=heard, repeat=repeat))
            case SwitchLight(device, line, on, ticket):
                self._switch(device, SetLine(line, on), ticket)
            case StartRecording(device, _, ticket) | StopRecording(device, ticket):
                if self._recorder is None:
                    self._post(DeviceDone(device, ticket, False, f"camera {device}: no recorder is wired; add it to the wiring file"))
                else:
                    self._recorder.perform(effect)
            case _:
                raise AssertionError(f"{type(effect).__name__} is not for hardware")

    def lines_away(self) -> frozenset[str]:
        """The line boards that do not answer now.  Any thread may ask."""
        return frozenset(self._lines) - frozenset(self._up)

    def reconcile(self) -> list[LineChanged]:
        """Inputs that read otherwise than the core believes, twice in a row: a callback is not a state, and edges get lost."""
        doubtful: set[str] = set()
        changes: list[LineChanged] = []
        for device, names in self._reading.items():
            if device not in self._up:
                continue
            driver = self._lines[device][0]
            for name in names:
                level = _read(driver, name)
                if level is None or level == self._told.get(name, False):
                    continue
                if name in self._doubtful:
                    changes.append(LineChanged(name, level, 0))
                    self._told[name] = level
                else:
                    doubtful.add(name)
        self._doubtful = doubtful
        return changes

    def _seen(self, event: DeviceEvent) -> None:
        if isinstance(event, LineChanged):
            self._told[event.device] = event.active
        if isinstance(event, DeviceHealth) and event.device in self._lines:
            self._board_health(event)
        self._post(event)

    def _board_health(self, event: DeviceHealth) -> None:
        if event.ok == (event.device in self._up):
            return
        driver, names = self._lines[event.device]
        if not event.ok:
            self._up.discard(event.device)
            self._post(LinesHealth(names, False, event.detail))
            return
        active = frozenset(name for name in self._reading[event.device] if _read(driver, name))
        self._told.update({name: name in active for name in names})
        self._up.add(event.device)
        self._post(LinesHealth(names, True, event.detail, active))

    def _switch(self, device: str, effect: SetLine, ticket: int) -> None:
        try:
            self.set_line(effect)
        except DeviceError as fault:
            self._post(DeviceDone(DeviceId(device), ticket, False, str(fault)))
        else:
            self._post(DeviceDone(DeviceId(device), ticket, True))

    def _work(self, device: str, ticket: int | None, drivers: Mapping[str, D], act: Callable[[D], None]) -> None:
        driver = drivers.get(device)

        def run() -> None:
            try:
                if driver is None:
                    raise DeviceError(f"{device}: not wired to this board; add it to the wiring file")
                act(driver)
            except Exception as fault:
                if not isinstance(fault, DeviceError):
                    log.exception("%s: fault of our own", device)
                failed = str(fault) or type(fault).__name__
            else:
                failed = ""
            if ticket is not None:
                self._post(DeviceDone(DeviceId(device), ticket, not failed, failed))

        worker = self._workers.get(device)
        if worker is None:
            worker = self._workers[device] = self._new_worker(device)
        worker.do(run)

    def _all(self) -> list[tuple[str, Driver]]:
        boards = [(device, cast(Driver, driver)) for device, (driver, _) in self._lines.items()]
        return [*boards, *self._displays.items(), *self._speakers.items(), *self._drivers.items()]


class ThreadWorker:
    """A worker with a thread of its own."""

    def __init__(self, device: str) -> None:
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name=f"worker {device}", daemon=True)
        self._thread.start()

    def do(self, job: Callable[[], None]) -> None:
        self._jobs.put(job)

    def stop(self) -> None:
        self._jobs.put(None)
        self._thread.join(timeout=5.0)  # a sign takes up to three tries of half a second

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()


def _read(driver: Lines, name: str) -> bool | None:
    """The level of an input; None for outputs and for a board that is away."""
    try:
        return driver.read(name)
    except DeviceError:
        return None


def read_now(hardware: Hardware, now: Now) -> list[LineChanged]:
    """`Hardware.reconcile`, stamped."""
    return [LineChanged(change.device, change.active, now.mono_ns) for change in hardware.reconcile()]
