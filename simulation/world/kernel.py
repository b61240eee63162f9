"""Virtual time: a heap of (time, sequence, action), one random stream for each purpose, and the trace of what was seen."""

import hashlib
import heapq
import random
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from simulation.world.contract import See, Seen

Action = Callable[[], None]
START_UTC_NS = 1_800_000_000_000_000_000  # 2027-01-15 16:00 in China: as good a day as any


class World:
    """Time moves only here, from one action to the next; what is due at one moment happens in the order in which it was asked for."""

    def __init__(self, seed: int, span_ns: int, start_utc_ns: int = START_UTC_NS) -> None:
        self.seed = seed
        self.span_ns = span_ns
        self.start_utc_ns = start_utc_ns
        self.now_ns = 0
        self._heap: list[tuple[int, int, Action]] = []
        self._sequence = 0
        self._streams: dict[str, random.Random] = {}

    @property
    def utc_ns(self) -> int:
        """The true UTC."""
        return self.start_utc_ns + self.now_ns

    @property
    def steps(self) -> int:
        """How many actions were taken: all that were asked for and do not wait any more."""
        return self._sequence - len(self._heap)

    def at(self, time_ns: int, action: Action) -> None:
        """Do something at a time; now when it is past."""
        self._sequence += 1
        heapq.heappush(self._heap, (time_ns if time_ns > self.now_ns else self.now_ns, self._sequence, action))

    def after(self, delay_ns: int, action: Action) -> None:
        """Do something later."""
        self.at(self.now_ns + delay_ns, action)

    def stream(self, name: str) -> random.Random:
        """The random stream of one purpose: what one draws more or less does not shift the others."""
        found = self._streams.get(name)
        if found is None:
            found = self._streams[name] = random.Random(f"{self.seed}/{name}")
        return found

    def run_until(self, end_ns: int) -> None:
        """Do everything that is due before `end_ns`; then it is that time."""
        heap, pop = self._heap, heapq.heappop
        while heap and heap[0][0] < end_ns:
            self.now_ns, _, action = pop(heap)
            action()
        self.now_ns = end_ns


class Alarm:
    """At most one pending call of one action: a later date is forgotten for an earlier one."""

    def __init__(self, world: World, action: Action) -> None:
        self._world = world
        self._action = action
        self._at_ns: int | None = None
        self._number = 0

    def set(self, time_ns: int) -> None:
        """Call at this time, unless a call is pending before."""
        if self._at_ns is not None and self._at_ns <= time_ns:
            return
        self._at_ns = time_ns
        self._number += 1
        number = self._number
        self._world.at(time_ns, lambda: self._ring(number))

    def clear(self) -> None:
        """No call."""
        self._at_ns = None
        self._number += 1

    def _ring(self, number: int) -> None:
        if number == self._number and self._at_ns is not None:
            self._at_ns = None
            self._action()


class Trace:
    """All that was seen, in order: the same for the same seed on every machine."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._listeners: dict[See, list[Callable[[Seen], None]]] = {kind: [] for kind in See}
        self.events: list[Seen] = []  # without messages: they are many, and long
        self._count = 0

    def listen(self, kinds: tuple[See, ...], listener: Callable[[Seen], None]) -> None:
        """Call `listener` after each event of these kinds; of all but MESSAGE when none is named."""
        for kind in wanted(kinds):
            self._listeners[kind].append(listener)

    def heard(self, kind: See) -> bool:
        """True when somebody listens: what is costly to tell is told only then."""
        return bool(self._listeners[kind])

    def see(self, kind: See, **fields: Any) -> None:
        """Something happened."""
        self.see_fields(kind, fields)

    def see_fields(self, kind: See, fields: Mapping[str, Any]) -> None:
        """The same, for fields whose names are Python's own words."""
        self._count += 1
        seen = Seen(self._count, self._world.now_ns, kind, fields)
        if kind is not See.MESSAGE:
            self.events.append(seen)
        for listener in self._listeners[kind]:
            listener(seen)


def wanted(kinds: tuple[See, ...]) -> tuple[See, ...]:
    """These kinds of events; all but MESSAGE when none is named."""
    return kinds or tuple(kind for kind in See if kind is not See.MESSAGE)


def digest_of(events: Iterable[Seen]) -> str:
    """The hash of a trace.  Made when it is asked for: most runs are only looked at when a law is broken."""
    text = "\n".join(f"{seen.time_ns} {seen.kind} {seen.fields}" for seen in events)
    return hashlib.sha256(text.encode()).hexdigest()
