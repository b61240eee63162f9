"""What a connection gives: packets with times and arrivals, the camera's clock, and words for what went wrong."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from types import SimpleNamespace

import av
import pytest

from edge.core.recording_clock import ClockComparison, read_prft
from edge.recording.settings import HostClock
from edge.recording.source import ContainerSource, SourceLost, lost_by, open_rtsp

S = 1_000_000_000
FRAME = 3600  # of 90,000 ticks: 40 ms


@dataclass
class Picture:
    dts: int | None
    is_keyframe: bool = False
    size: int = 100
    wallclock_us: int | None = None
    duration: int = FRAME
    time_base: Fraction = Fraction(1, 90_000)
    stream: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(index=0))

    @property
    def pts(self) -> int | None:
        return self.dts

    def has_sidedata(self, kind: str) -> bool:
        return kind == "prft" and self.wallclock_us is not None

    def get_sidedata(self, kind: str) -> bytes:
        return struct.pack("=qi4x", self.wallclock_us, 24)


class Clock:
    """Each look at it takes a millisecond, unless the test says more."""

    def __init__(self) -> None:
        self.now = 0

    def mono_ns(self) -> int:
        self.now += S // 1000
        return self.now

    utc_ns = mono_ns


def source(pictures: Iterator[Picture], clock: Clock | None = None) -> ContainerSource:
    stream = SimpleNamespace(index=0, type="video", codec_context=SimpleNamespace(name="h264"))
    container = SimpleNamespace(streams=SimpleNamespace(video=[stream], audio=[]), demux=lambda streams: pictures, close=lambda: None)
    return ContainerSource(container, clock or Clock(), stall_s=3)


def test_the_first_keyframe_has_no_time_of_its_own_and_is_kept() -> None:
    pictures = [Picture(None, is_keyframe=True), Picture(7200), Picture(10_800)]
    packets = source(iter(pictures)).packets()
    assert [(next(packets).dts_ns, key) for key in (True, False, False)] == [
        (40_000_000, True),
        (80_000_000, False),
        (120_000_000, False),
    ]


def test_a_later_picture_without_time_follows_the_one_before_it() -> None:
    packets = source(iter([Picture(0), Picture(None), Picture(7200)])).packets()
    assert [next(packets).dts_ns for _ in range(3)] == [0, 40_000_000, 80_000_000]


def test_a_camera_that_ends_the_stream_is_lost() -> None:
    packets = source(iter([Picture(0)])).packets()
    next(packets)
    with pytest.raises(SourceLost, match="stream-ended"):
        next(packets)


def test_a_silent_camera_is_lost_after_its_held_back_picture_which_arrived_before_the_silence() -> None:
    clock = Clock()

    def pictures() -> Iterator[Picture]:
        yield Picture(0)
        clock.now += 3 * S
        yield Picture(FRAME)
        yield Picture(2 * FRAME)

    packets = source(pictures(), clock).packets()
    first, held = next(packets), next(packets)
    assert held.mono_ns - first.mono_ns < S // 10
    with pytest.raises(SourceLost, match="no-frames"):
        next(packets)


def test_the_cameras_clock_comes_with_the_packet() -> None:
    packets = source(iter([Picture(0, wallclock_us=1_795_251_600_000_000), Picture(FRAME)])).packets()
    assert next(packets).camera_utc_ns == 1_795_251_600 * S
    assert next(packets).camera_utc_ns is None


def test_a_camera_that_never_set_its_clock_tells_no_time() -> None:
    assert read_prft(struct.pack("=qi4x", 5_000_000, 24)) is None
    assert read_prft(b"\0\0") is None


def test_the_fastest_frame_tells_the_offset_of_the_clocks() -> None:
    clocks = ClockComparison()
    for frame, late_ns in enumerate((90_000_000, 20_000_000, 500_000_000)):
        camera_ns = 1000 * S + frame * 40_000_000
        clocks.add(camera_ns, camera_ns + 7 * S + late_ns, frame * 40_000_000)
    result = clocks.result()
    assert result is not None
    assert (result.start_utc_ns, result.samples) == (1000 * S, 3)
    assert result.offset_ns == -7 * S - 20_000_000
    assert result.spread_ns == 480_000_000


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (av.error.ExitError(0, "x"), "connect-timeout"),
        (av.error.HTTPUnauthorizedError(401, "x"), "unauthorized"),
        (av.error.HTTPNotFoundError(404, "x"), "not-found"),
        (ConnectionResetError(104, "x"), "connection-lost"),
        (OSError(113, "No route to host"), "unreachable"),
        (av.error.InvalidDataError(1, "x"), "camera-error"),
    ],
)
def test_what_went_wrong_is_told_in_words(error: Exception, cause: str) -> None:
    assert lost_by(error).cause == cause


def test_a_refused_connection_does_not_tell_the_password() -> None:
    with pytest.raises(SourceLost, match="connect-refused: nothing listens there") as caught:
        open_rtsp("rtsp://admin:secret@127.0.0.1:9/1", 1, HostClock())
    assert "secret" not in str(caught.value) and caught.value.__cause__ is None
