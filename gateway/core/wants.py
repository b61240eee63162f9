"""What every device should be, as a function of the day: the full desired state, repeatable at any time.

Texts are templates: no free words reach a screen, and no roster ever does (I9).  A sign's profile follows its zone: opening rooms
and the hall show the project, evaluation rooms only their number and phase (domain brief 2.4).
"""

import datetime
from dataclasses import dataclass

from gateway.core.access import record_rooms
from gateway.core.day import LOCAL, OVER, Day, LotState, live, parts
from gateway.core.parts import evaluation_rooms
from venue_model.ids import DeviceId, RoomId
from venue_model.lots import PHASE_NAMES
from venue_model.moments import S
from venue_model.scenes import SHARED_PARTS, Part, RoomAsk
from venue_model.venue import Device, DeviceKind, Venue
from venue_model.wire import Binding, Want
from venue_model.zones import Zone

HALL_ROWS = 6
SHARED_LOT = "shared"


@dataclass(frozen=True, slots=True)
class _Shown:
    """What the day asks of rooms, for every device to look up."""

    holders: dict[RoomId, tuple[LotState, RoomAsk]]  # the lot that a room shows, and what it asks
    recording: dict[RoomId, LotState]
    shared: frozenset[RoomId]  # recorded for the venue
    cut: bool  # the evaluation side is off the network
    hall: Want


def device_wants(venue: Venue, day: Day) -> dict[DeviceId, Want]:
    """Device → what it should be.  Every device of the kinds that scenes drive is in it, also the idle ones."""
    shown = _Shown(_holders(venue, day), record_rooms(venue, day), _shared(venue, day), _cut(venue, day), Want(lines=_hall(venue, day)))
    wants = {device.id: _want(venue, device, shown) for device in venue.devices.values()}
    return {device: want for device, want in wants.items() if want is not None}


def shown_room(venue: Venue, device: Device) -> RoomId:
    """The room that a device is about: a kiosk hangs outside its door and speaks for the room inside."""
    if device.kind is DeviceKind.KIOSK and device.door is not None:
        return venue.doors[device.door].inside
    return device.room


def _holders(venue: Venue, day: Day) -> dict[RoomId, tuple[LotState, RoomAsk]]:
    """Room → the lot that it shows, and what that lot's phase asks.  A lot in action goes before one that is merely booked."""
    found: dict[RoomId, tuple[LotState, RoomAsk]] = {}
    for state in sorted(live(day), key=lambda s: (s.lot.opening_utc_ns, s.lot.id)):
        for part, room in parts(venue, state):
            wish = state.wish(part)
            if part in SHARED_PARTS or wish == RoomAsk():
                continue
            if room not in found or (not found[room][1].light and wish.light):
                found[room] = (state, wish)
    return found


def _shared(venue: Venue, day: Day) -> frozenset[RoomId]:
    return frozenset(
        room for state in live(day) for part, room in parts(venue, state) if part in SHARED_PARTS and state.wish(part).record
    )


def _cut(venue: Venue, day: Day) -> bool:
    """True once every committee of the house is held over night: one that still works needs its network (I12)."""
    asks = [state.wish(Part.EVALUATION) for state in live(day) if evaluation_rooms(venue, state.lot)]
    return any(wish.cut for wish in asks) and all(wish.cut for wish in asks if wish.in_use)


def _want(venue: Venue, device: Device, shown: _Shown) -> Want | None:
    room = shown_room(venue, device)
    holder = shown.holders.get(room)
    match device.kind:
        case DeviceKind.CAMERA:
            return Want(record=_binding(venue, device, shown))
        case DeviceKind.LIGHT:
            return Want(on=room in shown.shared or (holder is not None and holder[1].light))
        case DeviceKind.NETWORK:
            own = venue.rooms[room].zone is Zone.EVALUATION
            return Want(on=holder is not None and holder[1].cut if own else shown.cut)
        case DeviceKind.SIGN:
            return shown.hall if venue.rooms[device.room].zone is Zone.PUBLIC else _sign(venue, device, holder)
        case DeviceKind.KIOSK:
            return _kiosk(venue, device, holder)
        case _:
            return None


def _binding(venue: Venue, device: Device, shown: _Shown) -> Binding | None:
    state = shown.recording.get(device.room)
    if state is not None:
        return Binding(state.lot.project, state.lot.id, device.room, device.id, state.recording or "")
    if device.room in shown.shared:
        # A corridor serves several lots at once: its recording belongs to the venue, and no project's package holds another's people.
        return Binding(venue.id, SHARED_LOT, device.room, device.id, "")
    return None


def _sign(venue: Venue, device: Device, holder: tuple[LotState, RoomAsk] | None) -> Want:
    room = venue.rooms[device.room]
    if holder is None:
        return Want(lines=(room.number or room.name.zh, "空闲 Available"), colour="green")
    state, wish = holder
    lines = [room.number or room.name.zh, f"{wish.sign[0]} {wish.sign[1]}"]
    if wish.show_project and room.zone is Zone.OPENING:
        lines += [state.lot.project_name, state.lot.name, _clock(state.lot.opening_utc_ns)]
    return Want(lines=tuple(lines), colour=wish.colour)


def _kiosk(venue: Venue, device: Device, holder: tuple[LotState, RoomAsk] | None) -> Want:
    room = venue.rooms[shown_room(venue, device)]
    if holder is None or room.zone is not Zone.OPENING:
        return Want(lines=(room.number or room.name.zh, room.name.zh, room.name.en))
    state, wish = holder
    return Want(lines=(room.number, f"{wish.sign[0]} {wish.sign[1]}", state.lot.project_name), colour=wish.colour)


def _hall(venue: Venue, day: Day) -> tuple[str, ...]:
    """Today's projects, merged over lots: time, room, project, phase."""
    opened = [(s.lot.opening_utc_ns, s.lot.id, s.lot.opening_room, s) for s in day.values() if s.phase not in OVER]
    rows = [
        f"{_clock(utc_ns)} {venue.rooms[room].number} {s.lot.project_name} {PHASE_NAMES[s.phase][0]}"
        for utc_ns, _, room, s in sorted(opened, key=lambda row: row[:2])
        if room is not None  # opened elsewhere: the hall has no way to show, and the evaluation is nobody's to know
    ][:HALL_ROWS]
    return (venue.name.zh, *(rows or ["今日暂无开标 No openings today"]))


def _clock(utc_ns: int) -> str:
    return datetime.datetime.fromtimestamp(utc_ns // S, LOCAL).strftime("%H:%M")


def spoken_lines(want: Want) -> tuple[str, ...]:
    """The texts of a want, for tests that look for words that may never be shown."""
    return want.lines or ()
