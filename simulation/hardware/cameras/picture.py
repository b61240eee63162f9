"""What a virtual camera sees: a room with somebody walking, name and time as text, the strip, and what is held up.

The costly part is drawn once; each frame is one copy of it plus a few small patches, about 0.1 ms at 640x360.
"""

import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulation.hardware.cameras.encoding import Planes
from simulation.hardware.cameras.spec import STAMP_COLUMNS, CameraError, CameraSpec
from simulation.hardware.cameras.stamp import BLACK, STAMP_ROWS, WHITE, Luma, Stamp, draw_stamp

GLYPHS = "0123456789-:. #"
GREY = 128  # the chroma of no colour
QR_TEXT_MAX = 300
QR_TEXT_MAX_BYTES = 750  # in UTF-8; at 900 zbar cannot read what OpenCV draws, however large
QR_MODULE_MIN_PX = 2  # zbar reads 2 px per module from the decoded stream, 640x360 at this encoder's settings
QR_QUIET_MODULES = 4


@dataclass(frozen=True, slots=True)
class Patch:
    """A piece of picture at its place, in the encoder's three planes.  All four numbers are even."""

    top: int
    left: int
    y: Luma
    u: Luma
    v: Luma

    def draw(self, planes: Planes) -> None:
        for plane, piece, half in zip(planes, (self.y, self.u, self.v), (1, 2, 2), strict=True):
            top, left = self.top // half, self.left // half
            plane[top : top + piece.shape[0], left : left + piece.shape[1]] = piece


