"""A camera's two clocks: media time, which only runs, and its idea of UTC, which may be wrong."""

import time

from simulation.hardware.cameras.spec import CameraError

S = 1_000_000_000  # nanoseconds in a second
OFFSET_MS_MAX = 10 * 365 * 86_400_000  # a wrong clock may be years off, but what it shows must stay a date


class CameraClock:
    """Media time counts from the moment the camera was switched on.  `offset_ms` may change while it films."""

    def __init__(self, camera: str) -> None:
        self._camera = camera
        self.epoch_mono_ns = time.monotonic_ns()
        self.offset_ms = 0

    def set_offset(self, offset_ms: int) -> None:
        if abs(offset_ms) > OFFSET_MS_MAX:
            raise CameraError(f"camera {self._camera!r}: clock offset {offset_ms} ms is more than ten years")
        self.offset_ms = offset_ms

    def media_ns(self) -> int:
        """Media time now."""
        return time.monotonic_ns() - self.epoch_mono_ns

    def utc_ns(self, media_ns: int) -> int:
        """The UTC of a moment of media time, as the camera believes it.  A step of the host's UTC is followed."""
        return media_ns + self.epoch_mono_ns + _utc_minus_mono_ns() + self.offset_ms * 1_000_000


def _utc_minus_mono_ns() -> int:
    """The host's UTC minus its monotonic clock.

    An interruption between two readings would look like a clock step, so the closest of a few pairs counts.
    """
    best_width_ns, best_ns = S, 0
    for _ in range(5):
        before_ns, utc_ns, after_ns = time.monotonic_ns(), time.time_ns(), time.monotonic_ns()
        if after_ns - before_ns < best_width_ns:
            best_width_ns, best_ns = after_ns - before_ns, utc_ns - (before_ns + after_ns) // 2
        if best_width_ns < 20_000:
            break
    return best_ns
