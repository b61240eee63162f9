"""What every device should be, as a function of the day: the full desired state, repeatable at any time.

Texts are templates: no free words reach a screen, and no roster ever does (I9).  A sign's profile follows its zone: opening rooms
and the hall show the project, evaluation rooms only their number and phase (domain brief 2.4).
"""

import datetime

from gateway.core.access import record_rooms
from gateway.core.day import OVER, Day, LotState, ask, live, parts
from venue_model.ids import DeviceId, RoomId
from venue_model.lots import PHASE_NAMES
from venue_model.moments import S
from venue_model.scenes import Part, RoomAsk
from venue_model.venue import Device, DeviceKind, Venue
from venue_model.wire import Binding, Want
from venue_model.zones import Zone

HALL_ROWS = 6
_LOCAL = datetime.timezone(datetime.timedelta(hours=8))  # China has one zone; venues show wall time
SHARED_LOT = "shared"


def device_wants(venue: Venue, day: Day) -> dict[DeviceId, Want]:
    """Device → what it should be.  Every device of the kinds that scenes drive is in it, also the idle ones."""
    holders = _holders(venue, day)
    recording = record_rooms(venue, day)
    hall = Want(lines=_hall(venue, day))
    wants: dict[DeviceId, Want] = {}
    for device in venue.devices.values():
        room = shown_room(venue, device)
        want = _want(venue, day, device, holders.get(room), recording.get(room), hall)
        if want is not None:
            wants[device.id] = want
    return wants


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
            wish = ask(state.phase, part)
            if part is Part.WING or wish == RoomAsk():
                continue
            if room not in found or (not found[room][1].light and wish.light):
                found[room] = (state, wish)
    return found


def _want(
    venue: Venue, day: Day, device: Device, holder: tuple[LotState, RoomAsk] | None, recording: LotState | None, hall: Want
) -> Want | None:
    match device.kind:
        case DeviceKind.CAMERA:
            return Want(record=_binding(venue, day, device, recording))
        case DeviceKind.LIGHT:
            return Want(on=holder is not None and holder[1].light)
        case DeviceKind.SIGN:
            return hall if venue.rooms[device.room].zone is Zone.PUBLIC else _sign(venue, device, holder)
        case DeviceKind.KIOSK:
            return _kiosk(venue, device, holder)
        case _:
            return None


def _binding(venue: Venue, day: Day, device: Device, recording: LotState | None) -> Binding | None:
    if recording is not None:
        lot = recording.lot
        return Binding(lot.project, lot.id, device.room, device.id, recording.recording or "")
    shared = venue.rooms[device.room].zone in (Zone.INTAKE, Zone.CORRIDOR)
    if shared and any(ask(state.phase, Part.WING).record for state in live(day)):
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
    states = sorted((s for s in day.values() if s.phase not in OVER), key=lambda s: (s.lot.opening_utc_ns, s.lot.id))
    rows = [
        f"{_clock(s.lot.opening_utc_ns)} {venue.rooms[s.lot.opening_room].number} {s.lot.project_name} {PHASE_NAMES[s.phase][0]}"
        for s in states[:HALL_ROWS]
    ]
    return (venue.name.zh, *(rows or ["今日暂无开标 No openings today"]))


def _clock(utc_ns: int) -> str:
    return datetime.datetime.fromtimestamp(utc_ns // S, _LOCAL).strftime("%H:%M")


def spoken_lines(want: Want) -> tuple[str, ...]:
    """The texts of a want, for tests that look for words that may never be shown."""
    return want.lines or ()
