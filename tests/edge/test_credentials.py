"""Cards, phones and what a reader answers."""

import pytest
from agent_hall import AGENT, BIDDER, EXPERT, PHONE_KEY, SALT, Hall, admit, approve, clear, entry_of, phone_entry

from edge.core.effects import DrawNonce, ShowChallenge, ShowText
from edge.core.events import NonceDrawn
from edge.drivers.protocols import CardRead, QrRead
from venue_model.door_policy import Elsewhere
from venue_model.groups import Role
from venue_model.ids import DoorId, PersonKey
from venue_model.moments import S
from venue_model.passes import card_digest, make_badge


@pytest.fixture
def hall() -> Hall:
    hall = Hall()
    hall.policy(
        admit("o1", 2, [Role.BID, Role.AGT], entry_of(BIDDER), entry_of(AGENT, until_utc_ns=1), phone_entry()),
        admit("e1", 2, [Role.EXP], entry_of(EXPERT, once=True, authorised_utc_ns=1)),
        elsewhere=(Elsewhere(card_digest(bytes.fromhex(SALT), b"\x77"), Role.AGT),),
    )
    hall.effects.clear()
    hall.tell(NonceDrawn(DoorId("o1-door"), "aaaa"))
    return hall


def badge(hall: Hall, nonce: str = "aaaa", door: str = "o1-door", key: bytes = PHONE_KEY) -> None:
    hall.tell(QrRead("o1-qr", make_badge(DoorId(door), nonce, key), hall.now.mono_ns))


def rule(hall: Hall) -> object:
    return hall.records("refusal")[-1]["rule"]


def test_a_phone_that_answers_the_doors_challenge_gets_in_once(hall: Hall) -> None:
    badge(hall)
    assert hall.strike("o1-door")
    assert hall.records("grant")[0]["how"] == "qr"
    hall.pass_through("o1-door")
    badge(hall)
    assert rule(hall) == "QR-REPLAY"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://example.org", "QR-FORM"),
        (make_badge(DoorId("e1-door"), "aaaa", PHONE_KEY), "QR-DOOR"),
        (make_badge(DoorId("o1-door"), "bbbb", PHONE_KEY), "QR-STALE"),
        (make_badge(DoorId("o1-door"), "aaaa", PHONE_KEY)[:-4] + "AAAA", "QR-SIGNATURE"),
        (make_badge(DoorId("o1-door"), "aaaa", b"\x66" * 32), "PASS-UNKNOWN"),
    ],
)
def test_why_a_qr_code_is_refused(hall: Hall, text: str, expected: str) -> None:
    hall.tell(QrRead("o1-qr", text, hall.now.mono_ns))
    assert rule(hall) == expected
    assert not hall.strike("o1-door")


def test_a_challenge_lives_for_two_changes(hall: Hall) -> None:
    hall.tell(NonceDrawn(DoorId("o1-door"), "bbbb"))
    badge(hall, "aaaa")
    assert hall.strike("o1-door")
    hall.tell(NonceDrawn(DoorId("o1-door"), "cccc"))
    badge(hall, "aaaa")
    assert rule(hall) == "QR-STALE"


def test_the_door_asks_for_a_new_challenge_every_half_minute_and_shows_it(hall: Hall) -> None:
    shown = [effect for effect in hall.effects if isinstance(effect, ShowChallenge)]
    assert [(effect.kiosk, effect.text) for effect in shown] == [("o1-kiosk", "BH1?o1-door.aaaa")]
    assert DrawNonce(DoorId("o1-door")) not in hall.later(29)
    assert DrawNonce(DoorId("o1-door")) in hall.later(1)
    assert DrawNonce(DoorId("o1-door")) not in hall.later(1)


@pytest.mark.parametrize(("card", "expected"), [(b"\x77", "I2"), (b"\x66", "PASS-UNKNOWN"), (AGENT, "PASS-EXPIRED")])
def test_why_a_card_is_refused(hall: Hall, card: bytes, expected: str) -> None:
    hall.card("o1-reader", card)
    assert rule(hall) == expected
    assert hall.answers() == [False]


