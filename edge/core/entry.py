"""What happens at a reader: who is it, may they pass, and what the person and the journal are told."""

from collections.abc import Sequence
from dataclasses import replace

from edge.core import company, locker, scene
from edge.core.admission import admit, plainly
from edge.core.authority import recheck
from edge.core.company import Caller
from edge.core.credentials import Challenge, check_badge, digest_of
from edge.core.effects import AnswerReader, Effect
from edge.core.journal import Record, alarm, credential_hint, quiet_alarm, refusal_line, who
from edge.core.ledger import Direction, Grant, How
from edge.core.passing import granted
from edge.core.state import ReaderState, State
from edge.drivers.protocols import CardRead, QrRead
from venue_model.canonical import Plain
from venue_model.commissioning import DeviceRecord, DoorRecord
from venue_model.door_policy import Admit, Await, Pass, Refuse, Seen
from venue_model.ids import ComponentId
from venue_model.moments import MS, Now, S
from venue_model.passes import QrBadge
from venue_model.rules import RULES
from venue_model.venue import DeviceKind, Side

SAME_READ_NS = 1 * S  # a card that lies on the reader is read again and again
STALE_READ_NS = 3 * S  # a read that waited somewhere must not open a door that nobody stands at
WRONG_ATTEMPTS = 5  # GB 50396-2007: alarm after consecutive wrong tries

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
        state, effects = _locker(state, device, seen, now)
        return state, [*_cry(state, digest_in(state, seen), device.id), *effects]
    component = record.inside
    held = state.held.get(component) if component is not None else None
    digest = digest_of(seen, held.salt if held else state.day.salt)
    last = state.readers.get(device.id, ReaderState())
    if last.credential == digest and event.mono_ns - last.at_ns < SAME_READ_NS:
        return state, []
    state = _with_reader(state, device, replace(last, credential=digest, at_ns=event.mono_ns))
    cry = _cry(state, digest_in(state, seen), record.id, door=True)
    if device.side is Side.INSIDE or component is None:
        state, effects = _leave(state, device, record, digest, seen, now)
    else:
        state, effects = _enter(state, device, record, component, digest, seen, now)
    return state, [*cry, *effects]


def _cry(state: State, digests: set[str], place: str, *, door: bool = False) -> list[Effect]:
    """A pass of duress calls for help, whatever comes of it.  Nothing else about it differs from any other pass."""
    entry = _known(state, digests)
    if entry is None or not entry.duress:
        return []
    return [quiet_alarm("duress", place, "a pass was presented under threat; nobody there was told", entry, door=door)]


def _enter(
    state: State, device: DeviceRecord, record: DoorRecord, component: ComponentId, digest: str, seen: bytes | QrBadge, now: Now
) -> Step:
    """Somebody wants in, perhaps beside those who wait at this door or went in just now."""
    held = state.held.get(component)
    entry = held.policy.by_digest.get(digest) if held else None
    waiting = company.waiting(state.callers.get(record.id, ()), entry.person if entry else None)
    digests = [digest, *(caller.entry.digest for caller in waiting)]
    verdicts = admit(state, record, component, digests, now, _let_in_just_now(state, record, component, now))
    verdict = verdicts[digest]
    if isinstance(verdict, Refuse):
        return _refuse(state, device, verdict, digest, now)
    how, badge = (How.QR, (seen.nonce, seen.public_key)) if isinstance(seen, QrBadge) else (How.PASS, None)
    caller = Caller(verdict.entry, device.id, how, now.mono_ns + state.site.commission.companion_s * S, badge=badge)
    if isinstance(verdict, Await):
        return _wait(state, device, record, caller, verdict, now)
    let_in = [(c, found) for c in (caller, *waiting) if isinstance(found := verdicts[c.entry.digest], Admit)]
    return _let_in(state, record, let_in, now)


def _let_in_just_now(state: State, record: DoorRecord, component: ComponentId, now: Now) -> list[Pass]:
    """Who presented a pass here within the time for companions, was let in, and is on the way in or inside."""
    entering = {grant.person for grant in state.doors[record.id].ledger.entering(now)}
    return [
        caller.entry
        for caller in state.callers.get(record.id, ())
        if not caller.waits and now.mono_ns < caller.until_ns
        if caller.entry.person in entering or state.seen.get(caller.entry.person, Seen()).inside == component
    ]


