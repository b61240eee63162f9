"""A measured value beside the floor of the same run, and how both are printed."""

import json
import math
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """`ratio` is value / floor; both are None where nothing beneath the product could be measured."""

    what: str
    n: int
    value: float
    unit: str
    floor: float | None = None
    ratio: float | None = None


def figure(what: str, n: int, value: float, unit: str, floor: float | None = None) -> Figure:
    """A figure with its ratio, rounded to what a noisy machine can tell."""
    ratio = round(value / floor, 2) if floor else None
    return Figure(what, n, round(value, 3), unit, None if floor is None else round(floor, 3), ratio)


def percentile(values: Iterable[float], percent: float) -> float:
    """The smallest value that at least so many percent of the values do not exceed (nearest rank).

    >>> percentile([4, 1, 3, 2], 50), percentile([4, 1, 3, 2], 99)
    (2, 4)
    """
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def as_json(figures: Sequence[Figure]) -> str:
    """The result for programs."""
    return json.dumps({"figures": [asdict(figure) for figure in figures]}, ensure_ascii=False, indent=1)


def as_table(figures: Sequence[Figure]) -> str:
    """The result for people: aligned also where Chinese characters take two columns."""
    head = ("项目 what", "数量 n", "数值 value", "下限 floor", "倍数 ratio", "单位 unit")
    rows = [(f.what, str(f.n), f"{f.value:g}", _text(f.floor), _text(f.ratio), f.unit) for f in figures]
    widths = [max(_columns(row[i]) for row in (head, *rows)) for i in range(len(head))]
    return "\n".join("  ".join(_padded(cell, widths[i], right=0 < i < 5) for i, cell in enumerate(row)).rstrip() for row in (head, *rows))


def _text(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _padded(text: str, width: int, *, right: bool) -> str:
    room = " " * (width - _columns(text))
    return room + text if right else text + room
