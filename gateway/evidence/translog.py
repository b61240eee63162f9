"""The venue's transparency log: an append-only RFC 6962 tree in an SQLite file of its own.

A leaf is the tag manifest of a sealed package, or the record of a reading.  Complete subtrees are stored once each, so
a proof costs O(log n) look-ups however long the log has grown.  An append returns when it is on disk.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.evidence.dossier import EvidenceError
from venue_model import merkle
from venue_model.checkpoint import Checkpoint, LogProof, Signature, SignedCheckpoint, ed25519_key_id
from venue_model.moments import utc_text

_SCHEMA = """
CREATE TABLE IF NOT EXISTS log (origin TEXT NOT NULL, public_key BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS leaf (
    number INTEGER PRIMARY KEY,  -- place in the tree, from 0
    kind   TEXT NOT NULL,        -- seal, access
    utc    TEXT NOT NULL,        -- RFC 3339, by this machine's clock
    data   BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS node (  -- complete subtrees, as venue_model/merkle.py numbers them
    level  INTEGER,
    number INTEGER,
    hash   BLOB NOT NULL,
    PRIMARY KEY (level, number)
) WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS leaf_kept BEFORE DELETE ON leaf BEGIN SELECT RAISE(ABORT, 'the log only grows'); END;
CREATE TRIGGER IF NOT EXISTS leaf_fixed BEFORE UPDATE ON leaf BEGIN SELECT RAISE(ABORT, 'the log only grows'); END;
"""


class TransparencyLog:
    """May be used from several threads.  `origin` names the log for good: it stands in every checkpoint."""

    def __init__(self, path: Path, origin: str, key: Ed25519PrivateKey) -> None:
        self.origin, self._key = origin, key
        self._public = key.public_key().public_bytes_raw()
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 10000;")
        self._db.executescript(_SCHEMA)
        try:
            self._claim(path)
        except EvidenceError:
            self.close()
            raise

    def append(self, data: bytes, kind: str, utc_ns: int) -> int:
        """Add a leaf and return its number, after the commit has reached the disk."""
        with self._write():
            number = self._size()
            self._db.execute("INSERT INTO leaf VALUES (?, ?, ?, ?)", (number, kind, utc_text(utc_ns), data))
            for level, index, made in merkle.grow(number, merkle.leaf_hash(data), self._node):
                self._db.execute("INSERT INTO node VALUES (?, ?, ?)", (level, index, made))
        return number

    @property
    def size(self) -> int:
        with self._lock:
            return self._size()

    def checkpoint(self, size: int | None = None) -> SignedCheckpoint:
        """The signed state of the log, or of its first `size` leaves: what goes to a party outside the venue."""
        with self._lock:
            return self._checkpoint(self._size() if size is None else size)

    def proof(self, number: int) -> LogProof:
        """Proof that leaf `number` is in the log as it stands now."""
        with self._lock:
            size = self._size()
            return LogProof(number, merkle.inclusion(number, size, self._node), self._checkpoint(size))

    def consistency(self, old_size: int, new_size: int) -> tuple[bytes, ...]:
        """Proof that nothing was rewritten between two checkpoints."""
        with self._lock:
            if new_size > self._size():
                raise EvidenceError(f"log {self.origin} has {self._size()} leaves, not {new_size}")
            return merkle.consistency(old_size, new_size, self._node)

    def leaves(self, kind: str) -> list[tuple[int, bytes]]:
        """Number and data of every leaf of that kind, oldest first."""
        with self._lock:
            return list(self._db.execute("SELECT number, data FROM leaf WHERE kind = ? ORDER BY number", (kind,)))

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> "TransparencyLog":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _claim(self, path: Path) -> None:
        with self._write():
            row = self._db.execute("SELECT origin, public_key FROM log").fetchone()
            if row is None:
                self._db.execute("INSERT INTO log VALUES (?, ?)", (self.origin, self._public))
            elif row != (self.origin, self._public):
                raise EvidenceError(f"{path}: this is the log {row[0]!r} of another key; restore that key, or name a new file")

    def _checkpoint(self, size: int) -> SignedCheckpoint:
        checkpoint = Checkpoint(self.origin, size, merkle.root(size, self._node))
        signature = Signature(self.origin, ed25519_key_id(self.origin, self._public), self._key.sign(checkpoint.body()))
        return SignedCheckpoint(checkpoint, (signature,))

    def _size(self) -> int:
        found: int = self._db.execute("SELECT coalesce(max(number) + 1, 0) FROM leaf").fetchone()[0]
        return found

    def _node(self, level: int, index: int) -> bytes:
        row = self._db.execute("SELECT hash FROM node WHERE level = ? AND number = ?", (level, index)).fetchone()
        if row is None:
            raise EvidenceError(f"log {self.origin}: subtree ({level}, {index}) is missing; restore the log's backup")
        found: bytes = row[0]
        return found

    @contextmanager
    def _write(self) -> Iterator[None]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