def _wait(state: State, device: DeviceRecord, record: DoorRecord, caller: Caller, verdict: Await, now: Now) -> Step:
    """The first of two.  The reader stays red, the kiosk asks for the other, and nothing opens."""
    entry = verdict.entry
    waited = any(c.waits == verdict.rule and c.entry.person == entry.person for c in state.callers.get(record.id, ()))
    waits = replace(caller, until_ns=verdict.until_mono_ns, waits=verdict.rule)
    state = _with_callers(state, record, [waits], now)
    body = {
        "device": device.id, "door": record.id, "rule": verdict.rule, "credential": credential_hint(entry.digest),
        **who(entry.person, entry.group, entry.lot),
    }  # fmt: skip
    state, shown = _tell(state, device, verdict.rule, "amber", now)
    line = [] if waited else [Record("await", body, entry.lot)]  # a phone that is held up is read every second
    return state, [*line, AnswerReader(device.id, False), *shown]


def _let_in(state: State, record: DoorRecord, let_in: Sequence[tuple[Caller, Admit]], now: Now) -> Step:
    """One person, or several who waited for each other: each has a grant and is counted, and all grants end together."""
    until_ns = now.mono_ns + record.pull_s * S
    lines: list[Effect] = []
    effects: list[Effect] = []
    for caller, verdict in let_in:
        entry, device = caller.entry, state.site.devices[caller.device]
        grant = Grant(
            Direction.IN, caller.how, until_ns, entry.digest, entry.person, entry.group, entry.lot, entry.authorised_utc_ns, verdict.beside
        )
        state = _with_reader(_used(state, record, caller), device, replace(state.readers[device.id], refusals=0))
        lines.append(_grant_line(device, record, grant))
        if verdict.passback:
            lines.append(quiet_alarm("passback", record.id, RULES["APB"].because, entry, door=True))
        state, seen = granted(state, record, grant, now)
        effects += seen
    for earlier in state.doors[record.id].ledger.entering(now):
        if earlier.person in {verdict.beside for _, verdict in let_in if verdict.beside}:
            state, seen = granted(state, record, replace(earlier, until_ns=until_ns), now)
            effects += seen
    state = _with_callers(state, record, [replace(caller, waits="") for caller, _ in let_in], now)
    answers = [AnswerReader(device_id, True) for device_id in dict.fromkeys(caller.device for caller, _ in let_in)]
    return state, [*lines, *effects, *answers]


def _used(state: State, record: DoorRecord, caller: Caller) -> State:
    """A QR badge lets in once."""
    if caller.badge is None:
        return state
    challenge = state.challenges.get(record.id, Challenge(caller.badge[0]))
    used = replace(challenge, used=challenge.used | {caller.badge})
    return replace(state, challenges={**state.challenges, record.id: used})


def _leave(state: State, device: DeviceRecord, record: DoorRecord, digest: str, seen: bytes | QrBadge, now: Now) -> Step:
    """Somebody identifies themselves on the way out.  Known or not, they go."""
    entry = _known(state, digest_in(state, seen))
    how = How.QR if isinstance(seen, QrBadge) else How.PASS
    until_ns = now.mono_ns + record.pull_s * S
    direction = Direction.OUT if device.side is Side.INSIDE else Direction.IN  # an unguarded inside is the way out, too
    grant = Grant(direction, how, until_ns, digest)
    if entry is not None:
        grant = Grant(direction, how, until_ns, digest, entry.person, entry.group, entry.lot, entry.authorised_utc_ns)
    state, effects = granted(state, record, grant, now)
    state, taken_back = recheck(state, now, [record.id])  # who was about to go in, and leaves instead, is company for nobody
    return state, [_grant_line(device, record, grant), *effects, *taken_back, AnswerReader(device.id, True)]


