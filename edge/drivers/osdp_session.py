"""One life of libosdp's control panel on one line: refresh it, look at it, act on what the watch decides, pass on reads.

libosdp keeps the protocol and the keys; `osdp_watch` keeps the line alive.  The C binding `osdp_sys` is used and not
`osdp.ControlPanel`, whose thread sleeps a fixed 20 ms, dies of an exception and queues every event for ever.
All calls come from the bus thread: the library has no lock of its own.
"""

import logging
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from edge.drivers.osdp_advice import PORT_OPEN, QUARANTINED, TAMPER, TAMPER_CLEARED, advise
from edge.drivers.osdp_answer import PRESENT_AGAIN, Command
from edge.drivers.osdp_channel import ReaderChannel, SerialLine
from edge.drivers.osdp_slot import SlotState
from edge.drivers.osdp_watch import Notice, Renewal, Report, Seen, State, admits_card, look, new_link
from edge.drivers.protocols import CardRead, DeviceError, DeviceEvent, DeviceHealth, Emit

log = logging.getLogger(__name__)

BUSY_REFRESH_S = 0.005  # while libosdp may have more to say at once: handshakes, lamps
REPLY_REFRESH_S = 0.02  # while an answer is awaited: its bytes end the wait, only time-outs (200 ms) need the refresh
_POLL_NS = 51_000_000  # libosdp asks a reader again when more than 50 ms have passed since its last answer
_ANSWER_EXPECTED_NS = 300_000_000  # the agent decides on a card in a few ms
_ANSWER_LIFE_NS = 2_000_000_000  # a lamp that lights later than this confuses the next person
_EVENTS_WAITING = 64  # one refresh brings at most one event per reader
_STAYING = {State.ONLINE, *Notice}


def require_libosdp(device: str) -> None:
    try:
        import osdp_sys  # noqa: F401
    except ImportError as error:
        raise DeviceError(
            f"{device}: OSDP readers need libosdp ({error}); install bidhall[edge] on a 64-bit board, armv7l has no wheel"
        ) from error


