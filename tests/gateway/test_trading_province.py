"""What the border to a provincial interface lets in and out, row by row."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.trading.base import EventKind, ItemKind, Json, OutboxItem, Pulled
from gateway.trading.codes import of_lot, of_project
from gateway.trading.fields import id_from
from gateway.trading.province_fields import Borders, read_rows
from gateway.trading.province_items import row_of
from gateway.trading.province_words import person_key
from venue_model.groups import Role
from venue_model.ids import RoomId
from venue_model.moments import utc_ns

BORDERS = Borders({"开标室2": RoomId("o2"), "评标室1": RoomId("e1"), "e1": RoomId("e1")}, b"key")
EXPERT = {"EXPERT_TYPE": "1", "EXPERT_NAME": "张三", "ID_CARD": "500000197001011234", "ID_CARD_TYPE": "01", "IS_CHAIR_MAN": "1"}
BIDDER = {"ACTOR_TYPE": "1", "PERSON_CODE": "b-1", "CARD_NO": "DEADBEEF", "IS_WITHDRAWN": "1"}
SECTION: dict[str, Any] = {
    "sourceDataKey": "7",
    "DATA_TYPE": "BID_SECTION",
    "PROJECT_CODE": "2412-500000-04-01-123456",
    "TENDER_PROJECT_CODE": "E5000/2027-01",
    "TENDER_PROJECT_NAME": "门诊楼",
    "BID_SECTION_CODE": "E5000-001",
    "BID_SECTION_NAME": "一标段",
    "UNIFIED_DEAL_CODE": "A01-12500000MB00-20270115-000001-X",
    "PLATFORM_CODE": "A01",
    "PUB_SERVICE_PLAT_CODE": "B02",
    "BID_OPENING_ADDRESS": "开标室2",
    "BID_EVALUATION_ADDRESS": "评标室1",
    "BID_OPENING_TIME": "20270115160000",
    "BID_EVALUATION_EXPERT": [EXPERT],
    "BID_OPENING_ACTOR": [BIDDER],
    "DATA_TIMESTAMP": "20270114120000",
    "M_VERSION": "3",
    "M_CREATEBY": "1",
}
EVENT = {
    "sourceDataKey": "8", "DATA_TYPE": "BID_SECTION_EVENT", "DATA_KEY": "ev-1", "EVENT_TYPE": "01", "TENDER_PROJECT_CODE": "E5000/2027-01",
    "BID_SECTION_CODE": "E5000-001", "EVENT_TIME": "2027-01-15 17:00:00",
}  # fmt: skip


def rows(*given: Mapping[str, Any], **data: Any) -> Pulled:
    return read_rows({"list": list(given), **data}, "before", BORDERS)


def test_a_section_arrives_in_neutral_words_with_its_codes_unchanged() -> None:
    pulled = rows(SECTION, EVENT, hasNext=True)
    (lot,) = pulled.lots
    assert (lot.id, lot.opening_room, lot.evaluation_room, lot.version) == ("E5000-001", "o2", "e1", 3)
    assert lot.opening_utc_ns == utc_ns("2027-01-15T16:00:00+08:00")
    assert (lot.project_code, lot.lot_code, lot.deal_code) == (SECTION["PROJECT_CODE"], "E5000-001", SECTION["UNIFIED_DEAL_CODE"])
    assert dict(lot.further_codes) == {"TENDER_PROJECT_CODE": "E5000/2027-01", "PLATFORM_CODE": "A01", "PUB_SERVICE_PLAT_CODE": "B02"}
    assert [(p.role, p.withdrawn, p.card) for p in lot.people] == [(Role.BID, True, "deadbeef"), (Role.EXP, False, "")]
    (event,) = pulled.phase_events
    assert (event.kind, event.lot, event.project) == (EventKind.REPORT_SIGNED, lot.id, lot.project)
    assert (pulled.cursor, pulled.more, pulled.rejected, pulled.warnings) == ("8", True, (), ())


def test_a_code_that_is_no_id_becomes_one_and_goes_back_as_it_came() -> None:
    (lot,) = rows(SECTION).lots
    assert lot.project == id_from("E5000/2027-01") != "E5000/2027-01"
    body: dict[str, Json] = {"project": lot.project, "lot": lot.id, "utc_ns": 1, "codes": of_lot(lot)}
    row = row_of(OutboxItem("k", ItemKind.ANOMALY, body, 1), {})
    for name in ("PROJECT_CODE", "TENDER_PROJECT_CODE", "BID_SECTION_CODE", "UNIFIED_DEAL_CODE", "PLATFORM_CODE", "PUB_SERVICE_PLAT_CODE"):
        assert row[name] == SECTION[name]


def test_names_and_identity_cards_go_no_further_than_the_border() -> None:
    pulled = rows(SECTION, EVENT | {"EVENT_TYPE": "02", "ID_CARD": EXPERT["ID_CARD"]})
    assert "张三" not in repr(pulled) and "19700101" not in repr(pulled)
    expert = pulled.lots[0].people[1].person
    assert expert == person_key(b"key", "500000197001011234") == pulled.phase_events[0].person, "one person, one pseudonym"
    assert expert != person_key(b"another", "500000197001011234")


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        ({"BID_EVALUATION_EXPERT": [EXPERT | {"EXPERT_TYPE": "9"}]}, "EXPERT_TYPE: is not one of 1, 2"),
        ({"BID_OPENING_ACTOR": [BIDDER | {"ACTOR_TYPE": "SEC"}]}, "ACTOR_TYPE: is not one of"),
        ({"BID_EVALUATION_EXPERT": [{"EXPERT_TYPE": "1"}]}, "neither PERSON_CODE nor ID_CARD"),
        ({"BID_EVALUATION_EXPERT": [EXPERT, EXPERT]}, "one PERSON_KEY stands twice"),
        ({"BID_OPENING_ADDRESS": "开标室9"}, "BID_OPENING_ADDRESS: no room of this venue has this name"),
        ({"BID_OPENING_ADDRESS": None, "BID_EVALUATION_ADDRESS": ""}, "nothing of it happens here"),
        ({"BID_OPENING_TIME": "2027-01-15T16:00:00Z"}, "BID_OPENING_TIME: is not a time such as"),
        ({"BID_OPENING_TIME": "20271315160000"}, "BID_OPENING_TIME: is not a time such as"),
        ({"M_VERSION": ""}, "M_VERSION"),
        ({"M_VERSION": "0"}, "M_VERSION: counts from 1"),
        ({"M_VERSION": 3}, "M_VERSION"),
        ({"TENDER_PROJECT_CODE": ""}, "TENDER_PROJECT_CODE"),
        ({"TENDER_PROJECT_NAME": "a\nb"}, "holds control"),
    ],
)
def test_a_malformed_section_is_refused_alone_with_its_reason_and_no_value(spoil: dict[str, Any], says: str) -> None:
    pulled = rows(SECTION | spoil, SECTION | {"BID_SECTION_CODE": "E5000-002"})
    assert [lot.id for lot in pulled.lots] == ["E5000-002"]
    (rejected,) = pulled.rejected
    assert rejected.ref == "E5000-001" and says in rejected.why
    assert "开标室9" not in rejected.why and "19700101" not in rejected.why


def test_odd_things_are_told_and_the_lot_is_taken() -> None:
    chairs = [EXPERT, EXPERT | {"ID_CARD": "500000197001015678"}]
    spoilt = {"BID_EVALUATION_EXPERT": chairs, "TENDERER_CODE": "91350100M000100Y44"}
    pulled = rows(SECTION | spoilt, venueStatus=[{"name": "开标室2", "isok": False}, {"name": "评标室1", "isok": True}])
    assert len(pulled.lots) == 1
    assert [warning.text.partition(":")[0] for warning in pulled.warnings] == ["TENDERER_CODE", "IS_CHAIR_MAN", "BID_OPENING_ADDRESS"]
    assert "91350100M000100Y4" not in repr(pulled.warnings)


@pytest.mark.parametrize("data", [None, [], {}, {"list": {}}, {"list": [7]}, {"list": [{"BID_SECTION_CODE": "a"}]}, {"list": [{}] * 1001}])
def test_a_broken_envelope_is_refused_whole(data: object) -> None:
    with pytest.raises(ValueError, match=r"list|item|sourceDataKey"):
        read_rows(data, "", BORDERS)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from([*SECTION, *EXPERT, *EVENT]), inner, max_size=6),
    max_leaves=10,
)


@given(st.sampled_from(sorted(set(SECTION) - {"sourceDataKey"})), JSON)
def test_no_row_however_odd_stops_the_page(field: str, value: object) -> None:
    pulled = rows(SECTION | {field: value}, SECTION | {"BID_SECTION_CODE": "E5000-002"}, EVENT)
    assert pulled.lots[-1].id == "E5000-002" and pulled.phase_events[-1].id == "ev-1"
    assert len(pulled.lots) + len(pulled.phase_events) + len(pulled.rejected) == 3


def test_an_experts_check_in_leaves_as_the_row_that_the_interface_knows() -> None:
    at_utc_ns = utc_ns("2027-01-15T16:00:00+08:00")
    body: dict[str, Json] = {"project": "P", "lot": "L", "person": "p1", "role": "EXP", "direction": "in", "utc_ns": at_utc_ns}
    row = row_of(OutboxItem("arrival-1", ItemKind.ARRIVAL, body, at_utc_ns), {})
    assert (row["DATA_TYPE"], row["DATA_KEY"], row["EXPERT_TYPE"]) == ("BID_EVALUATION_EXPERT", "arrival-1", "1")
    assert (row["EXPERT_CHECK_IN_TIME"], row["PERSON_CODE"], row["DATA_TIMESTAMP"]) == ("20270115160000", "p1", "20270115160000")
    bidder = row_of(OutboxItem("arrival-2", ItemKind.ARRIVAL, body | {"role": "BID"}, at_utc_ns), {})
    assert bidder["DATA_TYPE"] == "VENUE_PASSAGE" and "EXPERT_CHECK_IN_TIME" not in bidder


def test_anomalies_are_spelt_as_the_interface_spells_them() -> None:
    body: dict[str, Json] = {"project": "P", "lot": "L", "code": "forced", "name": "forced", "info": "o1-door", "utc_ns": 1}
    row = row_of(OutboxItem("k", ItemKind.ANOMALY, body, 1), {})
    assert (row["DATA_TYPE"], row["EXCEPITON_TYPE"], row["EXCEPITON_INFOR"], row["EXCEPITON_NAME"]) == (
        "TENDER_ABNORMITY_REPORT", "forced", "o1-door", "forced",
    )  # fmt: skip


@pytest.mark.parametrize(("status", "isok"), [("free", True), ("sealed", False), ("fault", False)])
def test_a_rooms_status_leaves_as_name_and_isok(status: str, isok: bool) -> None:
    row = row_of(OutboxItem("k", ItemKind.ROOM_STATUS, {"room": "e1", "status": status, "utc_ns": 1}, 1), {"e1": "评标室1"})
    assert (row["name"], row["isok"], row["DATA_TYPE"]) == ("评标室1", isok, "VENUE_STATUS")
    json.dumps(row)


def test_a_project_of_two_lots_carries_the_codes_of_both() -> None:
    one, two = rows(SECTION, SECTION | {"BID_SECTION_CODE": "E5000-002", "UNIFIED_DEAL_CODE": "A01-2"}).lots
    codes = of_project([two, one])
    assert codes["lot_codes"] == ["E5000-001", "E5000-002"]
    assert codes["deal_codes"] == [SECTION["UNIFIED_DEAL_CODE"], "A01-2"]
    assert codes["TENDER_PROJECT_CODE"] == "E5000/2027-01"
    row = row_of(OutboxItem("k", ItemKind.EVIDENCE, {"project": one.project, "codes": codes}, 1), {})
    assert row["BID_SECTION_CODES"] == ["E5000-001", "E5000-002"] and row["UNIFIED_DEAL_CODES"] == codes["deal_codes"]
