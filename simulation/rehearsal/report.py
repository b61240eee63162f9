"""What a rehearsal tells staff, as plain values."""

from dataclasses import asdict, dataclass
from typing import Any

from venue_model.venue import Name


@dataclass(frozen=True, slots=True)
class Conflict:
    """Something about the bookings that cannot, or should not, be."""

    code: str  # "room-twice", "person-twice", "avoid", "separated", "committee", "lockers", "unknown-room"
    lots: tuple[str, ...]
    place: str  # room or person; "" when there is none
    words: Name


@dataclass(frozen=True, slots=True)
class Queue:
    """The worst of a queue before one door or reader."""

    place: str
    longest: int  # people who stood there at once, the one at the door among them
    longest_at_utc_ns: int
    longest_wait_s: int
    wait_at_utc_ns: int
    passed: int
    gave_up: int


@dataclass(frozen=True, slots=True)
class BusyMinute:
    """The minute in which most people went through locked doors."""

    at_utc_ns: int
    people: int
    doors: tuple[tuple[str, int], ...]  # busiest first


@dataclass(frozen=True, slots=True)
class SceneTime:
    """One scene of one lot: due, done."""

    lot: str
    scene: str
    room: str
    due_utc_ns: int
    done_utc_ns: int | None  # None: never
    result: str

    @property
    def late_s(self) -> int | None:
        """How late; None when it never came."""
        return None if self.done_utc_ns is None else max(0, (self.done_utc_ns - self.due_utc_ns) // 1_000_000_000)


@dataclass(frozen=True, slots=True)
class RefusedPress:
    """A scene that the gateway refused."""

    lot: str
    scene: str
    code: str
    times: int
    first_utc_ns: int


@dataclass(frozen=True, slots=True)
class Lockers:
    """Phones in lockers."""

    there: int
    most_used: int
    turned_away: int  # tries at the lockers' reader that opened none


@dataclass(frozen=True, slots=True)
class Report:
    """One rehearsal, or the worst of several."""

    runs: int
    conflicts: tuple[Conflict, ...]
    queues: tuple[Queue, ...]  # longest wait first
    busiest: BusyMinute | None
    ready: tuple[SceneTime, ...]  # when each lot's rooms were ready
    late: tuple[SceneTime, ...]  # scenes later than `LATE_S`, and those that never came
    refused: tuple[RefusedPress, ...]
    lockers: Lockers
    violations: int = 0  # laws that did not hold: none may

    @property
    def smooth(self) -> bool:
        """True when staff need not change anything."""
        return not (self.conflicts or self.late or self.violations or self.lockers.turned_away)

    def json(self) -> dict[str, Any]:
        """The report for other programs."""
        return {"smooth": self.smooth, **asdict(self)}


LATE_S = 300  # what people who wait call late
