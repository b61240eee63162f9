"""What the platform has told us already: the cursor, the newest version of each lot, the events and nonces that were used."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import sqlite_utils

from gateway.trading.base import LotWarning, PhaseEvent, Rejected
from venue_model.canonical import plain
from venue_model.lots import Lot

CURSOR = "platform_cursor"  # in table `setting`
NONCE_KEPT_S = 86_400  # far beyond the clock window: a clock that jumps ahead and is set back must not make old calls new again
NOTICES = 50  # of each kind, newest


@dataclass(frozen=True, slots=True)
class Notice:
    """A word for people about something that the platform told."""

    kind: Literal["rejected", "warning"]
    ref: str  # of the item; for warnings the lot
    text: str
    utc_ns: int  # when it was last heard


class Memory:
    """Reads and writes join the caller's transaction, so that an effect and the memory of it are committed together."""

    def __init__(self, db: sqlite_utils.Database) -> None:
        self._db = db

    def cursor(self) -> str:
        """Where to go on pulling; "" before the first page."""
        row = self._db.execute("SELECT value FROM setting WHERE name = ?", (CURSOR,)).fetchone()
        return "" if row is None else str(row[0])

    def set_cursor(self, cursor: str) -> None:
        """Go on from here next time."""
        if cursor == self.cursor():
            return
        self._db.execute(
            "INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (CURSOR, cursor),
        )

    def newer(self, lots: Iterable[Lot]) -> tuple[tuple[Lot, ...], tuple[LotWarning, ...]]:
        """The lots worth taking, remembered: of each the highest version, if it is above the one taken before.

        A version that comes again is silence when it says the same, and a warning when it says something else: the first
        stands, because somebody may have acted on it.
        """
        highest: dict[str, Lot] = {}
        for lot in lots:
            if lot.id not in highest or lot.version > highest[lot.id].version:
                highest[lot.id] = lot
        taken: list[Lot] = []
        warnings: list[LotWarning] = []
        for lot in highest.values():
            digest = _digest(lot)
            known = self._db.execute("SELECT version, sha256 FROM platform_lot WHERE id = ?", (lot.id,)).fetchone()
            if known is None or lot.version > known[0]:
                taken.append(lot)
                self._db.execute(
                    "INSERT INTO platform_lot (id, version, sha256) VALUES (?, ?, ?)"
                    " ON CONFLICT (id) DO UPDATE SET version = excluded.version, sha256 = excluded.sha256",
                    (lot.id, lot.version, digest),
                )
            elif lot.version < known[0]:
                warnings.append(LotWarning(lot.id, f"version {lot.version} is stale, {known[0]} was taken before: ignored"))
            elif digest != known[1]:
                warnings.append(LotWarning(lot.id, f"version {lot.version} came twice with different content: first kept"))
        return tuple(taken), tuple(warnings)

    def first_time(self, event: PhaseEvent) -> bool:
        """Remember the event and say whether it was new."""
        cursor = self._db.execute(
            "INSERT INTO platform_event (id, utc_ns) VALUES (?, ?) ON CONFLICT (id) DO NOTHING", (event.id, event.utc_ns)
        )
        return bool(cursor.rowcount == 1)

    def note(self, rejected: Iterable[Rejected], warnings: Iterable[LotWarning], utc_ns: int) -> None:
        """Keep what people should see, also after a restart: the platform will not tell it again.  The last word on an item counts."""
        for one in rejected:
            self._db.execute("DELETE FROM platform_notice WHERE kind = 'rejected' AND ref = ?", (one.ref,))
            self._add_notice("rejected", one.ref, one.why, utc_ns)
        for warning in warnings:
            self._add_notice("warning", warning.lot, warning.text, utc_ns)
        for kind in ("rejected", "warning"):
            self._db.execute(
                "DELETE FROM platform_notice WHERE kind = ? AND utc_ns < (SELECT utc_ns FROM platform_notice WHERE kind = ?"
                " ORDER BY utc_ns DESC LIMIT 1 OFFSET ?)",
                (kind, kind, NOTICES - 1),
            )

    def came_right(self, lots: Iterable[Lot]) -> None:
        """These were taken: what was rejected of them is over."""
        for lot in lots:
            self._db.execute("DELETE FROM platform_notice WHERE kind = 'rejected' AND ref = ?", (lot.id,))

    def notices(self) -> list[Notice]:
        """What was rejected and what was doubtful, oldest first."""
        rows = self._db.execute("SELECT kind, ref, text, utc_ns FROM platform_notice ORDER BY utc_ns, ref, text").fetchall()
        return [Notice(*row) for row in rows]

    def _add_notice(self, kind: str, ref: str, text: str, utc_ns: int) -> None:
        self._db.execute(
            "INSERT INTO platform_notice VALUES (?, ?, ?, ?) ON CONFLICT (kind, ref, text) DO UPDATE SET utc_ns = excluded.utc_ns",
            (kind, ref, text, utc_ns),
        )


def _digest(lot: Lot) -> str:
    """Of a lot's content.  Codes that nobody told are left out, as before there were any: old lots must not look changed."""
    said = plain(lot)
    assert isinstance(said, dict), "a lot is a record"
    if not said["further_codes"]:
        del said["further_codes"]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


class StoredNonces:
    """`signature.Nonces` that a restart does not forget: a replay within the clock window must not outlive a crash."""

    def __init__(self, db: sqlite_utils.Database) -> None:
        self._db = db

    def first_time(self, nonce: str, stamp_s: int, now_s: int) -> bool:
        """As `Nonces` says."""
        with self._db.atomic():
            self._db.execute("DELETE FROM platform_nonce WHERE stamp_s < ?", (now_s - NONCE_KEPT_S,))
            cursor = self._db.execute(
                "INSERT INTO platform_nonce (nonce, stamp_s) VALUES (?, ?) ON CONFLICT (nonce) DO NOTHING", (nonce, stamp_s)
            )
            return bool(cursor.rowcount == 1)
