"""What waits for the platform."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlite_utils
from hypothesis import given
from hypothesis import strategies as st

from gateway.shell.database import open_database
from gateway.trading.base import ItemKind
from gateway.trading.outbox import BACKOFF_BASE_NS, BACKOFF_CAP_NS, Counts, Outbox, next_attempt_ns
from venue_model.moments import S

T0 = 1_800_000_000 * S


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite_utils.Database]:
    database = open_database(tmp_path / "venue.db")
    yield database
    database.close()


def put(outbox: Outbox, *keys: str, at: int = T0) -> None:
    for key in keys:
        outbox.put(ItemKind.ARRIVAL, key, {"project": "P1"}, at)


def due(outbox: Outbox, at: int = T0) -> list[str]:
    return [item.key for item in outbox.due(at)]


def test_the_same_key_twice_is_one_item(db: sqlite_utils.Database) -> None:
    outbox = Outbox(db)
    assert outbox.put(ItemKind.ARRIVAL, "a", {"project": "P1"}, T0)
    assert not outbox.put(ItemKind.ARRIVAL, "a", {"project": "P2"}, T0)
    assert [(item.key, item.body) for item in outbox.due(T0)] == [("a", {"project": "P1"})]


def test_an_item_of_a_transaction_that_fails_was_never_put(db: sqlite_utils.Database) -> None:
    outbox = Outbox(db)
    with pytest.raises(ZeroDivisionError), db.atomic():
        put(outbox, "a")
        raise ZeroDivisionError
    assert due(outbox) == []


def test_waiting_items_survive_a_restart_in_their_order(tmp_path: Path) -> None:
    db = open_database(tmp_path / "venue.db")
    put(Outbox(db), "b", "a", "c")
    db.close()
    db = open_database(tmp_path / "venue.db")
    assert due(Outbox(db)) == ["b", "a", "c"]
    db.close()


def test_a_new_item_does_not_overtake_one_that_is_backing_off(db: sqlite_utils.Database) -> None:
    outbox = Outbox(db, rand=lambda: 0.0)
    put(outbox, "a", "b")
    outbox.mark_failed(["a", "b"], "nobody there", T0)
    put(outbox, "c")
    assert due(outbox) == []
    assert due(outbox, T0 + BACKOFF_BASE_NS) == ["a", "b", "c"]


def test_sent_items_do_not_come_again(db: sqlite_utils.Database) -> None:
    outbox = Outbox(db)
    put(outbox, "a", "b")
    outbox.mark_sent(["a"])
    put(outbox, "a")
    assert due(outbox) == ["b"]


def test_a_dead_letter_blocks_nobody_and_can_be_sent_again_in_its_place(db: sqlite_utils.Database) -> None:
    outbox = Outbox(db)
    put(outbox, "a", "b")
    outbox.mark_dead("a", "lot unknown")
    assert due(outbox) == ["b"]
    assert outbox.counts() == Counts(waiting=1, dead=1, oldest_utc_ns=T0)
    assert [(letter.item.key, letter.attempts, letter.why) for letter in outbox.dead()] == [("a", 1, "lot unknown")]
    assert not outbox.resend("b", T0)
    assert outbox.resend("a", T0)
    assert [item.key for item in outbox.due_apart(T0)] == ["a"]
    assert outbox.counts() == Counts(waiting=2, dead=0, apart=1, oldest_utc_ns=T0)


def test_a_clock_set_back_by_hours_does_not_stop_the_outbox(db: sqlite_utils.Database) -> None:
    outbox = Outbox(db)
    put(outbox, "a")
    outbox.mark_failed(["a"], "nobody there", T0)
    assert due(outbox, T0 - 2 * 3_600 * S) == ["a"]


@given(st.integers(1, 10**6), st.floats(0, 1, exclude_max=True))
def test_waits_grow_and_never_leave_their_bounds(attempts: int, rand: float) -> None:
    wait_ns = next_attempt_ns(attempts, rand)
    assert BACKOFF_BASE_NS <= wait_ns <= BACKOFF_CAP_NS
    assert wait_ns <= next_attempt_ns(attempts + 1, rand)
