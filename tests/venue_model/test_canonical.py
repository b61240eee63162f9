"""One byte form per record: the same record always, and nothing else, gives those bytes."""

import dataclasses
import enum
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venue_model.canonical import EXACT_LIMIT, canonical_bytes, parse_canonical, plain

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
RECORDS = st.recursive(
    st.none() | st.booleans() | st.integers(-EXACT_LIMIT, EXACT_LIMIT) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


@given(RECORDS)
def test_a_record_comes_back_from_its_bytes_and_gives_them_again(record: object) -> None:
    data = canonical_bytes(record)
    again = parse_canonical(data)
    assert again == record
    assert canonical_bytes(again) == data


def test_the_order_in_which_keys_were_written_does_not_matter() -> None:
    assert canonical_bytes({"b": 1, "a": 2}) == canonical_bytes({"a": 2, "b": 1}) == b'{"a":2,"b":1}'


@pytest.mark.parametrize(
    ("record", "error", "path"),
    [
        ({"a": [1, {"b": 0.5}]}, TypeError, r"\$\.a\[1\]\.b: float"),
        ({"a": float("nan")}, TypeError, r"\$\.a: float"),
        ({"a": b"x"}, TypeError, r"\$\.a: bytes"),
        ({1: "a"}, TypeError, r"\$: key 1 is not text"),
        ({"a": 2**53}, ValueError, r"\$\.a: 9007199254740992 is outside"),
        ({"a": -(2**53)}, ValueError, r"\$\.a"),
        (["\ud800"], ValueError, r"\$\[0\]: text holds a lone surrogate"),
    ],
)
def test_what_has_no_one_form_is_refused_with_its_place(record: object, error: type[Exception], path: str) -> None:
    with pytest.raises(error, match=path):
        canonical_bytes(record)


@pytest.mark.parametrize(
    "spelling",
    [
        b'{"a":1, "b":2}',
        b'{"b":1,"a":2}',
        b'{"a":1,"a":1}',
        b'{"a":1.0}',
        b'{"a":1e3}',
        b'{"a":NaN}',
        b'{"a":"\\u0041"}',
        b'{"a":9007199254740992}',
        b'{"a":1}\n',
        b'{"a":1',
        b"\xff",
        b"",
        b"[" * 100_000,
    ],
)
def test_another_spelling_of_a_record_is_not_accepted(spelling: bytes) -> None:
    with pytest.raises(ValueError):
        parse_canonical(spelling)


class Colour(enum.Enum):
    GREEN = "green"


@dataclasses.dataclass(frozen=True)
class Passage:
    door: str
    at: Sequence[int]
    light: Colour


def test_a_dataclass_becomes_a_record_by_its_field_names() -> None:
    assert plain(Passage("z6-in", (1, 2), Colour.GREEN)) == {"door": "z6-in", "at": [1, 2], "light": "green"}


def test_a_value_without_an_obvious_form_is_not_guessed() -> None:
    with pytest.raises(TypeError, match="set has no plain form"):
        plain({"a": {1, 2}})
