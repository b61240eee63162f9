"""Messages that nobody should send: true ones with bytes turned, cut, doubled, spliced, or with a value replaced by nonsense."""

import json
import random
from typing import Any

NONSENSE: tuple[Any, ...] = (
    None, True, -1, 0, 1, 2**31, 2**53, 2**63, 10**40, -(10**400), 1e308, "", "\0", "\ud800", "a" * 5_000, "../..", "开标", "1", [], {},
    [[]], {"": {}}, ["x"] * 500,
)  # fmt: skip


def garbled(payload: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    """A message that is like `payload`, and mostly is none."""
    match rng.randrange(8):
        case 0:
            data = bytearray(payload)
            for _ in range(rng.randint(1, 4)):
                if data:
                    data[rng.randrange(len(data))] = rng.randrange(256)
            return bytes(data)
        case 1:
            return payload[: rng.randrange(len(payload) + 1)]
        case 2:
            cut = rng.randrange(len(payload) + 1)
            return payload[:cut] + rng.choice(others)[rng.randrange(20) :]
        case 3:
            return b"[" * rng.randint(1, 2_000) + payload
        case 4:
            return rng.randbytes(rng.randrange(64))
        case _:
            return _with_nonsense(payload, rng)


def _with_nonsense(payload: bytes, rng: random.Random) -> bytes:
    try:
        value: Any = json.loads(payload)
    except ValueError:
        return payload[::-1]
    for _ in range(rng.randint(1, 3)):
        value = _replaced(value, rng)
    return json.dumps(value).encode("utf-8", "surrogatepass")


def _replaced(value: Any, rng: random.Random) -> Any:
    """`value` with one of its parts replaced, left out, or doubled under another name."""
    if isinstance(value, dict) and value and rng.random() < 0.85:
        key = rng.choice(list(value))
        match rng.randrange(8):
            case 0:
                return {k: v for k, v in value.items() if k != key}
            case 1:
                return {**value, str(rng.choice(NONSENSE))[:60].replace("\ud800", "?"): value[key]}
            case _:
                return {**value, key: _replaced(value[key], rng)}
    if isinstance(value, list) and value and rng.random() < 0.8:
        place = rng.randrange(len(value))
        return [*value[:place], _replaced(value[place], rng), *value[place + rng.randrange(2) :]]
    if isinstance(value, int) and not isinstance(value, bool) and rng.random() < 0.5:
        return value + rng.choice((-1, 1, 1_000_000))
    return rng.choice(NONSENSE)
