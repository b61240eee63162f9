"""Time that only moves forward, and packets in the order of it."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from edge.core.recording_order import Interleaver, SteadyTime

S = 1_000_000_000
FRAME = 40_000_000


def test_a_camera_that_sets_its_clock_leaves_no_hole_of_an_hour() -> None:
    steady, placed = SteadyTime(), []
    for number in range(100):
        stepped = 3600 * S if number >= 50 else 0
        placed.append(steady.place(number * FRAME + stepped, FRAME, number * FRAME))
    steps = {after - before for before, after in itertools.pairwise(placed)}
    assert steps == {FRAME}


def test_a_clock_set_back_leaves_no_hole_either() -> None:
    steady = SteadyTime()
    before = [steady.place(n * FRAME + 3600 * S, FRAME, n * FRAME) for n in range(10)]
    after = [steady.place(n * FRAME, FRAME, n * FRAME) for n in range(10, 20)]
    assert [b - a for a, b in zip(before + after, (before + after)[1:], strict=False)] == [FRAME] * 19


def test_two_seconds_that_the_camera_left_out_stay_left_out() -> None:
    steady = SteadyTime()
    steady.place(0, FRAME, 0)
    assert steady.place(2 * S, FRAME, 2 * S) == 2 * S


def test_a_network_that_was_late_changes_nothing() -> None:
    steady = SteadyTime()
    steady.place(0, FRAME, 0)
    assert [steady.place(n * FRAME, FRAME, 2 * S) for n in range(1, 50)] == [n * FRAME for n in range(1, 50)]


@given(st.lists(st.tuples(st.integers(-(10**13), 10**13), st.integers(0, S), st.integers(0, 5 * S)), min_size=2))
def test_time_never_stands_or_goes_back(arrivals: list[tuple[int, int, int]]) -> None:
    steady, mono_ns, last = SteadyTime(), 0, None
    for time_ns, duration_ns, waited_ns in arrivals:
        mono_ns += waited_ns
        placed = steady.place(time_ns, duration_ns, mono_ns)
        assert last is None or placed > last
        last = placed


@given(st.lists(st.tuples(st.sampled_from([0, 1]), st.integers(1, S)), max_size=60))
def test_no_packet_is_lost_and_prompt_ones_come_in_order(steps: list[tuple[int, int]]) -> None:
    order: Interleaver[tuple[int, int]] = Interleaver((0, 1), patience_ns=S)
    times, out = {0: 0, 1: 0}, []
    for stream, step in steps:
        times[stream] += step
        out += order.push(stream, times[stream], (times[stream], stream), 0)
    out += order.drain()
    assert len(out) == len(steps)
    assert [time for time, _ in out] == sorted(time for time, _ in out)


def test_a_silent_microphone_does_not_hold_the_picture_up() -> None:
    order: Interleaver[int] = Interleaver((0, 1), patience_ns=S // 2)
    out = [number for n in range(50) for number in order.push(0, n * FRAME, n, n * FRAME)]
    assert out == list(range(50 - 13 + 1))[: len(out)] and len(out) >= 36
