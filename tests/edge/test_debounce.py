"""A bouncing contact is told once, an exit button at once."""

from hypothesis import given
from hypothesis import strategies as st

from edge.core.debounce import MS, DebouncedLine, SettleRule, step_level, wake_ns

CONTACT = SettleRule()
BUTTON = SettleRule(fast_assert=True)


def run(rule: SettleRule, readings: list[tuple[int, bool]]) -> list[tuple[int, bool]]:
    """Readings in ms; what was told, in ms."""
    line, told = DebouncedLine(), []
    for at_ms, level in readings:
        line, changed = step_level(line, rule, level, at_ms * MS, edge=True)
        while changed is False and (due := wake_ns(line, rule)) is not None:
            following = [ms for ms, _ in readings if ms > at_ms]
            if following and due > following[0] * MS:
                break
            line, changed = step_level(line, rule, line.level, due)
            at_ms = due // MS
        if changed:
            told.append((at_ms, line.settled))
    return told


def test_a_leaf_that_bounces_is_told_once_after_thirty_quiet_milliseconds() -> None:
    assert run(CONTACT, [(100, True), (104, False), (109, True), (120, False), (121, True)]) == [(151, True)]


def test_a_spike_on_a_contact_is_not_a_door_that_opened() -> None:
    assert run(CONTACT, [(100, True), (110, False)]) == []


def test_an_exit_button_is_told_at_its_first_edge() -> None:
    assert run(BUTTON, [(100, True), (102, False), (103, True), (500, False)]) == [(100, True), (530, False)]


def test_a_bounce_too_short_to_read_still_restarts_the_quiet_time() -> None:
    line, _ = step_level(DebouncedLine(), CONTACT, True, 0)
    line, _ = step_level(line, CONTACT, True, 25 * MS, edge=True)
    line, changed = step_level(line, CONTACT, True, 40 * MS)
    assert not changed
    assert wake_ns(line, CONTACT) == 55 * MS


def test_a_line_that_is_active_when_we_first_look_is_told_like_a_change() -> None:
    line, changed = step_level(DebouncedLine(), BUTTON, True, 1)
    assert changed and line.settled


@given(
    st.lists(st.tuples(st.integers(1, 60), st.booleans()), max_size=60),
    st.booleans(),
)
def test_what_is_told_alternates_and_ends_on_the_true_level(steps: list[tuple[int, bool]], fast: bool) -> None:
    rule = SettleRule(fast_assert=fast)
    at_ms, readings = 0, []
    for gap_ms, level in steps:
        at_ms += gap_ms
        readings.append((at_ms, level))
    told = [level for _, level in run(rule, readings)]
    assert all(one != other for one, other in zip([False, *told], told, strict=False))
    assert (told[-1] if told else False) == (readings[-1][1] if readings else False)


@given(st.lists(st.integers(1, 29), min_size=1, max_size=40))
def test_a_contact_that_never_rests_is_never_told(gaps_ms: list[int]) -> None:
    line, at_ms, level = DebouncedLine(), 0, False
    for gap_ms in gaps_ms:
        at_ms, level = at_ms + gap_ms, not level
        line, changed = step_level(line, CONTACT, level, at_ms * MS, edge=True)
        assert not changed
