"""check_plan(): why a plan must not be carried out.  It is asked after every planning and before anything is stored or sent."""

from collections.abc import Mapping

from gateway.core.exception_pass import Refusal
from gateway.core.parts import LotState, held_rooms, live, parts
from gateway.core.plan import Plan
from gateway.core.wants import shown_room
from venue_model.ids import DeviceId, DoorId, LotId, RoomId
from venue_model.scenes import SHARED_PARTS
from venue_model.venue import Name, Venue


def check_plan(venue: Venue, day: Mapping[LotId, LotState], plan: Plan) -> Refusal | None:
    """The first reason against a plan, or None: no device, and no door, is in the hands of two lots.

    Screens of the hall and rooms that lots share are nobody's: what they show is merged over lots (`wants`).
    """
    taken = _taken(venue, day, plan.lot)
    shared = {room for part, room in parts(venue, plan.after[plan.lot]) if part in SHARED_PARTS}
    for member in plan.members:
        device = venue.devices.get(DeviceId(member.id))
        room = shown_room(venue, device) if device is not None else venue.doors[DoorId(member.id)].inside
        if room in taken and room not in shared:
            name = device.name if device is not None else venue.doors[DoorId(member.id)].name
            return Refusal(
                "device-taken",
                Name(f"{name.zh} 正由标段 {taken[room]} 使用", f"{name.en} is in the hands of lot {taken[room]}"),
            )
    twice = {member.id: member for member in plan.members}
    if len(twice) != len(plan.members):
        return Refusal("member-twice", Name("计划中有重复的设备", "a device is in the plan twice"))
    return None


def _taken(venue: Venue, day: Mapping[LotId, LotState], lot: LotId) -> dict[RoomId, LotId]:
    """Rooms that are another lot's alone now."""
    return {room: state.lot.id for state in live(day) if state.lot.id != lot for room in held_rooms(venue, state)}
