"""The few DER forms that signatures are wrapped in: read without guessing, write in the one way that DER allows."""

from collections.abc import Iterator
from typing import NamedTuple

INTEGER, BIT_STRING, OCTET_STRING, NULL, OBJECT_ID = 0x02, 0x03, 0x04, 0x05, 0x06
UTC_TIME, GENERALIZED_TIME = 0x17, 0x18
SEQUENCE, SET = 0x30, 0x31


class Value(NamedTuple):
    tag: int
    body: bytes
    whole: bytes  # tag, length and body: what a hash or an outer value covers


def context(number: int) -> int:
    """The tag of a constructed, context-specific value: [0], [1] …"""
    return 0xA0 + number


def children(body: bytes) -> Iterator[Value]:
    """The values that stand one after another in `body`.  ValueError for what is not DER."""
    at = 0
    while at < len(body):
        value = _first(body, at)
        yield value
        at += len(value.whole)


def only(data: bytes, tag: int) -> bytes:
    """The body of the one value that `data` holds, which must have `tag`."""
    value = _first(data, 0)
    if len(value.whole) != len(data):
        raise ValueError(f"DER: {len(data) - len(value.whole)} bytes follow the value")
    return expect(value, tag)


def expect(value: Value, tag: int) -> bytes:
    if value.tag != tag:
        raise ValueError(f"DER: tag {value.tag:#04x} where {tag:#04x} belongs")
    return value.body


def read_integer(value: Value) -> int:
    return int.from_bytes(expect(value, INTEGER), "big", signed=True)


def wrap(tag: int, body: bytes) -> bytes:
    if len(body) < 0x80:
        return bytes([tag, len(body)]) + body
    length = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 + len(length)]) + length + body


def sequence(*items: bytes) -> bytes:
    return wrap(SEQUENCE, b"".join(items))


def set_of(*items: bytes) -> bytes:
    return wrap(SET, b"".join(sorted(items)))


def integer(number: int) -> bytes:
    return wrap(INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True))


def object_id(dotted: str) -> bytes:
    first, second, *rest = map(int, dotted.split("."))
    out = bytearray([first * 40 + second])
    for number in rest:
        groups = [number & 0x7F]
        while number := number >> 7:
            groups.append(0x80 | number & 0x7F)
        out += bytes(reversed(groups))
    return wrap(OBJECT_ID, bytes(out))


def _first(data: bytes, at: int) -> Value:
    if at + 2 > len(data):
        raise ValueError("DER: cut short")
    tag, length, start = data[at], data[at + 1], at + 2
    if length == 0x80 or length > 0x84:
        raise ValueError("DER: a length of unknown or absurd size")
    if length > 0x80:
        start += length - 0x80
        length = int.from_bytes(data[at + 2 : start], "big")
    end = start + length
    if end > len(data):
        raise ValueError("DER: cut short")
    body, whole = data[start:end], data[at:end]
    if wrap(tag, body) != whole:
        raise ValueError("DER: a length is not in its shortest form")
    return Value(tag, body, whole)