def digest_in(state: State, seen: bytes | QrBadge) -> set[str]:
    """All digests under which a credential may be known here: domains can hold policies of different days."""
    return {digest_of(seen, salt) for salt in {state.day.salt, *(held.salt for held in state.held.values())}}


def _known(state: State, digests: set[str], component: ComponentId | None = None) -> Pass | None:
    """The pass of a credential, in one domain or in any."""
    held = state.held.values() if component is None else [h for c, h in state.held.items() if c == component]
    return next((entry for h in held for digest in digests if (entry := h.policy.by_digest.get(digest))), None)


def _locker(state: State, device: DeviceRecord, seen: bytes | QrBadge, now: Now) -> Step:
    """A reader without a door opens lockers, where its room has some."""
    digests = digest_in(state, seen)
    digest = min(digests)
    choice = state.site.lockers.get(device.room, ())
    if not choice:
        return _refuse(state, device, plainly("DOOR"), digest, now)
    last = state.readers.get(device.id, ReaderState())
    if last.credential == digest and now.mono_ns - last.at_ns < SAME_READ_NS:
        return state, []
    state = _with_reader(state, device, replace(last, credential=digest, at_ns=now.mono_ns))
    entry = _known(state, digests, device.component)
    if entry is None:
        rule = "I2" if digests & state.day.elsewhere.keys() else "PASS-UNKNOWN"
        return _refuse(state, device, plainly(rule), digest, now)
    if not state.recordable:
        return _refuse(state, device, plainly("RECORD"), digest, now)
    step = locker.step_badge(state.lockers, choice, entry.person, entry.group, entry.lot, now)
    if step is None:
        full = Refuse("I5", "every locker here is taken", entry.person, entry.group, entry.lot)
        return _refuse(state, device, full, digest, now)
    lockers, effects = step
    state = _with_reader(replace(state, lockers=lockers), device, replace(state.readers[device.id], refusals=0))
    return state, [*effects, AnswerReader(device.id, True)]


def _grant_line(device: DeviceRecord, record: DoorRecord, grant: Grant) -> Record:
    body: dict[str, Plain] = {
        "device": device.id, "door": record.id, "direction": grant.direction.value, "how": grant.how.value,
        "credential": credential_hint(grant.credential), **who(grant.person, grant.group, grant.lot),
    }  # fmt: skip
    if grant.beside is not None:
        body["beside"] = grant.beside
    return Record("grant", body, grant.lot)


def _refuse(state: State, device: DeviceRecord, refusal: Refuse, digest: str, now: Now) -> Step:
    effects: list[Effect] = [refusal_line(device.id, device.door or "", refusal, digest), AnswerReader(device.id, False)]
    last = state.readers.get(device.id, ReaderState())
    refusals = last.refusals + 1
    if refusals >= WRONG_ATTEMPTS:
        effects.append(alarm("wrong-attempts", device.id, f"{refusals} refusals in a row; look who stands there"))
        refusals = 0
    state = _with_reader(state, device, replace(last, refusals=refusals))
    state, shown = _tell(state, device, refusal.rule, "red", now)
    return state, [*effects, *shown]


def _tell(state: State, device: DeviceRecord, rule: str, colour: str, now: Now) -> Step:
    """What the person reads at a kiosk, where one stands on their side."""
    kiosk = state.site.kiosks.get((device.door, device.side)) if device.door is not None else None
    if kiosk is None:
        return state, []
    told, shown = scene.notice(state.scene, kiosk, (RULES[rule].zh, RULES[rule].en), colour, now)
    return replace(state, scene=told), shown


def _with_reader(state: State, device: DeviceRecord, reader: ReaderState) -> State:
    return replace(state, readers={**state.readers, device.id: reader})


def _with_callers(state: State, record: DoorRecord, fresh: Sequence[Caller], now: Now) -> State:
    """Remember who stands here, where somebody may come beside whom it matters."""
    known = state.callers.get(record.id, ())
    held = state.held.get(record.inside) if record.inside is not None else None
    matters = record.two_person or (held is not None and held.policy.escorts)
    if not known and not matters:
        return state
    return replace(state, callers={**state.callers, record.id: company.called(known, fresh, now)})
