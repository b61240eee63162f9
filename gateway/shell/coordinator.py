"""The gateway's heart: takes messages, presses and time, and lets the desks act.  One event loop, one thread, one database.

Everything here returns quickly; what must wait (the platform, a seal) runs beside it and comes back as a call.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import replace

from gateway.core.access import digests
from gateway.core.day import LotState, Refusal, live, may_press, seals_after
from gateway.core.parts import evaluation_rooms
from gateway.core.retelling import retold
from gateway.core.scene_run import Run, held_by
from gateway.shell.agents import AgentBook, CommitFirst, Link
from gateway.shell.curfew_desk import CurfewDesk
from gateway.shell.evidence_index import EvidenceIndex
from gateway.shell.guard_desk import GuardDesk
from gateway.shell.journal_desk import JournalDesk
from gateway.shell.override_desk import OverrideDesk
from gateway.shell.people_desk import PeopleDesk
from gateway.shell.presence_desk import PresenceDesk
from gateway.shell.scene_book_desk import SceneBookDesk
from gateway.shell.scene_desk import SceneDesk
from gateway.shell.store import Store
from gateway.shell.twin_desk import TwinDesk
from gateway.shell.warden import ApprovalError, Warden
from gateway.trading.base import EventKind, ItemKind, PhaseEvent
from gateway.trading.codes import codes_of, of_lot
from gateway.trading.outbox import Outbox
from venue_model import signing
from venue_model.door_policy import Approval
from venue_model.ids import BoardId, ComponentId, DoorId, LotId, PersonKey, RunId
from venue_model.lots import Lot, Phase
from venue_model.moments import Now, S
from venue_model.scenes import SCENES, SceneId
from venue_model.signed import pulse_bytes
from venue_model.venue import Name, Venue
from venue_model.wire import Command, Events, GatewayStatus, Meta, Renewal, Reported, Status, Topics, WireError, decode, encode
from venue_model.zones import ZONE_NAMES, Zone

log = logging.getLogger(__name__)
Changed = Callable[[str, str], None]  # (section of the state, id)
PULSE_TTL_MS = 5_000
MANY = 10  # reports in a tick, and a tenth of all boards: more come only in answer to a scene, or when all connect
BAD_MESSAGE_EVERY_NS = 60 * S


def clock() -> Now:
    """This machine's now."""
    return Now(time.monotonic_ns(), time.time_ns())


