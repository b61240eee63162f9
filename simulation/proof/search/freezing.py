"""Any state as a value that can be a key: the search counts two states as one when nothing tells them apart."""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from operator import attrgetter
from typing import Any

Key = Any  # hashable
_AS_THEY_ARE = frozenset({type(None), str, int, bool, bytes, frozenset})


@cache
def _reader(kind: Any, leave_out: frozenset[str]) -> Callable[[Any], Any] | None:
    names = [f.name for f in fields(kind) if f.name not in leave_out] if is_dataclass(kind) else []
    return attrgetter(*names) if len(names) > 1 else (lambda value: (getattr(value, names[0]),)) if names else None


def frozen(value: Any, leave_out: frozenset[str] = frozenset()) -> Key:
    """`value` with all mappings inside it made hashable; fields named in `leave_out` do not count."""
    kind: Any = type(value)
    if kind in _AS_THEY_ARE:
        return value
    if kind is tuple:
        return tuple([frozen(item, leave_out) for item in value]) if value else value
    if kind is dict or isinstance(value, Mapping):
        return frozenset([(key, frozen(item, leave_out)) for key, item in value.items()])
    read = _reader(kind, leave_out)
    return value if read is None else (kind, *[frozen(item, leave_out) for item in read(value)])
