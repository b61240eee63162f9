"""The calendar at work: what is kept over a restart, who gets a room that two want, and what the platform hears."""

import json
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from booking_case import booking
from day_case import lot
from fake_agents import Stage

from gateway.core.booking.book import Booking, BookingState, OutageKind, Purpose
from gateway.core.day import Refusal
from gateway.shell.booking_desk import BookingDesk, new_outage
from venue_model.ids import LotId, RoomId
from venue_model.moments import S

HOUR_NS = 3600 * S


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    found = Stage(tmp_path)
    found.open()
    yield found
    found.close()


def soon(stage: Stage, name: str, room: str, begin: float, end: float, **changes: Any) -> Booking:
    """Somebody's meeting, so many hours from now."""
    return replace(
        booking(name, room, 0, 0), from_utc_ns=stage.now.utc_ns + int(begin * HOUR_NS), to_utc_ns=stage.now.utc_ns + int(end * HOUR_NS),
        **changes,
    )  # fmt: skip


def made(found: Booking | Refusal) -> Booking:
    assert isinstance(found, Booking), found
    return found


def refused(found: object) -> str:
    assert isinstance(found, Refusal), found
    assert found.why.zh and found.why.en
    return found.code


def test_a_booking_outlives_a_restart(stage: Stage) -> None:
    stage.book(replace(lot(), opening_utc_ns=stage.now.utc_ns + 5 * HOUR_NS))
    desk = BookingDesk(stage.coordinator)
    held = made(desk.ask(soon(stage, "b", "o2", 1, 2, note="培训", devices=("o2-sign",)), stage.now, confirm=True))
    outage = desk.close_room(new_outage("q-bidders", OutageKind.FAULT, held.from_utc_ns, held.to_utc_ns, "漏水", "ji"), stage.now)
    before = dict(desk.book(stage.now).bookings)
    stage.restart()
    again = BookingDesk(stage.coordinator)
    assert again.bookings == before and again.outages == (outage,)
    assert again.book(stage.now).bookings == before


def test_of_two_who_want_one_room_the_second_is_told_who_has_it_and_what_else_to_do(stage: Stage) -> None:
    desk = BookingDesk(stage.coordinator)
    first, second = soon(stage, "a", "o1", 1, 3), soon(stage, "b", "o1", 2, 4)
    made(desk.ask(first, stage.now))
    made(desk.ask(second, stage.now))
    made(desk.confirm(first.id, "wang", stage.now))
    found = desk.confirm(second.id, "li", stage.now)
    assert refused(found) == "room-twice" and isinstance(found, Refusal) and "取消" in found.why.zh
    assert refused(desk.ask(soon(stage, "c", "o1", 2, 4), stage.now, confirm=True)) == "room-twice"
    assert "c" not in desk.bookings, "held at once, or not at all"
    made(desk.cancel(first.id, "wang", stage.now))
    made(desk.confirm(second.id, "li", stage.now))
    assert [line["act"] for line in stage.lines("booking")] == ["ask", "ask", "confirm", "cancel", "confirm"]


def test_a_confirmed_booking_moves_to_a_free_room_at_once_or_stays_where_it_is(stage: Stage) -> None:
    desk = BookingDesk(stage.coordinator)
    mine = made(desk.ask(soon(stage, "a", "o1", 1, 3), stage.now, confirm=True))
    made(desk.ask(soon(stage, "b", "o2", 1, 3), stage.now, confirm=True))
    assert refused(desk.move(mine.id, RoomId("o2"), *mine.span, "wang", stage.now)) == "room-twice"
    assert desk.bookings[mine.id] == mine
    later = made(desk.move(mine.id, RoomId("o1"), mine.from_utc_ns + HOUR_NS, mine.to_utc_ns + HOUR_NS, "wang", stage.now))
    assert later.confirmed and later.from_utc_ns == mine.from_utc_ns + HOUR_NS


def test_a_lot_that_comes_late_waits_for_the_room_and_gets_it_when_staff_let_go(stage: Stage) -> None:
    desk = BookingDesk(stage.coordinator)
    mine = made(desk.ask(soon(stage, "a", "o1", 1, 6), stage.now, confirm=True))
    stage.book(replace(lot(), opening_utc_ns=stage.now.utc_ns + 3 * HOUR_NS))
    opening = next(b for b in desk.book(stage.now).bookings.values() if b.lot == "L1" and b.purpose is Purpose.OPENING)
    assert opening.state is BookingState.ASKED
    assert [c.code for c in desk.conflicts(stage.now)] == ["room-twice"]
    made(desk.cancel(mine.id, "wang", stage.now))
    assert desk.bookings[opening.id].confirmed and desk.conflicts(stage.now) == ()


def test_a_room_change_by_the_platform_frees_the_old_room(stage: Stage) -> None:
    desk = BookingDesk(stage.coordinator)
    first = replace(lot(), opening_utc_ns=stage.now.utc_ns + 3 * HOUR_NS)
    stage.book(first)
    desk.book(stage.now)
    stage.book(replace(first, opening_room=RoomId("o2"), version=2))
    made(desk.ask(soon(stage, "a", "o1", 2, 3), stage.now, confirm=True))
    assert refused(desk.ask(soon(stage, "b", "o2", 2, 3), stage.now, confirm=True)) == "room-twice"


