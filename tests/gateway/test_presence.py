"""Who is where, from what the doors saw: in whatever order, however often, and as sure as it is."""

from typing import Any

from day_case import lot
from hypothesis import given
from hypothesis import strategies as st
from presence_case import VENUE, WAYS, at, emptied, line, refused, sighting, through, walked

from gateway.core.presence.sightings import sighting_of
from gateway.core.presence.state import Presence, arrived, forgotten, rebuilt, seen
from gateway.core.presence.whereabouts import Sure, everybody
from venue_model.ids import DoorId, PersonKey

EXP = PersonKey("exp-1")


def place(presence: Presence, person: str = "exp-1") -> tuple[str, Sure]:
    found = everybody(presence)[PersonKey(person)]
    return found.component, found.sure


def test_a_person_is_where_they_were_last_seen_to_go() -> None:
    presence = walked(through(0, "intake-door", "exp-1"), through(60, "gate", "exp-1"), through(90, "e1-door", "exp-1"))
    assert place(presence) == ("e1", Sure.INSIDE)
    assert everybody(presence)[EXP].since_utc_ns == at(90)


def test_a_line_that_comes_hours_late_does_not_move_anybody_back() -> None:
    presence = Presence()
    for told in (through(90, "e1-door", "exp-1"), through(0, "intake-door", "exp-1")):
        presence = seen(presence, sighting(told), WAYS)
    assert place(presence) == ("e1", Sure.INSIDE)


def test_who_badges_out_has_left() -> None:
    assert place(walked(through(0, "o1-door", "bid-1"), through(60, "o1-door", "bid-1", "out")), "bid-1") == ("", Sure.LEFT)


def test_after_a_nameless_exit_nobody_knows_which_of_them_is_still_there() -> None:
    presence = walked(through(0, "e1-door", "exp-1"), through(1, "e1-door", "exp-2"), through(60, "e1-door", None, "out"))
    assert (place(presence), place(presence, "exp-2")) == (("e1", Sure.UNKNOWN), ("e1", Sure.UNKNOWN))


def test_whoever_comes_in_after_a_nameless_exit_is_surely_inside() -> None:
    presence = walked(through(0, "e1-door", "exp-1"), through(60, "e1-door", None, "out"), through(61, "e1-door", "exp-2"))
    assert place(presence, "exp-2") == ("e1", Sure.INSIDE)


def test_a_nameless_exit_is_explained_by_the_one_who_is_then_seen_elsewhere() -> None:
    presence = walked(
        through(0, "e1-door", "exp-1"), through(1, "e1-door", "exp-2"), through(60, "e1-door", None, "out"),
        through(80, "gate", "exp-2", "out"),
    )  # fmt: skip
    assert (place(presence), place(presence, "exp-2")) == (("e1", Sure.INSIDE), ("intake", Sure.INSIDE))


def test_two_nameless_exits_and_one_person_seen_elsewhere_leave_one_in_doubt() -> None:
    presence = walked(
        through(0, "e1-door", "exp-1"), through(1, "e1-door", "exp-2"), through(60, "e1-door", None, "out"),
        through(61, "e1-door", None, "out"), through(80, "gate", "exp-2", "out"),
    )  # fmt: skip
    assert place(presence) == ("e1", Sure.UNKNOWN)


def test_a_forced_door_leaves_both_its_sides_in_doubt() -> None:
    presence = walked(through(0, "gate", "exp-1"), through(1, "e1-door", "exp-2"), through(9, "e1-door", None, "unknown"))
    assert (place(presence), place(presence, "exp-2")) == (("wing", Sure.UNKNOWN), ("e1", Sure.UNKNOWN))


def test_a_grant_whose_end_nobody_saw_leaves_the_room_in_doubt() -> None:
    unseen = line("alarm", 9, 9, "evaluation", code="unseen", door="e1-door")
    assert place(walked(through(0, "e1-door", "exp-1"), unseen)) == ("e1", Sure.UNKNOWN)


def test_a_refusal_and_a_strangers_passage_move_nobody() -> None:
    presence = walked(through(0, "gate", "exp-1"), refused(5, "e2-door", "exp-1"), through(6, "intake-door", None))
    assert place(presence) == ("wing", Sure.INSIDE)


def test_whom_staff_saw_outside_has_left_until_they_take_it_back() -> None:
    inside, ticked = through(0, "e1-door", "exp-1"), line("muster", 60, 1, "", "exp-1", outside=True)
    assert place(walked(inside, ticked)) == ("", Sure.LEFT)
    assert place(walked(inside, ticked, line("muster", 70, 2, "", "exp-1", outside=False))) == ("e1", Sure.INSIDE)


def test_who_came_in_before_the_doors_counted_nobody_is_counted_out_and_who_came_after_is_not() -> None:
    presence = walked(through(0, "e1-door", "exp-1"), emptied(60, "e1"), through(61, "e1-door", "exp-2"))
    assert (place(presence), place(presence, "exp-2")) == (("e1", Sure.COUNTED), ("e1", Sure.INSIDE))
    assert everybody(presence, at(30))[EXP].sure is Sure.INSIDE