class OsdpSession:
    """Call `turn` until it raises, then `close` and make a new one."""

    def __init__(self, device: str, port: str, baud: int, states: Sequence[SlotState], emit: Emit) -> None:
        import osdp_sys
        from osdp import Capability, Event, LibFlag, PDInfo, StatusReportType

        self._device = device
        self._states = states
        self._emit_to = emit
        self._facts: dict[str, object] = {"port": port, "baud": baud}
        self._line = SerialLine(port, baud)
        self._busy_until_ns = 0
        self._line_told: bool | None = None
        self._events: deque[tuple[int, Mapping[str, Any], int]] = deque(maxlen=_EVENTS_WAITING)
        self._card_read, self._status, self._local = Event.CardRead, Event.Status, StatusReportType.Local
        self._needs = (Capability.LEDControl, Capability.AudibleControl)
        now_ns = time.monotonic_ns()
        for state in states:
            state.link = replace(new_link(now_ns), told=state.link.told)
        # EnforceSecure: without it libosdp falls back to the public key SCBK-D and re-keys the reader by itself.
        flags = [LibFlag.EnforceSecure, LibFlag.IgnoreUnsolicited]
        osdp_sys.set_loglevel(osdp_sys.LOG_EMERG)  # it writes to standard output; what matters is told by DeviceHealth
        self._panel: Any = osdp_sys.ControlPanel(
            [PDInfo(s.slot.address, ReaderChannel(self._line, s), s.slot.scbk, s.slot.device[:16], flags).get() for s in states]
        )
        self._panel.set_event_callback(self._note_event)
        self._panel.set_command_completion_callback(_ignore_completion)

    def turn(self) -> None:
        """One refresh and all that follows from it; waits for the next at the end."""
        self._line.tend(time.monotonic_ns())
        self._panel.refresh()
        self._tell_line()
        self._watch()
        self._deliver()
        self._answer()
        self._line.wait(self._pause_s(time.monotonic_ns()))

    def _pause_s(self, now_ns: int) -> float:
        """Until libosdp has something to do.  A fixed 5 ms would cost four times the processor and some latency."""
        links = [state.link for state in self._states]
        if now_ns < self._busy_until_ns or not all(link.secure for link in links):
            return BUSY_REFRESH_S
        if any(link.asked_ns > link.heard_ns for link in links):
            return REPLY_REFRESH_S
        due_ns = min(link.heard_ns for link in links) + _POLL_NS
        return max(due_ns - now_ns, 1_000_000) / 1e9

    def close(self) -> None:
        self._panel = None  # breaks the cycle panel → callback → session, which Python's collector cannot see
        self._line.close()

    def _note_event(self, index: int, event: Mapping[str, Any]) -> int:
        """Called by libosdp inside `refresh`, where nothing may be raised or awaited."""
        self._events.append((index, event, time.monotonic_ns()))
        return 0

    def _tell_line(self) -> None:
        if self._line.is_open is self._line_told:
            return
        self._line_told = self._line.is_open
        if self._line.is_open:
            self._tell(self._device, True, State.ONLINE, advise(PORT_OPEN, **self._facts))
        else:
            self._tell(self._device, False, State.NO_PORT, advise(State.NO_PORT, fault=self._line.fault, **self._facts))

    def _watch(self) -> None:
        secure = self._panel.status() & self._panel.sc_status()
        for index, state in enumerate(self._states):
            seen = Seen(
                mono_ns=time.monotonic_ns(),
                port_open=self._line.is_open,
                enabled=not state.link.disabling or self._panel.is_pd_enabled(index),
                secure=bool(secure >> index & 1),
            )
            state.link, actions = look(state.link, seen)
            for action in actions:
                match action:
                    case Renewal.DISABLE:
                        self._panel.disable_pd(index)
                    case Renewal.ENABLE:
                        self._panel.enable_pd(index)
                    case Report(code, count):
                        self._tell_reader(state, code, ok=code in _STAYING, count=count)

    def _deliver(self) -> None:
        """Pass on what readers sent.  After `_watch`, so that a link that has just come up is already in quarantine."""
        while self._events:
            index, event, mono_ns = self._events.popleft()
            state = self._states[index]
            if event["event"] == self._card_read:
                self._deliver_card(state, event, mono_ns)
            elif event["event"] == self._status and event["type"] == self._local:
                tampered = bool(event["report"][0])
                if tampered is not state.tampered:
                    state.tampered = tampered
                    self._tell_reader(state, TAMPER if tampered else TAMPER_CLEARED, ok=True)

    def _deliver_card(self, state: SlotState, event: Mapping[str, Any], mono_ns: int) -> None:
        if not admits_card(state.link, mono_ns):
            self._tell_reader(state, QUARANTINED, ok=True)
            state.say(PRESENT_AGAIN)
            return
        card = bytes(event["data"])
        bits = event.get("length", 8 * len(card))  # ASCII reads have no bit length
        self._busy_until_ns = mono_ns + _ANSWER_EXPECTED_NS
        self._emit(CardRead(state.slot.device, card, bits, mono_ns))

    def _answer(self) -> None:
        for index, state in enumerate(self._states):
            while state.answers and state.link.secure:
                asked_ns, answer = state.answers.popleft()
                if time.monotonic_ns() - asked_ns < _ANSWER_LIFE_NS:
                    self._busy_until_ns = time.monotonic_ns() + _ANSWER_EXPECTED_NS
                    for command, capability in zip((answer.lamp, answer.tone), self._needs, strict=True):
                        self._command(index, command, capability)

    def _command(self, index: int, command: Command, capability: int) -> None:
        """Not to a reader that lacks the organ: it would refuse, and libosdp takes a refusal for the loss of the reader."""
        compliance, _ = self._panel.check_capability(index, capability)
        if compliance and not self._panel.submit_command(index, dict(command)):
            log.warning("%s: command queue is full, an answer was not shown", self._states[index].slot.device)

    def _tell_reader(self, state: SlotState, code: str, *, ok: bool, count: int = 0) -> None:
        detail = advise(code, address=state.slot.address, count=count, fault=self._line.fault, **self._facts)
        self._tell(state.slot.device, ok, code, detail)

    def _tell(self, device: str, ok: bool, code: str, detail: str) -> None:
        self._emit(DeviceHealth(device, ok, str(code), detail, time.monotonic_ns()))

    def _emit(self, event: DeviceEvent) -> None:
        try:
            self._emit_to(event)
        except Exception:
            log.exception("%s: the receiver of events failed", self._device)


def _ignore_completion(index: int, command: Mapping[str, Any], status: int) -> None:
    """libosdp prints a traceback when no callback is set.  A lost lamp command needs no repeat: the person has moved on."""
