"""What a board is told once: enough to decide alone, and nothing that it does not need."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venue_model.commissioning import commission, decode_commission, encode_commission
from venue_model.groups import Role, pair
from venue_model.ids import BoardId
from venue_model.tools.files import example, read_venue
from venue_model.zones import Zone

VENUE = read_venue(example("county_hall"))
KEY = "ab" * 32


@pytest.mark.parametrize("board", sorted(VENUE.boards))
def test_a_record_survives_being_written_and_read(board: str) -> None:
    record = commission(VENUE, BoardId(board), KEY)
    assert decode_commission(encode_commission(record), "commission.json") == record


def test_a_board_knows_its_doors_with_the_domains_on_both_sides() -> None:
    record = commission(VENUE, BoardId("gatehouse"), KEY)
    doors = {door.id: (door.outside, door.inside) for door in record.doors}
    assert doors == {"intake-door": (None, "intake"), "gate": ("intake", "wing")}
    assert record.zones == {"intake": (Zone.INTAKE,), "wing": (Zone.CORRIDOR,)}


def test_the_matrix_is_compiled_in() -> None:
    assert commission(VENUE, BoardId("front"), KEY).separated_pairs == VENUE.profile.separated
    assert pair(Role.EXP, Role.BID) in commission(VENUE, BoardId("front"), KEY).separated_pairs


def test_a_board_without_doors_is_told_of_its_cameras_alone() -> None:
    record = commission(VENUE, BoardId("recorder"), KEY)
    assert record.doors == ()
    assert {device.kind for device in record.devices} == {"camera"}


def test_every_lock_of_the_venue_has_exactly_one_board_that_was_told() -> None:
    told = [door.id for board in VENUE.boards for door in commission(VENUE, board, KEY).doors]
    assert sorted(told) == sorted(door.id for door in VENUE.doors.values() if door.board is not None)


@given(st.binary(max_size=80))
def test_a_damaged_record_names_the_file_and_the_way_out(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"^commission\.json: .*commission the board again"):
        decode_commission(data, "commission.json")


def test_a_record_with_a_key_too_many_is_refused() -> None:
    data = encode_commission(commission(VENUE, BoardId("front"), KEY)).replace(b'"venue"', b'"vanue"', 1)
    with pytest.raises(ValueError, match="venue"):
        decode_commission(data, "commission.json")
