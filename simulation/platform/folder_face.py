"""The folder face of the stand-in: what a script of a centre would drop, and what it would take away."""

import csv
import io
from pathlib import Path

from gateway.trading.base import PhaseEvent
from gateway.trading.folder import IN, OUT, TAKEN
from gateway.trading.folder_columns import EVENT_COLUMNS, EVENT_WORDS, LOT_COLUMNS, PERSON_COLUMNS, Column
from gateway.trading.folder_out import KEY
from gateway.trading.wall import wall_time
from simulation.platform.book import Change
from venue_model.lots import Lot, Person

_KIND_WORDS = {kind: word for word, kind in reversed(EVENT_WORDS.items())}


class DropFolder:
    """One centre's folder.  Every change is a file of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self._dropped = 0

    def drop(self, change: Change) -> None:
        """Put one change into `in/`, whole."""
        columns: tuple[Column, ...] = EVENT_COLUMNS
        if change.event is not None:
            rows = [_event_row(change.event)]
        else:
            assert change.lot is not None, "a change is of a lot or an event"
            columns, rows = (*LOT_COLUMNS, *PERSON_COLUMNS), _lot_rows(change.lot, change.credit_codes)
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, [column.field for column in columns], restval="")
        writer.writerow({column.field: column.zh for column in columns})
        writer.writerows(rows)
        self._dropped += 1
        self.drop_bytes(f"{self._dropped:04d}.csv", text.getvalue().encode())

    def drop_bytes(self, name: str, data: bytes) -> None:
        """Put a file into `in/`."""
        (self.folder / IN).mkdir(exist_ok=True)
        (self.folder / IN / name).write_bytes(data)

    def drop_again(self) -> None:
        """Somebody drops the newest file a second time."""
        if newest := sorted((self.folder / TAKEN).glob("*.csv"))[-1:]:
            self.drop_bytes("again.csv", newest[0].read_bytes())

    def received(self) -> list[dict[str, str]]:
        """The rows of all results, file by file."""
        rows: list[dict[str, str]] = []
        for path in sorted((self.folder / OUT).glob("*.csv")):
            rows += csv.DictReader(io.StringIO(path.read_text("utf-8-sig"), newline=""))
        return rows

    def received_keys(self) -> list[str]:
        """Their idempotency keys."""
        return [row[KEY] for row in self.received()]


def _lot_rows(lot: Lot, credit_codes: dict[str, str]) -> list[dict[str, str]]:
    own = {
        "TENDER_PROJECT_CODE": lot.project, "PROJECT_NAME": lot.project_name, "BID_SECTION_CODE": lot.id, "BID_SECTION_NAME": lot.name,
        "BID_OPENING_TIME": wall_time(lot.opening_utc_ns), "OPENING_ROOM": lot.opening_room or "",
        "EVALUATION_ROOM": lot.evaluation_room or "", "PROJECT_CODE": lot.project_code, "UNIFIED_DEAL_CODE": lot.deal_code,
        "AGENCY_CREDIT_CODE": credit_codes.get("agency", ""), "TENDERER_CREDIT_CODE": credit_codes.get("tenderer", ""),
        "BIDDER_COUNT": "" if lot.bidders is None else str(lot.bidders),
    }  # fmt: skip
    avoids: dict[str, list[str]] = {}
    for one, other in lot.conflicts:
        avoids.setdefault(one, []).append(other)
    people = [_person_row(person, avoids.get(person.person, [])) for person in lot.people] or [{}]
    return [(own if number == 0 else {"BID_SECTION_CODE": lot.id}) | row for number, row in enumerate(people)]


def _person_row(person: Person, avoids: list[str]) -> dict[str, str]:
    return {
        "PERSON_KEY": person.person, "ROLE": person.role.value, "CARD_NO": person.card.upper(), "PHONE_KEY": person.qr_key,
        "VALID_FROM": wall_time(person.from_utc_ns) if person.from_utc_ns else "",
        "VALID_UNTIL": wall_time(person.until_utc_ns) if person.until_utc_ns < 2**62 else "", "WITHDRAWN": "是" if person.withdrawn else "",
        "SEAT_ROOM": person.seat or "", "DURESS_CARD_NO": person.duress_card.upper(), "AVOIDS": "；".join(avoids),
    }  # fmt: skip


def _event_row(event: PhaseEvent) -> dict[str, str]:
    return {
        "EVENT_ID": event.id, "TENDER_PROJECT_CODE": event.project, "BID_SECTION_CODE": event.lot, "EVENT_TYPE": _KIND_WORDS[event.kind],
        "EVENT_TIME": wall_time(event.utc_ns), "BIDDER_COUNT": "" if event.bidders is None else str(event.bidders),
        "PERSON_KEY": event.person or "",
    }  # fmt: skip