def test_a_room_out_of_order_is_not_given_and_what_stands_in_it_is_told(stage: Stage) -> None:
    desk = BookingDesk(stage.coordinator)
    stage.book(replace(lot(), opening_utc_ns=stage.now.utc_ns + 3 * HOUR_NS))
    outage = new_outage("o1", OutageKind.MAINTENANCE, stage.now.utc_ns, stage.now.utc_ns + 9 * HOUR_NS, "换灯", "ji")
    assert desk.close_room(outage, stage.now) == outage
    assert [c.code for c in desk.conflicts(stage.now)] == ["out-of-order"]
    assert refused(desk.ask(soon(stage, "a", "o1", 6, 7), stage.now, confirm=True)) == "out-of-order"
    assert desk.reopen(outage.id, "ji", stage.now) is None
    made(desk.ask(soon(stage, "a", "o1", 6, 7), stage.now, confirm=True))
    assert refused(desk.reopen(outage.id, "ji", stage.now)) == "unknown-outage"
    assert refused(desk.close_room(replace(outage, room=RoomId("hall")), stage.now)) == "not-bookable"
    assert refused(desk.close_room(replace(outage, to_utc_ns=stage.now.utc_ns), stage.now)) == "length"


def test_the_platform_hears_of_each_room_once_and_again_when_it_changes(stage: Stage) -> None:
    stage.book(replace(lot(), opening_utc_ns=stage.now.utc_ns + HOUR_NS))
    desk = BookingDesk(stage.coordinator)

    def told() -> list[tuple[str, str]]:
        rows = stage.db.execute("SELECT body_json FROM outbox WHERE kind = 'room_status' ORDER BY id").fetchall()
        return [(body["room"], body["status"]) for body in (json.loads(row[0]) for row in rows)]

    desk.tick(stage.now)
    first = told()
    assert ("o1", "booked") in first and ("o2", "free") in first and len(first) == len({room for room, _ in first})
    stage.press("opening_preparation")
    for s in (6, 12, 18):
        desk.tick(replace(stage.now, mono_ns=stage.now.mono_ns + s * S, utc_ns=stage.now.utc_ns + s * S))
    assert told()[len(first) :] == [("o1", "preparing")]
    BookingDesk(stage.coordinator).tick(stage.now)
    assert len(told()) == len(first) + 1, "a restart repeats nothing"


def test_an_unconfirmed_booking_goes_when_its_hour_has_passed(stage: Stage) -> None:
    desk = BookingDesk(stage.coordinator, lapse_s=600)
    mine = made(desk.ask(soon(stage, "a", "o1", 0.5, 2), stage.now))
    desk.tick(stage.now)
    assert desk.bookings[mine.id].active
    desk.tick(replace(stage.now, mono_ns=stage.now.mono_ns + 6 * S, utc_ns=mine.from_utc_ns + 601 * S))
    assert not desk.bookings[mine.id].active


@pytest.mark.parametrize(("code", "changes"), [
    ("unknown-lot", {"lot": LotId("L9")}), ("unknown-device", {"devices": ("no-such",)}), ("not-bookable", {"room": RoomId("wing")}),
])  # fmt: skip
def test_a_booking_of_what_is_not_there_or_everybodys_is_refused(stage: Stage, code: str, changes: dict[str, Any]) -> None:
    assert refused(BookingDesk(stage.coordinator).ask(replace(soon(stage, "a", "o1", 1, 2), **changes), stage.now)) == code


def test_a_second_program_on_the_same_database_cannot_book_a_held_room(stage: Stage) -> None:
    """The book of a program that knows nothing of the other's bookings: the database itself refuses."""
    one, other = BookingDesk(stage.coordinator), BookingDesk(stage.coordinator)
    made(one.ask(soon(stage, "a", "o1", 1, 2), stage.now, confirm=True))
    found = other.ask(soon(stage, "b", "o1", 1.5, 3), stage.now, confirm=True)
    assert refused(found) == "room-twice"
    assert other.bookings[soon(stage, "a", "o1", 1, 2).id].confirmed, "and has learned of it"
    assert not stage.db.conn.in_transaction  # type: ignore[union-attr]


def test_two_hundred_writers_at_once_leave_one_booking_in_the_room(stage: Stage) -> None:
    """Past all of our own code: 200 connections write confirmed bookings of one room and one hour."""
    insert = "INSERT INTO booking VALUES (?, 'o1', 1000, 2000, 'confirmed', 'staff', 'meeting', NULL, 0, '', '[]', 'wang')"

    def write(number: int) -> bool:
        with closing(sqlite3.connect(stage.folder / "venue.db", isolation_level=None, timeout=60)) as db:
            db.execute("PRAGMA synchronous=OFF")
            db.execute("BEGIN IMMEDIATE")
            try:
                db.execute(insert, (f"w{number}",))
            except sqlite3.IntegrityError:
                return False
            db.execute("COMMIT")
            return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(write, range(200))) == 1
