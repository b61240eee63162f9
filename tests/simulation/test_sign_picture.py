"""The virtual sign: a repeated frame changes nothing, a bad one is refused, and it can be photographed."""

import io

import pytest
from PIL import Image

from edge.drivers.sign_frames import Colour, Command, Frame, Mode, Show, encode_show
from simulation.hardware import led_picture
from simulation.hardware.led_picture import LIT, draw_sign
from simulation.hardware.led_sign import VirtualSign


def lamps(png: bytes, colour: Colour) -> int:
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    return sum(count for count, pixel in picture.getcolors(1 << 20) or [] if pixel == LIT[colour])


def show(sequence: int, text: str) -> Frame:
    return Frame(1, sequence, Command.SHOW, encode_show(Show((text,))))


def test_a_repeated_frame_is_acknowledged_and_changes_nothing() -> None:
    sign = VirtualSign("s1")
    assert sign._take(show(5, "甲")).command == Command.ACK
    assert sign._take(show(5, "乙")).command == Command.ACK
    assert sign.text == ("甲",)
    assert sign._take(show(6, "乙")).command == Command.ACK
    assert sign.text == ("乙",)


@pytest.mark.parametrize("frame", [Frame(1, 1, Command.SHOW, b"\x09"), Frame(1, 1, 0x7A)])
def test_a_frame_that_makes_no_sense_is_refused(frame: Frame) -> None:
    sign = VirtualSign("s1")
    assert sign._take(frame).command == Command.NAK
    assert sign.text == ()


@pytest.mark.parametrize("colour", list(Colour))
def test_a_sign_glows_in_its_colour_and_a_blank_one_is_dark(colour: Colour) -> None:
    blank, text = draw_sign(Show((), colour)), draw_sign(Show(("三号开标室", "签到中"), colour))
    assert lamps(blank, colour) == 0
    assert lamps(text, colour) > 2_000


def test_different_characters_look_different() -> None:
    assert draw_sign(Show(("开",))) != draw_sign(Show(("标",)))


def test_without_a_chinese_font_a_character_is_a_box_with_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(led_picture, "FONTS", ())
    assert draw_sign(Show(("开 3",))) == draw_sign(Show(("[5F00] 3",)))


def test_a_long_line_is_cut_and_many_lines_share_the_wall() -> None:
    sign = VirtualSign("s1")
    sign.shown = Show(tuple("市政道路改造工程第二标段施工招标" * 3 for _ in range(8)), Colour.RED, Mode.SCROLL)
    assert Image.open(io.BytesIO(sign.picture())).size == (960, 320)