class Picture:
    """The scene of one camera."""

    def __init__(self, spec: CameraSpec) -> None:
        self._spec = spec
        self._glyphs = _glyph_atlas(_text_px(spec))
        self._room = Patch(0, 0, *_to_planes(_draw_room(spec)))
        self._walker = _draw_walker(spec.height // 4)

    def draw(self, planes: Planes, stamp: Stamp, held: Patch | None) -> None:
        """The picture of this moment."""
        self._room.draw(planes)
        luma = planes[0]
        height, width = self._walker.shape
        span = self._spec.width - width
        step = 2 * span - stamp.frame_number * max(2, self._spec.width // 160) % (2 * span)
        left, top = abs(step - span), self._spec.height // 2
        spot = luma[top : top + height, left : left + width]
        np.copyto(spot, self._walker, where=self._walker > 0)
        if held is not None:
            held.draw(planes)
        line = self._write(f"{_utc_text(stamp.utc_ms)}  #{stamp.frame_number}")
        top = _band_px(self._spec) // 2
        luma[top : top + line.shape[0], 4 : 4 + line.shape[1]] = line
        draw_stamp(luma, stamp)

    def _write(self, text: str) -> Luma:
        cells = self._glyphs[[GLYPHS.index(char) for char in text]]
        return cells.transpose(1, 0, 2).reshape(cells.shape[1], -1)


def draw_black(planes: Planes) -> None:
    """A covered lens on a camera that has no text overlay."""
    planes[0][:], planes[1][:], planes[2][:] = BLACK, GREY, GREY


def held_qr(spec: CameraSpec, text: str) -> Patch:
    """A phone with this text as a QR code, held into the picture as large as it fits."""
    import cv2

    size = len(text.encode())
    where = f"camera {spec.camera!r}: QR text of {len(text)} characters in {size} bytes"
    if not 0 < len(text) <= QR_TEXT_MAX or size > QR_TEXT_MAX_BYTES:
        raise CameraError(f"{where}: must have 1 to {QR_TEXT_MAX} characters in at most {QR_TEXT_MAX_BYTES} bytes")
    modules = cv2.QRCodeEncoder.create().encode(text)
    dark = np.argwhere(modules == 0)
    (top, left), (bottom, right) = dark.min(axis=0), dark.max(axis=0) + 1
    modules = np.pad(modules[top:bottom, left:right], QR_QUIET_MODULES, constant_values=255)
    scale = _free_height(spec) // modules.shape[0]
    if scale < QR_MODULE_MIN_PX:
        raise CameraError(
            f"{where}: needs {modules.shape[0]} modules of {QR_MODULE_MIN_PX} px, but the picture has "
            f"{_free_height(spec)} lines for it; shorten the text or take a camera with more lines"
        )
    grey = modules.repeat(scale, axis=0).repeat(scale, axis=1)
    return _centred(spec, np.repeat(grey[:, :, None], 3, axis=2))


def held_png(spec: CameraSpec, png: bytes) -> Patch:
    """A phone that shows this image, made smaller where it does not fit."""
    import cv2

    # The size stands at a fixed place; looking there first keeps a wrong file from costing its decoded size.
    if png[:8] != b"\x89PNG\r\n\x1a\n" or len(png) < 24 or max(struct.unpack(">II", png[16:24])) > 4096:
        raise CameraError(f"camera {spec.camera!r}: {len(png)} bytes to show: not a PNG of at most 4096x4096")
    image = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise CameraError(f"camera {spec.camera!r}: {len(png)} bytes to show: a damaged PNG")
    height, width = image.shape[:2]
    scale = min(1.0, _free_height(spec) / height, spec.width / width)
    size = (max(2, int(width * scale)), max(2, int(height * scale)))
    return _centred(spec, cv2.resize(image, size, interpolation=cv2.INTER_AREA))


def _text_px(spec: CameraSpec) -> int:
    return max(12, spec.height // 18)


def _band_px(spec: CameraSpec) -> int:
    """The height of the black band at the top with the two lines of text."""
    return 3 * _text_px(spec) // 2 * 2


def _free_height(spec: CameraSpec) -> int:
    """What lies between text and strip, where nothing is written over what is held up."""
    return spec.height - _band_px(spec) - STAMP_ROWS * (spec.width // STAMP_COLUMNS)


def _centred(spec: CameraSpec, bgr: NDArray[np.uint8]) -> Patch:
    """Pad to even size with white (the rim of the phone's screen) and lay it in the middle of the free part."""
    bgr = np.pad(bgr, ((0, bgr.shape[0] % 2), (0, bgr.shape[1] % 2), (0, 0)), constant_values=255)
    height, width = bgr.shape[:2]
    top, left = _band_px(spec) + (_free_height(spec) - height) // 4 * 2, (spec.width - width) // 4 * 2
    return Patch(top, left, *_to_planes(bgr))


def _to_planes(bgr: NDArray[np.uint8]) -> Planes:
    import cv2

    height, width = bgr.shape[:2]
    stacked: Any = cv2.cvtColor(bgr, cv2.COLOR_BGR2YUV_I420)
    u, v = stacked[height:].reshape(2, height // 2, width // 2)
    return stacked[:height], u, v


def _draw_room(spec: CameraSpec) -> NDArray[np.uint8]:
    """Wall, floor, a table with chairs and the camera's name: enough structure to tell a picture from a fault."""
    import cv2

    w, h = spec.width, spec.height
    room = np.zeros((h, w, 3), np.uint8)
    room[: h // 2] = np.linspace(150, 190, h // 2)[:, None, None] * np.array([0.95, 1.0, 1.0])
    room[h // 2 :] = np.linspace(120, 80, h - h // 2)[:, None, None] * np.array([0.7, 0.9, 1.0])
    cv2.rectangle(room, (w * 5 // 8, h // 8), (w * 7 // 8, h * 3 // 8), (225, 225, 220), -1)  # the screen on the wall
    cv2.ellipse(room, (w // 2, h * 3 // 4), (w // 3, h // 8), 0, 0, 360, (60, 95, 140), -1)  # the table
    for chair in range(5):
        cv2.circle(room, (w * (chair + 2) // 8, h * 5 // 8), h // 20, (70, 60, 50), -1)
    room[: _band_px(spec)] = 0
    text_px, unicode = _text_px(spec), cv2.FontFace("uni")  # the one built-in font with Chinese
    cv2.putText(room, spec.name or spec.camera, (4, text_px * 5 // 4), (255, 255, 255), unicode, text_px, 400)
    return room


def _draw_walker(height: int) -> Luma:
    import cv2

    width = height // 2
    walker = np.zeros((height, width), np.uint8)
    cv2.ellipse(walker, (width // 2, height * 2 // 3), (width // 2 - 1, height // 3), 0, 0, 360, 60, -1)
    cv2.circle(walker, (width // 2, height // 5), height // 6, 200, -1)
    return walker


def _glyph_atlas(text_px: int) -> Luma:
    """(glyph, row, column) of `GLYPHS`, white on black, all of one width."""
    import cv2

    height, width = text_px * 5 // 4, text_px * 5 // 8
    atlas = np.full((len(GLYPHS), height, width), BLACK, np.uint8)
    for cell, char in zip(atlas, GLYPHS, strict=True):
        ink = np.zeros((height, width, 3), np.uint8)
        cv2.putText(ink, char, (1, text_px), (255, 255, 255), cv2.FontFace("sans"), text_px * 9 // 10, 500)
        cell[:] = BLACK + ink[:, :, 0].astype(np.uint16) * (WHITE - BLACK) // 255
    return atlas


def _utc_text(utc_ms: int) -> str:
    moment = datetime.fromtimestamp(utc_ms // 1000, UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{utc_ms % 1000:03}"
