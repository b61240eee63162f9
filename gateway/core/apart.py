"""What the day's lots together ask of each separation domain, and whether people who must never meet would (law Apart, I6).

Passes are no matter here: this is about groups.  `access` adds the people, `day.may_press` looks one press ahead.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from gateway.core.parts import Day, live, parts
from venue_model.groups import Role, pair
from venue_model.ids import ComponentId, LotId, RoomId
from venue_model.profiles import DoorMode
from venue_model.scenes import Part, RoomAsk
from venue_model.venue import Venue

# Where lots share a domain, the busiest mode names it; the groups are the union.
BUSIEST = (
    DoorMode.INTAKE, DoorMode.INQUIRY, DoorMode.RELEASE, DoorMode.EVALUATION, DoorMode.CHECK_IN, DoorMode.OPENING,
    DoorMode.PREPARATION, DoorMode.DUTY,
)  # fmt: skip
Inside = Mapping[ComponentId, tuple[Role, ...]]  # groups that may be inside by the doors' counts


@dataclass(frozen=True, slots=True)
class Wish:
    """What one lot asks of one of its rooms."""

    lot: LotId
    part: Part | None  # None: an exception pass, not a phase
    room: RoomId
    ask: RoomAsk
    groups: tuple[Role, ...]  # who may come in
    lingering: tuple[Role, ...]  # who was let in before, and may not have left


@dataclass(frozen=True, slots=True)
class Clash:
    """Two groups that would meet: `one`, who is to be let in, and `other`, who is or may come to the same place."""

    one: Role
    other: Role
    where: ComponentId  # where `other` is
    lots: tuple[LotId, ...]  # whose wish lets `one` in
    others: tuple[LotId, ...]  # whose people `other` are; none: those whom the doors still count, or who are on duty there


@dataclass(frozen=True, slots=True)
class Asked:
    """What the day asks of one domain."""

    wishes: tuple[Wish, ...] = ()
    mode: DoorMode = DoorMode.CLEAR
    groups: tuple[Role, ...] = ()
    seal: bool = False
    clash: Clash | None = None  # then nobody is let in


def wishes(venue: Venue, day: Day) -> dict[ComponentId, tuple[Wish, ...]]:
    """Domain → what each lot asks of its rooms in it, as far as the doors have followed."""
    found: dict[ComponentId, list[Wish]] = {component: [] for component in venue.components}
    known: dict[tuple[object, ...], tuple[Role, ...]] = {}

    def roles(room: RoomId, modes: tuple[DoorMode, ...]) -> tuple[Role, ...]:
        of = venue.rooms[room]
        key = (of.zone, of.serves, modes)
        if key not in known:
            known[key] = admitted(venue, room, *modes)
        return known[key]

    for state in live(day):
        for part, room in parts(venue, state):
            if room in venue.component_of:
                wish = state.door_wish(part)
                found[venue.component_of[room]].append(
                    Wish(state.lot.id, part, room, wish, roles(room, (wish.mode,)), roles(room, wish.lingering))
                )
    return {component: tuple(wished) for component, wished in found.items()}


def admitted(venue: Venue, room: RoomId, *modes: DoorMode) -> tuple[Role, ...]:
    """Who may enter a room in any of these modes."""
    of = venue.rooms[room]
    return tuple(sorted({role for mode in modes for role in venue.profile.groups(mode, of.zone, of.serves)}))


def asked(venue: Venue, wished: Mapping[ComponentId, tuple[Wish, ...]], inside: Inside) -> dict[ComponentId, Asked]:
    """What the wishes ask of every domain together.  `inside` adds people whom the doors count though no lot asks for them."""
    found = {component: _asked(venue, component, wished[component]) for component in venue.components}
    foes = _foes(venue)
    return {component: _checked(venue, component, found, inside, foes) for component in found}


def clashes(venue: Venue, wished: Mapping[ComponentId, tuple[Wish, ...]]) -> tuple[Clash, ...]:
    """Every two groups that the wishes would bring together, not only the first of each domain.

    For plans, before anybody is inside: whoever is on duty where nothing is wished is left out.
    """
    found = {component: _asked(venue, component, here) if (here := wished.get(component)) else Asked() for component in venue.components}
    foes = _foes(venue)
    return tuple(clash for component in wished for clash in _clashes(venue, component, found, {}, foes))


def _foes(venue: Venue) -> dict[Role, frozenset[Role]]:
    return {one: frozenset(other for other in Role if pair(one, other) in venue.profile.separated) for one in Role}


def _asked(venue: Venue, component: ComponentId, wished: tuple[Wish, ...]) -> Asked:
    duty = () if any(wish.part for wish in wished) else on_duty(venue, component)
    modes = {wish.ask.mode for wish in wished} | ({DoorMode.DUTY} if duty else set())
    mode = next((busy for busy in BUSIEST if busy in modes), DoorMode.CLEAR)
    seal = any(wish.ask.seal for wish in wished)
    groups = () if seal else tuple(sorted({*duty, *(role for wish in wished for role in wish.groups)}))
    return Asked(wished, mode, groups, seal)


def on_duty(venue: Venue, component: ComponentId) -> tuple[Role, ...]:
    """Who may enter a domain that no lot holds."""
    return tuple(sorted({role for room in venue.components[component] for role in admitted(venue, room, DoorMode.DUTY)}))


def _checked(
    venue: Venue, component: ComponentId, found: Mapping[ComponentId, Asked], inside: Inside, foes: Mapping[Role, frozenset[Role]]
) -> Asked:
    """What is asked of a domain, or why nobody is let in: the first two who would meet, in it or one way out further."""
    here = found[component]
    clash = next(_clashes(venue, component, found, inside, foes), None)
    return here if clash is None else Asked(here.wishes, DoorMode.CLEAR, (), here.seal, clash)


def _clashes(
    venue: Venue, component: ComponentId, found: Mapping[ComponentId, Asked], inside: Inside, foes: Mapping[Role, frozenset[Role]]
) -> Iterator[Clash]:
    here = found[component]
    for one in here.groups:
        lots = tuple(sorted({wish.lot for wish in here.wishes if one in wish.groups}))
        for where, roles, others in _present(venue, component, found, inside, lots) if foes[one] else ():
            if met := foes[one].intersection(roles):
                yield Clash(one, min(met), where, lots, others)


def _present(
    venue: Venue, component: ComponentId, found: Mapping[ComponentId, Asked], inside: Inside, lots: tuple[LotId, ...]
) -> Iterable[tuple[ComponentId, tuple[Role, ...], tuple[LotId, ...]]]:
    """Whom somebody who is let in here may meet: in the domain itself, where its ways out lead, and coming out of its neighbours.

    Whoever this very lot let into the same domain before is left to `clearing`, which waits until they have gone.  Nobody comes
    out of a sealed domain but by a breach.
    """
    for wish in found[component].wishes:
        yield component, wish.groups, (wish.lot,)
        if lots != (wish.lot,):
            yield component, wish.lingering, (wish.lot,)
    comes_from = {other for other, reached in venue.ways_out.items() if component in reached and not found[other].seal}
    for other in sorted(venue.ways_out[component] | comes_from):
        for wish in found[other].wishes:
            yield other, wish.groups, (wish.lot,)
            yield other, wish.lingering, (wish.lot,)
        if not found[other].wishes:
            yield other, found[other].groups, ()
        yield other, inside.get(other, ()), ()
