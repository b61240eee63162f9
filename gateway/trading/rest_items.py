"""The way out: outbox items in the field names of the REST interface.

A key without a name of its own there is carried in capitals.  Times leave as RFC 3339 text: nanoseconds since 1970 do not survive
a JSON reader that keeps numbers as doubles.
"""

from collections.abc import Mapping

from gateway.trading.base import ItemKind, Json, OutboxItem
from venue_model.groups import Role
from venue_model.moments import utc_text

_COMMON = {"project": "TENDER_PROJECT_ID", "lot": "BID_SECTION_ID", "person": "PERSON_KEY", "utc_ns": "OCCUR_TIME"}
_OF_KIND: Mapping[ItemKind, Mapping[str, str]] = {
    ItemKind.ARRIVAL: {},
    ItemKind.SCENE: {"began_utc_ns": "BEGIN_TIME", "ended_utc_ns": "END_TIME"},
    ItemKind.EVIDENCE: {"sealed_utc_ns": "SEAL_TIME"},
    # Spelt like this in the published abnormality report (domain brief 5.2).
    ItemKind.ANOMALY: {"name": "EXCEPITON_NAME", "info": "EXCEPITON_INFOR", "code": "EXCEPITON_TYPE"},
    ItemKind.ROOM_STATUS: {},
}

# Unified codes by the names of the neutral lot; further ones came with the platform's own names and keep them.
CODE_FIELDS = {
    "project_code": "PROJECT_CODE",
    "lot_code": "BID_SECTION_CODE",
    "lot_codes": "BID_SECTION_CODES",
    "deal_code": "UNIFIED_DEAL_CODE",
    "deal_codes": "UNIFIED_DEAL_CODES",
}


def code_fields(item: OutboxItem) -> dict[str, Json]:
    """The unified codes that an item carries, unchanged, under the names that they came with."""
    codes = item.body.get("codes")
    return {CODE_FIELDS.get(name, name): code for name, code in codes.items()} if isinstance(codes, Mapping) else {}


def item_fields(item: OutboxItem) -> dict[str, Json]:
    """One entry of a push."""
    return {
        "KEY": item.key,
        "KIND": item.kind.value.upper(),
        "DATA_TIMESTAMP": utc_text(item.created_utc_ns),
        "BODY": {_name(item, key): _value(key, value) for key, value in item.body.items() if key != "codes"} | code_fields(item),
    }


def _name(item: OutboxItem, key: str) -> str:
    expert = item.kind is ItemKind.ARRIVAL and item.body.get("role") in (Role.EXP, Role.OWN_C)
    if key == "utc_ns" and expert and item.body.get("direction") == "in":
        return "EXPERT_CHECK_IN_TIME"
    return _OF_KIND[item.kind].get(key) or _COMMON.get(key) or key.removesuffix("_utc_ns").upper()


def _value(key: str, value: Json) -> Json:
    return utc_text(value) if key.endswith("utc_ns") and isinstance(value, int) else value
