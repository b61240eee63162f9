"""Findings that need no search: cameras, approvers, lockers' doors, fire contacts, inquiry rooms, boards."""

from collections.abc import Iterator
from dataclasses import replace

from gateway.core.access import record_rooms
from gateway.core.day import ask, parts
from simulation.prover.days import LOT_A, booked, bookings_of
from simulation.prover.findings import Finding, Rule, door_place, listed, room_place
from simulation.prover.ground import By
from simulation.prover.survey import Survey
from venue_model.ids import BoardId, RoomId
from venue_model.scenes import PHASE_ASKS
from venue_model.venue import DeviceKind, Lock, Name
from venue_model.zones import Serves, Zone


def check_equipment(survey: Survey) -> Iterator[Finding]:
    """All of them."""
    yield from _outdoors(survey)
    yield from _cameras(survey)
    yield from _approvers(survey)
    yield from _inquiry(survey)
    yield from _idle_rooms(survey)
    yield from _entrances(survey)
    yield from _fire_contacts(survey)
    yield from _power(survey)


def _outdoors(survey: Survey) -> Iterator[Finding]:
    if not any(room.outdoor for room in survey.venue.rooms.values()):
        taken = listed(survey.venue, list(survey.whole_ground.outdoors))
        yield Finding(
            Rule.OUT,
            "room",
            Name(f"没有标明室外;按 {taken.zh} 为室外来证明", f"no room is marked outdoor; the proof takes {taken.en} for the open air"),
            Name("给室外房间写 outdoor = true", "write outdoor = true for the street"),
            note=True,
        )


def _cameras(survey: Survey) -> Iterator[Finding]:
    """I10: a room of a lot that is recorded needs a camera; rooms that lots share should have one."""
    must: set[RoomId] = set()
    should: set[RoomId] = set()
    inquiry = tuple(room.id for room in survey.venue.rooms_of(Zone.INQUIRY))  # a lot may be given any
    for booking in bookings_of(survey.venue):
        lot = booked(booking, LOT_A)
        for phase in PHASE_ASKS:
            there = replace(lot, phase=phase, door_phase=phase, inquiry=inquiry)
            must |= {RoomId(room) for room in record_rooms(survey.venue, {LOT_A: there})}
            should |= {room for part, room in parts(survey.venue, there) if ask(phase, part).record}
    blind = [room for room in survey.venue.rooms if room in must | should and not survey.venue.devices_in(room, DeviceKind.CAMERA)]
    for room in (r for r in blind if r in must):
        name = survey.venue.rooms[room].name
        yield Finding(
            Rule.RECORD,
            room_place(room),
            Name(
                f"{name.zh} 没有摄像机:其中的活动没有录像",
                f"{name.en} has no camera: what happens there is not recorded",
            ),
            Name("加摄像机(device,kind = camera)", "add a camera (a device with kind = camera)"),
        )
    rest = [room for room in blind if room not in must]
    if rest:
        names = listed(survey.venue, rest)
        yield Finding(
            Rule.RECORD,
            room_place(rest[0]),
            Name(f"共用区域没有摄像机:{names.zh}", f"shared rooms without a camera: {names.en}"),
            Name("通道与门禁处宜有录像", "corridors and gates are better recorded"),
            note=True,
        )


def _approvers(survey: Survey) -> Iterator[Finding]:
    """Two keys of two roles lift a seal; a venue that seals and cannot lift is stuck on its first day."""
    if not survey.days.sealed:
        return
    approvers = survey.venue.approvers
    if not approvers:
        yield Finding(
            Rule.SEAL,
            "approver",
            Name(
                "尚未登记审批人(尚未交付):封闭的评标室无法解封",
                "not commissioned yet: without approvers a seal cannot be lifted",
            ),
            Name("交付时写入两位不同角色的 [[approver]]", "append two [[approver]] tables of two roles when the site is commissioned"),
            note=True,
        )
    elif not any(a.role != b.role and a.public_key != b.public_key for a in approvers for b in approvers):
        sealed = listed(survey.small, [survey.small.components[c][0] for c in survey.days.sealed])
        yield Finding(
            Rule.SEAL,
            "approver",
            Name(
                f"审批人只有一种角色或一把钥匙:{sealed.zh} 封闭后永远无法解封",
                f"all approvers have one role or one key: once sealed, {sealed.en} can never be opened again",
            ),
            Name("登记至少两位不同角色、不同公钥的审批人", "name at least two approvers with different roles and different keys"),
            (
                Name("标段A 进入“评标开始”,评标室封闭", "lot A reaches evaluation: its room is sealed"),
                Name("解封须两种角色各一人签字:凑不齐", "a release needs the signatures of two roles: they cannot be had"),
            ),
        )


