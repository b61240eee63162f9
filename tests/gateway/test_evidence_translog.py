"""The transparency log only grows, survives a restart, and proves both."""

import sqlite3
import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.evidence.dossier import EvidenceError
from gateway.evidence.translog import TransparencyLog
from venue_model.checkpoint import parse_checkpoint
from venue_model.merkle import Tree, leaf_hash, verify_consistency, verify_inclusion

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
ORIGIN = "bidhall.example/venue-a"


def open_log(folder: Path) -> TransparencyLog:
    return TransparencyLog(folder / "log.sqlite", ORIGIN, KEY)


def test_every_leaf_is_provable_across_restarts(tmp_path: Path) -> None:
    leaves = [f"leaf {number}".encode() for number in range(11)]
    for leaf in leaves:
        with open_log(tmp_path) as log:
            log.append(leaf, "seal", 0)
    with open_log(tmp_path) as log:
        assert log.checkpoint().checkpoint.root == Tree(leaves).root()
        for number, leaf in enumerate(leaves):
            proof = log.proof(number)
            checkpoint = proof.signed.checkpoint
            assert verify_inclusion(leaf_hash(leaf), number, checkpoint.size, proof.path, checkpoint.root)


def test_a_checkpoint_kept_elsewhere_proves_that_nothing_was_rewritten(tmp_path: Path) -> None:
    with open_log(tmp_path) as log:
        for number in range(5):
            log.append(bytes([number]), "seal", 0)
        kept = parse_checkpoint(log.checkpoint().text())
        KEY.public_key().verify(kept.signatures[0].value, kept.checkpoint.body())
        for number in range(8):
            log.append(bytes([number]), "access", 0)
        now = log.checkpoint().checkpoint
        path = log.consistency(kept.checkpoint.size, now.size)
        assert verify_consistency(kept.checkpoint.size, now.size, path, kept.checkpoint.root, now.root)
        assert log.checkpoint(5).checkpoint == kept.checkpoint
        with pytest.raises(EvidenceError, match="has 13 leaves, not 14"):
            log.consistency(5, 14)


def test_a_leaf_cannot_be_changed_or_taken_out(tmp_path: Path) -> None:
    with open_log(tmp_path) as log:
        log.append(b"one", "seal", 0)
    database = sqlite3.connect(tmp_path / "log.sqlite")
    for statement in ("DELETE FROM leaf", "UPDATE leaf SET data = x'00'"):
        with pytest.raises(sqlite3.IntegrityError, match="the log only grows"):
            database.execute(statement)
    database.close()


def test_an_append_that_fails_leaves_no_trace(tmp_path: Path) -> None:
    with open_log(tmp_path) as log:
        log.append(b"one", "seal", 0)
        with pytest.raises(sqlite3.IntegrityError):
            log.append(None, "seal", 0)  # type: ignore[arg-type]
        assert log.size == 1
        assert log.append(b"two", "seal", 0) == 1
        assert log.checkpoint().checkpoint.root == Tree([b"one", b"two"]).root()


def test_two_programs_and_several_threads_take_different_numbers(tmp_path: Path) -> None:
    numbers: list[int] = []
    with open_log(tmp_path) as first, open_log(tmp_path) as second:

        def write(log: TransparencyLog) -> None:
            numbers.extend(log.append(b"x", "access", 0) for _ in range(10))

        threads = [threading.Thread(target=write, args=(log,)) for log in (first, second, first, second)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(numbers) == list(range(40))
        assert first.checkpoint().checkpoint.root == Tree([b"x"] * 40).root()


def test_a_log_is_not_continued_under_another_key_or_name(tmp_path: Path) -> None:
    open_log(tmp_path).close()
    for origin, key in ((ORIGIN, Ed25519PrivateKey.generate()), ("elsewhere", KEY)):
        with pytest.raises(EvidenceError, match="of another key"):
            TransparencyLog(tmp_path / "log.sqlite", origin, key)


def test_an_append_is_synced_to_disk(tmp_path: Path) -> None:
    with open_log(tmp_path) as log:
        assert log._db.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
