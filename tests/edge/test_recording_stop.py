"""A stop at any moment: the footage ends as stopped, and what is ordered later begins anew, with nothing missed meanwhile."""

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recording_film import FPS, GOP, LOT_A, LOT_B, S, Stage, frames

from edge.core.recording import decode_sidecar
from edge.core.recording_cut import Cut, Put, decide_packet
from edge.recording import Binding, GapClosed, GapOpened
from edge.recording.answers import Recorded, Stopped
from edge.recording.events import RecordingConfirmed
from edge.recording.sealing import SealingFile

ROTATION = 2 * GOP  # the stage's segments last 4 s, two groups of pictures
STOPS = [2, *(ROTATION + off for off in (-50, -49, -25, -10, -9, -1, 0, 1)), ROTATION + GOP]


@pytest.mark.parametrize("again", [LOT_A, LOT_B], ids=["the same lot again", "another lot"])
@pytest.mark.parametrize("post_roll_frames", [0, 10, 50, 120])
def test_a_stop_at_any_moment_ends_the_footage_and_the_next_recording_is_whole(
    tmp_path: Path, post_roll_frames: int, again: Binding
) -> None:
    for stop in STOPS:
        (tmp_path / f"{stop}").mkdir()
        stage = Stage(tmp_path / f"{stop}" / "evidence")
        stops: list[Stopped] = []
        records: list[Recorded] = []
        stage.play(
            400,
            {
                0: stage.record,
                stop: lambda stage=stage, stops=stops: stops.append(stage.stop(post_roll_frames / FPS)),
                340: lambda stage=stage, records=records: records.append(stage.record(again)),
                380: stage.stop,
            },
        )
        told = f"stopped before frame {stop}, {post_roll_frames} more wanted"
        assert (last := stops[0].result(timeout=0)) is not None and last.meta.ended == "stop", told
        assert records[0].done() and records[0].result() == stage.of(RecordingConfirmed)[-1], told
        assert stage.of(GapOpened) == [], told
        metas = stage.sealed() if again == LOT_A else [*stage.sealed(), *stage.sealed(LOT_B)]
        kept = [number for meta in metas for number in frames(stage.path(meta))]
        assert kept == [*range(stop + post_roll_frames), *range(300, 380)], told
        assert [meta.ended for meta in metas if meta.ended != "rotation"] == ["stop", "stop"], told


def test_a_stop_whose_post_roll_is_cut_short_has_only_the_post_roll_missing(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "evidence")
    stage.play(120, {0: stage.record, 110: lambda: stage.stop(post_roll_s=4)})
    stage.clock.mono += 10 * S
    stage.cutter.lost("no-frames", "silent")
    assert [meta.ended for meta in stage.sealed()] == ["rotation", "stop"]
    [gap] = stage.of(GapClosed)
    assert gap.to_utc_ns - gap.from_utc_ns < 4 * S
    assert gaps_after_a_night(stage) == []


def test_a_stop_while_the_camera_is_away_ends_the_gap_for_good(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "evidence")
    stage.play(60, {0: stage.record})
    stage.cutter.lost("no-frames", "silent")
    stage.clock.mono += 5 * S
    assert stage.stop().result(timeout=0) is None
    [gap] = stage.of(GapClosed)
    assert gap.to_utc_ns == stage.clock.utc_ns()
    first, again = stage.sealed()
    assert (first.ended, again.ended, again.sha256) == ("stall", "stop", first.sha256)
    assert [known.cause for known in again.gaps] == ["no-frames"]
    assert decode_sidecar(stage.path(again).with_suffix(".json").read_bytes(), "sidecar") == again
    assert gaps_after_a_night(stage) == []


def test_another_lot_ordered_while_the_camera_is_away_ends_the_first_one_for_good(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "evidence")
    stage.play(60, {0: stage.record})
    stage.cutter.lost("no-frames", "silent")
    stage.record(LOT_B)
    assert [meta.ended for meta in stage.sealed()] == ["stall", "stop"]
    assert gaps_after_a_night(stage) == []


def test_a_stop_while_the_disk_is_broken_leaves_nothing_missing_afterwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk fails right where a rotation opens the next file."""
    stage = Stage(tmp_path / "evidence")
    real, broken = SealingFile.__init__, [False]

    def make(file: SealingFile, path: Path) -> None:
        if broken[0]:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        real(file, path)

    monkeypatch.setattr(SealingFile, "__init__", make)
    records: list[Recorded] = []
    stage.play(
        500,
        {
            0: stage.record,
            90: lambda: broken.__setitem__(0, True),
            120: stage.stop,
            130: lambda: broken.__setitem__(0, False),
            440: lambda: records.append(stage.record()),
            480: stage.stop,
        },
    )
    [gap] = stage.of(GapClosed)
    assert (gap.cause, gap.to_utc_ns - gap.from_utc_ns) == ("disk", 21 * S // FPS)
    assert records[0].done() and records[0].result().start_utc_ns > gap.to_utc_ns


def gaps_after_a_night(stage: Stage) -> list[GapOpened]:
    """What a recorder that is started anew the next day finds missing of the same lot."""
    later = Stage(stage.root, clock=stage.clock)
    stage.clock.mono += 86_400 * S
    later.play(60, {0: later.record, 50: later.stop})
    assert later.sealed()[-1].ended == "stop"
    return later.of(GapOpened)


_ORDERS = st.one_of(st.none(), st.sampled_from([LOT_A, LOT_B]), st.integers(0, 6))  # nothing, record, stop with a post-roll


@given(st.lists(st.tuples(_ORDERS, st.booleans()), max_size=60))
def test_a_rotation_goes_on_with_the_same_binding_and_every_other_end_is_a_stop(steps: list[tuple[Binding | int | None, bool]]) -> None:
    """Any orders between any packets, a packet each nanosecond, segments of 5."""
    cut, holding = Cut(), False
    for now, (order, keyframe) in enumerate(steps):
        if isinstance(order, Binding):
            cut = cut.order_record(order)
        elif order is not None:
            cut = cut.order_stop(now + order)
        before = cut
        cut, ended, put = decide_packet(cut, keyframe=keyframe, holding=holding, room_on_disk=True, segment_ns=5, mono_ns=now)
        holding = put in (Put.HOLD, Put.HOLD_ANEW)
        if ended == "rotation":
            assert (put, cut.wanted, cut.writing) == (Put.OPEN, before.writing, before.writing)
        elif ended is None and before.writing is not None:
            assert put is Put.WRITE, "what is open takes every packet until it ends"
        else:
            assert ended in (None, "stop")
