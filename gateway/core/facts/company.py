"""Who was where together, and for how long (co-presence): evidence in cases of collusion, and a deep look into people's day.

So it is given only for one lot and one day, to somebody who has a reason, with the signatures of two approvers under exactly that.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

from gateway.core.facts.seats import certain_end
from gateway.core.presence.sightings import Ref
from gateway.core.presence.state import Presence, Stay
from venue_model.canonical import canonical_bytes
from venue_model.ids import LotId, PersonKey, VenueId


@dataclass(frozen=True, slots=True)
class Together:
    """Two people in one domain at the same time.  `certain` False: one of them may have left earlier, by a door that names nobody."""

    one: PersonKey
    other: PersonKey
    component: str
    from_utc_ns: int
    until_utc_ns: int
    certain: bool
    evidence: tuple[Ref, Ref]  # the lines by which each came in


def company_text(venue: VenueId, lot: LotId, day: str, reason: str, challenge: str) -> str:
    """The exact text that two approvers sign.  `challenge` is drawn for each request and serves once.

    >>> company_text(VenueId("v"), LotId("L1"), "2026-11-22", "举报核查", "c7")
    '{"challenge":"c7","day":"2026-11-22","kind":"bidhall-company-1","lot":"L1","reason":"举报核查","venue":"v"}'
    """
    record = {"challenge": challenge, "day": day, "kind": "bidhall-company-1", "lot": lot, "reason": reason, "venue": venue}
    return canonical_bytes({name: str(value) for name, value in record.items()}).decode()


def company(presence: Presence, people: Iterable[PersonKey], from_utc_ns: int, until_utc_ns: int) -> tuple[Together, ...]:
    """All pairs of a lot's people with anybody who was in the same domain at the same time, in order of time."""
    ours = set(people)
    stays = sorted(
        (
            (stay.component, max(stay.entered.utc_ns, from_utc_ns), min(_end(stay, until_utc_ns), until_utc_ns), stay)
            for own in presence.stays.values()
            for stay in own
        ),
        key=lambda row: (row[0], row[1], row[3].person),
    )
    found = []
    for (place, began, ended, one), (other_place, other_began, other_ended, other) in combinations(stays, 2):
        if place != other_place or one.person == other.person or not {one.person, other.person} & ours:
            continue
        since, until = max(began, other_began), min(ended, other_ended)
        if since < until:
            certain = all(certain_end(presence, stay, until_utc_ns) for stay in (one, other))
            found.append(Together(one.person, other.person, place, since, until, certain, (one.entered.ref, other.entered.ref)))
    return tuple(sorted(found, key=lambda pair: (pair.from_utc_ns, pair.component, pair.one, pair.other)))


def _end(stay: Stay, until_utc_ns: int) -> int:
    return stay.ended.utc_ns if stay.ended else until_utc_ns
