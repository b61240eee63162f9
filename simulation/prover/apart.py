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
from simulation.prover.days import Days, let_in
from simulation.prover.ground import By, Ground, Way
from venue_model.door_policy import Approved
from venue_model.groups import Pair, Role, pair
from venue_model.ids import ComponentId, DoorId, RoomId
from venue_model.profiles import DoorMode
from venue_model.venue import Venue


class Stand(NamedTuple):
    """Where one of two people is.

    `known` names the domains that have admitted this person's group and were not opened to others alone since: there the gateway
    reckons with the group as long as somebody is counted inside.  Where the group came past the policy, it does not.
    """

    room: RoomId
    known: frozenset[ComponentId] = frozenset()


class Both(NamedTuple):
    """Two people."""

    one: Stand
    other: Stand


class Move(NamedTuple):
    """One of the two walks a way; or, `forgets`, an empty domain is opened to others, and this group is not reckoned with any more."""

    who: Role
    way: Way | None
    forgets: ComponentId | None = None


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
    _lets: dict[object, frozenset[frozenset[Role]]] = field(default_factory=dict, init=False)

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

    @cached_property
    def past(self) -> tuple[Way, ...]:
        """The ways by which people come into a domain without being asked."""
        domain = self.venue.component_of
        return tuple(way for way in self.ground.ways if way.free and way.end in domain and domain.get(way.start) != domain[way.end])

    @cached_property
    def reached_past(self) -> frozenset[ComponentId]:
        """The domains that such ways lead into."""
        return frozenset(self.venue.component_of[way.end] for way in self.past)

    def suspects(self) -> list[tuple[Role, Role]]:
        """What the invariant cannot exclude: separated groups that an unguarded way may bring together."""
        domain, components = self.venue.component_of, self.venue.components
        domain, components = self.venue.component_of, self.venue.components
        found: dict[tuple[Role, Role], None] = {}
        for way in self.past:
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
        start = [Both(Stand(a), Stand(b)) for a in self.ground.outdoors for b in self.ground.outdoors]
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
        entries = {m.who: m.way for m in moves if m.way is not None and self.venue.component_of.get(m.way.end) == component}
        return all(
            way.free and not self.ground.guarded(way.start) and who not in self.days.admitted[component] for who, way in entries.items()
        )

    def _culprit(self, moves: tuple[Move, ...]) -> Way:
        """The first way that brought somebody to where no policy ever admits them; else the last that nobody was asked at."""
        past = [(m.who, m.way) for m in moves if m.way is not None and m.way in self.past]
        strangers = (way for who, way in past if who not in self.days.admitted[self.venue.component_of[way.end]])
        return next(strangers, past[-1][1])

    def _told(self, came: dict[Both, tuple[Both, Move] | None], end: Both) -> tuple[Move, ...]:
        moves = []
        step = came[end]
        while step is not None:
            moves.append(step[1])
            step = came[step[0]]
        return tuple(reversed(moves))

    def _moves(self, both: Both, groups: tuple[Role, Role]) -> Iterator[tuple[Move, Both]]:
        for who, stand, other in ((0, both.one, both.other), (1, both.other, both.one)):
            role, beside = groups[who], groups[1 - who]
            for move, there, left in self._steps(role, stand, beside, other):
                yield move, Both(there, left) if who == 0 else Both(left, there)

    def _steps(self, role: Role, stand: Stand, beside: Role, other: Stand) -> Iterator[tuple[Move, Stand, Stand]]:
        """What one of the two may do next: the move, and how both stand then."""
        for way in self.ground.from_room[stand.room]:
            there = self._walked(role, stand, beside, other, way)
            if there is not None:
                # Whoever is let into an empty domain by a policy makes it forget those who were let in before.
                entered = (
                    frozenset({self.venue.component_of[way.end]})
                    if way.by is By.BADGE and way.end in self.venue.component_of
                    else frozenset()
                )
                yield Move(role, way), there, other._replace(known=other.known - entered)
        for component in self._forgets(role, stand, beside, other):
            yield Move(role, None, component), stand._replace(known=stand.known - {component}), other

    def _walked(self, role: Role, stand: Stand, beside: Role, other: Stand, way: Way) -> Stand | None:
        """Where a person is after a way, or None when the door says no."""
        component = self.venue.component_of.get(way.end)
        if component is None or way.free:
            return stand._replace(room=way.end) if way.free or self._lets_in(way, role) else None
        if not self._opens(component, role, stand, beside, other):
            return None
        known = stand.known | {component} if component in self.reached_past else stand.known
        return Stand(way.end, known)

    def _forgets(self, role: Role, stand: Stand, beside: Role, other: Stand) -> Iterator[ComponentId]:
        """The domains that can be opened to others while neither of the two is in them: to people whom both may meet."""
        here = {self.venue.component_of.get(stand.room), self.venue.component_of.get(other.room)}
        separated = self.venue.profile.separated
        for component in sorted(stand.known - here):
            inside = self._inside(component, role, stand, beside, other)
            asked = self._asked(component, frozenset(self.days.admitted[component]) - {role}, inside)
            if any(ask and role not in ask and not any(pair(beside, group) in separated for group in ask) for ask in asked):
                yield component

    def _opens(self, component: ComponentId, role: Role, stand: Stand, beside: Role, other: Stand) -> bool:
        """Does the gateway ever open a domain to `role` while the two are where they are?"""
        there = self.venue.component_of.get(other.room) == component
        if there and not self._opens_beside(role, beside, self._known_in(other) is None):
            return False
        inside = self._inside(component, role, stand, beside, other)
        return any(role in ask for ask in self._asked(component, frozenset({role}), inside))

    def _inside(self, component: ComponentId, role: Role, stand: Stand, beside: Role, other: Stand) -> tuple[tuple[ComponentId, Role], ...]:
        """Where the gateway reckons with the two, besides the domain itself."""
        found = ((self._known_in(stand), role), (self._known_in(other), beside))
        return tuple(sorted((where, who) for where, who in found if where not in (None, component)))

    def _asked(
        self, component: ComponentId, groups: frozenset[Role], inside: tuple[tuple[ComponentId, Role], ...]
    ) -> frozenset[frozenset[Role]]:
        """Whom a domain may be opened to on the occasions that ask for one of `groups`, with these people inside."""
        key = (component, groups, inside)
        if key not in self._lets:
            occasions = dict.fromkeys(o for group in sorted(groups) for o in self.days.admitted[component].get(group, ()))
            people = {where: tuple(who for at, who in inside if at == where) for where, _ in inside}
            self._lets[key] = frozenset(
                frozenset(let_in(self.venue, component, self.days.asked(occasion, people)[component])) for occasion in occasions
            )
        return self._lets[key]

    def _known_in(self, stand: Stand) -> ComponentId | None:
        """The domain in which the gateway reckons with a person's group, or None."""
        component = self.venue.component_of.get(stand.room)
        return component if component in stand.known or component not in self.reached_past else None

    def _opens_beside(self, role: Role, inside: Role, past: bool) -> bool:
        """May the gateway open a domain to `role` while one of `inside` is there?  By its own clearing, with every approval given."""
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
