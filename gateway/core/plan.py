"""plan_scene(): wanted minus observed → an immutable plan with stages.  The executor makes no choices.

Stages have barriers on acknowledgement: recordings are confirmed before doors open; doors close before recordings stop.
"""

from collections.abc import Container
from dataclasses import dataclass, replace

from gateway.core.day import Day, LotState, moved, parts
from gateway.core.wants import device_wants, shown_room
from venue_model.comfort import Change
from venue_model.ids import BoardId, ComponentId, DoorId, LotId, RoomId, RunId
from venue_model.members import DOOR, Undo, on_fail, required, undo
from venue_model.scenes import SCENES, SHARED_PARTS, RoomAsk, Scene, SceneId
from venue_model.venue import Device, DeviceKind, OnFail, Venue
from venue_model.wire import Want

RECORD, DOORS, STOP = 0, 1, 2  # stages, in order
UNDO, UNDO_STOP = 3, 4  # of a compensation: doors shut at once, and before anything stops


@dataclass(frozen=True, slots=True)
class PlannedMember:
    """One row of a run: a device that must reach `want`, or a door that must hold its domain's new policy."""

    id: str
    kind: str  # a DeviceKind, or "door"
    agent: BoardId
    room: RoomId
    stage: int
    required: bool
    want: Want | None = None  # None for doors: their want is the domain's policy
    component: ComponentId | None = None
    on_fail: OnFail = OnFail.RETRY


@dataclass(frozen=True, slots=True)
class Plan:
    """What one press will do.  `after` is the day once it is done."""

    scene: Scene
    lot: LotId
    run: RunId
    members: tuple[PlannedMember, ...]
    after: Day


def plan_scene(
    venue: Venue, day: Day, lot: LotId, scene: Scene, run: RunId, utc_ns: int, changes: tuple[Change, ...] = ()
) -> Plan:
    """Plan a scene that `day.may_press` allows; `changes` is what staff have written about it.

    Every device of the lot's rooms is a member, also one that is believed to be right already: assert, do not diff against a cache
    (Home Assistant core#29299).  A device that stays in the hands of another lot is not touched.
    """
    before = day[lot]
    state = replace(moved(venue, day, before, scene, utc_ns), run=run, changes=changes)
    if _records(venue, state) and not _records(venue, before):
        state = replace(state, recording=run)
    return Plan(scene, lot, run, _members(venue, day, before, state, scene), {**day, lot: state})


def not_counting_on(plan: Plan, quarantined: Container[str]) -> Plan:
    """Without waiting for devices that come and go, where nothing worse is to be done about their failure than trying again.

    A camera stays required: whether a room is recorded is asked of those that are well (I10).  Doors stay under their policy.
    """
    members = tuple(
        replace(m, required=False, on_fail=OnFail.IGNORE)
        if m.id in quarantined and m.kind not in (DOOR, DeviceKind.CAMERA) and m.on_fail in (OnFail.RETRY, OnFail.IGNORE)
        else m
        for m in plan.members
    )
    return replace(plan, members=members)


def plan_undo(venue: Venue, day: Day, before: LotState, scene: Scene, run: RunId, utc_ns: int) -> Plan:
    """Bring a lot whose scene went wrong to a defined state: suspended, or as it was `before` the press (`members.UNDO`).

    The devices are told anew, as with any plan; the stages come after those of the scene.
    """
    lot = before.lot.id
    now = day[lot]
    if undo(scene.id) is Undo.BEFORE:
        state = replace(before, lot=now.lot, run=run, phase_utc_ns=utc_ns)
    else:
        state = replace(moved(venue, day, now, SCENES[SceneId.SUSPEND], utc_ns), run=run, changes=())
    members = tuple(
        replace(m, stage=UNDO_STOP if m.stage == STOP else UNDO, on_fail=OnFail.RETRY)
        for m in _members(venue, day, now, state, scene)
    )
    return Plan(scene, lot, run, tuple(sorted(members, key=_order)), {**day, lot: state})


def _members(venue: Venue, day: Day, before: LotState, state: LotState, scene: Scene) -> tuple[PlannedMember, ...]:
    after = {**day, state.lot.id: state}
    old, new = device_wants(venue, day), device_wants(venue, after)
    rooms = _rooms(venue, before, state)
    members = [
        PlannedMember(
            device.id, device.kind, device.board, device.room, _stage(device, new[device.id]), required(device, state.phase),
            want=new[device.id], on_fail=on_fail(device.kind, scene.id, state.phase, device.on_fail),
        )
        for device in venue.devices.values()
        if device.id in new and (shown_room(venue, device) in rooms or new[device.id] != old[device.id])
    ]  # fmt: skip
    members += _doors(venue, rooms, scene, state)
    return tuple(sorted(members, key=_order))


def _order(member: PlannedMember) -> tuple[int, RoomId, str, str]:
    return member.stage, member.room, member.kind, member.id


def _records(venue: Venue, state: LotState) -> bool:
    """True when the lot is recorded in a room of its own."""
    return any(state.wish(part).record for part, _ in parts(venue, state) if part not in SHARED_PARTS)


def _rooms(venue: Venue, before: LotState, after: LotState) -> set[RoomId]:
    """The lot's rooms whose ask is not the idle one before or after."""
    idle = RoomAsk()
    asked = {room for state in (before, after) for part, room in parts(venue, state) if state.wish(part) != idle}
    return asked | {room for part, room in parts(venue, after) if before.wish(part) != idle}


def _stage(device: Device, new: Want) -> int:
    if device.kind is DeviceKind.CAMERA:
        return STOP if new.record is None else RECORD
    return DOORS


def _doors(venue: Venue, rooms: set[RoomId], scene: Scene, state: LotState) -> list[PlannedMember]:
    """The doors that lead into the lot's rooms."""
    found = []
    failing = on_fail(DOOR, scene.id, state.phase)
    for door in venue.doors.values():
        component = venue.component_of.get(door.inside)
        if door.board is not None and door.inside in rooms and component is not None:
            found.append(PlannedMember(door.id, DOOR, door.board, door.inside, DOORS, True, None, component, failing))
    return found


def door_members(members: tuple[PlannedMember, ...]) -> tuple[DoorId, ...]:
    """The doors of a plan."""
    return tuple(DoorId(m.id) for m in members if m.kind == DOOR)
