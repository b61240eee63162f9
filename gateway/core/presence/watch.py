"""What staff should hear of in time: people who linger where one walks through, sit where their part is over, or should avoid each
other; and those who left an opening without staff's word."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gateway.core.day import Day, ask, live, parts
from gateway.core.presence.sightings import Sighting
from gateway.core.presence.state import Presence, Stay
from gateway.core.presence.whereabouts import Sure, Whereabouts
from venue_model.groups import Role
from venue_model.ids import ComponentId, LotId, PersonKey
from venue_model.lots import Lot
from venue_model.moments import S
from venue_model.profiles import DoorMode
from venue_model.venue import Venue
from venue_model.zones import Zone

THROUGH = frozenset({Zone.INTAKE, Zone.CORRIDOR, Zone.PASSAGE})  # where people pass through
CHECKOUT_GRACE_S = 60  # staff may confirm while the person walks past them
OLD_S = 86_400  # a departure of yesterday is no news

Everybody = Mapping[PersonKey, Whereabouts]


def lingering(everybody: Everybody, venue: Venue, now_utc_ns: int) -> list[Whereabouts]:
    """Who has been in a corridor, passage or intake for longer than the venue's `linger_s`.  Guards stand there by duty."""
    return [
        w
        for w in everybody.values()
        if w.sure is Sure.INSIDE and w.group is not Role.SEC and is_through(venue, w.component)
        and now_utc_ns - w.since_utc_ns > venue.linger_s * S
    ]  # fmt: skip


def is_through(venue: Venue, component: str) -> bool:
    """True for a domain that is nothing but ways."""
    return component in venue.components and set(venue.zones_of(ComponentId(component))) <= THROUGH


def misplaced(everybody: Everybody, venue: Venue, day: Day) -> list[Whereabouts]:
    """Who is inside where nobody of their role belongs in the present phase: a bidder in the opening room after its end.

    A list, no alarm: people take their time, and exit is free.
    """
    belonging: dict[str, set[Role]] = {c: _on_duty(venue, c) for c in venue.components}
    for state in live(day):
        for part, room in parts(venue, state):
            component = venue.component_of.get(room)
            if component is not None:
                mode = ask(state.door_phase, part).mode
                belonging[component].update(role for zone in venue.zones_of(component) for role in venue.profile.groups(mode, zone))
    return [w for w in everybody.values() if w.maybe_inside and w.group is not None and w.group not in belonging.get(w.component, ())]


def _on_duty(venue: Venue, component: ComponentId) -> set[Role]:
    return {role for zone in venue.zones_of(component) for role in venue.profile.groups(DoorMode.DUTY, zone)}


@dataclass(frozen=True, slots=True)
class Meeting:
    """Two people who must avoid each other (回避, I14) and have both been in the building today."""

    lot: LotId
    one: Sighting
    other: Sighting


def meetings(presence: Presence, lots: Iterable[Lot], from_utc_ns: int) -> list[Meeting]:
    """The pairs of which both were seen at a door since `from_utc_ns`, with the last sighting of each."""

    def last(person: PersonKey) -> Sighting | None:
        row = presence.people.get(person, ())
        return row[-1] if row and row[-1].utc_ns >= from_utc_ns else None

    return [
        Meeting(lot.id, one, other)
        for lot in lots
        for pair in lot.conflicts
        if (one := last(pair[0])) is not None and (other := last(pair[1])) is not None
    ]


Confirmed = Mapping[tuple[LotId, PersonKey], tuple[int, ...]]  # (lot, person) → when staff confirmed that they may go


def unconfirmed(presence: Presence, venue: Venue, roles: Iterable[Role], confirmed: Confirmed, now_utc_ns: int) -> list[Stay]:
    """The stays in opening rooms that ended without staff's word, of roles that need one (I15).  An event, never a lock (I11)."""
    needed = frozenset(roles)
    return [stay for own in presence.stays.values() for stay in own if _unconfirmed(stay, venue, needed, confirmed, now_utc_ns)]


def _unconfirmed(stay: Stay, venue: Venue, needed: frozenset[Role], confirmed: Confirmed, now_utc_ns: int) -> bool:
    entered, ended = stay.entered, stay.ended
    if ended is None or entered.group not in needed or entered.lot is None or not is_opening(venue, stay.component):
        return False
    until_utc_ns = ended.utc_ns + CHECKOUT_GRACE_S * S
    words = confirmed.get((entered.lot, stay.person), ())
    if not until_utc_ns < now_utc_ns < until_utc_ns + OLD_S * S:
        return False
    return not any(entered.utc_ns <= word <= until_utc_ns for word in words)


def is_opening(venue: Venue, component: str) -> bool:
    """True for a domain with an opening room."""
    return component in venue.components and Zone.OPENING in venue.zones_of(ComponentId(component))
