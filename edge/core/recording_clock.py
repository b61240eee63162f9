"""The camera's clock, as RTP sender reports tell it, beside the host's.  Pure."""

import struct
from dataclasses import dataclass

from edge.core.recording import CameraClock

# AVProducerReferenceTime (libavformat/avformat.h): wall clock in µs since 1970, then flags, in the host's byte order.
_PRFT = struct.Struct("=q")


def read_prft(side_data: bytes) -> int | None:
    """The camera's UTC in ns at which a packet was captured; None when there is none or it is not set (before 1990)."""
    if len(side_data) < _PRFT.size:
        return None
    (wallclock_us,) = _PRFT.unpack_from(side_data)
    return wallclock_us * 1000 if wallclock_us > 631_152_000_000_000 else None


@dataclass(slots=True)
class ClockComparison:
    """Collects pairs of camera and host time over one segment."""

    start_ns: int | None = None  # camera time of the first pair's frame, taken back to the segment's start
    offset_ns: int = 0
    _lowest_ns: int = 0
    samples: int = 0

    def add(self, camera_utc_ns: int, host_utc_ns: int, into_segment_ns: int) -> None:
        """`into_segment_ns`: media time from the segment's first frame to this one."""
        offset_ns = camera_utc_ns - host_utc_ns
        if self.start_ns is None:
            self.start_ns, self.offset_ns, self._lowest_ns = camera_utc_ns - into_segment_ns, offset_ns, offset_ns
        self.offset_ns = max(self.offset_ns, offset_ns)
        self._lowest_ns = min(self._lowest_ns, offset_ns)
        self.samples += 1

    def result(self) -> CameraClock | None:
        if self.start_ns is None:
            return None
        return CameraClock(self.start_ns, self.offset_ns, self.offset_ns - self._lowest_ns, self.samples)
