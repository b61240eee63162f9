"""A concrete venue on a concrete day: scenes are pressed, doors are opened and people walk, all by the functions that the programs run.

What the searches found in the abstract is acted out here before anybody is told of it: each press by `may_press`, each change of a
domain by `clearing.advance`, each entry by `decide_entry`.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from gateway.core.access import Access
from gateway.core.apart import Inside
from gateway.core.clearing import Domain, DoorStand, Target, Waits, advance, approve, proven_empty
from gateway.core.day import OVER, Day
from simulation.prover.days import Booking, Days, Occasion, Stage, access_of, ask_door, booked, choices, pressed, stage_of
from simulation.prover.ground import By, Way
from venue_model.door_policy import Approved, Refuse
from venue_model.groups import Role, pair
from venue_model.ids import ComponentId, DoorId, LotId, RoomId
from venue_model.lots import Phase
from venue_model.scenes import Scene
from venue_model.venue import Venue

_LOTS = tuple(LotId(letter) for letter in "ABCDEFGH")
_TURNS = 8  # more than a domain needs to go from any policy to any other


@dataclass(frozen=True)
class World:
    """The day, the state of every domain, and where the people are whom we follow."""

    venue: Venue
    day: Day
    where: dict[Role, RoomId]
    domains: dict[ComponentId, Domain] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Act:
    """What staff did for a lot: scenes pressed one after the other.  `new`: the lot appears with this."""

    lot: LotId
    booking: Booking
    scenes: tuple[Scene, ...] = ()
    new: bool = False


def settled(world: World) -> World:
    """Every domain goes as far as the day, the people inside and two willing approvers let it."""
    for _ in range(_TURNS):
        domains = {component: _advanced(world, component, access) for component, access in _access(world).items()}
        if domains == world.domains:
            break
        world = replace(world, domains=domains)
    return world


def _access(world: World) -> dict[ComponentId, Access]:
    return access_of(world.venue, world.day, _inside(world))


def _inside(world: World) -> Inside:
    """The groups that the gateway believes inside, by what it admitted and what the doors count."""
    doors = {component: _doors(world.venue, component) for component in world.domains}
    return {c: domain.residual for c, domain in world.domains.items() if domain.residual and not proven_empty(domain, doors[c])}


def _doors(venue: Venue, component: ComponentId) -> tuple[DoorId, ...]:
    return tuple(door.id for door in venue.doors_of(component))


def _advanced(world: World, component: ComponentId, access: Access) -> Domain:
    """One turn of a domain: its doors report, and whoever must approve does."""
    doors = _doors(world.venue, component)
    people = sum(world.venue.component_of.get(room) == component for room in world.where.values())
    domain = _reported(world.domains.get(component, Domain(component)), doors, people)
    target = Target(access.mode, access.groups, access.seal)
    domain, waiting = advance(domain, target, doors, world.venue.profile.separated)
    if waiting is not None and waiting.what is Waits.RELEASE:
        domain = approve(domain, Approved("release", domain.seal_epoch, ()))
    elif waiting is not None and waiting.what is Waits.OPEN:
        domain = approve(domain, Approved("open", domain.epoch, ()))
    return _reported(domain, doors, people)


def _reported(domain: Domain, doors: tuple[DoorId, ...], people: int) -> Domain:
    stand = DoorStand(domain.term, domain.epoch, 0, settled=True)
    return replace(domain, reports={door: replace(stand, net=people if n == 0 else 0) for n, door in enumerate(doors)})


def walked(world: World, role: Role, way: Way) -> World | None:
    """The world after somebody took a way, or None when the door says no to every lot's pass of theirs."""
    component = world.venue.component_of.get(way.end)
    if way.by is By.BADGE and component is not None and not any(lets_in(world, role, component, lot) for lot in world.day):
        return None
    return settled(replace(world, where={**world.where, role: way.end}))


def lets_in(world: World, role: Role, component: ComponentId, lot: LotId) -> bool:
    """Do the doors of a domain let a lot's person in, under the policy that they hold?"""
    access = _access(world)[component]
    held = world.domains[component]
    if (held.mode, held.groups, held.seal) != (access.mode, access.groups, access.seal):
        return False
    return not isinstance(ask_door(world.venue, component, access, lot, role), Refuse)


