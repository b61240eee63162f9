"""MQTT 3.1.1 packets as bytes, for the start-up probe and for load generators that must cost less than what they measure."""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

CONNACK, PUBLISH, PUBACK, SUBACK, PINGRESP = 2, 3, 4, 9, 13
PINGREQ_FRAME = b"\xc0\x00"
DISCONNECT_FRAME = b"\xe0\x00"


class FrameError(ValueError):
    """The bytes are no MQTT packet."""


def connect(client_id: str, user: str, password: str, keepalive_s: int = 60) -> bytes:
    """CONNECT with a clean session, a user name and a password, and no will."""
    flags = 0b1100_0010
    body = _text("MQTT") + bytes((4, flags)) + keepalive_s.to_bytes(2, "big")
    return _frame(0x10, body + _text(client_id) + _text(user) + _text(password))


def subscribe(packet_id: int, filters: Sequence[str]) -> bytes:
    """SUBSCRIBE at QoS 1."""
    return _frame(0x82, packet_id.to_bytes(2, "big") + b"".join(_text(topic) + b"\x01" for topic in filters))


def publish(packet_id: int, topic: str, payload: bytes, *, retain: bool = False) -> bytes:
    """PUBLISH at QoS 1.

    >>> publish(7, "a/b", b"x").hex(" ")
    '32 08 00 03 61 2f 62 00 07 78'
    """
    return _frame(0x32 | retain, _text(topic) + packet_id.to_bytes(2, "big") + payload)


def puback(packet_id: int) -> bytes:
    """PUBACK."""
    return struct.pack(">BBH", 0x40, 2, packet_id)


def parse_publish(flags: int, body: bytes) -> tuple[str, bytes, int | None]:
    """Topic, payload and packet id (None at QoS 0) of a PUBLISH."""
    size = int.from_bytes(body[:2], "big")
    topic = body[2 : 2 + size].decode()
    rest = 2 + size
    if not flags & 0b0110:
        return topic, body[rest:], None
    return topic, body[rest + 2 :], int.from_bytes(body[rest : rest + 2], "big")


@dataclass(slots=True)
class FrameReader:
    """Cuts a byte stream into packets."""

    _buffer: bytearray = field(default_factory=bytearray)

    def feed(self, data: bytes) -> Iterator[tuple[int, int, bytes]]:
        """Kind, flags and body of each packet that `data` completes."""
        buffer = self._buffer
        buffer += data
        start = 0
        try:
            while (head := _header(buffer, start)) is not None:
                body, end = head
                if end > len(buffer):
                    return
                first = buffer[start]
                start = end
                yield first >> 4, first & 0x0F, bytes(buffer[body:end])
        finally:
            del buffer[:start]


def _header(buffer: bytearray, start: int) -> tuple[int, int] | None:
    """Where the body of the packet at `start` begins and ends, or None while the header is incomplete."""
    size = 0
    for index in range(4):
        if start + 1 + index >= len(buffer):
            return None
        byte = buffer[start + 1 + index]
        size |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            body = start + 2 + index
            return body, body + size
    raise FrameError("a packet length of more than four bytes: the peer does not speak MQTT")


def _frame(first: int, body: bytes) -> bytes:
    size, head = len(body), bytearray((first,))
    while size > 0x7F:
        head.append(size & 0x7F | 0x80)
        size >>= 7
    head.append(size)
    return bytes(head) + body


def _text(text: str) -> bytes:
    data = text.encode()
    return len(data).to_bytes(2, "big") + data
