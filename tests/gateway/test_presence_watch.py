"""What does not fit one body, who stands where one walks, who sits where their part is over, who should not meet, who left unseen."""

from dataclasses import replace
from typing import Any

import pytest
from day_case import at as lot_at
from day_case import day, lot
from hypothesis import given
from hypothesis import strategies as st
from presence_case import T0, VENUE, WAYS, at, emptied, line, refused, sighting, through, walked

from gateway.core.presence.impossible import Impossible, jumps, two_places
from gateway.core.presence.state import Presence, seen
from gateway.core.presence.watch import CHECKOUT_GRACE_S, lingering, meetings, misplaced, unconfirmed
from gateway.core.presence.whereabouts import everybody
from venue_model.groups import Role
from venue_model.ids import LotId, PersonKey
from venue_model.lots import Phase
from venue_model.moments import S

EXP = PersonKey("exp-1")


def impossible(*told: dict[str, Any], walk_s: int = 2) -> list[Impossible]:
    """All jumps that are found while these lines arrive in this order."""
    presence, found = Presence(), []
    for one in map(sighting, told):
        presence = seen(presence, one, WAYS)
        row = presence.people.get(one.person, ()) if one.person else presence.strangers.get(one.credential, ())
        found += jumps(row, one, WAYS, walk_s)
    return found


# one person at two doors (I13)


def test_a_person_at_two_doors_sooner_than_anybody_walks_is_impossible() -> None:
    [found] = impossible(through(0, "intake-door", "exp-1"), through(2, "e1-door", "exp-1"))
    assert (found.code, found.first.door, found.second.door) == ("impossible-jump", "intake-door", "e1-door")
    assert "2000 ms from intake-door to e1-door" in found.detail


@pytest.mark.parametrize(("seconds", "found"), [(1.9, 1), (2.1, 0)])
def test_from_one_door_of_a_corridor_to_the_next_takes_two_seconds(seconds: float, found: int) -> None:
    assert len(impossible(through(0, "e2-door", "exp-1", "out"), through(seconds, "e1-door", "exp-1"))) == found


@pytest.mark.parametrize(("seconds", "found"), [(0.9, 1), (1.1, 0)])
def test_the_error_of_two_boards_clocks_counts_in_the_persons_favour(seconds: float, found: int) -> None:
    assert len(impossible(through(0, "gate", "exp-1"), through(seconds, "e1-door", "exp-1"))) == found


def test_a_refusal_is_presence_at_a_door() -> None:
    assert impossible(through(0, "e1-door", "exp-1"), refused(0.5, "o1-door", "exp-1"))


def test_a_card_that_nobody_holds_cannot_be_at_two_doors_within_a_second() -> None:
    two = refused(0, "o1-door", None, "PASS-UNKNOWN", "abcd1234"), refused(0.5, "o2-door", None, "PASS-UNKNOWN", "abcd1234")
    [found] = impossible(*two, walk_s=0)
    assert found.case.startswith("impossible-jump abcd1234 o1-door o2-door")
    assert not impossible(two[0], refused(0.5, "o2-door", None, "PASS-UNKNOWN", "ffff0000"), walk_s=0)


def test_twice_at_the_same_door_is_no_jump() -> None:
    assert impossible(refused(0, "e1-door", "exp-1"), through(0.1, "e1-door", "exp-1")) == []


THREE_DOORS_AND_A_LATER_ONE = [
    through(0, "intake-door", "exp-1"), through(1, "e1-door", "exp-1"), refused(1.5, "o1-door", "exp-1"), through(40, "gate", "exp-1"),
]  # fmt: skip


@given(st.permutations(THREE_DOORS_AND_A_LATER_ONE))
def test_the_same_jumps_are_found_in_whatever_order_the_boards_tell(told: list[dict[str, Any]]) -> None:
    pairs = {(f.first.door, f.second.door) for f in impossible(*told)}
    assert pairs == {("intake-door", "e1-door"), ("e1-door", "o1-door"), ("intake-door", "o1-door")}


# one person in two places (I13)


def places(*told: dict[str, Any]) -> list[tuple[str, str]]:
    return [(f.first.to, f.second.door) for f in two_places(walked(*told), EXP, WAYS)]


def test_who_is_inside_and_shows_up_elsewhere_without_ever_leaving_is_in_two_places() -> None:
    assert places(through(0, "e1-door", "exp-1"), through(300, "o1-door", "exp-1")) == [("e1", "o1-door")]
    assert places(through(0, "e1-door", "exp-1"), refused(300, "o1-door", "exp-1")) == [("e1", "o1-door")]


def test_a_nameless_exit_in_between_explains_it() -> None:
    assert places(through(0, "e1-door", "exp-1"), through(200, "e1-door", None, "out"), through(300, "o1-door", "exp-1")) == []


def test_so_does_a_room_that_was_counted_empty() -> None:
    assert places(through(0, "e1-door", "exp-1"), emptied(200, "e1"), through(300, "o1-door", "exp-1")) == []


def test_who_badged_out_may_go_anywhere() -> None:
    assert places(through(0, "o2-door", "exp-1"), through(200, "o2-door", "exp-1", "out"), through(300, "o1-door", "exp-1")) == []


