"""Cuts one camera's packets into segments as it is ordered to.  All of it runs on the camera's own thread."""

from collections.abc import Sequence
from pathlib import Path

from edge.core.recording import Binding, Ended, Identity, SegmentMeta
from edge.core.recording_cut import Cut, Put, decide_packet
from edge.core.recording_order import Interleaver, SteadyTime
from edge.recording import disk
from edge.recording.answers import Answers, Recorded, Stopped
from edge.recording.coverage import Coverage
from edge.recording.disk_guard import DiskGuard
from edge.recording.events import EmitRecorder, RecordingConfirmed, SegmentClosed
from edge.recording.segment import SegmentWriter, fits_mp4
from edge.recording.settings import Clock, RecorderSettings
from edge.recording.sidecar import mark_stopped
from edge.recording.source import MediaPacket, StreamInfo, media_error

S = 1_000_000_000
PATIENCE_NS = 500_000_000  # how long picture waits for sound, and the reverse
_ANOTHER = "another order came before it began"


class Cutter:
    """Give it orders (`record`, `stop`), what the connection does (`connected`, `take`, `lost`), at last `close`."""

    def __init__(
        self,
        camera: str,
        evidence_root: Path,
        emit: EmitRecorder,
        *,
        settings: RecorderSettings,
        clock: Clock,
        free_bytes: disk.FreeBytes = disk.free_bytes,
    ) -> None:
        self._camera = camera
        self._root = evidence_root
        self._settings = settings
        self._clock = clock
        self._disk = DiskGuard(camera, evidence_root, emit, settings=settings, clock=clock, free_bytes=free_bytes)
        self._coverage = Coverage(camera, evidence_root, emit, settings=settings, clock=clock)
        self._answers = Answers(camera, emit, clock)
        self._emit = emit
        self._cut = Cut()
        self._writer: SegmentWriter | None = None
        self._confirmed: RecordingConfirmed | None = None  # of the binding that is being written
        self._offset_ns: int | None = None  # the camera's clock minus the host's, newest known
        self.connected(())
        self._trouble: tuple[str, str] | None = ("starting", "not connected yet")  # None while connected

    @property
    def wants_camera(self) -> bool:
        return self._cut.wanted is not None or self._cut.writing is not None

    # Orders.

    def record(self, binding: Binding, done: Recorded) -> None:
        """`done` resolves when the first fragment is durably on disk, or with `RefusedError`."""
        if binding in (self._cut.wanted, self._cut.writing):
            self._record_on(binding, done)
            return
        if not self._disk.has_room():
            self._answers.refuse(binding, done, "disk-full", self._disk.full_text())
            return
        self._answers.refuse_waiting("superseded", _ANOTHER)
        self._answers.await_confirmation(binding, done)
        before, self._cut = self._cut.wanted, self._cut.order_record(binding)
        self._coverage.ordered(binding, follows_on=self._writer is not None, trouble=self._trouble)
        if self._writer is None and before is not None and before.folder != binding.folder:
            self._mark_stopped(before)

    def _record_on(self, binding: Binding, done: Recorded) -> None:
        """An order that is repeated, or that comes within the binding's own post-roll and takes the stop back."""
        if binding != self._cut.wanted:
            self._answers.refuse_waiting("superseded", _ANOTHER)
            self._answers.take_stops_back("recording was ordered again within the post-roll")
            self._cut = self._cut.order_record(binding)
        if self._confirmed is not None and binding == self._cut.writing:
            done.set_result(self._confirmed)
        else:
            self._answers.await_confirmation(binding, done)

    def stop(self, post_roll_ns: int, done: Stopped) -> None:
        """`done` resolves with the last segment, or with None when nothing was being written."""
        self._answers.refuse_waiting("superseded", "recording was stopped before it began")
        wanted = self._cut.wanted
        self._cut = self._cut.order_stop(self._clock.mono_ns() + post_roll_ns)
        self._answers.await_stop(done)
        if self._writer is None:
            self._coverage.given_up(wanted)
            if wanted is not None:
                self._mark_stopped(wanted)
            self._answers.stopped(None)

    def _mark_stopped(self, binding: Binding) -> None:
        """Its last segment ended for another reason than this order, and a later recorder would take that for a gap."""
        folder = self._root / binding.folder
        try:
            meta = mark_stopped(folder, self._coverage.take_ended_gaps())
        except OSError as error:
            self._disk.fail(error)
            return
        if meta is not None:
            self._emit(SegmentClosed(self._camera, self._below(folder / meta.file), meta, self._clock.mono_ns()))

    # The connection.

    def connected(self, streams: Sequence[StreamInfo]) -> None:
        self._trouble = None
        self._streams = streams
        self._steady = {stream.index: SteadyTime() for stream in streams}
        self._order: Interleaver[MediaPacket] = Interleaver(self._steady, PATIENCE_NS)
        self._held: list[MediaPacket] = []
        self._held_bytes = 0
        self._coverage.connected(streams)

    def take(self, packet: MediaPacket) -> None:
        delay_ns = packet.pts_ns - packet.dts_ns
        steady = self._steady[packet.stream.index]
        packet.dts_ns = steady.place(packet.dts_ns, packet.duration_ns, packet.mono_ns)
        packet.pts_ns = packet.dts_ns + delay_ns
        for ready in self._order.push(packet.stream.index, packet.dts_ns, packet, packet.mono_ns):
            self._place(ready)

    def lost(self, cause: str, detail: str) -> None:
        """The connection ended, or could not be made."""
        self._finish("stall", cause, detail)
        self._trouble = (cause, detail)

    def close(self) -> None:
        """The process ends in good order.  What is still wanted has a gap from here on."""
        self._answers.refuse_waiting("closed", "the recorder is ending")
        self._finish("shutdown", "process-restart", "the recorder was ended")

    def _finish(self, ended: Ended, cause: str, detail: str) -> None:
        for packet in self._order.drain():
            self._place(packet)
        self._held.clear()
        if self._writer is not None:
            self._break_off(ended, cause, detail)
        if self._cut.wanted is not None:
            self._coverage.missing(self._cut.wanted, cause, detail)

    # Packets, in order of time.

    def _place(self, packet: MediaPacket) -> None:
        if packet.is_cut_point:
            self._disk.look(packet.mono_ns)
        trouble = self._disk.trouble
        after, ended, put = decide_packet(
            self._cut,
            keyframe=packet.is_cut_point,
            holding=bool(self._held),
            room_on_disk=trouble is None,
            segment_ns=int(self._settings.segment_s * S),
            mono_ns=packet.mono_ns,
        )
        if ended == "disk" and trouble is not None:
            self._break_off("disk", *trouble)
        elif ended is not None:
            self._end(ended)
        self._cut = after
        match put:
            case Put.OPEN:
                self._open(packet)
            case Put.WRITE:
                self._write(packet)
            case Put.HOLD_ANEW:
                self._held, self._held_bytes = [packet], packet.packet.size
            case Put.HOLD:
                self._hold(packet)
            case Put.DROP:
                pass

    def _hold(self, packet: MediaPacket) -> None:
        self._held.append(packet)
        self._held_bytes += packet.packet.size
        if self._held_bytes > self._settings.pre_roll_max_bytes:
            self._held = []  # keyframes are very rare here; the next one begins a pre-roll anew

    def _open(self, packet: MediaPacket) -> None:
        binding = self._cut.writing
        assert binding is not None, "a segment is opened for somebody"
        packets = [*self._held, packet]
        self._held = []
        first = packets[0]
        folder = self._root / binding.folder
        try:
            disk.make_folder(folder)
            identity = Identity(
                camera=self._camera,
                project=binding.project,
                lot=binding.lot,
                room=binding.room,
                track=binding.track,
                scene_run=binding.scene_run,
                seq=disk.next_seq(folder),
                start_utc_ns=first.utc_ns,
                camera_offset_ns=self._offset_ns,
            )
            self._writer = SegmentWriter(folder, identity, [s for s in self._streams if fits_mp4(s)], first)
        except media_error() as error:
            self._fail(error)
            return
        self._coverage.begins(binding, first)
        for one in packets:
            self._write(one)

    def _write(self, packet: MediaPacket) -> None:
        writer, binding = self._writer, self._cut.writing
        if writer is None or binding is None:
            return  # the disk failed at an earlier packet of the same pre-roll
        self._coverage.writes(binding, packet)
        if packet.camera_utc_ns is not None:
            self._offset_ns = packet.camera_utc_ns - packet.utc_ns
        try:
            durable = writer.write(packet)
        except media_error() as error:
            self._fail(error)
            return
        if durable:
            if self._confirmed is None:
                self._confirm(writer, binding)
            self._disk.watch()

    def _confirm(self, writer: SegmentWriter, binding: Binding) -> None:
        self._confirmed = RecordingConfirmed(
            camera=self._camera,
            project=binding.project,
            lot=binding.lot,
            room=binding.room,
            track=binding.track,
            scene_run=binding.scene_run,
            segment=self._below(writer.path),
            start_utc_ns=writer.start_utc_ns,
            utc_ns=self._clock.utc_ns(),
            mono_ns=self._clock.mono_ns(),
        )
        self._answers.confirm(self._confirmed, binding)

    # How segments end.

    def _end(self, ended: Ended) -> None:
        """After a rotation the same binding goes on at once."""
        writer = self._writer
        assert writer is not None, "an open segment has a writer"
        if ended == "rotation":
            self._coverage.rotates(writer.last_utc_ns)
        else:
            self._coverage.ends(writer.last_utc_ns)
            self._confirmed = None
        try:
            meta = writer.close(ended, self._coverage.take_ended_gaps())
        except media_error() as error:
            self._fail(error)
            return
        self._writer = None
        self._sealed(writer, meta)

    def _break_off(self, ended: Ended, cause: str, detail: str) -> None:
        """Without a packet that ends it.  If more was wanted, a gap begins with the last frame that is in the file."""
        writer, cut = self._writer, self._cut
        assert writer is not None and cut.writing is not None, "an open segment has a writer and an owner"
        now_utc_ns, now_mono_ns = self._clock.utc_ns(), self._clock.mono_ns()
        self._end(ended if cut.wanted == cut.writing else "stop")
        self._cut = self._cut.lost()
        if cut.wanted == cut.writing:
            self._coverage.breaks_off(cut.writing, writer.last_utc_ns, cause, detail)
        elif cut.stop_mono_ns is not None:
            until_utc_ns = now_utc_ns + min(0, cut.stop_mono_ns - now_mono_ns)
            self._coverage.cut_short(cut.writing, (writer.last_utc_ns, until_utc_ns), cause, detail)

    def _fail(self, error: Exception) -> None:
        """A file could not be made or written.  What is whole is sealed; the rest is a gap."""
        trouble = self._disk.fail(error)
        writer, self._writer = self._writer, None
        cut, self._cut = self._cut, self._cut.lost()
        self._confirmed = None
        assert cut.writing is not None, "nothing is written for nobody"
        if writer is None:  # it could not even be opened
            self._coverage.missing(cut.writing, *trouble)
            return
        self._coverage.ends(writer.last_utc_ns)
        meta = writer.abandon("disk" if cut.wanted == cut.writing else "stop", self._coverage.take_ended_gaps())
        whole_until_utc_ns = writer.start_utc_ns + (meta.media_duration_ns if meta else 0)
        self._sealed(writer, meta)
        if cut.writing == cut.wanted:
            self._coverage.breaks_off(cut.writing, whole_until_utc_ns, *trouble)
        else:
            self._coverage.cut_short(cut.writing, (whole_until_utc_ns, self._clock.utc_ns()), *trouble)

    def _sealed(self, writer: SegmentWriter, meta: SegmentMeta | None) -> None:
        """None: nothing of it could be saved now; `recover` will look at the file."""
        event: SegmentClosed | None = None
        if meta is not None:
            event = SegmentClosed(self._camera, self._below(writer.path), meta, self._clock.mono_ns())
            self._emit(event)
        if self._cut.wanted is None or self._cut.wanted != self._cut.writing:
            self._answers.stopped(event)

    def _below(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix()
