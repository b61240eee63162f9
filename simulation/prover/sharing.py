"""Findings on rooms that lots or zones share: zones that exclude each other, wishes that collide, lots that block each other, strangers."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations

from gateway.core.access import Access
from gateway.core.day import OVER, Day, LotState, Refusal, parts
from simulation.prover.days import LOT_A, LOT_B, access_of, ask_door, booked, choices, pressed, stage_of
from simulation.prover.findings import Finding, Rule, Story, door_place, listed, room_place
from simulation.prover.separation import unlocked_joins
from simulation.prover.survey import Survey
from venue_model.door_policy import Refuse, illegal_groups
from venue_model.groups import ROLE_NAMES, Role
from venue_model.ids import ComponentId, LotId, RoomId
from venue_model.lots import PHASE_NAMES, Phase
from venue_model.scenes import SHARED_PARTS, Part, Scene
from venue_model.venue import Name, Venue

# What people choose in trouble frees rooms and opens none: lots that cannot block each other without it cannot with it.
_TROUBLE = frozenset({Phase.FAILED, Phase.ABORTED, Phase.SUSPENDED})


def check_sharing(survey: Survey) -> Iterator[Finding]:
    """All findings on shared domains."""
    yield from _mixed_zones(survey)
    yield from _self_clashes(survey)
    yield from _pairs_of_lots(survey)


def joined_rooms(survey: Survey, found: list[Finding]) -> frozenset[RoomId]:
    """The rooms of domains that should not be joined: what else is wrong with their doors follows from that."""
    places = {finding.place for finding in found if not finding.note}
    wrong = {c for c in survey.small.components for place, _, _ in unlocked_joins(survey, c) if place in places}
    return frozenset(room for component in wrong for room in survey.small.components[component])


def _illegal(survey: Survey, component: ComponentId, access: Access) -> str | None:
    return illegal_groups(survey.small.zones_of(component), access.groups, survey.small.profile.separated)


def _mixed_zones(survey: Survey) -> Iterator[Finding]:
    """Domains of zones that exclude each other's people: the boards refuse every policy for them."""
    told: set[ComponentId] = set()
    for occasion, accesses in survey.days.alone.items():
        for component, access in accesses.items():
            why = _illegal(survey, component, access)
            if why is None or component in told:
                continue
            told.add(component)
            rooms = listed(survey.venue, survey.venue.components[component])
            phase, groups = PHASE_NAMES[occasion.stage.phase], ", ".join(access.groups)
            yield Finding(
                Rule.ZONES,
                _join(survey, component),
                Name(
                    f"它把 {rooms.zh} 连成一个分隔域,两类房间的人互斥,控制器会拒绝全部策略",
                    f"it joins {rooms.en} into one separation domain, and the boards refuse every policy for it: {why}",
                ),
                Name("砌墙、遮挡或装锁,使它们分开", "part them: a wall, frosted glass, or a lock"),
                (
                    Name(
                        f"标段A 进入“{phase[0]}”,网关为此域签发 {groups}",
                        f"lot A reaches {phase[1]}: the gateway signs {groups} for the domain",
                    ),
                    Name("控制器按固化的矩阵拒绝,门保持关闭", f"each board refuses it by its own matrix ({why}): nobody gets in"),
                ),
            )


def _join(survey: Survey, component: ComponentId) -> str:
    """The first join between rooms of different zones: the likeliest culprit."""
    joins, rooms = list(unlocked_joins(survey, component)), survey.venue.rooms
    return next((place for place, one, other in joins if rooms[one].zone is not rooms[other].zone), room_place(component))


def _self_clashes(survey: Survey) -> Iterator[Finding]:
    """Domains that one lot by itself shuts: it wants separated groups in rooms of which one leads out through the other."""
    venue = survey.small
    told: set[ComponentId] = set()
    for occasion in survey.days.day_of:
        for component, here in survey.days.asked(occasion, {}).items():
            if here.clash is None or component in told:
                continue
            told |= {component, here.clash.where}
            name, phase = venue.rooms[venue.components[component][0]].name, PHASE_NAMES[occasion.stage.phase]
            one, other = ROLE_NAMES[here.clash.one], ROLE_NAMES[here.clash.other]
            yield Finding(
                Rule.SHARED,
                _between(survey, component, here.clash.where),
                Name(
                    f"“{phase[0]}”时 {name.zh} 的门不开:{one[0]}会与{other[0]}相遇",
                    f"in {phase[1]} the doors of {name.en} stay shut: {one[1]} and {other[1]} would meet",
                ),
                Name("使一方的出路不经过另一方的房间", "let neither way out lead through the other's room"),
                (Name(f"标段A 进入“{phase[0]}”:{name.zh} 无人可入", f"lot A reaches {phase[1]}: nobody gets into {name.en}"),),
            )


