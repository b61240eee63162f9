"""What the clock presses by itself: rooms are prepared before an opening, and freed at the end of the day once they are empty.

The schedule comes last of all who press (design 4): it never takes a lot out of a person's hands, never presses what needs two people,
and never what a person must answer for, such as an opening or a failed tender.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from gateway.core.booking.book import MINUTE_NS, Booking, Purpose
from gateway.core.booking.told import PLATFORM
from gateway.core.day import LOCAL
from gateway.core.parts import OVER, Day, LotState
from venue_model.ids import LotId
from venue_model.moments import S
from venue_model.scenes import SCENES, SceneId

ACTOR = "schedule"
# The only scenes that the clock may press: one lets in staff and agents an hour early, the other asks for nothing in rooms left empty.
PREPARE, RELEASE = SCENES[SceneId.OPENING_PREPARATION], SCENES[SceneId.CLOSE]
FIRST_RETRY_NS, LAST_RETRY_NS = MINUTE_NS, 10 * MINUTE_NS


@dataclass(frozen=True, slots=True)
class ScheduleRules:
    """`preparation_s` 0: nothing is prepared by itself.  `release_at` empty: nothing is freed by itself."""

    preparation_s: int = 0
    release_at: str = ""  # local time such as "19:00"


@dataclass(frozen=True, slots=True)
class Press:
    """A scene that is due for a lot, since when."""

    lot: LotId
    scene: SceneId
    since_utc_ns: int


@dataclass(frozen=True, slots=True)
class Tried:
    """A press that did not come through, and what was said."""

    lot: LotId
    scene: SceneId
    times: int
    code: str
    zh: str
    en: str
    last_utc_ns: int

    @property
    def again_utc_ns(self) -> int:
        """When to try once more: soon at first, every ten minutes in the end."""
        return self.last_utc_ns + min(FIRST_RETRY_NS << min(self.times - 1, 10), LAST_RETRY_NS)


@dataclass(frozen=True, slots=True)
class Look:
    """What the schedule must know of the venue besides bookings and phases."""

    kept: frozenset[LotId] = frozenset()  # staff do this one by hand, or a run is under way
    tried: Mapping[tuple[LotId, SceneId], Tried] = field(default_factory=dict)


def due(bookings: Iterable[Booking], day: Day, rules: ScheduleRules, look: Look, now_utc_ns: int) -> tuple[Press, ...]:
    """The presses that are due and not waiting for another try.  A lot that was pressed has another phase, and is due no more."""
    opened = {b.lot: b for b in bookings if b.purpose is Purpose.OPENING and b.by == PLATFORM and b.confirmed and b.lot is not None}
    found = []
    for lot, state in sorted(day.items()):
        if lot in look.kept:
            continue
        press = _preparation(state, opened.get(lot), rules, now_utc_ns) or _release(state, rules, now_utc_ns)
        tried = look.tried.get((press.lot, press.scene)) if press is not None else None
        if press is not None and (tried is None or tried.again_utc_ns <= now_utc_ns):
            found.append(press)
    return tuple(found)


def _preparation(state: LotState, booking: Booking | None, rules: ScheduleRules, now_utc_ns: int) -> Press | None:
    """From so long before the opening until the hour itself.  What was missed then, a person decides."""
    if not rules.preparation_s or booking is None or state.phase not in PREPARE.allowed_from:
        return None
    opening = state.lot.opening_utc_ns
    since = opening - rules.preparation_s * S
    return Press(state.lot.id, PREPARE.id, since) if since <= now_utc_ns < opening else None


def _release(state: LotState, rules: ScheduleRules, now_utc_ns: int) -> Press | None:
    """After the hour, of this day or of one before, at which the house empties.  Whether anybody is left, the doors must say."""
    if not rules.release_at or state.phase in OVER or state.phase not in RELEASE.allowed_from:
        return None
    since = end_of_day_ns(_day_of(state.phase_utc_ns), rules.release_at)
    return Press(state.lot.id, RELEASE.id, since) if since <= now_utc_ns else None


def _day_of(utc_ns: int) -> date:
    return datetime.fromtimestamp(utc_ns // S, LOCAL).date()


def end_of_day_ns(day: date, release_at: str) -> int:
    """The hour at which a day's rooms are freed."""
    hour, minute = (int(part) for part in release_at.split(":"))
    return int(datetime(day.year, day.month, day.day, hour, minute, tzinfo=LOCAL).timestamp()) * S


def lapsed(bookings: Iterable[Booking], now_utc_ns: int, grace_s: int) -> tuple[Booking, ...]:
    """Bookings of staff that nobody confirmed until so long after their begin: they go, so that the calendar tells the truth."""
    return tuple(
        b for b in bookings if b.active and not b.confirmed and b.by != PLATFORM and b.from_utc_ns + grace_s * S <= now_utc_ns
    )

