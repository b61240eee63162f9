"""How far an agent's journal has come without a hole: what may be acknowledged, and therefore forgotten by the agent.

An agent has several messages on their way.  When the broker drops one and delivers the next, acknowledging the next would make the
agent forget lines that never arrived.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from venue_model.moments import S

# An agent repeats from its oldest line after 3 s, then ever more slowly.  One that still begins beyond the hole after this has nothing
# older: a gateway restored from a backup must go on, and say what it lacks.
HOLE_NS = 60 * S


@dataclass(frozen=True, slots=True)
class Reach:
    """One journal of one agent."""

    through: int = 0  # every line up to here is stored, or recorded as lost
    beyond: int | None = None  # the oldest line that was sent from beyond a hole …
    since_mono_ns: int = 0  # … and when it came first


def extended(reach: Reach, first: int, stored: Iterable[int], mono_ns: int) -> tuple[Reach, range]:
    """The reach after a message that begins with line `first`; `stored`: the lines beyond `reach.through` that are there, ascending.

    Returns also the lines that are lost for good, usually none.

    >>> extended(Reach(4), 7, [7, 8], 0)
    (Reach(through=4, beyond=7, since_mono_ns=0), range(0, 0))
    >>> extended(Reach(4, beyond=7), 5, [5, 6, 7, 8], S)
    (Reach(through=8, beyond=None, since_mono_ns=0), range(0, 0))
    """
    lost = range(0)
    if first > reach.through + 1:
        if reach.beyond is None or first < reach.beyond:
            reach = replace(reach, beyond=first, since_mono_ns=mono_ns)
        elif first == reach.beyond and mono_ns - reach.since_mono_ns >= HOLE_NS:
            lost = range(reach.through + 1, first)
            reach = replace(reach, through=first - 1)
    through = reach.through
    for seq in stored:
        if seq > through + 1:
            break
        through = max(through, seq)
    closed = reach.beyond is not None and through >= reach.beyond
    return (Reach(through) if closed else replace(reach, through=through)), lost
