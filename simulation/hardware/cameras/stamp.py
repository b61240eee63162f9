"""The strip at the foot of each picture, which says to a program what the text above it says to a person.

Two rows of 64 black and white cells: they survive H.264 because each cell is larger than its transform block and the
contrast is full.  Bits, first row first: 16 sync, 16 camera mark, 48 UTC in ms, 32 frame number, 16 CRC of the rest.
"""

import binascii
import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulation.hardware.cameras.spec import STAMP_COLUMNS

Luma = NDArray[np.uint8]

STAMP_ROWS = 2
SYNC = 0xB1DA
BLACK, WHITE = 16, 235  # video range: what an encoder and a player leave alone


@dataclass(frozen=True, slots=True)
class Stamp:
    """What one picture says about itself, by the camera's own clock."""

    camera: int  # see `camera_mark`
    utc_ms: int
    frame_number: int  # counts the camera's frame periods since it was switched on, filmed or not


def camera_mark(camera: str) -> int:
    """The 16 bits that stand for a camera's id in the strip."""
    return binascii.crc_hqx(camera.encode(), 0)


def pack_stamp(stamp: Stamp) -> bytes:
    head = struct.pack(">HHQI", SYNC, stamp.camera, stamp.utc_ms, stamp.frame_number & 0xFFFFFFFF)
    body = head[:4] + head[6:]  # struct has no 48-bit integer: the two upper bytes of the time go
    return body + struct.pack(">H", binascii.crc_hqx(body, 0xFFFF))


def unpack_stamp(strip: bytes) -> Stamp | None:
    """The stamp, or nothing when sync or CRC say that this is not one."""
    body, crc = strip[:14], int.from_bytes(strip[14:])
    if len(strip) != 16 or crc != binascii.crc_hqx(body, 0xFFFF):
        return None
    sync, camera, utc_ms, frame_number = struct.unpack(">HHQI", body[:4] + b"\0\0" + body[4:])
    return Stamp(camera, utc_ms, frame_number) if sync == SYNC else None


def draw_stamp(luma: Luma, stamp: Stamp) -> None:
    """Write the strip into the foot of a luma plane, in place."""
    cell = luma.shape[1] // STAMP_COLUMNS
    bits = np.unpackbits(np.frombuffer(pack_stamp(stamp), np.uint8)).reshape(STAMP_ROWS, STAMP_COLUMNS)
    cells = np.where(bits, np.uint8(WHITE), np.uint8(BLACK))
    luma[-STAMP_ROWS * cell :, : STAMP_COLUMNS * cell] = cells.repeat(cell, axis=0).repeat(cell, axis=1)


def read_stamp(frame: NDArray[np.uint8]) -> Stamp | None:
    """Read the strip of a decoded picture, grey (h, w) or BGR (h, w, 3).  None: no strip, or one that is damaged."""
    cell = frame.shape[1] // STAMP_COLUMNS
    if cell < 2 or frame.shape[0] < STAMP_ROWS * cell:
        return None
    strip = frame[-STAMP_ROWS * cell :, : STAMP_COLUMNS * cell]
    grey = strip if strip.ndim == 2 else strip.mean(axis=2)
    rim = cell // 4  # cell borders ring after compression
    heart = grey.reshape(STAMP_ROWS, cell, STAMP_COLUMNS, cell)[:, rim : cell - rim, :, rim : cell - rim]
    bits = heart.mean(axis=(1, 3)) > (BLACK + WHITE) / 2
    return unpack_stamp(np.packbits(bits).tobytes())
