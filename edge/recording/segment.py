"""One segment: packets in, a sealed fragmented MP4 with its sidecar out."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from edge.core.recording import (
    OPEN_SUFFIX,
    Ended,
    Gap,
    Identity,
    SegmentMeta,
    encode_identity,
    segment_stem,
)
from edge.core.recording_clock import ClockComparison
from edge.recording import disk
from edge.recording.sealing import SealingFile
from edge.recording.sidecar import describe, put_in_place
from edge.recording.source import MediaPacket, StreamInfo

S = 1_000_000_000

# Found best in docs/parts/evidence.md 4.5: one write per fragment, nothing torn after a kill, no trailer to wait for.
# max_interleave_delta keeps a silent microphone from holding fragments back; packets come in order of time anyhow.
MUXER_OPTIONS = {
    "movflags": "empty_moov+default_base_moof+frag_keyframe+skip_trailer",
    "frag_duration": "1000000",
    "flush_packets": "1",
    "max_interleave_delta": "500000",
}
WRITE_BUFFER_BYTES = 256 << 10

VIDEO_CODECS = ("h264", "hevc")
AUDIO_CODECS = ("aac",)


def fits_mp4(stream: StreamInfo) -> bool:
    return stream.codec in (VIDEO_CODECS if stream.kind == "video" else AUDIO_CODECS)


class _Lane:
    """One stream of the file being written."""

    def __init__(self, out: Any, time_base: Fraction) -> None:
        self._out = out
        self._ticks, self._per_ns = time_base.denominator, time_base.numerator * S
        self._last_tick = -1

    def place(self, packet: MediaPacket, origin_ns: int) -> None:
        """Give PyAV's packet its times in this file: from zero, and always forward, or the muxer refuses it."""
        media = packet.packet
        dts = max(self._to_ticks(packet.dts_ns - origin_ns), self._last_tick + 1)
        media.pts = dts + self._to_ticks(packet.pts_ns - packet.dts_ns)
        media.dts = self._last_tick = dts
        media.stream = self._out

    def _to_ticks(self, span_ns: int) -> int:
        """Rounded to the nearest; exact for times that were ticks before they were nanoseconds."""
        return (2 * span_ns * self._ticks + self._per_ns) // (2 * self._per_ns)


class SegmentWriter:
    """Begins with a keyframe.  Every method may raise `OSError` of the disk; then `abandon` saves what is whole."""

    def __init__(self, folder: Path, identity: Identity, streams: Sequence[StreamInfo], first: MediaPacket) -> None:
        import av

        self._identity = identity
        self._first = self._last = first
        self._clock = ClockComparison()
        self._closed = False
        disk.make_folder(folder)
        path = folder / f"{segment_stem(identity.seq, identity.start_utc_ns)}{OPEN_SUFFIX}"
        self._file = SealingFile(path)
        try:
            disk.sync_folder(folder)
            self._container = av.open(self._file, "w", format="mp4", options=MUXER_OPTIONS, buffer_size=WRITE_BUFFER_BYTES)
            self._container.metadata["comment"] = encode_identity(identity)
            self._lanes = {
                stream.index: _Lane(self._container.add_stream_from_template(stream.template), stream.template.time_base)
                for stream in streams
            }
            self._container.start_encoding()
        except BaseException:
            self._file.release()  # recovery will find and name it
            raise

    @property
    def path(self) -> Path:
        """Where it will lie once sealed."""
        return disk.sealed_name(self._file.path)

    @property
    def fragments(self) -> int:
        """Fragments that are durably on disk."""
        return len(self._file.seal.follower.fragments)

    @property
    def start_utc_ns(self) -> int:
        return self._first.utc_ns

    @property
    def last_utc_ns(self) -> int:
        """Arrival of the last picture."""
        return self._last.utc_ns

    def write(self, packet: MediaPacket) -> bool:
        """True when this completed a fragment, which is then durable."""
        before = self.fragments
        lane = self._lanes.get(packet.stream.index)
        if lane is None:  # a codec that MP4 does not carry; the gap is told by whoever opened the segment
            return False
        if packet.stream.kind == "video":
            self._last = packet
            if packet.camera_utc_ns is not None:
                into_ns = packet.dts_ns - self._first.dts_ns
                self._clock.add(packet.camera_utc_ns, packet.utc_ns, into_ns)
        lane.place(packet, self._first.dts_ns)
        self._container.mux_one(packet.packet)
        return self.fragments > before

    def close(self, ended: Ended, gaps: tuple[Gap, ...]) -> SegmentMeta:
        """Write the last fragment, seal, and put everything under its final name."""
        self._container.close()
        self._closed = True
        return self._seal(ended, gaps)

    def abandon(self, ended: Ended, gaps: tuple[Gap, ...]) -> SegmentMeta | None:
        """After a fault: seal what is whole.  None when nothing is, or when the disk does not even allow that.

        Then the file stays under its open name for `recover`.
        """
        import av

        try:
            if not self._closed:
                self._closed = True
                try:
                    self._container.close()
                except (OSError, av.error.FFmpegError):
                    pass  # it tried to write the unfinished fragment, which `finish` cuts off
            return self._seal(ended, gaps) if self.fragments else None
        except OSError:
            return None
        finally:
            self._file.release()

    def _seal(self, ended: Ended, gaps: tuple[Gap, ...]) -> SegmentMeta:
        self._file.finish()
        step_ns = (self._last.utc_ns - self._first.utc_ns) - (self._last.mono_ns - self._first.mono_ns)
        meta = replace(
            describe(self._identity, self._file.seal, self.path.name, ended, gaps),
            end_utc_ns=self._last.utc_ns,
            host_step_ns=step_ns,
            camera_clock=self._clock.result(),
        )
        put_in_place(self._file.path, meta)
        self._file.release()
        return meta
