"""Where everybody is, and how sure that is: exits are free and often nameless, so "inside" can fade to "not known"."""

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from heapq import heappop, heappush

from gateway.core.presence.sightings import Ref, Sighting
from gateway.core.presence.state import MOVES, Presence, Row, Stay, stays_of
from venue_model.groups import Role
from venue_model.ids import LotId, PersonKey


class Sure(StrEnum):
    """How sure a person's whereabouts are."""

    INSIDE = "inside"  # seen going in, and nobody unnamed has left since
    UNKNOWN = "unknown"  # seen going in; somebody whom no door could name has left since
    COUNTED = "counted"  # seen going in; the doors have counted nobody inside since
    LEFT = "left"  # seen leaving all guarded rooms, by a door or by staff


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a person was last known to be."""

    person: PersonKey
    lot: LotId | None
    group: Role | None
    component: str  # "" when outside all guarded rooms
    since_utc_ns: int
    sure: Sure
    door: str
    ref: Ref

    @property
    def maybe_inside(self) -> bool:
        """True unless the person was seen to leave, or the doors counted nobody."""
        return self.sure in (Sure.INSIDE, Sure.UNKNOWN)


def everybody(presence: Presence, until_utc_ns: int | None = None) -> dict[PersonKey, Whereabouts]:
    """The whereabouts of all who ever passed a guarded door by name; as of a moment of the past, when one is given."""
    stays = presence.stays
    if until_utc_ns is not None:
        stays = {p: stays_of(tuple(s for s in row if s.utc_ns <= until_utc_ns)) for p, row in presence.people.items()}
    occupied = sorted({own[-1].component for own in stays.values() if own and own[-1].ended is None})
    emptied = {c: _last_emptied(unseen(presence, c), until_utc_ns) for c in occupied}
    doubted = _doubts(presence, stays, emptied, until_utc_ns)
    found = {}
    for person, own in stays.items():
        row = presence.people[person]
        last = own[-1] if own else None
        if last is None:
            outward = next((s for s in reversed(row) if s.kind in MOVES and _before(s, until_utc_ns)), None)
            if outward is not None:  # first seen on the way out: how they came in, nobody knows
                found[person] = _at(person, row, outward, "", Sure.LEFT)
        elif last.ended is not None:
            found[person] = _at(person, row, last.ended, "", Sure.LEFT)
        else:
            after = last.entered.order
            counted, doubt = emptied[last.component], doubted[last.component]
            sure = Sure.COUNTED if counted and counted.order > after else Sure.UNKNOWN if doubt and doubt.order > after else Sure.INSIDE
            found[person] = _at(person, row, last.entered, last.component, sure)
    return found


def unseen(presence: Presence, component: str) -> Row:
    """When somebody unnamed may have left a domain, and when it was counted empty."""
    return presence.unseen.get(component, ())


def unnamed_exits(presence: Presence, stay: Stay, until_utc_ns: int) -> Row:
    """The nameless exits by which a stay may have ended before a moment."""
    found = between(unseen(presence, stay.component), stay.entered.utc_ns, until_utc_ns)
    return tuple(s for s in found if s.kind != "emptied")


def between(row: Row, from_utc_ns: int, until_utc_ns: int) -> Row:
    """The sightings of a row between two moments, both included."""
    return row[bisect_left(row, from_utc_ns, key=_utc_ns) : bisect_right(row, until_utc_ns, key=_utc_ns)]


def _utc_ns(sighting: Sighting) -> int:
    return sighting.utc_ns


Stays = Mapping[PersonKey, tuple[Stay, ...]]


def _last_emptied(row: Row, until_utc_ns: int | None) -> Sighting | None:
    return next((s for s in reversed(row) if s.kind == "emptied" and _before(s, until_utc_ns)), None)


def _doubts(
    presence: Presence, stays: Stays, emptied: Mapping[str, Sighting | None], until_utc_ns: int | None
) -> dict[str, Sighting | None]:
    """The last nameless exit that nobody explains, by domain: whoever came in before it may be gone.

    Somebody who was inside and is then seen elsewhere has left by one of them: the exits in order of time, each taken by the stay
    that must have ended first, which explains as many as possible.  What was before the domain was last counted empty is settled.
    """
    exits = {}
    for component, counted in emptied.items():
        row = unseen(presence, component)
        since = row[row.index(counted) + 1 :] if counted else row
        exits[component] = [s for s in since if s.kind != "emptied" and _before(s, until_utc_ns)]
    vanished: dict[str, list[tuple[int, int, PersonKey]]] = {}
    for own in stays.values():
        for stay in own:
            if stay.ended is not None and not stay.seen_leaving and exits.get(stay.component):
                vanished.setdefault(stay.component, []).append((stay.entered.utc_ns, stay.ended.utc_ns, stay.person))
    return {
        component: max(_unexplained(found, vanished.get(component, [])), key=lambda s: s.order, default=None)
        for component, found in exits.items()
    }


def _unexplained(exits: Iterable[Sighting], vanished: list[tuple[int, int, PersonKey]]) -> Iterator[Sighting]:
    """The exits, oldest first, that are left when each (entered, seen elsewhere, who) has taken one."""
    coming = deque(sorted(vanished))
    inside: list[tuple[int, PersonKey]] = []  # a heap: whoever was seen elsewhere first comes first
    for sighting in exits:
        while coming and coming[0][0] <= sighting.utc_ns:
            _, ended_utc_ns, person = coming.popleft()
            heappush(inside, (ended_utc_ns, person))
        while inside and inside[0][0] < sighting.utc_ns:
            heappop(inside)
        if inside:
            heappop(inside)
        else:
            yield sighting


def _before(sighting: Sighting, until_utc_ns: int | None) -> bool:
    return until_utc_ns is None or sighting.utc_ns <= until_utc_ns


def _at(person: PersonKey, row: Row, sighting: Sighting, component: str, sure: Sure) -> Whereabouts:
    latest = next((s for s in reversed(row) if s.group is not None), sighting)
    lot = sighting.lot or next((s.lot for s in reversed(row) if s.lot is not None), None)
    return Whereabouts(person, lot, latest.group, component, sighting.utc_ns, sure, sighting.door, sighting.ref)
