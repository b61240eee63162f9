"""When does a bouncing contact count as changed?  Pure: the caller reads the level and gives the time.

A contact must hold its new level for `settle_ns`.  A `fast_assert` line (exit button, fire input) counts as active at
its first active level, because a person or a fire must not wait for it, and settles like any other on its way back.
"""

from dataclasses import dataclass

MS = 1_000_000  # nanoseconds in a millisecond


@dataclass(frozen=True, slots=True)
class SettleRule:
    """How one line is debounced."""

    settle_ns: int = 30 * MS
    fast_assert: bool = False


@dataclass(frozen=True, slots=True)
class DebouncedLine:
    """One input.  It starts as inactive, so that a line found active is told like any other change."""

    settled: bool = False  # what the agent has been told
    level: bool = False  # what was read last
    steady_since_ns: int = 0  # the last moment at which `level` was seen to move


def step_level(
    line: DebouncedLine, rule: SettleRule, level: bool, now_ns: int, *, edge: bool = False
) -> tuple[DebouncedLine, bool]:
    """Take one reading; the second value says whether `settled` has just changed.

    `edge` means that the line moved since the last reading even if the level is the same again: a bounce too short to
    be read still starts the quiet time anew.
    """
    moved = edge or level != line.level
    since_ns = now_ns if moved else line.steady_since_ns
    if level == line.settled:
        return DebouncedLine(line.settled, level, since_ns), False
    at_once = rule.fast_assert and level
    if at_once or now_ns - since_ns >= rule.settle_ns:
        return DebouncedLine(level, level, since_ns), True
    return DebouncedLine(line.settled, level, since_ns), False


def wake_ns(line: DebouncedLine, rule: SettleRule) -> int | None:
    """When the line must be read again to settle; None while nothing is pending."""
    if line.level == line.settled:
        return None
    return line.steady_since_ns + rule.settle_ns
