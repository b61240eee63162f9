"""The way out to a provincial interface: outbox items as rows of its data sets, times as Beijing wall time, DATA_KEY as idempotency key."""

from collections.abc import Mapping

from gateway.trading.base import ItemKind, Json, OutboxItem
from gateway.trading.province_words import EXPERT_TYPES
from gateway.trading.rest_items import code_fields
from gateway.trading.wall import wall_time

EXPERT_CHECK_IN = "BID_EVALUATION_EXPERT"
DATA_TYPES = {
    ItemKind.ARRIVAL: "VENUE_PASSAGE",  # but see EXPERT_CHECK_IN
    ItemKind.SCENE: "VENUE_SCENE",
    ItemKind.EVIDENCE: "VENUE_EVIDENCE",
    ItemKind.ANOMALY: "TENDER_ABNORMITY_REPORT",
    ItemKind.ROOM_STATUS: "VENUE_STATUS",
}
_EXPERT_CODES = {str(role): code for code, role in EXPERT_TYPES.items()}
_NAMES = {
    "person": "PERSON_CODE", "utc_ns": "OCCUR_TIME", "began_utc_ns": "BEGIN_TIME", "ended_utc_ns": "END_TIME", "sealed_utc_ns": "SEAL_TIME",
}  # fmt: skip
# Spelt like this in the tables of abnormality reports (domain brief 5.2).
_ANOMALY = {"name": "EXCEPITON_NAME", "info": "EXCEPITON_INFOR", "code": "EXCEPITON_TYPE"}


def row_of(item: OutboxItem, room_names: Mapping[str, str]) -> dict[str, Json]:
    """One row of a push.  `room_names`: what the platform calls our rooms."""
    body = item.body
    row: dict[str, Json] = {"DATA_TYPE": DATA_TYPES[item.kind], "DATA_KEY": item.key, "DATA_TIMESTAMP": wall_time(item.created_utc_ns)}
    row |= code_fields(item)
    if item.kind is ItemKind.ROOM_STATUS:
        room = str(body.get("room", ""))
        return row | {"name": room_names.get(room, room), "isok": body.get("status") == "free", "STATUS": body.get("status")}
    names = _NAMES | (_ANOMALY if item.kind is ItemKind.ANOMALY else {})
    row |= {names.get(key) or key.removesuffix("_utc_ns").upper(): _value(key, value) for key, value in body.items() if key != "codes"}
    expert_type = _EXPERT_CODES.get(str(body.get("role")))
    if item.kind is ItemKind.ARRIVAL and expert_type and body.get("direction") == "in":
        check_in = row.pop("OCCUR_TIME")
        row |= {"DATA_TYPE": EXPERT_CHECK_IN, "EXPERT_TYPE": expert_type, "EXPERT_CHECK_IN_TIME": check_in}
    return row


def _value(key: str, value: Json) -> Json:
    return wall_time(value) if key.endswith("utc_ns") and isinstance(value, int) else value
