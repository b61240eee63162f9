"""What the agent never forgets: its journal, and the state that must be on disk before a strike moves.

One SQLite file in WAL with synchronous=FULL: WAL with NORMAL lost acknowledged rows in 312 of 400 simulated power cuts
(design.md 3).  One transaction stores journal lines and state together, so that neither is ever ahead of the other.
"""

import json
import sqlite3
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from edge.core.journal import Record
from edge.core.state import SLICE_TYPES
from venue_model.ids import LotId
from venue_model.moments import S
from venue_model.wire import JournalEvent

KEPT_NS = 7 * 86_400 * S  # acknowledged lines stay for a week …
KEPT_LINES = 100_000  # … or for so many lines, whichever is less: an SD card is small
LONGEST_BODY = 150_000  # bytes; a message of the wire has 262,144 at most, and one line must fit into it
SCHEMA = 1

_TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE journal (
    seq    INTEGER PRIMARY KEY,
    utc_ns INTEGER NOT NULL,
    kind   TEXT NOT NULL,
    body   TEXT NOT NULL,
    lot    TEXT
) STRICT;
CREATE TABLE state (kind TEXT NOT NULL, id TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (kind, id)) STRICT, WITHOUT ROWID;
"""

Key = tuple[str, str]
Line = tuple[int, Record]  # (UTC nanoseconds, what happened)
Connect = Callable[[Path], sqlite3.Connection]


class DiskError(OSError):
    """The file cannot be used, or took no write.  The text names file, fault and remedy."""


def connect_file(path: Path) -> sqlite3.Connection:
    """Open or create the file itself."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False)


