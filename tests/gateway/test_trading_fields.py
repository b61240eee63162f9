"""What the border lets in."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.trading.base import EventKind, ItemKind, Json, OutboxItem, PhaseEvent, Pulled
from gateway.trading.rest_fields import read_page
from gateway.trading.rest_items import item_fields
from venue_model.groups import Role
from venue_model.ids import LotId, ProjectId
from venue_model.moments import utc_ns

EXPERT = {"PERSON_KEY": "k1", "ROLE": "EXP", "CARD_NO": "DEADBEEF"}
LOT = {
    "BID_SECTION_ID": "L1",
    "TENDER_PROJECT_ID": "P1",
    "PROJECT_NAME": "门诊楼",
    "BID_SECTION_NAME": "一标段",
    "OPENING_ROOM": "o1",
    "EVALUATION_ROOM": "e1",
    "BID_OPENING_TIME": "2027-01-15T16:00:00+08:00",
    "PEOPLE": [EXPERT],
    "VERSION": 3,
}
EVENT = {
    "EVENT_ID": "ev1",
    "EVENT_TYPE": "REPORT_SIGNED",
    "TENDER_PROJECT_ID": "P1",
    "BID_SECTION_ID": "L1",
    "EVENT_TIME": "2027-01-15T08:00:00Z",
}


def page(*lots: object, events: tuple[object, ...] = ()) -> Pulled:
    return read_page({"CURSOR": "c1", "LOTS": list(lots), "EVENTS": list(events)})


def test_a_good_lot_arrives_in_neutral_words() -> None:
    (lot,) = page(LOT).lots
    assert (lot.id, lot.project, lot.opening_room, lot.evaluation_room, lot.version) == ("L1", "P1", "o1", "e1", 3)
    assert lot.opening_utc_ns == utc_ns("2027-01-15T08:00:00Z")
    assert (lot.people[0].role, lot.people[0].card) == (Role.EXP, "deadbeef")


def test_a_dispersed_committee_arrives_with_its_seats_and_second_cards() -> None:
    seated = EXPERT | {"SEAT_ROOM": "e7", "DURESS_CARD_NO": "0BADF00D"}
    (lot,) = page(LOT | {"OPENING_ROOM": None, "EVALUATION_ROOM": None, "PEOPLE": [seated], "CONFLICTS": [["k1", "k9"]]}).lots
    assert (lot.opening_room, lot.evaluation_room) == (None, None), "the bids are opened at another venue"
    assert (lot.people[0].seat, lot.people[0].duress_card) == ("e7", "0badf00d")
    assert lot.conflicts == (("k1", "k9"),)


def test_unified_codes_are_carried_unchanged_whatever_they_look_like() -> None:
    codes = {"PROJECT_CODE": " 2412-A/7 ", "BID_SECTION_CODE": "０１号", "UNIFIED_DEAL_CODE": "a01-x-?"}
    (lot,) = page(LOT | codes).lots
    assert (lot.project_code, lot.lot_code, lot.deal_code) == tuple(codes.values())


def test_a_name_sent_by_mistake_goes_no_further() -> None:
    pulled = page(LOT | {"PEOPLE": [EXPERT | {"EXPERT_NAME": "张三"}], "CONTACT": "张三"})
    assert len(pulled.lots) == 1
    assert "张三" not in repr(pulled)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        ({"PEOPLE": [EXPERT | {"ROLE": "WIZARD"}]}, "PEOPLE.0.ROLE: is not one of"),
        ({"PEOPLE": [EXPERT | {"ROLE": {"a": 1}}]}, "PEOPLE.0.ROLE: is not one of"),
        ({"PEOPLE": [EXPERT | {"ROLE": "SEC"}]}, "SEC is issued by the venue"),
        ({"PEOPLE": [EXPERT | {"ROLE": "STF"}]}, "STF is issued by the venue"),
        ({"PEOPLE": [EXPERT | {"CARD_NO": "ABC"}]}, "PEOPLE.0.CARD_NO"),
        ({"PEOPLE": [EXPERT | {"CARD_NO": "AB" * 9}]}, "PEOPLE.0.CARD_NO"),
        ({"PEOPLE": [EXPERT | {"PHONE_KEY": "AB" * 31}]}, "PEOPLE.0.PHONE_KEY"),
        ({"PEOPLE": [EXPERT, EXPERT | {"CARD_NO": "00000001", "ROLE": "BID"}]}, "one PERSON_KEY stands twice"),
        ({"PEOPLE": [EXPERT, EXPERT | {"PERSON_KEY": "k2", "CARD_NO": "deadbeef"}]}, "one CARD_NO stands twice"),
        ({"PEOPLE": [EXPERT | {"DURESS_CARD_NO": "DEADBEEF"}]}, "one CARD_NO stands twice"),
        ({"PEOPLE": [EXPERT | {"SEAT_ROOM": "no room"}]}, "PEOPLE.0.SEAT_ROOM"),
        ({"OPENING_ROOM": None, "EVALUATION_ROOM": None}, "names no OPENING_ROOM"),
        ({"CONFLICTS": [["k1", "k1"]]}, "a pair names one person twice"),
        ({"CONFLICTS": [["k1"]]}, "CONFLICTS.0"),
        ({"PEOPLE": [EXPERT | {"VALID_FROM": "2027-01-15T08:00:00Z", "VALID_UNTIL": "2027-01-15T07:00:00Z"}]}, "VALID_UNTIL"),
        ({"PEOPLE": [EXPERT] * 501}, "PEOPLE: List should have at most 500"),
        ({"VERSION": "3"}, "VERSION"),
        ({"VERSION": 0}, "VERSION"),
        ({"VERSION": True}, "VERSION"),
        ({"VERSION": 2**80}, "VERSION"),
        ({"BID_OPENING_TIME": "2027-01-15 16:00:00"}, "BID_OPENING_TIME: is not an RFC 3339 time with a zone"),
        ({"BID_OPENING_TIME": 1800000000}, "BID_OPENING_TIME"),
        ({"BID_SECTION_ID": "../etc"}, "BID_SECTION_ID: is not an id"),
        ({"OPENING_ROOM": 101}, "OPENING_ROOM"),
        ({"PROJECT_NAME": "门诊楼\u202e"}, "PROJECT_NAME: holds control"),
        ({"PROJECT_NAME": "a\nb"}, "PROJECT_NAME: holds control"),
        ({"PROJECT_NAME": "楼" * 201}, "PROJECT_NAME"),
        ({"BIDDER_COUNT": -1}, "BIDDER_COUNT"),
    ],
)
def test_a_malformed_lot_is_refused_alone_with_its_reason(spoil: dict[str, Any], says: str) -> None:
    pulled = page(LOT | spoil, LOT | {"BID_SECTION_ID": "L2"})
    assert [lot.id for lot in pulled.lots] == ["L2"]
    (rejected,) = pulled.rejected
    assert says in rejected.why
    assert rejected.ref == ("LOTS[0]" if "BID_SECTION_ID" in spoil else "L1")


def test_a_reason_never_repeats_the_value() -> None:
    (rejected,) = page(LOT | {"PEOPLE": [EXPERT | {"ROLE": "张三", "CARD_NO": "张三"}], "VERSION": "张三"}).rejected
    assert "张三" not in rejected.why


def test_rare_characters_of_names_pass() -> None:
    assert page(LOT | {"PROJECT_NAME": "𠮷野家㙍\ue863"}).lots[0].project_name == "𠮷野家㙍\ue863"


def test_a_wrong_credit_code_is_a_warning_and_the_lot_is_taken() -> None:
    pulled = page(LOT | {"AGENCY_CREDIT_CODE": "91350100M000100Y44", "TENDERER_CREDIT_CODE": "91350100M000100Y43"})
    assert [lot.id for lot in pulled.lots] == ["L1"]
    (warning,) = pulled.warnings
    assert warning.lot == "L1"
    assert warning.text.startswith("AGENCY_CREDIT_CODE: credit code: the check character does not fit")


def test_events_arrive_and_malformed_ones_are_refused_alone() -> None:
    count = {"EVENT_TYPE": "BIDDER_COUNT", "EVENT_ID": "ev2"}
    strange, nobody = EVENT | {"EVENT_TYPE": "PARTY"}, EVENT | {"EVENT_TYPE": "WITHDRAWN"}
    pulled = page(events=(EVENT, EVENT | count, EVENT | count | {"BIDDER_COUNT": 2}, strange, nobody, 7))
    assert pulled.phase_events[0] == PhaseEvent(
        "ev1", ProjectId("P1"), LotId("L1"), EventKind.REPORT_SIGNED, utc_ns("2027-01-15T08:00:00Z")
    )
    assert [event.bidders for event in pulled.phase_events] == [None, 2]
    assert [rejected.ref for rejected in pulled.rejected] == ["ev2", "ev1", "ev1", "EVENTS[5]"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from([*LOT, *EXPERT, *EVENT, "X"]), inner, max_size=6),
    max_leaves=12,
)


@given(st.sampled_from(sorted(LOT)), JSON, JSON)
def test_no_item_however_odd_stops_the_page(field: str, value: object, other: object) -> None:
    pulled = page(LOT | {field: value}, other, LOT | {"BID_SECTION_ID": "L2"}, events=(other, EVENT))
    assert pulled.lots[-1].id == "L2"
    assert pulled.phase_events[-1].id == "ev1"
    assert len(pulled.lots) + len(pulled.phase_events) + len(pulled.rejected) == 5


@pytest.mark.parametrize("answer", [None, [], {}, {"CURSOR": 7}, {"CURSOR": "c", "LOTS": {}}, {"CURSOR": "c", "LOTS": [{}] * 1001}])
def test_a_broken_envelope_is_refused_whole(answer: object) -> None:
    with pytest.raises(ValueError, match=r"CURSOR|LOTS|item"):
        read_page(answer)


def test_items_leave_in_the_field_names_of_the_interface() -> None:
    at_utc_ns = utc_ns("2027-01-15T08:00:00Z")
    arrival: dict[str, Json] = {
        "project": "P1", "lot": "L1", "person": "k1", "role": "EXP", "direction": "in", "zone": "Z6", "utc_ns": at_utc_ns,
    }  # fmt: skip
    anomaly: dict[str, Json] = {"project": "P1", "name": "尾随", "info": "two passed", "code": "TAILGATE", "level": 2, "utc_ns": at_utc_ns}
    assert item_fields(OutboxItem("a1", ItemKind.ARRIVAL, arrival, at_utc_ns)) == {
        "KEY": "a1",
        "KIND": "ARRIVAL",
        "DATA_TIMESTAMP": "2027-01-15T08:00:00.000Z",
        "BODY": {
            "TENDER_PROJECT_ID": "P1", "BID_SECTION_ID": "L1", "PERSON_KEY": "k1", "ROLE": "EXP", "DIRECTION": "in", "ZONE": "Z6",
            "EXPERT_CHECK_IN_TIME": "2027-01-15T08:00:00.000Z",
        },
    }  # fmt: skip
    body = item_fields(OutboxItem("a2", ItemKind.ANOMALY, anomaly, at_utc_ns))["BODY"]
    assert isinstance(body, dict)
    assert body["EXCEPITON_TYPE"] == "TAILGATE" and body["OCCUR_TIME"] == "2027-01-15T08:00:00.000Z"
    assert all(not isinstance(value, int) or value < 2**53 for value in json.loads(json.dumps(body)).values())
