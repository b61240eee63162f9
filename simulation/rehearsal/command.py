"""`bidhall simulate --bookings FILE`: tomorrow's report on the terminal."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from simulation.rehearsal.bookings import BookingsError, read_bookings
from simulation.rehearsal.rehearse import rehearse
from simulation.rehearsal.words import report_text
from venue_model.venue import Venue


def tell(bookings: Path, venue: Venue, seeds: Sequence[int], *, as_json: bool) -> int:
    """0: go ahead.  1: something needs attention.  2: no bookings that could be rehearsed.  How far it is goes to standard error."""

    def played(runs: int) -> None:
        print(f"预演 rehearsal {runs}/{len(seeds)}", file=sys.stderr, flush=True)

    try:
        report = rehearse(venue, read_bookings(bookings), seeds, played)
    except (BookingsError, ValueError) as error:
        print(f"bidhall simulate: {error}", file=sys.stderr)
        return 2
    print(json.dumps(report.json(), ensure_ascii=False, indent=1) if as_json else report_text(report, venue))
    return 0 if report.smooth else 1
