"""Whose word counts for a device, and when a word ends."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.priority import STRENGTH, Claim, Level, claimed, in_force, phase_changed, relinquished, wanted
from venue_model.ids import DeviceId
from venue_model.wire import Want

LAMP, HORN = DeviceId("lamp"), DeviceId("horn")
ON, OFF = Want(on=True), Want(on=False)


def claim(level: Level, want: Want = ON, by: str = "wang", at: int = 0) -> Claim:
    return Claim(LAMP, level, want, by, "", at)


@pytest.mark.parametrize(("stronger", "weaker"), list(pairwise(Level)))
def test_each_level_goes_before_the_next(stronger: Level, weaker: Level) -> None:
    found = in_force((claim(weaker, OFF, at=9), claim(stronger)))
    assert found is not None and found.level is stronger


def test_the_order_is_the_one_of_the_brief() -> None:
    assert list(Level) == ["life_safety", "lockdown", "local", "supervisor", "operator", "scene", "schedule"]
    assert [STRENGTH[level] for level in Level] == list(range(len(Level)))


def test_within_one_level_the_newest_word_counts() -> None:
    found = in_force((claim(Level.OPERATOR, OFF, at=1), claim(Level.OPERATOR, ON, at=2)))
    assert found is not None and found.want == ON
    assert in_force(()) is None


def test_a_scene_goes_before_the_schedule_and_after_staff() -> None:
    schedule = {LAMP: (claim(Level.SCHEDULE),)}
    assert wanted({LAMP: OFF}, schedule) == {LAMP: OFF}
    assert wanted({LAMP: OFF}, claimed(schedule, claim(Level.OPERATOR))) == {LAMP: ON}


def test_a_device_that_no_scene_drives_is_told_nothing() -> None:
    assert wanted({}, {LAMP: (claim(Level.SUPERVISOR),)}) == {}


def test_a_word_given_back_lets_the_next_one_through() -> None:
    claims = claimed(claimed({}, claim(Level.OPERATOR, OFF, "staff")), claim(Level.SUPERVISOR, ON, "boss"))
    assert wanted({LAMP: OFF}, claims) == {LAMP: ON}
    claims = relinquished(claims, LAMP, Level.SUPERVISOR)
    assert [c.by for c in claims[LAMP]] == ["staff"]
    assert relinquished(claims, LAMP, Level.OPERATOR) == {}


def test_with_the_phase_ends_what_people_wanted_in_it_and_nothing_else() -> None:
    claims = claimed(claimed({}, claim(Level.OPERATOR)), claim(Level.LOCKDOWN, OFF))
    claims = claimed(claims, Claim(HORN, Level.SUPERVISOR, OFF))
    after = phase_changed(claims, [LAMP])
    assert [c.level for c in after[LAMP]] == [Level.LOCKDOWN]
    assert HORN in after, "of another lot's device the word stands"


@given(st.lists(st.tuples(st.sampled_from(Level), st.booleans(), st.integers(0, 9)), min_size=1))
def test_the_order_in_which_words_come_never_matters(words: list[tuple[Level, bool, int]]) -> None:
    made = [Claim(LAMP, level, Want(on=on), "", "", at) for level, on, at in words]
    strongest = min(STRENGTH[c.level] for c in made)
    found, other = in_force(made), in_force(reversed(made))
    assert found is not None and other is not None
    assert STRENGTH[found.level] == strongest == STRENGTH[other.level]
    assert found.since_utc_ns == other.since_utc_ns == max(c.since_utc_ns for c in made if STRENGTH[c.level] == strongest)
