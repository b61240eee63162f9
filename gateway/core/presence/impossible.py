"""What one body cannot do: be at two doors sooner than anybody walks, or be seen elsewhere without having left (I13)."""

from dataclasses import dataclass

from gateway.core.presence.sightings import Sighting
from gateway.core.presence.state import MOVES, Presence, Row, Stay, effective
from gateway.core.presence.ways import Ways
from gateway.core.presence.whereabouts import between, unseen
from venue_model.ids import PersonKey
from venue_model.moments import MS, S

ONE_CREDENTIAL_NS = 1 * S  # one credential at two doors within this time is two credentials, however near the doors
# How far a board's UTC may be off without anybody knowing: one that follows the venue's time server is within 0.1 s, one that has
# just woken is not.  Lines do not carry their error, so all boards get this much in the person's favour.
CLOCK_ERROR_NS = 500 * MS
FARTHEST_WAYS = 12  # sightings further apart in time than so many ways are not compared


@dataclass(frozen=True, slots=True)
class Impossible:
    """Two sightings that do not fit one person."""

    code: str  # "impossible-jump" or "two-places"
    first: Sighting
    second: Sighting
    detail: str

    @property
    def case(self) -> str:
        """The same for what is one affair to people: a pair of doors and a person within ten minutes."""
        ends = sorted((self.first.door or self.first.room, self.second.door or self.second.room))
        who = self.second.person or self.second.credential
        return " ".join((self.code, who, *ends, str(self.second.utc_ns // (600 * S))))


def jumps(row: Row, fresh: Sighting, ways: Ways, walk_s: int) -> list[Impossible]:
    """The sightings of one person, or of one credential, that `fresh` contradicts: too far away for the time between.

    Each pair is looked at when the later-told of the two arrives, so that the order of telling changes nothing.
    """
    found = []
    for other in row:
        apart_ns = abs(other.utc_ns - fresh.utc_ns)
        if other.order == fresh.order or apart_ns > FARTHEST_WAYS * walk_s * S + ONE_CREDENTIAL_NS or not (other.room and fresh.room):
            continue
        doors = ways.apart((other.door, other.room), (fresh.door, fresh.room))
        if not doors:
            continue
        needed_ns = max(doors * walk_s * S, ONE_CREDENTIAL_NS)
        favour_ns = 0 if other.ref.agent == fresh.ref.agent else 2 * CLOCK_ERROR_NS
        if apart_ns + favour_ns < needed_ns:
            first, second = sorted((other, fresh), key=lambda s: s.order)
            ends = f"{first.door or first.room} to {second.door or second.room}"
            detail = f"{apart_ns // MS} ms from {ends}; nobody walks that in under {needed_ns // S} s"
            found.append(Impossible("impossible-jump", first, second, detail))
    return found


def two_places(presence: Presence, person: PersonKey, ways: Ways) -> list[Impossible]:
    """Where a person was seen though they were inside elsewhere: in a domain that no door joins to that place, and that neither they by
    name nor anybody without a name has left in between.

    Judge only when the boards of that domain's doors have told everything up to then: an exit may be still on its way.
    """
    found: list[Impossible] = []
    stay: Stay | None = None
    contradicted = False
    for sighting in effective(presence.people.get(person, ())):
        if stay is not None and not contradicted and _elsewhere(presence, stay, sighting, ways):
            contradicted = True
            at = sighting.door or sighting.room
            found.append(Impossible("two-places", stay.entered, sighting, f"inside {stay.component}, never seen leaving, and now at {at}"))
        if sighting.kind in MOVES:
            stay = Stay(person, sighting.to, sighting) if sighting.to else None
            contradicted = False
    return found


def _elsewhere(presence: Presence, stay: Stay, sighting: Sighting, ways: Ways) -> bool:
    if sighting.kind == "muster" or sighting.origin == stay.component or sighting.to == stay.component or not sighting.room:
        return False
    if stay.component in ways.sides(sighting.door) or ways.adjoins(stay.component, sighting.room):
        return False
    from_utc_ns, until_utc_ns = stay.entered.utc_ns - 2 * CLOCK_ERROR_NS, sighting.utc_ns + 2 * CLOCK_ERROR_NS
    return not between(unseen(presence, stay.component), from_utc_ns, until_utc_ns)
