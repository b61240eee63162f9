"""What the platform must be told, kept until it has taken it: each key once, across restarts and days of silence.

Items of one lot leave in order.  Items travel together while the platform takes them, and wait together while it is away; one that the
platform never takes is set apart, so that only its own lot waits for it (docs/decisions/0030).
"""

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import sqlite_utils

from gateway.trading.base import ItemKind, Json, OutboxItem
from venue_model.moments import S

BACKOFF_BASE_NS = 1 * S
BACKOFF_CAP_NS = 60 * S  # back within a minute of the platform's return; 1,440 knocks in a day away

Codes = Mapping[str, Json]
_ITEM = "key, kind, body_json, created_utc_ns"
_NOT_HELD = "lane NOT IN (SELECT lane FROM outbox WHERE state = 'waiting' AND alone > 0)"


def next_attempt_ns(attempts: int, rand: float) -> int:
    """How long to wait after the `attempts`-th failure: exponential with full jitter above the base.  `rand` is in [0, 1).

    >>> [next_attempt_ns(attempts, 0.999999999) // S for attempts in (1, 2, 3, 7, 1000)]
    [1, 3, 7, 59, 59]
    """
    ceiling_ns = min(BACKOFF_CAP_NS, BACKOFF_BASE_NS << min(attempts, 20))
    return BACKOFF_BASE_NS + int((ceiling_ns - BACKOFF_BASE_NS) * rand)


