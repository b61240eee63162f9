"""A phone locker springs open when released, and keeps what was laid in."""

import random

from simulation.hardware.locker import VirtualLocker
from simulation.hardware.mechanics import MS, S


def released(locker: VirtualLocker, now_ns: int) -> None:
    """A pulse of half a second."""
    locker.drive("lock", True, now_ns)
    locker.drive("lock", False, now_ns + S // 2)


def test_a_locker_springs_open_after_the_bolt_has_travelled() -> None:
    locker = VirtualLocker(random.Random(1))
    locker.drive("lock", True, 0)
    assert locker.advance(29 * MS) == []
    edges = locker.advance(100 * MS)
    assert locker.is_open
    assert edges[-1].terminal == "contact" and edges[-1].active


def test_a_phone_goes_in_and_comes_out_only_through_an_open_door() -> None:
    locker = VirtualLocker(random.Random(1))
    assert locker.put(0) is False
    released(locker, 0)
    assert locker.put(1 * S) is True
    edges = locker.advance(4 * S)
    assert [e.active for e in edges if e.terminal == "phone"] == [True]
    assert not locker.is_open and edges[-1].active is False
    assert locker.take(5 * S) is False
    released(locker, 6 * S)
    assert locker.take(7 * S) is True
    assert locker.phone_inside is False


def test_a_second_phone_does_not_fit() -> None:
    locker = VirtualLocker(random.Random(1))
    released(locker, 0)
    assert locker.put(1 * S)
    released(locker, 5 * S)
    assert locker.put(6 * S) is False


def test_a_door_pushed_against_a_released_lock_springs_back_until_it_is_secured() -> None:
    locker = VirtualLocker(random.Random(1))
    locker.drive("lock", True, 0)
    assert locker.put(1 * S)
    locker.advance(10 * S)
    assert locker.is_open
    locker.drive("lock", False, 10 * S)
    locker.advance(11 * S)
    assert not locker.is_open


def test_fire_leaves_the_phones_where_they_are() -> None:
    locker = VirtualLocker(random.Random(1))
    locker.fire(True, 0)
    assert locker.advance(5 * S) == []