def test_the_next_door_is_no_second_place() -> None:
    assert places(through(0, "gate", "exp-1"), refused(60, "e2-door", "exp-1"), through(90, "e1-door", "exp-1")) == []
    assert places(through(0, "gate", "exp-1"), through(300, "intake-door", "exp-1")) == [], "the corridor and the entrance adjoin"


def test_one_contradiction_is_found_once_for_each_stay() -> None:
    assert len(places(through(0, "e1-door", "exp-1"), refused(300, "o1-door", "exp-1"), refused(400, "o2-door", "exp-1"))) == 1


# lingering, misplaced


def test_who_stands_in_the_corridor_too_long_lingers_and_who_sits_in_a_room_does_not() -> None:
    known = everybody(walked(through(0, "gate", "exp-1"), through(0, "e1-door", "exp-2"), through(0, "gate", "sec-1", seq=2)))
    assert lingering(known, VENUE, at(600)) == []
    assert [w.person for w in lingering(known, VENUE, at(601))] == ["exp-1"], "not the guard, not who is in the room"
    assert lingering(known, replace(VENUE, linger_s=900), at(601)) == []


def test_who_may_have_left_the_corridor_does_not_linger() -> None:
    known = everybody(walked(through(0, "gate", "exp-1"), through(60, "wing-exit", None, "out")))
    assert lingering(known, VENUE, at(3600)) == []


def test_a_bidder_who_sits_on_after_the_opening_is_listed() -> None:
    known = everybody(walked(through(0, "o1-door", "bid-1")))
    assert misplaced(known, VENUE, day(lot_at(Phase.CHECK_IN))) == []
    assert [w.person for w in misplaced(known, VENUE, day(lot_at(Phase.OPENING_END)))] == ["bid-1"]
    assert misplaced(everybody(walked(through(0, "o1-door", "bid-1"), through(9, "o1-door", "bid-1", "out"))), VENUE, day()) == []


def test_an_expert_in_the_sealed_room_is_where_an_expert_belongs() -> None:
    known = everybody(walked(through(0, "e1-door", "exp-1")))
    assert misplaced(known, VENUE, day(lot_at(Phase.EVALUATION))) == []
    assert [w.person for w in misplaced(known, VENUE, day(lot_at(Phase.CHECK_IN)))] == ["exp-1"]


# people who must avoid each other (I14)

APART = replace(lot(), conflicts=((EXP, PersonKey("bid-1")),))


def test_two_who_must_avoid_each_other_and_are_both_here_are_found() -> None:
    presence = walked(through(0, "intake-door", "exp-1"), refused(60, "o1-door", "bid-1"))
    [met] = meetings(presence, [APART], T0)
    assert (met.lot, met.one.person, met.other.person) == ("L1", "exp-1", "bid-1")


def test_nobody_met_when_one_stayed_away_or_came_yesterday() -> None:
    assert meetings(walked(through(0, "intake-door", "exp-1"), through(1, "o1-door", "bid-2")), [APART], T0) == []
    assert meetings(walked(through(-86_400, "intake-door", "exp-1"), through(1, "o1-door", "bid-1")), [APART], T0) == []


# leaving after staff's word (I15)

CHECKOUT = replace(VENUE, profile=replace(VENUE.profile, checkout=(Role.AGT,)))
CAME, WENT = through(0, "o1-door", "agt-1"), through(600, "o1-door", "agt-1", "out")
LATE = at(600 + CHECKOUT_GRACE_S + 1)


def missing(*told: dict[str, Any], words: tuple[int, ...] = (), now: int = LATE) -> list[str]:
    confirmed = {(LotId("L1"), PersonKey("agt-1")): words}
    return [f"{s.person} {s.component}" for s in unconfirmed(walked(*told), CHECKOUT, confirmed, now)]


def test_an_agent_who_leaves_the_opening_without_staffs_word_is_told() -> None:
    assert missing(CAME, WENT) == ["agt-1 o1"]


@pytest.mark.parametrize(("word", "told"), [(-1, 1), (10, 0), (600 + CHECKOUT_GRACE_S, 0), (600 + CHECKOUT_GRACE_S + 1, 1)])
def test_staffs_word_counts_from_the_entry_until_a_minute_after(word: int, told: int) -> None:
    assert len(missing(CAME, WENT, words=(at(word),), now=LATE + 60 * S)) == told


def test_staff_have_a_minute_before_anything_is_said() -> None:
    assert missing(CAME, WENT, now=at(600 + CHECKOUT_GRACE_S)) == []


def test_who_is_still_inside_and_whose_role_goes_freely_are_not_asked_for() -> None:
    assert missing(CAME) == []
    assert missing(through(0, "o1-door", "bid-1"), through(600, "o1-door", "bid-1", "out")) == []


def test_a_departure_of_the_day_before_is_no_news() -> None:
    assert missing(CAME, WENT, now=LATE + 86_400 * S) == []


def test_an_agent_seen_elsewhere_has_left_the_opening_too() -> None:
    assert missing(CAME, through(590, "o1-door", None, "out"), through(600, "gate", "agt-1")) == ["agt-1 o1"]


def test_a_line_of_a_locker_is_a_sighting_in_its_room() -> None:
    told = line("locker", 300, 1, "gatehouse", "exp-1", "L1", locker="locker-1", act="bound")
    assert sighting(told).room == "intake"
    assert [(f.first.to, f.second.room) for f in two_places(walked(through(0, "e1-door", "exp-1"), told), EXP, WAYS)] == [("e1", "intake")]