def opened(world: World, days: Days, role: Role, component: ComponentId) -> tuple[World, list[Act]] | None:
    """Bring about a day on which the doors of a domain let `role` in; None when there is none."""
    occasions = days.admitted[component].get(role, [])
    return _brought(world, occasions, lambda now: any(lets_in(now, role, component, lot) for lot in now.day))


def forgotten(world: World, days: Days, role: Role, other: Role, component: ComponentId) -> tuple[World, list[Act]] | None:
    """Bring about a day after which the gateway reckons in a domain with nobody whom `other` must not meet, `role` least of all."""
    occasions = [occasion for group, found in days.admitted[component].items() if group is not role for occasion in found]
    apart = world.venue.profile.separated
    return _brought(
        world, list(dict.fromkeys(occasions)), lambda now: not any(pair(other, group) in apart for group in now.domains[component].residual)
    )


def _brought(world: World, occasions: list[Occasion], done: Callable[[World], bool]) -> tuple[World, list[Act]] | None:
    """Press lots on to the first of some occasions for which `done` holds, with as few presses as that needs."""
    if done(world):
        return world, []
    for booking, phase in dict.fromkeys((one.booking, one.stage.phase) for one in occasions):
        tries = [tried for start, acts in _starts(world, booking) if (tried := _pressed_to(start, acts, phase)) and done(tried[0])]
        if tries:
            return min(tries, key=lambda t: sum(1 + len(act.scenes) for act in t[1]))
    return None


def _starts(world: World, booking: Booking) -> Iterator[tuple[World, list[Act]]]:
    """Worlds whose last act concerns a lot of these rooms: one that is there, a new one, a new one after all others are over."""
    for lot, state in world.day.items():
        if (state.lot.opening_room, state.lot.evaluation_room) == booking and state.phase not in OVER:
            yield world, [Act(lot, booking)]
    yield _with_new_lot(world, booking, [])
    acts = []
    alone = world
    for lot, state in world.day.items():
        if state.phase not in OVER and (path := _path(alone, lot, OVER)):
            alone = _after(alone, lot, path)
            acts.append(Act(lot, Booking(state.lot.opening_room, state.lot.evaluation_room), path))
    if acts:
        yield _with_new_lot(alone, booking, acts)


def _with_new_lot(world: World, booking: Booking, acts: list[Act]) -> tuple[World, list[Act]]:
    lot = next(name for name in _LOTS if name not in world.day)
    return replace(world, day={**world.day, lot: booked(booking, lot)}), [*acts, Act(lot, booking, new=True)]


def _pressed_to(world: World, acts: list[Act], phase: Phase) -> tuple[World, list[Act]] | None:
    """Press the last act's lot on to a phase."""
    *before, last = acts
    path = _path(world, last.lot, frozenset({phase}))
    if path is None:
        return None
    return _after(world, last.lot, path), [*before, replace(last, scenes=path)]


def _after(world: World, lot: LotId, scenes: tuple[Scene, ...]) -> World:
    world = settled(world)
    for scene in scenes:
        world = settled(replace(world, day=pressed(world.venue, world.day, lot, scene)))
    return world


def _path(world: World, lot: LotId, goals: frozenset[Phase]) -> tuple[Scene, ...] | None:
    """The fewest presses that bring a lot to one of some phases, beside the other lots as they stand."""
    inside = _inside(world)
    came: dict[Stage, tuple[Scene, ...]] = {stage_of(world.day[lot]): ()}
    queue: deque[Day] = deque([world.day])
    while queue:
        day = queue.popleft()
        path = came[stage_of(day[lot])]
        if day[lot].phase in goals:
            return path
        for scene in choices(world.venue, day, lot, inside)[0]:
            after = pressed(world.venue, day, lot, scene)
            if stage_of(after[lot]) not in came:
                came[stage_of(after[lot])] = (*path, scene)
                queue.append(after)
    return None
