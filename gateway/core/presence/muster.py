"""The muster list: by domain, whom the doors know inside, and what their counts say."""

from collections.abc import Mapping
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
    order = list(venue.rooms)
    components = sorted(venue.components, key=lambda c: min(order.index(room) for room in venue.components[c]))
    return [
        Muster(
            component,
            tuple(sorted(inside.get(component, ()), key=lambda w: (w.sure, w.group or "", w.person))),
            sum(r.components[component].net for door in doors if (r := reports.get(door.id)) and component in r.components),
            tuple(door.id for door in doors if (r := reports.get(door.id)) and r.suspect),
            tuple(door.id for door in doors if door.board in away or door.id not in reports),
            all((r := reports.get(door.id)) and component in r.components and r.components[component].settled for door in doors),
        )
        for component in components
        for doors in [venue.doors_of(component)]
    ]