@dataclass(frozen=True, slots=True)
class Counts:
    """What lies in the outbox and has not arrived."""

    waiting: int
    dead: int
    apart: int = 0  # of the waiting: set apart, because the platform took others and not these
    oldest_utc_ns: int | None = None  # when the oldest of the waiting was put


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An item that the platform will not take; `resend` tries it once more, after somebody has mended the cause."""

    item: OutboxItem
    attempts: int
    why: str


class Outbox:
    """The outbox in the venue database.  `put` joins a transaction that the caller has open (`with db.atomic():`)."""

    def __init__(self, db: sqlite_utils.Database, rand: Callable[[], float] = random.random) -> None:
        self.db = db
        self._rand = rand
        self.codes_of: Callable[[Mapping[str, Json]], Codes] = lambda body: {}  # the unified codes of what a body is about

    def put(self, kind: ItemKind, key: str, body: Mapping[str, Json], now_utc_ns: int) -> bool:
        """Keep an item for sending, with the unified codes of its lot as they are now; False when the key is known: nothing changes."""
        codes = self.codes_of(body)
        full = {**body, "codes": codes} if codes else body
        text = json.dumps(full, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
        cursor = self.db.execute(
            "INSERT INTO outbox (key, kind, body_json, created_utc_ns, next_utc_ns, lane) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (key) DO NOTHING",
            (key, ItemKind(kind).value, text, now_utc_ns, now_utc_ns, str(body.get("lot") or body.get("project") or "")),
        )
        return bool(cursor.rowcount == 1)

    def due(self, now_utc_ns: int, limit: int = 50) -> list[OutboxItem]:
        """The oldest waiting items that travel together, or none while the oldest is backing off: order is kept by waiting together."""
        rows = self.db.execute(
            f"SELECT {_ITEM}, next_utc_ns FROM outbox WHERE state = 'waiting' AND {_NOT_HELD} ORDER BY id LIMIT ?", (limit,)
        ).fetchall()
        if not rows or _backing_off(rows[0][4], now_utc_ns):
            return []
        return [_item(*row[:4]) for row in rows]

    def due_apart(self, now_utc_ns: int, limit: int = 5) -> list[OutboxItem]:
        """The first item of each lane that is held up, when it is time to try it by itself again."""
        rows = self.db.execute(
            f"SELECT {_ITEM}, next_utc_ns FROM outbox WHERE state = 'waiting' AND alone > 0"
            " AND id IN (SELECT min(id) FROM outbox WHERE state = 'waiting' AND alone > 0 GROUP BY lane) ORDER BY next_utc_ns"
        ).fetchall()
        return [_item(*row[:4]) for row in rows if not _backing_off(row[4], now_utc_ns)][:limit]

    def behind(self, key: str, limit: int = 5) -> list[OutboxItem]:
        """The items that wait for this one, because they are of the same lane."""
        rows = self.db.execute(
            f"SELECT {_ITEM} FROM outbox WHERE state = 'waiting' AND lane = (SELECT lane FROM outbox WHERE key = ?)"
            " AND id > (SELECT id FROM outbox WHERE key = ?) ORDER BY id LIMIT ?",
            (key, key, limit),
        ).fetchall()
        return [_item(*row) for row in rows]

    def attempts(self, key: str) -> int:
        """How often an item has failed."""
        return int(self.db.execute("SELECT attempts FROM outbox WHERE key = ?", (key,)).fetchone()[0])

    def mark_sent(self, keys: Sequence[str]) -> None:
        """The platform has taken these."""
        with self.db.atomic():
            for key in keys:
                self.db.execute("UPDATE outbox SET state = 'sent', last_error = '' WHERE key = ?", (key,))

    def mark_failed(self, keys: Sequence[str], error: str, now_utc_ns: int, *, alone: int = 0) -> None:
        """Not taken, and not refused: try these again later, together.  `alone`: the fault counts against the item itself so often."""
        with self.db.atomic():
            for key in keys:
                attempts = self.attempts(key) + 1
                self.db.execute(
                    "UPDATE outbox SET attempts = ?, alone = alone + ?, next_utc_ns = ?, last_error = ? WHERE key = ?",
                    (attempts, alone, now_utc_ns + next_attempt_ns(attempts, self._rand()), error, key),
                )

    def hurry(self, now_utc_ns: int) -> None:
        """The platform is there after all: what travels together need not wait."""
        self.db.execute(
            "UPDATE outbox SET next_utc_ns = ? WHERE state = 'waiting' AND alone = 0 AND next_utc_ns > ?", (now_utc_ns, now_utc_ns)
        )

    def failed_alone(self, key: str) -> int:
        """How often the platform took others and not this one."""
        return int(self.db.execute("SELECT alone FROM outbox WHERE key = ?", (key,)).fetchone()[0])

    def mark_dead(self, key: str, why: str) -> None:
        """The platform refuses this one for good, or never takes it: it blocks nobody and waits for `resend`."""
        self.db.execute(
            "UPDATE outbox SET state = 'dead', attempts = attempts + 1, last_error = ? WHERE key = ? AND state = 'waiting'",
            (why, key),
        )

    def counts(self) -> Counts:
        """How much has not arrived."""
        waiting, apart, oldest = self.db.execute(
            "SELECT count(*), count(*) FILTER (WHERE alone > 0), min(created_utc_ns) FROM outbox WHERE state = 'waiting'"
        ).fetchone()
        dead = self.db.execute("SELECT count(*) FROM outbox WHERE state = 'dead'").fetchone()[0]
        return Counts(int(waiting), int(dead), int(apart), None if oldest is None else int(oldest))

    def apart(self, limit: int = 200) -> list[DeadLetter]:
        """What is set apart and still tried, oldest first."""
        rows = self.db.execute(
            f"SELECT {_ITEM}, attempts, last_error FROM outbox WHERE state = 'waiting' AND alone > 0 ORDER BY id LIMIT ?", (limit,)
        ).fetchall()
        return [DeadLetter(_item(*row[:4]), row[4], row[5]) for row in rows]

    def dead(self, limit: int = 200) -> list[DeadLetter]:
        """The dead letters, oldest first."""
        rows = self.db.execute(
            f"SELECT {_ITEM}, attempts, last_error FROM outbox WHERE state = 'dead' ORDER BY id LIMIT ?", (limit,)
        ).fetchall()
        return [DeadLetter(_item(*row[:4]), row[4], row[5]) for row in rows]

    def resend(self, key: str, now_utc_ns: int) -> bool:
        """Put a dead letter back in its place, by itself, so that it holds up nobody else; False when there is no such dead letter."""
        cursor = self.db.execute(
            "UPDATE outbox SET state = 'waiting', alone = 1, attempts = 0, next_utc_ns = ? WHERE key = ? AND state = 'dead'",
            (now_utc_ns, key),
        )
        return bool(cursor.rowcount == 1)


def _backing_off(next_utc_ns: int, now_utc_ns: int) -> bool:
    """A wait longer than the cap was written by a clock that has since been set back: it binds nobody."""
    return now_utc_ns < next_utc_ns <= now_utc_ns + BACKOFF_CAP_NS


def _item(key: str, kind: str, body_json: str, created_utc_ns: int) -> OutboxItem:
    return OutboxItem(key, ItemKind(kind), json.loads(body_json), created_utc_ns)
