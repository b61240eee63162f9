"""What is found after a recorder died."""

import json
import os
import signal
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from recording_film import FPS, Stage, decoded, film, frames

from edge.core.recording import decode_sidecar
from edge.recording import RecorderPool, RecorderSettings, recover
from edge.recording.events import GapOpened, RecorderHealth, SegmentClosed

CHILD = """
import sys, time
from pathlib import Path
sys.path[:0] = sys.argv[3:]
from recording_film import LOT_A, Stage
root = Path(sys.argv[1])
stage = Stage(root)
source = stage.source()
stage.cutter.connected(source.streams)
stage.record()
begun = time.monotonic()
for packet in source.packets():
    stage.cutter.take(packet)
    frame = packet.dts_ns * 25 // 10**9
    if frame == int(sys.argv[2]) and packet.stream.kind == "video":
        print("taken", frame, flush=True)
        time.sleep(60)
"""


def killed_at(frame: int, folder: Path) -> Path:
    """A process that records, killed without a word right after it took this frame."""
    root = folder / "evidence"
    here = [str(Path(__file__).parent), str(Path(__file__).parents[2])]
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(root), str(frame), *here], stdout=subprocess.PIPE)
    assert child.stdout is not None
    with child.stdout as told:
        assert told.readline().split() == [b"taken", str(frame).encode()]
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    return root


def test_after_a_kill_the_file_plays_and_no_more_than_a_second_is_lost(tmp_path: Path) -> None:
    film()
    root = killed_at(90, tmp_path)
    found = recover(root)
    [(name, meta)] = found.sealed
    data = (root / name).read_bytes()
    assert meta.ended == "crash"
    assert (meta.bytes, meta.sha256) == (len(data), sha256(data).hexdigest())
    kept = frames(root / name)
    assert kept == list(range(len(kept)))
    assert 91 - len(kept) <= FPS + 2, "a fragment, and what waits for its sound"
    assert decoded(root / name) == len(kept) == meta.frames
    assert meta.end_utc_ns == meta.start_utc_ns + meta.media_duration_ns
    assert decode_sidecar((root / name).with_suffix(".json").read_bytes(), name) == meta
    assert recover(root).sealed == (), "once is enough"


def test_the_pool_tells_of_the_gap_that_a_dead_recorder_leaves(tmp_path: Path) -> None:
    root = killed_at(60, tmp_path)
    events: list[object] = []
    pool = RecorderPool(root, {}, events.append, settings=RecorderSettings(reserve_bytes=0))
    pool.start()
    pool.close()
    [closed] = [event for event in events if isinstance(event, SegmentClosed)]
    [gap] = [event for event in events if isinstance(event, GapOpened)]
    assert (gap.cause, gap.from_utc_ns, gap.camera) == ("process-restart", closed.meta.end_utc_ns, "cam-1")


@pytest.fixture
def sealed(tmp_path: Path) -> Stage:
    stage = Stage(tmp_path / "evidence")
    stage.play(60, {0: stage.record, 50: stage.stop})
    return stage


def test_a_torn_end_is_cut_off(sealed: Stage) -> None:
    path = sealed.path(sealed.sealed()[0])
    data = path.read_bytes()
    path.unlink()
    path.with_suffix(".json").unlink()
    part = path.with_name(path.stem + ".part.mp4")
    part.write_bytes(data + data[-20_000:-5_000])
    [(name, meta)] = recover(sealed.root).sealed
    assert (sealed.root / name).read_bytes() == data
    assert meta.sha256 == sha256(data).hexdigest()


def test_a_file_that_a_living_recorder_writes_is_left_alone(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "evidence")
    source = stage.source()
    stage.cutter.connected(source.streams)
    stage.record()
    for packet in source.packets():
        stage.cutter.take(packet)
        if packet.dts_ns > 3 * 10**9:
            break
    [part] = stage.root.glob("*/*/*/*.part.mp4")
    assert recover(stage.root).sealed == ()
    assert part.exists()
    source.close()
    stage.cutter.close()
    assert len(stage.sealed()) == 1


def test_a_kill_between_sidecar_and_final_name_keeps_the_sidecar(sealed: Stage) -> None:
    [meta] = sealed.sealed()
    path = sealed.path(meta)
    path.rename(path.with_name(path.stem + ".part.mp4"))
    assert recover(sealed.root).sealed == ((path.relative_to(sealed.root).as_posix(), meta),)
    assert path.exists()


@pytest.mark.parametrize("left", [b"", b"\0\0\0\x1cftyp"])
def test_a_file_without_a_fragment_is_kept_aside(sealed: Stage, left: bytes) -> None:
    folder = sealed.path(sealed.sealed()[0]).parent
    (folder / "000002_20261121T090200Z.part.mp4").write_bytes(left)
    found = recover(sealed.root)
    assert found.torn == ("P2026-0001/lot-1/cam-front/000002_20261121T090200Z.torn",)
    assert (sealed.root / found.torn[0]).read_bytes() == left


def test_a_lost_sidecar_is_written_anew_from_the_file_itself(sealed: Stage) -> None:
    [meta] = sealed.sealed()
    path = sealed.path(meta)
    for damage in (lambda sidecar: sidecar.unlink(), lambda sidecar: sidecar.write_text("{")):
        damage(path.with_suffix(".json"))
        [(_name, anew)] = recover(sealed.root).indexed
        assert (anew.ended, anew.sha256, anew.lot, anew.camera) == ("unknown", meta.sha256, "lot-1", "cam-1")
        assert json.loads(path.with_suffix(".json").read_text())["sm3"] == meta.sm3


def test_a_segment_carried_into_another_lots_folder_is_a_problem_not_evidence(sealed: Stage) -> None:
    path = sealed.path(sealed.sealed()[0])
    other = sealed.root / "P2026-0001" / "lot-2" / "cam-front"
    other.mkdir(parents=True)
    (other / path.name).write_bytes(path.read_bytes())
    found = recover(sealed.root)
    assert found.indexed == ()
    assert found.problems[0].startswith(f"P2026-0001/lot-2/cam-front/{path.name}: ")


def test_a_segment_that_was_taken_away_is_missed(sealed: Stage) -> None:
    path = sealed.path(sealed.sealed()[0])
    path.unlink()
    events: list[object] = []
    pool = RecorderPool(sealed.root, {}, events.append)
    assert pool.start().missing == (path.relative_to(sealed.root).as_posix(),)
    pool.close()
    assert [event.code for event in events if isinstance(event, RecorderHealth)] == ["missing"]
