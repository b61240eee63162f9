"""Law Out over the floor plan: from every room a way into the open air, in ordinary times and when something has failed.

What counts is exit hardware: it opens the lock by itself, so dead boards, a dead gateway and a dead broker take nothing away.  A fail-safe
lock opens when power goes, a fail-secure one by its inside handle.  In a fire a lock that is held by power must also be dropped by
the fire contact (GB 50396 9.0.1 (2)): people who push do not look for a button.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from simulation.prover.findings import Finding, Rule, door_place, listed, room_place
from simulation.prover.survey import Survey
from venue_model.ids import BoardId, DoorId, RoomId
from venue_model.venue import Door, Lock, Name, Side


@dataclass(frozen=True, slots=True)
class Situation:
    """What has failed."""

    name: Name
    dead: frozenset[BoardId] = frozenset()
    power: bool = True
    fire: bool = False
    stuck: DoorId | None = None


ORDINARY = Situation(Name("平时", "in ordinary times"))


def situations(survey: Survey) -> Iterator[Situation]:
    """Everything that is examined, the most ordinary first."""
    yield ORDINARY
    boards = {door.board for door in survey.venue.doors.values() if door.board is not None}
    for board in sorted(boards):
        name = survey.venue.boards[board].name
        yield Situation(Name(f"{name.zh} 失效时", f"when {name.en} is dead"), frozenset({board}))
    yield Situation(Name("网关与消息服务失效时", "when gateway and broker are gone"))
    yield Situation(Name("停电时", "when the power fails"), frozenset(boards), power=False)
    yield Situation(Name("火警时", "in a fire"), fire=True)


def _leaves(survey: Survey, door: Door, situation: Situation) -> bool:
    """May people go from the inside of a locked door to its outside?"""
    if situation.fire:
        return door.escape and (door.lock is Lock.FAIL_SECURE or door.fire_release)
    if door.escape:
        return True
    if not situation.power:
        return door.lock is Lock.FAIL_SAFE
    return (door.id, Side.INSIDE) in survey.whole_ground.readers and door.board not in situation.dead


def held_in(survey: Survey, situation: Situation) -> frozenset[RoomId]:
    """The rooms from which nobody reaches the open air."""
    return frozenset(survey.venue.rooms.keys() - _reaching(survey, survey.whole_ground.outdoors, situation))


def _reaching(survey: Survey, goals: Iterable[RoomId], situation: Situation) -> set[RoomId]:
    """The goals, and every room whose people get to one."""
    back: dict[RoomId, list[RoomId]] = {room: [] for room in survey.venue.rooms}
    for door in survey.venue.doors.values():
        if door.id == situation.stuck:
            continue
        if door.lock is Lock.NONE:
            back[door.inside].append(door.outside)
        if door.lock is Lock.NONE or _leaves(survey, door, situation):
            back[door.outside].append(door.inside)
    found = set(goals)
    waiting = list(found)
    while waiting:
        for room in back[waiting.pop()]:
            if room not in found:
                found.add(room)
                waiting.append(room)
    return found


def check_ways_out(survey: Survey) -> Iterator[Finding]:
    """Rooms that hold people in, each told once, for the most ordinary situation."""
    told: set[RoomId] = set()
    for situation in situations(survey):
        held = held_in(survey, situation) - told
        blocked = {room: [d for d in survey.venue.doors.values() if _borders(d, room, held | told)] for room in sorted(held)}
        told |= held
        roots = [room for room, doors in blocked.items() if doors]
        # Whoever is behind a root is freed with it; rooms that lead to no root are told one by one.
        for room in [*roots, *sorted(held - _reaching(survey, roots, situation))]:
            yield _held(survey, situation, room, blocked[room])
    yield from _single_ways(survey, told)


def _borders(door: Door, room: RoomId, held: frozenset[RoomId]) -> bool:
    return (door.inside == room and door.outside not in held) or (door.outside == room and door.inside not in held)


def _held(survey: Survey, situation: Situation, room: RoomId, blocked: list[Door]) -> Finding:
    name = survey.venue.rooms[room].name
    whys = [_why(survey, door, room, situation) for door in blocked] or [Name("没有通出去的门", "no door leads out")]
    zh, en = ";".join(w.zh for w in whys), "; ".join(w.en for w in whys)
    return Finding(
        Rule.OUT,
        room_place(room),
        Name(
            f"{situation.name.zh}无人能从 {name.zh} 走到室外:{zh}",
            f"{situation.name.en} nobody gets from {name.en} into the open air: {en}",
        ),
        Name(
            "给疏散路线上的门装出门推杆(escape = true),消防触点断电(fire_release = true)",
            "fit exit hardware on the way out (escape = true), released by the fire contact (fire_release = true)",
        ),
        (Name(f"{situation.name.zh},有人在 {name.zh}", f"{situation.name.en} somebody is in {name.en}"), *whys),
    )


def _why(survey: Survey, door: Door, room: RoomId, situation: Situation) -> Name:
    """Why a door does not let people out of a room."""
    place = door_place(door.id)
    if door.outside == room:
        inside = survey.venue.rooms[door.inside].name
        return Name(f"{place} 通向受控的 {inside.zh},须刷卡", f"{place} leads into {inside.en}, and asks for a pass")
    if situation.fire and door.escape:
        return Name(
            f"{place} 的电控锁不受消防触点控制(fire_release = false)",
            f"{place} stays locked: the fire contact does not drop it (fire_release = false)",
        )
    if (door.id, Side.INSIDE) in survey.whole_ground.readers:
        return Name(
            f"{place} 只能靠内侧读卡器开,依赖控制器 {door.board}",
            f"{place} opens only by its inside reader, which needs board {door.board}",
        )
    return Name(f"{place} 没有出门装置(escape = false)", f"{place} has no exit hardware (escape = false)")


def _single_ways(survey: Survey, held: Iterable[RoomId]) -> Iterator[Finding]:
    """Doors that many rooms depend on, and rooms with one door: whether one way is enough depends on size and people (GB 55037)."""
    cut = {
        door: held_in(survey, Situation(Name("", ""), stuck=door)) - set(held)
        for door in survey.venue.doors
    }  # fmt: skip
    by_rooms = {rooms: door for door, rooms in cut.items() if len(rooms) > 1}
    most = [door for rooms, door in by_rooms.items() if not any(rooms < others for others in by_rooms)]
    for door in most:
        rooms, name, count = listed(survey.venue, sorted(cut[door])), survey.venue.doors[door].name, len(cut[door])
        yield Finding(
            Rule.OUT,
            door_place(door),
            Name(
                f"{count} 个房间只有经 {name.zh} 一条出路:{rooms.zh}",
                f"{count} rooms have no way out but {name.en}: {rooms.en}",
            ),
            Name(
                "按人数与面积核对是否需要第二个安全出口(GB 55037)",
                "check by head count and size whether a second exit is due (GB 55037)",
            ),
            note=True,
        )