def _between(survey: Survey, one: ComponentId, other: ComponentId) -> str:
    """The door between two domains, or the join within one."""
    domain = survey.small.component_of
    ends = {one, other}
    doors = [d.id for d in survey.small.doors.values() if {domain.get(d.outside), domain.get(d.inside)} == ends]
    return door_place(doors[0]) if doors and one != other else _join(survey, one)


@dataclass
class _Pair:
    """All that two lots can do in a venue on an ordinary day: days, and the presses that lead from one to the next."""

    survey: Survey
    start: Day
    days: list[Day] = field(default_factory=list)
    back: dict[int, list[int]] = field(default_factory=dict)
    refusals: list[tuple[int, LotId, Scene, Refusal]] = field(default_factory=list)

    def __post_init__(self) -> None:
        venue, number = self.survey.small, {_stages(self.start): 0}
        self.days.append(self.start)
        queue = deque([0])
        while queue:
            here = queue.popleft()
            for lot in self.start:
                may, refused = choices(venue, self.days[here], lot, without=_TROUBLE)
                self.refusals += [(here, lot, scene, why) for scene, why in refused]
                for scene in may:
                    after = pressed(venue, self.days[here], lot, scene)
                    there = number.setdefault(_stages(after), len(self.days))
                    self.back.setdefault(there, []).append(here)
                    if there == len(self.days):
                        self.days.append(after)
                        queue.append(there)

    def stuck(self) -> int | None:
        """The number of the first day on which nothing can be pressed any more though a lot is not finished, or None.

        Where lots go round in circles for ever there is no such day, but one from which they cannot both be finished.
        """
        done = [n for n, day in enumerate(self.days) if all(state.phase in OVER for state in day.values())]
        fine = set(done)
        while done:
            for before in self.back.get(done.pop(), ()):
                if before not in fine:
                    fine.add(before)
                    done.append(before)
        stuck = [n for n in range(len(self.days)) if n not in fine]
        leads_on = {before for befores in self.back.values() for before in befores}
        return next((n for n in stuck if n not in leads_on), stuck[0] if stuck else None)


def _stages(day: Day) -> tuple[object, ...]:
    return tuple(stage_of(state) for state in day.values())


def _two_lots(survey: Survey) -> Iterator[Day]:
    """Two lots on every two bookings that differ in more than names; where there is one booking, on that, taking turns."""
    whole = [b for b in survey.days.bookings if b.opening is not None and b.evaluation is not None] or list(survey.days.bookings)
    seen: set[tuple[str, bool, bool]] = set()
    for one, other in combinations(whole, 2) if len(whole) > 1 else zip(whole, whole, strict=True):
        kinds = sorted([survey.reduced.room_kind[room] for room in lot if room is not None] for lot in (one, other))
        like = (str(kinds), one.opening == other.opening, one.evaluation == other.evaluation)
        if like not in seen:
            seen.add(like)
            yield {LOT_A: booked(one, LOT_A), LOT_B: booked(other, LOT_B)}


def _pairs_of_lots(survey: Survey) -> Iterator[Finding]:
    """What two lots do to each other: one day that cannot be finished, scenes that must wait, doors that let strangers in (I2)."""
    venue = survey.small
    joined = any(len(rooms) > 1 for rooms in venue.components.values())
    waits: list[tuple[Day, LotId, Scene, Name]] = []
    strangers: dict[tuple[str, Part], Finding] = {}
    blocked = False
    for start in _two_lots(survey):
        pair = _Pair(survey, start)
        survey.days.examined += len(pair.days)
        stuck = pair.stuck()
        if stuck is not None and not blocked:
            blocked = True
            yield _deadlock(survey, pair, stuck)
        for here, lot, scene, why in pair.refusals:
            if why.code in ("apart", "shared"):
                waits.append((pair.days[here], lot, scene, why.why))
        for day in pair.days:
            for part, room, role in _strangers(venue, day, access_of(venue, day)) if joined else ():
                strangers.setdefault((_shared_by(survey, room), part), _stranger(survey, day, part, room, role))
    if waits:
        yield _waits(survey, waits[0], list(dict.fromkeys(scene for _, _, scene, _ in waits)))
    yield from strangers.values()


