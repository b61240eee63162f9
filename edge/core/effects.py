"""What the core asks of the shell.  Effects are done in order, after the journal lines among them are on disk.

A `SetLine` that serves life safety waits for nothing, not even for the disk.
"""

from dataclasses import dataclass

from edge.core.journal import Record
from venue_model.ids import DeviceId, DoorId
from venue_model.wire import Binding


@dataclass(frozen=True, slots=True)
class SetLine:
    """Drive an output.  May be repeated.  A failure comes back as `events.LineFailed`."""

    line: str
    active: bool
    life_safety: bool = False


@dataclass(frozen=True, slots=True)
class AnswerReader:
    """Green or red lamp and a tone at a reader."""

    reader: DeviceId
    granted: bool


@dataclass(frozen=True, slots=True)
class ShowText:
    """Replace what a sign or kiosk shows.  With a ticket, the outcome comes back as `events.DeviceDone`."""

    device: DeviceId
    lines: tuple[str, ...]
    colour: str
    ticket: int | None = None
    urgent: bool = False  # people must see it at once: it flashes where a sign can


@dataclass(frozen=True, slots=True)
class SwitchLight:
    """Drive the output of a light, of climate, or of a network cutter (on: cut), and report the outcome as `events.DeviceDone`."""

    device: DeviceId
    line: str
    on: bool
    ticket: int


@dataclass(frozen=True, slots=True)
class Speak:
    """Let a loudspeaker play a recording, once or until it is told otherwise; or be quiet; or be dead (not `heard`)."""

    device: DeviceId
    say: str  # one of `templates.ANNOUNCEMENTS`; empty: nothing
    heard: bool
    repeat: bool
    ticket: int


@dataclass(frozen=True, slots=True)
class StartRecording:
    """Record a camera for a binding.  `events.DeviceDone` comes when the first fragment is safely on disk."""

    device: DeviceId
    binding: Binding
    ticket: int


@dataclass(frozen=True, slots=True)
class StopRecording:
    """End a camera's recording; `events.DeviceDone` comes when its last segment is sealed."""

    device: DeviceId
    ticket: int


@dataclass(frozen=True, slots=True)
class DrawNonce:
    """Draw the next random challenge of a door; it comes back as `events.NonceDrawn`."""

    door: DoorId


@dataclass(frozen=True, slots=True)
class ShowChallenge:
    """Put a door's challenge on its kiosk, as a code for phones to scan."""

    kiosk: DeviceId
    text: str


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """Publish the achieved state even if it has not changed: an equal generation is acknowledged again."""


@dataclass(frozen=True, slots=True)
class Announce:
    """Publish the birth again: somebody writes to a session of this board that is over."""


Effect = (
    Record | SetLine | AnswerReader | ShowText | SwitchLight | Speak | StartRecording | StopRecording | DrawNonce | ShowChallenge
    | Acknowledge | Announce
)  # fmt: skip
