"""What happens at a reader: who is it, may they pass, and what the person and the journal are told."""

from collections.abc import Mapping
from dataclasses import replace

from edge.core import door, locker, scene
from edge.core.credentials import Challenge, check_badge, digest_of
from edge.core.door import Direction, Grant, How
from edge.core.effects import AnswerReader, Effect
from edge.core.events import PulseArrived
from edge.core.journal import Record, alarm, credential_hint, who
from edge.core.passing import moved
from edge.core.state import ReaderState, State, Visit
from edge.drivers.protocols import CardRead, QrRead
from venue_model.commissioning import DeviceRecord, DoorRecord
from venue_model.door_policy import Admit, Pass, Refuse, Standing, decide_entry
from venue_model.groups import Role, separated_pairs
from venue_model.ids import ComponentId, PersonKey
from venue_model.moments import MS, Now, S
from venue_model.passes import QrBadge
from venue_model.rules import RULES
from venue_model.venue import DeviceKind, Side

SAME_READ_NS = 1 * S  # a card that lies on the reader is read again and again
STALE_READ_NS = 3 * S  # a read that waited somewhere must not open a door that nobody stands at
WRONG_ATTEMPTS = 5  # GB 50396-2007: alarm after consecutive wrong tries
PULSE_TTL_MS = 10_000  # the signature covers the time of issue, not the time to live: this bounds it

Step = tuple[State, list[Effect]]


def step_read(state: State, event: CardRead | QrRead, now: Now) -> Step:
    """A card or badge was presented."""
    device = state.site.devices.get(event.device)  # type: ignore[call-overload]
    if device is None or device.kind not in (DeviceKind.READER, DeviceKind.QR_CAMERA):
        return state, [alarm("unknown-reader", event.device, "not a reader of this board; mend the wiring file")]
    if now.mono_ns - event.mono_ns > STALE_READ_NS:
        age_ms = (now.mono_ns - event.mono_ns) // MS
        return state, [alarm("stale-read", device.id, f"a read that is {age_ms} ms old was dropped; present the card again")]
    record = state.site.doors.get(device.door) if device.door is not None else None
    seen: bytes | QrBadge | str
    if isinstance(event, CardRead):
        seen = event.card
    elif record is not None:
        seen = check_badge(event.text, record.id, state.challenges.get(record.id))
    else:
        seen = "DOOR"
    if isinstance(seen, str):
        return _refuse(state, device, Refuse(seen, RULES[seen].because), "", now)
    if record is None:
        return _locker(state, device, seen, now)
    component = record.inside
    held = state.held.get(component) if component is not None else None
    digest = digest_of(seen, held.salt if held else state.day.salt)
    last = state.readers.get(device.id, ReaderState())
    if last.credential == digest and event.mono_ns - last.at_ns < SAME_READ_NS:
        return state, []
    state = _with_reader(state, device, replace(last, credential=digest, at_ns=event.mono_ns))
    if device.side is Side.INSIDE or component is None:
        return _leave(state, device, record, digest, seen, now)
    verdict = admit(state, record, component, digest, now)
    if isinstance(verdict, Refuse):
        return _refuse(state, device, verdict, digest, now)
    return _let_in(state, device, record, verdict.entry, seen, now)


def admit(state: State, record: DoorRecord, component: ComponentId, digest: str, now: Now) -> Admit | Refuse:
    """`decide_entry`, and what only this board knows: whether the door answers, and whether the entry can be recorded."""
    held = state.held.get(component)
    entry = next((p for p in held.policy.passes if p.digest == digest), None) if held else None
    standing = Standing(
        held.policy if held else None,
        state.leases.get(component),
        state.fire,
        frozenset({digest}) if entry and _still(state.entered.get(component, {}), entry) else frozenset(),
        locker.bound_people(state.lockers),
    )
    commission = state.site.commission
    verdict = decide_entry(standing, commission.zones[component], digest, state.day.elsewhere, commission.entry_window_s, now)
    if isinstance(verdict, Refuse):
        return verdict
    entry = verdict.entry

    def refuse(rule: str, because: str) -> Refuse:
        return Refuse(rule, because, entry.person, entry.group, entry.lot)

    if _still(state.barred.get(component, {}), entry):
        return refuse("I4", "left while the room was sealed, and has not been authorised since")
    if not state.doors[record.id].online:
        return refuse("DOOR", "the board of this door's lines does not answer: nobody can be let in")
    if not state.recordable:
        return refuse("RECORD", RULES["RECORD"].because)
    return verdict


