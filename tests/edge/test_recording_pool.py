"""Recorders on their own threads: orders from outside, cameras that come and go, faults that must not spread."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from functools import partial
from pathlib import Path

import pytest
from recording_film import LOT_A, LOT_B, SHORT, FilmClock, FilmSource, S

from edge.core.effects import StartRecording, StopRecording
from edge.core.events import DeviceDone, Event, Noted
from edge.drivers.protocols import DeviceError
from edge.recording import RecorderPool, RecorderSettings, RefusedError
from edge.recording.events import RecorderHealth, RecordingConfirmed, RecordingRefused, SegmentClosed
from edge.recording.source import MediaPacket, SourceLost
from edge.shell.drivers import Wiring
from edge.shell.recorder import CameraRecorder
from venue_model.ids import DeviceId, LotId
from venue_model.wire import Binding

ADDRESS = "rtsp://admin:secret@10.0.0.9/1"


class Camera:
    """Gives connections; each plays the film as fast as it is read, but not past frames that the test has not allowed."""

    def __init__(self, folder: Path, sound: bool = True) -> None:
        self.clock = FilmClock()
        self.faults: list[Exception] = []
        self.lost_after_keyframe = -1
        self.closed: list[int] = []
        self.addresses: list[str] = []
        self.on_close: Callable[[], None] = lambda: None
        self._folder = folder
        self._sound = sound
        self._turn = threading.Condition()
        self._until = 0

    def allow(self, until: int) -> None:
        """Let the film run up to this frame."""
        with self._turn:
            self._until = until
            self._turn.notify_all()

    def connect(self, url: str) -> "Connection":
        self.addresses.append(url)
        if self.faults and isinstance(self.faults[0], SourceLost):
            raise self.faults.pop(0)
        return Connection(self, FilmSource(self._folder / "film.mp4", self.clock, sound=self._sound))

    def pass_frame(self, frame: int) -> None:
        with self._turn:
            if not self._turn.wait_for(lambda: frame < self._until or self.faults, 20):
                raise SourceLost("no-frames", "the test forgot this camera")
        if self.faults:
            raise self.faults.pop(0)


class Connection:
    def __init__(self, camera: Camera, film: FilmSource) -> None:
        self._camera, self._film = camera, film
        self.streams = film.streams

    def packets(self) -> Iterator[MediaPacket]:
        for packet in self._film.packets():
            self._camera.pass_frame(packet.dts_ns * 25 // S)
            yield packet
            if packet.is_cut_point and packet.dts_ns * 25 // S == self._camera.lost_after_keyframe:
                raise SourceLost("connection-lost", "cable")

    def close(self) -> None:
        self._camera.on_close()
        self._film.close()


class House:
    """A pool on one camera and what it told."""

    def __init__(self, root: Path, settings: RecorderSettings = SHORT) -> None:
        self.root = root / "evidence"
        self.camera = Camera(root)
        self.events: list[object] = []
        self.pool = RecorderPool(
            self.root,
            {"cam-1": ADDRESS, "cam-2": ADDRESS},
            self.events.append,
            settings=settings,
            clock=self.camera.clock,
            connect=self.connect,
        )
        self.pool.start()

    def connect(self, url: str) -> Connection:
        if threading.current_thread().name.endswith("cam-2"):
            raise SourceLost("connect-refused", "switched off")
        return self.camera.connect(url)

    def of(self, *kinds: type) -> list:  # type: ignore[type-arg]
        return [event for event in self.events if isinstance(event, kinds)]

    def until(self, true: Callable[[], object]) -> None:
        ends = time.monotonic() + 20
        while not true():
            assert time.monotonic() < ends, self.events[-5:]
            time.sleep(0.005)

    def close(self) -> None:
        self.camera.allow(10_000)
        self.pool.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


def test_recording_is_confirmed_and_its_end_is_sealed(house: House) -> None:
    done = house.pool.record("cam-1", LOT_A)
    house.camera.allow(120)
    confirmed = done.result(timeout=20)
    stopped = house.pool.stop("cam-1")
    house.camera.allow(200)
    closed = stopped.result(timeout=20)
    assert closed is not None and closed.meta.ended == "stop"
    assert (house.root / closed.segment).stat().st_size == closed.meta.bytes
    assert house.of(RecordingConfirmed) == [confirmed]


def test_a_connection_that_is_lost_is_written_out_before_it_is_closed(house: House) -> None:
    """Here the last packet is a keyframe that begins a segment, which needs the streams of the connection."""
    sealed_at_close: list[int] = []
    house.camera.on_close = lambda: sealed_at_close.append(len(house.of(SegmentClosed)))
    house.pool.record("cam-1", LOT_A)
    house.camera.lost_after_keyframe = 100
    house.camera.allow(101)
    house.until(lambda: sealed_at_close)
    assert [event.meta.ended for event in house.of(SegmentClosed)[:2]] == ["rotation", "stall"]
    assert sealed_at_close[0] == 2
    assert house.of(SegmentClosed)[1].meta.frames == 1


def test_a_fault_of_ours_costs_a_gap_and_not_the_recorder(house: House, caplog: pytest.LogCaptureFixture) -> None:
    done = house.pool.record("cam-1", LOT_A)
    house.camera.allow(60)
    done.result(timeout=20)
    house.camera.faults.append(ZeroDivisionError("a fault of ours"))
    house.until(lambda: [event for event in house.of(RecorderHealth) if event.code == "internal"])
    house.until(lambda: len(house.of(RecordingConfirmed)) == 2)
    assert any(record.levelno == logging.ERROR for record in caplog.records)


def test_a_listener_that_fails_does_not_stop_the_recording(tmp_path: Path) -> None:
    def fail(event: object) -> None:
        raise RuntimeError("the journal is closed")

    camera = Camera(tmp_path)
    pool = RecorderPool(tmp_path / "evidence", {"cam-1": ADDRESS}, fail, settings=SHORT, clock=camera.clock, connect=camera.connect)
    pool.start()
    done = pool.record("cam-1", LOT_A)
    camera.allow(60)
    assert done.result(timeout=20).camera == "cam-1"
    camera.allow(10_000)
    pool.close()


def test_an_address_with_its_password_is_told_to_nobody(house: House, caplog: pytest.LogCaptureFixture) -> None:
    house.camera.faults.append(SourceLost("unauthorized", "user or password is refused"))
    house.camera.allow(60)
    house.pool.record("cam-1", LOT_A).result(timeout=20)
    house.camera.allow(10_000)
    house.pool.close()
    assert house.camera.addresses[0] == ADDRESS
    told = "".join(map(str, house.events)) + caplog.text
    told += "".join(path.read_bytes().decode("latin-1") for path in house.root.rglob("*.*") if path.is_file())
    assert "secret" not in told and "10.0.0.9" not in told


def test_two_cameras_cannot_make_the_same_track(house: House) -> None:
    house.pool.record("cam-1", LOT_A)
    with pytest.raises(DeviceError, match="cam-1 already records P2026-0001/lot-1/cam-front"):
        house.pool.record("cam-2", LOT_A)
    house.pool.record("cam-2", LOT_B)


def test_a_camera_that_is_not_here_is_named_with_those_that_are(house: House) -> None:
    with pytest.raises(DeviceError, match="'cam-9': not in this recorder, which has cam-1, cam-2"):
        house.pool.record("cam-9", LOT_A)


def test_every_order_is_answered_even_when_the_pool_closes(tmp_path: Path) -> None:
    house = House(tmp_path)
    waiting = [house.pool.record("cam-2", LOT_A), house.pool.record("cam-2", LOT_B), house.pool.stop("cam-2")]
    last = house.pool.record("cam-2", LOT_A)
    house.close()
    late = house.pool.record("cam-2", LOT_B)
    assert not wait([*waiting, last, late], timeout=5).not_done
    codes = [getattr(future.exception(), "code", None) for future in (*waiting, last, late)]
    assert codes == ["superseded", "superseded", None, "closed", "closed"]
    assert isinstance(late.exception(), RefusedError)
    assert len(house.of(RecordingRefused)) == 3


def test_a_shared_corridor_is_recorded_again_after_a_stop_that_met_a_rotation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its binding never changes.  The stop comes before frame 70, its post-roll ends at 120; frame 100 would begin a new segment."""
    camera, device, events = Camera(tmp_path), DeviceId("cam-1"), list[Event]()
    settings = RecorderSettings(segment_s=4, post_roll_s=2, reserve_bytes=0)
    pool = partial(RecorderPool, settings=settings, clock=camera.clock, connect=camera.connect)
    monkeypatch.setattr("edge.shell.recorder.load_class", lambda wiring: pool)
    wiring = Wiring("recorder", "any:Pool", (), ())
    recorder = CameraRecorder("rec", wiring, {"evidence": "evidence", "cameras": {device: ADDRESS}}, tmp_path)
    recorder.start(events.append)

    def perform(effect: StartRecording | StopRecording, film_until: int) -> None:
        recorder.perform(effect)
        camera.allow(film_until)
        ends = time.monotonic() + 20
        while DeviceDone(device, effect.ticket, True) not in events:
            assert time.monotonic() < ends, events[-5:]
            time.sleep(0.005)

    perform(StartRecording(device, Binding("county-hall", LotId("shared"), "hall", "wing-cam", ""), 1), 70)
    perform(StopRecording(device, 2), 135)
    perform(StartRecording(device, Binding("county-hall", LotId("shared"), "hall", "wing-cam", ""), 3), 190)
    lines = [(event.kind, event.body.get("ended")) for event in events if isinstance(event, Noted)]
    camera.allow(10_000)
    recorder.stop()
    assert lines == [("recording", None), ("segment", "stop"), ("recording", None)]


def test_a_camera_may_rest_until_it_is_wanted(tmp_path: Path) -> None:
    house = House(tmp_path, RecorderSettings(segment_s=4, post_roll_s=0, reserve_bytes=0, warm=False))
    house.camera.allow(80)
    assert house.camera.addresses == []
    house.pool.record("cam-1", LOT_A).result(timeout=20)
    stopped = house.pool.stop("cam-1")
    house.camera.allow(200)
    assert stopped.result(timeout=20) is not None
    house.until(lambda: [event for event in house.of(RecorderHealth) if event.code == "resting"])
    assert len(house.camera.addresses) == 1
    house.close()
