"""What an agent and an I/O board say to each other: one JSON object per line, UTF-8, at most `MAX_LINE` bytes.

    both     {"type":"hello","board":"b-east","generation":3}         first on a connection; counts its sender's starts,
                                                                      the board's one has "levels" of all its lines
    edge →   {"type":"set","line":"d1-strike","active":true,"seq":17} drive an output
    board →  {"type":"set","line":"d1-strike","active":true,"seq":17} the same again: it is driven
    edge →   {"type":"level"}                                         tell all levels; also the sign of life
    board →  {"type":"level","levels":{"d1-contact":false,…}}
    board →  {"type":"changed","line":"d1-contact","active":true}     every edge, bounce included
    board →  {"type":"error","detail":"no output d9","seq":17}        `seq` when it answers a `set`

Levels are logical: polarity is the board's wiring.  Dead man: a board drives every output inactive when the
connection ends or when it has heard nothing for `SILENCE_S`; the edge asks for levels each second.  The newest
connection owns the board. Outputs stay inactive after a reconnection until they are set again: an old "release the
strike" must not come back to life.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

MAX_LINE = 16_384  # a board of 200 lines with long names needs half of it
SILENCE_S = 3.0


@dataclass(frozen=True, slots=True)
class Hello:
    board: str
    generation: int
    levels: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Set:
    line: str
    active: bool
    seq: int


@dataclass(frozen=True, slots=True)
class Level:
    levels: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Changed:
    line: str
    active: bool


@dataclass(frozen=True, slots=True)
class Refused:
    detail: str
    seq: int = 0


Message = Hello | Set | Level | Changed | Refused
_TYPES: dict[str, type[Message]] = {"hello": Hello, "set": Set, "level": Level, "changed": Changed, "error": Refused}
_NAMES = {kind: name for name, kind in _TYPES.items()}
_CHECKS = {
    "board": lambda v: isinstance(v, str),
    "line": lambda v: isinstance(v, str),
    "detail": lambda v: isinstance(v, str),
    "active": lambda v: isinstance(v, bool),
    "generation": lambda v: type(v) is int,
    "seq": lambda v: type(v) is int,
    "levels": lambda v: isinstance(v, dict) and all(isinstance(level, bool) for level in v.values()),
}


def encode(message: Message) -> bytes:
    return json.dumps({"type": _NAMES[type(message)], **asdict(message)}, ensure_ascii=False).encode() + b"\n"


def decode(line: bytes) -> Message:
    """One message; ValueError tells what is wrong with it.  Unknown keys are ignored: boards may be newer than we."""
    try:
        body: Any = json.loads(line)
    except (ValueError, RecursionError) as fault:
        raise ValueError(f"not a JSON line: {line[:80]!r}") from fault
    if not isinstance(body, dict) or body.get("type") not in _NAMES.values():
        raise ValueError(f"not a message of this protocol: {line[:80]!r}")
    kind = _TYPES[body["type"]]
    options = {key: value for key, value in body.items() if key in kind.__dataclass_fields__}
    for key, value in options.items():
        if not _CHECKS[key](value):
            raise ValueError(f"{body['type']}: {key} is {value!r}")
    try:
        return kind(**options)
    except TypeError as fault:  # a field without default is missing
        raise ValueError(f"{body['type']}: incomplete: {line[:80]!r}") from fault


class LineSplitter:
    """Cuts a byte stream into lines; ValueError when one grows past `MAX_LINE`."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > MAX_LINE:
            raise ValueError(f"a line longer than {MAX_LINE} bytes; is something else listening there?")
        return [line for line in lines if line.strip()]
