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
from venue_model.lots import PHASE_NAMES, Phase
from venue_model.moments import S
from venue_model.scenes import SHARED_PARTS, Part, RoomAsk
from venue_model.templates import ANNOUNCEMENTS, TO_WAITING
from venue_model.venue import Device, DeviceKind, Venue
from venue_model.wire import Binding, Want
from venue_model.zones import Zone

HALL_ROWS = 6
SHARED_LOT = "shared"
_ON_THE_WAY = (Phase.PREPARATION, Phase.CHECK_IN)  # the hall shows the way to rooms that people are still to go to
_HEARD = (Zone.PUBLIC, Zone.WAITING)  # where one loudspeaker serves all lots


@dataclass(frozen=True, slots=True)
class _Shown:
    """What the day asks of rooms, for every device to look up."""

    holders: dict[RoomId, tuple[LotState, RoomAsk]]  # the lot that a room shows, and what it asks
    recording: dict[RoomId, LotState]
    shared: dict[RoomId, tuple[RoomAsk, ...]]  # rooms that several lots use at once: what each asks; recorded for the venue
    cut: bool  # the evaluation side is off the network
    hall: Want
    announced: Want  # in the hall: the newest of all lots


def device_wants(venue: Venue, day: Day) -> dict[DeviceId, Want]:
    """Device → what it should be.  Every device of the kinds that scenes drive is in it, also the idle ones."""
    shown = _Shown(
        _holders(venue, day), record_rooms(venue, day), _shared(venue, day), _cut(venue, day), Want(lines=_hall(venue, day)),
        _announced(day),
    )  # fmt: skip
    wants = {device.id: _want(venue, device, shown) for device in venue.devices.values()}
    return {device: want for device, want in wants.items() if want is not None}


def merged_wants(venue: Venue, ahead: Day, doors: Day, behind: Day) -> dict[DeviceId, Want]:
    """Device → what it should be while several scenes are under way, each at its own stage.

    The three days are the lots as what begins, what stands at the doors, and what ends follow them: a camera that several lots share
    begins with the first that wants it, and stops when the last has reached its end.
    """
    if ahead == doors == behind:
        return device_wants(venue, doors)
    first, last = device_wants(venue, ahead), device_wants(venue, behind)
    cameras = {d: want if want.record is not None else last[d] for d, want in first.items() if venue.devices[d].kind is DeviceKind.CAMERA}
    return {**device_wants(venue, doors), **cameras}


def shown_room(venue: Venue, device: Device) -> RoomId:
    """The room that a device is about: a kiosk hangs outside its door and speaks for the room inside."""
    if device.kind is DeviceKind.KIOSK and device.door is not None:
        return venue.doors[device.door].inside
    return device.room


def _holders(venue: Venue, day: Day) -> dict[RoomId, tuple[LotState, RoomAsk]]:
    """Room → the lot that it shows, and what that lot's phase asks.  A lot in action goes before one that is merely booked."""
    found: dict[RoomId, tuple[LotState, RoomAsk]] = {}
    used: set[RoomId] = set()
    for state in sorted(live(day), key=lambda s: (s.lot.opening_utc_ns, s.lot.id)):
        for part, room in parts(venue, state):
            wish = state.wish(part)
            if part in SHARED_PARTS or wish == RoomAsk():
                continue
            if room not in found or (room not in used and wish.in_use):
                found[room] = (state, state.shown(part))
                if wish.in_use:
                    used.add(room)
    return found


def _shared(venue: Venue, day: Day) -> dict[RoomId, tuple[RoomAsk, ...]]:
    found: dict[RoomId, tuple[RoomAsk, ...]] = {}
    for state in live(day):
        for part, room in parts(venue, state):
            if part in SHARED_PARTS and state.wish(part).record:
                found[room] = (*found.get(room, ()), state.shown(part))
    return found


def _announced(day: Day) -> Want:
    """What the public hall hears: of all lots' announcements that are for it, the newest."""
    said = [
        (state.phase_utc_ns, state.lot.id, wish.say)
        for state in live(day)
        if (wish := state.shown(Part.OPENING)).say and ANNOUNCEMENTS[wish.say].hall and state.lot.opening_room is not None
    ]
    since_utc_ns, _, say = max(said, default=(0, "", ""))
    return Want(on=True, say=say, since_utc_ns=since_utc_ns)


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
            return Want(on=any(wish.light for wish in _asks(room, holder, shown)))
        case DeviceKind.CLIMATE:
            return Want(on=any(wish.climate for wish in _asks(room, holder, shown)))
        case DeviceKind.SPEAKER:
            return shown.announced if venue.rooms[room].zone in _HEARD else _spoken(room, holder, shown)
        case DeviceKind.NETWORK:
            own = venue.rooms[room].zone is Zone.EVALUATION
            return Want(on=holder is not None and holder[1].cut if own else shown.cut)
        case DeviceKind.SIGN:
            return shown.hall if venue.rooms[device.room].zone is Zone.PUBLIC else _sign(venue, device, holder)
        case DeviceKind.KIOSK:
            return _kiosk(venue, device, holder)
        case _:
            return None


def _asks(room: RoomId, holder: tuple[LotState, RoomAsk] | None, shown: _Shown) -> tuple[RoomAsk, ...]:
    """What is asked of a room: by the lot that has it, or by all that share it."""
    return (*shown.shared.get(room, ()), *((holder[1],) if holder is not None else ()))


def _spoken(room: RoomId, holder: tuple[LotState, RoomAsk] | None, shown: _Shown) -> Want:
    """A loudspeaker of one room.  Who shares a room with a committee at work is not spoken to either."""
    muted = any(wish.muted for wish in _asks(room, holder, shown))
    if holder is None or muted or not holder[1].say:
        return Want(on=not muted)
    return Want(on=True, say=holder[1].say, since_utc_ns=holder[0].phase_utc_ns)


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
    if wish.to_waiting and venue.rooms_of(Zone.WAITING):
        lines.append(f"{TO_WAITING[0]} {TO_WAITING[1]}")
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
        f"{_clock(utc_ns)} {'→' if s.phase in _ON_THE_WAY else ''}{venue.rooms[room].number} {s.lot.project_name} {PHASE_NAMES[s.phase][0]}"
        for utc_ns, _, room, s in sorted(opened, key=lambda row: row[:2])
        if room is not None  # opened elsewhere: the hall has no way to show, and the evaluation is nobody's to know
    ][:HALL_ROWS]
    return (venue.name.zh, *(rows or ["今日暂无开标 No openings today"]))


def _clock(utc_ns: int) -> str:
    return datetime.datetime.fromtimestamp(utc_ns // S, LOCAL).strftime("%H:%M")


def spoken_lines(want: Want) -> tuple[str, ...]:
    """The texts of a want, for tests that look for words that may never be shown."""
    return want.lines or ()
