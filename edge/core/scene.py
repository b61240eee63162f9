"""What the devices of this board should show, shine and record, and how far they have come.

Level-triggered: what is wanted and not achieved is asked of the device; what is achieved is acknowledged again.  The `desired`
document is the truth; a room's broadcast only brings its part sooner.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from edge.core.demand import Denied, demand, denied
from edge.core.effects import Acknowledge, Effect, ShowText
from edge.core.journal import Record
from edge.core.overlay import EMERGENCY, LOCAL, Overlay, source, target
from edge.core.site import Site
from venue_model.ids import DeviceId, RunId
from venue_model.moments import MS, Now, S
from venue_model.venue import DRIVEN, DeviceKind
from venue_model.wire import ACCEPTED, APPLIED, FAULT, OVERRIDDEN, STALE, UNSUPPORTED, Desired, DeviceReport, RoomScene, Want

RETRY_NS = 10 * S  # a device that failed is asked again
NOTICE_NS = 4 * S  # how long a kiosk tells a person why the door stays shut
SAY_WITHIN_NS = 120 * S  # an announcement that comes later is passed over: its moment has gone
_WHY = {EMERGENCY: "紧急疏散优先 emergency goes first", LOCAL: "现场手动优先 switched by hand at the device"}

Order = tuple[int, int]  # (epoch, generation)
_NEVER: Order = (-1, -1)


@dataclass(frozen=True, slots=True)
class DeviceScene:
    """One device's way from wanted to achieved."""

    want: Want | None = None
    run: RunId | None = None
    ahead: Order | None = None  # of the broadcast that it follows, until the document has come
    aim: Want | None = None  # the want, or what stands over it here (`overlay`)
    source: str = ""  # who has the device, when it is not the scene
    local: bool | None = None  # as it was switched by hand
    achieved: Want | None = None  # what it last acknowledged; None: unknown
    ticket: int | None = None  # of the effect under way
    began_ns: int = 0
    took_ms: int = 0
    fault: str = ""
    refused: str = ""  # why its last order was not taken; code in `refused_code`
    refused_code: int = 0
    retry_ns: int | None = None
    online: bool = True
    health: str = ""  # for the mechanic, while it is not online
    notice_until_ns: int | None = None  # a kiosk is telling somebody something


@dataclass(frozen=True, slots=True)
class Scene:
    """All devices, and the order they come from."""

    desired: Desired | None = None  # on disk: a board that restarts converges alone
    ahead: Order = _NEVER  # of the last broadcast
    fire: bool = False  # a fire input of this board is active
    alone: bool = False  # nobody has been heard for a while
    devices: Mapping[DeviceId, DeviceScene] = field(default_factory=dict)
    foreign: Mapping[DeviceId, DeviceReport] = field(default_factory=dict)  # named in the document, and not of this board
    next_ticket: int = 1

    @property
    def overlay(self) -> Overlay:
        """What stands over all devices just now."""
        called = self.desired is not None and self.desired.overlay == EMERGENCY
        return Overlay(self.fire or called, self.alone)


Step = tuple[Scene, list[Effect]]


def step_desired(site: Site, scene: Scene, desired: Desired, now: Now) -> Step:
    """Take a document: a newer one is adopted, an equal one acknowledged again, an older one refused."""
    held = order_of(scene)
    offered = (desired.epoch, desired.generation)
    if offered < held:
        text = f"generation {desired.generation} of epoch {desired.epoch} is older than {held[1]} of {held[0]}"
        devices = {d: replace(s, refused=text, refused_code=STALE) if d in desired.devices else s for d, s in scene.devices.items()}
        return replace(scene, devices=devices), [Acknowledge()]
    if offered == held:
        devices = {d: replace(s, refused="", refused_code=0) if s.refused_code == STALE else s for d, s in scene.devices.items()}
        return replace(scene, devices=devices), [Acknowledge()]
    order = {"epoch": desired.epoch, "generation": desired.generation}
    line = Record("desired", {**order, "run": desired.run, "devices": len(desired.devices)})
    foreign = {
        device: DeviceReport(UNSUPPORTED, desired.run, "not a device of this board; mend the venue file or commission it again")
        for device in desired.devices
        if device not in site.devices
    }
    before = scene.overlay
    scene = _relinquished(replace(scene, desired=desired, foreign=foreign), desired.relinquish)
    scene, effects = _apply(site, scene, desired.devices, desired.run, None, now)
    if scene.overlay != before or desired.relinquish:
        scene, more = _drive_all(site, scene, now)
        effects += more
    return scene, [line, *effects, Acknowledge()]


