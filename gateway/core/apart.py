"""What the day's lots together ask of each separation domain, and whether people who must never meet would (law Apart, I6).

Passes are no matter here: this is about groups.  `access` adds the people, `day.may_press` looks one press ahead.
"""

from collections.abc import Iterable, Mapping
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
    for state in live(day):
        for part, room in parts(venue, state):
            if room in venue.component_of:
                wish = state.door_wish(part)
                found[venue.component_of[room]].append(
                    Wish(state.lot.id, part, room, wish, admitted(venue, room, wish.mode), admitted(venue, room, *wish.lingering))
                )
    return {component: tuple(wished) for component, wished in found.items()}


def admitted(venue: Venue, room: RoomId, *modes: DoorMode) -> tuple[Role, ...]:
    """Who may enter a room in any of these modes."""
    of = venue.rooms[room]
    return tuple(sorted({role for mode in modes for role in venue.profile.groups(mode, of.zone, of.serves)}))


def asked(venue: Venue, wished: Mapping[ComponentId, tuple[Wish, ...]], inside: Inside) -> dict[ComponentId, Asked]:
    """What the wishes ask of every domain together.  `inside` adds people whom the doors count though no lot asks for them."""
    found = {component: _asked(venue, component, wished[component]) for component in venue.components}
    return {component: _checked(venue, component, found, inside) for component in found}


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


def _checked(venue: Venue, component: ComponentId, found: Mapping[ComponentId, Asked], inside: Inside) -> Asked:
    here = found[component]
    clash = _clash(venue, component, found, inside) if here.groups else None
    return here if clash is None else Asked(here.wishes, DoorMode.CLEAR, (), here.seal, clash)


def _clash(venue: Venue, component: ComponentId, found: Mapping[ComponentId, Asked], inside: Inside) -> Clash | None:
    """The first separated pair that letting in `found[component].groups` would bring together, here or one way out further."""
    separated = venue.profile.separated
    newcomers = found[component]
    for one, lots in _by_role(newcomers):
        for where, other, others in _present(venue, component, found, inside, lots):
            if pair(one, other) in separated:
                return Clash(one, other, where, lots, others)
    return None


def _by_role(here: Asked) -> Iterable[tuple[Role, tuple[LotId, ...]]]:
    return ((role, tuple(sorted({wish.lot for wish in here.wishes if role in wish.groups}))) for role in here.groups)


def _present(
    venue: Venue, component: ComponentId, found: Mapping[ComponentId, Asked], inside: Inside, lots: tuple[LotId, ...]
) -> Iterable[tuple[ComponentId, Role, tuple[LotId, ...]]]:
    """Whom somebody who is let in here may meet: in the domain itself, where its ways out lead, and coming out of its neighbours.

    Whoever this very lot let into the same domain before is left to `clearing`, which waits until they have gone.  Nobody comes
    out of a sealed domain but by a breach.
    """
    here = found[component]
    for wish in here.wishes:
        for role in wish.groups:
            yield component, role, (wish.lot,)
        if lots != (wish.lot,):
            for role in wish.lingering:
                yield component, role, (wish.lot,)
    comes_from = {other for other, reached in venue.ways_out.items() if component in reached and not found[other].seal}
    for other in sorted(venue.ways_out[component] | comes_from):
        for wish in found[other].wishes:
            for role in (*wish.groups, *wish.lingering):
                yield other, role, (wish.lot,)
        if not found[other].wishes:
            for role in found[other].groups:
                yield other, role, ()
        for role in inside.get(other, ()):
            yield other, role, ()
