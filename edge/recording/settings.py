"""How a recorder behaves, and the clocks and refusals it shares."""

import time
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class RecorderSettings:
    """The defaults are those of the reference venue."""

    segment_s: float = 60.0  # then the next keyframe begins a new segment
    post_roll_s: float = 2.0
    stall_s: float = 3.0  # a camera that sends nothing for so long is connected anew
    hole_s: float = 1.0  # a step in the picture that is greater than this is a gap
    silence_s: float = 2.0  # sound that lags the picture by more than this is a gap
    retry_longest_s: float = 10.0
    reserve_bytes: int = 2 << 30  # left free for the journal and for what is already there
    pre_roll_max_bytes: int = 8 << 20  # of the group of pictures that is held; 16 s at 4 Mbit/s
    warm: bool = True  # stay connected while nothing is wanted


class RefusedError(OSError):
    """An order to record was not taken.  The text names camera, fault and remedy."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class Clock(Protocol):
    def utc_ns(self) -> int: ...

    def mono_ns(self) -> int: ...


class HostClock:
    """This machine's clocks."""

    def utc_ns(self) -> int:
        return time.time_ns()

    def mono_ns(self) -> int:
        return time.monotonic_ns()
