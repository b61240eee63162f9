"""One camera's thread: keeps the connection, lets the cutter do the rest, and comes back from everything."""

import logging
import queue
import random
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from edge.core.recording import Binding, retry_delay_s
from edge.recording.answers import Recorded, Stopped
from edge.recording.cutter import Cutter
from edge.recording.events import EmitRecorder, RecorderHealth
from edge.recording.segment import fits_mp4
from edge.recording.settings import Clock, RecorderSettings, RefusedError
from edge.recording.source import PacketSource, SourceLost

S = 1_000_000_000
STEADY_NS = 10 * S  # a connection that held so long is worth connecting anew at once
log = logging.getLogger(__name__)


class CameraRecorder:
    """`connect` gives a connected source or raises `SourceLost`.  Orders may come from any thread."""

    def __init__(
        self,
        camera: str,
        connect: Callable[[], PacketSource],
        cutter: Cutter,
        emit: EmitRecorder,
        *,
        settings: RecorderSettings,
        clock: Clock,
    ) -> None:
        self._camera = camera
        self._connect = connect
        self._cutter = cutter
        self._emit = emit
        self._settings = settings
        self._clock = clock
        self._orders: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._gate = threading.Lock()  # no order slips in behind the last look at the queue
        self._ended = False
        self._health = ""
        self._thread = threading.Thread(target=self._run, name=f"recorder {camera}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Seals what is open.  Takes as long as a stalled camera may, `stall_s`, at most."""
        self.begin_close()
        if self._thread.ident is not None:
            self._thread.join()

    def begin_close(self) -> None:
        """For closing many at once: does not wait."""
        self._closing.set()
        self._orders.put(lambda: None)

    def record(self, binding: Binding) -> Recorded:
        done: Recorded = Future()
        self._give(done, lambda: self._cutter.record(binding, done))
        return done

    def stop(self, post_roll_s: float) -> Stopped:
        done: Stopped = Future()
        self._give(done, lambda: self._cutter.stop(int(post_roll_s * S), done))
        return done

    def _give(self, done: "Future[Any]", act: Callable[[], None]) -> None:
        def order() -> None:
            try:
                act()
            except Exception as error:
                if not done.done():
                    done.set_exception(error)
                raise

        with self._gate:
            if not self._ended:
                self._orders.put(order)
                return
        done.set_exception(RefusedError("closed", f"camera {self._camera}: its recorder has ended; start the pool again"))

    # The thread.

    def _run(self) -> None:
        failures = 0
        while not self._closing.is_set():
            if not (self._settings.warm or self._cutter.wants_camera):
                self._wait(None)
                continue
            begun_mono_ns = self._clock.mono_ns()
            try:
                self._follow()
            except SourceLost as lost:
                log.warning("camera %s: %s: %s", self._camera, lost.cause, lost.detail)
                lasted_ns = self._clock.mono_ns() - begun_mono_ns
                failures = 1 if lasted_ns > STEADY_NS else failures + 1
                self._wait(retry_delay_s(failures, self._settings.retry_longest_s, random.random()))
        with self._gate:
            self._ended = True
        self._obey()
        self._cutter.close()

    def _follow(self) -> None:
        """One connection, until it is lost or nobody wants it."""
        source: PacketSource | None = None
        try:
            source = self._connect()
            self._watch(source)
        except SourceLost as lost:
            self._lose(lost)
            raise
        except Exception as error:
            # A camera's thread must outlive every fault of ours: the others cannot record in its place.
            log.exception("camera %s: recorder fault, connecting anew", self._camera)
            fault = SourceLost("internal", f"{type(error).__name__}; see the log")
            self._lose(fault)
            raise fault from error
        finally:
            if source is not None:
                source.close()

    def _watch(self, source: PacketSource) -> None:
        for stream in source.streams:
            if stream.kind == "video" and not fits_mp4(stream):
                raise SourceLost("video-codec", f"{stream.codec} cannot be kept as it is; set the camera to H.264")
        self._cutter.connected(source.streams)
        for packet in source.packets():
            self._tell_health(True, "online", ", ".join(stream.codec for stream in source.streams))
            self._obey()
            self._cutter.take(packet)
            if self._closing.is_set():
                self._cutter.close()
                return
            if not (self._settings.warm or self._cutter.wants_camera):
                self._cutter.lost("disconnected", "nothing was wanted of this camera")
                self._tell_health(True, "resting", "disconnected until it is wanted")
                return

    def _lose(self, lost: SourceLost) -> None:
        """Before the source is closed: what the cutter still has refers to its streams, and PyAV reads freed memory."""
        self._tell_health(False, lost.cause, lost.detail)
        try:
            self._cutter.lost(lost.cause, lost.detail)
        except Exception:
            log.exception("camera %s: fault while ending a segment; recovery will seal it", self._camera)

    def _tell_health(self, ok: bool, code: str, detail: str) -> None:
        if code != self._health:
            self._health = code
            self._emit(RecorderHealth(self._camera, ok, code, detail, self._clock.mono_ns()))

    def _wait(self, delay_s: float | None) -> None:
        """Obey orders meanwhile.  None: until there is one."""
        until_ns = None if delay_s is None else self._clock.mono_ns() + int(delay_s * S)
        while not self._closing.is_set():
            left_s = None if until_ns is None else (until_ns - self._clock.mono_ns()) / S
            if left_s is not None and left_s <= 0:
                return
            try:
                order = self._orders.get(timeout=left_s)
            except queue.Empty:
                return
            order()
            if delay_s is None:
                return

    def _obey(self) -> None:
        while True:
            try:
                order = self._orders.get_nowait()
            except queue.Empty:
                return
            order()