def step_pulse(state: State, pulse: PulseArrived, now: Now) -> Step:
    """Let staff in once, on the gateway's signature: never into a sealed, cleared or burning room, nor past a lease."""
    age_ms = (now.utc_ns - pulse.issued_utc_ns) // MS
    error_ms = now.utc_error_ns // MS
    record = state.site.doors.get(pulse.door)
    if record is None:
        return state, [alarm("pulse", pulse.door, "a pulse for a door that this board does not have", door=True)]
    if not -error_ms - PULSE_TTL_MS <= age_ms <= min(pulse.ttl_ms, PULSE_TTL_MS) + error_ms:
        return state, [alarm("pulse", record.id, f"a pulse that is {age_ms} ms old was refused; send it again", door=True)]
    if pulse.id in state.pulses:
        return state, []
    remembered = {id: until for id, until in state.pulses.items() if until > now.utc_ns}
    forget_utc_ns = pulse.issued_utc_ns + 2 * PULSE_TTL_MS * MS + 2 * now.utc_error_ns
    state = replace(state, pulses={**remembered, pulse.id: forget_utc_ns})
    if refusal := refuse_staff(state, record, now):
        return state, [_refusal_line("", record.id, refusal, "")]
    grant = Grant(Direction.IN, How.PULSE, now.mono_ns + record.pull_s * S, credential=f"pulse {pulse.id}")
    state, effects = _grant(state, record, grant, now)
    return state, [Record("grant", {"door": record.id, "direction": "in", "how": "pulse", "command": pulse.id}), *effects]


def refuse_staff(state: State, record: DoorRecord, now: Now) -> Refuse | None:
    """Why staff may not be let in by command now, or None."""
    if state.fire:
        return _plainly("FIRE")
    if not state.doors[record.id].online:
        return _plainly("DOOR")
    if not state.recordable:
        return _plainly("RECORD")
    if record.inside is None:
        return None
    held, lease = state.held.get(record.inside), state.leases.get(record.inside)
    if held is None or lease is None or now.mono_ns >= lease:
        return _plainly("LEASE")
    if held.policy.seal:
        return _plainly("I8")
    if not held.policy.groups:  # whatever its mode: the gateway counts on it that nobody enters
        return _plainly("CLEAR")
    if separated_pairs((Role.STF, *held.policy.groups), state.site.separated):
        return _plainly("PHASE")
    return None


def _plainly(rule: str) -> Refuse:
    return Refuse(rule, RULES[rule].because)


def _let_in(state: State, device: DeviceRecord, record: DoorRecord, entry: Pass, seen: bytes | QrBadge, now: Now) -> Step:
    how = How.QR if isinstance(seen, QrBadge) else How.PASS
    grant = Grant(
        Direction.IN, how, now.mono_ns + record.pull_s * S, entry.digest, entry.person, entry.group, entry.lot, entry.authorised_utc_ns
    )
    if isinstance(seen, QrBadge):
        challenge = state.challenges.get(record.id, Challenge(seen.nonce))
        used = replace(challenge, used=challenge.used | {(seen.nonce, seen.public_key)})
        state = replace(state, challenges={**state.challenges, record.id: used})
    state = _with_reader(state, device, replace(state.readers[device.id], refusals=0))
    state, effects = _grant(state, record, grant, now)
    return state, [_grant_line(device, record, grant), *effects, AnswerReader(device.id, True)]


def _leave(state: State, device: DeviceRecord, record: DoorRecord, digest: str, seen: bytes | QrBadge, now: Now) -> Step:
    """Somebody identifies themselves on the way out.  Known or not, they go."""
    entry = _known(state, digest_in(state, seen))
    how = How.QR if isinstance(seen, QrBadge) else How.PASS
    until_ns = now.mono_ns + record.pull_s * S
    direction = Direction.OUT if device.side is Side.INSIDE else Direction.IN  # an unguarded inside is the way out, too
    grant = Grant(direction, how, until_ns, digest)
    if entry is not None:
        grant = Grant(direction, how, until_ns, digest, entry.person, entry.group, entry.lot, entry.authorised_utc_ns)
    state, effects = _grant(state, record, grant, now)
    return state, [_grant_line(device, record, grant), *effects, AnswerReader(device.id, True)]


