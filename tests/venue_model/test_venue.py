"""Rooms joined by sight are one separation domain; doors stand on its border; people can get out."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venue_model.ids import RoomId, is_id
from venue_model.load import load_venue
from venue_model.tools.files import example, read_venue, shipped_profiles
from venue_model.venue import DeviceKind, Lock, Venue
from venue_model.zones import Zone

COUNTY = read_venue(example("county_hall"))


def with_sight(*pairs: tuple[str, str]) -> Venue:
    text = example("county_hall").read_text("utf-8")
    listed = ", ".join(f'["{a}", "{b}"]' for a, b in pairs)
    return load_venue(text.replace("sight = []", f"sight = [{listed}]"), "county_hall.toml", shipped_profiles().get)


def test_each_guarded_room_is_a_domain_of_its_own_until_sight_joins_it() -> None:
    assert COUNTY.component_of[RoomId("e1")] != COUNTY.component_of[RoomId("e2")]
    joined = with_sight(("e1", "e2"))
    assert joined.component_of[RoomId("e1")] == joined.component_of[RoomId("e2")] == "e1"
    assert joined.components["e1"] == ("e1", "e2")  # type: ignore[index]


def test_open_rooms_belong_to_no_domain_and_join_none() -> None:
    assert {"hall", "waiting", "street", "office"}.isdisjoint(COUNTY.component_of)
    through_hall = with_sight(("o1", "hall"), ("hall", "o2"))
    assert through_hall.component_of[RoomId("o1")] != through_hall.component_of[RoomId("o2")]


def test_a_passage_without_a_lock_joins_what_it_connects() -> None:
    text = example("county_hall").read_text("utf-8")
    old = 'outside = "wing"\ninside = "e1"\nlock = "fail_safe"\nboard = "evaluation"'
    assert old in text
    venue = load_venue(text.replace(old, 'outside = "wing"\ninside = "e1"\nlock = "none"').replace(
        '[[device]]\nid = "e1-reader"\nkind = "reader"\ndoor = "e1-door"\nname = { zh = "201读卡器", en = "reader 201" }\n', ""
    ), "v", shipped_profiles().get)  # fmt: skip
    assert venue.component_of[RoomId("e1")] == venue.component_of[RoomId("wing")]
    assert venue.zones_of(venue.component_of[RoomId("e1")]) == (Zone.CORRIDOR, Zone.EVALUATION)


def test_a_door_guards_the_domains_on_both_of_its_sides_and_none_within() -> None:
    wing = COUNTY.component_of[RoomId("wing")]
    assert {d.id for d in COUNTY.doors_of(wing)} == {"gate", "e1-door", "e2-door", "q-experts-door", "wing-exit"}
    inner = with_sight(("wing", "e1"))
    assert "e1-door" not in {d.id for d in inner.doors_of(inner.component_of[RoomId("wing")])}


def test_a_doors_lines_are_named_after_it() -> None:
    door = COUNTY.doors["gate"]  # type: ignore[index]
    assert (door.strike, door.contact, door.exit_button) == ("gate.strike", "gate.contact", "gate.exit")


def test_look_ups_keep_to_file_order() -> None:
    assert [room.id for room in COUNTY.rooms_of(Zone.OPENING)] == ["o1", "o2"]
    assert [d.id for d in COUNTY.devices_in(RoomId("o1"), DeviceKind.CAMERA)] == ["o1-near", "o1-far"]
    assert {d.id for d in COUNTY.doors_of_board("gatehouse")} == {"intake-door", "gate"}  # type: ignore[arg-type]
    assert "locker-6" in {d.id for d in COUNTY.devices_of_board("gatehouse")}  # type: ignore[arg-type]


ROOMS = sorted(COUNTY.rooms)


@given(st.lists(st.sampled_from(list(combinations(ROOMS, 2))), max_size=8))
def test_domains_are_a_partition_whatever_sees_what(pairs: list[tuple[str, str]]) -> None:
    venue = with_sight(*pairs)
    listed = [room for rooms in venue.components.values() for room in rooms]
    assert sorted(listed) == sorted(venue.component_of)
    assert all(venue.component_of[room] == component for component, rooms in venue.components.items() for room in rooms)
    for one, other in pairs:
        if not venue.is_open(RoomId(one)) and not venue.is_open(RoomId(other)):
            assert venue.component_of[RoomId(one)] == venue.component_of[RoomId(other)]
    for door in venue.doors.values():  # a locked door is on a border exactly when its sides are of two domains
        sides = {venue.component_of.get(door.outside), venue.component_of.get(door.inside)}
        bordering = {c for c in venue.components if door in venue.doors_of(c)}
        assert bordering == ({c for c in sides if c} if door.lock is not Lock.NONE and len(sides) == 2 else set())


@pytest.mark.parametrize(
    ("text", "ok"), [("z6-2.in", True), ("A" * 64, True), ("A" * 65, False), ("a b", False), ("..", False), ("房", False), ("a\n", False)]
)
def test_an_id_is_safe_in_a_topic_and_in_a_path(text: str, ok: bool) -> None:
    assert is_id(text) is ok
