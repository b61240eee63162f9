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


def canonical_bytes(obj: object) -> bytes:
    """The one byte form of `obj`: dicts with text keys, lists, tuples, text, booleans, integers and None.

    Raises TypeError naming the path of anything else, ValueError for an integer out of range or a lone surrogate.

    >>> canonical_bytes({"b": [1, True], "a": "开标"}).decode()
    '{"a":"开标","b":[1,true]}'
    >>> canonical_bytes({"clock": [{"offset_ms": 0.5}]})
    Traceback (most recent call last):
    TypeError: $.clock[0].offset_ms: float has no canonical form; use an integer in a smaller unit, or text
    """
    _check(obj, "$")
    return json.dumps(obj, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


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
    if record is None or (isinstance(record, bool | str | int) and not isinstance(record, enum.Enum)):
        return record
    if isinstance(record, enum.Enum):
        return plain(record.value)
    if dataclasses.is_dataclass(record) and not isinstance(record, type):
        return {field.name: plain(getattr(record, field.name)) for field in dataclasses.fields(record)}
    if isinstance(record, Mapping):
        return {str(key): plain(value) for key, value in record.items()}
    if isinstance(record, tuple | list):
        return [plain(item) for item in record]
    raise TypeError(f"{type(record).__name__} has no plain form; give text, integers, lists, dicts or dataclasses")


def _check(obj: object, path: str) -> None:
    # Exact types: a bool is an int, and a text enum is a str, but only one of each has one obvious spelling.
    if obj is None or type(obj) is bool:
        return
    if type(obj) is int:
        if abs(obj) > EXACT_LIMIT:
            raise ValueError(f"{path}: {obj} is outside ±(2^53 - 1); write it as text")
    elif type(obj) is str:
        try:
            obj.encode()
        except UnicodeEncodeError:
            raise ValueError(f"{path}: text holds a lone surrogate and has no UTF-8 form") from None
    elif isinstance(obj, dict):
        for key, value in obj.items():
            if type(key) is not str:
                raise TypeError(f"{path}: key {key!r} is not text")
            _check(key, path)
            _check(value, f"{path}.{key}")
    elif isinstance(obj, list | tuple):
        for index, item in enumerate(obj):
            _check(item, f"{path}[{index}]")
    else:
        advice = "use an integer in a smaller unit, or text" if isinstance(obj, float) else "pass it through plain()"
        raise TypeError(f"{path}: {type(obj).__name__} has no canonical form; {advice}")


def _no_duplicates(pairs: list[tuple[str, Plain]]) -> dict[str, Plain]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"key {next(key for key in keys if keys.count(key) > 1)!r} stands twice in one object")
    return found


def _no_float(text: str) -> NoReturn:
    raise ValueError(f"number {text} is not an integer")
