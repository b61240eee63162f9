"""What the stand-in knows: lots, the feed of changes, and the items it was handed; on disk before anything is answered."""

import os
import secrets
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from gateway.trading.base import EventKind, ItemKind, PhaseEvent
from simulation.platform.wire import Record, event_record, lot_record
from venue_model.ids import LotId
from venue_model.lots import Lot

LOT = TypeAdapter(Lot)


class Change(BaseModel):
    """One entry of the feed."""

    of: str  # "lot" or "event"
    record: Record


class Received(BaseModel):
    """An item that was taken."""

    key: str
    kind: str
    body: dict[str, Any]
    deliveries: int = 1  # how often it was sent: more than one is the sender's right, and changes nothing


class Pages(BaseModel):
    """Everything, as it stands in the file."""

    incarnation: str  # part of every cursor: one of another life is refused
    lots: dict[str, dict[str, Any]] = {}
    credit_codes: dict[str, dict[str, str]] = {}
    changes: list[Change] = []
    received: dict[str, Received] = {}


class CursorGone(LookupError):
    """The cursor is from another life of the platform."""


class BookError(RuntimeError):
    """The file cannot be used."""


class Book:
    """The state behind the API.  Every change is on disk when the call returns."""

    def __init__(self, file: Path) -> None:
        self._file = file
        try:
            self._pages = Pages.model_validate_json(file.read_bytes()) if file.exists() else _empty()
        except OSError as error:
            raise BookError(f"{file}: {error.strerror}; choose another folder") from None
        except ValidationError as error:
            raise BookError(f"{file}: {error.errors()[0]['msg']}; move it away to start empty") from None

    def clear(self) -> None:
        """Begin another life: no lots, no items, and every old cursor is gone."""
        self._pages = _empty()
        self._write()

    def lots(self) -> list[Lot]:
        """The lots as they stand."""
        return [LOT.validate_python(lot) for lot in self._pages.lots.values()]

    def put_lot(self, lot: Lot, credit_codes: dict[str, str] | None = None) -> None:
        """Add or replace a lot; its version is the caller's affair."""
        if credit_codes is not None:
            self._pages.credit_codes[lot.id] = credit_codes
        self._pages.lots[lot.id] = asdict(lot)
        self._pages.changes.append(Change(of="lot", record=self._record(lot)))
        self._write()

    def add_event(self, event: PhaseEvent) -> None:
        """Announce an event.  A bidder count and a withdrawal also make a new version of the lot, before the event."""
        stored = self._pages.lots.get(event.lot)
        if stored is None:
            raise KeyError(event.lot)
        lot = LOT.validate_python(stored)
        if event.kind is EventKind.BIDDER_COUNT:
            self.put_lot(replace(lot, bidders=event.bidders, version=lot.version + 1))
        elif event.kind is EventKind.WITHDRAWN:
            people = tuple(replace(person, withdrawn=person.withdrawn or person.person == event.person) for person in lot.people)
            self.put_lot(replace(lot, people=people, version=lot.version + 1))
        self._pages.changes.append(Change(of="event", record=event_record(event)))
        self._write()

    def page(self, cursor: str, limit: int) -> Record:
        """The changes after `cursor`, oldest first."""
        incarnation, _, place = cursor.rpartition(".")
        if cursor and (incarnation != self._pages.incarnation or not place.isdigit() or int(place) > len(self._pages.changes)):
            raise CursorGone(cursor)
        begin = int(place or 0)
        end = min(begin + limit, len(self._pages.changes))
        changes = self._pages.changes[begin:end]
        return {
            "CURSOR": f"{self._pages.incarnation}.{end}",
            "MORE": end < len(self._pages.changes),
            "LOTS": [change.record for change in changes if change.of == "lot"],
            "EVENTS": [change.record for change in changes if change.of == "event"],
        }

    def newest_records(self) -> list[Record]:
        """Every lot as a record, whatever the cursor."""
        return [self._record(lot) for lot in self.lots()]

    def take(self, items: Sequence[Any]) -> list[Record]:
        """Take what can be taken, once per key, and give a verdict on each item."""
        verdicts = [self._verdict(item) for item in items]
        self._write()
        return verdicts

    def received(self, kind: str | None = None) -> list[Received]:
        """What was taken, in the order of first arrival."""
        return [item for item in self._pages.received.values() if kind is None or item.kind == kind.upper()]

    def _verdict(self, item: Any) -> Record:
        key = item.get("KEY") if isinstance(item, dict) else None
        if not isinstance(key, str) or not key:
            return {"KEY": "", "STATUS": "refused", "REASON": "KEY is missing"}
        if key in self._pages.received:
            self._pages.received[key].deliveries += 1
            return {"KEY": key, "STATUS": "duplicate"}
        reason = self._fault(item)
        if reason:
            return {"KEY": key, "STATUS": "refused", "REASON": reason}
        self._pages.received[key] = Received(key=key, kind=item["KIND"], body=item["BODY"])
        return {"KEY": key, "STATUS": "accepted"}

    def _fault(self, item: Record) -> str:
        if item.get("KIND") not in {kind.upper() for kind in ItemKind}:
            return "KIND is unknown"
        body = item.get("BODY")
        if not isinstance(body, dict):
            return "BODY is missing"
        lot, project = body.get("BID_SECTION_ID"), body.get("TENDER_PROJECT_ID")
        if lot is not None and LotId(str(lot)) not in self._pages.lots:
            return "BID_SECTION_ID is unknown here"
        if project not in {known["project"] for known in self._pages.lots.values()}:
            return "TENDER_PROJECT_ID is unknown here"
        return ""

    def _record(self, lot: Lot) -> Record:
        return lot_record(lot, self._pages.credit_codes.get(lot.id, {}))

    def _write(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._file.with_suffix(".new")
        with fresh.open("wb") as file:
            file.write(self._pages.model_dump_json().encode())
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._file)


def _empty() -> Pages:
    return Pages(incarnation=secrets.token_hex(4))