class Coordinator:
    """One venue's coordinator."""

    def __init__(
        self,
        venue: Venue,
        store: Store,
        index: EvidenceIndex,
        outbox: Outbox,
        link: Link,
        policy_key: bytes,
        epoch: int,
        changed: Changed,
        new_run: Callable[[], RunId],
        *,
        clock: Callable[[], Now] = clock,
    ) -> None:
        self.venue = venue
        self.store = store
        self.index = index
        self.outbox = outbox
        self.link = CommitFirst(link, store)
        self.epoch = epoch
        self.topics = Topics(venue.id)
        self.changed = changed
        self.policy_key = policy_key
        self.clock = clock
        self.agents = AgentBook(venue, store, self.topics, self.link, epoch)
        self.warden = Warden(venue, store, self.agents, policy_key, lambda component: changed("components", component))
        self.scenes = SceneDesk(venue, store, self.agents, self.warden, epoch, new_run)
        self.presence = PresenceDesk(venue, store, self.agents, lambda: self.day)
        self.journal = JournalDesk(
            venue, store, index, outbox, self.agents, self.presence, policy_key, self._project_of, self._holder_of
        )
        self.people = PeopleDesk(store, self.journal.note)
        self.presence.listed = self.people.found
        self.book = SceneBookDesk(venue, store, self.scenes, self.journal, lambda: changed("book", ""))
        self.overrides = OverrideDesk(venue, store, self.agents, self.scenes, self.journal, lambda: changed("overlays", ""))
        self.guard = GuardDesk(venue, store, self.warden, self.journal, lambda: self.day, self._lockdown_changed)
        self._lock_signs()
        self.twins = TwinDesk(
            venue, store, self.agents, self.scenes, self.warden, self.journal.note, lambda twin: changed("twins", twin), policy_key
        )
        self.scenes.answers.quarantined = lambda: self.twins.quarantined
        self.curfew = CurfewDesk(venue, lambda: self.day, self.journal.note)
        self.warden.presence = lambda: self.presence.presence
        self.warden.outrun = self._outrun
        self.scenes.finished = self._scene_finished
        self.scenes.touched = lambda lot: changed("lots", lot)
        outbox.codes_of = lambda body: codes_of(self.day, body)
        self.lot_over: Callable[[LotId], None] = lambda lot: None  # told when a lot's package is due
        self.renewal: Callable[[BoardId, Renewal, Now], None] = lambda board, renewal, now: None  # told by boards with certificates
        self._complained: dict[tuple[BoardId, str], int] = {}
        self.bad_messages = 0
        # Of the reports since `settle`: whose they were, and whether a domain has learned something.
        self._answered: set[BoardId] = set()
        self._learned = False
        self._heard = 0  # reports since the last tick

    def _lockdown_changed(self) -> None:
        self._lock_signs()
        self.changed("lockdown", "")

    def _lock_signs(self) -> None:
        lockdown = self.guard.lockdown
        if lockdown is not None or self.scenes.orders.claims:
            self.overrides.locked_down(lockdown.components if lockdown else (), lockdown.by if lockdown else "", self.clock())

    @property
    def day(self) -> dict[LotId, LotState]:
        """The lots and where they stand."""
        return self.scenes.day

    def _project_of(self, lot: str) -> str | None:
        state = self.day.get(LotId(lot))
        return state.lot.project if state else None

    def _holder_of(self, credential: str) -> tuple[PersonKey, LotId] | None:
        """Whose pass has a digest that begins like this."""
        for state in live(self.day):
            for person in state.lot.people:
                if any(digest.startswith(credential) for digest in digests(person, self.warden.salt)):
                    return person.person, state.lot.id
        return None

    # the broker

    def connected(self, now: Now) -> None:
        """The broker may have lost everything that it retained: send it all anew."""
        self.link.publish(self.topics.gateway, encode(GatewayStatus(True, self.epoch)), retain=True)
        self.warden.pursue(self.day, now)
        self.warden.send(self.day, self.venue.boards, now, renew=True)
        for board in self.venue.boards:
            self.scenes.send_desired(board, now)

    def message(self, topic: str, payload: bytes, now: Now) -> None:
        """A message from an agent, alone."""
        self.hear(topic, payload, now)
        self.settle(now)

    def settle(self, now: Now) -> None:
        """What follows from all reports since the last time: a thousand devices that answer at once are a few steps and not a thousand."""
        answered, learned = self._answered, self._learned
        self._answered, self._learned = set(), False
        if learned:
            with self.link.after_commit():
                self.warden.pursue(self.day, now)
                self.scenes.take_answers(now, only=answered)
        elif answered:
            self.scenes.take_answers(now, only=answered)

    def hear(self, topic: str, payload: bytes, now: Now) -> None:
        """One of several messages that came together; `settle` after the last.  A malformed one changes nothing and is recorded once
        a minute for each kind."""
        parsed = self.topics.parse_agent(topic)
        if parsed is None or parsed[0] not in self.venue.boards:
            return
        board, leaf = parsed
        try:
            self._dispatch(board, leaf, payload, now)
        except WireError as error:
            self.bad_messages += 1
            if now.mono_ns - self._complained.get((board, leaf), -BAD_MESSAGE_EVERY_NS) >= BAD_MESSAGE_EVERY_NS:
                self._complained[board, leaf] = now.mono_ns
                log.warning("agent=%s topic=%s refused: %s", board, leaf, error)
                self.journal.note("alarm", {"code": "bad-message", "agent": board, "detail": str(error)}, now)

    def _dispatch(self, board: BoardId, leaf: str, payload: bytes, now: Now) -> None:
        match leaf:
            case "status":
                if self.agents.status(board, decode(Status, payload), now.utc_ns):
                    self.journal.tell_held(board, now)
                    self.warden.send(self.day, [board], now)
                    self.scenes.send_desired(board, now)
                self.scenes.reachable()
                self.twins.status(board, now)
                self.changed("boards", board)
                self.changed("overlays", "")
            case "reported":
                self._reported(board, decode(Reported, payload), now)
            case "event":
                if self.journal.take(board, decode(Events, payload), now):
                    self.warden.pursue(self.day, now)
                for lot in self.day:
                    self.changed("lots", lot)
            case "meta":
                self.twins.meta(board, decode(Meta, payload))
            case "renewal":
                self.renewal(board, decode(Renewal, payload), now)

    def _reported(self, board: BoardId, reported: Reported, now: Now) -> None:
        agent = self.agents[board]
        if reported.session < agent.session:
            return
        before = agent.reported
        agent.reported = reported
        for device, report in reported.devices.items():
            if before is None or before.devices.get(device) != report:
                self.changed("devices", device)
        self._answered.add(board)
        self._heard += 1
        for door, stand in reported.doors.items():
            if before is None or before.doors.get(door) != stand:
                self.changed("doors", door)
                # A board speaks for its own doors alone: another's word about a door that it does not guard counts for nothing.
                if door in self.venue.doors and self.venue.doors[door].board == board:
                    self._learned |= self.warden.take_report(door, stand, now)
        self.twins.reported(board, before, reported, now)
        self.overrides.reported(board, reported, now)

    def _outrun(self, component: ComponentId, door: DoorId, now: Now) -> None:
        detail = f"door {door} holds a newer policy than this database; {component} begins a new term, CLEAR and sealed"
        self.journal.note("alarm", {"code": "older-database", "door": door, "component": component, "detail": detail}, now)

    def tick(self, now: Now) -> None:
        """Call every 50 ms or so."""
        self.scenes.wake(now)
        self.warden.renew(self.day, now)
        self.presence.tick(now)
        self.guard.wake(now)
        self.curfew.tick(now)
        heard, self._heard = self._heard, 0
        if heard <= MANY + len(self.venue.boards) // MANY:
            self.twins.tick(now)  # it compares and records; that waits while the answers to a scene pour in

    # presses

    def press(self, lot: LotId, scene: str, by: str, approvals: dict[ComponentId, tuple[Approval, ...]], now: Now) -> Run | Refusal:
        """Staff press a scene.  Approvals are checked first; nothing changes when they do not suffice."""
        found = may_press(self.venue, self.day, lot, scene, self.warden.inside())
        if isinstance(found, Refusal):
            return found
        needed = self.seals_lifted_by(lot, scene)
        try:
            for component in needed:
                self.warden.approve(component, "release", approvals.get(component, ()))
        except ApprovalError as error:
            return Refusal("approval", Name(f"审批无效:{error}", f"approval refused: {error}"))
        approvers = sorted({a.approver for component in needed for a in approvals[component]})
        with self.link.after_commit():
            self.journal.note("press", {"scene": scene, "by": by, "approvers": approvers}, now, lot=lot)
            return self.scenes.press(lot, scene, by, now)

    def go_on(self, run: RunId, by: str, reason: str, now: Now) -> bool:
        """A person goes on without the members that hold a run's stage, and says why; False when none does."""
        held = [row.id for row in held_by(found)] if (found := self.scenes.run(run)) else []
        if not held:
            return False
        self.journal.note("scene-decision", {"run": run, "decision": "go-on", "without": held, "by": by, "reason": reason}, now)
        return self.scenes.go_on(run, by, reason, now)

    def try_again(self, run: RunId, by: str, now: Now) -> bool:
        """A person has seen to the members that hold a run's stage; False when none does."""
        held = [row.id for row in held_by(found)] if (found := self.scenes.run(run)) else []
        if not held:
            return False
        self.journal.note("scene-decision", {"run": run, "decision": "retry", "without": held, "by": by, "reason": ""}, now)
        return self.scenes.try_again(run, now)

    def seals_lifted_by(self, lot: LotId, scene: str) -> list[ComponentId]:
        """The sealed domains that a scene would open, and that therefore need two approvals."""
        state = self.day.get(lot)
        if state is None or scene not in set(SceneId):
            return []
        after = seals_after(self.venue, self.day, state, SCENES[SceneId(scene)])
        return [component for component, sealed in after.items() if self.warden.domains[component].seal and not sealed]

    def authorise(self, lot: LotId, person: PersonKey, by: str, now: Now) -> bool:
        """Open a person's entry window anew; False when the person is not on the lot's roster."""
        state = self.day.get(lot)
        if state is None or all(p.person != person for p in state.lot.people):
            return False
        with self.store.transaction():
            self.store.authorise(lot, person, now.utc_ns, by)
            self.journal.note("authorise", {"person": person, "by": by}, now, lot=lot)
        self.warden.pursue(self.day, now)
        return True

    def check_out(self, lot: LotId, person: PersonKey, by: str, now: Now) -> bool:
        """Staff confirm that a person may leave the opening area (I15); False when the person is not on the lot's roster."""
        state = self.day.get(lot)
        if state is None or all(p.person != person for p in state.lot.people):
            return False
        self.journal.note("checkout", {"person": person, "by": by}, now, lot=lot)
        return True

    def tick_off(self, person: PersonKey, outside: bool, by: str, now: Now) -> bool:
        """Somebody saw a person outside, or takes that back; False when no door ever saw the person."""
        known = self.presence.everybody().get(person)
        if known is None:
            return False
        self.journal.note("muster", {"person": person, "outside": outside, "by": by}, now, lot=known.lot)
        return True

    def pulse(self, door_id: DoorId, by: str, now: Now) -> Refusal | None:
        """Open one door once for somebody who stands before staff.  The door's board decides: never into a sealed, CLEAR or burning
        room, and only while its lease lives.  Journaled before it is sent."""
        door = self.venue.doors.get(door_id)
        if door is None or door.board is None:
            return Refusal("unknown-door", Name(f"没有受控的门 {door_id}", f"there is no controlled door {door_id}"))
        if not self.agents[door.board].online:
            words = self.venue.boards[door.board].name
            return Refusal("offline", Name(f"{words.zh} 离线,请到现场处理", f"{words.en} is offline; see to it on the spot"))
        command = f"pulse-{now.utc_ns}"
        self.journal.note("pulse", {"door": door_id, "by": by, "command": command}, now)
        signature = signing.sign(self.policy_key, pulse_bytes(door.board, door_id, command, now.utc_ns)).hex()
        message = Command(command, "pulse", now.utc_ns, PULSE_TTL_MS, {"door": door_id}, signature)
        self.agents.send(door.board, "command", message, retain=False)
        return None

    def _scene_finished(self, run: Run) -> None:
        now = self.clock()
        failed = [{"id": r.id, "code": r.code, "text": r.text} for r in run.rows if not r.done]
        state = self.day[run.lot]
        with self.store.transaction():
            body = {"run": run.id, "scene": run.scene, "result": run.result, "by": run.by, "failed": failed}
            self.journal.note("scene", body, now, lot=run.lot)
            self.outbox.put(
                ItemKind.SCENE,
                f"scene-{run.id}",
                {
                    "project": state.lot.project, "lot": run.lot, "scene": run.scene, "run": run.id, "result": run.result or "",
                    "began_utc_ns": run.began_utc_ns, "ended_utc_ns": run.ended_utc_ns or 0,
                    "devices": [{"id": r.id, "code": r.code, "latency_ms": r.latency_ms} for r in run.rows],
                },
                now.utc_ns,
            )  # fmt: skip
        if state.phase in (Phase.CLOSED, Phase.ABORTED) and run.result != "failed":
            self.lot_over(run.lot)

    # the platform

    def take_lots(self, lots: tuple[Lot, ...], now: Now) -> None:
        """Lots as the platform tells them; called inside its transaction.  A lot that the venue cannot serve is noted, not taken."""
        for lot in lots:
            if fault := self._misplaced(lot):
                self.journal.note("alarm", {"code": "unknown-room", "detail": f"lot {lot.id}: {fault}"}, now)
                continue
            known = self.day.get(lot.id)
            booked = LotState(lot, Phase.BOOKED, now.utc_ns, Phase.BOOKED)
            state, kept = retold(self.venue, self.day, known, lot) if known else (booked, False)
            if kept:
                detail = f"lot {lot.id} is in phase {state.phase}: the platform's room change comes too late and is not followed"
                self.journal.note("alarm", {"code": "late-room-change", "detail": detail}, now, lot=lot.id)
            self.day[lot.id] = state
            self.store.save_lot(state)
            self.journal.note("lot", {"version": lot.version, "codes": of_lot(lot)}, now, lot=lot.id)  # so its codes stand in the evidence
            self.changed("lots", lot.id)

    def _misplaced(self, lot: Lot) -> str | None:
        """Why the venue cannot serve a lot where the platform booked it, or None."""
        seats = [(person.seat, Zone.EVALUATION) for person in lot.people]
        if lot.opening_room is None and not evaluation_rooms(self.venue, lot):
            return "it has neither an opening room nor an evaluation room or seat here"
        for room, zone in ((lot.opening_room, Zone.OPENING), (lot.evaluation_room, Zone.EVALUATION), *seats):
            fitting = [r.id for r in self.venue.rooms_of(zone)]
            if room is not None and room not in fitting:
                return f"{room} is no {ZONE_NAMES[zone][1]} of this venue; there are {', '.join(fitting) or 'none'}"
        return None

    def take_phase_event(self, event: PhaseEvent, now: Now) -> None:
        """What the platform announces.  It never moves a phase by itself: a person presses (domain brief 2.3)."""
        state = self.day.get(event.lot)
        body = {"event": event.kind, "id": event.id, "at_utc_ns": event.utc_ns}
        self.journal.note("platform", body, now, lot=event.lot if state else None)
        if state is None:
            return
        lot = state.lot
        if event.kind is EventKind.BIDDER_COUNT and event.bidders is not None:
            lot = replace(lot, bidders=event.bidders)
        if event.kind is EventKind.WITHDRAWN and event.person is not None:
            lot = replace(lot, people=tuple(replace(p, withdrawn=True) if p.person == event.person else p for p in lot.people))
        if lot is not state.lot:
            self.day[event.lot] = replace(state, lot=lot)
            self.store.save_lot(self.day[event.lot])
        self.changed("lots", event.lot)

    def after_platform(self, now: Now) -> None:
        """The platform's transaction is committed: now the doors and screens follow."""
        self.scenes.refresh(now)

