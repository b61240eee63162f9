"""Findings on ways in: rooms out of reach (REACH), doors without a reader (READER), lockers unheard of (I5), ways that cross (I6)."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from simulation.prover.crossing import forbidden_ground, walked_story
from simulation.prover.days import Occasion
from simulation.prover.findings import Finding, Rule, Story, door_place, room_place
from simulation.prover.ground import By, Ground, Way
from simulation.prover.routes import Came, Need, Routes, locker_boards, path_to, ways_of
from simulation.prover.survey import Survey
from venue_model.door_policy import Refuse
from venue_model.groups import ROLE_NAMES
from venue_model.ids import DoorId, RoomId
from venue_model.lots import PHASE_NAMES
from venue_model.venue import DeviceKind, Door, Lock, Name, Side


@dataclass
class _Told:
    """What was found at one place: whom it concerns, and the first case as a story."""

    needs: list[Need] = field(default_factory=list)
    story: Story = ()

    def roles(self) -> Name:
        roles = sorted({need.role for need in self.needs})
        return Name("、".join(ROLE_NAMES[r][0] for r in roles), ", ".join(ROLE_NAMES[r][1] for r in roles))

    def rooms(self) -> list[RoomId]:
        return list(dict.fromkeys(need.room for need in self.needs))


@dataclass
class _Faults:
    """Unmet needs, gathered by what stands in the way."""

    unread: dict[DoorId, _Told] = field(default_factory=dict)
    phones: dict[DoorId, _Told] = field(default_factory=dict)
    refused: dict[DoorId, _Told] = field(default_factory=dict)
    shut: dict[RoomId, _Told] = field(default_factory=dict)
    crossed: dict[DoorId, _Told] = field(default_factory=dict)


def check_reach(survey: Survey, routes: Routes, joined: frozenset[RoomId]) -> Iterator[Finding]:
    """Everything on ways in, but for the rooms of `joined` domains: what is wrong with them is told already."""
    faults = _Faults()
    walks: dict[tuple[object, ...], Came] = {}
    forbidden = forbidden_ground(survey)
    for need in routes.needs():
        if need.room in joined:
            continue
        came = _walk(walks, routes, need, survey.ground, frozenset())
        if not _meets(came, need):
            _unmet(survey, routes, need, came, faults)
        elif need.role in forbidden and not _meets(_walk(walks, routes, need, survey.ground, forbidden[need.role]), need):
            ways = ways_of(path_to(came, need.occasion.stage, need.room) or [])
            crossing = [way for way, _ in ways if way.start in forbidden[need.role]][-1]
            _add(faults.crossed, crossing.door.id, need, walked_story(survey, need.role, [way for way, _ in ways]))
    _keep_roots(survey, faults)
    yield from _told(survey, faults)


def _walk(walks: dict[tuple[object, ...], Came], routes: Routes, need: Need, ground: Ground, avoid: frozenset[RoomId]) -> Came:
    key = (need.occasion.booking, need.role, avoid)
    if key not in walks:
        walks[key] = routes.walk(need.occasion.booking, need.role, ground, avoid)
    return walks[key]


def _meets(came: Came, need: Need) -> bool:
    return any((place.stage, place.room) == (need.occasion.stage, need.room) for place in came)


def _add(found: dict[DoorId, _Told], door: DoorId, need: Need, story: Story) -> None:
    told = found.setdefault(door, _Told(story=story))
    told.needs.append(need)


def _unmet(survey: Survey, routes: Routes, need: Need, came: Came, faults: _Faults) -> None:
    """Find what stands in the way: a locker that no gate hears of, a reader that is missing, or a door that says no."""
    path = path_to(routes.walk(need.occasion.booking, need.role, survey.ground, any_locker=True), need.occasion.stage, need.room)
    if path is not None:
        heard = {(place.room, board) for place in came for board in place.phones}
        for way, place in ways_of(path):
            component = survey.small.component_of.get(way.end)
            if way.by is not By.BADGE or component is None or (way.start, way.door.board) in heard:
                continue
            if isinstance(routes.verdict(Occasion(need.occasion.booking, place.stage), component, need.role, False), Refuse):
                _add(faults.phones, way.door.id, need, walked_story(survey, need.role, [way for way, _ in ways_of(path)]))
        return
    unread = _entrances_without_reader(survey)
    for doors in (*((door,) for door in unread), unread):
        ground = Ground(survey.small, readers_too=frozenset(doors))
        path = path_to(routes.walk(need.occasion.booking, need.role, ground, any_locker=True), need.occasion.stage, need.room)
        if path is not None:
            ways = [way for way, _ in ways_of(path)]
            for way in ways:
                if way.by is By.BADGE and way.door.id in doors:
                    _add(faults.unread, way.door.id, need, walked_story(survey, need.role, ways))
            return
    _refused(survey, routes, need, faults)


def _entrances_without_reader(survey: Survey) -> tuple[DoorId, ...]:
    """Locked doors that may be meant as entrances and have no reader outside, the likeliest first.

    A door into a domain that has another door with a reader is an exit, and lacks nothing.
    """
    venue, readers = survey.small, survey.ground.readers
    domain = venue.component_of
    entered = {domain.get(door.inside, door.inside) for door in venue.doors.values() if (door.id, Side.OUTSIDE) in readers}
    doors = [d for d in venue.doors.values() if d.lock is not Lock.NONE and domain.get(d.inside, d.inside) not in entered]
    return tuple(d.id for d in sorted(doors, key=lambda d: ((d.id, Side.INSIDE) not in readers, not survey.ground.guarded(d.outside))))


def _refused(survey: Survey, routes: Routes, need: Need, faults: _Faults) -> None:
    """The first door that says no on the shortest way that is there at all; or no way."""
    grounds = (survey.ground, Ground(survey.small, readers_too=frozenset(survey.small.doors)))
    ways = next((found for ground in grounds if (found := _any_way(ground, need.room)) is not None), None)
    if ways is None:
        faults.shut.setdefault(need.room, _Told()).needs.append(need)
        return
    walked = []
    for way in ways:
        walked.append(way)
        component = survey.small.component_of.get(way.end)
        if way.free or component is None:
            continue
        verdict = routes.verdict(need.occasion, component, need.role, True)
        if isinstance(verdict, Refuse):
            phase = PHASE_NAMES[need.occasion.stage.phase]
            no = Name(
                f"阶段“{phase[0]}”,{ROLE_NAMES[need.role][0]}在 {way.door.name.zh} 被拒({verdict.rule})",
                f"phase {phase[1]}: {way.door.name.en} refuses the {ROLE_NAMES[need.role][1]} ({verdict.rule}: {verdict.because})",
            )
            _add(faults.refused, way.door.id, need, (*walked_story(survey, need.role, walked[:-1]), no))
            return
    _add(faults.refused, ways[-1].door.id, need, walked_story(survey, need.role, walked))


def _keep_roots(survey: Survey, faults: _Faults) -> None:
    """Of rooms that are out of reach, keep those that are not entered from another such room."""
    unmet = {(need.role, need.room) for told in faults.refused.values() for need in told.needs}
    behind = {(role, way.end) for role, room in unmet for way in survey.ground.from_room[room] if way.by is By.BADGE}
    if unmet <= behind:
        return
    for door, told in list(faults.refused.items()):
        told.needs = [need for need in told.needs if (need.role, need.room) not in behind]
        if not told.needs:
            del faults.refused[door]


def _any_way(ground: Ground, room: RoomId) -> list[Way] | None:
    """The shortest way from the open air into a room, whoever may walk it."""
    came: dict[RoomId, Way | None] = dict.fromkeys(ground.outdoors)
    waiting = list(came)
    for start in waiting:
        for way in ground.from_room[start]:
            if way.end not in came:
                came[way.end] = way
                waiting.append(way.end)
    if room not in came:
        return None
    ways = []
    while (step := came[room]) is not None:
        ways.append(step)
        room = step.start
    return ways[::-1]


def _told(survey: Survey, faults: _Faults) -> Iterator[Finding]:
    doors = survey.small.doors
    for id in survey.one_of_each(faults.unread):
        yield _unread(survey, doors[id], faults.unread[id])
    for id in survey.one_of_each(faults.phones):
        yield _unheard_lockers(survey, doors[id], faults.phones[id])
    for id in survey.one_of_each(faults.refused):
        yield _out_of_reach(survey, doors[id], faults.refused[id])
    for room, told in faults.shut.items():
        name, roles = survey.small.rooms[room].name, told.roles()
        yield Finding(
            Rule.REACH,
            room_place(room),
            Name(f"没有任何门通进 {name.zh},{roles.zh} 到不了", f"no door leads into {name.en}: {roles.en} cannot reach it"),
            Name("装一扇 inside 为此房间的门", "add a door whose inside is this room"),
        )
    for id in survey.one_of_each(faults.crossed):
        yield _crossed(survey, doors[id], faults.crossed[id])


def _out_of_reach(survey: Survey, door: Door, told: _Told) -> Finding:
    rooms, roles, also = survey.rooms_text(told.rooms()), told.roles(), survey.also(door.id)
    return Finding(
        Rule.REACH,
        room_place(told.rooms()[0]),
        Name(
            f"{roles.zh} 到不了 {rooms.zh}:{door.name.zh} 不放行{also.zh}",
            f"{roles.en} cannot reach {rooms.en}: {door.name.en} refuses them{also.en}",
        ),
        Name("让去路只经过放行他们的房间,或修改策略模式", "lead the way there through rooms that admit them, or mend the profile"),
        told.story,
    )


def _unread(survey: Survey, door: Door, told: _Told) -> Finding:
    at_door = [d for d in survey.small.devices.values() if d.door == door.id]
    rooms, roles, also = survey.rooms_text(told.rooms()), told.roles(), survey.also(door.id)
    if any(d.side is Side.INSIDE and d.kind in (DeviceKind.READER, DeviceKind.QR_CAMERA) for d in at_door):
        fault = Name("读卡器装在了内侧,外侧没有", "its reader is on the wrong side: there is none on the outside")
        remedy = Name('把读卡器改为 side = "outside"', 'give the reader side = "outside"')
    elif any(d.kind is DeviceKind.QR_CAMERA for d in at_door):
        fault = Name("扫码摄像机旁没有显示动态码的门口屏", "its QR camera has no kiosk beside it that shows the challenge")
        remedy = Name("在此门加 kiosk,或加读卡器", "add a kiosk at this door, or a reader")
    else:
        fault = Name("外侧没有读卡器", "it has no reader on the outside")
        remedy = Name("加一个读卡器(device,door = 此门)", "add a reader (a device with door = this door)")
    return Finding(
        Rule.READER,
        door_place(door.id),
        Name(f"{fault.zh},{roles.zh} 进不了 {rooms.zh}{also.zh}", f"{fault.en}, so that {roles.en} cannot reach {rooms.en}{also.en}"),
        remedy,
        told.story,
    )


def _unheard_lockers(survey: Survey, door: Door, told: _Told) -> Finding:
    venue = survey.small
    lockers = sorted({d.board for d in venue.devices.values() if d.kind is DeviceKind.LOCKER})
    usable = locker_boards(venue)
    roles, rooms = told.roles(), survey.rooms_text(told.rooms())
    if any(door.board in boards for boards in usable.values()):
        fault = Name("储物柜不在此门之前", "the lockers do not lie before this door")
        remedy = Name("把储物柜放在门外一侧能到的房间", "put the lockers where people come by before this door")
    elif lockers == [door.board]:
        fault = Name("储物柜没有同室同控制器的读卡器", "no reader without a door opens the lockers, in their room and on their board")
        remedy = Name("在储物柜所在房间、同一控制器上加读卡器", "add a reader in the lockers' room, on their board")
    else:
        on = ", ".join(lockers)
        fault = Name(
            f"储物柜接在 {on},此门接在 {door.board}",
            f"lockers hang on board {on}, this door on {door.board}, which never hears of them",
        )
        remedy = Name(f"把储物柜和它的读卡器都接到 {door.board}", f"give the lockers and their reader to board {door.board}")
    return Finding(
        Rule.LOCKER,
        door_place(door.id),
        Name(f"{fault.zh},{roles.zh} 永远过不了此门,到不了 {rooms.zh}", f"{fault.en}; {roles.en} never pass, and cannot reach {rooms.en}"),
        remedy,
        told.story,
    )


def _crossed(survey: Survey, door: Door, told: _Told) -> Finding:
    rooms, roles, also = survey.rooms_text(told.rooms()), told.roles(), survey.also(door.id)
    return Finding(
        Rule.ROUTE,
        door_place(door.id),
        Name(
            f"{roles.zh} 去 {rooms.zh} 必须穿过投标人走动的区域,没有别的路{also.zh}",
            f"{roles.en} must cross ground where bidders walk to reach {rooms.en}: there is no other way{also.en}",
        ),
        Name("给专家另设入口(从室外或经共用通道 Z12)", "give them an entrance of their own, from outdoors or by a shared passage (Z12)"),
        told.story,
    )