def step_broadcast(site: Site, scene: Scene, broadcast: RoomScene, now: Now) -> Step:
    """Take this board's part of a room's scene at once, and say so of each device.  One that the document has overtaken changes
    nothing."""
    generation = broadcast.members.get(site.commission.agent)
    if generation is None:
        return scene, []
    offered = (broadcast.epoch, generation)
    if offered <= order_of(scene) or offered < scene.ahead:
        return scene, []
    wants = {d: want for d, want in broadcast.devices.items() if d in site.devices and site.devices[d].room == broadcast.room}
    return _apply(site, replace(scene, ahead=offered), wants, broadcast.run, offered, now)


def step_restarted(site: Site, scene: Scene, now: Now) -> Step:
    """Bring every device to what the last document wants."""
    return (scene, []) if scene.desired is None else _apply(site, scene, scene.desired.devices, scene.desired.run, None, now)


def step_fire(site: Site, scene: Scene, fire: bool, now: Now) -> Step:
    """A fire input of this board came or went: signs, lights and loudspeakers follow at once, and alone."""
    return _drive_all(site, replace(scene, fire=fire), now) if fire != scene.fire else (scene, [])


def step_alone(site: Site, scene: Scene, alone: bool, now: Now) -> Step:
    """Nobody has been heard for a while, or somebody is again: signs keep what they show, with a mark or without."""
    return _drive_all(site, replace(scene, alone=alone), now) if alone != scene.alone else (scene, [])


def step_switched(site: Site, scene: Scene, device: DeviceId, now: Now) -> Step:
    """Somebody pressed the switch on the wall: the device changes over, and keeps to it until it is given back to the scene.

    Switched to what the scene wants anyway, it is the scene's again.
    """
    state = scene.devices.get(device, DeviceScene())
    on = not (state.aim is not None and state.aim.on)
    wanted = state.want is not None and bool(state.want.on) is on
    switched = _with(scene, device, replace(state, local=None if wanted else on))
    line = Record("device", {"device": device, "code": "switched", "ok": True, "detail": "on" if on else "off"})
    scene, effects = _drive(site, switched, device, now)
    return scene, [line, *effects]


def step_done(site: Site, scene: Scene, device: DeviceId, ticket: int, ok: bool, text: str, now: Now) -> Step:
    """A device answered.  Answers to overtaken orders change nothing."""
    state = scene.devices.get(device, DeviceScene())
    if state.ticket is None or state.ticket != ticket:
        return scene, []
    took_ms = (now.mono_ns - state.began_ns) // MS
    if ok:
        done = replace(state, achieved=state.aim, ticket=None, took_ms=took_ms, fault="", retry_ns=None)
    else:
        done = replace(state, achieved=None, ticket=None, took_ms=took_ms, fault=text, retry_ns=now.mono_ns + RETRY_NS)
    return _with(scene, device, done), []


def step_health(site: Site, scene: Scene, device: DeviceId, online: bool, detail: str, now: Now) -> Step:
    """A device came or went.  What hung dark is told again when it is back."""
    state = scene.devices.get(device, DeviceScene())
    record = site.devices[device]
    state = replace(state, online=online, health="" if online else detail)
    if record.kind is not DeviceKind.CAMERA and not online:
        state = replace(state, achieved=None)  # a recorder keeps its order and reconnects by itself; a dark sign shows nothing
    scene = _with(scene, device, state)
    waits = online and state.aim is not None and state.achieved != state.aim and state.ticket is None
    return _ask(site, scene, device, now) if waits else (scene, [])


def step_woken(site: Site, scene: Scene, now: Now) -> Step:
    """Ask again what failed; end notices."""
    effects: list[Effect] = []
    for device, state in scene.devices.items():
        if state.retry_ns is not None and now.mono_ns >= state.retry_ns:
            scene, asked = _ask(site, scene, device, now)
            effects += asked
        if state.notice_until_ns is not None and now.mono_ns >= state.notice_until_ns:
            scene = _with(scene, device, replace(scene.devices[device], notice_until_ns=None))
            usual = state.aim if state.aim is not None and state.aim.lines is not None else Want(lines=())
            effects.append(ShowText(device, usual.lines or (), usual.colour))
    return scene, effects


