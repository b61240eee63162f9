"""OSDP frames as far as they can be judged without the key: whose they are, whether they arrived whole, what kind they are.

libosdp checks frames too, but tells the application nothing about the broken ones; a mechanic wants to know.
Layout (SIA OSDP 2.2, 5.9): 53 address length(2) control [security block] code data… [MAC] check.
"""

from binascii import crc_hqx
from dataclasses import dataclass

SOM = 0x53
REPLY_BIT = 0x80  # a reader answers with its address plus this
CCRYPT = 0x76  # reply code: the reader took up the key handshake

_HEADER = 5
_CRC_BIT, _SECURITY_BIT = 0x04, 0x08
_MAX_FRAME = 1440  # the longest that the standard allows
_CRC_START = 0x1D0F


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame.  Nothing but `intact` can be relied on in a frame that is not intact."""

    address: int
    reply: bool
    code: int
    intact: bool


def split_frames(data: bytes) -> tuple[list[Frame], bytes]:
    """The whole frames in `data`, and the bytes that may still become one.  Marks and noise between frames are skipped."""
    frames: list[Frame] = []
    while (start := data.find(SOM)) >= 0:
        data = data[start:]
        if len(data) < _HEADER:
            return frames, data
        length = data[2] | data[3] << 8
        if not _HEADER + 2 <= length <= _MAX_FRAME:
            data = data[1:]  # noise that looked like a start
            continue
        if len(data) < length:
            return frames, data
        frames.append(_read_frame(data[:length]))
        data = data[length:]
    return frames, b""


def _read_frame(frame: bytes) -> Frame:
    address, control = frame[1], frame[4]
    code_at = _HEADER + (frame[_HEADER] if control & _SECURITY_BIT else 0)
    intact = _check_holds(frame, control) and code_at < len(frame) - 1
    return Frame(address & 0x7F, bool(address & REPLY_BIT), frame[code_at] if intact else 0, intact)


def _check_holds(frame: bytes, control: int) -> bool:
    if control & _CRC_BIT:
        return crc_hqx(frame[:-2], _CRC_START) == int.from_bytes(frame[-2:], "little")
    return sum(frame) & 0xFF == 0
