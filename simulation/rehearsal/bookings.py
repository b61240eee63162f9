"""Tomorrow's bookings from a file: lots as the gateway stores them, made ready for people of flesh and virtual cards."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from simulation.crowd import phone_key
from simulation.crowd.timetable import MINUTE_NS, timetable
from venue_model.lots import Lot, Person
from venue_model.signing import public_key_of
from venue_model.venue import Venue

EARLY_NS = 20 * MINUTE_NS  # before the first preparation: the house starts, the first people come
_ALWAYS = 2**62
_LOTS: TypeAdapter[tuple[Lot, ...]] = TypeAdapter(tuple[Lot, ...])


class BookingsError(ValueError):
    """A file that holds no bookings.  Names the file, the place, the fault."""


def read_bookings(path: Path) -> tuple[Lot, ...]:
    """The lots of a JSON file: a list of lots, or of lot states as the gateway's database has them (`lot_json`), or `{"lots": […]}`."""
    try:
        found: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise BookingsError(f"{path}: not readable as JSON: {error}; write a list of lots") from None
    entries = found.get("lots") if isinstance(found, dict) else found
    if not isinstance(entries, list):
        raise BookingsError(f'{path}: no list of lots; write [{{"id": …, "opening_room": …}}, …] or {{"lots": […]}}')
    plain = [entry["lot"] if isinstance(entry, dict) and "lot" in entry else entry for entry in entries]
    try:
        return _LOTS.validate_python(plain, strict=False)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BookingsError(f"{path}: lot {place}: {first['msg']}; see `Lot` in venue_model/lots.py for its fields") from None


def day_span_ns(lots: tuple[Lot, ...], venue: Venue) -> int:
    """From a while before the first preparation to the end of the last lot, everything at its usual pace."""
    plans = [timetable(lot.opening_utc_ns, venue, 1.0) for lot in lots]
    return max(plan.over for plan in plans) - min(plan.preparation for plan in plans) + 2 * EARLY_NS


def moved_to(lots: tuple[Lot, ...], venue: Venue, start_utc_ns: int) -> tuple[tuple[Lot, ...], int]:
    """The same lots on the day of the simulation, and by how much they were moved; with credentials that virtual people can hold.

    A platform tells public keys and card numbers.  The keys in people's pockets are not ours, so each phone gets a virtual one.
    """
    first = min(timetable(lot.opening_utc_ns, venue, 1.0).preparation for lot in lots)
    shift_ns = start_utc_ns + EARLY_NS - first
    return tuple(_moved(lot, shift_ns) for lot in lots), shift_ns


def _moved(lot: Lot, shift_ns: int) -> Lot:
    return replace(lot, opening_utc_ns=lot.opening_utc_ns + shift_ns, people=tuple(_equipped(person, shift_ns) for person in lot.people))


def _equipped(person: Person, shift_ns: int) -> Person:
    return replace(
        person,
        qr_key=public_key_of(phone_key(person.person)).hex() if person.qr_key else "",
        from_utc_ns=max(0, person.from_utc_ns + shift_ns) if person.from_utc_ns else 0,
        until_utc_ns=person.until_utc_ns + shift_ns if person.until_utc_ns < _ALWAYS else _ALWAYS,
    )
