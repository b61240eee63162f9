"""The book of rooms: who may have which room when, and why not."""

from dataclasses import replace

import pytest
from booking_case import COUNTY, RULES, at, book, booked, booking, of_lot, outage, tender
from passage_case import passage_house

from gateway.core.booking.acts import ask, cancel, confirm, move
from gateway.core.booking.book import Book, Booking, BookingSource, BookingState, OutageKind, Purpose
from gateway.core.booking.conflicts import against, conflicts
from gateway.core.booking.free import free_slots, rooms_instead
from gateway.core.booking.status import RoomStatus, room_statuses
from gateway.core.booking.told import lot_bookings, needs, still_to_come, told
from gateway.core.day import Refusal
from venue_model.ids import BoardId, DeviceId, LotId, RoomId
from venue_model.lots import Phase
from venue_model.venue import Device, DeviceKind, Name
from venue_model.zones import Zone

# the platform's bookings


def test_a_lot_holds_its_opening_room_from_the_preparation_and_its_evaluation_room_from_the_call() -> None:
    found = of_lot(book(lots=[tender("L1", 9)]), "L1")
    assert found[Purpose.OPENING].span == (at(8), at(9 + 25 / 60)) and found[Purpose.OPENING].confirmed
    assert found[Purpose.EVALUATION].span == (at(9 + 25 / 60), at(11.25)) and found[Purpose.EVALUATION].confirmed
    assert (found[Purpose.OPENING].people, found[Purpose.EVALUATION].people) == (4, 5)


@pytest.mark.parametrize("phase", [*Phase])
def test_a_lot_books_a_room_as_long_as_any_later_phase_uses_it(phase: Phase) -> None:
    held = {b.purpose for b in lot_bookings(COUNTY, booked(tender("L1", 9), phase, since=7), RULES)}
    assert held == {purpose for purpose in (Purpose.OPENING, Purpose.EVALUATION) if needs(phase, purpose)}


def test_a_failed_tender_leaves_its_evaluation_room_to_others() -> None:
    assert Phase.EVALUATION not in still_to_come(Phase.FAILED)
    before = book(lots=[tender("L1", 9), tender("L2", 9.5, opening="o2")])
    assert of_lot(before, "L2")[Purpose.EVALUATION].state is BookingState.ASKED
    failed = lot_bookings(COUNTY, booked(tender("L1", 9), Phase.FAILED, since=9.1), RULES)
    after = told(before.bookings, failed, frozenset({LotId("L1")}), RULES)
    assert after[of_lot(before, "L2")[Purpose.EVALUATION].id].confirmed


def test_who_came_first_keeps_the_room_and_the_second_gets_it_when_it_is_free() -> None:
    first = book(lots=[tender("L1", 9)])
    second = tender("L2", 9.5, evaluation="e2")
    planned = lot_bookings(COUNTY, booked(second), RULES)
    both = told(first.bookings, planned, frozenset({second.id}), RULES)
    waits = next(b for b in both.values() if b.lot == second.id and b.purpose is Purpose.OPENING)
    assert waits.state is BookingState.ASKED
    moved = lot_bookings(COUNTY, booked(replace(tender("L1", 9), opening_room=RoomId("o2"))), RULES)
    after = told(both, moved, frozenset({LotId("L1")}), RULES)
    assert after[waits.id].confirmed
    assert [b.state for b in after.values() if b.lot == "L1" and b.room == "o1"] == [BookingState.CANCELLED]


# conflicts, each with a way out

CONFLICTS = (
    ("room-twice", book(booking("b", "o1", 8.5, 10), lots=[tender("L1", 9)])),
    ("turn-around", book(booking("b", "o1", 7, 7.9, confirmed=True), lots=[tender("L1", 9)])),
    ("room-twice", book(lots=[tender("L1", 9), tender("L2", 9, evaluation="e2")])),
    ("out-of-order", book(outages=[outage("o1", 8, 9)], lots=[tender("L1", 9)])),
    ("out-of-order", book(outages=[outage("e1", 10, 20, OutageKind.FAULT)], lots=[tender("L1", 9)])),
    ("zone", book(booking("b", "e1", 8, 9, purpose=Purpose.OPENING))),
    ("zone", book(booking("b", "e1", 8, 9, purpose=Purpose.VISIT))),
)  # fmt: skip


@pytest.mark.parametrize(("code", "found"), CONFLICTS, ids=lambda value: value if isinstance(value, str) else "")
def test_a_conflict_says_why_and_what_to_do_in_both_languages(code: str, found: Book) -> None:
    told_ = [c for c in conflicts(found) if c.code == code]
    assert told_, [c.code for c in conflicts(found)]
    for words in (told_[0].why, told_[0].remedy):
        assert words.zh and words.en and words.zh != words.en


