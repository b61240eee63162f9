"""A venue file either builds a venue, or every fault in it is told at once with file, place and remedy."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from venue_model.load import Problem, VenueError, load_venue
from venue_model.tools.files import example, shipped_profiles
from venue_model.venue import DeviceKind, Lock, Side, Venue
from venue_model.zones import Zone

COUNTY = example("county_hall").read_text("utf-8")
SMALL = """
schema = 1
[venue]
id = "small"
name = { zh = "小", en = "small" }
profile = "classic"
[[room]]
id = "street"
zone = "Z0"
name = { zh = "室外", en = "street" }
[[room]]
id = "o1"
zone = "Z1"
name = { zh = "开标室", en = "opening room" }
[[board]]
id = "b"
room = "o1"
name = { zh = "板", en = "board" }
[[door]]
id = "d"
outside = "street"
inside = "o1"
lock = "fail_safe"
board = "b"
name = { zh = "门", en = "door" }
"""
READER = """
[[device]]
id = "r"
kind = "reader"
door = "d"
name = { zh = "读卡器", en = "reader" }
"""


def load(text: str) -> Venue:
    return load_venue(text, "v.toml", shipped_profiles().get)


def problems(text: str) -> tuple[Problem, ...]:
    with pytest.raises(VenueError) as caught:
        load(text)
    return caught.value.problems


def test_the_county_example_is_read_whole() -> None:
    venue = load(COUNTY)
    assert (len(venue.rooms), len(venue.doors), len(venue.boards)) == (13, 13, 5)
    assert venue.doors["e1-door"].lock is Lock.FAIL_SAFE  # type: ignore[index]
    assert venue.rooms["wing"].zone is Zone.CORRIDOR  # type: ignore[index]
    assert len([d for d in venue.devices.values() if d.kind is DeviceKind.CAMERA]) == 11


def test_a_device_at_a_door_stands_on_its_side_and_hangs_on_its_board() -> None:
    outside = load(SMALL + READER).devices["r"]  # type: ignore[index]
    inside = load(SMALL + READER + 'side = "inside"\n').devices["r"]  # type: ignore[index]
    assert (outside.room, outside.board, outside.side) == ("street", "b", Side.OUTSIDE)
    assert (inside.room, inside.board, inside.side) == ("o1", "b", Side.INSIDE)


@pytest.mark.parametrize(
    ("old", "new", "place", "fault", "remedy"),
    [
        ("schema = 1", "schema = 2", "schema", "version 2 is not known", "write schema = 1"),
        ('profile = "classic"', 'profile = "loose"', "venue.profile", "there is no profile 'loose'", "zero-contact"),
        ('inside = "o1"', 'inside = "o9"', 'door "d"', 'inside "o9" is not defined', "rooms of this venue: street, o1"),
        ('board = "b"', 'board = "c"', 'door "d"', 'board "c" is not defined', "boards of this venue: b"),
        ('board = "b"\n', "", 'door "d"', "it has a lock but no board", "name the one board"),
        ('lock = "fail_safe"', 'lock = "none"', 'door "d"', 'it has no lock but names board "b"', "remove the board"),
        ('outside = "street"', 'outside = "o1"', 'door "d"', "both sides are the same room", "name the room on each side"),
        ('zone = "Z1"', 'zone = "Z99"', 'room "o1": zone', "Input should be", "write one of 'Z0'"),
        ('zone = "Z1"\n', "", 'room "o1": zone', "Field required", "add it"),
        ('zone = "Z1"', 'zone = "Z1"\nsize = 3', 'room "o1": size', "Unexpected keyword argument", "mend its spelling"),
        ('id = "o1"', 'id = "o/1"', 'room "o/1"', "characters that topics and paths cannot carry", "use A-Z"),
        ('id = "o1"', 'id = "street"', 'room "street"', "the id is used twice", "rename one"),
        ('zone = "Z0"', 'zone = "Z1"', "room", "no room of zone Z0 leads into the open", "add the public hall"),
        ('board = "b"', 'board = "b"\nescape = false', 'room "o1"', "nobody can get out of it", "add an escape door"),
        ('board = "b"', 'board = "b"\npull_s = 0', 'door "d"', "pull_s = 0 is out of range", "1 to 60"),
        ("schema = 1", 'schema = 1\nsight = [["o1", "ox"]]', "sight [o1, ox]", 'room "ox" is not defined', "rooms of this venue"),
        ("[venue]", "[venue", "file", "not TOML", "mend the line"),
    ],
)
def test_a_fault_names_file_place_and_remedy(old: str, new: str, place: str, fault: str, remedy: str) -> None:
    assert old in SMALL
    text = SMALL.replace(old, new, 1)
    found = [p for p in problems(text) if p.place == place and fault in p.fault and remedy in p.remedy]
    assert found, "\n".join(map(str, problems(text)))
    assert str(found[0]).startswith(f"v.toml: {place}: ")


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('door = "d"', 'door = "dx"', 'door "dx" is not defined'),
        ('door = "d"', 'door = "d"\nboard = "b2"', 'board "b2" is not the board of door "d"'),
        ('door = "d"', 'room = "o1"', "it has no board"),
        ('door = "d"', 'board = "b"', "it has no room"),
        ('kind = "reader"', 'kind = "laser"', "Input should be"),
    ],
)
def test_a_misplaced_device_is_told(old: str, new: str, fault: str) -> None:
    found = problems(SMALL + READER.replace(old, new, 1))
    assert [p for p in found if p.place.startswith('device "r"') and fault in p.fault], found


def test_a_device_cannot_open_a_door_without_a_lock() -> None:
    free = SMALL.replace('lock = "fail_safe"\nboard = "b"', 'lock = "none"')
    assert any('door "d" has no lock to open' in p.fault for p in problems(free + READER))


def test_an_approver_needs_a_real_key() -> None:
    text = SMALL + '[[approver]]\nid = "zhang"\nrole = "SUP"\npublic_key = "abc"\n'
    assert [(p.place, p.remedy) for p in problems(text)] == [('approver "zhang"', "write 64 lower-case hex digits")]


def test_all_faults_are_told_at_once() -> None:
    text = SMALL.replace('inside = "o1"', 'inside = "o9"').replace('"classic"', '"x"').replace("schema = 1", "schema = 7")
    assert {p.place for p in problems(text)} >= {"schema", "venue.profile", 'door "d"'}


@given(st.text(max_size=300))
def test_no_text_does_more_than_say_what_is_wrong(text: str) -> None:
    try:
        load(text)
    except VenueError as error:
        assert error.problems
        assert str(error).count("v.toml: ") >= 1


@settings(max_examples=60)
@given(st.randoms(use_true_random=False))
def test_no_damage_to_a_real_file_does_more_than_say_what_is_wrong(chance: random.Random) -> None:
    lines = COUNTY.splitlines()
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(lines))
        match chance.randrange(4):
            case 0:
                del lines[at]
            case 1:
                lines[at] = lines[chance.randrange(len(lines))]
            case 2:
                key = lines[at].partition("=")[0]
                lines[at] = f"{key}= {chance.choice(['3', '[]', '{}', 'true', '1e999', '-1', '[[1]]', chr(34) * 2])}"
            case _:
                cut = chance.randrange(len(lines[at]) + 1)
                lines[at] = lines[at][:cut] + chance.choice('"=[]{}x\x00') + lines[at][cut:]
    try:
        venue = load("\n".join(lines))
    except VenueError as error:
        assert all(p.source == "v.toml" and p.place and p.fault and p.remedy for p in error.problems)
    else:
        assert venue.components  # still a venue whose domains can be told


@pytest.mark.parametrize(
    ("old", "new", "place", "word"),
    [
        ('zone = "Z1"', 'zone = "Z1"\noutdoor = true', 'room "o1"', "outdoor"),
        ('zone = "Z1"', 'zone = "Z1"\nserves = "parties"', 'room "o1"', "serves"),
        ('zone = "Z1"', 'zone = "Z1"\nlimit = 0', 'room "o1"', "limit = 0"),
        ('profile = "classic"', 'profile = "classic"\ncurfew = "25:00"', "venue.curfew", "25:00"),
        ("schema = 1", 'schema = 1\ninterlock = [["d", "d"]]', "interlock [d, d]", "itself"),
        ("schema = 1", 'schema = 1\ninterlock = [["d", "nowhere"]]', "interlock [d, nowhere]", "nowhere"),
    ],
)
def test_a_fact_that_cannot_be_is_told_with_its_place(old: str, new: str, place: str, word: str) -> None:
    [problem] = problems(SMALL.replace(old, new))
    assert problem.place == place and word in problem.fault


def test_a_pair_of_doors_that_wait_for_each_other_hangs_on_one_board() -> None:
    second = SMALL[SMALL.index("[[board]]") :].replace('id = "b"', 'id = "b2"').replace('id = "d"', 'id = "d2"').replace('"b"', '"b2"')
    text = SMALL.replace("schema = 1", 'schema = 1\ninterlock = [["d", "d2"]]') + second
    [problem] = problems(text)
    assert problem.remedy == "give both doors to one board"
    assert load(text.replace('board = "b2"', 'board = "b"')).interlocks == (("d", "d2"),)
