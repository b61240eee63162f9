"""Whatever people and the platform do to the book, in whatever order: a confirmed booking has its room to itself."""

from dataclasses import replace
from itertools import combinations

from booking_case import COUNTY, MIDNIGHT, RULES, booked, booking, tender
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.booking.acts import ask, cancel, confirm, move
from gateway.core.booking.book import Book, Booking, BookingId, Rules, touches
from gateway.core.booking.free import free_slots
from gateway.core.booking.told import lot_bookings, settled, told
from gateway.core.day import Refusal
from venue_model.ids import LotId, RoomId
from venue_model.lots import Phase
from venue_model.zones import Zone

ROOMS = st.sampled_from(["o1", "o2"])
HOURS = st.integers(0, 12).map(lambda half: 8 + half / 2)  # few, so that spans meet often
NAMES = st.sampled_from(["a", "b", "c", "d"])
LENGTHS = st.sampled_from([0.25, 1, 3])
ACTS = st.one_of(
    st.tuples(st.sampled_from(["ask", "hold", "move"]), NAMES, ROOMS, HOURS, LENGTHS),
    st.tuples(st.sampled_from(["confirm", "cancel"]), NAMES),
    st.tuples(st.just("tell"), st.sampled_from(["L1", "L2", "L3"]), ROOMS, HOURS, st.sampled_from([*Phase])),
    st.tuples(st.just("settle")),
)
Bookings = dict[BookingId, Booking]


def overlapping(bookings: Bookings, rules: Rules) -> list[tuple[str, str]]:
    held = [b for b in bookings.values() if b.confirmed]
    return [(a.id, b.id) for a, b in combinations(held, 2) if a.room == b.room and touches(a.span, b.span, rules.turn_around_s)]


def done(bookings: Bookings, act: tuple[object, ...], now_utc_ns: int) -> Bookings:
    match act:
        case ("ask", str(name), str(room), float() | int() as hour, float() | int() as length):
            after = ask(COUNTY, bookings, booking(name, room, hour, hour + length), now_utc_ns)
        case ("hold", *place):
            asked = done(bookings, ("ask", *place), now_utc_ns)
            after = confirm(asked, BookingId(str(place[0])), RULES, now_utc_ns)
        case ("move", str(name), str(room), float() | int() as hour, float() | int() as length):
            after = move(COUNTY, bookings, BookingId(name), booking(name, room, hour, hour + length), now_utc_ns)
        case ("confirm", str(name)):
            after = confirm(bookings, BookingId(name), RULES, now_utc_ns)
        case ("cancel", str(name)):
            after = cancel(bookings, BookingId(name))
        case ("tell", str(name), str(room), float() | int() as hour, Phase() as phase):
            lot = replace(tender(name, hour), opening_room=RoomId(room))
            planned = lot_bookings(COUNTY, booked(lot, phase, since=hour), RULES)
            after = told(bookings, planned, frozenset({LotId(name)}), RULES)
        case _:
            after = settled(bookings, RULES)
    return bookings if isinstance(after, Refusal) else after


@settings(max_examples=300, deadline=None)
@given(st.lists(ACTS, max_size=25))
def test_no_two_confirmed_bookings_of_one_room_ever_touch(acts: list[tuple[object, ...]]) -> None:
    bookings: Bookings = {}
    for act in acts:
        bookings = done(bookings, act, MIDNIGHT)
        assert overlapping(bookings, RULES) == [], act


@settings(max_examples=100, deadline=None)
@given(st.lists(ACTS, max_size=20), HOURS, LENGTHS)
def test_a_free_room_can_be_confirmed(acts: list[tuple[object, ...]], hour: float, length: float) -> None:
    bookings: Bookings = {}
    for act in acts:
        bookings = done(bookings, act, MIDNIGHT)
    wanted = booking("new", "o1", hour, hour + length)
    for slot in free_slots(Book(COUNTY, bookings), Zone.OPENING, 0, wanted.span, int(length * 3600)):
        asked = ask(COUNTY, bookings, replace(wanted, room=slot.room), MIDNIGHT)
        assert not isinstance(asked, Refusal)
        assert not isinstance(confirm(asked, wanted.id, RULES, MIDNIGHT), Refusal)


@settings(max_examples=100, deadline=None)
@given(st.lists(ACTS, max_size=20))
def test_the_platform_told_twice_changes_nothing_the_second_time(acts: list[tuple[object, ...]]) -> None:
    bookings: Bookings = {}
    for act in acts:
        once = done(bookings, act, MIDNIGHT)
        assert act[0] != "tell" or done(once, act, MIDNIGHT) == once
        bookings = once
