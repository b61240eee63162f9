"""Cards are known by salted digests; a QR badge is good at one door, for one challenge, once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venue_model import signing
from venue_model.ids import DoorId
from venue_model.passes import card_digest, challenge_text, key_digest, make_badge, parse_badge, parse_challenge

KEY = bytes(range(32))
DOOR = DoorId("z6.o1-door")


def test_a_badge_is_read_back_and_believed() -> None:
    badge = parse_badge(make_badge(DOOR, "n0nce", KEY))
    assert badge is not None
    assert (badge.door, badge.nonce, badge.public_key) == (DOOR, "n0nce", signing.public_key_of(KEY))
    assert badge.genuine()


def test_a_badge_made_for_another_door_or_challenge_is_not_genuine() -> None:
    text = make_badge(DOOR, "n1", KEY)
    for forged in (text.replace("o1-door", "o2-door"), text.replace(".n1.", ".n2.")):
        badge = parse_badge(forged)
        assert badge is not None
        assert not badge.genuine()


def test_a_badge_of_the_longest_door_id_still_fits_a_small_code() -> None:
    text = make_badge(DoorId("d" * 64), "n" * 16, KEY)
    assert len(text) <= 250
    assert parse_badge(text) is not None


@pytest.mark.parametrize(
    "text",
    ["", "BH1", "BH1....", "BH1.d.n.AAAA.AAAA", "BH2." + "x" * 99, "BH1.../..n.a.b", "http://e.org/BH1.a.b.c.d", "BH1.d.n.é.é", "x" * 251],
)
def test_something_else_is_no_badge(text: str) -> None:
    assert parse_badge(text) is None


def test_a_key_or_signature_of_the_wrong_length_is_no_badge() -> None:
    head, nonce, key, signature = make_badge(DoorId("d"), "n", KEY).rsplit(".", 3)
    assert parse_badge(".".join((head, nonce, key[:-3], signature))) is None
    assert parse_badge(".".join((head, nonce, key, signature[:-2]))) is None


@given(st.text() | st.lists(st.text(alphabet="BH1.abAZ09-_=", max_size=90), max_size=7).map(lambda parts: "BH1." + ".".join(parts)))
def test_reading_whatever_a_camera_saw_never_fails(text: str) -> None:
    badge = parse_badge(text)
    assert badge is None or badge.genuine() in (True, False)


@given(st.integers(0, 160), st.characters())
def test_no_changed_letter_leaves_a_badge_genuine_for_the_same_door(at: int, letter: str) -> None:
    text = make_badge(DOOR, "n0nce", KEY)
    at %= len(text)
    badge = parse_badge(text[:at] + letter + text[at + 1 :])
    original = parse_badge(text)
    assert badge is None or badge == original or not badge.genuine()


@given(st.text())
def test_reading_whatever_a_phone_scanned_never_fails(text: str) -> None:
    found = parse_challenge(text)
    assert found is None or challenge_text(*found) == text


def test_a_challenge_names_door_and_nonce() -> None:
    assert parse_challenge(challenge_text(DOOR, "a1b2")) == (DOOR, "a1b2")
    assert parse_challenge("BH1?/etc.x") is None


def test_digests_tell_neither_the_card_nor_that_two_venues_know_the_same_one() -> None:
    card = b"\x01\x02\x03\x04"
    assert card_digest(b"salt-a", card) != card_digest(b"salt-b", card)
    assert card_digest(b"salt-a", card) != key_digest(b"salt-a", card)
    assert card.hex() not in card_digest(b"salt-a", card)
    assert len(card_digest(b"salt-a", card)) == 32
