"""What the recorder tells the agent.  Every field is plain, so that each event can go into the journal as it is.

`utc_ns` and `mono_ns` are this host's clocks.  A gap is told twice, when it is noticed and when it ends; (camera, media,
from_utc_ns) is its name.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass

from edge.core.recording import Media, SegmentMeta


@dataclass(frozen=True, slots=True)
class RecordingConfirmed:
    """The first fragment of a binding is durably on disk.  `start_utc_ns` may lie before the order: pre-roll."""

    camera: str
    project: str
    lot: str
    room: str
    track: str
    scene_run: str
    segment: str  # path below the evidence root, as it will be once sealed
    start_utc_ns: int
    utc_ns: int
    mono_ns: int


@dataclass(frozen=True, slots=True)
class RecordingRefused:
    """An order to record was not taken.  `detail` says what to do."""

    camera: str
    project: str
    lot: str
    track: str
    scene_run: str
    code: str  # "disk-full", "disk", "track-taken", "superseded", "closed"
    detail: str
    mono_ns: int


@dataclass(frozen=True, slots=True)
class SegmentClosed:
    """A segment is sealed: file, sidecar and folder are durable.  `segment` is its path below the evidence root.

    Told again, with `ended` "stop", when the stop comes while camera or disk is away: the bytes are the same.
    """

    camera: str
    segment: str
    meta: SegmentMeta
    mono_ns: int


@dataclass(frozen=True, slots=True)
class GapOpened:
    camera: str
    project: str
    lot: str
    room: str
    track: str
    media: Media
    from_utc_ns: int
    cause: str
    detail: str
    mono_ns: int


@dataclass(frozen=True, slots=True)
class GapClosed:
    camera: str
    project: str
    lot: str
    room: str
    track: str
    media: Media
    from_utc_ns: int
    to_utc_ns: int
    cause: str
    detail: str
    mono_ns: int


@dataclass(frozen=True, slots=True)
class RecorderHealth:
    """A camera or its disk came, went, or misbehaved without going (`ok` stays true).  `detail` is for the mechanic."""

    camera: str
    ok: bool
    code: str  # "online", "offline", "disk-full", "disk-ok", "audio-codec", "video-codec", "recovered", "torn" …
    detail: str
    mono_ns: int


RecorderEvent = RecordingConfirmed | RecordingRefused | SegmentClosed | GapOpened | GapClosed | RecorderHealth
EmitRecorder = Callable[[RecorderEvent], None]


def event_fields(event: RecorderEvent) -> dict[str, object]:
    """The event as plain values, with its name under `event`."""
    return {"event": type(event).__name__, **asdict(event)}
