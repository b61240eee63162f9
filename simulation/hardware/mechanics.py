"""Moving metal: a bolt takes time to travel, a contact bounces.  Pure: the caller gives time and randomness."""

import random
from dataclasses import dataclass

MS = 1_000_000  # nanoseconds in a millisecond
S = 1_000 * MS

TRAVEL_MS = (30, 80)  # electric strikes, from energising to free
BOUNCE_MS = 20  # a reed contact on a slamming leaf settles within this time


@dataclass(frozen=True, slots=True)
class Edge:
    """A line moved.  `terminal` is the fixture's own name for it ("contact"); the board knows the device id."""

    terminal: str
    active: bool
    at_ns: int


class Bolt:
    """Follows its coil with a delay drawn anew for each move."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.driven = False  # what the coil asks for; True is released
        self._was = False
        self._there_ns = 0

    def drive(self, released: bool, now_ns: int) -> None:
        if released == self.driven:
            return
        self._was = self.released(now_ns)
        self.driven = released
        self._there_ns = now_ns + self._rng.randint(*TRAVEL_MS) * MS

    def released(self, now_ns: int) -> bool:
        return self.driven if now_ns >= self._there_ns else self._was

    def wake_ns(self, now_ns: int) -> int | None:
        """When the bolt arrives, while it travels."""
        return self._there_ns if now_ns < self._there_ns else None


class Contact:
    """A switch whose level chatters before it settles."""

    def __init__(self, terminal: str, rng: random.Random) -> None:
        self.terminal = terminal
        self.level = False
        self._rng = rng
        self._coming: list[Edge] = []

    def settle_on(self, active: bool, now_ns: int) -> None:
        """Three to eight edges within 20 ms, the first at once, the last on the new level."""
        del self._coming[:]  # a leaf that turns round ends the old bounce
        count = self._rng.choice((3, 5, 7)) if active != self.level else self._rng.choice((4, 6, 8))
        later = sorted(self._rng.sample(range(1, BOUNCE_MS * 1_000), count - 1))  # microseconds
        level = self.level
        for at_us in (0, *later):
            level = not level
            self._coming.append(Edge(self.terminal, level, now_ns + at_us * 1_000))

    def switch_to(self, active: bool, now_ns: int) -> None:
        """A sensor without bounce, such as a light barrier."""
        self._coming = [Edge(self.terminal, active, now_ns)]

    def advance(self, now_ns: int) -> list[Edge]:
        """Edges up to now, oldest first."""
        past = [edge for edge in self._coming if edge.at_ns <= now_ns]
        self._coming = self._coming[len(past) :]
        if past:
            self.level = past[-1].active
        return past

    def wake_ns(self) -> int | None:
        return self._coming[0].at_ns if self._coming else None
