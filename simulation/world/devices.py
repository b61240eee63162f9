"""Readers, signs, kiosks, and the courses of action that real displays have threads for."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from edge.drivers.protocols import DeviceError, DeviceHealth, Emit
from simulation.world.clocks import MachineClock
from simulation.world.contract import See
from simulation.world.kernel import Trace, World
from simulation.world.recorder import Reel
from venue_model.commissioning import Commission
from venue_model.ids import DeviceId
from venue_model.moments import MS
from venue_model.venue import DeviceKind

DISPLAY_MS = (20, 150)  # a serial sign at 9600 baud takes a tenth of a second


@dataclass(slots=True)
class Screen:
    """What a sign or kiosk shows; it outlives the program that wrote it."""

    device: DeviceId
    lines: tuple[str, ...] = ()
    colour: str = ""
    challenge: str | None = None
    dark: bool = False


@dataclass(slots=True)
class Lamp:
    """What a reader showed last."""

    device: DeviceId
    door: str
    answer: tuple[bool, int] | None = None


class VirtualDisplay:
    """A driver over a screen (`edge.drivers.protocols.Display`, with a challenge as kiosks have it)."""

    def __init__(self, trace: Trace, clock: MachineClock, screen: Screen) -> None:
        self._trace = trace
        self._clock = clock
        self.screen = screen
        self._emit: Emit = lambda _: None

    def start(self, emit: Emit) -> None:
        self._emit = emit
        self.told_health()

    def stop(self) -> None: ...

    def told_health(self) -> None:
        """Say whether the screen answers."""
        dark = self.screen.dark
        code, detail = ("offline", "no answer; check its power") if dark else ("online", "answers")
        self._emit(DeviceHealth(self.screen.device, not dark, code, detail, self._clock.now().mono_ns))

    def show(self, lines: Sequence[str], *, colour: str = "green", urgent: bool = False) -> None:
        if self.screen.dark:
            raise DeviceError(f"{self.screen.device}: no answer; check its power")
        shown = tuple(lines)
        if (shown, colour) != (self.screen.lines, self.screen.colour):
            self.screen.lines, self.screen.colour = shown, colour
            self._trace.see(See.SCREEN, device=self.screen.device, lines=shown, colour=colour)

    def challenge(self, text: str | None) -> None:
        if self.screen.dark:
            raise DeviceError(f"{self.screen.device}: no answer; check its power")
        self.screen.challenge = text
        self._trace.see(See.CHALLENGE, device=self.screen.device, text=text or "")


class VirtualReader:
    """A driver over a reader's lamp (`edge.drivers.protocols.Reader`)."""

    def __init__(self, world: World, trace: Trace, lamp: Lamp) -> None:
        self._world = world
        self._trace = trace
        self._lamp = lamp

    def start(self, emit: Emit) -> None: ...

    def stop(self) -> None: ...

    def answer(self, granted: bool) -> None:
        self._lamp.answer = (granted, self._world.now_ns)
        self._trace.see(See.ANSWER, device=self._lamp.device, door=self._lamp.door, granted=granted)


@dataclass(slots=True)
class VirtualWorker:
    """A display's own course of action (`edge.shell.hardware.Worker`): one job after the other, each taking its time."""

    world: World
    _jobs: deque[Callable[[], None]] = field(default_factory=deque)
    _stopped: bool = False

    def do(self, job: Callable[[], None]) -> None:
        self._jobs.append(job)
        if len(self._jobs) == 1:
            self._begin()

    def stop(self) -> None:
        self._stopped = True

    def _begin(self) -> None:
        self.world.after(self.world.stream("displays").randint(*DISPLAY_MS) * MS, self._done)

    def _done(self) -> None:
        if self._stopped:
            return
        job = self._jobs.popleft()
        job()
        if self._jobs:
            self._begin()


@dataclass(slots=True)
class Furniture:
    """What hangs on a board and outlives its programs."""

    screens: dict[DeviceId, Screen] = field(default_factory=dict)
    lamps: dict[DeviceId, Lamp] = field(default_factory=dict)
    reels: dict[DeviceId, Reel] = field(default_factory=dict)


def furniture_of(commission: Commission) -> Furniture:
    """All of it, dark and empty."""
    found = Furniture()
    for device in commission.devices:
        match device.kind:
            case DeviceKind.SIGN | DeviceKind.KIOSK:
                found.screens[device.id] = Screen(device.id)
            case DeviceKind.READER | DeviceKind.QR_CAMERA:
                found.lamps[device.id] = Lamp(device.id, device.door or "")
            case DeviceKind.CAMERA:
                found.reels[device.id] = Reel(device.id)
    return found
