"""The check character of the unified social credit code."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.trading.credit_code import ALPHABET, check_character, credit_code_problem


@pytest.mark.parametrize("code", ["91350100M000100Y43", "12152600MB0W03964L", "121500004600236091", "12532500067137175R"])
def test_codes_of_real_bodies_pass(code: str) -> None:
    assert credit_code_problem(code) is None


@given(st.text(ALPHABET, min_size=17, max_size=17), st.integers(0, 17), st.sampled_from(ALPHABET))
def test_any_one_mistyped_character_is_noticed(first17: str, place: int, typed: str) -> None:
    code = first17 + check_character(first17)
    mistyped = code[:place] + typed + code[place + 1 :]
    assert (credit_code_problem(mistyped) is None) == (mistyped == code)


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("9135", "4 characters"),
        ("91350100M000100I43", "character 16 is not in the alphabet"),
        ("91350100M000100Y44", "check character does not fit"),
    ],
)
def test_a_wrong_code_is_explained_without_repeating_it(code: str, says: str) -> None:
    problem = str(credit_code_problem(code))
    assert says in problem
    assert code not in problem and code[-3:] not in problem
