"""What an LED sign looks like: text on a coarse matrix, each dot drawn as a lamp, as a PNG."""

import io
from pathlib import Path
from typing import TYPE_CHECKING

from edge.drivers.sign_frames import Colour, Show

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont

MATRIX = (192, 64)  # dots
PITCH = 5  # pixels between dots
LIT = {Colour.RED: (255, 60, 40), Colour.GREEN: (70, 255, 90), Colour.AMBER: (255, 176, 32)}
DARK = (24, 24, 26)
FIRST_LINE = 30  # dots of height; those below share the rest
SMALLEST = 10  # below that strokes of Chinese characters run together

# Where Debian, Raspberry Pi OS and their relatives put a font with Chinese characters.
FONTS = (
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
)


def draw_sign(show: Show) -> bytes:
    """The sign as PNG bytes.  Without a Chinese font each such character becomes a box with its code."""
    from PIL import Image, ImageDraw

    matrix = Image.new("1", MATRIX)
    top = 0
    for number, line in enumerate(show.lines):
        height = _line_height(number, len(show.lines))
        strip = _draw_line(line, height)
        matrix.paste(strip, (max(0, (MATRIX[0] - strip.width) // 2), top))
        top += height
    width, height = MATRIX[0] * PITCH, MATRIX[1] * PITCH
    picture = Image.new("RGB", (width, height), (8, 8, 9))
    pen = ImageDraw.Draw(picture)
    for y in range(MATRIX[1]):
        for x in range(MATRIX[0]):
            lamp = LIT[show.colour] if matrix.getpixel((x, y)) else DARK
            pen.ellipse((x * PITCH, y * PITCH, x * PITCH + PITCH - 2, y * PITCH + PITCH - 2), fill=lamp)
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def _line_height(number: int, count: int) -> int:
    if count == 1:
        return MATRIX[1]
    return FIRST_LINE if number == 0 else (MATRIX[1] - FIRST_LINE) // (count - 1)


def _draw_line(line: str, height: int) -> "Image":
    """One line in dots, as large as height and width allow; what is still too long is cut, as on the wall."""
    from PIL import Image, ImageDraw

    path = next((path for path in FONTS if Path(path).exists()), None)
    text = line if path else _coded(line)
    size = max(SMALLEST, height - 4)
    font = _font(path, size)
    while size > SMALLEST and font.getlength(text) > MATRIX[0]:
        size -= 1
        font = _font(path, size)
    strip = Image.new("1", (min(MATRIX[0], max(1, round(font.getlength(text)))), height))
    pen = ImageDraw.Draw(strip)
    pen.fontmode = "1"  # a lamp is on or off
    pen.text((0, height // 2), text, fill=1, font=font, anchor="lm")
    return strip


def _font(path: str | None, size: int) -> "FreeTypeFont":
    from PIL import ImageFont

    if path is not None:
        return ImageFont.truetype(path, size)
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont), "Pillow 10 and later bring a scalable default font"
    return font


def _coded(line: str) -> str:
    return "".join(char if ord(char) < 0x80 else f"[{ord(char):04X}]" for char in line)
