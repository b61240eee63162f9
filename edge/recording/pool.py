"""All cameras of one agent: recovery first, then a recorder per camera, and one place to give orders."""

import logging
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from edge.core.recording import Binding, SegmentMeta
from edge.drivers.protocols import DeviceError
from edge.recording import disk
from edge.recording.answers import Recorded, Stopped
from edge.recording.camera import CameraRecorder
from edge.recording.cutter import Cutter
from edge.recording.events import EmitRecorder, GapOpened, RecorderEvent, RecorderHealth, SegmentClosed
from edge.recording.recover import Recovery, recover
from edge.recording.settings import Clock, HostClock, RecorderSettings
from edge.recording.source import PacketSource, open_rtsp

log = logging.getLogger(__name__)

Connect = Callable[[str], PacketSource]


class RecorderPool:
    """`cameras` maps device ids to RTSP addresses, which stay in here: no event, file or log line holds one.

    `emit` is called from the cameras' threads and must return at once.
    """

    def __init__(
        self,
        evidence_root: Path,
        cameras: Mapping[str, str],
        emit: EmitRecorder,
        *,
        settings: RecorderSettings = RecorderSettings(),
        clock: Clock | None = None,
        connect: Connect | None = None,
        free_bytes: disk.FreeBytes = disk.free_bytes,
    ) -> None:
        self._root = evidence_root
        self._listener = emit
        self._settings = settings
        self._clock = clock or HostClock()
        self._connect = connect or (lambda url: open_rtsp(url, settings.stall_s, self._clock))
        self._free_bytes = free_bytes
        self._gate = threading.Lock()
        self._bound: dict[str, Binding] = {}
        self._recorders = {camera: self._recorder(camera, url) for camera, url in cameras.items()}

    def start(self) -> Recovery:
        """Seals what a dead recorder left, then connects.  Returns what recovery found; all of it is also emitted."""
        disk.make_folder(self._root)
        found = recover(self._root)
        self._tell(found)
        for recorder in self._recorders.values():
            recorder.start()
        return found

    def close(self) -> None:
        """Seals what is open and ends the threads.  A stalled camera takes `stall_s`; all end side by side."""
        for recorder in self._recorders.values():
            recorder.begin_close()
        for recorder in self._recorders.values():
            recorder.close()

    def record(self, camera: str, binding: Binding) -> Recorded:
        """From the next keyframe on, the camera's footage is this binding's.  May be repeated.

        Resolves when the first fragment is durably on disk; `RefusedError` (with `code`) when it will not be.  While the
        camera or disk is away it neither resolves nor fails: the order stands and a gap runs.
        """
        recorder = self._find(camera)
        with self._gate:
            for other, bound in self._bound.items():
                if other != camera and bound.folder == binding.folder:
                    raise DeviceError(f"camera {camera}: {other} already records {binding.folder}; give each camera a track of its own")
            self._bound[camera] = binding
            done = recorder.record(binding)
        done.add_done_callback(lambda result: self._free_if_refused(camera, binding, result))
        return done

    def stop(self, camera: str, post_roll_s: float | None = None) -> Stopped:
        """Resolves with the last segment when it is sealed, or with None when nothing was being written."""
        recorder = self._find(camera)
        with self._gate:
            self._bound.pop(camera, None)
            return recorder.stop(self._settings.post_roll_s if post_roll_s is None else post_roll_s)

    def _free_if_refused(self, camera: str, binding: Binding, result: Recorded) -> None:
        with self._gate:
            if result.exception() is not None and self._bound.get(camera) is binding:
                del self._bound[camera]

    def _find(self, camera: str) -> CameraRecorder:
        recorder = self._recorders.get(camera)
        if recorder is None:
            raise DeviceError(f"camera {camera!r}: not in this recorder, which has {', '.join(self._recorders) or 'none'}")
        return recorder

    def _recorder(self, camera: str, url: str) -> CameraRecorder:
        cutter = Cutter(
            camera,
            self._root,
            self._emit,
            settings=self._settings,
            clock=self._clock,
            free_bytes=self._free_bytes,
        )
        return CameraRecorder(camera, lambda: self._connect(url), cutter, self._emit, settings=self._settings, clock=self._clock)

    def _emit(self, event: RecorderEvent) -> None:
        try:
            self._listener(event)
        except Exception:
            log.exception("recorder: the listener failed on %s", type(event).__name__)

    def _tell(self, found: Recovery) -> None:
        for segment, meta in (*found.sealed, *found.indexed):
            self._emit(SegmentClosed(meta.camera, segment, meta, self._clock.mono_ns()))
        for _, meta in found.sealed:
            self._emit(_gap_after(meta, self._clock.mono_ns()))
        for code, texts in (("torn", found.torn), ("missing", found.missing), ("recovery", found.problems)):
            for text in texts:
                self._emit(RecorderHealth("", False, code, text, self._clock.mono_ns()))


def _gap_after(meta: SegmentMeta, mono_ns: int) -> GapOpened:
    """A recorder died here.  The gap closes when the same binding is recorded again."""
    return GapOpened(
        camera=meta.camera,
        project=meta.project,
        lot=meta.lot,
        room=meta.room,
        track=meta.track,
        media="all",
        from_utc_ns=meta.end_utc_ns,
        cause="process-restart",
        detail="the recorder was not running",
        mono_ns=mono_ns,
    )
