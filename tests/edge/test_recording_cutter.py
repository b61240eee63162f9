"""Segments as they are ordered: whose frames they hold, what is said about them, what is missing."""

import errno
import json
import os
from hashlib import new, sha256
from pathlib import Path

import pytest
from recording_film import GOP, LOT_A, LOT_B, UTC_NS, S, Stage, decoded, frames, payloads

from edge.core.recording import BindingError, decode_sidecar
from edge.recording import Binding, GapClosed, GapOpened, RefusedError, event_fields
from edge.recording.events import RecorderHealth, RecordingConfirmed, RecordingRefused
from edge.recording.settings import RecorderSettings


def test_the_hashes_in_the_sidecar_are_those_of_the_file(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "evidence")
    stage.play(200, {0: stage.record, 190: stage.stop})
    assert len(stage.sealed()) == 2
    for meta in stage.sealed():
        data = stage.path(meta).read_bytes()
        assert (meta.bytes, meta.sha256, meta.sm3) == (len(data), sha256(data).hexdigest(), new("sm3", data).hexdigest())
        assert decoded(stage.path(meta)) == meta.frames


def test_rotation_loses_no_frame_and_no_sound(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "evidence")
    stage.play(500, {0: stage.record, 480: stage.stop})
    paths = [stage.path(meta) for meta in stage.sealed()]
    assert len(paths) == 5
    assert [number for path in paths for number in frames(path)] == list(range(480))
    whole = payloads(tmp_path / "film.mp4", "audio")
    kept = [sound for path in paths for sound in payloads(path, "audio")]
    first = whole.index(kept[0])
    assert kept == whole[first : first + len(kept)]
    assert [meta.ended for meta in stage.sealed()] == ["rotation"] * 4 + ["stop"]
    assert [meta.seq for meta in stage.sealed()] == [1, 2, 3, 4, 5]
    assert not stage.of(GapOpened)


def test_two_lots_never_share_a_frame(tmp_path: Path) -> None:
    """Stop in the middle of a group of pictures, and order the next lot before the next keyframe."""
    stage = Stage(tmp_path / "evidence")
    stage.play(300, {0: stage.record, 120: stage.stop, 130: lambda: stage.record(LOT_B), 220: stage.stop})
    first = [number for meta in stage.sealed(LOT_A) for number in frames(stage.path(meta))]
    second = [number for meta in stage.sealed(LOT_B) for number in frames(stage.path(meta))]
    assert first == list(range(120))
    assert second == list(range(150, 220))


def test_a_lot_that_follows_directly_begins_at_a_keyframe_without_a_break(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "evidence")
    stage.play(300, {0: stage.record, 130: lambda: stage.record(LOT_B), 220: stage.stop})
    assert [number for meta in stage.sealed(LOT_A) for number in frames(stage.path(meta))] == list(range(150))
    assert [number for meta in stage.sealed(LOT_B) for number in frames(stage.path(meta))] == list(range(150, 220))
    assert [meta.ended for meta in stage.sealed(LOT_A)] == ["rotation", "stop"]


def test_recording_begins_with_the_last_keyframe_before_the_order(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "evidence")
    stage.play(200, {130: stage.record, 180: stage.stop})
    [meta] = stage.sealed()
    assert frames(stage.path(meta))[0] == 2 * GOP
    assert meta.start_utc_ns == UTC_NS + 4 * S
    assert not stage.of(GapOpened)


def test_confirmation_comes_when_the_bytes_are_on_disk_and_not_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(tmp_path / "evidence")
    synced: list[int] = []
    real = os.fdatasync
    monkeypatch.setattr(os, "fdatasync", lambda number: (real(number), synced.append(os.fstat(number).st_size)))
    done = []

    def check() -> None:
        assert not done[0].done(), "half a second of media is no whole fragment yet"

    stage.play(30, {0: lambda: done.append(stage.record()), 12: check})
    confirmed = done[0].result(timeout=0)
    assert synced and synced[0] > 1000
    assert stage.of(RecordingConfirmed) == [confirmed]
    part = stage.root / confirmed.segment.replace(".mp4", ".part.mp4")
    assert part.stat().st_size >= synced[0]
    assert confirmed.start_utc_ns == UTC_NS
    again = stage.record()
    assert again.result(timeout=0) == confirmed


