"""Findings on law Apart: meetings, rooms that nobody guards, windows onto open ground, and free ways into a sealed room."""

from collections.abc import Iterator

from simulation.prover.findings import Finding, Rule, Story, door_place
from simulation.prover.ground import By, Way, secluded
from simulation.prover.survey import Survey
from simulation.prover.tell import tell_act, tell_meeting, tell_together, tell_walk
from simulation.prover.world import World, opened, settled
from venue_model.groups import ROLE_NAMES, Role, pair, separated_pairs
from venue_model.ids import ComponentId, DoorId, RoomId
from venue_model.lots import PHASE_NAMES
from venue_model.venue import Lock, Name


def check_separation(survey: Survey) -> Iterator[Finding]:
    """All that brings separated groups together, or lets people past a policy."""
    told: set[DoorId] = set()
    for meeting in survey.apart.meetings():
        if _first(survey, told, meeting.culprit):
            yield _meeting(survey, meeting.groups, meeting.culprit, tell_meeting(survey.apart, meeting)[0])
    yield from _walk_ins(survey, told)
    yield from _unguarded(survey, told)
    yield from _into_sealed(survey, told)
    yield from _windows(survey)


def _first(survey: Survey, told: set[DoorId], way: Way) -> bool:
    """True the first time that a door, or one like it, is told of."""
    kind = survey.reduced.door_kind[way.door.id]
    if kind in told:
        return False
    told.add(kind)
    return True


def _meeting(survey: Survey, groups: tuple[Role, Role], culprit: Way, story: Story) -> Finding:
    one, other = (Name(*ROLE_NAMES[role]) for role in groups)
    start, end, door = survey.small.rooms[culprit.start].name, survey.small.rooms[culprit.end].name, culprit.door
    also = survey.also(door.id)
    return Finding(
        Rule.APART,
        door_place(door.id),
        Name(
            f"从 {start.zh} 可不经授权走进 {end.zh},{one.zh}与{other.zh}会相遇{also.zh}",
            f"it leads from {start.en} into {end.en} without asking anybody: {one.en} and {other.en} can meet{also.en}",
        ),
        _remedy(culprit),
        story,
    )


def _walk_ins(survey: Survey, told: set[DoorId]) -> Iterator[Finding]:
    """Free exits from a domain that lets one group in to a domain that lets in another: what the protocol's proof assumes away (A8).

    Even where the gateway reckons with the neighbours, somebody can walk in while the domain is CLEAR and its doors have reported:
    counts of two doors, taken at two moments, then add up to zero with somebody inside.
    """
    venue, admitted = survey.small, survey.days.admitted
    domain = venue.component_of
    for way in survey.apart.past:
        here = admitted.get(domain[way.start], {}) if way.start in domain else {}
        pairs = separated_pairs([*here, *admitted[domain[way.end]]], venue.profile.separated)
        crossing = [(a, b) if a in here else (b, a) for a, b in pairs if (a in here) != (b in here)]
        if not crossing or not _first(survey, told, way):
            continue
        comes, other = min(crossing, key=lambda both: (Role.BID not in both, both))
        name, who = venue.rooms[way.end].name, Name(*ROLE_NAMES[other])
        story = (
            Name(f"{name.zh} 正在清场,各门均已上报无人", f"{name.en} is being cleared, and its doors have reported nobody inside"),
            tell_walk(venue, comes, way),
            Name(
                f"先后两次上报的计数可能相抵为零:网关放{who.zh}进入",
                f"reports of two moments can add up to zero: the gateway lets the {who.en} in",
            ),
            tell_together(venue, comes, other, venue.components[domain[way.end]]),
        )
        yield _meeting(survey, (comes, other), way, story)


def _remedy(way: Way) -> Name:
    if way.by is By.FOOT:
        return Name("给它装锁、读卡器并接控制器,或砌墙", "give it a lock, a reader and a board, or wall it up")
    return Name(
        "出门只能通向室外或同一侧的房间:改门的两侧(inside 是被看守的一侧),或取消此门",
        "let the exit lead outdoors or to rooms of the same side: mend outside/inside (inside is what the door guards), or remove the door",
    )


def _unguarded(survey: Survey, told: set[DoorId]) -> Iterator[Finding]:
    """A guarded room that people walk into from open ground: its policy and its counts are worth nothing."""
    for way in survey.apart.past:
        if survey.ground.guarded(way.start) or not _first(survey, told, way):
            continue
        start, end, also = survey.small.rooms[way.start].name, survey.small.rooms[way.end].name, survey.also(way.door.id)
        yield Finding(
            Rule.GUARD,
            door_place(way.door.id),
            Name(
                f"任何人都能从 {start.zh} 走进受控房间 {end.zh}{also.zh}",
                f"anybody walks from {start.en} into {end.en}, which a policy should guard{also.en}",
            ),
            _remedy(way),
            (tell_walk(survey.small, Role.BID, way),),
        )


