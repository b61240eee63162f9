"""The agent's core: routes each event to the machine that it concerns, and gathers what comes of it.

`step(state, event, now)` is the whole of it.  The shell stores `state.slices` and the journal lines first, then does the effects.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from edge.core import authority, company, contact, credentials, door, entry, ledger, locker, pulse, scene
from edge.core.between import step_between
from edge.core.door import DoorState
from edge.core.effects import DrawNonce, Effect, ShowChallenge
from edge.core.events import (
    BadMessage,
    DesiredArrived,
    DeviceDone,
    DiskHealth,
    Event,
    GatewayHeard,
    LeaseArrived,
    LineFailed,
    LinesHealth,
    LinkLost,
    NonceDrawn,
    Noted,
    PolicyArrived,
    PulseArrived,
    SceneArrived,
    SessionBegan,
    Started,
    Stopping,
    Woken,
)
from edge.core.journal import Record, alarm, alarm_clear
from edge.core.passing import moved
from edge.core.site import switch_line
from edge.core.state import Health, Nuisance, State
from edge.drivers.protocols import CardRead, DeviceHealth, LineChanged, QrRead
from venue_model.commissioning import DoorRecord
from venue_model.ids import DeviceId, DoorId
from venue_model.moments import Now, S
from venue_model.passes import challenge_text
from venue_model.venue import DeviceKind

NUISANCE_NS = 60 * S  # bad messages of one kind make one line in this time

# Devices with a driver of their own; lights and relays are told of with their board's lines.
_SAYS_HOW_IT_IS = (DeviceKind.SIGN, DeviceKind.KIOSK, DeviceKind.CAMERA, DeviceKind.SPEAKER)

Step = tuple[State, list[Effect]]


def step(state: State, event: Event, now: Now) -> Step:
    """One event.  Whatever time has brought meanwhile comes first."""
    before = state
    state, effects = _step_time(state, now)
    state, more = _route(state, event, now)
    state, after = step_between(before, state, now)
    return state, [*effects, *more, *after]


def wake_ns(state: State) -> int | None:
    """When to call `step` with `Woken` at the latest."""
    moments = [door.wake_ns(state.site.doors[id], d) for id, d in state.doors.items()]
    moments += [locker.wake_ns(state.lockers), scene.wake_ns(state.scene)]
    moments += [company.wake_ns(callers) for callers in state.callers.values()]
    if not state.scene.alone:
        moments.append(contact.alone_at_ns(state.contact))
    moments += [challenge.change_at_ns for challenge in state.challenges.values()]
    return min((moment for moment in moments if moment is not None), default=None)


def _route(state: State, event: Event, now: Now) -> Step:
    match event:
        case Woken():
            return state, []
        case CardRead() | QrRead():
            return entry.step_read(state, event, now)
        case LineChanged():
            return _step_line(state, event.device, event.active, now)
        case LeaseArrived():
            return authority.step_lease(state, event, now)
        case PolicyArrived(body):
            return authority.step_policy(state, body, now)
        case DesiredArrived(desired):
            return _with_scene(state, scene.step_desired(state.site, state.scene, desired, now))
        case SceneArrived(broadcast):
            return _with_scene(state, scene.step_broadcast(state.site, state.scene, broadcast, now))
        case DeviceDone(device, ticket, ok, text):
            return _with_scene(state, scene.step_done(state.site, state.scene, device, ticket, ok, text, now))
        case PulseArrived():
            return pulse.step_pulse(state, event, now)
        case SessionBegan(session):
            begun = replace(state, session=session, renewal=0, policy="", granted=())
            return _in_contact(begun, contact.linked(state.contact, True, now), now)
        case LinkLost():
            return _in_contact(state, contact.linked(state.contact, False, now), now)
        case GatewayHeard(on, epoch):
            return _in_contact(state, contact.heard(state.contact, on, epoch, now), now)
        case NonceDrawn(door_id, nonce):
            return _step_nonce(state, door_id, nonce, now)
        case LineFailed(line, text):
            return _step_line_failed(state, line, text, now)
        case LinesHealth():
            return _step_lines_health(state, event, now)
        case DeviceHealth():
            return _step_health(state, event, now)
        case DiskHealth(ok, detail):
            return _step_disk(state, ok, detail, now)
        case BadMessage(kind, text):
            return _step_nuisance(state, kind, text, now)
        case Noted(kind, body, lot):
            return state, [Record(kind, body, lot)]
        case Started():
            return _step_started(state, now)
        case Stopping():
            return _each_door(state, state.site.doors, lambda record, d: door.withdraw(record, d, lambda _: "stopping", now), now)


def _step_time(state: State, now: Now) -> Step:
    due_doors = [id for id, d in state.doors.items() if _due(door.wake_ns(state.site.doors[id], d), now)]
    state, effects = _each_door(state, due_doors, lambda record, d: door.step_woken(record, d, now), now)
    for id, callers in state.callers.items():
        if _due(company.wake_ns(callers), now):
            stay, lines = company.step_woken(state.site.doors[id], callers, now)
            state, effects = replace(state, callers={**state.callers, id: stay}), [*effects, *lines]
    if _due(locker.wake_ns(state.lockers), now):
        lockers, moves = locker.step_woken(state.lockers, now)
        state, effects = replace(state, lockers=lockers), [*effects, *moves]
    if _due(scene.wake_ns(state.scene), now):
        after, asked = scene.step_woken(state.site, state.scene, now)
        state, effects = replace(state, scene=after), [*effects, *asked]
    if contact.alone(state.contact, now) != state.scene.alone:
        state, asked = _in_contact(state, state.contact, now)
        effects += asked
    for door_id, challenge in state.challenges.items():
        if now.mono_ns >= challenge.change_at_ns:
            # Asked once; the answer sets the next time.
            waiting = replace(challenge, change_at_ns=now.mono_ns + credentials.NONCE_NS)
            state = replace(state, challenges={**state.challenges, door_id: waiting})
            effects.append(DrawNonce(door_id))
    return state, effects


def _in_contact(state: State, heard: contact.Contact, now: Now) -> Step:
    alone = contact.alone(heard, now)
    return _with_scene(replace(state, contact=heard), scene.step_alone(state.site, state.scene, alone, now))


def _due(moment_ns: int | None, now: Now) -> bool:
    return moment_ns is not None and now.mono_ns >= moment_ns


def _step_started(state: State, now: Now) -> Step:
    effects: list[Effect] = [Record("device", {"device": state.site.commission.agent, "code": "started", "ok": True, "detail": ""})]
    for id, record in state.site.doors.items():
        resolved, lines = ledger.resolve_unseen(record, state.doors[id].ledger)
        state = replace(state, doors={**state.doors, id: replace(state.doors[id], ledger=resolved)})
        effects += lines
    after, asked = scene.step_restarted(state.site, state.scene, now)
    effects += asked
    effects += [DrawNonce(id) for id in state.site.challenged]
    return replace(state, scene=after, contact=contact.started(state.contact, now)), effects


def _step_line(state: State, line: str, active: bool, now: Now) -> Step:
    if line in state.site.door_lines:
        id, use = state.site.door_lines[line]
        if use == "contact":
            return _each_door(state, (id,), lambda record, d: door.step_contact(record, d, active, now), now)
        return _each_door(state, (id,), lambda record, d: door.step_exit(record, d, active, now), now)
    if line in state.site.locker_lines:
        lockers, effects = locker.step_contact(state.lockers, state.site.locker_lines[line], active, now)
        return replace(state, lockers=lockers), list(effects)
    if line in state.site.local_lines:
        lit = state.site.local_lines[line]
        return _with_scene(state, scene.step_switched(state.site, state.scene, lit, now)) if active else (state, [])
    device = state.site.devices.get(DeviceId(line))
    if device is not None and device.kind is DeviceKind.FIRE_INPUT:
        return _step_fire(state, device.id, active, now)
    return state, []


def _step_fire(state: State, device: DeviceId, active: bool, now: Now) -> Step:
    if active == (device in state.fires):
        return state, []
    fires = state.fires | {device} if active else state.fires - {device}
    state, effects = _each_door(
        replace(state, fires=fires), state.site.doors, lambda record, d: door.step_fire(record, d, bool(fires), now), now
    )
    state, seen = _with_scene(state, scene.step_fire(state.site, state.scene, bool(fires), now))
    return state, [Record("fire", {"device": device, "active": active}), *effects, *seen]


def _step_nonce(state: State, door_id: DoorId, nonce: str, now: Now) -> Step:
    challenge = credentials.renewed(state.challenges.get(door_id), nonce, now.mono_ns)
    text = challenge_text(door_id, nonce)
    shown = [ShowChallenge(kiosk, text) for kiosk in state.site.challenged.get(door_id, ())]
    return replace(state, challenges={**state.challenges, door_id: challenge}), list(shown)


def _step_line_failed(state: State, line: str, text: str, now: Now) -> Step:
    if line in state.site.door_lines:
        id, _ = state.site.door_lines[line]
        return _each_door(state, (id,), lambda record, d: door.step_strike_failed(record, d, text, now), now)
    return state, [alarm("line", line, text)]


def _step_lines_health(state: State, event: LinesHealth, now: Now) -> Step:
    doors = [id for id, record in state.site.doors.items() if {record.strike, record.contact, record.exit_button} & event.lines]
    state, effects = _each_door(state, doors, lambda record, d: door.step_lines(record, d, event.ok, now), now)
    if not event.ok:
        gone = [locker_id for line, locker_id in state.site.locker_lines.items() if line in event.lines]
        state = replace(state, lockers=locker.step_lost(state.lockers, gone))
    for device in state.site.devices.values():
        if switch_line(device) in event.lines:
            state, asked = _with_scene(state, scene.step_health(state.site, state.scene, device.id, event.ok, event.detail, now))
            effects += asked
    for line in sorted(event.active):
        state, seen = _step_line(state, line, True, now)
        effects += seen
    if event.ok:
        for line in sorted(event.lines - event.active):
            if line in state.site.devices and DeviceId(line) in state.fires:
                state, seen = _step_fire(state, DeviceId(line), False, now)
                effects += seen
    return state, effects


def _step_health(state: State, event: DeviceHealth, now: Now) -> Step:
    health = Health(event.ok, event.code, event.detail)
    if state.health.get(event.device) == health:
        return state, []
    state = replace(state, health={**state.health, event.device: health})
    line = Record("device", {"device": event.device, "ok": event.ok, "code": event.code, "detail": event.detail})
    record = state.site.devices.get(DeviceId(event.device))
    if record is None or record.kind not in _SAYS_HOW_IT_IS:
        return state, [line]
    state, asked = _with_scene(state, scene.step_health(state.site, state.scene, record.id, event.ok, event.detail, now))
    return state, [line, *asked]


def _step_disk(state: State, ok: bool, detail: str, now: Now) -> Step:
    if ok == state.recordable:
        return state, []
    agent = state.site.commission.agent
    if ok:
        return replace(state, recordable=True), [alarm_clear("disk", agent)]
    state, effects = authority.recheck(replace(state, recordable=False), now)
    return state, [alarm("disk", agent, detail), *effects]


def _step_nuisance(state: State, kind: str, text: str, now: Now) -> Step:
    known = state.nuisances.get(kind, Nuisance())
    count = known.count + 1
    if known.told_ns is not None and now.mono_ns - known.told_ns < NUISANCE_NS:
        return replace(state, nuisances={**state.nuisances, kind: replace(known, count=count)}), []
    detail = f"{kind}: {text}" + (f" ({count} since the last line)" if count > 1 else "")
    state = replace(state, nuisances={**state.nuisances, kind: Nuisance(0, now.mono_ns)})
    return state, [alarm("bad-message", state.site.commission.agent, detail)]


def _each_door(state: State, ids: Iterable[DoorId], act: Callable[[DoorRecord, DoorState], door.Step], now: Now) -> Step:
    """Let some doors take a step, one after the other."""
    effects: list[Effect] = []
    for id in ids:
        before = state.doors[id]
        after, outcomes = act(state.site.doors[id], before)
        if after is not before:
            state = replace(state, doors={**state.doors, id: after})
        state, seen = moved(state, outcomes, now)
        effects += seen
    return state, effects


def _with_scene(state: State, result: scene.Step) -> Step:
    after, effects = result
    return replace(state, scene=after), list(effects)
