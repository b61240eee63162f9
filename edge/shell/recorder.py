"""The board's cameras as the agent uses them: orders in, journal lines and outcomes out."""

import json
import logging
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path
from threading import RLock, Thread
from typing import Any

from edge.core.effects import StartRecording, StopRecording
from edge.core.events import DeviceDone, Event, Noted
from edge.drivers.protocols import DeviceHealth
from edge.shell.drivers import Wiring, WiringError, load_class
from edge.shell.hardware import Post
from venue_model.ids import DeviceId, LotId

log = logging.getLogger(__name__)

_STANDING = "standing"  # the run of recordings that belong to no scene: a shared corridor
_KINDS = {
    "SegmentClosed": "segment", "GapOpened": "gap", "GapClosed": "gap", "RecordingConfirmed": "recording",
    "RecordingRefused": "recording",
}  # fmt: skip


class CameraRecorder:
    """Over `edge.recording.RecorderPool`, which is imported here: media libraries take a second and 40 MB."""

    def __init__(self, device: str, wiring: Wiring, options: Mapping[str, Any], data: Path) -> None:
        place = f"wiring.{device}"
        cameras = options["cameras"]
        if not isinstance(cameras, dict) or not all(isinstance(url, str) for url in cameras.values()):
            raise WiringError(f"{place}.cameras: this is no table of addresses; write camera id → RTSP address")
        self._post: Post = lambda _: None
        root = data / str(options["evidence"])
        self._pool = load_class(wiring)(root, cameras, self._seen)
        self._starting: Thread | None = None
        self._gate = RLock()  # guards the two below
        self._started = False
        self._waiting: list[StartRecording | StopRecording] = []  # orders that came during recovery

    def start(self, post: Post) -> None:
        """Recovery seals what a dead recorder left, and may read gigabytes: doors do not wait for it."""
        self._post = post
        self._starting = Thread(target=self._start, name="recorder start", daemon=True)
        self._starting.start()

    def stop(self) -> None:
        if self._starting is not None:
            self._starting.join()
            self._pool.close()

    def perform(self, effect: StartRecording | StopRecording) -> None:
        with self._gate:
            if not self._started:
                self._waiting.append(effect)
                return
        try:
            done = self._order(effect)
        except (OSError, ValueError) as fault:
            self._post(DeviceDone(effect.device, effect.ticket, False, str(fault)))
            return
        done.add_done_callback(lambda result: self._answer(effect.device, effect.ticket, result))

    def _order(self, effect: StartRecording | StopRecording) -> "Future[Any]":
        from edge.core.recording import Binding

        if isinstance(effect, StopRecording):
            stopped: Future[Any] = self._pool.stop(effect.device)
            return stopped
        b = effect.binding
        recorded: Future[Any] = self._pool.record(effect.device, Binding(b.project, b.lot, b.room, b.track, b.run or _STANDING))
        return recorded

    def _answer(self, device: DeviceId, ticket: int, result: "Future[Any]") -> None:
        fault = "the recorder was closed" if result.cancelled() else result.exception()
        self._post(DeviceDone(device, ticket, fault is None, "" if fault is None else str(fault)))

    def _start(self) -> None:
        try:
            self._pool.start()
        except OSError as fault:
            log.error("recorder: %s", fault)
            self._post(DeviceHealth("recorder", False, "disk", f"the evidence folder cannot be used ({fault}); check its disk", 0))
        with self._gate:
            self._started = True
            for effect in self._waiting:
                self.perform(effect)
            self._waiting.clear()

    def _seen(self, event: Any) -> None:
        for told in told_events(event):
            self._post(told)


def told_events(event: Any) -> list[Event]:
    """A recorder's event in the agent's words."""
    from edge.recording.events import event_fields

    kind = _KINDS.get(type(event).__name__)
    if kind is None:
        return [DeviceHealth(event.camera or "recorder", event.ok, event.code, event.detail, event.mono_ns)]
    fields = json.loads(json.dumps(event_fields(event)))  # tuples become lists, as they will in the journal
    fields |= fields.pop("meta", {})  # a segment's line has the fields of its sidecar side by side
    lot = fields.get("lot")
    return [Noted(kind, fields, LotId(lot) if lot else None)]