def test_an_entry_of_before_that_is_told_after_the_count_is_counted_out_too() -> None:
    presence = seen(walked(emptied(60, "e1")), sighting(through(0, "e1-door", "exp-1")), WAYS)
    assert place(presence) == ("e1", Sure.COUNTED)


def test_the_past_can_be_asked_for() -> None:
    presence = walked(through(0, "e1-door", "exp-1"), through(60, "e1-door", "exp-1", "out"), through(90, "wing-exit", None, "out"))
    assert everybody(presence, at(30))[EXP].component == "e1"
    assert everybody(presence, at(30))[EXP].sure is Sure.INSIDE


def test_arrivals_are_counted_by_role_and_for_one_lot() -> None:
    presence = walked(
        through(0, "gate", "exp-1"), through(1, "gate", "exp-2"), through(2, "o1-door", "bid-1"), through(3, "o1-door", "bid-2", lot="L2")
    )
    assert arrived(presence, lot("L1")) == {"BID": 1, "EXP": 2}
    assert arrived(presence, lot("L9")) == {}


def test_a_role_that_this_program_does_not_know_still_moves_the_person() -> None:
    told = through(0, "gate", "exp-1")
    told["body"]["group"] = "ALIEN"
    found = everybody(walked(told))[EXP]
    assert (found.component, found.group) == ("wing", None)


def test_what_is_forgotten_does_not_come_back() -> None:
    old = through(0, "e1-door", "exp-1")
    presence = forgotten(walked(old, through(60, "gate", "exp-2")), at(30))
    assert presence.people.keys() == {"exp-2"}
    assert seen(presence, sighting(old), WAYS) is presence


# always

DOORS = [d.id for d in VENUE.doors.values() if d.board]
PEOPLE = ["exp-1", "exp-2", "bid-1"]
passages = st.builds(
    through, st.integers(0, 40), st.sampled_from(DOORS), st.sampled_from([*PEOPLE, None]), st.sampled_from(["in", "out", "unknown"]),
    seq=st.integers(1, 3),
)  # fmt: skip
counts = st.builds(emptied, st.integers(0, 40), st.sampled_from(sorted(VENUE.components)))
marks = st.builds(
    lambda s, person, outside: line("muster", s, s + 1, "", person, outside=outside),
    st.integers(0, 40), st.sampled_from(PEOPLE), st.booleans(),
)  # fmt: skip
lines = passages | marks | counts


def unique(told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A board numbers each line once."""
    return list({(t["agent"], t["seq"], t["utc_ns"]): t for t in told}.values())


@given(st.lists(lines, max_size=12).map(unique), st.data())
def test_living_through_it_in_any_order_and_twice_is_the_same_as_reading_the_journal(told: list[Any], data: st.DataObject) -> None:
    twice = data.draw(st.lists(st.sampled_from(told), max_size=4)) if told else []
    heard = data.draw(st.permutations(told + twice))
    presence = Presence()
    for one in heard:
        presence = seen(presence, sighting(one), WAYS)
    again = rebuilt((sighting(one) for one in told), WAYS)
    assert presence == again
    assert everybody(presence) == everybody(again)


@given(st.lists(lines, max_size=12).map(unique))
def test_nobody_is_in_two_places_and_nobody_is_sure_after_leaving(told: list[dict[str, Any]]) -> None:
    presence = walked(*told)
    for person, stays in presence.stays.items():
        assert all(stay.ended is not None for stay in stays[:-1])
        found = everybody(presence).get(person)
        if found is not None:
            assert (found.component == "") == (found.sure is Sure.LEFT)
            open_stay = stays[-1] if stays and stays[-1].ended is None else None
            assert found.component == (open_stay.component if open_stay else "")


keys = st.sampled_from(["person", "door", "from", "to", "direction", "group", "lot", "device", "code"])
values = st.none() | st.integers() | st.text() | st.lists(st.integers(), max_size=1)


@given(st.dictionaries(keys, values))
def test_no_body_of_a_line_upsets_it(body: dict[str, Any]) -> None:
    for kind in ("passage", "refusal", "grant", "alarm", "locker", "muster", "x"):
        found = sighting_of({"agent": "gatehouse", "seq": 1, "utc_ns": 1, "kind": kind, "body": body}, WAYS)
        if found is not None:
            everybody(seen(Presence(), found, WAYS))


# the ways between doors


def test_doors_of_one_room_are_one_way_apart_and_those_beyond_the_next_door_two() -> None:
    def apart(one: str, other: str) -> int | None:
        return WAYS.apart((one, str(VENUE.doors[DoorId(one)].inside)), (other, str(VENUE.doors[DoorId(other)].inside)))

    assert (apart("e1-door", "e1-door"), apart("e1-door", "e2-door"), apart("intake-door", "e1-door")) == (0, 1, 2)
    assert apart("o1-door", "e1-door") == 3, "hall, street, corridor"
    assert WAYS.apart(("no-door", ""), ("gate", "wing")) is None
