"""A device that comes and goes is no longer counted on; one that does not, always is."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.core.twin.flapping import CALM_S, MOST_CHANGES, WINDOW_S, Flap, Health, is_calm, released, restored, seen
from venue_model.moments import S

UTC = 1_800_000_000 * S


def told(*moments_s: int, flap: Flap = Flap()) -> Flap:
    """Goes off and on in turn at these moments."""
    for at_s in moments_s:
        health = Health.OFFLINE if flap.health is Health.OK else Health.OK
        flap = seen(flap, health, at_s * S, UTC + at_s * S)
    return flap


def test_three_outages_in_ten_minutes_are_enough() -> None:
    flap = told(0, *range(10, 10 * MOST_CHANGES, 10))
    assert not flap.quarantined
    flap = told(100, flap=flap)
    assert (flap.quarantined, flap.quarantined_utc_ns) == (True, UTC + 100 * S)


def test_a_mechanic_who_changes_a_device_and_tries_it_once_more_is_no_flapping() -> None:
    assert not told(0, 10, 20, 60, 70).quarantined


def test_outages_that_are_far_apart_do_not_add_up() -> None:
    assert not told(0, *range(WINDOW_S, 40 * WINDOW_S, WINDOW_S // 3)).quarantined


def test_what_is_heard_first_after_a_start_is_no_change() -> None:
    assert seen(Flap(), Health.OFFLINE, 5, 5).changes == ()


def test_an_hour_without_a_change_ends_it_if_the_device_is_well() -> None:
    flap = told(*range(0, 70, 10))
    assert flap.quarantined and flap.health is Health.OK
    assert not is_calm(flap, (60 + CALM_S) * S - 1)
    assert is_calm(flap, (60 + CALM_S) * S)
    dead = told(61, flap=flap)
    assert not is_calm(dead, (62 + 2 * CALM_S) * S)


def test_a_change_in_quarantine_begins_the_hour_anew() -> None:
    flap = told(1000, 1001, flap=told(*range(0, 70, 10)))
    assert not is_calm(flap, (1000 + CALM_S) * S)
    assert is_calm(flap, (1001 + CALM_S) * S)


def test_a_person_releases_it_and_the_count_begins_anew() -> None:
    flap = released(told(*range(0, 70, 10)))
    assert (flap.quarantined, flap.changes) == (False, ())


def test_quarantine_outlives_a_restart_and_the_hour_begins_anew() -> None:
    flap = seen(restored(UTC, 5 * S), Health.OK, 6 * S, UTC)
    assert flap.quarantined and not is_calm(flap, CALM_S * S) and is_calm(flap, (CALM_S + 5) * S)


@given(st.lists(st.integers(0, 1_000_000), min_size=1, max_size=200))
def test_a_device_that_never_changes_is_never_in_quarantine(moments: list[int]) -> None:
    flap = Flap()
    for at_s in sorted(moments):
        flap = seen(flap, Health.FAULT, at_s * S, UTC + at_s * S)
    assert not flap.quarantined


@given(st.lists(st.tuples(st.integers(1, 2_000), st.sampled_from(Health)), max_size=200))
def test_one_quarantine_begins_once_however_long_it_flaps_and_never_without_enough_changes(steps: list[tuple[int, Health]]) -> None:
    flap, at_s, began, changed = Flap(), 0, 0, []
    for after_s, health in steps:
        at_s += after_s
        before = flap
        flap = seen(flap, health, at_s * S, UTC + at_s * S)
        if before.health is not None and health is not before.health:
            changed.append(at_s)
        if flap.quarantined and not before.quarantined:
            began += 1
            assert len([moment for moment in changed if at_s - moment < WINDOW_S]) >= MOST_CHANGES
        assert not before.quarantined or flap.quarantined_utc_ns == before.quarantined_utc_ns
    assert began <= 1
