"""Whether one camera may write to the evidence disk now, and what to tell people when it may not."""

import errno
from pathlib import Path

from edge.recording import disk
from edge.recording.events import EmitRecorder, RecorderHealth
from edge.recording.settings import Clock, RecorderSettings

S = 1_000_000_000
RETRY_NS = 5 * S  # each try on a broken disk may leave a file without a fragment


class DiskGuard:
    """`trouble` is (cause, what to do) while the disk is full or broken."""

    def __init__(
        self,
        camera: str,
        root: Path,
        emit: EmitRecorder,
        *,
        settings: RecorderSettings,
        clock: Clock,
        free_bytes: disk.FreeBytes,
    ) -> None:
        self._camera = camera
        self._root = root
        self._emit = emit
        self._reserve_bytes = settings.reserve_bytes
        self._clock = clock
        self._free_bytes = free_bytes
        self._since_mono_ns = 0
        self.trouble: tuple[str, str] | None = None

    def has_room(self) -> bool:
        return self._free_bytes(self._root) >= self._reserve_bytes

    def full_text(self) -> str:
        return (
            f"{self._free_bytes(self._root) >> 20} MiB free, {self._reserve_bytes >> 20} MiB are kept in reserve; "
            "move sealed evidence to the archive, nothing is deleted here"
        )

    def look(self, mono_ns: int) -> None:
        """At a keyframe, where recording could begin again."""
        if self.trouble is not None and mono_ns - self._since_mono_ns >= RETRY_NS and self.has_room():
            self.trouble = None
            self._emit(RecorderHealth(self._camera, True, "disk-ok", "recording goes on", mono_ns))

    def watch(self) -> None:
        """Once for each fragment."""
        if self.trouble is None and not self.has_room():
            self._block("disk-full", self.full_text())

    def fail(self, error: Exception) -> tuple[str, str]:
        """A file could not be made or written.  Gives the trouble."""
        full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
        if full:
            return self._block("disk-full", self.full_text())
        return self._block("disk", f"{type(error).__name__}: {error}; check the disk and its mount")

    def _block(self, cause: str, detail: str) -> tuple[str, str]:
        now_mono_ns = self._clock.mono_ns()
        if self.trouble is None or self.trouble[0] != cause:
            self._emit(RecorderHealth(self._camera, False, cause, detail, now_mono_ns))
        self.trouble, self._since_mono_ns = (cause, detail), now_mono_ns
        return self.trouble
