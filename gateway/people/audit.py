"""The audit chain in the venue database, and its checkpoints in the transparency log."""

import dataclasses
import hashlib
import json
import logging
import sqlite3
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any, Protocol

from gateway.core.audit_chain import START, AuditRow, Break, Checkpoint, first_break
from gateway.shell.store import Store
from venue_model.canonical import canonical_bytes
from venue_model.moments import Now, S, utc_text

log = logging.getLogger(__name__)
LEAF = "audit"
EVERY_S, EVERY_ROWS = 3600, 256  # a checkpoint after so long, or so many rows
LOOK_S = 600  # the same look by the same account again within this time is one look
_COLUMNS = "seq, utc_ns, account, action, subject, outcome, line, line_sha256, prev_sha256, sha256"


class Log(Protocol):
    """What the chain needs of a transparency log."""

    def append(self, data: bytes, kind: str, utc_ns: int) -> int:
        """Add a leaf, durably."""

    def leaves(self, kind: str) -> list[tuple[int, bytes]]:
        """Number and data of every leaf of that kind."""


@dataclass(slots=True)
class Asking:
    """The request that is being served: who asks what, and whether the chain has it already."""

    account: str
    action: str
    subject: str
    told: bool = False


ASKING: ContextVar[Asking | None] = ContextVar("asking", default=None)


class Audit:
    """Adds to the chain and checks it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.sql = store.sql
        self._looks: dict[tuple[str, str, str], int] = {}
        self._pinned_seq = 0
        self._pinned_mono_ns: int | None = None

    def take(self, line: Mapping[str, Any]) -> None:
        """A line of the gateway's own journal, in its transaction: an act, when it says by whom."""
        by = line["body"].get("by") or line["body"].get("who")
        if not isinstance(by, str):
            return
        asking = ASKING.get()
        subject = " ".join(str(part) for part in (line["kind"], line["lot"] or line["project"] or "") if part)
        if asking is not None and asking.account == by:
            asking.told = True
            self._add(line["utc_ns"], by, asking.action, asking.subject, "done", line["seq"])
        else:
            self._add(line["utc_ns"], by, line["kind"], subject, "done", line["seq"])

    def tell(self, account: str, action: str, subject: str, outcome: str, now: Now) -> None:
        """An act or look that no journal line tells: a refusal, a sign-in."""
        self._add(now.utc_ns, account, action, subject, outcome, 0)

    def tell_look(self, asking: Asking, now: Now) -> None:
        """A look; the same one again within ten minutes is the same."""
        key = (asking.account, asking.action, asking.subject)
        self._looks = {key: at for key, at in self._looks.items() if now.mono_ns - at < LOOK_S * S}
        if key not in self._looks and not asking.told:
            self.tell(*key, "done", now)
        self._looks.setdefault(key, now.mono_ns)

    def _add(self, utc_ns: int, account: str, action: str, subject: str, outcome: str, line: int) -> None:
        with self.store.transaction():
            last = self.sql.execute("SELECT seq, sha256 FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
            seq, prev = (1, START) if last is None else (last[0] + 1, last[1])
            digest = self._line_sha256(line) if line else ""
            row = AuditRow(seq, utc_ns, account, action, _storable(subject), outcome, line, digest, prev)
            row = replace(row, sha256=row.digest())
            self.sql.execute(
                f"INSERT INTO audit ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                dataclasses.astuple(row),
            )

    def _line_sha256(self, line: int) -> str:
        return line_sha256(self.sql, line)

    def pin(self, to: Log, now: Now, *, anyway: bool = False) -> bool:
        """A checkpoint into the transparency log, when it is time or `anyway`; True when one was made."""
        last = self.sql.execute("SELECT seq, sha256 FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
        if last is None or last[0] == self._pinned_seq:
            return False
        young = self._pinned_mono_ns is not None and now.mono_ns - self._pinned_mono_ns < EVERY_S * S
        if young and last[0] - self._pinned_seq < EVERY_ROWS and not anyway:
            return False
        to.append(canonical_bytes({"seq": last[0], "sha256": last[1], "utc": utc_text(now.utc_ns)}), LEAF, now.utc_ns)
        self._pinned_seq, self._pinned_mono_ns = last[0], now.mono_ns
        return True

    def newest(self, limit: int, before: int | None = None, account: str = "") -> list[AuditRow]:
        """The newest rows, newest first."""
        rows = self.sql.execute(
            f"SELECT {_COLUMNS} FROM audit WHERE (? IS NULL OR seq < ?) AND (? = '' OR account = ?) ORDER BY seq DESC LIMIT ?",
            (before, before, account, account, limit),
        )
        return [AuditRow(*row) for row in rows]

    def check(self, against: Log | None) -> tuple[int, Break | None, int]:
        """(rows that hold, the first break, number of checkpoints)."""
        return check_chain(self.sql, checkpoints(against) if against else [])


def _storable(subject: str) -> str:
    """A path as somebody sent it: cut to what a list can show, without what no text column takes."""
    return subject[:200].encode("utf-8", "replace").decode().replace("\0", "?")


def line_sha256(sql: sqlite3.Connection, line: int) -> str:
    """The hash of a line of the gateway's own journal as it stands; "" when it is gone."""
    row = sql.execute(
        "SELECT utc_ns, kind, lot, project, room, person, body_json FROM journal WHERE agent = '' AND journal = 'gateway' AND seq = ?",
        (line,),
    ).fetchone()
    return "" if row is None else hashlib.sha256(json.dumps(row, ensure_ascii=False).encode()).hexdigest()


def checkpoints(against: Log) -> list[Checkpoint]:
    """The checkpoints of the chain in a transparency log."""
    told = [json.loads(data) for _, data in against.leaves(LEAF)]
    return [Checkpoint(int(point["seq"]), str(point["sha256"])) for point in told]


def check_chain(sql: sqlite3.Connection, pinned: list[Checkpoint]) -> tuple[int, Break | None, int]:
    """Walk the whole chain of a database."""

    def rows() -> Iterator[AuditRow]:
        for row in sql.execute(f"SELECT {_COLUMNS} FROM audit ORDER BY seq"):
            yield AuditRow(*row)

    count, found = first_break(rows(), pinned, lambda line: line_sha256(sql, line))
    return count, found, len(pinned)