def test_the_kiosk_says_why_for_a_moment_and_then_shows_its_own_text_again(hall: Hall) -> None:
    hall.card("o1-reader", b"\x66")
    assert ShowText("o1-kiosk", ("证件未登记", "pass not registered"), "red") in hall.effects
    assert ShowText("o1-kiosk", (), "green") in hall.later(4)


def test_a_card_left_on_the_reader_is_one_read(hall: Hall) -> None:
    for _ in range(4):
        hall.card("o1-reader", b"\x66")
        hall.later(0.2)
    assert len(hall.records("refusal")) == 1
    hall.later(1)
    hall.card("o1-reader", b"\x66")
    assert len(hall.records("refusal")) == 2


def test_five_wrong_tries_in_a_row_are_an_alarm(hall: Hall) -> None:
    for _ in range(4):
        hall.card("o1-reader", b"\x66")
        hall.later(2)
    hall.card("o1-reader", BIDDER)
    for _ in range(4):
        hall.later(2)
        hall.card("o1-reader", b"\x66")
    assert "wrong-attempts" not in hall.alarms()
    hall.later(2)
    hall.card("o1-reader", b"\x66")
    assert "wrong-attempts" in hall.alarms()


def test_a_read_that_was_stuck_in_a_queue_opens_nothing(hall: Hall) -> None:
    hall.tell(CardRead("o1-reader", BIDDER, 32, hall.now.mono_ns - 4 * S))
    assert not hall.strike("o1-door")
    assert hall.alarms() == ["stale-read"]


def test_no_re_entry_until_authorised_again_by_card_or_by_phone(hall: Hall) -> None:
    hall.card("e1-reader", EXPERT)
    hall.pass_through("e1-door")
    hall.card("e1-reader", EXPERT)
    assert rule(hall) == "I4"
    restarted = hall.restart()
    restarted.policy(admit("e1", 2, [Role.EXP], phone_entry(person=PersonKey("expert-1"), group=Role.EXP, once=True, authorised_utc_ns=1),
                           entry_of(EXPERT, once=True, authorised_utc_ns=1)))  # fmt: skip
    restarted.card("e1-reader", EXPERT)
    assert rule(restarted) == "I4"
    restarted.policy(admit("e1", 2, [Role.EXP], entry_of(EXPERT, once=True, authorised_utc_ns=2)))
    restarted.later(2)
    restarted.card("e1-reader", EXPERT)
    assert restarted.strike("e1-door")


def test_walking_out_of_a_sealed_room_is_free_and_a_breach_and_one_way(hall: Hall) -> None:
    hall.policy(clear("e1", 3, seal=True, passes=(entry_of(EXPERT, authorised_utc_ns=1),)))
    hall.card("e1-exit-reader", EXPERT)
    assert hall.strike("e1-door")
    hall.pass_through("e1-door")
    breach = hall.records("breach")[0]
    assert (breach["component"], breach["person"], breach["lot"]) == ("e1", "expert-1", "lot-1")
    hall.card("e1-reader", EXPERT)
    assert rule(hall) == "I8"


def test_who_broke_a_seal_stays_out_after_the_release_and_a_restart_until_authorised_again(hall: Hall) -> None:
    hall.policy(clear("e1", 3, seal=True, passes=(entry_of(EXPERT, authorised_utc_ns=1),)))
    hall.card("e1-exit-reader", EXPERT)
    hall.pass_through("e1-door")
    again = hall.restart()
    release = approve("e1", "release", 3)
    again.policy(admit("e1", 4, [Role.EXP], entry_of(EXPERT, authorised_utc_ns=1), approved=(release,)))
    again.card("e1-reader", EXPERT)
    assert rule(again) == "I4"
    again.policy(admit("e1", 4, [Role.EXP], entry_of(EXPERT, authorised_utc_ns=2), approved=(release,)))
    again.later(2)
    again.card("e1-reader", EXPERT)
    assert again.strike("e1-door")