def digest_in(state: State, seen: bytes | QrBadge) -> set[str]:
    """All digests under which a credential may be known here: domains can hold policies of different days."""
    return {digest_of(seen, salt) for salt in {state.day.salt, *(held.salt for held in state.held.values())}}


def _known(state: State, digests: set[str], component: ComponentId | None = None) -> Pass | None:
    """The pass of a credential, in one domain or in any."""
    held = state.held.values() if component is None else [h for c, h in state.held.items() if c == component]
    return next((entry for h in held for entry in h.policy.passes if entry.digest in digests), None)


def _locker(state: State, device: DeviceRecord, seen: bytes | QrBadge, now: Now) -> Step:
    """A reader without a door opens lockers, where its room has some."""
    digests = digest_in(state, seen)
    digest = min(digests)
    choice = state.site.lockers.get(device.room, ())
    if not choice:
        return _refuse(state, device, _plainly("DOOR"), digest, now)
    last = state.readers.get(device.id, ReaderState())
    if last.credential == digest and now.mono_ns - last.at_ns < SAME_READ_NS:
        return state, []
    state = _with_reader(state, device, replace(last, credential=digest, at_ns=now.mono_ns))
    entry = _known(state, digests, device.component)
    if entry is None:
        rule = "I2" if digests & state.day.elsewhere.keys() else "PASS-UNKNOWN"
        return _refuse(state, device, _plainly(rule), digest, now)
    if not state.recordable:
        return _refuse(state, device, _plainly("RECORD"), digest, now)
    step = locker.step_badge(state.lockers, choice, entry.person, entry.group, entry.lot, now)
    if step is None:
        full = Refuse("I5", "every locker here is taken", entry.person, entry.group, entry.lot)
        return _refuse(state, device, full, digest, now)
    lockers, effects = step
    state = _with_reader(replace(state, lockers=lockers), device, replace(state.readers[device.id], refusals=0))
    return state, [*effects, AnswerReader(device.id, True)]


def _grant(state: State, record: DoorRecord, grant: Grant, now: Now) -> Step:
    after, outcomes = door.step_granted(record, state.doors[record.id], grant, now)
    return moved(replace(state, doors={**state.doors, record.id: after}), outcomes, now)


def _grant_line(device: DeviceRecord, record: DoorRecord, grant: Grant) -> Record:
    body = {
        "device": device.id, "door": record.id, "direction": grant.direction.value, "how": grant.how.value,
        "credential": credential_hint(grant.credential), **who(grant.person, grant.group, grant.lot),
    }  # fmt: skip
    return Record("grant", body, grant.lot)


def _refuse(state: State, device: DeviceRecord, refusal: Refuse, digest: str, now: Now) -> Step:
    effects: list[Effect] = [_refusal_line(device.id, device.door or "", refusal, digest), AnswerReader(device.id, False)]
    last = state.readers.get(device.id, ReaderState())
    refusals = last.refusals + 1
    if refusals >= WRONG_ATTEMPTS:
        effects.append(alarm("wrong-attempts", device.id, f"{refusals} refusals in a row; look who stands there"))
        refusals = 0
    state = _with_reader(state, device, replace(last, refusals=refusals))
    kiosk = state.site.kiosks.get((device.door, device.side)) if device.door is not None else None
    if kiosk is None:
        return state, effects
    rule = RULES[refusal.rule]
    told, shown = scene.notice(state.scene, kiosk, (rule.zh, rule.en), "red", now)
    return replace(state, scene=told), [*effects, *shown]


def _refusal_line(device: str, at: str, refusal: Refuse, digest: str) -> Record:
    body = {
        "device": device, "door": at, "rule": refusal.rule, "because": refusal.because,
        "credential": credential_hint(digest), **who(refusal.person, refusal.group, refusal.lot),
    }  # fmt: skip
    return Record("refusal", body, refusal.lot)


def _with_reader(state: State, device: DeviceRecord, reader: ReaderState) -> State:
    return replace(state, readers={**state.readers, device.id: reader})


def _still(visits: Mapping[PersonKey, Visit], entry: Pass) -> bool:
    """True when the person was here and has not been authorised anew.  Both times are the gateway's: no clock is compared."""
    visit = visits.get(entry.person)
    return visit is not None and (entry.authorised_utc_ns or 0) <= visit.authorised_utc_ns
