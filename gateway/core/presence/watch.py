"""What staff should hear of in time: people who linger where one walks through, sit where their part is over, or should avoid each
other; and those who left an opening without staff's word."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gateway.core.parts import Day, live, parts
from gateway.core.presence.sightings import Sighting
from gateway.core.presence.state import Presence, Stay
from gateway.core.presence.whereabouts import Sure, Whereabouts
from venue_model.groups import Role
from venue_model.ids import ComponentId, LotId, PersonKey
from venue_model.lots import Lot
from venue_model.moments import S
from venue_model.profiles import DoorMode
from venue_model.scenes import RoomAsk
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
    belonging = {component: _admitted(venue, component, DoorMode.DUTY) for component in venue.components}
    for state in live(day):
        for part, room in parts(venue, state):
            component = venue.component_of.get(room)
            if component is not None:
                belonging[component] |= _belonging(venue, component, state.door_wish(part))
    return [
        w
        for w in everybody.values()
        if w.maybe_inside and w.group is not None and w.group not in belonging.get(ComponentId(w.component), ())
    ]


def _belonging(venue: Venue, component: ComponentId, wish: RoomAsk) -> set[Role]:
    """Who may be there.  What is recorded goes on, and whoever came in before stays though nobody may enter: a sealed evaluation, a
    suspended opening."""
    modes = (wish.mode, *wish.lingering) if wish.record else (wish.mode,)
    return {role for mode in modes for role in _admitted(venue, component, mode)}


def _admitted(venue: Venue, component: ComponentId, mode: DoorMode) -> set[Role]:
    return {role for zone in venue.zones_of(component) for role in venue.profile.groups(mode, zone)}


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


def unconfirmed(presence: Presence, venue: Venue, confirmed: Confirmed, now_utc_ns: int) -> list[Stay]:
    """The stays in opening rooms that ended without staff's word, of the profile's `checkout` roles (I15).  Told, never held (I11)."""
    if not venue.profile.checkout:
        return []
    opening = {component for component in venue.components if Zone.OPENING in venue.zones_of(component)}  # most stays are elsewhere
    stays = (stay for own in presence.stays.values() for stay in own if stay.component in opening)
    return [stay for stay in stays if _unconfirmed(stay, venue, confirmed, now_utc_ns)]


def _unconfirmed(stay: Stay, venue: Venue, confirmed: Confirmed, now_utc_ns: int) -> bool:
    entered, ended = stay.entered, stay.ended
    if ended is None or entered.lot is None or not needs_checkout(venue, stay.component, entered.group):
        return False
    until_utc_ns = ended.utc_ns + CHECKOUT_GRACE_S * S
    words = confirmed.get((entered.lot, stay.person), ())
    if not until_utc_ns < now_utc_ns < until_utc_ns + OLD_S * S:
        return False
    return not any(entered.utc_ns <= word <= until_utc_ns for word in words)


def needs_checkout(venue: Venue, component: str, role: Role | None) -> bool:
    """True where a role leaves a domain after staff's word: in opening rooms, by the venue's profile."""
    return role in venue.profile.checkout and component in venue.components and Zone.OPENING in venue.zones_of(ComponentId(component))
