"""Lives as generators: somebody does something, says how long the next thing takes, and is called again.

A life yields nanoseconds to let pass, or a `Wait` for a bell with a limit to its patience.  Nobody polls faster than that.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import TypeVar

from simulation.world.contract import World

T = TypeVar("T")


@dataclass(slots=True)
class Bell:
    """Something that several people wait for.  Each is woken once, in the order in which they came."""

    _sleepers: list[Callable[[], None]] = field(default_factory=list)

    def ring(self) -> None:
        """Wake everybody who waits now."""
        sleepers, self._sleepers = self._sleepers, []
        for wake in sleepers:
            wake()

    def wakes(self, sleeper: Callable[[], None]) -> None:
        """Call `sleeper` at the next ring."""
        self._sleepers.append(sleeper)


@dataclass(frozen=True, slots=True)
class Wait:
    """Until the bell rings, or for `limit_ns`."""

    bell: Bell
    limit_ns: int


Act = Generator[int | Wait, None, T]


def live(world: World, act: Act[None]) -> None:
    """Begin a life now; it goes on by itself until its generator ends."""
    turn = 0

    def go_on(expected: int) -> None:
        nonlocal turn
        if expected != turn:
            return  # the bell rang before the patience ended, or the other way round
        turn += 1
        try:
            pause = next(act)
        except StopIteration:
            return
        mine = turn
        if isinstance(pause, Wait):
            pause.bell.wakes(lambda: world.after(0, lambda: go_on(mine)))
            world.after(pause.limit_ns, lambda: go_on(mine))
        else:
            world.after(pause, lambda: go_on(mine))

    go_on(0)
