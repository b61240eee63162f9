"""The venues that ship with bidhall: they load clean, and each is fit to be copied."""

from collections import Counter
from importlib import resources
from pathlib import Path

import pytest

from venue_model.load import load_venue
from venue_model.tools.files import example, read_venue, shipped_profiles, venue_digest
from venue_model.venue import DeviceKind, Lock, Venue
from venue_model.zones import Zone

NAMES = sorted(f.name.removesuffix(".toml") for f in resources.files("venue_model.examples").iterdir() if f.name.endswith(".toml"))
HUNAN = read_venue(example("hunan_2016"))
OPENING_ROOMS, EVALUATION_ROOMS = HUNAN.rooms_of(Zone.OPENING), HUNAN.rooms_of(Zone.EVALUATION)


@pytest.fixture(params=NAMES)
def venue(request: pytest.FixtureRequest) -> Venue:
    return read_venue(example(request.param))


def test_all_three_are_there() -> None:
    assert NAMES == ["county_hall", "hunan_2016", "one_pi_branch"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("profile", ["classic", "agent-out", "zero-contact"])
def test_an_example_suits_every_profile(name: str, profile: str) -> None:
    text = example(name).read_text("utf-8").replace('profile = "classic"', f'profile = "{profile}"')
    assert load_venue(text, name, shipped_profiles().get).profile.id == profile


@pytest.mark.parametrize("name", NAMES)
def test_two_approvers_can_be_appended_to_an_example(name: str) -> None:
    table = '\n[[approver]]\nid = "{0}"\nrole = "{1}"\npublic_key = "' + "ab" * 32 + '"\n'
    more = table.format("zhang", "SUP") + table.format("li", "WIT")
    assert len(load_venue(example(name).read_text("utf-8") + more, name, shipped_profiles().get).approvers) == 2


def test_a_board_has_at_most_four_doors(venue: Venue) -> None:
    assert max(len(venue.doors_of_board(board)) for board in venue.boards) <= 4


def test_every_board_with_doors_hears_the_fire_contact(venue: Venue) -> None:
    for board in venue.boards:
        if venue.doors_of_board(board):
            assert [d for d in venue.devices_of_board(board) if d.kind is DeviceKind.FIRE_INPUT], board


def test_every_guarded_room_can_be_entered_with_a_pass(venue: Venue) -> None:
    read = {d.door for d in venue.devices.values() if d.kind is DeviceKind.READER}
    for room in venue.rooms:
        if not venue.is_open(room):
            assert [d for d in venue.doors.values() if d.inside == room and d.id in read], room


def test_every_room_where_people_decide_is_seen_by_two_cameras_and_has_a_sign(venue: Venue) -> None:
    for zone in (Zone.OPENING, Zone.EVALUATION):
        for room in venue.rooms_of(zone):
            assert len(venue.devices_in(room.id, DeviceKind.CAMERA)) == 2
            assert venue.devices_in(room.id, DeviceKind.SIGN)


def test_no_door_leads_straight_from_bidders_to_experts(venue: Venue) -> None:
    bidders = {Zone.OPENING, Zone.WAITING}
    experts = {Zone.INTAKE, Zone.CORRIDOR, Zone.EVALUATION, Zone.REST}
    for door in venue.doors.values():
        sides = {venue.rooms[door.outside].zone, venue.rooms[door.inside].zone}
        assert not (sides & bidders and sides & experts), door.id


def test_the_gates_board_has_the_lockers(venue: Venue) -> None:
    lockers = {d.board for d in venue.devices.values() if d.kind is DeviceKind.LOCKER}
    sides = {d: (venue.rooms[d.outside].zone, venue.rooms[d.inside].zone) for d in venue.doors.values()}
    gates = {d.board for d, zones in sides.items() if zones == (Zone.INTAKE, Zone.CORRIDOR)}
    assert lockers == gates, "a board knows only of its own lockers (I5)"


def test_locks_let_go_without_power(venue: Venue) -> None:
    assert {d.lock for d in venue.doors.values() if d.board} == {Lock.FAIL_SAFE}


# the reference venue


def test_the_reference_venue_has_the_rooms_of_the_source() -> None:
    zones = Counter(room.zone for room in HUNAN.rooms.values())
    assert (len(OPENING_ROOMS), len(EVALUATION_ROOMS)) == (16, 22)
    assert (zones[Zone.MONITOR], zones[Zone.DRAW], zones[Zone.INQUIRY]) == (1, 2, 6)
    assert "hall" in HUNAN.rooms


def test_an_inquiry_room_has_two_sides_that_no_door_joins() -> None:
    sides = [room.id for room in HUNAN.rooms_of(Zone.INQUIRY)]
    assert sides == ["qb1", "qb2", "qb3", "qe1", "qe2", "qe3"]
    assert not [d for d in HUNAN.doors.values() if d.outside in sides and d.inside in sides]
    assert len({HUNAN.component_of[room] for room in sides}) == 6


def test_every_room_of_the_reference_venue_has_two_cameras_a_sign_and_a_reader() -> None:
    read = {HUNAN.doors[d.door].inside for d in HUNAN.devices.values() if d.kind is DeviceKind.READER and d.door}
    for zone in (Zone.OPENING, Zone.EVALUATION, Zone.INQUIRY, Zone.DRAW, Zone.MONITOR):
        for room in HUNAN.rooms_of(zone):
            assert len(HUNAN.devices_in(room.id, DeviceKind.CAMERA)) == 2, room.id
            assert HUNAN.devices_in(room.id, DeviceKind.SIGN), room.id
            assert room.id in read, room.id


def test_there_is_a_locker_for_every_expert_of_22_committees() -> None:
    assert len([d for d in HUNAN.devices.values() if d.kind is DeviceKind.LOCKER]) >= 22 * 5


def test_no_recorder_has_more_than_16_cameras() -> None:
    cameras = Counter(d.board for d in HUNAN.devices.values() if d.kind is DeviceKind.CAMERA)
    assert max(cameras.values()) <= 16


def test_the_branch_needs_one_board_and_no_more_readers_than_two_lines_carry() -> None:
    branch = read_venue(example("one_pi_branch"))
    assert list(branch.boards) == ["pi"]
    assert len([d for d in branch.devices.values() if d.kind is DeviceKind.READER]) <= 8


def test_comments_do_not_change_what_a_venue_file_is(tmp_path: Path) -> None:
    copy = tmp_path / "copy.toml"
    copy.write_text("# another comment\n" + example("county_hall").read_text("utf-8"), "utf-8")
    assert venue_digest(copy) == venue_digest(example("county_hall"))
    copy.write_text(copy.read_text("utf-8").replace('"101"', '"100"'), "utf-8")
    assert venue_digest(copy) != venue_digest(example("county_hall"))