def test_a_quiet_day_has_no_conflicts() -> None:
    assert conflicts(book(booking("b", "o2", 9, 10), lots=[tender("L1", 9), tender("L2", 14, evaluation="e1")])) == ()


def test_what_staff_booked_gives_way_and_the_platforms_lot_is_moved_on_the_platform() -> None:
    [ours] = conflicts(book(booking("b", "o1", 8.5, 10), lots=[tender("L1", 9)]))
    assert "08:30的会议" in ours.remedy.zh
    theirs = next(c for c in conflicts(book(lots=[tender("L1", 9), tender("L2", 9.25, evaluation="e2")])) if c.code == "room-twice")
    assert "交易平台" in theirs.remedy.zh and "L2工程" in theirs.remedy.zh


def test_a_room_that_takes_twelve_people_does_not_take_a_lot_of_thirty() -> None:
    small = replace(COUNTY, rooms={**COUNTY.rooms, RoomId("o1"): replace(COUNTY.rooms[RoomId("o1")], limit=12)})
    [found] = conflicts(book(lots=[tender("L1", 9, bidders=29)], venue=small))
    assert found.code == "seats" and "12" in found.why.zh and "30" in found.why.zh


def test_a_camera_that_sees_into_two_rooms_records_one_booking_at_a_time() -> None:
    glazed = replace(COUNTY, sight=((RoomId("o1"), RoomId("o2")),))
    found = conflicts(book(lots=[tender("L1", 9), tender("L2", 9.1, opening="o2", evaluation="e2")], venue=glazed))
    assert "device-twice" in [c.code for c in found]
    assert conflicts(book(lots=[tender("L1", 9), tender("L2", 15, opening="o2", evaluation="e2")], venue=glazed)) == ()


def test_a_screen_that_two_bookings_want_besides_their_rooms_is_told() -> None:
    wall = DeviceId("hall-sign")
    wide = replace(
        COUNTY,
        devices={**COUNTY.devices, wall: Device(wall, DeviceKind.SIGN, RoomId("hall"), BoardId("opening"), Name("大屏", "wall"))},
    )
    two = book(booking("b", "o1", 9, 10, devices=(wall,)), booking("c", "o2", 9.5, 11, devices=(wall,)), venue=wide)
    [found] = conflicts(two)
    assert found.code == "device-twice" and "大屏" in found.why.zh


def test_rooms_that_see_each_other_cannot_hold_bidders_and_experts_at_once() -> None:
    glazed = replace(COUNTY, sight=((RoomId("o2"), RoomId("e1")),))
    found = [c for c in conflicts(book(lots=[tender("L1", 9), tender("L2", 10.5, "o2", "e2")], venue=glazed)) if c.code == "apart"]
    assert found and set(found[0].bookings) == {"L1.evaluation.e1", "L2.opening.o2"}


def test_a_passage_that_all_must_take_is_one_sides_at_a_time() -> None:
    """Experts of the first are called at 9:25, when bidders of the second sign in: both would go through the one passage."""
    house = passage_house()
    found = conflicts(book(lots=[tender("L1", 9), tender("L2", 9.75, "o2", "e2")], venue=house))
    assert [c.code for c in found if set(c.bookings) == {"L1.evaluation.e1", "L2.opening.o2"}] == ["apart"]
    assert conflicts(book(lots=[tender("L1", 9), tender("L2", 13, "o2", "e2")], venue=house)) == ()


def test_a_lot_that_overruns_is_told_to_whoever_is_due_next() -> None:
    found = conflicts(book(booking("b", "e1", 11.5, 12), lots=[tender("L1", 9)]), {RoomId("e1"): LotId("L1")}, at(11.4))
    assert [c.code for c in found] == ["overrun"] and "标段 L1 尚未结束" in found[0].why.zh


def test_only_what_holds_a_room_stands_against_a_confirmation() -> None:
    asked = booking("b", "o2", 9, 10)
    assert against(book(asked, booking("c", "o2", 9, 10)), asked) == ()
    assert [c.code for c in against(book(asked, booking("c", "o2", 9, 10, confirmed=True)), asked)] == ["room-twice"]


# where else


def test_free_rooms_leave_the_turn_around_and_have_the_seats() -> None:
    found = book(booking("b", "o1", 10, 11, confirmed=True), outages=[outage("o2", 0, 12)])
    slots = free_slots(found, Zone.OPENING, 0, (at(8), at(14)), 3600)
    assert [(s.room, s.from_utc_ns, s.to_utc_ns) for s in slots] == [
        ("o1", at(8), at(9.75)), ("o1", at(11.25), at(14)), ("o2", at(12), at(14)),
    ]  # fmt: skip
    assert free_slots(found, Zone.OPENING, 0, (at(8), at(14)), 4 * 3600) == ()


