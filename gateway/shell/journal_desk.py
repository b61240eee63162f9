"""The journal's side of the coordinator: takes the agents' lines, stores them once, answers with a signed acknowledgement.

What a line means for the venue (a passage moves a person, a segment enters the index) is applied in the same transaction.
"""

import json
import logging
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from gateway.core.journal_reach import Reach, extended
from gateway.core.presence.findings import Finding
from gateway.shell.agents import AgentBook
from gateway.shell.evidence_index import EvidenceIndex, GapRow, SegmentRow
from gateway.shell.presence_desk import PresenceDesk
from gateway.shell.store import Store
from gateway.trading.base import ItemKind
from gateway.trading.outbox import Outbox
from venue_model import signing
from venue_model.canonical import canonical_bytes, plain
from venue_model.groups import Role
from venue_model.ids import BoardId, DeviceId, DoorId, LotId, PersonKey, RoomId
from venue_model.moments import Now
from venue_model.signed import ack_bytes, exact, held_bytes
from venue_model.venue import Venue
from venue_model.wire import Command, Events, JournalEvent
from venue_model.zones import Zone

log = logging.getLogger(__name__)
ALARMS = frozenset({"alarm", "breach", "gap"})
ACK_TTL_MS = 60_000
COMMITTEE = frozenset({Role.EXP, Role.OWN_C})
# What a body of the wrong shape runs into.  A full or broken disk is not among them: then nothing may be acknowledged.
_BAD_BODY = (KeyError, TypeError, ValueError, OverflowError, sqlite3.IntegrityError, sqlite3.InterfaceError, sqlite3.ProgrammingError)


