"""`EdgeAgent`: one thread owns the core.  It stores what happened, then does what follows: the journal rule.

A turn takes all events that wait, steps the core through them, and does the outcome in this order: life safety at once; journal
lines and state in one durable transaction; strikes, lamps and devices; what the gateway wants to know.
"""

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Protocol

from edge.core import agent as core
from edge.core.effects import Acknowledge, Announce, AnswerReader, DrawNonce, Effect, SetLine
from edge.core.events import (
    DiskHealth,
    Event,
    LineFailed,
    LinkLost,
    NonceDrawn,
    Noted,
    PulseArrived,
    SessionBegan,
    Started,
    Stopping,
    Woken,
)
from edge.core.journal import Record, alarm
from edge.core.report import basis, reported, without_clock
from edge.core.site import site_of
from edge.core.state import State, restored, slices
from edge.drivers.protocols import DeviceError
from edge.shell import outbox
from edge.shell.clock import HostClock
from edge.shell.disk import Disk, DiskError, Key, Line
from edge.shell.hardware import Hardware, read_now
from edge.shell.inbox import Acknowledged, LinesHeld, read_message
from edge.shell.rollout import RolloutOrdered, Rollouts
from venue_model.commissioning import Commission
from venue_model.moments import MS, Now, S
from venue_model.wire import Events, Meta, Reported, RolloutReport, Topics, encode

log = logging.getLogger(__name__)

STILL_NS = 2 * S  # later than this to a turn is no load: two seconds is the slowest door that GB 50396 allows
DOUBT_NS = 2 * S  # the link's thread reads within this what piled up; a pulse that is new is sent again
TICK_NS = 1 * S  # inputs are read again, a disk that failed is tried again, leases are looked at
COALESCE_NS = 20 * MS  # changes of devices wait this long for each other; doors do not wait
EVENTS_BYTES = 200_000  # of one message of journal lines; the wire takes 262,144
OWED_LINES = 10_000  # lines that a failing disk may owe; beyond, the oldest are lost, and their number is told
PRUNE_NS = 3_600 * S
STOP_NS = 1 * S
TURN_EVENTS = 256


class Link(Protocol):
    """The way to the broker (`edge.shell.mqtt.AgentLink`)."""

    @property
    def session(self) -> int: ...

    def start(self) -> None: ...

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> None: ...

    def announce(self) -> None: ...

    def close(self) -> None: ...


class Clock(Protocol):
    """Where `Now` comes from."""

    def now(self) -> Now: ...


OpenLink = Callable[[Callable[[], int], Callable[[str, bytes], None], Callable[[bool], None]], Link]


@dataclass(frozen=True, slots=True)
class _LinkChanged:
    up: bool
    session: int


@dataclass(frozen=True, slots=True)
class _SlotsChanged:
    """What the board holds, or how its last order went, is otherwise than told."""


Item = Event | Acknowledged | LinesHeld | RolloutOrdered | _LinkChanged | _SlotsChanged


