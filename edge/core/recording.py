"""The words of recording: whose footage a segment is, where it lies, and what is kept beside it.  Pure."""

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from edge.core.recording_boxes import Fragment
from venue_model.ids import is_id

S = 1_000_000_000  # nanoseconds in a second

OPEN_SUFFIX = ".part.mp4"  # being written, or left by a recorder that died
SEALED_SUFFIX = ".mp4"
SIDECAR_SUFFIX = ".json"
TORN_SUFFIX = ".torn"  # a dead recorder's file without one complete fragment: kept for the curious, not evidence

# Why a segment ended.  After "stop" nothing was wanted; after every other one the next segment of the track follows on,
# and what lies between them is a gap.
Ended = Literal["rotation", "stop", "stall", "disk", "shutdown", "crash", "unknown"]
Media = Literal["all", "audio"]


class BindingError(ValueError):
    """An id that came from outside cannot be a folder name.  The text names field, fault and remedy."""


@dataclass(frozen=True, slots=True)
class Binding:
    """Whose footage a camera makes: one lot of one project, as one track, for one run of a scene."""

    project: str
    lot: str
    room: str
    track: str
    scene_run: str

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not isinstance(value, str) or not is_id(value):
                raise BindingError(
                    f"binding.{name}: {value!r} is not an id; take 1 to 64 of A-Z a-z 0-9 . _ -, beginning with a letter or digit"
                )

    @property
    def folder(self) -> PurePosixPath:
        """Below the evidence root.  Two bindings with the same folder continue the same track."""
        return PurePosixPath(self.project, self.lot, self.track)


@dataclass(frozen=True, slots=True)
class Gap:
    """Time that was wanted and is not in any file.  `to_utc_ns` is None while it lasts."""

    media: Media
    from_utc_ns: int
    to_utc_ns: int | None
    cause: str
    detail: str


@dataclass(frozen=True, slots=True)
class CameraClock:
    """The camera's own clock beside the host's.

    `offset_ns` is camera minus host for the frame that came through fastest; the host stamps arrival, so the true offset
    is greater by what encoder, network and one frame of parsing take.  `spread_ns` is how far the other frames differ.
    """

    start_utc_ns: int  # of the segment's first frame, by the camera
    offset_ns: int
    spread_ns: int
    samples: int


@dataclass(frozen=True, slots=True)
class Identity:
    """What is known when a segment is opened.  It is written into the file itself, so that its hash covers it."""

    camera: str
    project: str
    lot: str
    room: str
    track: str
    scene_run: str
    seq: int
    start_utc_ns: int
    camera_offset_ns: int | None


@dataclass(frozen=True, slots=True)
class SegmentMeta:
    """The sidecar of a segment: all that an index needs, so that the index can be rebuilt from the tree."""

    camera: str
    project: str
    lot: str
    room: str
    track: str
    scene_run: str
    seq: int
    file: str
    ended: Ended
    start_utc_ns: int  # host clock, at arrival of the first frame
    end_utc_ns: int  # host clock, at arrival of the last frame; after a crash: start plus media duration
    host_step_ns: int  # how far the host's UTC moved against its monotonic clock meanwhile
    camera_clock: CameraClock | None
    media_duration_ns: int
    frames: int
    keyframes: int
    codecs: tuple[str, ...]
    bytes: int
    sha256: str
    sm3: str
    init_bytes: int
    fragments: tuple[Fragment, ...]
    gaps: tuple[Gap, ...] = field(default=())  # those that ended in this segment or where it begins
    version: int = 1


_IDENTITY = TypeAdapter(Identity)
_SIDECAR = TypeAdapter(SegmentMeta)


def encode_identity(identity: Identity) -> str:
    return _IDENTITY.dump_json(identity).decode()


def decode_identity(text: str) -> Identity | None:
    """None when the text is not ours: some other program's comment."""
    try:
        identity = _IDENTITY.validate_json(text)
        Binding(identity.project, identity.lot, identity.room, identity.track, identity.scene_run)
    except ValueError:
        return None
    return identity


def encode_sidecar(meta: SegmentMeta) -> bytes:
    return _SIDECAR.dump_json(meta, indent=1) + b"\n"


def decode_sidecar(data: bytes, source: str) -> SegmentMeta:
    try:
        return _SIDECAR.validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{source}: {place}: {first['msg']}; recover() writes it anew once it is moved away") from error


def segment_stem(seq: int, start_utc_ns: int) -> str:
    """
    >>> segment_stem(7, 1_795_251_600_000_000_000)
    '000007_20261121T090000Z'
    """
    return f"{seq:06d}_{datetime.fromtimestamp(start_utc_ns // S, UTC):%Y%m%dT%H%M%SZ}"


def read_seq(file_name: str) -> int | None:
    """The number of a segment by its file name, whatever its suffix.  None: not a segment."""
    number, underscore, _ = file_name.partition("_")
    return int(number) if underscore and number.isdecimal() else None


def retry_delay_s(failures: int, longest_s: float, chance: float) -> float:
    """How long to wait before connecting again.  `chance` in [0, 1) spreads cameras that fell together.

    The first retry is at once: a camera that only dropped a connection should not lose a second more.
    """
    if failures <= 1:
        return 0.0
    return min(longest_s, 0.5 * 2.0 ** min(failures - 2, 16)) * (0.5 + chance / 2)
