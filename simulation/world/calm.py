"""Liveness: once all faults are over, every room comes to its plan, every line to the gateway, every item to the platform, in time."""

from collections.abc import Iterator

from gateway.core.clearing import Waits
from simulation.world.house import House
from venue_model.ids import BoardId
from venue_model.moments import S
from venue_model.venue import DeviceKind
from venue_model.wire import APPLIED, STALE

LIMIT_NS = 180 * S  # lines wait up to a minute for their repetition, a dead peer is noticed after 22 s, a lease lasts 60 s
LOOK_NS = 5 * S
# Waits that people have to end: somebody is inside, or two must sign.  Doors that do not answer are the machines' own fault.
PEOPLES_WAITS = (Waits.EMPTY, Waits.SWEEP, Waits.RELEASE, Waits.OPEN)


def unfinished(house: House) -> Iterator[str]:
    """What is not as it should be in a house without faults, in sentences."""
    coordinator = house.coordinator
    if coordinator is None:
        yield "the gateway is down"
        return
    for run in coordinator.scenes.open.values():
        yield f"run {run.id} of lot {run.lot} ({run.scene}) has no result"
    for component, waiting in coordinator.warden.waiting.items():
        if waiting is not None and waiting.what not in PEOPLES_WAITS:
            yield f"{component} waits for {waiting.what}: {', '.join(waiting.doors)}"
    for board in house.boards:
        yield from _of_board(house, board)
    counts = coordinator.outbox.counts()
    if counts.waiting:
        yield f"{counts.waiting} items wait for the platform"
    if counts.dead:
        yield f"{counts.dead} items were refused by the platform"


def _of_board(house: House, board: BoardId) -> Iterator[str]:
    coordinator, host = house.coordinator, house.boards[board]
    assert coordinator is not None, "asked only while it lives"
    if host.agent is None:
        yield f"{board} is down"
        return
    known, state = coordinator.agents[board], host.agent.state
    if not known.online or known.reported is None:
        yield f"{board} is offline for the gateway"
        return
    unsent = host.agent.unacknowledged
    if unsent:
        yield f"{board}: {unsent} lines are not acknowledged"
    reported = known.reported
    wanted = [d for d in coordinator.scenes.wants if house.venue.devices[d].board == board]
    for device in wanted:
        report = reported.devices.get(device)
        if report is None or (report.code != APPLIED and report.code != STALE):
            yield f"{device} is at {report.code if report else 'nothing'} {report.text if report else ''}"
    for device in wanted:
        if house.venue.devices[device].kind in (DeviceKind.SIGN, DeviceKind.KIOSK):
            want, screen = coordinator.scenes.wants[device], host.furniture.screens[device]
            if want.lines is not None and tuple(want.lines) != screen.lines:
                yield f"{device} shows {screen.lines}, not {want.lines}"
    for component in coordinator.warden.components_of[board]:
        held, domain = state.held.get(component), coordinator.warden.domains[component]
        if held is None or held.policy.order != (domain.term, domain.epoch):
            yield f"{board} holds {held.policy.order if held else 'nothing'} for {component}, not {(domain.term, domain.epoch)}"
        elif host.clock.now().mono_ns >= state.leases.get(component, 0):
            yield f"{board} has no lease for {component}"
