"""The inputs of one board, debounced: readings go in, settled changes come out.  Used by every kind of board."""

from collections.abc import Mapping

from edge.core.debounce import DebouncedLine, step_level, wake_ns
from edge.drivers.line_config import LineConfig
from edge.drivers.protocols import LineChanged


class InputBank:
    """Not locked: one driver thread owns it."""

    def __init__(self, lines: Mapping[str, LineConfig]) -> None:
        self._rules = {name: line.settle_rule for name, line in lines.items() if line.direction == "in"}
        self._lines = {name: DebouncedLine() for name in self._rules}

    def __contains__(self, name: str) -> bool:
        return name in self._lines

    def names(self) -> list[str]:
        return list(self._lines)

    def observe(self, name: str, level: bool, now_ns: int, *, edge: bool = False) -> LineChanged | None:
        """One reading of a line; a value is returned when it settled on a new level."""
        self._lines[name], changed = step_level(self._lines[name], self._rules[name], level, now_ns, edge=edge)
        return LineChanged(name, self._lines[name].settled, now_ns) if changed else None

    def level(self, name: str) -> bool:
        """The last reading, settled or not."""
        return self._lines[name].level

    def unsettled(self) -> list[str]:
        """Lines that must be read again at `wake_ns`."""
        return [name for name, line in self._lines.items() if line.level != line.settled]

    def wake_ns(self) -> int | None:
        """The earliest moment at which a line may settle."""
        wakes = [wake_ns(line, self._rules[name]) for name, line in self._lines.items()]
        return min((wake for wake in wakes if wake is not None), default=None)
