"""Where everybody is, and how sure that is: exits are free and often nameless, so "inside" can fade to "not known"."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

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
    doubted = _doubts(presence, stays, until_utc_ns)
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
            emptied = any(s.kind == "emptied" and s.order > after and _before(s, until_utc_ns) for s in unseen(presence, last.component))
            doubt = any(s.order > after for s in doubted.get(last.component, ()))
            sure = Sure.COUNTED if emptied else Sure.UNKNOWN if doubt else Sure.INSIDE
            found[person] = _at(person, row, last.entered, last.component, sure)
    return found


def unseen(presence: Presence, component: str) -> Row:
    """When somebody unnamed may have left a domain, and when it was counted empty."""
    return presence.unseen.get(component, ())


def unnamed_exits(presence: Presence, stay: Stay, until_utc_ns: int) -> Row:
    """The nameless exits by which a stay may have ended before a moment."""
    from_utc_ns = stay.entered.utc_ns
    return tuple(s for s in unseen(presence, stay.component) if s.kind != "emptied" and from_utc_ns <= s.utc_ns <= until_utc_ns)


def _doubts(presence: Presence, stays: Mapping[PersonKey, tuple[Stay, ...]], until_utc_ns: int | None) -> dict[str, list[Sighting]]:
    """The nameless exits that nobody explains, by domain.

    Somebody who was inside and is then seen elsewhere has left by one of them: the exits in order of time, each taken by the stay
    that must have ended first, which explains as many as possible.
    """
    vanished: dict[str, list[tuple[int, Stay]]] = {}
    for own in stays.values():
        for stay in own:
            if stay.ended is not None and not stay.seen_leaving:
                vanished.setdefault(stay.component, []).append((stay.ended.utc_ns, stay))
    left: dict[str, list[Sighting]] = {}
    for component, exits in presence.unseen.items():
        waiting = sorted(vanished.get(component, ()), key=lambda v: (v[0], v[1].person))
        for sighting in exits:
            if sighting.kind == "emptied" or not _before(sighting, until_utc_ns):
                continue
            taken = next((v for v in waiting if v[1].entered.utc_ns <= sighting.utc_ns <= v[0]), None)
            if taken is not None:
                waiting.remove(taken)
            else:
                left.setdefault(component, []).append(sighting)
    return left


def _before(sighting: Sighting, until_utc_ns: int | None) -> bool:
    return until_utc_ns is None or sighting.utc_ns <= until_utc_ns


def _at(person: PersonKey, row: Row, sighting: Sighting, component: str, sure: Sure) -> Whereabouts:
    latest = next((s for s in reversed(row) if s.group is not None), sighting)
    lot = sighting.lot or next((s.lot for s in reversed(row) if s.lot is not None), None)
    return Whereabouts(person, lot, latest.group, component, sighting.utc_ns, sure, sighting.door, sighting.ref)
