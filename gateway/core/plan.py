"""plan_scene(): wanted minus observed → an immutable plan with stages.  The executor makes no choices.

Stages have barriers on acknowledgement: recordings are confirmed before doors open; doors close before recordings stop.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from gateway.core.day import Day, LotState, moved, parts
from gateway.core.wants import device_wants, shown_room
from venue_model.ids import BoardId, ComponentId, DeviceId, DoorId, LotId, RoomId, RunId
from venue_model.scenes import SHARED_PARTS, RoomAsk, Scene
from venue_model.venue import Device, DeviceKind, Venue
from venue_model.wire import Want

RECORD, DOORS, STOP = 0, 1, 2  # stages, in order
STAGE_LIMIT_MS = {RECORD: 12_000, DOORS: 8_000, STOP: 12_000}  # a camera that must reconnect takes up to 10 s


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


@dataclass(frozen=True, slots=True)
class Plan:
    """What one press will do.  `after` is the day once it is done."""

    scene: Scene
    lot: LotId
    run: RunId
    members: tuple[PlannedMember, ...]
    after: Day


def plan_scene(venue: Venue, day: Day, lot: LotId, scene: Scene, run: RunId, utc_ns: int) -> Plan:
    """Plan a scene that `day.may_press` allows.

    Every device of the lot's rooms is a member, also one that is believed to be right already: assert, do not diff against a cache
    (Home Assistant core#29299).  A device that stays in the hands of another lot is not touched.
    """
    before = day[lot]
    state = replace(moved(venue, day, before, scene, utc_ns), run=run)
    if _records(venue, state) and not _records(venue, before):
        state = replace(state, recording=run)
    after = {**day, lot: state}
    old, new = device_wants(venue, day), device_wants(venue, after)
    rooms = _rooms(venue, before, state)
    members = [
        PlannedMember(
            device.id, device.kind, device.board, device.room, _stage(device, new[device.id]), device.required,
            want=new[device.id],
        )
        for device in venue.devices.values()
        if device.id in new and (shown_room(venue, device) in rooms or new[device.id] != old[device.id])
    ]  # fmt: skip
    members += _doors(venue, rooms)
    members.sort(key=lambda m: (m.stage, m.room, m.kind, m.id))
    return Plan(scene, lot, run, tuple(members), after)


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


def _doors(venue: Venue, rooms: set[RoomId]) -> list[PlannedMember]:
    """The doors that lead into the lot's rooms."""
    found = []
    for door in venue.doors.values():
        component = venue.component_of.get(door.inside)
        if door.board is not None and door.inside in rooms and component is not None:
            found.append(PlannedMember(door.id, "door", door.board, door.inside, DOORS, True, component=component))
    return found


def staged_wants(current: Mapping[DeviceId, Want], plan_members: tuple[PlannedMember, ...], stage: int) -> dict[DeviceId, Want]:
    """The wants in force once `stage` has begun: members of later stages keep what they have."""
    moved = {DeviceId(m.id): m.want for m in plan_members if m.want is not None and m.stage <= stage}
    return {**current, **moved}


def door_members(members: tuple[PlannedMember, ...]) -> tuple[DoorId, ...]:
    """The doors of a plan."""
    return tuple(DoorId(m.id) for m in members if m.kind == "door")
