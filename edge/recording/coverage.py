"""What is owed to a camera's binding and what of it is missing: the gaps, from the order to the last frame."""

from collections.abc import Sequence
from pathlib import Path

from edge.core.recording import Binding, Gap
from edge.recording import disk
from edge.recording.events import EmitRecorder
from edge.recording.gaps import GapBook
from edge.recording.segment import fits_mp4
from edge.recording.settings import Clock, RecorderSettings
from edge.recording.source import MediaPacket, StreamInfo

S = 1_000_000_000


class Coverage:
    """The cutter tells what it was ordered and what it wrote; this finds the holes."""

    def __init__(self, camera: str, evidence_root: Path, emit: EmitRecorder, *, settings: RecorderSettings, clock: Clock) -> None:
        self._root = evidence_root
        self._clock = clock
        self._hole_ns = int(settings.hole_s * S)
        self._silence_ns = int(settings.silence_s * S)
        self._gaps = GapBook(camera, emit, clock.mono_ns)
        self._owed_utc_ns = 0  # since when the wanted binding waits for its next frame
        self._folders: set[Path] = set()  # recorded into since this process began
        self.connected(())

    def connected(self, streams: Sequence[StreamInfo]) -> None:
        """Media times of another connection have nothing to do with those before."""
        self._streams = streams
        self._forget()

    def _forget(self) -> None:
        self._seen: MediaPacket | None = None  # the binding's last picture on this connection
        self._heard: MediaPacket | None = None  # its last sound; until there is one, its first picture

    # Orders.

    def ordered(self, binding: Binding, *, follows_on: bool, trouble: tuple[str, str] | None) -> None:
        """`follows_on`: another binding's segment is open and ends at the next keyframe."""
        self._owed_utc_ns = self._clock.utc_ns()
        if follows_on:
            return
        self._gaps.close_all(self._owed_utc_ns)
        self._open_if_interrupted(binding)
        if trouble is not None:
            self.missing(binding, *trouble)

    def given_up(self, binding: Binding | None) -> None:
        """Stopped while nothing was being written."""
        now_utc_ns = self._clock.utc_ns()
        if binding is not None and not self._gaps.is_open("all"):
            self._tell_late_start(binding, now_utc_ns)
        self._gaps.close_all(now_utc_ns)

    # Frames.

    def begins(self, binding: Binding, first: MediaPacket) -> None:
        """A segment was opened with this frame."""
        if not self._gaps.is_open("all"):
            self._open_if_interrupted(binding)
        if self._gaps.is_open("all"):
            self._gaps.close("all", first.utc_ns)
        elif self._seen is None:
            self._tell_late_start(binding, first.utc_ns)
        self._folders.add(self._root / binding.folder)
        self._heard = self._heard or first
        for stream in self._streams:
            if not fits_mp4(stream):
                remedy = f"{stream.codec} does not fit into MP4; set the camera's sound to AAC"
                self._gaps.open(binding, "audio", first.utc_ns, "audio-codec", remedy)

    def writes(self, binding: Binding, packet: MediaPacket) -> None:
        if packet.stream.kind == "video":
            self._see(binding, packet)
        elif fits_mp4(packet.stream):
            self._gaps.close("audio", packet.utc_ns)
            self._heard = packet

    def _see(self, binding: Binding, packet: MediaPacket) -> None:
        if self._seen is not None and packet.dts_ns - self._seen.dts_ns > self._hole_ns:
            missing_s = (packet.dts_ns - self._seen.dts_ns) / S
            text = f"the camera left out {missing_s:.1f} s; check its load and its network"
            self._gaps.tell(binding, "all", (self._seen.utc_ns, packet.utc_ns), "no-frames", text)
        self._seen = packet
        has_sound = any(stream.kind == "audio" for stream in self._streams)
        if has_sound and self._heard is not None and packet.dts_ns - self._heard.dts_ns > self._silence_ns:
            text = "picture comes, sound does not; check the camera's microphone"
            self._gaps.open(binding, "audio", self._heard.utc_ns, "no-sound", text)

    # Ends.

    def rotates(self, last_utc_ns: int) -> None:
        self._owed_utc_ns = last_utc_ns

    def ends(self, last_utc_ns: int) -> None:
        """The binding's footage ends here; if more was wanted, `breaks_off` follows."""
        self._gaps.close_all(last_utc_ns)
        self._forget()

    def breaks_off(self, binding: Binding, from_utc_ns: int, cause: str, detail: str) -> None:
        """More was wanted after this moment, which is the end of what is in the file."""
        self._owed_utc_ns = from_utc_ns
        self.missing(binding, cause, detail)

    def missing(self, binding: Binding, cause: str, detail: str) -> None:
        """From where it is owed, until the next frame.  The first cause stands."""
        self._forget()  # the step from the last frame to the next is this gap, and no other
        self._gaps.open(binding, "all", self._owed_utc_ns, cause, detail)

    def cut_short(self, binding: Binding, span_utc_ns: tuple[int, int], cause: str, detail: str) -> None:
        """The rest of a post-roll will never come."""
        if span_utc_ns[1] - span_utc_ns[0] > self._hole_ns:
            self._gaps.tell(binding, "all", span_utc_ns, cause, f"post-roll: {detail}")

    def take_ended_gaps(self) -> tuple[Gap, ...]:
        """For the sidecar of the segment that is sealed now."""
        return self._gaps.take_ended()

    def _open_if_interrupted(self, binding: Binding) -> None:
        """An earlier process recorded this binding, and nobody had stopped it."""
        folder = self._root / binding.folder
        if folder in self._folders or not folder.is_dir():
            return
        last = disk.last_meta(folder)
        if last is not None and last.ended != "stop":
            self._gaps.open(binding, "all", last.end_utc_ns, "process-restart", "the recorder was not running")

    def _tell_late_start(self, binding: Binding, utc_ns: int) -> None:
        if utc_ns - self._owed_utc_ns > self._hole_ns:
            text = "the camera's keyframes are rare; set its keyframe interval to 2 s or less"
            self._gaps.tell(binding, "all", (self._owed_utc_ns, utc_ns), "waiting-keyframe", text)