def test_a_room_offered_instead_is_one_that_would_be_given() -> None:
    wanted = booking("b", "o1", 9, 10)
    assert rooms_instead(book(lots=[tender("L1", 9)]), wanted) == (RoomId("o2"),)
    assert rooms_instead(book(booking("c", "o2", 8, 9.5, confirmed=True), lots=[tender("L1", 9)]), wanted) == ()


# what people may do


def test_the_platforms_booking_is_moved_on_the_platform_alone() -> None:
    found = book(lots=[tender("L1", 9)])
    mine = of_lot(found, "L1")[Purpose.OPENING]
    for refused in (
        move(COUNTY, found.bookings, mine.id, replace(mine, room=RoomId("o2")), at(0)), cancel(found.bookings, mine.id),
        confirm(found.bookings, mine.id, RULES, at(0)),
    ):  # fmt: skip
        assert isinstance(refused, Refusal) and refused.code == "platforms" and "交易平台" in refused.why.zh


REFUSED_ASKS = (
    ("unknown-room", booking("b", "o9", 9, 10)),
    ("not-bookable", booking("b", "wing", 9, 10)),
    ("not-bookable", booking("b", "hall", 9, 10)),
    ("length", booking("b", "o1", 9, 9.01)),
    ("length", booking("b", "o1", 10, 9)),
    ("past", booking("b", "o1", 6, 7)),
    ("far", booking("b", "o1", 24 * 500, 24 * 500 + 1)),
)


@pytest.mark.parametrize(("code", "wanted"), REFUSED_ASKS)
def test_a_booking_that_could_never_be_is_not_even_noted(code: str, wanted: Booking) -> None:
    refused = ask(COUNTY, {}, wanted, at(8))
    assert isinstance(refused, Refusal) and refused.code == code


def test_moving_lets_go_of_the_old_room_before_it_asks_for_the_new() -> None:
    held = book(booking("b", "o1", 9, 10, confirmed=True)).bookings
    moved = move(COUNTY, held, booking("b", "o1", 9, 10).id, booking("b", "o1", 9.5, 10.5), at(0))
    assert not isinstance(moved, Refusal)
    again = confirm(moved, booking("b", "o1", 9, 10).id, RULES, at(0))
    assert not isinstance(again, Refusal)
    assert [(b.span, b.confirmed) for b in again.values()] == [((at(9.5), at(10.5)), True)]


def test_a_cancelled_booking_is_gone_for_good() -> None:
    gone = cancel(book(booking("b", "o1", 9, 10)).bookings, booking("b", "o1", 9, 10).id)
    assert not isinstance(gone, Refusal)
    refused = confirm(gone, booking("b", "o1", 9, 10).id, RULES, at(0))
    assert isinstance(refused, Refusal) and refused.code == "unknown-booking"


# what the platform hears of a room

STATUSES = (
    (Phase.BOOKED, "o1", RoomStatus.FREE), (Phase.PREPARATION, "o1", RoomStatus.PREPARING), (Phase.CHECK_IN, "o1", RoomStatus.PREPARING),
    (Phase.OPENING, "o1", RoomStatus.OPENING), (Phase.OPENING_END, "o1", RoomStatus.OPENING), (Phase.INTAKE, "e1", RoomStatus.PREPARING),
    (Phase.EVALUATION, "e1", RoomStatus.SEALED), (Phase.REPORT_SIGNED, "e1", RoomStatus.EVALUATING), (Phase.CLOSED, "e1", RoomStatus.FREE),
)  # fmt: skip


@pytest.mark.parametrize(("phase", "room", "status"), STATUSES)
def test_a_rooms_status_follows_the_lot_in_it(phase: Phase, room: str, status: RoomStatus) -> None:
    day = {LotId("L1"): booked(tender("L1", 9), phase)}
    assert room_statuses(book(), day, {}, at(0))[RoomId(room)] is status


def test_a_room_is_booked_in_the_hours_of_its_booking_and_out_of_order_goes_before() -> None:
    found = book(booking("b", "o1", 9, 10, confirmed=True), outages=[outage("o2", 9, 10)])
    now = room_statuses(found, {}, {}, at(9.5))
    assert (now[RoomId("o1")], now[RoomId("o2")]) == (RoomStatus.BOOKED, RoomStatus.FAULT)
    assert room_statuses(found, {}, {COUNTY.component_of[RoomId("o2")]: True}, at(9.5))[RoomId("o2")] is RoomStatus.SEALED
    assert set(room_statuses(found, {}, {}, at(11)).values()) == {RoomStatus.FREE}


def test_the_source_of_a_booking_is_what_makes_it_the_platforms() -> None:
    assert {b.source for b in book(lots=[tender("L1", 9)]).bookings.values()} == {BookingSource.PLATFORM}
