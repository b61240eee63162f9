"""One byte form per record, for hashing and signing: JSON, UTF-8, sorted keys, no whitespace, no floats.

Integers stay within ±(2^53 - 1), the range that every JSON reader keeps exact (RFC 7493).  Longer numbers, such as
nanoseconds since 1970, are written as RFC 3339 text by `moments.utc_text`.
"""

import dataclasses
import enum
import json
from collections.abc import Mapping
from typing import NoReturn, TypeAlias

Plain: TypeAlias = bool | int | str | list["Plain"] | dict[str, "Plain"] | None

EXACT_LIMIT = 2**53 - 1  # the largest integer n such that n and n + 1 are both exact in a double

_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
_Place: TypeAlias = tuple["_Place", str | int] | None  # of a value: the record or list that holds it, and its key there; None: the whole


def canonical_bytes(obj: object) -> bytes:
    """The one byte form of `obj`: dicts with text keys, lists, tuples, text, booleans, integers and None.

    Raises TypeError naming the path of anything else, ValueError for an integer out of range or a lone surrogate.

    >>> canonical_bytes({"b": [1, True], "a": "开标"}).decode()
    '{"a":"开标","b":[1,true]}'
    >>> canonical_bytes({"clock": [{"offset_ms": 0.5}]})
    Traceback (most recent call last):
    TypeError: $.clock[0].offset_ms: float has no canonical form; use an integer in a smaller unit, or text
    """
    _check(obj, None)
    return _ENCODER.encode(obj).encode()


def parse_canonical(data: bytes) -> Plain:
    """Read what `canonical_bytes` wrote, and nothing else: another spelling of the same record is a ValueError."""
    try:
        obj: Plain = json.loads(data.decode(), object_pairs_hook=_no_duplicates, parse_float=_no_float, parse_constant=_no_float)
    except RecursionError:
        raise ValueError("JSON is nested too deeply to be a record") from None
    try:
        again = canonical_bytes(obj)
    except TypeError as error:  # unreachable by the hooks above, kept as a ValueError for the caller's sake
        raise ValueError(str(error)) from None
    if again != data:
        raise ValueError("JSON is valid but not in canonical form (key order, whitespace or escapes differ)")
    return obj


def plain(record: object) -> Plain:
    """A dataclass, enum, mapping or sequence as the plain values that `canonical_bytes` takes.

    Explicit on purpose: fields of a dataclass become keys by their own names, and nothing is guessed for other types.
    """
    if record is None or type(record) is str or type(record) is int or type(record) is bool:  # nearly all values: asked first
        return record
    if isinstance(record, enum.Enum):
        return plain(record.value)
    if isinstance(record, str | int):
        return record
    if dataclasses.is_dataclass(record) and not isinstance(record, type):
        return {field.name: plain(getattr(record, field.name)) for field in dataclasses.fields(record)}
    if isinstance(record, Mapping):
        return {str(key): plain(value) for key, value in record.items()}
    if isinstance(record, tuple | list):
        return [plain(item) for item in record]
    raise TypeError(f"{type(record).__name__} has no plain form; give text, integers, lists, dicts or dataclasses")


def _check(obj: object, place: _Place) -> None:
    # Exact types: a bool is an int, and a text enum is a str, but only one of each has one obvious spelling.
    if type(obj) is str:
        if not obj.isascii():
            _check_text(obj, place)
    elif obj is None or type(obj) is bool:
        return
    elif type(obj) is int:
        if abs(obj) > EXACT_LIMIT:
            raise ValueError(f"{_path(place)}: {obj} is outside ±(2^53 - 1); write it as text")
    elif isinstance(obj, dict):
        for key, value in obj.items():
            if type(key) is not str:
                raise TypeError(f"{_path(place)}: key {key!r} is not text")
            if not key.isascii():
                _check_text(key, place)
            _check(value, (place, key))
    elif isinstance(obj, list | tuple):
        for index, item in enumerate(obj):
            _check(item, (place, index))
    else:
        advice = "use an integer in a smaller unit, or text" if isinstance(obj, float) else "pass it through plain()"
        raise TypeError(f"{_path(place)}: {type(obj).__name__} has no canonical form; {advice}")


def _check_text(text: str, place: _Place) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{_path(place)}: text holds a lone surrogate and has no UTF-8 form") from None


def _path(place: _Place) -> str:
    """A place in words.  Written only for an error: most records have none, and thousands of values."""
    if place is None:
        return "$"
    holder, key = place
    return f"{_path(holder)}[{key}]" if isinstance(key, int) else f"{_path(holder)}.{key}"


def _no_duplicates(pairs: list[tuple[str, Plain]]) -> dict[str, Plain]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"key {next(key for key in keys if keys.count(key) > 1)!r} stands twice in one object")
    return found


def _no_float(text: str) -> NoReturn:
    raise ValueError(f"number {text} is not an integer")
