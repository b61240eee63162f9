"""How bookings are called to people."""

import datetime
from collections.abc import Iterable

from gateway.core.booking.book import PURPOSE_NAMES, Book, Booking, BookingSource
from gateway.core.day import LOCAL
from venue_model.moments import S
from venue_model.venue import Name


def clock(utc_ns: int, near_utc_ns: int | None = None) -> str:
    """Wall time as the venue keeps it; with its day where that is another than the day of `near_utc_ns`."""
    at = datetime.datetime.fromtimestamp(utc_ns // S, LOCAL)
    if near_utc_ns is not None and at.date() != datetime.datetime.fromtimestamp(near_utc_ns // S, LOCAL).date():
        return at.strftime("%m-%d %H:%M")
    return at.strftime("%H:%M")


def holder(book: Book, b: Booking) -> Name:
    """Whose booking it is: a lot's by its name, staff's by what it is for."""
    at = clock(b.from_utc_ns)
    if b.source is BookingSource.PLATFORM and b.lot is not None:
        lot = book.lots.get(b.lot)
        name = f"{lot.project_name} {lot.name}" if lot is not None else b.lot
        return Name(f"“{name}”{PURPOSE_NAMES[b.purpose].zh}", f"{PURPOSE_NAMES[b.purpose].en} of {b.lot}")
    purpose = PURPOSE_NAMES[b.purpose]
    return Name(f"{at}的{purpose.zh}({b.by})", f"{purpose.en} at {at} ({b.by})")


def joined(names: Iterable[Name]) -> tuple[str, str]:
    """Several names as one, Chinese and English."""
    every = list(names)
    return "、".join(name.zh for name in every), ", ".join(name.en for name in every)
