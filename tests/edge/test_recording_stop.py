"""A stop at any moment: the footage ends as stopped, and what is ordered later begins anew, with nothing missed meanwhile."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recording_film import FPS, GOP, LOT_A, LOT_B, Stage, frames

from edge.core.recording_cut import Cut, Put, decide_packet
from edge.recording import Binding, GapOpened
from edge.recording.answers import Recorded, Stopped
from edge.recording.events import RecordingConfirmed

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
