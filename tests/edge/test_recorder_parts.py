"""The recorder on real RTSP cameras: what their pictures and their sound prove about the files."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge.recording import Binding, RecorderPool, RecorderSettings, recover
from edge.recording.events import GapClosed, GapOpened, RecorderHealth, RecordingConfirmed, SegmentClosed
from simulation.hardware.cameras import CameraFarm, CameraSpec
from simulation.hardware.cameras.reading import camera_mark, prove_recording

pytestmark = pytest.mark.parts

S = 1_000_000_000
FRAME_NS = 80_000_000
LOT_A = Binding("P1", "lot-1", "open-1", "front", "run-1")
LOT_B = Binding("P1", "lot-2", "open-1", "front", "run-2")
BRISK = RecorderSettings(segment_s=2, post_roll_s=0, reserve_bytes=0)


class Scene:
    """A farm with one camera, a pool on it, and all that the pool told."""

    def __init__(self, root: Path, settings: RecorderSettings) -> None:
        self.root = root
        self.events: list[object] = []
        self._news = threading.Condition()
        self.farm = CameraFarm([CameraSpec("cam-a")])
        self.farm.start()
        self.pool = RecorderPool(root, {"cam-a": self.farm.url("cam-a")}, self._hear, settings=settings)
        self.pool.start()

    def _hear(self, event: object) -> None:
        with self._news:
            self.events.append(event)
            self._news.notify_all()

    def of(self, *kinds: type) -> list:  # type: ignore[type-arg]
        with self._news:
            return [event for event in self.events if isinstance(event, kinds)]

    def until(self, true: Callable[[], object], seconds: float = 30) -> None:
        with self._news:
            assert self._news.wait_for(true, seconds), self.events[-5:]

    def online(self) -> None:
        self.until(lambda: [e for e in self.events if isinstance(e, RecorderHealth) and e.code == "online"])

    def paths(self, lot: Binding) -> list[Path]:
        closed = [event for event in self.of(SegmentClosed) if event.meta.lot == lot.lot]
        return [self.root / event.segment for event in closed]

    def close(self) -> None:
        self.pool.close()
        self.farm.stop()


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    scene = Scene(tmp_path / "evidence", BRISK)
    yield scene
    scene.close()


def test_two_lots_are_recorded_without_a_lost_or_a_shared_frame(scene: Scene) -> None:
    scene.online()
    confirmed = scene.pool.record("cam-a", LOT_A).result(timeout=20)
    assert (scene.root / confirmed.segment.replace(".mp4", ".part.mp4")).stat().st_size > 10_000
    scene.until(lambda: sum(isinstance(event, SegmentClosed) for event in scene.events) >= 2)
    scene.pool.record("cam-a", LOT_B).result(timeout=20)
    last = scene.pool.stop("cam-a").result(timeout=20)
    assert last is not None and last.meta.ended == "stop"

    first, second = prove_recording(*scene.paths(LOT_A)), prove_recording(*scene.paths(LOT_B))
    for proof in (first, second):
        assert proof.cameras == (camera_mark("cam-a"),)
        assert (proof.missing_frames, proof.repeated, proof.unreadable, proof.damaged) == (0, 0, 0, 0)
        assert proof.audio and proof.beeps_astray == 0
    assert abs(first.av_offset_ms or 0.0) < 40
    assert first.last_utc_ms is not None and second.first_utc_ms is not None
    assert 0 < second.first_utc_ms - first.last_utc_ms <= 81, "the lots meet, and share nothing"
    assert scene.of(GapOpened) == []
    for event in scene.of(SegmentClosed):
        data = (scene.root / event.segment).read_bytes()
        assert hashlib.sha256(data).hexdigest() == event.meta.sha256


def test_the_cameras_clock_is_kept_beside_the_hosts(scene: Scene) -> None:
    scene.farm.camera("cam-a").clock_offset_ms(-7_000)
    scene.online()
    scene.pool.record("cam-a", LOT_A).result(timeout=20)
    closed = scene.pool.stop("cam-a").result(timeout=20)
    assert closed is not None
    clock = closed.meta.camera_clock
    assert clock is not None
    assert clock.offset_ns == pytest.approx(-7 * S, abs=S)
    shown = prove_recording(scene.root / closed.segment)
    assert shown.first_utc_ms is not None
    assert clock.start_utc_ns / 1e6 == pytest.approx(shown.first_utc_ms, abs=100)


def test_a_camera_that_sets_its_clock_while_it_films_leaves_no_hole(scene: Scene) -> None:
    scene.online()
    scene.pool.record("cam-a", LOT_A).result(timeout=20)
    scene.farm.camera("cam-a").clock_offset_ms(3_600_000)
    scene.until(lambda: sum(isinstance(event, SegmentClosed) for event in scene.events) >= 4)
    scene.pool.stop("cam-a").result(timeout=20)
    metas = [event.meta for event in scene.of(SegmentClosed)]
    assert max(meta.media_duration_ns for meta in metas) < 6 * S
    assert prove_recording(*scene.paths(LOT_A)).missing_frames == 0
    assert scene.of(GapOpened) == []


def test_a_stalled_camera_is_one_gap_and_recording_goes_on_by_itself(scene: Scene) -> None:
    scene.online()
    scene.pool.record("cam-a", LOT_A).result(timeout=20)
    scene.farm.camera("cam-a").stall(5)
    stalled_utc_ns = time.time_ns()
    scene.until(lambda: any(isinstance(event, GapClosed) for event in scene.events))
    scene.pool.stop("cam-a").result(timeout=20)
    [gap] = scene.of(GapClosed)
    [opened] = scene.of(GapOpened)
    assert gap.cause == "no-frames"
    assert gap.from_utc_ns == pytest.approx(stalled_utc_ns, abs=S)
    assert gap.to_utc_ns - gap.from_utc_ns == pytest.approx(5 * S, abs=2 * S)
    metas = [event.meta for event in scene.of(SegmentClosed)]
    assert [meta.ended for meta in metas if meta.ended != "rotation"] == ["stall", "stop"]
    assert (opened.mono_ns - scene.of(RecordingConfirmed)[0].mono_ns) < 6 * S, "noticed after 3 s, not when it was over"
    proof = prove_recording(*scene.paths(LOT_A))
    assert proof.longest_hole_ms == pytest.approx((gap.to_utc_ns - gap.from_utc_ns) / 1e6, abs=500)


def test_a_camera_that_refuses_connections_is_named_with_a_remedy_and_without_its_address(scene: Scene) -> None:
    scene.online()
    scene.farm.camera("cam-a").away(2)
    scene.until(lambda: [e for e in scene.events if isinstance(e, RecorderHealth) and not e.ok])
    done = scene.pool.record("cam-a", LOT_A)
    assert done.result(timeout=30).track == "front"
    scene.pool.stop("cam-a").result(timeout=20)
    [gap] = scene.of(GapClosed)
    assert gap.cause in ("connect-refused", "connection-lost", "stream-ended", "camera-error")
    assert not any("rtsp:" in str(event) for event in scene.events)


def test_a_camera_may_rest_while_nothing_is_wanted(tmp_path: Path) -> None:
    scene = Scene(tmp_path / "evidence", RecorderSettings(warm=False, post_roll_s=0, reserve_bytes=0))
    try:
        scene.pool.record("cam-a", LOT_A).result(timeout=20)
        assert scene.farm.camera("cam-a").status().watchers == 1
        scene.pool.stop("cam-a").result(timeout=20)
        scene.until(lambda: [e for e in scene.events if isinstance(e, RecorderHealth) and e.code == "resting"])
        assert [event.cause for event in scene.of(GapClosed)] in ([], ["waiting-keyframe"], ["starting"])
    finally:
        scene.close()


CHILD = """
import sys, time
from pathlib import Path
from edge.recording import Binding, RecorderPool, RecorderSettings
pool = RecorderPool(Path(sys.argv[1]), {"cam-a": sys.argv[2]}, lambda event: None, settings=RecorderSettings(reserve_bytes=0))
pool.start()
pool.record("cam-a", Binding("P1", "lot-1", "open-1", "front", "run-1")).result(20)
print("confirmed", flush=True)
time.sleep(60)
"""


def test_kill_9_loses_at_most_a_second_and_the_rest_plays(tmp_path: Path) -> None:
    with CameraFarm([CameraSpec("cam-a")]) as farm:
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(tmp_path), farm.url("cam-a")],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        assert child.stdout is not None
        with child.stdout as told:
            assert told.readline() == b"confirmed\n"
            time.sleep(2.3)
            killed_utc_ms = time.time_ns() / 1e6
            os.kill(child.pid, signal.SIGKILL)
            child.wait()
    found = recover(tmp_path)
    [(name, meta)] = found.sealed
    proof = prove_recording(tmp_path / name)
    assert proof.last_utc_ms is not None
    lost_ms = killed_utc_ms - proof.last_utc_ms
    print(json.dumps({"lost_ms": round(lost_ms)}))
    assert lost_ms < 1600, "a fragment of 1 s, the camera's own delay, and what waits for its sound"
    assert (proof.missing_frames, proof.damaged, meta.ended) == (0, 0, "crash")
