"""The serial LED sign's frames, as bytes.  Pure; shared by the driver and by the virtual sign.

    STX  body, escaped  ETX         body = address, length (2), sequence, command, payload, CRC-16 (2); high byte first

STX, ETX and DLE inside the body are sent as DLE and the byte xor 0x20, so an STX on the line always begins a frame:
whatever garbage came before, the next whole frame is read.  `length` counts the payload.  The CRC (CCITT, start
0xFFFF) covers address to payload.  A sign acknowledges with the sequence it was sent; an equal sequence is
acknowledged again and changes nothing.
"""

from binascii import crc_hqx
from dataclasses import dataclass
from enum import IntEnum

STX, ETX, DLE = 0x02, 0x03, 0x10
MAX_PAYLOAD = 1024
MAX_LINES = 8
MAX_LINE_BYTES = 255
_HEAD = 5  # address, length, sequence, command
_LONGEST_BODY = _HEAD + MAX_PAYLOAD + 2


class Command(IntEnum):
    ACK = 0x06
    NAK = 0x15
    SHOW = 0x41
    PING = 0x50


class Colour(IntEnum):
    RED = 0
    GREEN = 1
    AMBER = 2


class Mode(IntEnum):
    STEADY = 0
    FLASH = 1  # at most 1 Hz: faster can cause seizures
    SCROLL = 2


class Reason(IntEnum):
    """Why a sign says NAK (its payload's one byte)."""

    BAD_FRAME = 1  # try again
    BAD_CONTENT = 2  # the same again will not help
    BUSY = 3  # try again


@dataclass(frozen=True, slots=True)
class Frame:
    address: int
    sequence: int
    command: int
    payload: bytes = b""


@dataclass(frozen=True, slots=True)
class Show:
    lines: tuple[str, ...]
    colour: Colour = Colour.GREEN
    mode: Mode = Mode.STEADY


def encode_frame(frame: Frame) -> bytes:
    if len(frame.payload) > MAX_PAYLOAD:
        raise ValueError(f"payload of {len(frame.payload)} bytes; a frame takes {MAX_PAYLOAD}")
    body = bytes((frame.address, *len(frame.payload).to_bytes(2, "big"), frame.sequence, frame.command)) + frame.payload
    body += crc_hqx(body, 0xFFFF).to_bytes(2, "big")
    escaped = bytearray()
    for byte in body:
        escaped += bytes((DLE, byte ^ 0x20)) if byte in (STX, ETX, DLE) else bytes((byte,))
    return bytes((STX,)) + bytes(escaped) + bytes((ETX,))


def decode_body(body: bytes) -> Frame | None:
    """A frame's unescaped body; None when length or CRC do not agree."""
    if len(body) < _HEAD + 2 or int.from_bytes(body[1:3], "big") != len(body) - _HEAD - 2:
        return None
    if crc_hqx(body[:-2], 0xFFFF) != int.from_bytes(body[-2:], "big"):
        return None
    return Frame(address=body[0], sequence=body[3], command=body[4], payload=body[_HEAD:-2])


class FrameReader:
    """Frames out of a byte stream that may begin anywhere and contain anything."""

    def __init__(self) -> None:
        self.bad_frames = 0  # frames that began and ended, but did not agree with themselves
        self._body: bytearray | None = None  # None between frames
        self._escaped = False

    def feed(self, data: bytes) -> list[Frame]:
        frames = []
        for byte in data:
            if byte == STX:
                self._body, self._escaped = bytearray(), False
            elif self._body is None:
                continue
            elif byte == ETX:
                frame = decode_body(bytes(self._body))
                self._body = None
                if frame is None:
                    self.bad_frames += 1
                else:
                    frames.append(frame)
            elif byte == DLE:
                self._escaped = True
            else:
                self._body.append(byte ^ 0x20 if self._escaped else byte)
                self._escaped = False
                if len(self._body) > _LONGEST_BODY:
                    self._body = None
        return frames


def encode_show(show: Show) -> bytes:
    """The payload of a SHOW; ValueError names the line that does not fit."""
    if len(show.lines) > MAX_LINES:
        raise ValueError(f"{len(show.lines)} lines; a sign takes {MAX_LINES}")
    payload = bytearray((show.colour, show.mode, len(show.lines)))
    for number, line in enumerate(show.lines, 1):
        try:
            text = line.encode("gb18030")
        except UnicodeEncodeError as fault:
            raise ValueError(f"line {number} has a character that no font can show ({fault.reason})") from fault
        if len(text) > MAX_LINE_BYTES:
            raise ValueError(f"line {number} has {len(text)} bytes; a sign takes {MAX_LINE_BYTES}")
        payload += bytes((len(text),)) + text
    if len(payload) > MAX_PAYLOAD:
        raise ValueError(f"the lines have {len(payload)} bytes together; a sign takes {MAX_PAYLOAD}")
    return bytes(payload)


def decode_show(payload: bytes) -> Show:
    """ValueError for anything that `encode_show` would not write."""
    if len(payload) < 3:
        raise ValueError("a SHOW of less than 3 bytes")
    colour, mode, count = Colour(payload[0]), Mode(payload[1]), payload[2]
    if count > MAX_LINES:
        raise ValueError(f"{count} lines; a sign takes {MAX_LINES}")
    lines = []
    rest = payload[3:]
    for _ in range(count):
        if not rest or len(rest) < 1 + rest[0]:
            raise ValueError("the text ends within a line")
        lines.append(rest[1 : 1 + rest[0]].decode("gb18030"))
        rest = rest[1 + rest[0] :]
    if rest:
        raise ValueError(f"{len(rest)} bytes after the last line")
    return Show(tuple(lines), colour, mode)
