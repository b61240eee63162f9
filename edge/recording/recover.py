"""What a dead recorder left: whole fragments are sealed, torn ends cut off, nothing is deleted."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from edge.core.recording import (
    OPEN_SUFFIX,
    SEALED_SUFFIX,
    SIDECAR_SUFFIX,
    TORN_SUFFIX,
    Identity,
    SegmentMeta,
    decode_identity,
    decode_sidecar,
    encode_sidecar,
    read_seq,
)
from edge.recording import disk
from edge.recording.sealing import Seal, is_locked
from edge.recording.sidecar import describe, put_in_place

READ_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Recovery:
    """Paths are below the evidence root."""

    sealed: tuple[tuple[str, SegmentMeta], ...] = ()  # were open when their recorder died; each ends in a gap
    indexed: tuple[tuple[str, SegmentMeta], ...] = ()  # were complete, but had no readable sidecar; they have one now
    torn: tuple[str, ...] = ()  # hold no whole fragment, or are not ours; left as they were, under another name
    missing: tuple[str, ...] = ()  # a sidecar whose media file is gone: evidence was lost or taken away
    problems: tuple[str, ...] = field(default=())  # files that could not be dealt with, and why


def recover(evidence_root: Path) -> Recovery:
    """Put the tree in order.  Safe beside living recorders, and to repeat.  Reads only files that have no sidecar."""
    sweep = _Sweep(evidence_root)
    for path in sweep.segments(OPEN_SUFFIX):
        sweep.attempt(sweep.seal_open, path)
    for path in sweep.segments(SEALED_SUFFIX):
        if not path.name.endswith(OPEN_SUFFIX):
            sweep.attempt(sweep.index_complete, path)
    for path in sweep.segments(SIDECAR_SUFFIX):
        sweep.attempt(sweep.look_for_media, path)
    return Recovery(tuple(sweep.sealed), tuple(sweep.indexed), tuple(sweep.torn), tuple(sweep.missing), tuple(sweep.problems))


class _Sweep:
    """One walk over the tree; a file that makes trouble is noted and does not keep the others waiting."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.sealed: list[tuple[str, SegmentMeta]] = []
        self.indexed: list[tuple[str, SegmentMeta]] = []
        self.torn: list[str] = []
        self.missing: list[str] = []
        self.problems: list[str] = []

    def segments(self, suffix: str) -> list[Path]:
        """project / lot / track / file."""
        return [path for path in sorted(self._root.glob(f"*/*/*/*{suffix}")) if read_seq(path.name) is not None]

    def attempt(self, step: Callable[[Path], None], path: Path) -> None:
        try:
            step(path)
        except (OSError, ValueError) as error:
            self.problems.append(f"{self._below(path)}: {error}")

    def seal_open(self, path: Path) -> None:
        if is_locked(path):
            return
        seal = _read(path)
        final = disk.sealed_name(path)
        known = _sidecar(path)
        if known is not None and (known.bytes, known.sha256, known.sm3) == (
            seal.follower.position,
            *seal.digests.of_marked(),
        ):  # the recorder died between writing the sidecar and giving the file its final name
            put_in_place(path, known)
            self.sealed.append((self._below(final), known))
            return
        identity = self._identity(path, seal)
        if identity is None or not seal.follower.fragments:
            torn = path.rename(path.with_name(path.name.removesuffix(OPEN_SUFFIX) + TORN_SUFFIX))
            disk.sync_folder(path.parent)
            self.torn.append(self._below(torn))
            return
        with path.open("r+b") as file:
            file.truncate(seal.follower.sealed_bytes)
            os.fsync(file.fileno())
        meta = describe(identity, seal, final.name, "crash")
        put_in_place(path, meta)
        self.sealed.append((self._below(final), meta))

    def index_complete(self, path: Path) -> None:
        if _sidecar(path) is not None:
            return
        seal = _read(path)
        identity = self._identity(path, seal)
        if identity is None or not seal.follower.fragments or seal.follower.sealed_bytes != path.stat().st_size:
            raise ValueError("has no readable sidecar and is no whole segment of this folder; find out who put it there")
        meta = describe(identity, seal, path.name, "unknown")
        disk.write_durably(disk.sidecar_of(path), encode_sidecar(meta))
        disk.sync_folder(path.parent)
        self.indexed.append((self._below(path), meta))

    def look_for_media(self, sidecar: Path) -> None:
        stem = sidecar.name.removesuffix(SIDECAR_SUFFIX)
        if not any((sidecar.parent / (stem + suffix)).exists() for suffix in (SEALED_SUFFIX, OPEN_SUFFIX)):
            self.missing.append(self._below(sidecar.with_name(stem + SEALED_SUFFIX)))

    def _identity(self, path: Path, seal: Seal) -> Identity | None:
        """What the file's own bytes say; None when they say nothing, or that it belongs elsewhere."""
        init = seal.follower.init
        identity = decode_identity(init.comment) if init is not None else None
        if identity is None:
            return None
        folder = f"{identity.project}/{identity.lot}/{identity.track}"
        return identity if (folder, identity.seq) == (self._below(path.parent), read_seq(path.name)) else None

    def _below(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix()


def _sidecar(media: Path) -> SegmentMeta | None:
    """None when there is none that can be read."""
    try:
        return decode_sidecar(disk.sidecar_of(media).read_bytes(), str(media))
    except (OSError, ValueError):
        return None


def _read(path: Path) -> Seal:
    """What the file holds, up to where it is torn."""
    seal = Seal()
    with path.open("rb") as file:
        while piece := file.read(READ_BYTES):
            seal.feed(piece)
    return seal
