"""Look-ups over what this board was commissioned with: which line is what, who stands where."""

from dataclasses import dataclass
from typing import Literal

from venue_model.commissioning import Commission, DeviceRecord, DoorRecord
from venue_model.door_policy import Entrance
from venue_model.groups import Pair
from venue_model.ids import ComponentId, DeviceId, DoorId, RoomId
from venue_model.venue import DeviceKind, Side

DoorLine = Literal["contact", "exit", "strike"]


@dataclass(frozen=True, slots=True)
class Site:
    """Built once by `site_of`."""

    commission: Commission
    separated: frozenset[Pair]
    doors: dict[DoorId, DoorRecord]
    devices: dict[DeviceId, DeviceRecord]
    door_lines: dict[str, tuple[DoorId, DoorLine]]
    locker_lines: dict[str, DeviceId]  # the `closed` inputs
    local_lines: dict[str, DeviceId]  # the switches on the wall, where there are any
    lockers: dict[RoomId, tuple[DeviceId, ...]]
    kiosks: dict[tuple[DoorId, Side], DeviceId]
    challenged: dict[DoorId, tuple[DeviceId, ...]]  # doors with a QR camera → the kiosks that show their challenge
    entrances: dict[DoorId, Entrance]
    interlocked: tuple[tuple[DoorId, DoorId], ...]  # each pair once
    two_person: dict[ComponentId, DoorId]  # domains that nobody enters alone → the door that speaks for them

    def of_kind(self, *kinds: DeviceKind) -> tuple[DeviceRecord, ...]:
        """The devices of some kinds, in file order."""
        return tuple(device for device in self.devices.values() if device.kind in kinds)


def lock_line(locker: DeviceId) -> str:
    """The output that lets a locker spring open."""
    return f"{locker}.lock"


def closed_line(locker: DeviceId) -> str:
    """The input that is active while a locker is shut."""
    return f"{locker}.closed"


def light_line(light: DeviceId) -> str:
    """The output of a light, or of climate."""
    return f"{light}.on"


def local_line(device: DeviceId) -> str:
    """The input of a push-button on the wall, for light or climate.  It need not be wired."""
    return f"{device}.local"


def cut_line(network: DeviceId) -> str:
    """The output of a network cutter: active cuts."""
    return f"{network}.cut"


def switch_line(device: DeviceRecord) -> str | None:
    """The output of a device that is only ever on or off, or None."""
    match device.kind:
        case DeviceKind.LIGHT | DeviceKind.CLIMATE:
            return light_line(device.id)
        case DeviceKind.NETWORK:
            return cut_line(device.id)
        case _:
            return None


def output_lines(commission: Commission) -> tuple[str, ...]:
    """Every output that this board needs."""
    lockers = (lock_line(d.id) for d in commission.devices if d.kind is DeviceKind.LOCKER)
    switches = (line for d in commission.devices if (line := switch_line(d)))
    return (*(d.strike for d in commission.doors), *lockers, *switches)


def input_lines(commission: Commission) -> tuple[str, ...]:
    """Every input that this board needs.  A fire input is a line by its own id."""
    doors = (line for d in commission.doors for line in (d.contact, d.exit_button))
    lockers = (closed_line(d.id) for d in commission.devices if d.kind is DeviceKind.LOCKER)
    fires = (d.id for d in commission.devices if d.kind is DeviceKind.FIRE_INPUT)
    return (*doors, *lockers, *fires)


def site_of(commission: Commission) -> Site:
    """The look-ups of one board."""
    door_lines: dict[str, tuple[DoorId, DoorLine]] = {}
    for door in commission.doors:
        door_lines[door.contact] = (door.id, "contact")
        door_lines[door.exit_button] = (door.id, "exit")
        door_lines[door.strike] = (door.id, "strike")
    lockers: dict[RoomId, tuple[DeviceId, ...]] = {}
    kiosks: dict[tuple[DoorId, Side], DeviceId] = {}
    for device in commission.devices:
        if device.kind is DeviceKind.LOCKER:
            lockers[device.room] = (*lockers.get(device.room, ()), device.id)
        if device.kind is DeviceKind.KIOSK and device.door is not None:
            kiosks[device.door, device.side] = device.id
    cameras = [d.door for d in commission.devices if d.kind is DeviceKind.QR_CAMERA and d.door is not None]
    return Site(
        commission, commission.separated_pairs,
        {door.id: door for door in commission.doors},
        {device.id: device for device in commission.devices},
        door_lines,
        {closed_line(locker): locker for room in lockers.values() for locker in room},
        {local_line(d.id): d.id for d in commission.devices if d.kind in (DeviceKind.LIGHT, DeviceKind.CLIMATE)},
        lockers, kiosks,
        {door: tuple(kiosks[door, side] for side in Side if (door, side) in kiosks) for door in cameras},
        {door.id: _entrance(door, commission) for door in commission.doors},
        tuple(sorted({(min(door.id, other), max(door.id, other)) for door in commission.doors for other in door.interlock})),
        {door.inside: door.id for door in reversed(commission.doors) if door.two_person and door.inside is not None},
    )  # fmt: skip


def _entrance(door: DoorRecord, commission: Commission) -> Entrance:
    return Entrance(
        door.outside, door.antipassback, commission.antipassback_s, door.two_person, commission.companion_s, commission.separated_pairs
    )
