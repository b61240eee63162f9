"""The evidence's side of the coordinator: seals a project when its lots are over, and records who reads what."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gateway.core.presence.trajectory import Step
from gateway.evidence.dossier import Dossier, EvidenceError, SegmentRef
from gateway.evidence.keys import SealKeys
from gateway.evidence.seal import Sealed, seal_project
from gateway.evidence.translog import TransparencyLog
from gateway.shell.coordinator import Coordinator, clock
from gateway.shell.evidence_index import EvidenceIndex, PackageRow, SegmentRow
from gateway.shell.store import Store
from gateway.trading.base import ItemKind
from venue_model.canonical import canonical_bytes
from venue_model.ids import DeviceId, LotId
from venue_model.lots import Lot, Phase
from venue_model.manifest import Gap
from venue_model.moments import MS, Now, S, utc_text
from venue_model.signed import exact
from venue_model.venue import Venue

log = logging.getLogger(__name__)
OVER = frozenset({Phase.CLOSED, Phase.ABORTED})
LOOK_S = 600  # a browser fetches one segment in many ranges: all of them in this time are one look, and one line
SETTLE_S = 0.2  # between looks at whether the last segments have arrived
SETTLE_LOOKS = 50  # 10 s: then the seal is made with what is there, and says what is missing
# What of the journal belongs in a project's package.  Policies and device chatter stay in the venue's journal.
TOLD = (
    "press", "scene", "grant", "await", "no_entry", "passage", "refusal", "alarm", "alarm_clear", "breach", "locker", "authorise", "fire",
    "platform",
)  # fmt: skip


class EvidenceDesk:
    """Packages: made once, in a thread of their own, and never changed."""

    def __init__(self, venue: Venue, coordinator: Coordinator, keys: SealKeys, translog: TransparencyLog, root: Path) -> None:
        self.venue = venue
        self.coordinator = coordinator
        self.store: Store = coordinator.store
        self.index: EvidenceIndex = coordinator.index
        self.keys = keys
        self.translog = translog
        self.root = root
        self.packages_root = root / "_packages"
        self.changed: Callable[[str, str], None] = coordinator.changed
        self._sealing: dict[str, asyncio.Task[None]] = {}
        self._looks: dict[tuple[str, str], int] = {}  # (who, segment) → when it was last recorded
        coordinator.lot_over = self.lot_over

    def lot_over(self, lot: LotId) -> None:
        """Seal the lot's project once all its lots are over."""
        project = self.coordinator.day[lot].lot.project
        lots = [s for s in self.coordinator.day.values() if s.lot.project == project]
        if all(s.phase in OVER for s in lots) and project not in self._sealing:
            task = asyncio.get_running_loop().create_task(self._seal_soon(project), name=f"seal {project}")
            self._sealing[project] = task
            task.add_done_callback(lambda _: self._sealing.pop(project, None))

    async def close(self) -> None:
        """Let seals that are under way end."""
        await asyncio.gather(*self._sealing.values(), return_exceptions=True)

    async def _seal_soon(self, project: str) -> None:
        for _ in range(SETTLE_LOOKS):
            if self._settled(project):
                break
            await asyncio.sleep(SETTLE_S)
        try:
            await self.seal(project, "gateway")
        except EvidenceError as error:
            log.error("project=%s not sealed: %s", project, error)
            self.coordinator.journal.note("alarm", {"code": "not-sealed", "detail": str(error)}, clock(), project=project)

    def _settled(self, project: str) -> bool:
        """True when every track's last segment was ended on purpose."""
        last: dict[tuple[str, str], SegmentRow] = {}
        for segment in self.index.segments(project):
            last[segment.lot, segment.track] = segment
        return all(segment.meta.get("ended") == "stop" for segment in last.values())

    async def seal(self, project: str, by: str) -> PackageRow:
        """Seal a project now.  EvidenceError when there is nothing to seal, or it cannot be done truly."""
        dossier = self.dossier(project)
        now = clock()
        sealed: Sealed = await asyncio.to_thread(seal_project, dossier, self.packages_root, self.keys, self.translog, now.utc_ns)
        digest = await asyncio.to_thread(_digest, sealed.path / "tagmanifest-sha256.txt")
        row = PackageRow(project, sealed.sequence, str(sealed.path.relative_to(self.root)), now.utc_ns, digest)
        with self.store.transaction():
            self.index.add_package(row)
            body = {"seal": row.seal, "by": by, "tagmanifest_sha256": digest, "log_index": sealed.log_index}
            self.coordinator.journal.note("sealed", body, now, project=project)
            self.coordinator.outbox.put(
                ItemKind.EVIDENCE,
                f"evidence-{project}-{row.seal}",
                {"project": project, "seal": row.seal, "tagmanifest_sha256": digest, "sealed_utc_ns": now.utc_ns},
                now.utc_ns,
            )
        for lot in dossier.lots:
            self.changed("lots", lot)
        return row

    def dossier(self, project: str) -> Dossier:
        """Everything that is known of a project, as it goes into its package."""
        lots = [s for s in self.coordinator.day.values() if s.lot.project == project]
        if not lots:
            raise EvidenceError(f"project {project} is not known here; search for it on the dashboard")
        segments = self.index.segments(project)
        gaps = [Gap(f"{g.lot}.{g.track}", g.from_utc_ns, g.to_utc_ns, g.cause, "recorder") for g in self.index.gaps(project)]
        events = self.store.journal(
            f"project = ? AND kind IN ({', '.join('?' * len(TOLD))})", (project, *TOLD), limit=1_000_000
        )
        moments = [s.from_utc_ns for s in segments] + [s.to_utc_ns for s in segments] + [e["utc_ns"] for e in events]
        if not moments:
            raise EvidenceError(f"project {project} has neither recordings nor events yet")
        first = lots[0].lot
        return Dossier(
            project=project,
            title=first.project_name,
            venue=self.venue.id,
            organisation=self.venue.name.zh,
            begin_utc_ns=min(moments),
            end_utc_ns=max(moments),
            tracks=self._tracks(segments),
            segments=[self._ref(s) for s in segments],
            gaps=gaps,
            events=[_event(line) for line in events],
            trajectories=self._ways([s.lot for s in lots], min(moments), max(moments)),
            access=self._reads(project),
            rooms=sorted({s.room for s in segments}),
            lots=[s.lot.id for s in lots],
        )

    def _ways(self, lots: list[Lot], from_utc_ns: int, until_utc_ns: int) -> list[dict[str, object]]:
        """The ways of a project's people through its own doors and refusals: what they did for another project is not told here."""
        own = {lot.id for lot in lots}
        ways: list[dict[str, object]] = []
        for lot in lots:
            for person in lot.people:
                steps = self.coordinator.presence.trajectory_between(person.person, from_utc_ns, until_utc_ns + 1)
                told = [_step(step) for step in steps if step.lot in own]
                if told:
                    ways.append({"person": person.person, "role": person.role.value, "lot": lot.id, "steps": told})
        return ways

    def _tracks(self, segments: list[SegmentRow]) -> list[dict[str, object]]:
        by_track: dict[str, list[SegmentRow]] = {}
        for segment in segments:
            by_track.setdefault(f"{segment.lot}.{segment.track}", []).append(segment)
        return [
            {
                "track": track,
                "begin_utc": utc_text(own[0].from_utc_ns),
                "end_utc": utc_text(own[-1].to_utc_ns),
                "lot": own[0].lot,
                "camera": own[0].track,
                "room": own[0].room,
                "name": self._camera_name(own[0].track),
                "codecs": list(own[0].meta.get("codecs", [])),
            }
            for track, own in by_track.items()
        ]

    def _camera_name(self, device: str) -> str:
        found = self.venue.devices.get(DeviceId(device))
        return f"{found.name.zh} {found.name.en}" if found else device

    def _ref(self, segment: SegmentRow) -> SegmentRef:
        facts = {**(segment.meta.get("camera_clock") or {}), "host_step_ns": int(segment.meta.get("host_step_ns", 0))}
        clock_facts = exact(facts)
        assert isinstance(clock_facts, dict), "facts are an object"
        return SegmentRef(
            self.root / segment.path, segment.sha256, segment.sm3, segment.bytes, segment.project, f"{segment.lot}.{segment.track}",
            segment.seq, segment.from_utc_ns, segment.to_utc_ns,
            clock_facts,
        )  # fmt: skip

    def _reads(self, project: str) -> list[dict[str, object]]:
        lines = self.store.journal("project = ? AND kind = 'evidence-read'", (project,), limit=1_000_000)
        return [{**{k: str(line["body"][k]) for k in ("who", "role", "what")}, "utc": utc_text(line["utc_ns"])} for line in lines]

    def look(self, segment: SegmentRow, who: str, role: str, now: Now) -> None:
        """Record that somebody plays a segment, whichever bytes of it are asked for first."""
        self._looks = {key: at for key, at in self._looks.items() if now.mono_ns - at < LOOK_S * S}
        if (who, segment.sha256) not in self._looks:
            self.read(segment.project, who, role, f"play {segment.lot}/{segment.track}/{segment.seq}", now)
            self._looks[who, segment.sha256] = now.mono_ns

    def read(self, project: str, who: str, role: str, what: str, now: Now) -> None:
        """Record that somebody reads evidence: in the journal, and as a leaf of the transparency log."""
        body = {"who": who, "role": str(role), "what": what}
        self.coordinator.journal.note("evidence-read", body, now, project=project)
        self.translog.append(canonical_bytes({**body, "project": project, "utc": utc_text(now.utc_ns)}), "read", now.utc_ns)


def _step(step: Step) -> dict[str, object]:
    """A step of a way as an entry of trajectories.json, with what is known of it."""
    told = {"utc": utc_text(step.utc_ns), "event": step.kind, "certain": step.certain}
    known = {
        "door": step.door, "from": step.origin, "to": step.to, "direction": step.direction, "how": step.how, "rule": step.rule,
        "stay_ms": None if step.stay_ns is None else step.stay_ns // MS,
    }  # fmt: skip
    line = {"agent": step.ref.agent, "seq": step.ref.seq} if step.ref else {}
    return {**told, **{name: value for name, value in known.items() if value not in ("", None)}, **line}


def _event(line: dict[str, Any]) -> dict[str, object]:
    """A journal line as an entry of events.json."""
    told = exact(line["body"])
    assert isinstance(told, dict), "a journal line's body is an object"
    event: dict[str, object] = {**told, "utc": utc_text(line["utc_ns"]), "event": line["kind"], "agent": line["agent"], "seq": line["seq"]}
    if line["lot"]:
        event["lot"] = line["lot"]
    return event


def _digest(path: Path) -> str:
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest()
