"""The muster list: by domain, whom the doors know inside, and what their counts say."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gateway.core.presence.watch import Everybody
from gateway.core.presence.whereabouts import Whereabouts
from venue_model.ids import BoardId, ComponentId, DoorId
from venue_model.venue import Venue
from venue_model.wire import DoorReport


@dataclass(frozen=True, slots=True)
class Muster:
    """One domain as a person with a clipboard needs it.

    Names and counts come from different things, and neither proves the other: a name stays after a nameless exit, a count misses who
    slips through behind somebody.
    """

    component: ComponentId
    people: tuple[Whereabouts, ...]
    net: int  # by all doors together, as last reported
    suspect: tuple[DoorId, ...]  # something passed these doors unseen
    silent: tuple[DoorId, ...]  # their boards are away: the count is that of before
    settled: bool  # every door has reported, and is closed and locked

    @property
    def empty(self) -> bool:
        """True when the doors count nobody, and nothing speaks against them."""
        return self.settled and self.net == 0 and not self.suspect and not self.silent


def muster(
    venue: Venue, everybody: Everybody, reports: Mapping[DoorId, DoorReport], away: frozenset[BoardId]
) -> list[Muster]:
    """All domains, in the order of the venue file's rooms."""
    inside: dict[str, list[Whereabouts]] = {}
    for who in everybody.values():
        if who.maybe_inside:
            inside.setdefault(who.component, []).append(who)
    order = {room: place for place, room in enumerate(venue.rooms)}
    components = sorted(venue.components, key=lambda c: min(order[room] for room in venue.components[c]))
    return [mustered(venue, component, inside.get(component, ()), reports, away) for component in components]


def mustered(
    venue: Venue, component: ComponentId, people: Iterable[Whereabouts], reports: Mapping[DoorId, DoorReport], away: frozenset[BoardId]
) -> Muster:
    """One domain, with the people who may be inside."""
    doors = venue.doors_of(component)
    told = [r for door in doors if (r := reports.get(door.id)) is not None]
    counts = [r.components[component] for r in told if component in r.components]
    return Muster(
        component,
        tuple(sorted(people, key=lambda w: (w.sure, w.group or "", w.person))),
        sum(count.net for count in counts),
        tuple(door.id for door in doors if (r := reports.get(door.id)) and r.suspect),
        tuple(door.id for door in doors if door.board in away or door.id not in reports),
        len(counts) == len(doors) and all(count.settled for count in counts),
    )