def _deadlock(survey: Survey, pair: _Pair, stuck: int) -> Finding:
    nos = [(lot, scene, why) for here, lot, scene, why in pair.refusals if here == stuck]
    return Finding(
        Rule.SHARED,
        f'venue "{survey.venue.id}"',
        Name("两个标段会互相卡死:谁也不能继续", "two lots block each other for good: neither can go on"),
        Name("给它们各自的房间和通道", "give them rooms and ways of their own"),
        (
            *_both(pair.days[stuck]),
            *(Name(f"标段{lot} 按“{s.zh}”:{why.why.zh}", f"lot {lot}, {s.en}: refused, {why.why.en}") for lot, s, why in nos),
        ),
    )


def _waits(survey: Survey, first: tuple[Day, LotId, Scene, Name], scenes: list[Scene]) -> Finding:
    day, lot, scene, why = first
    zh, en = "".join(f"“{s.zh}”" for s in scenes), ", ".join(s.en for s in scenes)
    return Finding(
        Rule.SHARED,
        f'venue "{survey.venue.id}"',
        Name(f"共用区域使标段须轮流:{zh}有时要等另一标段", f"lots take turns in shared rooms: {en} sometimes wait for another lot"),
        Name("排期时错开,或分开房间", "mind it in the schedule, or part the rooms"),
        (*_both(day), Name(f"标段{lot} 按“{scene.zh}”:{why.zh}", f"lot {lot}, {scene.en}: refused, {why.en}")),
        note=True,
    )


def _both(day: Mapping[LotId, LotState]) -> Story:
    phases = {lot: PHASE_NAMES[state.phase] for lot, state in day.items()}
    return tuple(Name(f"标段{lot} 处于“{phase[0]}”", f"lot {lot} is in {phase[1]}") for lot, phase in phases.items())


def _own(venue: Venue, day: Day, lot: LotId) -> dict[RoomId, Part]:
    """The rooms that a lot does not share with all others."""
    return {room: part for part, room in parts(venue, day[lot]) if part not in SHARED_PARTS and room in venue.component_of}


def _strangers(venue: Venue, day: Day, accesses: Mapping[ComponentId, Access]) -> Iterator[tuple[Part, RoomId, Role]]:
    """Lot B's people whom a door of lot A's own room lets in, though the room is not theirs."""
    hers = _own(venue, day, LOT_B)
    for room, part in _own(venue, day, LOT_A).items():
        component = venue.component_of[room]
        if len(venue.components[component]) == 1 or room in hers:
            continue
        access = accesses[component]
        role = next((r for r in access.groups if not isinstance(ask_door(venue, component, access, LOT_B, r), Refuse)), None)
        if role is not None:
            yield part, room, role


def _shared_by(survey: Survey, room: RoomId) -> str:
    joins = list(unlocked_joins(survey, survey.small.component_of[room]))
    return next((place for place, one, other in joins if room in (one, other)), joins[0][0] if joins else room_place(room))


def _stranger(survey: Survey, day: Day, part: Part, room: RoomId, role: Role) -> Finding:
    name, who = survey.small.rooms[room].name, ROLE_NAMES[role]
    return Finding(
        Rule.OWN_ROOM,
        _shared_by(survey, room),
        Name(
            f"标段B 的{who[0]}能刷开标段A 的 {name.zh}:相连的房间是一个分隔域",
            f"lot B's {who[1]} is let into {name.en}, the room of lot A: joined rooms are one domain",
        ),
        Name("用墙、遮挡或门锁把它们分开", "part them: a wall, frosted glass, or a lock"),
        (*_both(day), Name(f"标段B 的{who[0]}在 {name.zh} 门口刷卡:放行", f"lot B's {who[1]} badges at {name.en}: admitted")),
        note=part is not Part.EVALUATION,
    )
