"""The achieved state of the board, as it is published."""

from dataclasses import fields, replace
from operator import attrgetter, is_

from edge.core import door, locker, scene
from edge.core.state import State
from venue_model.commissioning import DeviceRecord, DoorRecord
from venue_model.ids import ComponentId
from venue_model.moments import Now, S
from venue_model.venue import DRIVEN, DeviceKind
from venue_model.wire import APPLIED, FAULT, ComponentReport, DeviceReport, DoorReport, Reported


def reported(state: State, now: Now, last: tuple[State, Reported] | None = None) -> Reported:
    """Everything that the gateway needs to know, whole and repeatable.

    `last`: a report and what it was made of.  A passage makes five reports in which no device has changed.
    """
    epoch, generation = scene.order_of(state.scene) if state.scene.desired else (0, 0)
    doors = {id: _door(state, record, now) for id, record in state.site.doors.items()}
    if last is not None and all(map(is_, _of_devices(state), _of_devices(last[0]))):
        devices = last[1].devices
    else:
        devices = {**{device.id: _device(state, device) for device in state.site.devices.values()}, **state.scene.foreign}
    return Reported(state.session or 0, epoch, generation, devices, doors, state.policy)


_OF_DEVICES = ("site", "scene", "health", "lockers", "fires")
_of_devices = attrgetter(*_OF_DEVICES)

# What no report shows; of the leases it is only whether they last.
_UNSEEN = frozenset(
    {
        "renewal", "granted", "day", "leases", "entered", "barred", "seen", "callers", "readers", "challenges", "pulses", "nuisances",
        "contact",
    }
)
_seen = attrgetter(*(field.name for field in fields(State) if field.name not in _UNSEEN))


def basis(state: State, now: Now) -> tuple[object, ...]:
    """All that a report is made of: while it is equal, so is the report, but for the seconds that are left."""
    lasting = tuple(component for component in state.leases if _left_s(state, component, now))
    return (*_seen(state), lasting)


def without_clock(report: Reported) -> Reported:
    """What counts as a change: everything but the seconds that are left of the leases."""
    doors = {id: replace(d, lease_left_s=1 if d.lease_left_s else 0) for id, d in report.doors.items()}
    return replace(report, doors=doors)


def _device(state: State, device: DeviceRecord) -> DeviceReport:
    """What it reads of the state is named in `_OF_DEVICES`."""
    health = state.health.get(device.id)
    if device.kind in DRIVEN:
        return scene.report(state.scene.devices.get(device.id, scene.DeviceScene()))
    if health is not None and not health.ok:
        return DeviceReport(FAULT, text=health.detail, online=False)
    match device.kind:
        case DeviceKind.LOCKER:
            metal = state.lockers.metal.get(device.id, locker.LockerState())
            return DeviceReport(APPLIED, state={"taken": device.id in state.lockers.owners, "closed": metal.closed})
        case DeviceKind.FIRE_INPUT:
            return DeviceReport(APPLIED, state={"active": device.id in state.fires})
        case _:
            return DeviceReport(APPLIED, text=health.detail if health and health.code != "online" else "")


def _door(state: State, record: DoorRecord, now: Now) -> DoorReport:
    d = state.doors[record.id]
    sides = tuple(dict.fromkeys(c for c in (record.inside, record.outside) if c is not None))
    refused = next((state.refused[c] for c in sides if c in state.refused), "")
    settled = door.settled(d)
    components = {c: _component(state, d, c, settled) for c in sides}
    left_s = min((_left_s(state, c, now) for c in sides), default=0)
    return DoorReport(door.position(d), d.released, d.fire, components, left_s, refused, d.ledger.suspect)


def _component(state: State, d: door.DoorState, component: ComponentId, settled: bool) -> ComponentReport:
    held = state.held.get(component)
    term, epoch = held.policy.order if held else (0, 0)
    return ComponentReport(term, epoch, d.ledger.net.get(component, 0), settled)


def _left_s(state: State, component: ComponentId, now: Now) -> int:
    return max(0, (state.leases.get(component, 0) - now.mono_ns) // S)
