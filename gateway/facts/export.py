"""The facts of the venue database in the order of their commits, and the cursors that a reader keeps.

Nobody's name is in a fact (I9): people are keys, and text that people typed in (why a pass was given, why a house was locked) stays in
the venue.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.core.alarms import may_see
from gateway.core.facts.replay import LINE, STATES
from gateway.shell.store import Store

# Free text of people may hold a name; codes, ids and numbers cannot.
TYPED = frozenset({"reason", "note", "comment", "remark", "text"})
KEPT = 500_000  # newest facts that are kept whole; of older states only the last is
_LINE = "j.agent, j.journal, j.seq, j.utc_ns, j.received_utc_ns, j.kind, j.lot, j.project, j.room, j.person, j.body_json"


class CursorGone(ValueError):
    """The cursor is of facts that a restore has undone.  `back_to` is the last that both histories share; "" is the beginning."""

    def __init__(self, cursor: str, back_to: str) -> None:
        super().__init__(f"cursor {cursor} is of a history that ended with a restore; go back to {back_to or 'the beginning'}")
        self.back_to = back_to


class BadCursor(ValueError):
    """This is no cursor of the export."""


@dataclass(frozen=True, slots=True)
class FactRow:
    """One fact: a line of the journal, or what the state of something became."""

    id: int
    era: str
    kind: str
    of: str
    body: Mapping[str, Any] | None

    @property
    def cursor(self) -> str:
        """Where a reader is who has taken this one."""
        return f"{self.era}.{self.id}"

    @property
    def told(self) -> str:
        """What a subscription chooses by: the journal's kind of a line, else the kind of state."""
        return str(self.body["kind"]) if self.kind == LINE and self.body else self.kind

    def plain(self) -> dict[str, Any]:
        """As one line of the export."""
        head = {"cursor": self.cursor, "kind": self.kind}
        return {**head, "line": self.body} if self.kind == LINE else {**head, "of": self.of, "state": self.body}


class FactLog:
    """Reads the facts."""

    def __init__(self, store: Store) -> None:
        self.sql = store.sql

    def eras(self) -> list[tuple[str, int]]:
        """(era, its facts have greater ids), oldest first."""
        return [(str(era), int(after)) for era, after in self.sql.execute("SELECT era, after FROM fact_era ORDER BY after, rowid")]

    def newest(self) -> int:
        """The id of the newest fact; 0 when there is none."""
        return int(self.sql.execute("SELECT COALESCE(MAX(id), 0) FROM fact").fetchone()[0])

    def cursor(self, position: int) -> str:
        """The cursor of a reader who has taken everything up to a fact."""
        return f"{_era_of(position, self.eras())}.{position}"

    def position(self, cursor: str) -> int:
        """The fact id that a cursor stands at; "" is the beginning.  Raises BadCursor or CursorGone."""
        if not cursor:
            return 0
        era, _, number = cursor.partition(".")
        if not number.isascii() or not number.isdecimal() or len(number) > 18:
            raise BadCursor(f"{cursor[:40]!r} is no cursor; give the `cursor` of the last fact that was taken, or nothing")
        eras, place = self.eras(), int(number)
        names = [name for name, _ in eras]
        if era not in names:
            raise CursorGone(cursor[:40], "")
        at = names.index(era)
        ends = eras[at + 1][1] if at + 1 < len(eras) else self.newest()
        if place > ends:
            raise CursorGone(cursor[:40], f"{era}.{ends}")
        return place

    def reach(self, position: int, limit: int) -> int:
        """Where a reader is after so many facts behind a position."""
        row = self.sql.execute("SELECT MAX(id) FROM (SELECT id FROM fact WHERE id > ? ORDER BY id LIMIT ?)", (position, limit)).fetchone()
        return position if row[0] is None else int(row[0])

    def after(self, position: int, limit: int, role: str, until: int = 2**62) -> tuple[list[FactRow], int]:
        """The facts behind a position, and not behind `until`, as far as a role may know them; and where the reader then is."""
        rows = self.sql.execute(
            f"SELECT f.id, f.kind, f.of, f.body_json, {_LINE} FROM fact f"
            " LEFT JOIN journal j ON j.agent = f.agent AND j.journal = f.journal AND j.seq = f.seq"
            " WHERE f.id > ? AND f.id <= ? ORDER BY f.id LIMIT ?",
            (position, until, limit),
        ).fetchall()
        eras = self.eras()
        found = [self._row(row, eras) for row in rows]
        return [fact for fact in found if _may_know(role, fact)], int(rows[-1][0]) if rows else position

    def one(self, id: int) -> FactRow | None:
        """One fact, or None when it is superseded or was never there."""
        found, _ = self.after(id - 1, 1, "supervisor")
        return found[0] if found and found[0].id == id else None

    def _row(self, row: tuple[Any, ...], eras: list[tuple[str, int]]) -> FactRow:
        id, kind, of, body_json, *line = row
        era = _era_of(id, eras)
        if kind != LINE:
            return FactRow(id, era, kind, str(of), json.loads(body_json) if body_json is not None else None)
        names = ("agent", "journal", "seq", "utc_ns", "received_utc_ns", "kind", "lot", "project", "room", "person")
        body = {key: value for key, value in json.loads(line[-1]).items() if key not in TYPED}
        return FactRow(id, era, kind, "", {**dict(zip(names, line[:-1], strict=True)), "body": body})

    def states(self) -> dict[str, dict[str, Any]]:
        """The states as they are now, in the shape in which a replay holds them."""
        found = {}
        for kind in STATES:
            rows = self.sql.execute(f"SELECT of, body_json FROM told_{kind} ORDER BY of")
            found[kind] = {str(of): json.loads(body) for of, body in rows}
        return found

    def compact(self, kept: int = KEPT) -> int:
        """Forget superseded states beyond the newest `kept` facts: a reader from the beginning then gets their last only."""
        return int(
            self.sql.execute(
                "DELETE FROM fact WHERE kind <> ? AND id <= ?"
                " AND EXISTS (SELECT 1 FROM fact AS later WHERE later.kind = fact.kind AND later.of = fact.of AND later.id > fact.id)",
                (LINE, self.newest() - kept),
            ).rowcount
        )


def ndjson(facts: Iterable[FactRow]) -> bytes:
    """The lines of the export."""
    return b"".join(json.dumps(fact.plain(), ensure_ascii=False, separators=(",", ":")).encode() + b"\n" for fact in facts)


def begin_era(store: Store) -> None:
    """What comes now is another history than the one that readers of the lost database know.  In the transaction of the restore."""
    store.sql.execute("INSERT INTO fact_era SELECT lower(hex(randomblob(4))), COALESCE(MAX(id), 0) FROM fact")


def _may_know(role: str, fact: FactRow) -> bool:
    return fact.kind != LINE or fact.body is None or may_see(role, fact.body)


def _era_of(id: int, eras: list[tuple[str, int]]) -> str:
    return next(name for name, after in reversed(eras) if id > after)
