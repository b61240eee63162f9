"""What is known of everybody's ways: sightings in order of time, however late and often they were told."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from gateway.core.presence.sightings import Sighting
from gateway.core.presence.ways import Ways
from venue_model.ids import PersonKey
from venue_model.lots import Lot
from venue_model.moments import S

MOVES = ("passage", "muster")  # the kinds that put somebody somewhere
KEPT_NS = 7 * 86_400 * S  # an evaluation can last days; nobody's way matters here after a week, and the journal keeps it

Row = tuple[Sighting, ...]
K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Stay:
    """A person inside one domain, from a passage into it to whatever next tells that they are elsewhere."""

    person: PersonKey
    component: str
    entered: Sighting
    ended: Sighting | None = None

    @property
    def seen_leaving(self) -> bool:
        """True when the end was a passage out of this very domain, or staff's own eyes."""
        return self.ended is not None and (self.ended.origin == self.component or self.ended.kind == "muster")


@dataclass(frozen=True, slots=True)
class Presence:
    """Sightings by person; those of credentials that nobody is known to hold; and by domain the passages by which somebody unnamed
    may have left it, and the moments when it was counted empty."""

    people: Mapping[PersonKey, Row] = field(default_factory=dict)
    strangers: Mapping[str, Row] = field(default_factory=dict)
    unseen: Mapping[str, Row] = field(default_factory=dict)
    stays: Mapping[PersonKey, tuple[Stay, ...]] = field(default_factory=dict)  # follows from `people`
    floor_utc_ns: int = 0  # what is older is not taken any more


def seen(presence: Presence, sighting: Sighting, ways: Ways) -> Presence:
    """Presence with one more sighting.  The same one again, or one below the floor, changes nothing."""
    if sighting.utc_ns < presence.floor_utc_ns:
        return presence
    if sighting.person is not None:
        row = _inserted(presence.people.get(sighting.person, ()), sighting)
        if row is None:
            return presence
        people = {**presence.people, sighting.person: row}
        return replace(presence, people=people, stays={**presence.stays, sighting.person: stays_of(row)})
    if sighting.kind in ("grant", "refusal"):
        row = _inserted(presence.strangers.get(sighting.credential, ()), sighting) if sighting.credential else None
        return presence if row is None else replace(presence, strangers={**presence.strangers, sighting.credential: row})
    unseen = dict(presence.unseen)
    for component in left_unseen(sighting, ways):
        row = _inserted(unseen.get(component, ()), sighting)
        if row is not None:
            unseen[component] = row
    return replace(presence, unseen=unseen) if unseen != presence.unseen else presence


def rebuilt(sightings: Iterable[Sighting], ways: Ways, floor_utc_ns: int = 0) -> Presence:
    """`seen` for many at once: what a gateway does when it starts."""
    presence = Presence(floor_utc_ns=floor_utc_ns)
    for sighting in sorted(sightings, key=lambda s: s.order):  # in order each insertion is an appending
        presence = seen(presence, sighting, ways)
    return presence


def forgotten(presence: Presence, before_utc_ns: int) -> Presence:
    """Presence without what is older."""
    people = _cut(presence.people, before_utc_ns)
    return Presence(
        people, _cut(presence.strangers, before_utc_ns), _cut(presence.unseen, before_utc_ns),
        {person: stays_of(row) for person, row in people.items()}, max(presence.floor_utc_ns, before_utc_ns),
    )  # fmt: skip


def newest_utc_ns(presence: Presence) -> int:
    """When a door last saw somebody, by the doors' own clocks; 0 when none did."""
    return max((row[-1].utc_ns for row in presence.people.values() if row), default=0)


def left_unseen(sighting: Sighting, ways: Ways) -> tuple[str, ...]:
    """The domains that somebody unnamed may have left here: one for a way out, both sides of the door when nobody knows the way."""
    if sighting.direction in ("in", "out") or sighting.kind == "emptied":
        return (sighting.origin,) if sighting.origin else ()
    return tuple(component for component in dict.fromkeys(ways.sides(sighting.door)) if component)


def stays_of(row: Row) -> tuple[Stay, ...]:
    """A person's stays, oldest first; only the last can be without an end."""
    stays: list[Stay] = []
    now: Stay | None = None
    for sighting in effective(row):
        if sighting.kind not in MOVES:
            continue
        assert sighting.person is not None, "a row of `people` has a person"
        if now is not None:
            stays.append(replace(now, ended=sighting))
        now = Stay(sighting.person, sighting.to, sighting) if sighting.to else None
    return tuple(stays) if now is None else (*stays, now)


def effective(row: Row) -> Row:
    """A row without the muster marks that were taken back later, and without the taking back."""
    if not any(s.kind == "muster" for s in row):
        return row
    back = max((s.order for s in row if s.kind == "muster" and not s.outside), default=None)
    return tuple(s for s in row if s.kind != "muster" or (s.outside and (back is None or s.order > back)))


def arrived(presence: Presence, lot: Lot) -> dict[str, int]:
    """Role → how many people of a lot have come in for it."""
    counts: dict[str, int] = {}
    for person in lot.people:
        if any(s.kind == "passage" and s.direction == "in" and s.lot == lot.id for s in presence.people.get(person.person, ())):
            counts[person.role] = counts.get(person.role, 0) + 1
    return dict(sorted(counts.items()))


def _inserted(row: Row, sighting: Sighting) -> Row | None:
    """The row with the sighting in its place, or None when it is there already."""
    if not row or sighting.order > row[-1].order:
        return (*row, sighting)
    place = bisect_left(row, sighting.order, key=lambda s: s.order)
    return None if row[place].order == sighting.order else (*row[:place], sighting, *row[place:])


def _cut(rows: Mapping[K, Row], before_utc_ns: int) -> dict[K, Row]:
    kept = {key: tuple(s for s in row if s.utc_ns >= before_utc_ns) for key, row in rows.items()}
    return {key: row for key, row in kept.items() if row}
