"""Packets of one connection on one steady time axis, in order of time over all its streams.  Pure."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

P = TypeVar("P")

JUMP_NS = 1_000_000_000  # media time that leaves the host's by more than this was stepped, not delayed


@dataclass(slots=True)
class SteadyTime:
    """Media time of one stream that only moves forward.

    A camera that sets its clock makes its next sender report step, and FFmpeg lets packet times follow (rtpdec).  Such a
    step is taken out here: footage must not show a hole of an hour because the camera found its time server.
    """

    shift_ns: int = 0
    last_ns: int | None = None
    last_mono_ns: int = 0

    def place(self, time_ns: int, duration_ns: int, mono_ns: int) -> int:
        """The time to write.  A real hole (the camera sent nothing) stays a hole."""
        placed_ns = time_ns + self.shift_ns
        if self.last_ns is not None:
            step_ns = placed_ns - self.last_ns
            waited_ns = mono_ns - self.last_mono_ns
            if step_ns <= 0 or (step_ns > JUMP_NS and step_ns - waited_ns > JUMP_NS):
                placed_ns = self.last_ns + max(duration_ns, 1, waited_ns if step_ns > JUMP_NS else 0)
                self.shift_ns = placed_ns - time_ns
        self.last_ns, self.last_mono_ns = placed_ns, mono_ns
        return placed_ns


class Interleaver(Generic[P]):
    """Cutting picture and sound at one moment needs them in order of time; a camera sends one after the other.

    A packet waits until each stream has shown that nothing earlier will come, but no longer than `patience_ns`: a
    silent microphone must not hold the picture up.
    """

    def __init__(self, streams: Iterable[int], patience_ns: int) -> None:
        self._queues: dict[int, deque[tuple[int, int, P]]] = {stream: deque() for stream in streams}
        self._patience_ns = patience_ns

    def push(self, stream: int, time_ns: int, packet: P, mono_ns: int) -> list[P]:
        """Takes a packet; gives those whose turn has come."""
        self._queues[stream].append((time_ns, mono_ns, packet))
        ready: list[P] = []
        while True:
            waiting = [queue for queue in self._queues.values() if queue]
            if not waiting:
                return ready
            first = min(waiting, key=lambda queue: queue[0][0])
            if len(waiting) < len(self._queues) and mono_ns - first[0][1] < self._patience_ns:
                return ready
            ready.append(first.popleft()[2])

    def drain(self) -> list[P]:
        """All that waits, when nothing more will come."""
        entries = sorted((entry for queue in self._queues.values() for entry in queue), key=lambda entry: entry[0])
        for queue in self._queues.values():
            queue.clear()
        return [packet for _, _, packet in entries]
