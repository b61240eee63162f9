"""Tells staff of evaluations that go on past the venue's curfew, until somebody holds them over night or ends them (I12).

The system closes nothing by itself: a person presses.
"""

from collections.abc import Callable
from typing import Any

from gateway.core.day import Day, curfew_due
from venue_model.ids import LotId
from venue_model.moments import Now, S
from venue_model.venue import Venue

LOOK_S = 20  # a curfew is told to the minute


class CurfewDesk:
    """The lots that are due for the night, and who has been told of them."""

    def __init__(self, venue: Venue, day: Callable[[], Day], note: Callable[..., None]) -> None:
        self.venue = venue
        self.day = day
        self.note = note  # a line of the gateway's own: kind, body, now, lot
        self.due: frozenset[LotId] = frozenset()
        self._look_mono_ns = 0

    def tick(self, now: Now) -> None:
        """Look at the clock on the wall: call as often as you like."""
        if not self.venue.curfew or now.mono_ns < self._look_mono_ns:
            return
        self._look_mono_ns = now.mono_ns + LOOK_S * S
        due = frozenset(curfew_due(self.venue, self.day(), now.utc_ns))
        for lot in sorted(due - self.due):
            detail = f"curfew {self.venue.curfew} has passed: press overnight, or go on knowing it"
            body: dict[str, Any] = {"code": "curfew", "level": "warning", "place": lot, "detail": detail}
            self.note("alarm", body, now, lot=lot)
        for lot in sorted(self.due - due):
            self.note("alarm_clear", {"code": "curfew", "place": lot}, now, lot=lot)
        self.due = due