def test_a_stall_is_one_gap_with_its_true_times(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "evidence")
    stage.play(120, {0: stage.record})
    last_utc_ns = stage.clock.utc_ns()
    stage.clock.mono += 3 * S
    stage.cutter.lost("no-frames", "silent")
    stage.clock.mono += 2 * S
    stage.cutter.lost("connect-refused", "still away")
    stage.clock.mono += S
    back_utc_ns = stage.clock.utc_ns()
    stage.play(300, {250: stage.stop}, source=stage.source(200))
    [opened], [closed] = stage.of(GapOpened), stage.of(GapClosed)
    assert (opened.cause, opened.from_utc_ns) == ("no-frames", closed.from_utc_ns)
    assert abs(closed.from_utc_ns - last_utc_ns) <= 40_000_000
    assert closed.to_utc_ns == back_utc_ns
    assert [meta.ended for meta in stage.sealed()] == ["rotation", "stall", "stop"]
    assert stage.sealed()[-1].gaps[0].cause == "no-frames"


def test_pictures_that_the_camera_left_out_are_a_gap(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "evidence")
    stage.play(200, {0: stage.record, 190: stage.stop}, leave_out=lambda frame, kind: 60 <= frame < 100)
    [gap] = [gap for gap in stage.of(GapClosed) if gap.media == "all"]
    assert (gap.cause, gap.to_utc_ns - gap.from_utc_ns) == ("no-frames", 41 * S // 25)


def test_a_dead_microphone_is_a_gap_of_sound_and_the_picture_goes_on(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "evidence")
    stage.play(350, {0: stage.record, 340: stage.stop}, leave_out=lambda frame, kind: kind == "audio" and 50 <= frame < 200)
    assert [number for meta in stage.sealed() for number in frames(stage.path(meta))] == list(range(340))
    [gap] = stage.of(GapClosed)
    assert (gap.media, gap.cause) == ("audio", "no-sound")
    assert gap.to_utc_ns - gap.from_utc_ns == pytest.approx(6 * S, abs=S // 5)


def test_a_full_disk_refuses_a_recording_and_touches_nothing(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "evidence", RecorderSettings(segment_s=4, post_roll_s=0, reserve_bytes=1000))
    stage.free[0] = 999
    done = []
    stage.play(100, {0: lambda: done.append(stage.record())})
    with pytest.raises(RefusedError, match="in reserve"):
        done[0].result(timeout=0)
    assert [event.code for event in stage.of(RecordingRefused)] == ["disk-full"]
    assert list(stage.root.iterdir()) == []


def test_a_disk_that_fills_up_ends_the_segment_whole_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "evidence", RecorderSettings(segment_s=60, post_roll_s=0, reserve_bytes=1000))
    stage.play(
        500,
        {
            0: stage.record,
            100: lambda: stage.free.__setitem__(0, 10),
            260: lambda: stage.free.__setitem__(0, 10_000),
            450: stage.stop,
        },
    )
    before, after = stage.sealed()
    assert (before.ended, after.ended) == ("disk", "stop")
    assert frames(stage.path(before)) == list(range(before.frames))
    assert frames(stage.path(after)) == list(range(250, 450)), "from the last keyframe before there was room"
    [gap] = stage.of(GapClosed)
    assert (gap.cause, gap.from_utc_ns, gap.to_utc_ns) == ("disk-full", before.end_utc_ns, after.start_utc_ns)
    assert [health.code for health in stage.of(RecorderHealth)] == ["disk-full", "disk-ok"]


def test_a_write_that_fails_keeps_all_that_was_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(tmp_path / "evidence", RecorderSettings(segment_s=60, post_roll_s=0, reserve_bytes=0))
    real, broken = os.write, []

    def write(number: int, data: bytes) -> int:
        if broken and broken[0]:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(number, data)

    monkeypatch.setattr(os, "write", write)
    stage.play(400, {0: stage.record, 130: lambda: broken.append(True), 160: broken.clear, 390: stage.stop})
    before, after = stage.sealed()
    data = stage.path(before).read_bytes()
    assert (before.ended, before.sha256) == ("disk", sha256(data).hexdigest())
    assert frames(stage.path(before)) == list(range(before.frames))
    assert before.frames >= 125
    [gap] = stage.of(GapClosed)
    assert (gap.cause, gap.to_utc_ns) == ("disk", after.start_utc_ns)
    assert gap.from_utc_ns == before.start_utc_ns + before.media_duration_ns, "what was not whole is in the gap"


def test_a_stop_ends_after_its_post_roll(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "evidence")
    done = []
    stage.play(200, {0: stage.record, 60: lambda: done.append(stage.stop(post_roll_s=1))})
    [meta] = stage.sealed()
    assert frames(stage.path(meta)) == list(range(85))
    assert done[0].result(timeout=0).meta == meta


def test_recording_again_within_the_post_roll_goes_on_as_if_nothing_was(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "evidence", RecorderSettings(segment_s=60, reserve_bytes=0))
    stops, records = [], []
    stage.play(
        200,
        {
            0: stage.record,
            60: lambda: stops.append(stage.stop(post_roll_s=2)),
            80: lambda: records.append(stage.record()),
            150: stage.stop,
        },
    )
    [meta] = stage.sealed()
    assert frames(stage.path(meta)) == list(range(150))
    assert records[0].done() and isinstance(stops[0].exception(), RefusedError)


def test_an_order_while_the_camera_is_away_is_a_gap_from_the_order_on(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "evidence")
    stage.cutter.lost("connect-refused", "away")
    stage.clock.mono += S
    done, ordered_utc_ns = stage.record(), stage.clock.utc_ns()
    stage.clock.mono += 5 * S
    begun_utc_ns = stage.clock.utc_ns()
    stage.play(100, {80: stage.stop})
    [gap] = stage.of(GapClosed)
    assert (gap.cause, gap.from_utc_ns, gap.to_utc_ns) == ("connect-refused", ordered_utc_ns, begun_utc_ns)
    assert done.done()


def test_stopping_what_never_began_ends_its_gap_and_refuses_the_order(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "evidence")
    stage.cutter.lost("connect-refused", "away")
    done = stage.record()
    stage.clock.mono += 4 * S
    assert stage.stop().result(timeout=0) is None
    assert isinstance(done.exception(), RefusedError)
    [gap] = stage.of(GapClosed)
    assert gap.to_utc_ns - gap.from_utc_ns == 4 * S


def test_a_recorder_that_is_ended_and_started_again_knows_what_it_missed(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "evidence")
    stage.play(120, {0: stage.record})
    stage.cutter.close()
    assert stage.sealed()[-1].ended == "shutdown"
    later = Stage(tmp_path / "evidence", clock=stage.clock)
    stage.clock.mono += 60 * S
    later.play(120, {0: later.record, 110: later.stop})
    [gap] = later.of(GapClosed)
    assert (gap.cause, gap.from_utc_ns) == ("process-restart", stage.sealed()[-1].end_utc_ns)
    assert gap.to_utc_ns == later.sealed()[0].start_utc_ns
    assert [meta.seq for meta in later.sealed()] == [3, 4]


def test_a_lot_that_was_stopped_and_comes_back_another_day_has_no_gap(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "evidence")
    stage.play(60, {0: stage.record, 50: stage.stop})
    later = Stage(tmp_path / "evidence", clock=stage.clock)
    stage.clock.mono += 86_400 * S
    later.play(60, {0: later.record, 50: later.stop})
    assert not later.of(GapOpened)


def test_the_sidecar_tells_whose_footage_it_is_and_the_file_says_the_same(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "evidence")
    stage.play(100, {0: stage.record, 90: stage.stop})
    [meta] = stage.sealed()
    path = stage.path(meta)
    assert path.relative_to(stage.root).as_posix() == "P2026-0001/lot-1/cam-front/000001_20261121T090000Z.mp4"
    assert decode_sidecar(path.with_suffix(".json").read_bytes(), "sidecar") == meta
    assert (meta.camera, meta.room, meta.scene_run, meta.codecs[1]) == ("cam-1", "open-1", "run-1", "mp4a.40.2")
    assert b'"project":"P2026-0001"' in path.read_bytes()[: meta.init_bytes]
    assert meta.fragments[-1].offset + meta.fragments[-1].bytes == meta.bytes


@pytest.mark.parametrize("bad", ["../etc", "a/b", "", ".hidden", "标段一", "x" * 65, "a\n"])
def test_an_id_that_is_no_folder_name_is_refused_in_words(bad: str) -> None:
    with pytest.raises(BindingError, match=r"binding\.lot: .* is not an id"):
        Binding("P1", bad, "room", "track", "run")


def test_every_event_can_be_journaled_as_plain_values(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "evidence")
    stage.play(120, {0: stage.record})
    stage.cutter.lost("no-frames", "silent")
    for event in stage.events:
        fields = event_fields(event)
        assert json.loads(json.dumps(fields))["event"] == type(event).__name__
