"""The provincial face of the stand-in: rows of national data sets, with names and identity cards in them as real ones have."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from gateway.trading.base import ItemKind, PhaseEvent
from gateway.trading.province_items import DATA_TYPES, EXPERT_CHECK_IN
from gateway.trading.province_words import ACTOR_TYPES, EVENT_TYPES, EXPERT_TYPES
from gateway.trading.wall import wall_time
from simulation.platform.behaviour import STRANGER
from simulation.platform.book import Change, Item, Page, Record, Verdict
from venue_model.lots import Lot, Person

_EXPERTS = {role: code for code, role in EXPERT_TYPES.items()}
_ACTORS = {role: code for code, role in ACTOR_TYPES.items()}
_EVENTS = {kind: code for code, kind in EVENT_TYPES.items()}
_KINDS = {data_type: kind for kind, data_type in DATA_TYPES.items()} | {EXPERT_CHECK_IN: ItemKind.ARRIVAL}
_RESULTS = {"accepted": "0", "duplicate": "1", "refused": "2"}


def section_row(lot: Lot, credit_codes: Mapping[str, str]) -> Record:
    """A section with its experts and the people of its opening."""
    people = [person for person in lot.people if person.role not in _EXPERTS]
    experts = [person for person in lot.people if person.role in _EXPERTS]
    row: Record = {
        "DATA_TYPE": "BID_SECTION",
        "PROJECT_CODE": lot.project_code,
        "TENDER_PROJECT_CODE": lot.project,
        "TENDER_PROJECT_NAME": lot.project_name,
        "BID_SECTION_CODE": lot.id,
        "BID_SECTION_NAME": lot.name,
        "UNIFIED_DEAL_CODE": lot.deal_code,
        "PLATFORM_CODE": "A01-stand-in",
        "PUB_SERVICE_PLAT_CODE": "B01-stand-in",
        "TENDERER_CODE": credit_codes.get("tenderer", ""),
        "TENDER_AGENCY_CODE": credit_codes.get("agency", ""),
        "BID_OPENING_ADDRESS": lot.opening_room,
        "BID_EVALUATION_ADDRESS": lot.evaluation_room,
        "BID_OPENING_TIME": wall_time(lot.opening_utc_ns),
        "BIDDER_NUM": lot.bidders,
        "BID_EVALUATION_EXPERT": [_expert(person, chair=number == 0) for number, person in enumerate(experts)],
        "BID_OPENING_ACTOR": [_actor(person) for person in people],
        "AVOID_LIST": [list(pair) for pair in lot.conflicts],
        "DATA_TIMESTAMP": wall_time(lot.opening_utc_ns),
        "M_VERSION": str(lot.version),
    }
    return row | {"M_CREATEBY": "stand-in", "M_DATA_SOURCE": "1"}  # columns that nobody here reads


def event_row(event: PhaseEvent) -> Record:
    """A phase event."""
    row: Record = {
        "DATA_TYPE": "BID_SECTION_EVENT",
        "DATA_KEY": event.id,
        "EVENT_TYPE": _EVENTS[event.kind],
        "TENDER_PROJECT_CODE": event.project,
        "BID_SECTION_CODE": event.lot,
        "EVENT_TIME": wall_time(event.utc_ns),
    }
    if event.bidders is not None:
        row["BIDDER_NUM"] = event.bidders
    if event.person is not None:
        row["PERSON_CODE"] = event.person
    return row


def page_data(page: Page, rooms_out_of_use: Sequence[str] = ()) -> Record:
    """`data` of an answer.  Changes that were added to a page share the key of its last row."""
    last = page.cursors[-1] if page.cursors else ""
    keys = [*page.cursors, *[last] * (len(page.changes) - len(page.cursors))]
    rows = [{"sourceDataKey": key, **_row(change)} for key, change in zip(keys, page.changes, strict=True)]
    rooms = sorted({str(change.lot.opening_room) for change in page.changes if change.lot and change.lot.opening_room})
    return {
        "list": rows,
        "hasNext": page.more,
        "venueStatus": [{"name": room, "isok": room not in rooms_out_of_use} for room in rooms],
    }


def read_rows(body: bytes) -> list[Item]:
    """The rows of a push.  ValueError, KeyError or TypeError when they are not of the form."""
    return [_item(row) for row in json.loads(body)["list"]]


def verdict_rows(verdicts: Sequence[Verdict]) -> list[Record]:
    """`data` of the answer to a push."""
    return [{"DATA_KEY": v.key, "result": _RESULTS[v.status], "msg": v.reason} for v in verdicts]


def _row(change: Change) -> Record:
    if change.event is not None:
        return event_row(change.event)
    assert change.lot is not None, "a change is of a lot or an event"
    return section_row(change.lot, change.credit_codes)


def _expert(person: Person, *, chair: bool) -> Record:
    kind = "9" if person.person == STRANGER else _EXPERTS[person.role]
    return {"EXPERT_TYPE": kind, "EXPERT_NAME": f"姓名{person.person[:4]}", "IS_CHAIR_MAN": "1" if chair else "0"} | _person(person)


def _actor(person: Person) -> Record:
    return {"ACTOR_TYPE": "99" if person.person == STRANGER else _ACTORS[person.role]} | _person(person)


def _person(person: Person) -> Record:
    row: Record = {"PERSON_CODE": person.person, "ID_CARD": f"50000019700101{person.person[-4:]}", "ID_CARD_TYPE": "01"}
    row["IS_WITHDRAWN"] = "1" if person.withdrawn else "0"
    if person.card:
        row["CARD_NO"] = person.card.upper()
    if person.qr_key:
        row["PHONE_KEY"] = person.qr_key
    if person.from_utc_ns:
        row["VALID_BEGIN_TIME"] = wall_time(person.from_utc_ns)
    if person.until_utc_ns < 2**62:
        row["VALID_END_TIME"] = wall_time(person.until_utc_ns)
    if person.seat is not None:
        row["SEAT_ADDRESS"] = person.seat
    if person.duress_card:
        row["DURESS_CARD_NO"] = person.duress_card.upper()
    return row


def _item(row: Any) -> Item:
    kind = _KINDS[row["DATA_TYPE"]]
    lot, project = row.get("LOT"), row.get("PROJECT")
    return Item(str(row["DATA_KEY"]), kind.upper(), dict(row), project, lot)
