"""What the platform must be told, kept until it has taken it: in order, each key once, across restarts and days of silence."""

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import sqlite_utils

from gateway.trading.base import ItemKind, Json, OutboxItem
from venue_model.moments import S

BACKOFF_BASE_NS = 1 * S
BACKOFF_CAP_NS = 60 * S  # back within a minute of the platform's return; 1,440 knocks in a day away


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

    def put(self, kind: ItemKind, key: str, body: Mapping[str, Json], now_utc_ns: int) -> bool:
        """Keep an item for sending; False when the key is known already, in which case nothing changes."""
        text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
        cursor = self.db.execute(
            "INSERT INTO outbox (key, kind, body_json, created_utc_ns, next_utc_ns) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (key) DO NOTHING",
            (key, ItemKind(kind).value, text, now_utc_ns, now_utc_ns),
        )
        return bool(cursor.rowcount == 1)

    def due(self, now_utc_ns: int, limit: int = 50) -> list[OutboxItem]:
        """The oldest waiting items, or none while the oldest is backing off: order is kept by waiting together."""
        rows = self.db.execute(
            "SELECT key, kind, body_json, created_utc_ns, next_utc_ns FROM outbox WHERE state = 'waiting' ORDER BY id LIMIT ?",
            (limit,),
        ).fetchall()
        # A wait longer than the cap was written by a clock that has since been set back: it binds nobody.
        if not rows or now_utc_ns < rows[0][4] <= now_utc_ns + BACKOFF_CAP_NS:
            return []
        return [OutboxItem(key, ItemKind(kind), json.loads(body), created) for key, kind, body, created, _ in rows]

    def mark_sent(self, keys: Sequence[str]) -> None:
        """The platform has taken these."""
        with self.db.atomic():
            for key in keys:
                self.db.execute("UPDATE outbox SET state = 'sent', last_error = '' WHERE key = ?", (key,))

    def mark_failed(self, keys: Sequence[str], error: str, now_utc_ns: int) -> None:
        """Nobody was there: try these again later, together."""
        with self.db.atomic():
            for key in keys:
                attempts = int(self.db.execute("SELECT attempts FROM outbox WHERE key = ?", (key,)).fetchone()[0]) + 1
                self.db.execute(
                    "UPDATE outbox SET attempts = ?, next_utc_ns = ?, last_error = ? WHERE key = ?",
                    (attempts, now_utc_ns + next_attempt_ns(attempts, self._rand()), error, key),
                )

    def mark_dead(self, key: str, why: str) -> None:
        """The platform refuses this one for good, or staff set it aside: it blocks nobody and waits for `resend`."""
        self.db.execute(
            "UPDATE outbox SET state = 'dead', attempts = attempts + 1, last_error = ? WHERE key = ? AND state = 'waiting'",
            (why, key),
        )

    def counts(self) -> Counts:
        """How much has not arrived."""
        waiting, dead = (
            int(self.db.execute(f"SELECT count(*) FROM outbox WHERE state = '{state}'").fetchone()[0])
            for state in ("waiting", "dead")
        )
        return Counts(waiting, dead)

    def dead(self, limit: int = 200) -> list[DeadLetter]:
        """The dead letters, oldest first."""
        rows = self.db.execute(
            "SELECT key, kind, body_json, created_utc_ns, attempts, last_error FROM outbox WHERE state = 'dead'"
            " ORDER BY id LIMIT ?",
            (limit,),
        ).fetchall()
        return [
            DeadLetter(OutboxItem(key, ItemKind(kind), json.loads(body), created), attempts, why)
            for key, kind, body, created, attempts, why in rows
        ]

    def resend(self, key: str, now_utc_ns: int) -> bool:
        """Put a dead letter back in its place; False when there is no such dead letter."""
        cursor = self.db.execute(
            "UPDATE outbox SET state = 'waiting', next_utc_ns = ? WHERE key = ? AND state = 'dead'", (now_utc_ns, key)
        )
        return bool(cursor.rowcount == 1)
