"""What may be acknowledged of an agent's journal: never a line that is not here, unless it is gone everywhere."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.core.journal_reach import HOLE_NS, Reach, extended


def test_lines_in_order_are_acknowledged_as_they_come() -> None:
    assert extended(Reach(2), 3, [3, 4], 0) == (Reach(4), range(0))


def test_a_repeat_changes_nothing() -> None:
    assert extended(Reach(4), 1, [], 0) == (Reach(4), range(0))


def test_only_the_oldest_line_beyond_a_hole_tells_that_it_will_never_be_filled() -> None:
    reach, _ = extended(Reach(), 5, [5], 0)
    later, lost = extended(reach, 9, [5, 9], 2 * HOLE_NS)
    assert (later.through, lost) == (0, range(0)), "a later message proves nothing: the agent may still send lines 1 to 4"
    again, lost = extended(later, 5, [5, 9], 2 * HOLE_NS)
    assert (again.through, lost) == (5, range(1, 5))


def test_an_agent_that_repeats_at_once_is_waited_for() -> None:
    reach, _ = extended(Reach(), 5, [5], 0)
    assert extended(reach, 5, [5], HOLE_NS - 1)[0].through == 0


@given(st.permutations(range(1, 9)), st.integers(0, 8))
def test_whatever_the_order_nothing_is_acknowledged_before_all_that_precedes_it(order: list[int], lost_first: int) -> None:
    reach, stored = Reach(), set[int]()
    for seq in order:
        if seq == lost_first:
            continue
        stored.add(seq)
        reach, lost = extended(reach, seq, sorted(s for s in stored if s > reach.through), 0)
        assert not lost
        assert set(range(1, reach.through + 1)) <= stored
    assert reach.through == (lost_first - 1 if lost_first else 8)
