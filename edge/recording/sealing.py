"""A file that is hashed, followed and made durable while it is written, so that sealing it never reads it again."""

import fcntl
import hashlib
import os
from pathlib import Path
from typing import Any

from edge.core.recording_boxes import FragmentFollower


class _Sm3:
    """SM3 where OpenSSL's build leaves it out of `hashlib`."""

    def __init__(self, state: Any = None) -> None:
        from cryptography.hazmat.primitives import hashes

        self._state = state if state is not None else hashes.Hash(hashes.SM3())

    def update(self, data: bytes) -> None:
        self._state.update(data)

    def copy(self) -> "_Sm3":
        return _Sm3(self._state.copy())

    def hexdigest(self) -> str:
        digest: bytes = self._state.copy().finalize()
        return digest.hex()


def new_sm3() -> Any:
    """An SM3 state with the interface of `hashlib`."""
    return hashlib.new("sm3") if "sm3" in hashlib.algorithms_available else _Sm3()


class Digests:
    """SHA-256 and SM3 over the same bytes, with a mark to fall back to."""

    def __init__(self) -> None:
        self._states: tuple[Any, Any] = (hashlib.sha256(), new_sm3())
        self._marked: tuple[Any, Any] = self._states

    def update(self, data: bytes) -> None:
        for state in self._states:
            state.update(data)

    def mark(self) -> None:
        """All bytes so far are whole."""
        self._marked = self._states[0].copy(), self._states[1].copy()

    def of_marked(self) -> tuple[str, str]:
        """(SHA-256, SM3) in hex of the bytes up to the last mark."""
        return self._marked[0].hexdigest(), self._marked[1].hexdigest()


class Seal:
    """Follows bytes: what they hold, where they are whole, and the hashes up to there."""

    def __init__(self) -> None:
        self.follower = FragmentFollower()
        self.digests = Digests()

    def feed(self, data: bytes) -> int:
        """How many fragments these bytes completed."""
        done = 0
        ends = self.follower.feed(data)
        for end in ends:
            self.digests.update(data[done:end])
            self.digests.mark()
            done = end
        self.digests.update(data[done:])
        return len(ends)


class SealingFile:
    """A new file for the muxer.  It offers `write` alone, so the muxer cannot go back and change what is hashed.

    It holds a lock as long as its process lives; that is how recovery tells a living recorder's file from a dead one's.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.seal = Seal()
        self._number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
        fcntl.flock(self._number, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def write(self, data: bytes) -> int:
        """Written in full, and on the disk itself when it completes a fragment."""
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._number, rest) :]
        if self.seal.feed(data):
            os.fdatasync(self._number)
        return len(data)

    def finish(self) -> None:
        """Cut off what is not whole, if anything, and make the file durable.  It stays locked until `release`."""
        os.ftruncate(self._number, self.seal.follower.sealed_bytes)
        os.fsync(self._number)

    def release(self) -> None:
        """May be called twice."""
        if self._number >= 0:
            os.close(self._number)
            self._number = -1


def is_locked(path: Path) -> bool:
    """A living recorder writes this file."""
    number = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(number)
    return False