class JournalDesk:
    """Where every line of the venue comes together."""

    def __init__(
        self,
        venue: Venue,
        store: Store,
        index: EvidenceIndex,
        outbox: Outbox,
        agents: AgentBook,
        presence: PresenceDesk,
        policy_key: bytes,
        projects: Callable[[str], str | None],
        holder_of: Callable[[str], tuple[PersonKey, LotId] | None],
    ) -> None:
        self.venue = venue
        self.store = store
        self.index = index
        self.outbox = outbox
        self.agents = agents
        self.presence = presence
        presence.tell, presence.note = self.tell, self.note
        self.policy_key = policy_key
        self.project_of = projects  # lot → project
        self.holder_of = holder_of  # beginning of a credential's digest → who holds it, in which lot
        self.lines: Callable[[list[dict[str, Any]]], None] = lambda lines: None
        self.audited: Callable[[Mapping[str, Any]], None] = lambda line: None  # an own line, in the transaction that stores it
        self._reach: dict[tuple[BoardId, str], Reach] = {}

    def take(self, board: BoardId, events: Events, now: Now) -> bool:
        """Store what is new, apply it, acknowledge.  True when policies must follow: somebody was authorised, or has moved where a door
        asks for what other doors saw."""
        if not events.events:
            return False
        follow = False
        fresh: list[dict[str, Any]] = []
        with self.store.transaction():
            for event in (self._identified(_readable(event)) for event in events.events):
                project, room = self._place(event)
                if self.store.add_journal(board, events.journal, event, now.utc_ns, project=project, room=room):
                    fresh.append(_line(board, event, project, room))
                    follow |= self._apply_or_tell(board, event, project, fresh, now)
            through = self._reached(board, events, fresh, now)
        self._acknowledge(board, events.journal, through, now)
        if self._reach[board, events.journal].beyond is not None:
            self.tell_held(board, now)
        if fresh:
            self.lines(fresh)
        return follow

    def _identified(self, event: JournalEvent) -> JournalEvent:
        """A refusal with the person whom the door could not know: it has digests of other rooms' passes, not their holders."""
        credential = event.body.get("credential")
        if event.kind != "refusal" or event.body.get("person") or not isinstance(credential, str) or len(credential) < 8:
            return event
        holder = self.holder_of(credential)
        if holder is None:
            return event
        person, lot = holder
        return replace(event, lot=lot, body={**event.body, "person": person, "lot": lot, "identified_by": "gateway"})

    def _apply_or_tell(self, board: BoardId, event: JournalEvent, project: str | None, fresh: list[dict[str, Any]], now: Now) -> bool:
        """A line that cannot be applied is kept as it is, and told: one bad line must not hold up all that follow it."""
        try:
            with self.store.transaction():
                follow = self._apply(board, event, project, now)
                fresh += [self._told(finding, now) for finding in self.presence.hear(_line(board, event, project, None), now)]
                return follow
        except _BAD_BODY as error:
            log.warning("agent=%s seq=%d kind=%s not applied: %r", board, event.seq, event.kind, error)
            detail = f"line {event.seq} ({event.kind}) is kept but means nothing here: {error!r}"
            fresh.append(self._own_line("alarm", {"code": "bad-line", "agent": board, "detail": detail}, now))
            return False

    def _reached(self, board: BoardId, events: Events, fresh: list[dict[str, Any]], now: Now) -> int:
        """How far this journal is here without a hole."""
        key = (board, events.journal)
        reach = self._reach.get(key) or Reach(self.store.journal_through(*key))
        stored = self.store.journal_after(*key, reach.through)
        after, lost = extended(reach, min(event.seq for event in events.events), stored, now.mono_ns)
        if lost:
            detail = f"lines {lost.start} to {lost.stop - 1} of journal {events.journal} never arrived"
            fresh.append(self._own_line("alarm", {"code": "journal-hole", "agent": board, "detail": detail}, now))
        if after.through != reach.through:
            self.store.save_journal_through(*key, after.through)
        self._reach[key] = after
        return after.through

    def _acknowledge(self, board: BoardId, journal: str, through: int, now: Now) -> None:
        """Only after the commit: the agent may forget these lines now."""
        signature = signing.sign(self.policy_key, ack_bytes(board, journal, through)).hex()
        command = Command(
            f"ack-{through}", "ack", now.utc_ns, ACK_TTL_MS, {"journal": journal, "through": through}, signature
        )
        self.agents.send(board, "command", command, retain=False)

    def tell_held(self, board: BoardId, now: Now) -> None:
        """Say which lines are here: after a restore an agent sends again what an earlier life of this gateway acknowledged."""
        journals = self.store.journals_through(board)
        signature = signing.sign(self.policy_key, held_bytes(board, journals, now.utc_ns)).hex()
        command = Command(f"held-{now.utc_ns}", "held", now.utc_ns, ACK_TTL_MS, {"journals": journals}, signature)
        self.agents.send(board, "command", command, retain=False)

    def note(self, kind: str, body: dict[str, Any], now: Now, *, lot: str | None = None, project: str | None = None) -> None:
        """A line of the gateway's own."""
        self.lines([self._own_line(kind, body, now, lot=lot, project=project)])

    def _own_line(
        self, kind: str, body: dict[str, Any], now: Now, *, lot: str | None = None, project: str | None = None
    ) -> dict[str, Any]:
        project = project or (self.project_of(lot) if lot else None)
        door = self.venue.doors.get(DoorId(str(body.get("door"))))
        room = door.inside if door else None
        with self.store.transaction():
            line = _line("", self.store.own_line(kind, body, now.utc_ns, lot=lot, project=project, room=room), project, room)
            self.audited(line)
        self.presence.hear(line, now)
        return line

    def tell(self, findings: Iterable[Finding], now: Now) -> None:
        """Alarms of what presence found."""
        with self.store.transaction():
            lines = [self._told(finding, now) for finding in findings]
        self.lines(lines)

    def _told(self, finding: Finding, now: Now) -> dict[str, Any]:
        line = self._own_line("alarm", finding.body(), now, lot=finding.lot)
        if finding.to_platform:
            event = JournalEvent(line["seq"], now.utc_ns, "alarm", line["body"], finding.lot)
            self._anomaly("gateway", event, line["project"], finding.code, finding.level, key=finding.case)
        return line

    def _place(self, event: JournalEvent) -> tuple[str | None, str | None]:
        """Project and room of a line, so that it is found by them."""
        room = event.body.get("room")
        door = self.venue.doors.get(DoorId(str(event.body.get("door"))))
        if room is None and door is not None:
            room = door.inside
        device = self.venue.devices.get(DeviceId(str(event.body.get("device"))))
        if room is None and device is not None:
            room = device.room
        lot = event.lot or event.body.get("lot")
        project = self.project_of(str(lot)) if lot else event.body.get("project")
        return (str(project) if project else None), (str(room) if room else None)

    def _apply(self, board: BoardId, event: JournalEvent, project: str | None, now: Now) -> bool:
        body = event.body
        match event.kind:
            case "passage":
                return self._passage(board, event, project)
            case "refusal":
                self._anomaly(board, event, project, f"refused-{body.get('rule')}", "info")
            case "segment":
                self._segment(body)
            case "gap":
                self._gap(body)
                if project != self.venue.id:  # shared cameras record for the venue: no lot of the platform misses anything
                    self._anomaly(board, event, project, "recording-gap", "alarm", key=f"{body['camera']}-{body['from_utc_ns']}")
            case "alarm" | "breach":
                self._anomaly(board, event, project, str(body.get("code", event.kind)), "alarm")
        return False

    def _passage(self, board: BoardId, event: JournalEvent, project: str | None) -> bool:
        body = event.body
        person, lot, group = body.get("person"), body.get("lot"), body.get("group")
        if not person or not lot:
            return bool(person) and self.presence.feeds_doors
        self.outbox.put(
            ItemKind.ARRIVAL,
            f"arrival-{board}-{event.seq}-{event.utc_ns}",
            {
                "project": project or "", "lot": str(lot), "person": str(person), "role": str(group), "zone": str(body.get("to", "")),
                "direction": str(body.get("direction", "")), "method": str(body.get("how", "")), "device": str(body.get("door", "")),
                "utc_ns": event.utc_ns,
            },
            event.utc_ns,
        )  # fmt: skip
        entered = self.venue.component_of.get(RoomId(str(body.get("to", ""))))
        at_intake = entered is not None and Zone.INTAKE in self.venue.zones_of(entered)
        if body.get("direction") == "in" and at_intake and group in COMMITTEE:
            # Identity was proven at the entrance: from now on the entry window runs (I3).
            self.store.authorise(LotId(str(lot)), PersonKey(str(person)), event.utc_ns, "intake")
            return True
        return self.presence.feeds_doors

    def _segment(self, body: Mapping[str, Any]) -> None:
        self.index.add_segment(
            SegmentRow(
                body["project"], body["lot"], body["track"], body["seq"], body["room"], body["start_utc_ns"], body["end_utc_ns"],
                f"{body['project']}/{body['lot']}/{body['track']}/{body['file']}", body["bytes"], body["sha256"], body["sm3"], body,
            )
        )  # fmt: skip

    def _gap(self, body: Mapping[str, Any]) -> None:
        if body.get("to_utc_ns") is not None:
            self.index.add_gap(
                GapRow(body["project"], body["lot"], body["track"], body["from_utc_ns"], body["to_utc_ns"], body["cause"])
            )

    def _anomaly(self, board: str, event: JournalEvent, project: str | None, code: str, level: str, key: str = "") -> None:
        """Tell the platform, which knows lots and nothing else of the house.  `key` names an anomaly of several lines: told once."""
        lot = str(event.lot or event.body.get("lot") or "")
        if not lot or project is None:
            return
        self.outbox.put(
            ItemKind.ANOMALY,
            f"anomaly-{board}-{key or f'{event.seq}-{event.utc_ns}'}",
            {
                "project": project, "lot": lot, "code": code, "name": code,
                "info": str(event.body.get("because") or event.body.get("detail") or ""), "level": level,
                "zone": str(event.body.get("door") or event.body.get("device") or ""), "utc_ns": event.utc_ns,
            },
            event.utc_ns,
        )  # fmt: skip


def _readable(event: JournalEvent) -> JournalEvent:
    """The line, or what can be kept of one whose body has no canonical form: it could never go into a package."""
    try:
        canonical_bytes(exact(plain(event.body)))
    except (TypeError, ValueError) as error:
        text = json.dumps(event.body, ensure_ascii=True)[:2000]
        return replace(event, kind="unreadable", body={"kind": event.kind, "fault": str(error), "text": text})
    return event


def _line(board: str, event: JournalEvent, project: str | None, room: str | None) -> dict[str, Any]:
    person = event.body.get("person")
    return {
        "agent": board, "seq": event.seq, "utc_ns": event.utc_ns, "kind": event.kind, "lot": event.lot, "project": project, "room": room,
        "person": person if isinstance(person, str) else None, "body": event.body,
    }  # fmt: skip
