"""Who presented a good pass at one door just now, and who of them waits there for a second person (escort, two-person rule).

Kept in memory only: after a restart nobody waits, and the first of a pair badges again.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from edge.core.journal import Record, credential_hint, who
from edge.core.ledger import Direction, How
from venue_model.commissioning import DoorRecord
from venue_model.door_policy import Pass
from venue_model.ids import DeviceId, PersonKey
from venue_model.moments import Now


@dataclass(frozen=True, slots=True)
class Caller:
    """One person at the outside of a door."""

    entry: Pass
    device: DeviceId  # where they presented it
    how: How
    until_ns: int  # beyond, they are no company for anybody who comes
    waits: str = ""  # the rule that keeps them waiting; "": let in
    badge: tuple[str, bytes] | None = None  # a QR badge, which is used up when it lets in


Callers = tuple[Caller, ...]


def called(callers: Callers, fresh: Iterable[Caller], now: Now) -> Callers:
    """The callers with new ones.  A person stands here once, by whichever pass came last; who was let in long ago is forgotten."""
    fresh = tuple(fresh)
    people = {caller.entry.person for caller in fresh}
    kept = (c for c in callers if c.entry.person not in people and (c.waits or now.mono_ns < c.until_ns))
    return (*kept, *fresh)


def waiting(callers: Callers, apart_from: PersonKey | None = None) -> Callers:
    """Those who wait for a second person, which `apart_from` is not for himself."""
    return tuple(c for c in callers if c.waits and c.entry.person != apart_from)


def step_woken(record: DoorRecord, callers: Callers, now: Now) -> tuple[Callers, list[Record]]:
    """Nobody came beside them in time."""
    late = [c for c in callers if c.waits and now.mono_ns >= c.until_ns]
    return tuple(c for c in callers if c not in late), [_nobody_came(record, caller) for caller in late]


def wake_ns(callers: Callers) -> int | None:
    """When somebody's wait is over."""
    return min([c.until_ns for c in callers if c.waits], default=None)


def _nobody_came(record: DoorRecord, caller: Caller) -> Record:
    entry = caller.entry
    body = {
        "door": record.id, "direction": Direction.IN.value, "how": caller.how.value, "because": caller.waits,
        "credential": credential_hint(entry.digest), **who(entry.person, entry.group, entry.lot),
    }  # fmt: skip
    return Record("no_entry", body, entry.lot)
