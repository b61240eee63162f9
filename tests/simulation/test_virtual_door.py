"""A virtual door behaves like metal: it takes time, it bounces, and it always lets out."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation.hardware.door import VirtualDoor
from simulation.hardware.mechanics import MS, Edge, S


def open_door(seed: int = 1, **options: bool | int | float) -> VirtualDoor:
    return VirtualDoor(random.Random(seed), **options)  # type: ignore[arg-type]


def of(edges: list[Edge], terminal: str) -> list[Edge]:
    return [edge for edge in edges if edge.terminal == terminal]


def test_a_shut_door_stays_shut_when_pulled() -> None:
    door = open_door()
    assert door.pull(0) is False
    assert door.advance(10 * S) == []


def test_a_strike_takes_thirty_to_eighty_milliseconds_to_let_go() -> None:
    for seed in range(50):
        door = open_door(seed)
        door.drive("strike", True, 0)
        assert door.pull(29 * MS) is False
        assert door.pull(80 * MS) is True


def test_a_strike_that_is_secured_holds_again_only_after_its_travel() -> None:
    door = open_door()
    door.drive("strike", True, 0)
    door.drive("strike", False, 1 * S)
    assert door.pull(1 * S + 29 * MS) is True
    door.advance(20 * S)
    assert door.pull(20 * S) is False


def test_a_contact_bounces_three_to_eight_edges_in_twenty_milliseconds() -> None:
    for seed in range(50):
        door = open_door(seed)
        door.force(0)
        edges = of(door.advance(20 * MS), "contact")
        assert 3 <= len(edges) <= 8
        assert edges[0].at_ns == 0 and edges[-1].active
        assert [e.active for e in edges] == [n % 2 == 0 for n in range(len(edges))]


@pytest.mark.parametrize("pace", [1.0, 0.1])
def test_the_closer_shuts_the_leaf_at_its_pace_and_the_latch_holds(pace: float) -> None:
    for seed in range(30):
        door = open_door(seed, pace=pace)
        door.force(0)
        shuts = [e.at_ns for e in of(door.advance(10 * S), "contact") if not e.active][-1]
        assert 1.5 * pace * S <= shuts <= 4 * pace * S + 20 * MS
        assert not door.is_open and door.pull(10 * S) is False


def test_a_propped_door_stays_open_until_the_wedge_is_gone() -> None:
    door = open_door()
    assert door.prop(True, 0) is False  # nothing to wedge yet
    door.force(0)
    assert door.prop(True, 1 * S) is True
    assert door.pull(2 * S) is True
    door.advance(600 * S)
    assert door.is_open
    door.prop(False, 600 * S)
    door.advance(605 * S)
    assert not door.is_open


def test_a_wedge_under_the_second_leaf_does_not_hold_the_first() -> None:
    door = open_door(leaves=2)
    door.force(0)
    assert door.pull(1 * S, leaf=2)
    assert door.pull(1 * S, leaf=2)
    while door.state(now := door.wake_ns(0) or 0)["open"] == [True, True]:
        door.advance(now)
    assert door.state(now)["open"] == [False, True]
    assert door.prop(True, now)
    door.push_exit(now + S)  # one leaf stands open already: the bar opens its own all the same
    assert door.state(now + S)["open"] == [True, True]
    door.advance(now + 60 * S)
    assert door.state(now + 60 * S)["open"] == [False, True]


def test_a_door_that_is_pulled_again_starts_to_close_anew() -> None:
    door = open_door()
    door.force(0)
    assert door.pull(1 * S) is True  # the leaf is away from its frame, the bolt holds nothing
    door.advance(int(2.4 * S))
    assert door.is_open


def test_the_second_leaf_opens_only_behind_the_first() -> None:
    door = open_door(leaves=2)
    door.drive("strike", True, 0)
    assert door.pull(1 * S, leaf=2) is False
    assert door.pull(1 * S) is True
    assert door.pull(1 * S, leaf=2) is True
    assert of(door.advance(2 * S), "contact2")[-1].active
    door.advance(10 * S)
    assert not door.is_open


def test_fire_drops_a_fail_safe_lock_and_leaves_a_fail_secure_one() -> None:
    safe, secure = open_door(fail_safe=True), open_door()
    for door in (safe, secure):
        door.fire(True, 0)
    assert safe.pull(80 * MS) is True
    assert secure.pull(80 * MS) is False
    safe.advance(20 * S)
    safe.fire(False, 20 * S)
    assert safe.pull(21 * S) is False


def test_the_exit_bar_is_told_while_it_is_pushed() -> None:
    door = open_door()
    door.push_exit(0)
    edges = of(door.advance(1 * S), "exit")
    assert edges[0] == Edge("exit", True, 0)
    assert edges[-1].active is False and 300 * MS <= edges[-1].at_ns <= 620 * MS


def test_a_seed_makes_the_same_door_again() -> None:
    def story() -> list[Edge]:
        door = open_door(7)
        door.push_exit(0)
        return door.advance(10 * S)

    assert story() == story()


ACTS: dict[str, Callable[[VirtualDoor, int], object]] = {
    "release": lambda door, now: door.drive("strike", True, now),
    "secure": lambda door, now: door.drive("strike", False, now),
    "fire": lambda door, now: door.fire(True, now),
    "fire over": lambda door, now: door.fire(False, now),
    "pull": lambda door, now: door.pull(now),
    "pull second": lambda door, now: len(door.inputs) == 3 and door.pull(now, leaf=2),
    "force": lambda door, now: door.force(now),
    "prop": lambda door, now: door.prop(True, now),
    "unprop": lambda door, now: door.prop(False, now),
    "exit": lambda door, now: door.push_exit(now),
    "wait": lambda door, now: None,
}
STORIES = st.lists(st.tuples(st.sampled_from(sorted(ACTS)), st.integers(0, 5_000)), max_size=30)


@given(STORIES, st.integers(0, 99), st.booleans(), st.integers(1, 2))
def test_a_door_always_lets_out(story: list[tuple[str, int]], seed: int, fail_safe: bool, leaves: int) -> None:
    door = open_door(seed, fail_safe=fail_safe, leaves=leaves)
    now_ms = 0
    for act, gap_ms in story:
        now_ms += gap_ms
        ACTS[act](door, now_ms * MS)
    door.advance(now_ms * MS)
    door.push_exit(now_ms * MS)
    assert door.state(now_ms * MS)["open"][0] is True  # type: ignore[index]
    door.advance((now_ms + 21) * MS)
    assert door.is_open


@given(STORIES, st.integers(0, 99), st.sampled_from([1.0, 0.002]))  # the quick closer shuts within the bounce
def test_the_lines_tell_in_order_what_the_leaf_did(story: list[tuple[str, int]], seed: int, pace: float) -> None:
    door = open_door(seed, pace=pace)
    now_ms, edges = 0, []
    for act, gap_ms in story:
        now_ms += gap_ms
        ACTS[act](door, now_ms * MS)
        edges += door.advance(now_ms * MS)
    edges += door.advance((now_ms + 60_000) * MS)
    contact = of(edges, "contact")
    assert (contact[-1].active if contact else False) == door.is_open
    assert [e.at_ns for e in edges] == sorted(e.at_ns for e in edges)
    assert [e.active for e in contact] == [n % 2 == 0 for n in range(len(contact))]


@given(STORIES)
def test_without_release_force_or_exit_a_shut_door_stays_shut(story: list[tuple[str, int]]) -> None:
    door = open_door()
    now_ms = 0
    for act, gap_ms in story:
        now_ms += gap_ms
        if act not in ("release", "force", "exit"):
            ACTS[act](door, now_ms * MS)
    assert door.advance(now_ms * MS) == []
