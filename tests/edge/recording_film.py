"""A film whose frames are known, and a camera that plays it on a clock of its own: recorder tests without waiting."""

import random
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np

from edge.core.recording import Binding, SegmentMeta
from edge.recording.cutter import Cutter
from edge.recording.events import RecorderEvent, SegmentClosed
from edge.recording.settings import RecorderSettings
from edge.recording.source import MediaPacket, SourceLost, StreamInfo

S = 1_000_000_000
UTC_NS = 1_795_251_600 * S  # 2026-11-21 09:00:00
FPS = 25
GOP = 50
LOT_A = Binding("P2026-0001", "lot-1", "open-1", "cam-front", "run-1")
LOT_B = Binding("P2026-0001", "lot-2", "open-1", "cam-front", "run-2")


@cache
def film(seconds: int = 24) -> bytes:
    """25 frames a second, a keyframe every 2 s, each frame different, with sound."""
    with TemporaryDirectory() as folder:
        path = f"{folder}/film.mp4"
        draw = np.random.default_rng(1)
        with av.open(path, "w") as out:
            options = {"preset": "ultrafast", "tune": "zerolatency", "g": str(GOP), "sc_threshold": "0"}
            video = out.add_stream("libx264", rate=FPS, options=options)
            video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
            audio = out.add_stream("aac", rate=16_000, layout="mono")
            for number in range(seconds * FPS):
                frame = av.VideoFrame.from_ndarray(draw.integers(0, 255, (48, 64, 3), np.uint8), format="rgb24")
                frame.pts, frame.time_base = number, Fraction(1, FPS)
                out.mux(video.encode(frame))
            for start in range(0, seconds * 16_000 - 1024, 1024):
                noise = draw.integers(-3000, 3000, (1, 1024), np.int16)
                sound = av.AudioFrame.from_ndarray(noise, format="s16", layout="mono")
                sound.sample_rate, sound.pts, sound.time_base = 16_000, start, Fraction(1, 16_000)
                out.mux(audio.encode(sound))
            out.mux(video.encode())
            out.mux(audio.encode())
        return Path(path).read_bytes()


@dataclass
class FilmClock:
    """A clock that only a film moves."""

    mono: int = 5 * S
    utc_offset: int = UTC_NS - 5 * S

    def utc_ns(self) -> int:
        return self.mono + self.utc_offset

    def mono_ns(self) -> int:
        return self.mono


class FilmSource:
    """Plays the film from a frame on.  Its pictures are numbered, from zero at the film's beginning."""

    def __init__(self, path: Path, clock: FilmClock, first_frame: int = 0, *, sound: bool = True) -> None:
        path.write_bytes(film())
        self._container = av.open(str(path))
        self._clock = clock
        self._first = first_frame
        streams = [self._container.streams.video[0], *([self._container.streams.audio[0]] if sound else [])]
        self.streams = tuple(StreamInfo(s.index, s.type, s.codec_context.name, s) for s in streams)

    def packets(self) -> Iterator[MediaPacket]:
        infos = {stream.index: stream for stream in self.streams}
        begin_ns = self._clock.mono
        packets = [p for p in self._container.demux([stream.template for stream in self.streams]) if p.dts is not None]
        for packet in sorted(packets, key=lambda packet: packet.dts * packet.time_base):  # as a camera sends them
            time_ns = int(packet.dts * packet.time_base * S)
            if time_ns < self._first * S // FPS:
                continue
            self._clock.mono = max(self._clock.mono, begin_ns + time_ns - self._first * S // FPS)
            yield MediaPacket(
                stream=infos[packet.stream.index],
                packet=packet,
                dts_ns=time_ns,
                pts_ns=time_ns,
                duration_ns=int(packet.duration * packet.time_base * S),
                keyframe=packet.is_keyframe,
                camera_utc_ns=None,
                utc_ns=self._clock.utc_ns(),
                mono_ns=self._clock.mono_ns(),
            )
        raise SourceLost("stream-ended", "the film is over")

    def close(self) -> None:
        self._container.close()


SHORT = RecorderSettings(segment_s=4, post_roll_s=0, reserve_bytes=0)


@dataclass
class Stage:
    """A cutter, its clock, and what it told."""

    root: Path
    settings: RecorderSettings = SHORT
    clock: FilmClock = field(default_factory=FilmClock)
    events: list[RecorderEvent] = field(default_factory=list)
    free: list[int] = field(default_factory=lambda: [1 << 40])
    sources: list[FilmSource] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.root.mkdir(exist_ok=True)
        self.cutter = Cutter(
            "cam-1",
            self.root,
            self.events.append,
            settings=self.settings,
            clock=self.clock,
            free_bytes=lambda folder: self.free[0],
        )

    def source(self, first_frame: int = 0, *, sound: bool = True) -> FilmSource:
        return FilmSource(self.root.parent / "film.mp4", self.clock, first_frame, sound=sound)

    def play(
        self,
        until: int,
        orders: dict[int, Callable[[], object]] | None = None,
        *,
        source: FilmSource | None = None,
        leave_out: Callable[[int, str], bool] = lambda frame, kind: False,
    ) -> None:
        """Play up to a frame; give each order just before its frame; then the connection is lost."""
        source = source or self.source()
        orders = dict(orders or {})
        self.cutter.connected(source.streams)
        for packet in source.packets():
            frame = packet.dts_ns * FPS // S
            if frame >= until:
                break
            for number in [number for number in orders if number <= frame]:
                orders.pop(number)()
            if not leave_out(frame, packet.stream.kind):
                self.cutter.take(packet)
        self.sources.append(source)  # stays open, as a camera's is until the cutter was told that it is lost

    def record(self, binding: Binding = LOT_A) -> "Future":  # type: ignore[type-arg]
        done: Future = Future()  # type: ignore[type-arg]
        self.cutter.record(binding, done)
        return done

    def stop(self, post_roll_s: float = 0) -> "Future":  # type: ignore[type-arg]
        done: Future = Future()  # type: ignore[type-arg]
        self.cutter.stop(int(post_roll_s * S), done)
        return done

    def of(self, *kinds: type) -> list:  # type: ignore[type-arg]
        return [event for event in self.events if isinstance(event, kinds)]

    def sealed(self, binding: Binding = LOT_A) -> list[SegmentMeta]:
        return [event.meta for event in self.events if isinstance(event, SegmentClosed) and event.segment.startswith(f"{binding.folder}/")]

    def path(self, meta: SegmentMeta) -> Path:
        return self.root / meta.project / meta.lot / meta.track / meta.file


@cache
def _numbers() -> dict[str, int]:
    """Frame numbers by the hash of their payload; every frame of the film differs."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "film.mp4")
        path.write_bytes(film())
        return {digest: number for number, digest in enumerate(payloads(path))}


def payloads(path: Path, kind: str = "video") -> list[str]:
    with av.open(str(path)) as container:
        stream = next(stream for stream in container.streams if stream.type == kind)
        return [sha256(bytes(packet)).hexdigest() for packet in container.demux(stream) if packet.size]


def frames(path: Path) -> list[int]:
    """Which frames of the film a segment holds, unchanged."""
    return [_numbers()[digest] for digest in payloads(path)]


def decoded(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


def pieces(data: bytes, seed: int) -> Iterator[bytes]:
    """The same bytes in pieces of any size."""
    draw, at = random.Random(seed), 0
    while at < len(data):
        size = draw.choice((1, 3, 7, 500, 4096, 100_000))
        yield data[at : at + size]
        at += size
