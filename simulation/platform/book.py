"""What the stand-in knows, in neutral words: lots, the feed of changes, the items it was handed; on disk before anything is answered."""

import os
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, TypeAdapter, ValidationError

from gateway.trading.base import EventKind, ItemKind, PhaseEvent
from venue_model.lots import Lot

LOT = TypeAdapter(Lot)
Record = dict[str, Any]


class Change(BaseModel):
    """One entry of the feed: a lot as it was then, or an event."""

    lot: Lot | None = None
    credit_codes: dict[str, str] = {}
    event: PhaseEvent | None = None


class Page(BaseModel):
    """Changes after a cursor, oldest first, with the cursor after each."""

    changes: list[Change]
    cursors: list[str]
    more: bool


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


@dataclass(frozen=True, slots=True)
class Item:
    """An item as it came, whatever the interface calls its parts."""

    key: str
    kind: str  # in capitals
    body: Record
    project: str | None = None
    lot: str | None = None


class Verdict(NamedTuple):
    """What became of an item."""

    key: str
    status: str  # accepted, duplicate, refused
    reason: str = ""


class CursorGone(LookupError):
    """The cursor is from another life of the platform."""


class BookError(RuntimeError):
    """The file cannot be used."""


class Book:
    """The state behind the API.  Every change is on disk when the call returns; `durable` False: unless power is lost."""

    def __init__(self, file: Path, *, durable: bool = True) -> None:
        self._file = file
        self._durable = durable
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
        self._pages.changes.append(Change(lot=lot, credit_codes=self._pages.credit_codes.get(lot.id, {})))
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
        self._pages.changes.append(Change(event=event))
        self._write()

    def page(self, cursor: str, limit: int) -> Page:
        """The changes after `cursor`.  CursorGone for one of another life."""
        incarnation, _, place = cursor.rpartition(".")
        if cursor and (incarnation != self._pages.incarnation or not place.isdigit() or int(place) > len(self._pages.changes)):
            raise CursorGone(cursor)
        begin = int(place or 0)
        end = min(begin + limit, len(self._pages.changes))
        cursors = [f"{self._pages.incarnation}.{at}" for at in range(begin + 1, end + 1)]
        return Page(changes=self._pages.changes[begin:end], cursors=cursors, more=end < len(self._pages.changes))

    def start(self) -> str:
        """The cursor before the first change."""
        return f"{self._pages.incarnation}.0"

    def newest(self) -> list[Change]:
        """Every lot as it stands, whatever the cursor."""
        return [Change(lot=lot, credit_codes=self._pages.credit_codes.get(lot.id, {})) for lot in self.lots()]

    def take(self, items: Sequence[Item]) -> list[Verdict]:
        """Take what can be taken, once per key, and give a verdict on each item."""
        verdicts = [self._verdict(item) for item in items]
        self._write()
        return verdicts

    def received(self, kind: str | None = None) -> list[Received]:
        """What was taken, in the order of first arrival."""
        return [item for item in self._pages.received.values() if kind is None or item.kind == kind.upper()]

    def _verdict(self, item: Item) -> Verdict:
        if not item.key:
            return Verdict("", "refused", "the key is missing")
        if item.key in self._pages.received:
            self._pages.received[item.key].deliveries += 1
            return Verdict(item.key, "duplicate")
        reason = self._fault(item)
        if reason:
            return Verdict(item.key, "refused", reason)
        self._pages.received[item.key] = Received(key=item.key, kind=item.kind, body=item.body)
        return Verdict(item.key, "accepted")

    def _fault(self, item: Item) -> str:
        if item.kind not in {kind.upper() for kind in ItemKind}:
            return "the kind is unknown"
        if item.kind == ItemKind.ROOM_STATUS.upper():
            return ""
        if item.lot is not None and item.lot not in self._pages.lots:
            return "the section is unknown here"
        if item.project not in {known["project"] for known in self._pages.lots.values()}:
            return "the tender project is unknown here"
        return ""

    def _write(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._file.with_suffix(".new")
        with fresh.open("wb") as file:
            file.write(self._pages.model_dump_json().encode())
            if self._durable:
                file.flush()
                os.fsync(file.fileno())
        fresh.replace(self._file)


def _empty() -> Pages:
    return Pages(incarnation=secrets.token_hex(4))
