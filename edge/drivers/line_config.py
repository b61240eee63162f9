"""How the lines of a board are named, wired and debounced: one table for every kind of board."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from edge.core.debounce import MS, SettleRule

Direction = Literal["in", "out"]
Pull = Literal["up", "down", "off"]


@dataclass(frozen=True, slots=True)
class LineConfig:
    """One digital line.  `pin`, `active_high` and `pull` matter where the agent itself owns the pin (GPIO).

    A contact is normally wired to ground through the closed switch with `pull="up"`, `active_high=True`: open leaf,
    cut wire and pulled plug then all read as active, which is the honest reading of each.
    """

    direction: Direction
    pin: int | None = None  # BCM number
    active_high: bool = True
    pull: Pull = "off"
    debounce_ms: int = 30  # leaf contacts on the bench bounce for up to 20 ms
    fast_assert: bool = False  # exit buttons and the fire input

    @property
    def settle_rule(self) -> SettleRule:
        return SettleRule(self.debounce_ms * MS, self.fast_assert)


def load_lines(table: Mapping[str, LineConfig | Mapping[str, Any]]) -> dict[str, LineConfig]:
    """Lines by device id, from a venue file's tables or from ready values."""
    return {
        name: entry if isinstance(entry, LineConfig) else _load_line(name, entry) for name, entry in table.items()
    }


def _load_line(name: str, entry: Mapping[str, Any]) -> LineConfig:
    known = {field.name: field for field in fields(LineConfig)}
    for key, value in entry.items():
        if key not in known:
            raise ValueError(f"line {name}: {key} is not an option; known are {', '.join(sorted(known))}")
        choices = {"direction": get_args(Direction), "pull": get_args(Pull)}.get(key)
        if choices and value not in choices:
            raise ValueError(f"line {name}: {key} is {value!r}; write one of {', '.join(choices)}")
        wanted = {"pin": int, "debounce_ms": int, "active_high": bool, "fast_assert": bool}.get(key)
        if wanted and type(value) is not wanted:
            raise ValueError(f"line {name}: {key} is {value!r}; write {wanted.__name__}")
    if "direction" not in entry:
        raise ValueError(f'line {name}: direction is missing; write "in" or "out"')
    return LineConfig(**entry)


def check_pins(lines: Mapping[str, LineConfig]) -> list[str]:
    """What is wrong with a GPIO board's pins: none given, or one given twice."""
    problems = []
    owners: dict[int, str] = {}
    for name, line in lines.items():
        if line.pin is None:
            problems.append(f"line {name}: pin is missing; write the BCM number")
        elif line.pin in owners:
            problems.append(f"line {name}: pin {line.pin} is already used by {owners[line.pin]}")
        else:
            owners[line.pin] = name
    return problems
