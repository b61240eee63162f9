"""Counterexamples as stories: who presses what, who walks where, step by step, in Chinese and English."""

from simulation.prover.apart import Apart, Meeting, Move
from simulation.prover.days import Days
from simulation.prover.findings import Story
from simulation.prover.ground import By, Way
from simulation.prover.world import Act, World, forgotten, opened, settled, walked
from venue_model.groups import ROLE_NAMES, Role
from venue_model.ids import RoomId
from venue_model.venue import Name, Venue


def tell_meeting(apart: Apart, meeting: Meeting) -> tuple[Story, bool]:
    """The meeting acted out on a concrete day, and whether the real decisions let it happen to the end."""
    venue = apart.venue
    starts = {move.who: move.way.start for move in reversed(meeting.moves) if move.way is not None}
    where = {role: starts.get(role, apart.ground.outdoors[0]) for role in meeting.groups}
    world: World | None = settled(World(venue, {}, where))
    steps: list[Name] = []
    for move in meeting.moves:
        prepared = _prepared(world, apart.days, move, meeting.groups) if world is not None else None
        world = prepared[0] if prepared is not None else None
        steps += [tell_act(venue, act) for act in prepared[1]] if prepared is not None else []
        if move.way is None:
            steps.append(tell_forgotten(venue, move))
            continue
        world = walked(world, move.who, move.way) if world is not None else None
        steps.append(tell_walk(venue, move.who, move.way))
    one, other = meeting.groups
    steps.append(tell_together(venue, one, other, venue.components[meeting.component]))
    if world is None:
        # It may need more lots than a story has; what cannot be excluded is told all the same.
        steps.append(Name("未在具体日程中重演,但不能排除", "not acted out on a concrete day, but it could not be excluded"))
    return tuple(steps), world is not None


def _prepared(world: World, days: Days, move: Move, groups: tuple[Role, Role]) -> tuple[World, list[Act]] | None:
    """The day that a move needs, and what staff press for it."""
    if move.forgets is not None:
        other = next(role for role in groups if role is not move.who)
        return forgotten(world, days, move.who, other, move.forgets)
    component = world.venue.component_of.get(move.way.end) if move.way is not None and move.way.by is By.BADGE else None
    return (world, []) if component is None else opened(world, days, move.who, component)


def tell_forgotten(venue: Venue, move: Move) -> Name:
    """A domain was opened to others while it was empty."""
    assert move.forgets is not None, "only a domain forgets"
    name, who = venue.rooms[venue.components[move.forgets][0]].name, ROLE_NAMES[move.who]
    return Name(
        f"{name.zh} 无人,先为他人开放:网关不再把{who[0]}算在其中",
        f"{name.en} is empty and opens to others: the gateway reckons with no {who[1]} there",
    )


def tell_act(venue: Venue, act: Act) -> Name:
    """Staff book or press."""
    scenes_zh, scenes_en = "".join(f"“{s.zh}”" for s in act.scenes), ", ".join(s.en for s in act.scenes)
    if not act.new:
        return Name(f"标段{act.lot} 进入{scenes_zh}", f"lot {act.lot}: {scenes_en}")
    rooms = [venue.rooms[room].name for room in act.booking if room is not None]
    zh, en = "、".join(r.zh for r in rooms), ", ".join(r.en for r in rooms)
    if not act.scenes:
        return Name(f"标段{act.lot} 已预约({zh})", f"lot {act.lot} is booked ({en})")
    return Name(f"标段{act.lot}({zh})进入{scenes_zh}", f"lot {act.lot} ({en}): {scenes_en}")


def tell_walk(venue: Venue, role: Role, way: Way) -> Name:
    """Somebody walks a way."""
    who = Name(*ROLE_NAMES[role])
    start, end, door = venue.rooms[way.start].name, venue.rooms[way.end].name, way.door.name
    match way.by:
        case By.FOOT:
            return Name(
                f"{who.zh} 从 {start.zh} 经 {door.zh}(无锁)走到 {end.zh}",
                f"{who.en} walks from {start.en} by {door.en} to {end.en}",
            )
        case By.BADGE:
            return Name(
                f"{who.zh} 从 {start.zh} 在 {door.zh} 刷卡进入 {end.zh}",
                f"{who.en} badges at {door.en}: from {start.en} into {end.en}",
            )
        case By.EXIT:
            return Name(
                f"{who.zh} 从 {start.zh} 按出门装置经 {door.zh} 走进 {end.zh}",
                f"{who.en} uses the exit of {door.en}: from {start.en} into {end.en}",
            )
        case By.BADGE_OUT:
            return Name(
                f"{who.zh} 从 {start.zh} 在 {door.zh} 内侧刷任意卡走进 {end.zh}",
                f"{who.en} shows any badge inside {door.en}: from {start.en} into {end.en}",
            )


def tell_together(venue: Venue, one: Role, other: Role, inside: tuple[RoomId, ...]) -> Name:
    """The end of a meeting."""
    names = [venue.rooms[room].name for room in inside]
    zh, en = "、".join(n.zh for n in names), ", ".join(n.en for n in names)
    return Name(
        f"{ROLE_NAMES[one][0]} 与 {ROLE_NAMES[other][0]} 同在 {zh}:必须分离的两方相遇",
        f"{ROLE_NAMES[one][1]} and {ROLE_NAMES[other][1]} are both in {en}: two groups that must never meet",
    )
