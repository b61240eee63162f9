"""The REST face of the stand-in: neutral changes in the field names of the interface, and items as it hands them in.

Written from the platform's side; the gateway has its own reading.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from gateway.trading.base import PhaseEvent
from simulation.platform.behaviour import STRANGER
from simulation.platform.book import Item, Page, Record, Verdict
from venue_model.lots import Lot, Person
from venue_model.moments import utc_text


def person_record(person: Person) -> Record:
    """One line of a roster.  Absent credentials and open windows are left out, as platforms do."""
    record: Record = {"PERSON_KEY": person.person, "ROLE": "WIZARD" if person.person == STRANGER else person.role.value}
    if person.card:
        record["CARD_NO"] = person.card.upper()
    if person.qr_key:
        record["PHONE_KEY"] = person.qr_key
    if person.from_utc_ns:
        record["VALID_FROM"] = utc_text(person.from_utc_ns)
    if person.until_utc_ns < 2**62:
        record["VALID_UNTIL"] = utc_text(person.until_utc_ns)
    if person.withdrawn:
        record["WITHDRAWN"] = True
    if person.seat is not None:
        record["SEAT_ROOM"] = person.seat
    if person.duress_card:
        record["DURESS_CARD_NO"] = person.duress_card.upper()
    return record


def lot_record(lot: Lot, credit_codes: Mapping[str, str]) -> Record:
    """A lot with its booking.  `credit_codes` maps "agency" and "tenderer" to their unified social credit codes."""
    return {
        "BID_SECTION_ID": lot.id,
        "TENDER_PROJECT_ID": lot.project,
        "PROJECT_NAME": lot.project_name,
        "BID_SECTION_NAME": lot.name,
        "OPENING_ROOM": lot.opening_room,
        "EVALUATION_ROOM": lot.evaluation_room,
        "BID_OPENING_TIME": utc_text(lot.opening_utc_ns),
        "PROJECT_CODE": lot.project_code,
        "BID_SECTION_CODE": lot.lot_code,
        "UNIFIED_DEAL_CODE": lot.deal_code,
        "AGENCY_CREDIT_CODE": credit_codes.get("agency", ""),
        "TENDERER_CREDIT_CODE": credit_codes.get("tenderer", ""),
        "BIDDER_COUNT": lot.bidders,
        "PEOPLE": [person_record(person) for person in lot.people],
        "CONFLICTS": [list(pair) for pair in lot.conflicts],
        "VERSION": lot.version,
    }


def event_record(event: PhaseEvent) -> Record:
    """A phase event."""
    record: Record = {
        "EVENT_ID": event.id,
        "EVENT_TYPE": event.kind.value.upper(),
        "TENDER_PROJECT_ID": event.project,
        "BID_SECTION_ID": event.lot,
        "EVENT_TIME": utc_text(event.utc_ns),
    }
    if event.bidders is not None:
        record["BIDDER_COUNT"] = event.bidders
    if event.person is not None:
        record["PERSON_KEY"] = event.person
    return record


def page_record(page: Page, cursor: str) -> Record:
    """A page of the feed; `cursor` is where an empty one stands."""
    return {
        "CURSOR": page.cursors[-1] if page.cursors else cursor,
        "MORE": page.more,
        "LOTS": [lot_record(change.lot, change.credit_codes) for change in page.changes if change.lot is not None],
        "EVENTS": [event_record(change.event) for change in page.changes if change.event is not None],
    }


def read_items(body: bytes) -> list[Item]:
    """The items of a push.  ValueError, KeyError or TypeError when they are not of the form."""
    return [_item(sent) for sent in json.loads(body)["ITEMS"]]


def _item(sent: Any) -> Item:
    body = sent["BODY"]
    return Item(str(sent["KEY"]), sent["KIND"], body, body.get("TENDER_PROJECT_ID"), body.get("BID_SECTION_ID"))


def verdict_records(verdicts: Sequence[Verdict]) -> Record:
    """The answer to a push."""
    return {"RESULTS": [{"KEY": v.key, "STATUS": v.status} | ({"REASON": v.reason} if v.reason else {}) for v in verdicts]}