class Disk:
    """The agent's file.  Any thread may call."""

    def __init__(self, path: Path, *, connect: Connect = connect_file, new_journal: Callable[[], str] = lambda: str(uuid.uuid4())) -> None:
        """Open or create the file.  Raises DiskError when it is damaged or newer than this program."""
        self.path = path
        self._new_journal = new_journal
        self._lock = threading.Lock()
        try:
            self._sql = connect(path)
        except (OSError, sqlite3.Error) as fault:
            raise DiskError(f"{path}: cannot be opened ({fault}); check the folder, its owner and the card") from fault
        try:
            self._prepare()
        except sqlite3.Error as fault:
            self._sql.close()
            raise DiskError(f"{path}: {fault}; {_REMEDY}") from fault
        except DiskError:
            self._sql.close()
            raise

    def _prepare(self) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=2000"):
            self._sql.execute(f"PRAGMA {pragma}")
        schema = int(self._sql.execute("PRAGMA user_version").fetchone()[0])
        if schema > SCHEMA:
            raise DiskError(f"{self.path}: written by a newer program (schema {schema}, this knows {SCHEMA}); install the newer one")
        if schema == 0:
            self._sql.executescript(f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version={SCHEMA}; COMMIT;")
        found = str(self._sql.execute("PRAGMA quick_check(1)").fetchone()[0])
        if found != "ok":
            raise DiskError(f"{self.path}: {found}; {_REMEDY}")
        if self._meta("journal") is None:
            self._set_meta("journal", self._new_journal())
        self.journal = self._meta("journal") or ""
        self._acknowledged = int(self._meta("acknowledged") or 0)
        self._last = int(self._sql.execute("SELECT COALESCE(MAX(seq), 0) FROM journal").fetchone()[0])

    @property
    def acknowledged(self) -> int:
        """The gateway has committed the lines up to this one."""
        return self._acknowledged

    @property
    def last_seq(self) -> int:
        """The number of the newest line; 0 when there is none."""
        return self._last

    def load(self) -> dict[Key, object]:
        """The state as it was stored last."""
        kept: dict[Key, object] = {}
        with self._lock:
            rows = self._sql.execute("SELECT kind, id, value FROM state").fetchall()
        for kind, id, value in rows:
            if kind not in SLICE_TYPES:
                continue  # an older program's; it means nothing to this one
            try:
                kept[kind, id] = _adapter(kind).validate_json(value)
            except ValidationError as fault:
                where = fault.errors(include_url=False)[0]
                raise DiskError(f"{self.path}: state {kind} {id}: {where['loc']}: {where['msg']}; {_REMEDY}") from None
        return kept

    def commit(self, lines: Sequence[Line], state: Mapping[Key, object]) -> None:
        """All or nothing, and on the platter when it returns.  Raises DiskError, and then nothing is stored."""
        if not lines and not state:
            return
        values = [(kind, id, _adapter(kind).dump_json(value).decode()) for (kind, id), value in state.items()]
        with self._lock:
            first = self._last + 1
            rows = [
                (seq, utc_ns, record.kind, _body_text(record), record.lot)
                for seq, (utc_ns, record) in enumerate(lines, first)
            ]
            self._write(rows, values)
            self._last += len(rows)

    def _write(self, rows: Sequence[tuple[Any, ...]], values: Sequence[tuple[str, str, str]]) -> None:
        try:
            self._sql.execute("BEGIN IMMEDIATE")
            self._sql.executemany("INSERT INTO journal VALUES (?, ?, ?, ?, ?)", rows)
            self._sql.executemany("INSERT OR REPLACE INTO state VALUES (?, ?, ?)", values)
            self._sql.execute("COMMIT")
        except sqlite3.Error as fault:
            self._roll_back()
            raise DiskError(f"{self.path}: takes no records ({fault}); make room on the card, or replace it") from fault

    def _roll_back(self) -> None:
        if self._sql.in_transaction:
            try:
                self._sql.execute("ROLLBACK")
            except sqlite3.Error:
                pass  # SQLite has rolled back by itself, as it does on a full disk

    def lines_after(self, seq: int, limit: int) -> tuple[JournalEvent, ...]:
        """Lines in order, to be sent."""
        with self._lock:
            rows = self._sql.execute(
                "SELECT seq, utc_ns, kind, body, lot FROM journal WHERE seq > ? ORDER BY seq LIMIT ?", (seq, limit)
            ).fetchall()
        return tuple(
            JournalEvent(number, utc_ns, kind, json.loads(body), LotId(lot) if lot is not None else None)
            for number, utc_ns, kind, body, lot in rows
        )

    def acknowledge(self, through: int) -> None:
        """The gateway has lines up to `through`.  Forgetting this in a crash costs a repetition, nothing else."""
        with self._lock:
            if through <= self._acknowledged:
                return
            self._acknowledged = min(through, self._last)
            try:
                self._set_meta("acknowledged", str(self._acknowledged))
            except sqlite3.Error:
                pass  # told by the next commit; the number in memory serves until then

    def rewind(self, through: int) -> None:
        """The gateway has lost lines that it had acknowledged: those that are still here count as unacknowledged again."""
        with self._lock:
            if through >= self._acknowledged:
                return
            self._acknowledged = through
            try:
                self._set_meta("acknowledged", str(through))
            except sqlite3.Error:
                pass  # the gateway says it again when it sees the hole

    def prune(self, utc_ns: int, kept_lines: int = KEPT_LINES) -> int:
        """Delete acknowledged lines that are old or too many, never the newest: numbers must not be given twice."""
        with self._lock:
            border = min(self._acknowledged, self._last - 1)
            query = "DELETE FROM journal WHERE seq <= ? AND (utc_ns < ? OR seq <= ?)"
            try:
                return self._sql.execute(query, (border, utc_ns - KEPT_NS, self._last - kept_lines)).rowcount
            except sqlite3.Error as fault:
                raise DiskError(f"{self.path}: cannot be pruned ({fault}); make room on the card, or replace it") from fault

    def next_session(self) -> int:
        """One more than ever before, and on disk."""
        with self._lock:
            session = int(self._meta("session") or 0) + 1
            try:
                self._set_meta("session", str(session))
            except sqlite3.Error as fault:
                raise DiskError(f"{self.path}: takes no session number ({fault}); make room on the card, or replace it") from fault
        return session

    def close(self) -> None:
        with self._lock:
            self._sql.close()

    def _meta(self, name: str) -> str | None:
        row = self._sql.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def _set_meta(self, name: str, value: str) -> None:
        self._sql.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))


_REMEDY = "keep the file for the inquiry, move it away and start again: the board then knows no seal until the gateway tells it"


def _body_text(record: Record) -> str:
    text = json.dumps(record.body, ensure_ascii=False, separators=(",", ":"))
    if len(text.encode()) <= LONGEST_BODY:
        return text
    short = {key: value for key, value in record.body.items() if not isinstance(value, list | dict)}
    return json.dumps({**short, "left_out_bytes": len(text)}, ensure_ascii=False, separators=(",", ":"))


@cache
def _adapter(kind: str) -> TypeAdapter[Any]:
    kept: Any = SLICE_TYPES[kind]
    return TypeAdapter(kept)
