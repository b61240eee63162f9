"""Where packets come from: a small Protocol, and RTSP cameras through PyAV."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, Protocol

from edge.core.recording_clock import read_prft
from edge.recording.settings import Clock

S = 1_000_000_000
CONNECT_S = 6.0
ANALYSE_US = 4_000_000  # only used up by cameras whose session description lacks the parameter sets


class SourceLost(OSError):
    """A camera gave up or could not be reached.  Its text never holds the address, which may carry a password."""

    def __init__(self, cause: str, detail: str) -> None:
        super().__init__(f"{cause}: {detail}")
        self.cause = cause
        self.detail = detail


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """One stream of a source; `template` is the PyAV stream that a muxer copies its parameters from."""

    index: int
    kind: Literal["video", "audio"]
    codec: str
    template: Any


@dataclass(slots=True)
class MediaPacket:
    """One packet.  Times are the source's own; `packet` is PyAV's, whose payload is never touched."""

    stream: StreamInfo
    packet: Any
    dts_ns: int
    pts_ns: int
    duration_ns: int
    keyframe: bool
    camera_utc_ns: int | None
    utc_ns: int  # host clocks at arrival
    mono_ns: int

    @property
    def is_cut_point(self) -> bool:
        return self.keyframe and self.stream.kind == "video"


class PacketSource(Protocol):
    """A connected camera."""

    streams: Sequence[StreamInfo]

    def packets(self) -> Iterator[MediaPacket]:
        """Ends only by raising `SourceLost`."""

    def close(self) -> None:
        """May be called twice."""


class ContainerSource:
    """The packets of a PyAV input container, each with a time and stamped on arrival."""

    def __init__(self, container: Any, clock: Clock, stall_s: float) -> None:
        self._container = container
        self._clock = clock
        self._stall_ns = int(stall_s * S)
        self.streams: Sequence[StreamInfo] = tuple(
            StreamInfo(stream.index, stream.type, stream.codec_context.name, stream)
            for stream in (*container.streams.video[:1], *container.streams.audio[:1])
        )

    def packets(self) -> Iterator[MediaPacket]:
        infos = {stream.index: stream for stream in self.streams}
        # FFmpeg's parser gives no time to the first picture of a connection, which is the keyframe that all others need.
        untimed: dict[int, list[MediaPacket]] = {index: [] for index in infos}
        next_ns: dict[int, int] = {}
        for packet, utc_ns, mono_ns in self._arrivals():
            info = infos.get(packet.stream.index)
            if info is None or not packet.size:
                continue
            arrived = _media_packet(info, packet, utc_ns, mono_ns)
            early = untimed[info.index]
            if packet.dts is None and packet.pts is None:
                if info.index not in next_ns:
                    early.append(arrived)
                    continue
                arrived.dts_ns = arrived.pts_ns = next_ns[info.index]
            step_ns = max(arrived.duration_ns, 1)
            next_ns[info.index] = arrived.dts_ns + step_ns
            for place, one in enumerate(early):
                one.dts_ns = one.pts_ns = arrived.dts_ns - (len(early) - place) * step_ns
            yield from early
            early.clear()
            yield arrived

    def _arrivals(self) -> Iterator[tuple[Any, int, int]]:
        """Packets with the host's UTC and monotonic time.

        When a camera falls silent, FFmpeg first hands out the picture that its parser held back, and would wait once
        more; so a wait that is too long ends the connection even when a packet comes of it.
        """
        import av

        packets = self._container.demux([stream.template for stream in self.streams])
        asked_utc_ns, asked_mono_ns = self._clock.utc_ns(), self._clock.mono_ns()
        while True:
            try:
                packet = next(packets, None)
            except av.error.ExitError as error:
                raise SourceLost("no-frames", _SILENT) from error
            except (av.error.FFmpegError, OSError) as error:
                raise lost_by(error) from None
            if packet is None:
                raise SourceLost("stream-ended", "the camera ended the stream; look whether it restarted")
            utc_ns, mono_ns = self._clock.utc_ns(), self._clock.mono_ns()
            if mono_ns - asked_mono_ns >= self._stall_ns:
                yield packet, asked_utc_ns, asked_mono_ns
                raise SourceLost("no-frames", _SILENT)
            yield packet, utc_ns, mono_ns
            asked_utc_ns, asked_mono_ns = self._clock.utc_ns(), self._clock.mono_ns()

    def close(self) -> None:
        self._container.close()


_SILENT = "the camera is connected and sends nothing; restart it if it stays so"


def _ns(ticks: int | None, time_base: Fraction) -> int | None:
    return None if ticks is None else ticks * time_base.numerator * S // time_base.denominator


def _media_packet(info: StreamInfo, packet: Any, utc_ns: int, mono_ns: int) -> MediaPacket:
    dts_ns, pts_ns = _ns(packet.dts, packet.time_base), _ns(packet.pts, packet.time_base)
    first_ns = dts_ns if dts_ns is not None else pts_ns or 0
    camera_utc_ns = read_prft(bytes(packet.get_sidedata("prft"))) if packet.has_sidedata("prft") else None
    return MediaPacket(
        stream=info,
        packet=packet,
        dts_ns=first_ns,
        pts_ns=first_ns if pts_ns is None else max(pts_ns, first_ns),
        duration_ns=_ns(packet.duration, packet.time_base) or 0,
        keyframe=packet.is_keyframe,
        camera_utc_ns=camera_utc_ns,
        utc_ns=utc_ns,
        mono_ns=mono_ns,
    )


def lost_by(error: Exception) -> SourceLost:
    """What went wrong, in words for the mechanic and without the address."""
    import av

    causes: tuple[tuple[type[Exception], str, str], ...] = (
        (av.error.ExitError, "connect-timeout", "no answer; check power, cable and address"),
        (ConnectionRefusedError, "connect-refused", "nothing listens there; check the camera's RTSP service and port"),
        (av.error.HTTPUnauthorizedError, "unauthorized", "user or password is refused; set them in the venue file"),
        (av.error.HTTPForbiddenError, "unauthorized", "this user may not see the stream; change its rights"),
        (av.error.HTTPNotFoundError, "not-found", "the camera has no such stream; check the path of its address"),
        (av.error.HTTPError, "camera-error", "the camera refused the request; restart it"),
        (ConnectionError, "connection-lost", "the connection broke; check the network"),
        (TimeoutError, "connect-timeout", "no answer; check power, cable and address"),
        (OSError, "unreachable", "no way to the camera; check the network"),
    )
    for kind, cause, detail in causes:
        if isinstance(error, kind):
            return SourceLost(cause, detail)
    return SourceLost("camera-error", f"{type(error).__name__}; look into the camera's own log")


def open_rtsp(url: str, stall_s: float, clock: Clock) -> PacketSource:
    """Connect to a camera over TCP.  Raises `SourceLost`."""
    import av

    options = {
        "rtsp_transport": "tcp",  # UDP loses packets without a word
        "allowed_media_types": "video+audio",
        # Begin as soon as the codecs are known, without guessing the frame rate: 0.16 s instead of 0.7 s (2026-11).
        "fpsprobesize": "0",
        "max_ts_probe": "0",
        "analyzeduration": str(ANALYSE_US),
    }
    try:
        container = av.open(url, options=options, timeout=(CONNECT_S, stall_s))
    except (av.error.FFmpegError, OSError) as error:
        raise lost_by(error) from None
    source = ContainerSource(container, clock, stall_s)
    if not any(stream.kind == "video" for stream in source.streams):
        source.close()
        raise SourceLost("no-video", "the stream has no picture; check the profile that the address names")
    return source


def media_error() -> tuple[type[Exception], ...]:
    """What PyAV and the disk may raise while a file is written; for an `except`."""
    import av

    return OSError, av.error.FFmpegError
