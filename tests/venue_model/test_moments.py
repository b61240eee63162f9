"""Times are integers in UTC; text goes there and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venue_model.moments import MS, S, utc_ns, utc_text

YEARS_NS = st.integers(0, 4_102_444_800 * 1000).map(lambda ms: ms * MS)  # 1970 to 2100


@given(YEARS_NS)
def test_a_time_written_and_read_is_the_same_to_the_millisecond(moment_ns: int) -> None:
    assert utc_ns(utc_text(moment_ns)) == moment_ns


@given(YEARS_NS, st.integers(0, MS - 1))
def test_what_is_finer_than_a_millisecond_is_cut_never_rounded_up(moment_ns: int, rest_ns: int) -> None:
    assert utc_text(moment_ns + rest_ns) == utc_text(moment_ns)


@given(YEARS_NS, YEARS_NS)
def test_text_sorts_as_time_does(one_ns: int, other_ns: int) -> None:
    assert (utc_text(one_ns) < utc_text(other_ns)) == (one_ns < other_ns)


def test_wall_time_of_the_venue_is_the_same_moment() -> None:
    assert utc_ns("2027-01-15T16:00:00+08:00") == utc_ns("2027-01-15T08:00:00Z") == 1_800_000_000 * S


@pytest.mark.parametrize("text", ["2027-01-15T16:00:00", "yesterday", ""])
def test_a_time_without_a_zone_or_sense_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        utc_ns(text)
