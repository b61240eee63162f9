"""What people do to guarded domains outside the scenes of lots: approvals of two, lockdown, exception passes.

Everything here is journaled with who did it and why, and stored before a door hears of it.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from gateway.core.day import Day, Refusal
from gateway.core.exception_pass import ExceptionPass, check_exception
from gateway.shell.journal_desk import JournalDesk
from gateway.shell.store import Store
from gateway.shell.warden import ApprovalError, Warden
from venue_model.door_policy import Approval
from venue_model.ids import ComponentId
from venue_model.moments import Now
from venue_model.venue import Name, Venue

LOCKDOWN = "lockdown"
_EXCEPTION = TypeAdapter(ExceptionPass)


@dataclass(frozen=True, slots=True)
class Lockdown:
    """Nobody enters these domains, whatever a scene says; everybody may leave."""

    components: tuple[ComponentId, ...]
    by: str
    reason: str
    utc_ns: int


_LOCKDOWN = TypeAdapter(Lockdown)


class GuardDesk:
    """One venue's acts on its domains."""

    def __init__(
        self, venue: Venue, store: Store, warden: Warden, journal: JournalDesk, day: Callable[[], Day], changed: Callable[[], None]
    ) -> None:
        self.venue = venue
        self.store = store
        self.warden = warden
        self.journal = journal
        self.day = day
        self.changed = changed  # told when the lockdown has changed
        stored = store.setting(LOCKDOWN)
        self.lockdown = _LOCKDOWN.validate_json(stored) if stored else None
        self.exceptions = {row[0]: _EXCEPTION.validate_json(row[1]) for row in store.exceptions()}
        self.warden.exceptions = self.holding
        self.warden.lockdown = self._locked()
        self._held: tuple[ExceptionPass, ...] = ()

    def _locked(self) -> frozenset[ComponentId]:
        return frozenset(self.lockdown.components) if self.lockdown else frozenset()

    def holding(self, now: Now) -> tuple[ExceptionPass, ...]:
        """The exception passes whose time it is."""
        return tuple(e for e in self.exceptions.values() if e.from_utc_ns <= now.utc_ns < e.until_utc_ns)

    def wake(self, now: Now) -> None:
        """Exception passes begin and end by the clock."""
        held = self.holding(now) if self.exceptions else ()
        if held != self._held:
            self._held = held
            self.warden.pursue(self.day(), now)

    def due_utc_ns(self, now: Now) -> int | None:
        """When the next exception pass begins or ends."""
        moments = [moment for e in self.exceptions.values() for moment in (e.from_utc_ns, e.until_utc_ns)]
        return min((moment for moment in moments if moment > now.utc_ns), default=None)

    # two people

    def approve(self, component: ComponentId, act: str, approvals: tuple[Approval, ...], by: str, now: Now) -> Refusal | None:
        """Take two people's word for an act that a domain waits for: lift a seal, admit a separated group, or a sweep."""
        if component not in self.venue.components:
            known = ", ".join(self.venue.components)
            return Refusal("unknown-component", Name(f"没有受控区域 {component}", f"there is no domain {component}; domains: {known}"))
        if act not in self.warden.acts(component):
            return Refusal("not-waiting", Name("该区域现在不需要此审批", f"{component} does not wait for {act}; load its commands again"))
        signed = json.loads(self.warden.act_text(component, act))
        try:
            self.warden.approve(component, act, approvals)
        except ApprovalError as error:
            return Refusal("approval", Name(f"审批无效:{error}", f"approval refused: {error}"))
        command = {name: signed[name] for name in ("component", "act", "term", "epoch")}
        body = {**command, "approvers": sorted(a.approver for a in approvals), "by": by}
        self.journal.note("approval", body, now)
        self.warden.pursue(self.day(), now)
        return None

    # lockdown

    def lock(self, components: Iterable[str], by: str, reason: str, now: Now) -> Refusal | None:
        """Close domains to everybody, all of them when none is named.  Nobody is kept in (I11)."""
        named = tuple(ComponentId(c) for c in components) or tuple(self.venue.components)
        if unknown := [c for c in named if c not in self.venue.components]:
            return Refusal("unknown-component", Name(f"没有受控区域 {unknown[0]}", f"there is no domain {unknown[0]}"))
        if not reason.strip():
            return Refusal("reason", Name("请写明原因", "say why"))
        before = self.lockdown.components if self.lockdown else ()
        self.lockdown = Lockdown(tuple(sorted({*before, *named})), by, reason, now.utc_ns)
        self._keep_lockdown({"on": True, "components": list(named), "by": by, "reason": reason}, now)
        return None

    def lift(self, by: str, now: Now) -> Refusal | None:
        """End the lockdown; the doors return to what the day asks, by the ordinary way of CLEAR and counts."""
        if self.lockdown is None:
            return Refusal("no-lockdown", Name("现在没有封控", "there is no lockdown"))
        self.lockdown = None
        self._keep_lockdown({"on": False, "by": by}, now)
        return None

    def _keep_lockdown(self, body: dict[str, Any], now: Now) -> None:
        with self.store.transaction():
            if self.lockdown is None:
                self.store.forget_setting(LOCKDOWN)
            else:
                self.store.set_setting(LOCKDOWN, _LOCKDOWN.dump_json(self.lockdown).decode())
            self.journal.note("lockdown", body, now)
        self.warden.lockdown = self._locked()
        self.warden.pursue(self.day(), now)
        self.changed()

    # exception passes

    def give(self, exception: ExceptionPass, by: str, now: Now) -> Refusal | None:
        """Let somebody in who has no part in the day: with a reason, an approver, an escort and an end."""
        if refusal := check_exception(self.venue, self.day(), exception, self.warden.inside()):
            return refusal
        with self.store.transaction():
            self.store.save_exception(exception.id, _EXCEPTION.dump_json(exception).decode(), exception.until_utc_ns)
            shown = {name: value for name, value in json.loads(_EXCEPTION.dump_json(exception)).items() if name != "card"}
            self.journal.note("exception-pass", {**shown, "by": by}, now, lot=exception.lot)
        self.exceptions[exception.id] = exception
        self.wake(now)
        return None

    def withdraw(self, id: str, by: str, now: Now) -> Refusal | None:
        """End an exception pass before its time."""
        exception = self.exceptions.pop(id, None)
        if exception is None:
            return Refusal("unknown-pass", Name(f"没有例外通行证 {id}", f"there is no exception pass {id}"))
        with self.store.transaction():
            self.store.forget_exception(id)
            self.journal.note("exception-withdrawn", {"id": id, "by": by}, now, lot=exception.lot)
        self.wake(now)
        return None
