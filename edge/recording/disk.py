"""The evidence tree on disk: names, durability, free space."""

import os
from collections.abc import Callable
from pathlib import Path

from edge.core.recording import OPEN_SUFFIX, SIDECAR_SUFFIX, SegmentMeta, decode_sidecar, read_seq


def free_bytes(folder: Path) -> int:
    """What an ordinary user may still write."""
    state = os.statvfs(folder)
    return state.f_bavail * state.f_frsize


def sync_folder(folder: Path) -> None:
    """Make names in the folder durable."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def make_folder(folder: Path) -> None:
    """Make a folder and its parents, each durably."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)


def write_durably(path: Path, data: bytes) -> None:
    """Whole or not at all.  The caller syncs the folder."""
    draft = path.with_name(path.name + ".draft")
    number = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
    with os.fdopen(number, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def sealed_name(open_path: Path) -> Path:
    """Where a segment lies once it is sealed."""
    return open_path.with_name(open_path.name.removesuffix(OPEN_SUFFIX) + ".mp4")


def sidecar_of(media_path: Path) -> Path:
    return media_path.with_name(media_path.name.removesuffix(".mp4").removesuffix(".part") + SIDECAR_SUFFIX)


def next_seq(folder: Path) -> int:
    """One more than the greatest number in the folder, whatever became of its file."""
    return 1 + max((read_seq(entry.name) or 0 for entry in folder.iterdir()), default=0)


def last_meta(folder: Path) -> SegmentMeta | None:
    """The sidecar of the folder's last segment; None when there is none that can be read."""
    sidecars = [entry for entry in folder.glob(f"*{SIDECAR_SUFFIX}") if read_seq(entry.name) is not None]
    if not sidecars:
        return None
    newest = max(sidecars, key=lambda entry: (read_seq(entry.name) or 0, entry.name))
    try:
        return decode_sidecar(newest.read_bytes(), str(newest))
    except (OSError, ValueError):
        return None


FreeBytes = Callable[[Path], int]
