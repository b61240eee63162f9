"""Orders to the cameras, and what they become in journal and report."""

from pathlib import Path

import pytest
from agent_fakes import FakePool, wait_for

from edge.core.effects import StartRecording, StopRecording
from edge.core.events import DeviceDone, Event, Noted
from edge.core.recording import Binding as Footage
from edge.core.recording import Media, SegmentMeta
from edge.drivers.protocols import DeviceHealth
from edge.recording.events import GapOpened, RecorderHealth, SegmentClosed
from edge.shell.drivers import Wiring, WiringError
from edge.shell.recorder import CameraRecorder
from venue_model.ids import DeviceId
from venue_model.wire import Binding

FAKE = Wiring("recorder", "agent_fakes:FakePool", ("evidence", "cameras"), ("evidence", "cameras"))
CAMERA = DeviceId("c")


@pytest.fixture
def told(tmp_path: Path) -> tuple[CameraRecorder, list[Event]]:
    FakePool.recovered.clear()
    FakePool.orders.clear()
    recorder = CameraRecorder("rec", FAKE, {"evidence": "evidence", "cameras": {"c": "rtsp://x"}}, tmp_path)
    events: list[Event] = []
    recorder.start(events.append)
    return recorder, events


def order(track: str = "near", run: str = "run-1") -> Binding:
    return Binding("p1", "lot-1", "o1", track, run)


def test_orders_that_come_during_recovery_are_done_after_it_and_in_order(told: tuple[CameraRecorder, list[Event]]) -> None:
    recorder, events = told
    recorder.perform(StartRecording(CAMERA, order(run=""), 1))
    recorder.perform(StopRecording(CAMERA, 2))
    assert FakePool.orders == []
    FakePool.recovered.set()
    answers = [DeviceDone(CAMERA, 1, True), DeviceDone(CAMERA, 2, True)]
    wait_for("both answers", lambda: [e for e in events if isinstance(e, DeviceDone)] == answers)
    assert FakePool.orders == [("c", Footage("p1", "lot-1", "o1", "near", "standing")), ("c", None)]
    assert [(e.kind, e.lot) for e in events if isinstance(e, Noted)] == [("recording", "lot-1")]
    recorder.stop()


def test_a_refused_order_says_why(told: tuple[CameraRecorder, list[Event]]) -> None:
    recorder, events = told
    FakePool.recovered.set()
    recorder.perform(StartRecording(CAMERA, order("full"), 3))
    recorder.perform(StartRecording(CAMERA, order("../up"), 4))
    wait_for("the refusals", lambda: len(events) == 2)
    assert all(isinstance(e, DeviceDone) and not e.ok for e in events)
    assert "make room" in str(events)
    assert "is not an id" in str(events)
    recorder.stop()


def test_a_sealed_segment_is_a_line_with_all_that_an_index_needs(told: tuple[CameraRecorder, list[Event]]) -> None:
    recorder, events = told
    FakePool.recovered.set()
    meta = SegmentMeta(
        camera="c", project="p1", lot="lot-1", room="o1", track="near", scene_run="run-1", seq=7, file="7.mp4", ended="stop",
        start_utc_ns=1, end_utc_ns=2, host_step_ns=0, camera_clock=None, media_duration_ns=1, frames=1, keyframes=1, codecs=("h264",),
        bytes=9, sha256="aa", sm3="bb", init_bytes=1, fragments=(),
    )  # fmt: skip
    media: Media = "all"
    recorder._seen(SegmentClosed("c", "p1/lot-1/near/7.mp4", meta, 5))
    recorder._seen(GapOpened("c", "p1", "lot-1", "o1", "near", media, 1, "stall", "no picture", 5))
    recorder._seen(RecorderHealth("c", False, "offline", "unplugged", 5))
    segment, gap, health = events
    assert isinstance(segment, Noted) and isinstance(gap, Noted)
    assert (segment.kind, segment.lot, segment.body["seq"], segment.body["file"]) == ("segment", "lot-1", 7, "7.mp4")
    assert (gap.kind, gap.body["cause"]) == ("gap", "stall")
    assert health == DeviceHealth("c", False, "offline", "unplugged", 5)
    recorder.stop()


def test_a_table_of_cameras_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(WiringError, match="camera id"):
        CameraRecorder("rec", FAKE, {"evidence": "e", "cameras": ["c"]}, tmp_path)
