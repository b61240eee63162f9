"""What the platform has told us already: the cursor, the newest version of each lot, the events and nonces that were used."""

import hashlib
import json
from collections.abc import Iterable

import sqlite_utils

from gateway.trading.base import LotWarning, PhaseEvent
from gateway.trading.signature import WINDOW_S
from venue_model.canonical import plain
from venue_model.lots import Lot

CURSOR = "platform_cursor"  # in table `setting`


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
            digest = hashlib.sha256(json.dumps(plain(lot), sort_keys=True).encode()).hexdigest()
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


class StoredNonces:
    """`signature.Nonces` that a restart does not forget: a replay within the clock window must not outlive a crash."""

    def __init__(self, db: sqlite_utils.Database) -> None:
        self._db = db

    def first_time(self, nonce: str, stamp_s: int, now_s: int) -> bool:
        """As `Nonces` says."""
        with self._db.atomic():
            self._db.execute("DELETE FROM platform_nonce WHERE stamp_s < ?", (now_s - WINDOW_S,))
            cursor = self._db.execute(
                "INSERT INTO platform_nonce (nonce, stamp_s) VALUES (?, ?) ON CONFLICT (nonce) DO NOTHING", (nonce, stamp_s)
            )
            return bool(cursor.rowcount == 1)
