"""Who is where, from what the doors saw."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.core.presence import Presence, arrived, moved
from venue_model.ids import LotId


def passage(person: str | None, to: str, lot: str = "L1", group: str = "EXP") -> dict[str, object]:
    return {"person": person, "to": to, "lot": lot, "group": group, "direction": "in"}


def walk(*steps: dict[str, object]) -> Presence:
    presence: Presence = {}
    for n, step in enumerate(steps):
        presence = moved(presence, step, n)
    return presence


def test_a_person_is_where_they_last_went() -> None:
    presence = walk(passage("p", "intake"), passage("p", "wing"), passage("p", ""))
    assert (presence["p"].component, presence["p"].since_utc_ns) == ("", 2)  # type: ignore[index]


def test_a_passage_of_nobody_known_moves_nobody() -> None:
    assert walk(passage("p", "wing"), passage(None, "hall")) == walk(passage("p", "wing"))


def test_arrivals_are_counted_by_role_and_for_one_lot() -> None:
    presence = walk(passage("p", "wing"), passage("q", "wing"), passage("b", "o1", group="BID"), passage("x", "wing", lot="L2"))
    assert arrived(presence.values(), LotId("L1")) == {"BID": 1, "EXP": 2}
    assert arrived(presence.values(), LotId("L9")) == {}


def test_a_passage_of_a_role_that_this_program_does_not_know_still_moves_the_person() -> None:
    presence = walk(passage("p", "wing", group="ALIEN"))
    assert presence["p"].group is None  # type: ignore[index]


@given(st.lists(st.tuples(st.sampled_from("pqr"), st.sampled_from(["", "e1", "wing"]))))
def test_nobody_is_in_two_places(steps: list[tuple[str, str]]) -> None:
    presence = walk(*(passage(person, to) for person, to in steps))
    assert {p: w.component for p, w in presence.items()} == dict(steps)
