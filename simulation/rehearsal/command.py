"""`bidhall simulate --bookings FILE`: tomorrow's report on the terminal."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path

from simulation.rehearsal.bookings import BookingsError, read_bookings
from simulation.rehearsal.rehearse import rehearse
from simulation.rehearsal.words import report_text
from venue_model.venue import Venue


def tell(bookings: Path, venue: Venue, seeds: Iterable[int], *, as_json: bool) -> int:
    """0: go ahead.  1: something needs attention.  2: no bookings that could be rehearsed."""
    try:
        report = rehearse(venue, read_bookings(bookings), seeds)
    except (BookingsError, ValueError) as error:
        print(f"bidhall simulate: {error}", file=sys.stderr)
        return 2
    print(json.dumps(report.json(), ensure_ascii=False, indent=1) if as_json else report_text(report, venue))
    return 0 if report.smooth else 1
