"""What one lot alone shows bounds what any number of lots can do; and rooms that differ by name only are folded without loss."""

import random
from dataclasses import replace

import pytest
from big import big_venue
from mistakes import COUNTY, edit, sight

from gateway.core.day import Day
from simulation.prover.days import LOT_A, Booking, Days, access_of, booked, choices, let_in, outcomes, pressed
from simulation.prover.symmetry import reduce_venue
from venue_model.groups import Role
from venue_model.ids import LotId, RoomId
from venue_model.load import load_venue
from venue_model.tools.files import shipped_profiles
from venue_model.venue import Venue
from venue_model.zones import Zone


def venue_of(text: str, profile: str = "classic") -> Venue:
    return load_venue(text.replace('profile = "classic"', f'profile = "{profile}"'), "venue.toml", shipped_profiles().get)


@pytest.mark.parametrize("profile", sorted(shipped_profiles()))
def test_no_day_of_many_lots_lets_a_group_in_that_no_day_of_one_lot_does(profile: str) -> None:
    venue = venue_of(sight(("o1", "o2")), profile)
    bound = {component: set(groups) for component, groups in Days(venue).admitted.items()}
    chance, seen = random.Random(profile), 0
    for _ in range(6):
        day = some_day(venue, chance)
        for component, access in access_of(venue, day).items():
            assert set(let_in(venue, component, access)) <= bound[component], (component, {lot: s.phase for lot, s in day.items()})
            seen += len(access.groups)
    assert seen > 0


def some_day(venue: Venue, chance: random.Random) -> Day:
    """Two to five lots on any rooms, after any presses that staff may make."""
    opening = [None, *(room.id for room in venue.rooms_of(Zone.OPENING))]
    evaluation = [room.id for room in venue.rooms_of(Zone.EVALUATION)]
    names = [LotId(letter) for letter in "ABCDE"[: chance.randint(2, 5)]]
    day: Day = {name: booked(Booking(chance.choice(opening), chance.choice(evaluation)), name) for name in names}
    for _ in range(20):
        lot = chance.choice(names)
        if may := choices(venue, day, lot)[0]:
            day = pressed(venue, day, lot, chance.choice(may))
    return day


def test_an_inquiry_may_get_any_pair_of_its_rooms() -> None:
    venue = big_venue(30)
    day: Day = {LOT_A: booked(Booking(venue.rooms_of(Zone.OPENING)[0].id, venue.rooms_of(Zone.EVALUATION)[0].id), LOT_A)}
    while not day[LOT_A].inquiry:
        scene = next(s for s in choices(venue, day, LOT_A)[0] if s.leads_to.value in ("P2", "P3", "P4", "P5", "P6", "P7", "P7i"))
        days = list(outcomes(venue, day, LOT_A, scene))
        day = days[0]
    assert {room for one in days for room in one[LOT_A].inquiry} == {room.id for room in venue.rooms_of(Zone.INQUIRY)}


def test_alike_rooms_and_alike_floors_are_folded_to_two() -> None:
    zones = [room.zone for room in reduce_venue(big_venue(240)).venue.rooms.values()]
    assert zones.count(Zone.CORRIDOR) == 2
    assert zones.count(Zone.EVALUATION) == 4
    assert reduce_venue(big_venue(240)).venue.rooms.keys() == reduce_venue(big_venue(60)).venue.rooms.keys()


def test_a_floor_that_differs_from_the_others_stays_for_itself() -> None:
    venue = big_venue(240)
    elsewhere = replace(venue.doors["gate5"], outside=RoomId("hall"))  # type: ignore[index]
    small = reduce_venue(replace(venue, doors={**venue.doors, elsewhere.id: elsewhere})).venue
    assert "gate5" in small.doors
    assert len(small.rooms_of(Zone.CORRIDOR)) == 3


@pytest.mark.parametrize(
    "text",
    [
        edit("door", "e2-door", ('lock = "fail_safe"', 'lock = "fail_secure"')),
        edit("device", "e2-reader", ('"e2-door"', '"e2-door"\nside = "inside"')),
        sight(("e1", "o1")),
        COUNTY.replace('number = "202"', 'number = "202"\nlimit = 7'),
    ],
    ids=["another lock", "another reader", "a window", "a limit"],
)
def test_a_room_that_differs_stays_for_itself(text: str) -> None:
    kinds = reduce_venue(venue_of(text)).room_kind
    assert kinds["e1"] != kinds["e2"]  # type: ignore[index]
    assert reduce_venue(venue_of(COUNTY)).room_kind["e2"] == "e1"  # type: ignore[index]


def test_a_group_that_a_profile_never_names_is_let_in_nowhere() -> None:
    assert not any(Role.DRW in groups for groups in Days(venue_of(COUNTY)).admitted.values())
