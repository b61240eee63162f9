"""The watch list (关注名单) and the avoidance list (回避名单): pseudonyms that a supervisor wants to hear of, quietly.  Pure.

Nobody is kept out by these lists: a door decides by the roster alone.  An entry is no evidence of a tender, so its alarm stands in no
lot, and enters no package.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from gateway.core.alarms import WATCHERS
from gateway.core.presence.findings import Finding
from gateway.core.presence.sightings import Sighting
from gateway.core.presence.state import Presence
from venue_model.ids import PersonKey


class WatchReason(StrEnum):
    """Why somebody is on a list: a code, so that no story about a person is written down here."""

    INTEGRITY = "integrity"
    COMPLAINT = "complaint"
    DISTURBANCE = "disturbance"
    RELATED = "related"
    OTHER = "other"


REASON_WORDS = {
    WatchReason.INTEGRITY: ("失信或违规记录", "a record of breaches"),
    WatchReason.COMPLAINT: ("被投诉", "a complaint is open"),
    WatchReason.DISTURBANCE: ("扰乱秩序", "disturbed a venue before"),
    WatchReason.RELATED: ("利害关系", "related to somebody here"),
    WatchReason.OTHER: ("其他", "another reason"),
}


@dataclass(frozen=True, slots=True)
class WatchEntry:
    """A pseudonym to be told of; with `avoids`, a pair that should not be in the house on one day."""

    id: str
    person: PersonKey
    reason: WatchReason
    by: str
    from_utc_ns: int
    until_utc_ns: int
    avoids: PersonKey | None = None


def watched(presence: Presence, entries: Iterable[WatchEntry], day: str, from_utc_ns: int, now_utc_ns: int) -> list[Finding]:
    """What the lists tell of today: one alarm an entry a day, for supervisors and witnesses alone."""
    found = []
    for entry in entries:
        if not entry.from_utc_ns <= now_utc_ns < entry.until_utc_ns:
            continue
        came = _last(presence, entry.person, from_utc_ns)
        if came is None:
            continue
        if entry.avoids is None:
            detail = f"seen at {came.door or came.room}; reason: {entry.reason}"
            found.append(Finding(
                "watched", f"watched {entry.id} {day}", entry.person, detail, (came.ref,), entry.person, door=came.door, audience=WATCHERS,
            ))  # fmt: skip
        elif (other := _last(presence, entry.avoids, from_utc_ns)) is not None:
            detail = f"both seen on {day}: {came.door or came.room} and {other.door or other.room}; reason: {entry.reason}"
            pair = " ".join(sorted((entry.person, entry.avoids)))
            found.append(Finding("avoidance", f"avoidance {entry.id} {day}", pair, detail, (came.ref, other.ref), audience=WATCHERS))
    return found


def _last(presence: Presence, person: PersonKey, from_utc_ns: int) -> Sighting | None:
    row = presence.people.get(person, ())
    return row[-1] if row and row[-1].utc_ns >= from_utc_ns else None
