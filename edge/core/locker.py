"""Phone lockers: a badge opens the next free one, closing it binds it, the next badge opens it again for return.

    free ─badge→ assigned ─opened and closed→ bound ─badge→ returning ─opened and closed→ free

The contact tells open and closed, not what lies inside: that is what the cameras are for.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from edge.core.effects import SetLine
from edge.core.journal import Record, alarm, alarm_clear, who
from edge.core.site import lock_line
from venue_model.groups import Role
from venue_model.ids import DeviceId, LotId, PersonKey
from venue_model.moments import Now, S

PULSE_NS = 1 * S  # a door that is pushed against a released lock springs back
LEFT_OPEN_NS = 60 * S


class Phase(StrEnum):
    """How far a locker's owner has come."""

    ASSIGNED = "assigned"
    BOUND = "bound"
    RETURNING = "returning"


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose locker it is.  On disk before the lock moves."""

    person: PersonKey
    group: Role | None
    lot: LotId | None
    phase: Phase


@dataclass(frozen=True, slots=True)
class LockerState:
    """One locker's metal, as its lines tell."""

    closed: bool = False
    was_open: bool = False  # since it was last released: only then does closing mean anything
    release_until_ns: int | None = None
    open_since_ns: int | None = None
    left_open: bool = False


@dataclass(frozen=True, slots=True)
class Lockers:
    """All lockers of the board."""

    owners: Mapping[DeviceId, Owner] = field(default_factory=dict)
    metal: Mapping[DeviceId, LockerState] = field(default_factory=dict)


Outcome = SetLine | Record
Step = tuple[Lockers, list[Outcome]]


def bound_people(lockers: Lockers) -> frozenset[PersonKey]:
    """Who has a closed locker bound (I5)."""
    return frozenset(
        owner.person for locker, owner in lockers.owners.items() if owner.phase is Phase.BOUND and _metal(lockers, locker).closed
    )


def step_badge(
    lockers: Lockers, choice: Iterable[DeviceId], person: PersonKey, group: Role | None, lot: LotId | None, now: Now
) -> Step | None:
    """A person with a pass badged at the reader of the lockers `choice`.  None when every one of them is taken."""
    choice = tuple(choice)
    own = next((locker for locker in choice if (o := lockers.owners.get(locker)) and o.person == person), None)
    if own is not None:
        owner = lockers.owners[own]
        phase = Phase.RETURNING if owner.phase is Phase.BOUND else owner.phase
        return _release(lockers, own, replace(owner, phase=phase), now)
    free = next((locker for locker in choice if locker not in lockers.owners and _metal(lockers, locker).closed), None)
    return None if free is None else _release(lockers, free, Owner(person, group, lot, Phase.ASSIGNED), now)


def step_contact(lockers: Lockers, locker: DeviceId, closed: bool, now: Now) -> Step:
    """A locker's door moved."""
    metal = _metal(lockers, locker)
    owner = lockers.owners.get(locker)
    if closed == metal.closed:
        return lockers, []
    if not closed:
        forced = owner is not None and owner.phase is Phase.BOUND
        opened = replace(metal, closed=False, was_open=True, open_since_ns=now.mono_ns)
        out: list[Outcome] = [alarm("locker-forced", locker, "opened without its owner's badge", owner.lot)] if forced and owner else []
        return _with_metal(lockers, locker, opened), out
    cleared: list[Outcome] = [alarm_clear("locker-open", locker)] if metal.left_open else []
    lockers = _with_metal(lockers, locker, LockerState(closed=True, release_until_ns=metal.release_until_ns))
    if owner is None or not metal.was_open:
        return lockers, cleared
    if owner.phase is Phase.ASSIGNED:
        bound = replace(owner, phase=Phase.BOUND)
        return _with_owner(lockers, locker, bound), [*cleared, _line(locker, bound, "bound")]
    if owner.phase is Phase.RETURNING:
        return _with_owner(lockers, locker, None), [*cleared, _line(locker, owner, "returned")]
    return lockers, cleared


def step_woken(lockers: Lockers, now: Now) -> Step:
    """End lock pulses; tell of doors left open."""
    out: list[Outcome] = []
    for locker, metal in lockers.metal.items():
        if metal.release_until_ns is not None and now.mono_ns >= metal.release_until_ns:
            lockers = _with_metal(lockers, locker, replace(_metal(lockers, locker), release_until_ns=None))
            out.append(SetLine(lock_line(locker), False))
        if locker in lockers.owners and _left_open_at(metal) is not None and now.mono_ns >= (_left_open_at(metal) or 0):
            lockers = _with_metal(lockers, locker, replace(_metal(lockers, locker), left_open=True))
            out.append(alarm("locker-open", locker, f"open for more than {LEFT_OPEN_NS // S} s", lockers.owners[locker].lot))
    return lockers, out


def step_lost(lockers: Lockers, gone: Iterable[DeviceId]) -> Lockers:
    """The board of some lockers is away: nothing is known of their doors, and its locks are secured."""
    for locker in gone:
        lockers = _with_metal(lockers, locker, LockerState())
    return lockers


def wake_ns(lockers: Lockers) -> int | None:
    """When time will change something here."""
    moments = [metal.release_until_ns for metal in lockers.metal.values() if metal.release_until_ns is not None]
    for locker in lockers.owners:
        if locker in lockers.metal and (left_open_ns := _left_open_at(lockers.metal[locker])) is not None:
            moments.append(left_open_ns)
    return min(moments, default=None)


def _release(lockers: Lockers, locker: DeviceId, owner: Owner, now: Now) -> Step:
    metal = replace(_metal(lockers, locker), was_open=False, release_until_ns=now.mono_ns + PULSE_NS)
    lockers = _with_owner(_with_metal(lockers, locker, metal), locker, owner)
    return lockers, [_line(locker, owner, owner.phase.value), SetLine(lock_line(locker), True)]


def _metal(lockers: Lockers, locker: DeviceId) -> LockerState:
    return lockers.metal.get(locker, LockerState())


def _left_open_at(metal: LockerState) -> int | None:
    if metal.closed or metal.left_open or metal.open_since_ns is None:
        return None
    return metal.open_since_ns + LEFT_OPEN_NS


def _with_metal(lockers: Lockers, locker: DeviceId, metal: LockerState) -> Lockers:
    return replace(lockers, metal={**lockers.metal, locker: metal})


def _with_owner(lockers: Lockers, locker: DeviceId, owner: Owner | None) -> Lockers:
    others = {key: value for key, value in lockers.owners.items() if key != locker}
    return replace(lockers, owners=others if owner is None else {**others, locker: owner})


def _line(locker: DeviceId, owner: Owner, act: str) -> Record:
    return Record("locker", {"locker": locker, "act": act, **who(owner.person, owner.group, owner.lot)}, owner.lot)
