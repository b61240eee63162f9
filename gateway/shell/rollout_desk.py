"""Rollouts of programs and commissioning records to boards: what can be fetched, who has agreed, whom to tell now.

When and to whom is decided by `gateway.core.twin.rollout`; a rollout is stored before its first order leaves.
"""

import hashlib
import secrets
from collections.abc import Callable, Collection
from pathlib import Path

from pydantic import TypeAdapter

from gateway.core.day import Refusal
from gateway.core.parts import held_rooms, live
from gateway.core.twin.rollout import MOST_BATCH, Around, Course, Order, Rollout, RolloutKind, Row, Seen, approved, give_up, step
from gateway.shell.coordinator import Coordinator
from venue_model import signing
from venue_model.bundles import BundleError, unpack
from venue_model.canonical import Plain, canonical_bytes
from venue_model.door_policy import Approval
from venue_model.ids import BoardId, RoomId
from venue_model.moments import Now, S
from venue_model.signed import rollout_bytes
from venue_model.venue import Name
from venue_model.wire import Command, SlotReport

LOOK_NS = 1 * S
ORDER_TTL_MS = 60_000
RECORD_VERSION = 8  # so many digits of its digest name a record to people
_ROLLOUT = TypeAdapter(Rollout)


class RolloutDesk:
    """One venue's rollouts; at most one is open."""

    def __init__(
        self,
        coordinator: Coordinator,
        folder: Path,
        *,
        release_key: bytes | None = None,
        base_url: Callable[[], str] = lambda: "",
        new_id: Callable[[], str] = lambda: f"ro-{secrets.token_hex(4)}",
    ) -> None:
        """`folder` holds what boards fetch; `base_url` is by what address they reach this gateway."""
        self.coordinator = coordinator
        self.store = coordinator.store
        self.twins = coordinator.twins
        self.note = coordinator.journal.note
        self._folder = folder
        self._release_key = release_key
        self._base_url = base_url
        self._new_id = new_id
        self._look_ns: int | None = None
        rows = self.store.sql.execute("SELECT rollout_json FROM rollout WHERE over = 0 ORDER BY asked_utc_ns")
        self.open: Rollout | None = next((_ROLLOUT.validate_json(row[0]) for row in rows), None)

    # what boards can fetch

    def add_program(self, data: bytes, by: str, now: Now) -> str | Refusal:
        """Take a bundle that the release key has signed; its SHA-256."""
        if self._release_key is None:
            return Refusal("no-release-key", Name(
                "未配置发布公钥,请在 gateway.toml 的 [rollout] 填写 release_key",
                "no release key is known; set [rollout] release_key in gateway.toml",
            ))  # fmt: skip
        try:
            manifest = unpack(data, self._release_key).manifest
        except BundleError as fault:
            return Refusal("bundle", Name(f"程序包无效:{fault}", str(fault)))
        digest = self._keep(RolloutKind.PROGRAM, data, manifest.version, manifest.number, by, now)
        self.note("bundle", {"digest": digest, "version": manifest.version, "number": manifest.number, "by": by}, now)
        return digest

    def programs(self) -> list[tuple[str, str, int, int, str, int]]:
        """(digest, version, number, bytes, by, utc_ns) of every program, newest first."""
        query = "SELECT digest, version, number, bytes, by, utc_ns FROM bundle WHERE kind = ? ORDER BY number DESC, utc_ns DESC"
        return [(r[0], r[1], r[2], r[3], r[4], r[5]) for r in self.store.sql.execute(query, (RolloutKind.PROGRAM,))]

    def file(self, digest: str) -> Path | None:
        """The bytes that a board was ordered to fetch; None for what is not there."""
        if self.store.sql.execute("SELECT 1 FROM bundle WHERE digest = ?", (digest,)).fetchone() is None:
            return None
        path = self._folder / digest
        return path if path.is_file() else None

    def _keep(self, kind: RolloutKind, data: bytes, version: str, number: int, by: str, now: Now) -> str:
        digest = hashlib.sha256(data).hexdigest()
        self._folder.mkdir(parents=True, exist_ok=True)
        draft = self._folder / f"{digest}.new"
        draft.write_bytes(data)
        draft.replace(self._folder / digest)
        self.store.sql.execute(
            "INSERT OR IGNORE INTO bundle VALUES (?, ?, ?, ?, ?, ?, ?)", (digest, kind, version, number, len(data), by, now.utc_ns)
        )
        return digest

    # people

    def start(self, kind: RolloutKind, digest: str, boards: Collection[str], batch: int, by: str, now: Now) -> Rollout | Refusal:
        """Begin one, for all boards when none is named.  A program waits for two people; a record is the gateway's own."""
        if self.open is not None:
            return Refusal("rollout-open", Name("已有推送在进行,请先完成或退回", "another rollout is open: let it end, or bring it back"))
        venue = self.coordinator.venue
        named = [BoardId(board) for board in boards] or list(venue.boards)
        if unknown := [board for board in named if board not in venue.boards]:
            return Refusal("unknown-board", Name(f"没有控制器 {unknown[0]}", f"there is no board {unknown[0]}"))
        # Those with the fewest doors first: one of them is tried before all others.
        named.sort(key=lambda board: (len(venue.doors_of_board(board)), board))
        if kind is RolloutKind.PROGRAM:
            found = next((row for row in self.programs() if row[0] == digest), None)
            if found is None:
                return Refusal("unknown-program", Name("没有这个程序包,请先上传", "there is no such program; upload its bundle first"))
            rows, version = [Row(board, digest) for board in named], found[1]
        else:
            rows = [Row(board, self.twins.record_digests[board]) for board in named]
            for board in named:
                record = self.twins.records[board]
                self._keep(kind, record, self.twins.record_digests[board][:RECORD_VERSION], 0, by, now)
            version = hashlib.sha256("".join(row.digest for row in rows).encode()).hexdigest()[:RECORD_VERSION]
        rollout = Rollout(self._new_id(), kind, version, by, now.utc_ns, min(max(batch, 1), MOST_BATCH), tuple(rows))
        if kind is RolloutKind.CONFIGURATION:
            rollout = approved(rollout, ())
        self._move(rollout, now, by)
        return rollout

    def text(self, rollout: Rollout) -> str:
        """The exact text that two approvers sign."""
        boards = ",".join(sorted(row.board for row in rollout.rows))
        record: dict[str, Plain] = {
            "kind": "bidhall-rollout-approval-1", "venue": str(self.coordinator.venue.id), "rollout": rollout.id,
            "version": rollout.version, "digest": rollout.rows[0].digest, "boards": boards,
        }  # fmt: skip
        return canonical_bytes(record).decode()

    def approve(self, id: str, approvals: tuple[Approval, ...], by: str, now: Now) -> Rollout | Refusal:
        """Two approvers of two roles have signed the text: it begins."""
        rollout = self.open
        if rollout is None or rollout.id != id or rollout.course is not Course.ASKED:
            return Refusal("unknown-rollout", Name("没有等待审批的这个推送", "there is no such rollout that waits for approval"))
        text = self.text(rollout).encode()
        known = {a.id: a for a in self.coordinator.venue.approvers}
        roles = set()
        for approval in approvals:
            approver = known.get(approval.approver)
            if approver is None or not _verifies(approver.public_key, text, approval.signature):
                fault = f"the signature of {approval.approver} does not fit this text; sign the text shown now"
                return Refusal("approval", Name(f"{approval.approver} 的签名无效,请重新签名", fault))
            roles.add(approver.role)
        if len({a.approver for a in approvals}) < 2 or len(roles) < 2:
            return Refusal("approval", Name("需要两个不同角色的人签名", "two people of two different roles must sign"))
        begun = approved(rollout, tuple(sorted({a.approver for a in approvals})))
        self._move(begun, now, by)
        return begun

    def give_up(self, id: str, by: str, reason: str, now: Now) -> Rollout | Refusal:
        """A person brings all boards back."""
        if self.open is None or self.open.id != id:
            return Refusal("unknown-rollout", Name("没有进行中的这个推送", "there is no such rollout under way"))
        rollout = give_up(self.open, f"{by}: {reason}")
        self._move(rollout, now, by)
        return rollout

    def all(self, limit: int = 20) -> list[Rollout]:
        """The newest first."""
        rows = self.store.sql.execute("SELECT rollout_json FROM rollout ORDER BY asked_utc_ns DESC LIMIT ?", (limit,))
        return [_ROLLOUT.validate_json(row[0]) for row in rows]

    def find(self, id: str) -> Rollout | None:
        """One of them, or None."""
        row = self.store.sql.execute("SELECT rollout_json FROM rollout WHERE id = ?", (id,)).fetchone()
        return None if row is None else _ROLLOUT.validate_json(row[0])

    # time

    def tick(self, now: Now) -> None:
        """Call as often as one likes: once a second it looks at the boards."""
        if self.open is None or (self._look_ns is not None and now.mono_ns - self._look_ns < LOOK_NS):
            return
        self._look_ns = now.mono_ns
        after, orders = step(self.open, self._seen(self.open.kind), self._around(), now.utc_ns)
        if after != self.open:
            self._move(after, now, "")
        for order in orders:
            self._send(after, order)

    def _move(self, after: Rollout, now: Now, by: str) -> None:
        """Store, and tell what people should know."""
        before = self.open
        stood = {row.board: row.stand for row in before.rows} if before is not None and before.id == after.id else {}
        with self.store.transaction():
            self.store.sql.execute(
                "INSERT OR REPLACE INTO rollout VALUES (?, ?, ?, ?)",
                (after.id, after.asked_utc_ns, after.over, _ROLLOUT.dump_json(after).decode()),
            )
            if before is None or before.id != after.id or before.course is not after.course:
                body = {"rollout": after.id, "kind": after.kind, "version": after.version, "course": after.course, "why": after.why}
                self.note("rollout", {**body, "by": by, "approvers": list(after.approvers)}, now)
                if after.course is Course.RETURNING:
                    detail = f"rollout {after.id} of {after.kind} {after.version} goes back: {after.why}"
                    self.note("alarm", {"code": "rollout-failed", "place": after.id, "level": "warning", "detail": detail}, now)
            for row in after.rows:
                if stood.get(row.board, row.stand) is not row.stand:
                    self.note("rollout", {"rollout": after.id, "agent": row.board, "stand": row.stand, "why": row.why}, now)
        self.open = None if after.over else after
        self.coordinator.changed("rollouts", after.id)

    def _send(self, rollout: Rollout, order: Order) -> None:
        size = self.store.sql.execute("SELECT bytes FROM bundle WHERE digest = ?", (order.digest,)).fetchone()
        body: dict[str, Plain] = {
            "kind": str(rollout.kind), "digest": order.digest, "bytes": int(size[0]) if size else 0,
            "url": f"{self._base_url()}/api/v1/bundles/{order.digest}", "back": order.back,
        }  # fmt: skip
        signed = rollout_bytes(order.board, order.order, order.issued_utc_ns, body)
        signature = signing.sign(self.coordinator.policy_key, signed).hex()
        command = Command(order.order, "rollout", order.issued_utc_ns, ORDER_TTL_MS, body, signature)
        self.coordinator.agents.send(order.board, "command", command, retain=False)

    # what is seen

    def _seen(self, kind: RolloutKind) -> dict[BoardId, Seen]:
        found = {}
        for board in self.coordinator.venue.boards:
            meta, agent = self.twins.metas.get(board), self.coordinator.agents[board]
            if meta is None:
                continue
            slot = meta.rollout.slots.get(kind, SlotReport("", "", 0, "", False))
            digest = meta.commissioned if kind is RolloutKind.CONFIGURATION and not slot.digest else slot.digest
            found[board] = Seen(
                agent.online, digest, any(s.trial for s in meta.rollout.slots.values()), meta.rollout.order, meta.rollout.outcome,
                meta.rollout.why, bool(meta.rollout.slots),
            )  # fmt: skip
        return found

    def _around(self) -> Around:
        venue, warden = self.coordinator.venue, self.coordinator.warden
        at_work = {room for state in live(self.coordinator.day) for room in held_rooms(venue, state)}
        guarded = {c for c in venue.components if warden.domains[c].seal or warden.occupancy(c) > 0}
        busy, guarding = set(), set()
        for board in venue.boards:
            rooms = self._rooms(board)
            if rooms & at_work:
                busy.add(board)
            if any(component in guarded for room in rooms if (component := venue.component_of.get(room)) is not None):
                guarding.add(board)
        return Around(frozenset(busy), frozenset(guarding))

    def _rooms(self, board: BoardId) -> set[RoomId]:
        """The rooms that a board serves: where its devices are, and on either side of its doors."""
        venue = self.coordinator.venue
        doors = {room for door in venue.doors_of_board(board) for room in (door.inside, door.outside)}
        return {device.room for device in venue.devices_of_board(board)} | doors


def read_release_key(text: str) -> bytes | None:
    """The public key that gateway.toml names; None when it names none.  ValueError says what to write."""
    if not text:
        return None
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise ValueError("rollout.release_key: no key; write the 64 hex digits that bidhall device key prints")
    return key


def _verifies(public_key: str, text: bytes, signature: str) -> bool:
    try:
        return signing.verifies(bytes.fromhex(public_key), text, bytes.fromhex(signature))
    except ValueError:
        return False
