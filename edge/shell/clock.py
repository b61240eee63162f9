"""This machine's clocks as `Now`, with the kernel's own estimate of how far UTC may be off."""

import ctypes
import time

from venue_model.moments import Now, S

_LOOK_NS = 10 * S  # the estimate moves slowly
_UNKNOWN_NS = 16 * S  # what the kernel itself says when nobody disciplines the clock


class _Timex(ctypes.Structure):
    """The head of `struct timex` (adjtimex(2)); the kernel writes 208 bytes at most."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),  # µs
        ("rest", ctypes.c_char * 256),
    )


class HostClock:
    """Call `now`."""

    def __init__(self) -> None:
        self._error_ns = _UNKNOWN_NS
        self._looked_ns: int | None = None
        self._libc = ctypes.CDLL(None, use_errno=True)

    def now(self) -> Now:
        mono_ns = time.monotonic_ns()
        if self._looked_ns is None or mono_ns - self._looked_ns >= _LOOK_NS:
            self._looked_ns, self._error_ns = mono_ns, self._utc_error_ns()
        return Now(mono_ns, time.time_ns(), self._error_ns)

    def _utc_error_ns(self) -> int:
        if not hasattr(self._libc, "adjtimex"):
            return _UNKNOWN_NS
        found = _Timex()
        if self._libc.adjtimex(ctypes.byref(found)) < 0:
            # A container may forbid even looking: an honest "unknown" counts in favour of the person at the door.
            return _UNKNOWN_NS
        return min(_UNKNOWN_NS, int(found.maxerror) * 1_000)