class EdgeAgent:
    """Start, stop, and the turns between.  `open_link` gets `next_session`, `on_message` and `on_connection`."""

    def __init__(
        self,
        commission: Commission,
        commissioned: str,
        disk: Disk,
        hardware: Hardware,
        open_link: OpenLink,
        *,
        clock: Clock | None = None,
        draw_nonce: Callable[[], str] = lambda: secrets.token_hex(8),
        rollouts: Rollouts | None = None,
    ) -> None:
        self.commission = commission
        self.topics = Topics(commission.venue)
        self._commissioned = commissioned
        self._disk = disk
        self._hardware = hardware
        self._clock = clock or HostClock()
        self._draw_nonce = draw_nonce
        self._rollouts = rollouts
        if rollouts is not None:
            rollouts.post, rollouts.changed = self.post, lambda: self._inbox.put(_SlotsChanged())
        self._inbox: SimpleQueue[Item] = SimpleQueue()
        kept = disk.load()
        self.state = restored(site_of(commission), kept)
        self._stored: dict[Key, object] = {key: value for key, value in slices(self.state).items() if key in kept}
        self._stored_state: State | None = None  # the state of which `_stored` are the slices, once it has been stored
        self._owed: list[Line] = []  # lines that the disk has not taken
        self._lost = 0  # of those, how many had to be dropped
        self._disk_ok = True
        self._outbox = outbox.Outbox(disk.acknowledged)
        self._published: Reported | None = None  # what was published last, without its clock
        self._made: tuple[State, Reported] | None = None  # the last report, and what it was made of
        self._publish_at_ns: int | None = None
        self._looked_at: State | None = None  # the state that the last report was made from …
        self._looked_ns = -1  # … in which tick …
        self._basis: tuple[object, ...] = ()  # … and what of it shows in a report
        self._wake: tuple[State, int | None] | None = None  # when the core waits for time, and in which state
        self._tick_ns = self._prune_ns = 0
        self._link = open_link(disk.next_session, self._received, self._link_changed)
        self._thread: Thread | None = None
        self._ending = False
        self._still_ns = self._doubt_until_ns = 0  # how long this program last stood still, and until when what comes in may be as old
        self._gateway_answered = False  # in this session: it has taken our birth

    def start(self) -> None:
        """Begin, on a thread of its own."""
        self._thread = Thread(target=self._run, name=f"agent {self.commission.agent}", daemon=True)
        self.open()
        self._thread.start()

    def open(self) -> None:
        """Doors first, the network after.  Without `start`, the caller takes the turns: `turn(take())` when `due_ns` says so."""
        self._inbox.put(Started())
        self._hardware.start(self._inbox.put)
        self._link.start()

    def stop(self) -> None:
        """End without leaving a grant half done, at most a second later.  Outputs end secured."""
        if self._thread is None:
            return
        self._inbox.put(Stopping())
        self._thread.join()
        self._thread = None
        self._link.close()
        self._hardware.stop()
        self._disk.close()

    def post(self, event: Event) -> None:
        """Take an event from any thread."""
        self._inbox.put(event)

    def unwell(self) -> str:
        """Why this agent does not do its work now; empty when it does: disk, lines, and a gateway that has heard of it."""
        if not self._disk_ok:
            return "the disk takes no records"
        if lines := self._hardware.lines_away():
            return f"{', '.join(sorted(lines))}: the lines do not answer"
        if not self._link.session or not self._gateway_answered:
            return "the gateway has not answered to this session"
        return ""

    # on the link's threads

    def _received(self, topic: str, payload: bytes) -> None:
        event = read_message(self.commission, self.topics, topic, payload)
        if event is not None:
            self._inbox.put(event)

    def _link_changed(self, up: bool) -> None:
        self._inbox.put(_LinkChanged(up, self._link.session))

    # on the agent's thread

    def _run(self) -> None:
        stop_ns: int | None = None
        turned_ns = self._clock.now().mono_ns
        while True:
            try:
                events = self._wait()
                before_ns, turned_ns = turned_ns, self._clock.now().mono_ns
                self.turn(self._aged(events, turned_ns - before_ns, turned_ns))
            except Exception:
                log.exception("agent %s: fault of our own; trying on", self.commission.agent)
            if self._ending:
                now_ns = self._clock.now().mono_ns
                stop_ns = stop_ns if stop_ns is not None else now_ns + STOP_NS
                pending = any(door.ledger.pending for door in self.state.doors.values())
                if not pending or now_ns >= stop_ns:
                    return

    def _aged(self, events: list[Item], since_ns: int, now_ns: int) -> list[Item]:
        """The events, and for a moment after this program stood still (a signal, a machine that slept, a disk that hung) how long it did.

        What was sent meanwhile comes in now, looking as if it were new.
        """
        if since_ns > TICK_NS + STILL_NS:
            log.warning("agent %s: stood still for %.1f s", self.commission.agent, since_ns / S)
            self._still_ns, self._doubt_until_ns = since_ns, now_ns + DOUBT_NS
        if now_ns >= self._doubt_until_ns:
            return events
        return [replace(event, held_ns=self._still_ns) if isinstance(event, PulseArrived) else event for event in events]

    def _wait(self) -> list[Item]:
        """What there is to do, waiting for it until something falls due."""
        due_ns = min(self.due_ns() or 2**63, self._tick_ns + TICK_NS)
        try:
            found = [self._inbox.get(timeout=max(0.0, (due_ns - self._clock.now().mono_ns) / S))]
        except Empty:
            return [Woken()]
        return self.take(found)

    def take(self, found: list[Item] | None = None) -> list[Item]:
        """What waits at this moment, at most a turn's worth; that time has passed, when nothing does."""
        found = [] if found is None else found
        while len(found) < TURN_EVENTS and not self._inbox.empty():  # nobody else takes from it
            found.append(self._inbox.get_nowait())
        return found or [Woken()]

    @property
    def unacknowledged(self) -> int:
        """How many journal lines the gateway has not signed for, with those that the disk has not taken."""
        return self._disk.last_seq - self._disk.acknowledged + len(self._owed)

    def due_ns(self) -> int | None:
        """When time alone will change something here.  Besides, inputs want to be read again every `TICK_NS`."""
        wakes = [self._core_wake_ns(), outbox.wake_ns(self._outbox), self._publish_at_ns]
        if self._owed or not self._disk_ok:
            wakes.append(self._tick_ns + TICK_NS)  # a disk that failed is tried again
        # The report says that a lease has run out with the first tick after it.
        wakes += [max(until_ns, self._tick_ns + TICK_NS) for until_ns in self.state.leases.values() if until_ns > self._looked_ns]
        return min((wake for wake in wakes if wake is not None), default=None)

    def _core_wake_ns(self) -> int | None:
        if self._wake is None or self._wake[0] is not self.state:  # it follows from the state alone, and a state never changes
            self._wake = self.state, core.wake_ns(self.state)
        return self._wake[1]

    def turn(self, events: list[Item]) -> None:
        """Take events, store, act, tell."""
        now = self._clock.now()
        if now.mono_ns >= self._tick_ns + TICK_NS:
            self._tick_ns = now.mono_ns
            events = [*events, *read_now(self._hardware, now)]
        acknowledge = False
        while events:
            lines: list[Line] = []
            effects: list[Effect] = []
            for event in events:
                if isinstance(event, Acknowledged):
                    self._gateway_answered = True
                    self._acknowledged(event)
                elif isinstance(event, LinesHeld):
                    self._gateway_answered = True
                    self._rewind(event)
                elif isinstance(event, RolloutOrdered):
                    self._step(self._ordered(event), now, lines, effects)
                elif isinstance(event, _SlotsChanged):
                    self._tell_meta()
                elif isinstance(event, _LinkChanged):
                    self._step(self._connection(event), now, lines, effects)
                else:
                    self._ending = self._ending or isinstance(event, Stopping)
                    self._step(event, now, lines, effects)
            acknowledge = acknowledge or any(isinstance(effect, Acknowledge) for effect in effects)
            events = self._act(lines, effects)
        self._tell(self._clock.now(), acknowledge)

    def _step(self, event: Event | None, now: Now, lines: list[Line], effects: list[Effect]) -> None:
        if event is None:
            return
        try:
            self.state, found = core.step(self.state, event, now)
        except Exception as fault:
            # The core is pure: a step that failed has changed nothing, and the next event may be sound.
            log.exception("agent %s: fault of our own at %s", self.commission.agent, type(event).__name__)
            text = f"{type(fault).__name__} at {type(event).__name__}; send the log to the maker"
            found = [alarm("fault", self.commission.agent, text)]
        for effect in found:
            if isinstance(effect, Record):
                lines.append((now.utc_ns, effect))
            else:
                effects.append(effect)

    def _act(self, lines: list[Line], effects: list[Effect]) -> list[Item]:
        """Store, then act.  Returns what came of it, to be taken in the same turn: no report may run ahead of a failure."""
        came: list[Item] = []
        last_word = {effect.line: effect for effect in effects if isinstance(effect, SetLine)}  # on each line, in this turn
        for urgent in last_word.values():
            if urgent.life_safety:
                self._set_line(urgent, came)
        stored = self._store(lines, came)
        for effect in effects:
            if isinstance(effect, SetLine):
                # What lets somebody in needs its record; what secures does not.
                if last_word[effect.line] is effect and not effect.life_safety and (stored or not effect.active):
                    self._set_line(effect, came)
            elif isinstance(effect, AnswerReader):
                self._hardware.answer(effect)
            elif isinstance(effect, Announce):
                self._link.announce()
            elif isinstance(effect, DrawNonce):
                came.append(NonceDrawn(effect.door, self._draw_nonce()))
            elif not isinstance(effect, Acknowledge):
                self._hardware.perform(effect)
        return came

    def _set_line(self, effect: SetLine, came: list[Item]) -> None:
        try:
            self._hardware.set_line(effect)
        except DeviceError as fault:
            came.append(LineFailed(effect.line, str(fault)))

    def _store(self, lines: list[Line], came: list[Item]) -> bool:
        """True when everything up to now is on disk.  What a failing disk does not take is owed and tried again each turn."""
        if self.state is self._stored_state and not lines and not self._owed:
            return True
        now_slices = slices(self.state)
        changed = {key: value for key, value in now_slices.items() if self._stored.get(key) is not value}
        self._owed += lines
        if not self._owed and not changed:
            self._stored_state = self.state
            return True
        try:
            self._disk.commit(self._owed, changed)
        except DiskError as fault:
            self._lost += max(0, len(self._owed) - OWED_LINES)
            del self._owed[:-OWED_LINES]
            if self._disk_ok:
                log.error("%s", fault)
                came.append(DiskHealth(False, str(fault)))
            self._disk_ok = False
            return False
        self._stored, self._stored_state = now_slices, self.state
        self._owed.clear()
        if not self._disk_ok:
            self._disk_ok = True
            came.append(DiskHealth(True, ""))
            if self._lost:
                text = f"{self._lost} lines were lost while the disk took none"
                self._owed.append((self._clock.now().utc_ns, alarm("lines-lost", self.commission.agent, text)))
                self._lost = 0
        return True

    def _acknowledged(self, ack: Acknowledged) -> None:
        if ack.journal == self._disk.journal and ack.through <= self._disk.last_seq:
            self._disk.acknowledge(ack.through)
            self._outbox = outbox.acknowledged(self._outbox, ack.through)

    def _rewind(self, held: LinesHeld) -> None:
        """A gateway that was restored lacks lines that another life of it acknowledged: they are here for a week."""
        through = held.journals.get(self._disk.journal, 0)
        if through < self._disk.acknowledged:
            log.warning("agent %s: the gateway lacks lines from %d on that it had: sent again", self.commission.agent, through + 1)
            self._disk.rewind(through)
            self._outbox = outbox.rewound(self._outbox, through)

    def _connection(self, change: _LinkChanged) -> Event:
        if not change.up:
            self._gateway_answered = False
            self._outbox = outbox.disconnected(self._outbox)
            return LinkLost()
        self._outbox = outbox.connected(self._outbox)
        self._published = None  # a broker may have lost what it retained
        self._tell_meta()
        return SessionBegan(change.session)

    def _tell_meta(self) -> None:
        devices, doors = tuple(self.state.site.devices), tuple(self.state.site.doors)
        slots = self._rollouts.report() if self._rollouts is not None else RolloutReport()
        running = (self._rollouts.version if self._rollouts is not None else "") or _version()
        self._publish("meta", encode(Meta(self.commission.agent, running, devices, doors, self._commissioned, slots)), retain=True)

    def _ordered(self, order: RolloutOrdered) -> Event | None:
        if self._rollouts is not None:
            self._rollouts.take(order)
            return None
        why = "this board has no slots; start it with bidhall edge --slots"
        return Noted("rollout", {"order": order.order, "outcome": "refused", "why": why})

    def _tell(self, now: Now, acknowledge: bool) -> None:
        """Publish what has changed, and the lines that are due."""
        due = acknowledge or (self._publish_at_ns is not None and now.mono_ns >= self._publish_at_ns)
        ticked = self._tick_ns != self._looked_ns  # leases run out without an event
        if self.state.session is not None and (due or ticked or self.state is not self._looked_at or self._published is None):
            self._looked_at, self._looked_ns = self.state, self._tick_ns
            looked_at, self._basis = self._basis, basis(self.state, now)
            if due or self._published is None or self._basis != looked_at:
                self._tell_state(now, acknowledge)
        self._outbox, send = outbox.due(self._outbox, self._disk.last_seq, now.mono_ns)
        if send:
            self._send_lines()
        if now.mono_ns >= self._prune_ns + PRUNE_NS:
            self._prune_ns = now.mono_ns
            try:
                self._disk.prune(now.utc_ns)
            except DiskError as fault:
                log.warning("%s", fault)

    def _tell_state(self, now: Now, acknowledge: bool) -> None:
        report = reported(self.state, now, self._made)
        self._made = self.state, report
        told, before = without_clock(report), self._published
        if before is not None and not acknowledge and self._publish_at_ns is None and told == before:
            return
        if before is not None and told.doors == before.doors:
            self._publish_at_ns = self._publish_at_ns or now.mono_ns + COALESCE_NS
            if now.mono_ns < self._publish_at_ns:
                return
        self._publish_at_ns = None
        self._published = told
        self._publish("reported", encode(report), retain=True)

    def _send_lines(self) -> None:
        lines = self._disk.lines_after(self._outbox.acknowledged, outbox.BATCH)
        payload = encode(Events(self._disk.journal, lines))
        while len(payload) > EVENTS_BYTES and len(lines) > 1:
            lines = lines[: len(lines) // 2]
            payload = encode(Events(self._disk.journal, lines))
        self._publish("event", payload, retain=False)

    def _publish(self, leaf: str, payload: bytes, *, retain: bool) -> None:
        self._link.publish(self.topics.agent(self.commission.agent, leaf), payload, retain=retain)


def _version() -> str:
    try:
        return version("bidhall")
    except PackageNotFoundError:
        return "0"