def _into_sealed(survey: Survey, told: set[DoorId]) -> Iterator[Finding]:
    """A free way into a room that is sealed in some phase (I8), unless whoever takes it has come from that very room."""
    domain = survey.small.component_of
    for way in survey.apart.past:
        target = domain[way.end]
        if target not in survey.days.sealed or not _reached_without(survey, target, way.start) or not _first(survey, told, way):
            continue
        phase = PHASE_NAMES[survey.days.sealed[target].stage.phase]
        start, end, also = survey.small.rooms[way.start].name, survey.small.rooms[way.end].name, survey.also(way.door.id)
        yield Finding(
            Rule.SEAL,
            door_place(way.door.id),
            Name(
                f"{end.zh} 在阶段“{phase[0]}”封闭时,仍可从 {start.zh} 自由走入{also.zh}",
                f"while {end.en} is sealed ({phase[1]}), people walk into it from {start.en} unasked{also.en}",
            ),
            _remedy(way),
        )


def _reached_without(survey: Survey, avoided: ComponentId, room: RoomId) -> bool:
    """Can anybody be in `room` without passing a domain?"""
    domain = survey.small.component_of
    found = set(survey.ground.outdoors)
    waiting = list(found)
    while waiting:
        for way in survey.ground.from_room[waiting.pop()]:
            component = domain.get(way.end)
            if way.end in found or component == avoided:
                continue
            if way.free or component is None or survey.days.admitted[component]:
                found.add(way.end)
                waiting.append(way.end)
    return room in found


def _windows(survey: Survey) -> Iterator[Finding]:
    """Glass between a guarded room and open ground: whoever walks there by right sees who sits inside."""
    venue = survey.venue
    hidden = secluded(venue)
    for one, other in venue.sight:
        for open_side, guarded in ((one, other), (other, one)):
            if not venue.is_open(open_side) or guarded not in venue.component_of:
                continue
            pairs = [
                (walks, sits)
                for sits in hidden
                for walks in Role
                if walks not in hidden
                and pair(walks, sits) in venue.profile.separated
                and sits in survey.days.admitted[survey.small.component_of[guarded]]
            ]
            if not pairs:
                continue
            walks, sits = min(pairs, key=lambda p: (p[0] is not Role.BID, p))
            a, b = venue.rooms[open_side].name, venue.rooms[guarded].name
            outdoors = open_side in survey.whole_ground.outdoors
            yield Finding(
                Rule.APART,
                f"sight [{one}, {other}]",
                Name(
                    f"从 {a.zh} 看得见 {b.zh}:{ROLE_NAMES[walks][0]}会看到{ROLE_NAMES[sits][0]}",
                    f"{b.en} is in sight of {a.en}: {ROLE_NAMES[walks][1]} there, {ROLE_NAMES[sits][1]} here",
                ),
                Name("遮挡此处(墙、不透明玻璃),并从 sight 中删去", "close the view, and take the pair out of `sight`"),
                _seen(survey, walks, sits, open_side, guarded),
                note=outdoors,
            )


def _seen(survey: Survey, walks: Role, sits: Role, open_side: RoomId, guarded: RoomId) -> Story:
    small = survey.small
    component = small.component_of[guarded]
    world = settled(World(small, {}, {walks: open_side}))
    brought = opened(world, survey.days, sits, component)
    acts = brought[1] if brought else []
    a, b = small.rooms[open_side].name, small.rooms[guarded].name
    return (
        *(tell_act(small, act) for act in acts),
        Name(f"{ROLE_NAMES[sits][0]} 刷卡进入 {b.zh}", f"{ROLE_NAMES[sits][1]}: by badge into {b.en}"),
        Name(f"{ROLE_NAMES[walks][0]} 在 {a.zh} 看见", f"{ROLE_NAMES[walks][1]}: sees it from {a.en}"),
    )


def unlocked_joins(survey: Survey, component: ComponentId) -> Iterator[tuple[str, RoomId, RoomId]]:
    """What joins the rooms of a domain: place, and the two rooms."""
    domain = survey.venue.component_of
    for one, other in survey.venue.sight:
        if domain.get(one) == component == domain.get(other):
            yield f"sight [{one}, {other}]", one, other
    for door in survey.venue.doors.values():
        if door.lock is Lock.NONE and domain.get(door.outside) == component == domain.get(door.inside):
            yield door_place(door.id), door.outside, door.inside