def _inquiry(survey: Survey) -> Iterator[Finding]:
    for room in survey.venue.rooms_of(Zone.INQUIRY):
        if room.serves is Serves.NOBODY:
            yield Finding(
                Rule.INQUIRY,
                room_place(room.id),
                Name(f"{room.name.zh} 没有写明服务哪一方", f"{room.name.en} does not say which side it serves"),
                Name('写 serves = "committee" 或 "parties"', 'write serves = "committee" or "parties"'),
            )


def _idle_rooms(survey: Survey) -> Iterator[Finding]:
    """Guarded rooms whose doors no phase ever opens."""
    idle = [room for component, groups in survey.days.admitted.items() if not groups for room in survey.small.components[component]]
    if idle:
        names, profile = survey.rooms_text(idle), survey.venue.profile
        yield Finding(
            Rule.REACH,
            room_place(idle[0]),
            Name(
                f"策略模式“{profile.zh}”从不放人进入:{names.zh}",
                f"profile {profile.id} never lets anybody into: {names.en}",
            ),
            Name("这些门只能由工作人员远程开,或在策略模式中写入", "staff alone open these doors; or name them in the profile"),
            note=True,
        )


def _entrances(survey: Survey) -> Iterator[Finding]:
    """I4: a board remembers who entered by its own doors."""
    venue = survey.venue
    asked = (item for accesses in survey.days.alone.values() for item in accesses.items())
    once = {survey.small.zones_of(component) for component, access in asked if any(entry.once for entry in access.passes)}
    for component in (c for c in venue.components if venue.zones_of(c) in once):
        doors = [way.door for way in survey.whole_ground.ways if way.by is By.BADGE and venue.component_of.get(way.end) == component]
        boards: set[BoardId | None] = {door.board for door in doors}
        if len(boards) > 1:
            listing = ", ".join(f"{door.id} ({door.board})" for door in doors)
            name = venue.rooms[venue.components[component][0]].name
            yield Finding(
                Rule.ONCE,
                room_place(component),
                Name(f"{name.zh} 的入口分属多个控制器:{listing}", f"the entrances of {name.en} hang on several boards: {listing}"),
                Name(
                    "接到同一控制器,否则离线时互不知道谁已进入",
                    "give them to one board: boards that are cut off know only who came by their own doors",
                ),
                note=True,
            )


def _fire_contacts(survey: Survey) -> Iterator[Finding]:
    deaf = [
        board for board in survey.venue.boards
        if any(d.fire_release for d in survey.venue.doors_of_board(board))
        and not any(d.kind is DeviceKind.FIRE_INPUT for d in survey.venue.devices_of_board(board))
    ]  # fmt: skip
    if deaf:
        yield Finding(
            Rule.FIRE,
            f'board "{deaf[0]}"',
            Name(
                f"没有消防输入的控制器:{'、'.join(deaf)};火警开门会被当作强开",
                f"boards without a fire input: {', '.join(deaf)}; a release by fire looks like force to them",
            ),
            Name("给每块控制器接消防触点(kind = fire_input)", "give each board the fire contact (kind = fire_input)"),
            note=True,
        )


def _power(survey: Survey) -> Iterator[Finding]:
    """What law Apart cannot promise: a fail-safe lock between open ground and a guarded room lets everybody in when power goes."""
    doors = [
        door for door in survey.venue.doors.values()
        if door.lock is Lock.FAIL_SAFE and not survey.whole_ground.guarded(door.outside) and survey.whole_ground.guarded(door.inside)
    ]  # fmt: skip
    if doors:
        yield Finding(
            Rule.APART,
            door_place(doors[0].id),
            Name(
                f"{len(doors)} 扇断电开锁的门:停电时人人可入",
                f"{len(doors)} fail-safe doors: without power anybody walks in",
            ),
            Name("电控锁接不间断电源;停电即派人看守", "feed the locks from a battery, and post people when the power fails"),
            note=True,
        )
