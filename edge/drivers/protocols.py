"""What the agent asks of hardware, and what hardware tells the agent.

A driver runs its own thread where it must wait, never raises out of it, and hands what it sees to `emit`, which may be called
from any thread and returns at once.  Every event carries `mono_ns`, the moment of arrival on this board's monotonic clock
(`time.monotonic_ns()`), because a reader's own message carries no time (docs/parts: OSDP card events have none).
Methods that act may be repeated; they raise `DeviceError` when the device is not there.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


class DeviceError(OSError):
    """A device did not do what it was asked.  The text names device, fault and remedy."""


@dataclass(frozen=True, slots=True)
class CardRead:
    """A card was presented.  `card` is the credential as the reader sent it, `bits` its length."""

    device: str
    card: bytes
    bits: int
    mono_ns: int


@dataclass(frozen=True, slots=True)
class QrRead:
    """A QR badge was seen by a door's camera.  The driver reports each new text once while it stays in view."""

    device: str
    text: str
    mono_ns: int


@dataclass(frozen=True, slots=True)
class LineChanged:
    """An input line settled on a new level.  `active` already accounts for the line's polarity."""

    device: str
    active: bool
    mono_ns: int


@dataclass(frozen=True, slots=True)
class DeviceHealth:
    """A device came or went, or misbehaved without going (`ok` stays true).  `detail` is for the mechanic."""

    device: str
    ok: bool
    code: str  # "online", "offline", "bad-frame", "quarantined", "tamper" …
    detail: str
    mono_ns: int


DeviceEvent = CardRead | QrRead | LineChanged | DeviceHealth
Emit = Callable[[DeviceEvent], None]


class Driver(Protocol):
    """Anything with a life of its own."""

    def start(self, emit: Emit) -> None:
        """Begin; returns quickly.  A device that is absent is reported by `DeviceHealth`, not by an exception."""

    def stop(self) -> None:
        """End and release the hardware in its safe state.  May be called twice."""


class Lines(Driver, Protocol):
    """The digital lines of a board: strikes and lamps out; contacts, exit buttons and the fire input in.

    Names are device ids of the venue file.  Outputs start inactive in one step, so that no relay ticks at start.
    """

    def set(self, output: str, active: bool) -> None:
        """Drive an output."""

    def read(self, input_line: str) -> bool:
        """The level of an input now, polarity applied: a callback is not a state, so the agent re-reads."""


class Display(Driver, Protocol):
    """A sign or kiosk that shows lines of text, largest first."""

    def show(self, lines: Sequence[str], *, colour: str = "green", urgent: bool = False) -> None:
        """Replace what is shown.  Returns when the device has acknowledged; raises `DeviceError` when it does not."""


class Speaker(Driver, Protocol):
    """A loudspeaker that plays recordings by their id, and nothing else."""

    def announce(self, say: str, *, heard: bool, repeat: bool) -> None:
        """Play a recording once, or until told otherwise; empty: be quiet.  Returns when it can be heard; raises `DeviceError`."""


class Reader(Driver, Protocol):
    """A card reader.  It reads at all times; the agent decides what a read means."""

    def answer(self, granted: bool) -> None:
        """Tell the person: green or red lamp and a tone."""


@dataclass(frozen=True, slots=True)
class DriverSpec:
    """How a venue file names a device: `driver` picks the class, `options` are its keyword arguments."""

    device: str
    driver: str
    options: Mapping[str, object] = field(default_factory=dict)
