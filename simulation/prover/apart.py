"""Law Apart over the floor plan: nobody comes into a domain past its policy while somebody separated is or may be inside.

Within one domain CLEAR-first keeps separated groups apart in time; that is proven elsewhere, for any number of doors and people.  It
answers for those who enter by a policy.  So a meeting needs somebody who came in *past* the policy: by a passage without a lock, or by
a free exit that leads into the domain.  The proof is an invariant over all people at once: `whereabouts` bounds where each group can
ever be, and no free way into a domain may bring a group to another that it is separated from.  What the invariant cannot exclude,
a search over two people decides, and its shortest run is the counterexample.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

from gateway.core.clearing import Domain, DoorStand, Target, Waits, advance, approve
from simulation.prover.days import Days
from simulation.prover.ground import Ground, Way
from venue_model.door_policy import Approved
from venue_model.groups import Pair, Role
from venue_model.ids import ComponentId, DoorId, RoomId
from venue_model.profiles import DoorMode
from venue_model.venue import Venue


class Stand(NamedTuple):
    """Where one of two people is.  `past`: came into this domain past its policy, so that the gateway does not know the group inside."""

    room: RoomId
    past: bool


class Both(NamedTuple):
    """Two people."""

    one: Stand
    other: Stand


class Move(NamedTuple):
    """One of the two walks a way."""

    who: Role
    way: Way


@dataclass(frozen=True, slots=True)
class Meeting:
    """How two separated people come together: `culprit` is the way that no policy guards."""

    groups: tuple[Role, Role]
    moves: tuple[Move, ...]
    culprit: Way
    component: ComponentId


@dataclass
class Apart:
    """The proof for one venue; `examined` counts what was looked at."""

    venue: Venue
    ground: Ground
    days: Days
    examined: int = field(default=0, init=False)
    _beside: dict[tuple[Role, Role, bool], bool] = field(default_factory=dict, init=False)

    @cached_property
    def whereabouts(self) -> dict[Role, frozenset[RoomId]]:
        """Group → every room that one of its people can ever be in, by any path, on any days, lingering anywhere."""
        return {role: self._reach(role) for role in Role}

    def _reach(self, role: Role) -> frozenset[RoomId]:
        found = set(self.ground.outdoors)
        waiting = list(found)
        while waiting:
            for way in self.ground.from_room[waiting.pop()]:
                self.examined += 1
                if way.end not in found and (way.free or self._lets_in(way, role)):
                    found.add(way.end)
                    waiting.append(way.end)
        return frozenset(found)

    def _lets_in(self, way: Way, role: Role) -> bool:
        component = self.venue.component_of.get(way.end)
        return component is None or role in self.days.admitted[component]

    def past_policy(self) -> Iterator[Way]:
        """The ways by which people come into a domain without being asked."""
        domain = self.venue.component_of
        for way in self.ground.ways:
            if way.free and way.end in domain and domain.get(way.start) != domain[way.end]:
                yield way

    def suspects(self) -> list[tuple[Role, Role]]:
        """What the invariant cannot exclude: separated groups that an unguarded way may bring together."""
        domain, components = self.venue.component_of, self.venue.components
        domain, components = self.venue.component_of, self.venue.components
        found: dict[tuple[Role, Role], None] = {}
        for way in self.past_policy():
            inside = components[domain[way.end]]
            for one, other in sorted(tuple(sorted(both)) for both in self.venue.profile.separated):
                self.examined += 1
                for comes, stays in ((one, other), (other, one)):
                    if way.start in self.whereabouts[comes] and any(room in self.whereabouts[stays] for room in inside):
                        found[one, other] = None
        return list(found)

    def meetings(self) -> list[Meeting]:
        """The shortest meeting for each culprit, the shortest first."""
        found: dict[DoorId, Meeting] = {}
        for groups in self.suspects():
            for meeting in self._search(groups):
                known = found.get(meeting.culprit.door.id)
                if known is None or len(meeting.moves) < len(known.moves):
                    found[meeting.culprit.door.id] = meeting
        return sorted(found.values(), key=lambda m: (len(m.moves), m.culprit.door.id))

    def _search(self, groups: tuple[Role, Role]) -> list[Meeting]:
        """Breadth first over where the two can be; the shortest meeting for each culprit."""
        start = [Both(Stand(a, False), Stand(b, False)) for a in self.ground.outdoors for b in self.ground.outdoors]
        came: dict[Both, tuple[Both, Move] | None] = dict.fromkeys(start)
        queue = deque(start)
        found: dict[DoorId, Meeting] = {}
        while queue:
            both = queue.popleft()
            for move, after in self._moves(both, groups):
                if after in came:
                    continue
                self.examined += 1
                came[after] = (both, move)
                component = self.venue.component_of.get(after.one.room)
                if component is None or component != self.venue.component_of.get(after.other.room):
                    queue.append(after)
                    continue
                moves = self._told(came, after)
                if self._both_strayed(moves, component):
                    queue.append(after)
                    continue
                culprit = self._culprit(moves)
                found.setdefault(culprit.door.id, Meeting(groups, moves, culprit, component))
        return list(found.values())

    def _both_strayed(self, moves: tuple[Move, ...], component: ComponentId) -> bool:
        """True when both came in from open ground by no right: then nobody guards the room, and that is told of the door."""
        entries = {m.who: m.way for m in moves if self.venue.component_of.get(m.way.end) == component}
        return all(
            way.free and not self.ground.guarded(way.start) and who not in self.days.admitted[component] for who, way in entries.items()
        )

    def _culprit(self, moves: tuple[Move, ...]) -> Way:
        """The first way that brought somebody to where no policy ever admits them; else the last that nobody was asked at."""
        domain = self.venue.component_of
        past = [move for move in moves if move.way.free and move.way.end in domain and domain.get(move.way.start) != domain[move.way.end]]
        strangers = (move.way for move in past if move.who not in self.days.admitted[domain[move.way.end]])
        return next(strangers, past[-1].way)

    def _told(self, came: dict[Both, tuple[Both, Move] | None], end: Both) -> tuple[Move, ...]:
        moves = []
        step = came[end]
        while step is not None:
            moves.append(step[1])
            step = came[step[0]]
        return tuple(reversed(moves))

    def _moves(self, both: Both, groups: tuple[Role, Role]) -> Iterator[tuple[Move, Both]]:
        for who, stand, other in ((0, both.one, both.other), (1, both.other, both.one)):
            for way in self.ground.from_room[stand.room]:
                after = self._walked(groups[who], groups[1 - who], stand, other, way)
                if after is not None:
                    yield Move(groups[who], way), Both(after, other) if who == 0 else Both(other, after)

    def _walked(self, role: Role, other_role: Role, stand: Stand, other: Stand, way: Way) -> Stand | None:
        """Where a person is after a way, or None when the door says no."""
        domain = self.venue.component_of
        component = domain.get(way.end)
        if not way.free and not self._lets_in(way, role):
            return None
        if component is None:
            return Stand(way.end, False)
        if component == domain.get(way.start):
            return Stand(way.end, stand.past)
        if way.free:
            return Stand(way.end, True)
        return Stand(way.end, False) if self._opens(component, role, other_role, other) else None

    def _opens(self, component: ComponentId, role: Role, other_role: Role, other: Stand) -> bool:
        """Does the gateway ever open a domain to `role` while the other is where they are?"""
        where = self.venue.component_of.get(other.room)
        if where == component and not self._opens_beside(role, other_role, other.past):
            return False
        # Whoever came past a policy is counted, but of no group that the gateway knows.
        return where is None or other.past or self.days.admits_beside(component, role, where, other_role)

    def _opens_beside(self, role: Role, inside: Role, past: bool) -> bool:
        """May the gateway open the domain to `role` while one of `inside` is there?  By its own clearing, with every approval given."""
        key = (role, inside, past)
        if key not in self._beside:
            self._beside[key] = opens_beside(role, inside, past, self.venue.profile.separated)
        return self._beside[key]


def opens_beside(role: Role, inside: Role, past: bool, separated: frozenset[Pair]) -> bool:
    """Run the gateway's clearing: one person of `inside` is in the domain, counted; `past` hides the group from the gateway."""
    door = DoorId("door")
    known = () if past else (inside,)
    domain = Domain(ComponentId("domain"), residual=known, last_groups=known)
    target = Target(DoorMode.DUTY, (role,), False)
    while True:
        domain = _reported(domain, door)
        domain, waiting = advance(domain, target, (door,), separated)
        if waiting is None:
            return domain.groups == (role,)
        if waiting.what is not Waits.OPEN:
            return False
        domain = approve(domain, Approved("open", domain.epoch, ()))


def _reported(domain: Domain, door: DoorId) -> Domain:
    return replace(domain, reports={door: DoorStand(domain.term, domain.epoch, net=1, settled=True)})