def notice(scene: Scene, kiosk: DeviceId, lines: tuple[str, ...], colour: str, now: Now) -> Step:
    """Tell the person at a kiosk something for a moment; then it shows again what it should.  An evacuation stays."""
    if scene.overlay.emergency:
        return scene, []
    state = replace(scene.devices.get(kiosk, DeviceScene()), notice_until_ns=now.mono_ns + NOTICE_NS)
    return _with(scene, kiosk, state), [ShowText(kiosk, lines, colour)]


def wake_ns(scene: Scene) -> int | None:
    """When time will change something here."""
    moments = [at_ns for state in scene.devices.values() for at_ns in (state.retry_ns, state.notice_until_ns) if at_ns is not None]
    return min(moments, default=None)


def order_of(scene: Scene) -> Order:
    """(epoch, generation) of the document in force."""
    return (scene.desired.epoch, scene.desired.generation) if scene.desired else _NEVER


def report(state: DeviceScene) -> DeviceReport:
    """How far a device has come, in the words of the wire."""
    code, text = APPLIED, ""
    if state.refused_code:
        code, text = state.refused_code, state.refused
    elif state.ticket is not None:
        code = ACCEPTED
    elif state.fault or (state.aim is not None and state.achieved != state.aim):
        code, text = FAULT, state.fault or state.health
    elif state.source and state.want is not None:
        code, text = OVERRIDDEN, _WHY[state.source]
    held = {"source": state.source} if state.source else {}
    return DeviceReport(code, state.run, text or state.health, state.took_ms, state.online, held, state.ahead)


def _relinquished(scene: Scene, devices: tuple[DeviceId, ...]) -> Scene:
    for device in devices:
        if device in scene.devices:
            scene = _with(scene, device, replace(scene.devices[device], local=None))
    return scene


def _apply(
    site: Site, scene: Scene, wants: Mapping[DeviceId, Want], run: RunId | None, ahead: Order | None, now: Now
) -> Step:
    effects: list[Effect] = []
    for device, want in wants.items():
        record = site.devices.get(device)
        if record is None:
            continue
        state = replace(scene.devices.get(device, DeviceScene()), run=run, ahead=ahead, refused="", refused_code=0)
        if (refused := denied(record, site, want)) is not None:
            scene = _with(scene, device, _refused(state, refused))
            continue
        scene, asked = _drive(site, _with(scene, device, replace(state, want=want)), device, now)
        effects += asked
    return scene, effects


def _refused(state: DeviceScene, refused: Denied) -> DeviceScene:
    return replace(state, refused=refused.text, refused_code=refused.code)


def _drive_all(site: Site, scene: Scene, now: Now) -> Step:
    effects: list[Effect] = []
    for device, record in site.devices.items():
        if record.kind in DRIVEN:
            scene, asked = _drive(site, scene, device, now)
            effects += asked
    return scene, effects


def _drive(site: Site, scene: Scene, device: DeviceId, now: Now) -> Step:
    """Ask a device for what it should be now, unless it is, or is on its way."""
    record, state, over = site.devices[device], scene.devices.get(device, DeviceScene()), scene.overlay
    aim = target(record, state.want, state.achieved, over, state.local)
    if aim is None:
        return scene, []
    on_its_way = state.ticket is not None and state.aim == aim
    state = replace(state, aim=aim, source=source(record, state.want, aim, over, state.local))
    if on_its_way:
        return _with(scene, device, state), []
    if record.kind is DeviceKind.SPEAKER and aim.since_utc_ns and now.utc_ns - aim.since_utc_ns > SAY_WITHIN_NS:
        aim = replace(aim, say="")
        state = replace(state, aim=aim)
    if state.ticket is None and state.achieved == aim:
        return _with(scene, device, replace(state, took_ms=0)), []
    return _ask(site, _with(scene, device, state), device, now)


def _ask(site: Site, scene: Scene, device: DeviceId, now: Now) -> Step:
    ticket = scene.next_ticket
    state = scene.devices[device]
    assert state.aim is not None, "only a device that should be something is asked"
    asked = replace(state, ticket=ticket, began_ns=now.mono_ns, fault="", retry_ns=None, notice_until_ns=None)
    scene = replace(_with(scene, device, asked), next_ticket=ticket + 1)
    return scene, [demand(site.devices[device], state.aim, ticket)]


def _with(scene: Scene, device: DeviceId, state: DeviceScene) -> Scene:
    return replace(scene, devices={**scene.devices, device: state})
