"""What a door should be told of people whom other boards' doors have seen: anti-passback, no re-entry (I4), limits, pairs."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from gateway.core.presence.impossible import CLOCK_ERROR_NS
from gateway.core.presence.state import Presence, Row
from gateway.core.presence.whereabouts import unseen
from venue_model.door_policy import Pass
from venue_model.ids import BoardId, ComponentId, PersonKey
from venue_model.venue import AntiPassback, Venue


@dataclass(frozen=True, slots=True)
class Asks:
    """What one board's doors need to hear about one domain.

    Empty where the board's own doors see all there is: nothing is then sent, and no passage makes a policy change.
    """

    moves: frozenset[ComponentId] = frozenset()  # of these domains: who was last seen going in or out, and when
    spent: bool = False  # whether a pass has entered since it was authorised
    limit: int | None = None  # how many people the domain takes
    others: bool = False  # how many people other boards' doors have let in


def asks(venue: Venue, board: BoardId, component: ComponentId) -> Asks:
    """What the doors of a board ask of the gateway about a domain that they lead into."""
    doors = venue.doors_of(component)
    own = [door for door in doors if door.board == board and venue.component_of.get(door.inside) == component]
    if not own:
        return Asks()
    shared = any(door.board != board for door in doors)
    moves: set[ComponentId] = set()
    for door in own:
        around = {component}
        if door.antipassback is AntiPassback.AREA and door.outside in venue.component_of:
            around.add(venue.component_of[door.outside])
        if door.antipassback is not AntiPassback.NONE and any(d.board != board for near in around for d in venue.doors_of(near)):
            moves |= around
    limit = venue.limit_of(component)
    return Asks(frozenset(moves), shared, limit, shared and (limit is not None or any(door.two_person for door in own)))


@dataclass(slots=True)
class Memo:
    """What one board was told last of one domain, and of what: a passage changes what is told of one person.

    `told` reads a pass, its holder's row and the domains' rows, all of them values that are never changed in place: while each is the
    very same as before, so is what is told.
    """

    unseen: tuple[Row, ...] = ()
    of: dict[str, tuple[Pass, Row, Pass]] = field(default_factory=dict)  # by credential


def told(presence: Presence, passes: Iterable[Pass], component: ComponentId, wanted: Asks, memo: Memo | None = None) -> tuple[Pass, ...]:
    """The passes of a domain with what the gateway knows of their holders, as far as a board asks for it."""
    if not wanted.moves and not wanted.spent:
        return tuple(passes)
    memo = memo if memo is not None else Memo()
    emptied = tuple(unseen(presence, domain) for domain in sorted(wanted.moves))
    known = memo.of if emptied == memo.unseen else {}
    memo.unseen, memo.of = emptied, {}
    found = []
    for entry in passes:
        row = presence.people.get(entry.person, ())
        last = known.get(entry.digest)
        if last is None or last[0] is not entry or last[1] is not row:
            last = entry, row, _told(presence, entry, component, wanted)
        memo.of[entry.digest] = last
        found.append(last[2])
    return tuple(found)


def _told(presence: Presence, entry: Pass, component: ComponentId, wanted: Asks) -> Pass:
    if entry.person not in presence.people:
        return entry
    inside, seen_utc_ns = last_move(presence, entry.person, wanted.moves) if wanted.moves else (None, 0)
    spent = wanted.spent and entry.once and has_entered(presence, entry.person, component, entry.authorised_utc_ns or 0)
    if inside is None and not seen_utc_ns and not spent:
        return entry
    return replace(entry, inside=inside, seen_utc_ns=seen_utc_ns, spent=spent)


def last_move(presence: Presence, person: PersonKey, among: frozenset[ComponentId]) -> tuple[ComponentId | None, int]:
    """Which of these domains a person was last seen to enter and not to leave, or None; and when that last became so.

    A nameless exit takes nobody out: a pass counts as inside until it is seen to leave, or to be elsewhere, or the doors count
    nobody.  What happens elsewhere after that changes nothing, so that a policy does not change with every door of the day.
    """
    later_utc_ns: int | None = None
    for sighting in reversed(presence.people.get(person, ())):
        if sighting.kind != "passage":
            continue
        if sighting.to in among:
            emptied = (s.utc_ns for s in unseen(presence, sighting.to) if s.kind == "emptied" and s.order > sighting.order)
            gone_utc_ns = next(emptied, later_utc_ns)
            return (ComponentId(sighting.to), sighting.utc_ns) if gone_utc_ns is None else (None, gone_utc_ns)
        if sighting.origin in among:
            return None, sighting.utc_ns
        later_utc_ns = sighting.utc_ns
    return None, 0


def has_entered(presence: Presence, person: PersonKey, component: ComponentId, since_utc_ns: int) -> bool:
    """True when the person has entered a domain after a moment, of which another machine's clock told.

    A passage that is itself the authorisation does not count, nor one that the clocks' error may have put after it: the door
    through which it went knows better.
    """
    since_utc_ns += 2 * CLOCK_ERROR_NS
    return any(s.kind == "passage" and s.to == component and s.utc_ns > since_utc_ns for s in presence.people.get(person, ()))
