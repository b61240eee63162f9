"""Neutral lots and events in the field names of the interface, written from the platform's side (the gateway has its own reading)."""

from collections.abc import Mapping
from typing import Any

from gateway.trading.base import PhaseEvent
from venue_model.lots import Lot, Person
from venue_model.moments import utc_text

Record = dict[str, Any]


def person_record(person: Person) -> Record:
    """One line of a roster.  Absent credentials and open windows are left out, as platforms do."""
    record: Record = {"PERSON_KEY": person.person, "ROLE": person.role.value}
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
