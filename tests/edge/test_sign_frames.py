"""The LED sign's frames: nothing on the line breaks the reader, and the next whole frame is always read."""

from binascii import crc_hqx

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edge.drivers.sign_frames import (
    MAX_PAYLOAD,
    Colour,
    Frame,
    FrameReader,
    Mode,
    Show,
    decode_body,
    decode_show,
    encode_frame,
    encode_show,
)

BYTE = st.integers(0, 255)
FRAMES = st.builds(Frame, BYTE, BYTE, BYTE, st.binary(max_size=MAX_PAYLOAD))
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
SHOWS = st.builds(
    Show, st.lists(TEXT, max_size=3).map(tuple), st.sampled_from(list(Colour)), st.sampled_from(list(Mode))
)


@given(FRAMES)
def test_a_frame_comes_back_as_it_was_sent(frame: Frame) -> None:
    assert FrameReader().feed(encode_frame(frame)) == [frame]


@given(SHOWS)
def test_a_show_comes_back_as_it_was_sent(show: Show) -> None:
    assert decode_show(encode_show(show)) == show


@given(st.binary(max_size=300), FRAMES)
@example(b"\x02\x10", Frame(1, 2, 3))  # cut off in the middle of an escaped byte
def test_after_any_garbage_the_next_frame_is_read(garbage: bytes, frame: Frame) -> None:
    assert FrameReader().feed(garbage + encode_frame(frame))[-1:] == [frame]


@given(st.lists(FRAMES, max_size=3), st.integers(1, 40))
def test_frames_are_the_same_however_the_bytes_arrive(frames: list[Frame], size: int) -> None:
    data = b"".join(map(encode_frame, frames))
    reader = FrameReader()
    assert [frame for at in range(0, len(data), size) for frame in reader.feed(data[at : at + size])] == frames


@given(FRAMES, st.data())
def test_a_flipped_bit_never_becomes_another_frame(frame: Frame, data: st.DataObject) -> None:
    sent = bytearray(encode_frame(frame))
    at = data.draw(st.integers(0, len(sent) - 1))
    sent[at] ^= 1 << data.draw(st.integers(0, 7))
    read = FrameReader().feed(bytes(sent))
    assert read in ([], [frame])


@given(st.binary())
def test_no_bytes_break_the_readers(data: bytes) -> None:
    FrameReader().feed(data)
    decode_body(data)
    try:
        show = decode_show(data)
    except ValueError:
        return
    assert len(show.lines) <= 8


def test_a_frame_without_end_does_not_fill_the_memory() -> None:
    reader = FrameReader()
    assert reader.feed(b"\x02" + b"A" * 100_000) == []
    assert reader._body is None
    assert reader.feed(encode_frame(Frame(1, 2, 3))) == [Frame(1, 2, 3)]


def test_the_bytes_on_the_line_are_those_of_the_document() -> None:
    frame = Frame(address=1, sequence=7, command=0x41, payload=encode_show(Show(("开标",), Colour.RED)))
    assert encode_frame(frame).hex(" ") == "02 01 00 08 07 41 00 00 01 04 bf aa b1 ea 85 7d 03"


def test_the_checksum_is_the_one_that_other_makers_compute() -> None:
    check = b"123456789"  # the check word of CRC catalogues, 0x29B1 for CRC-16/IBM-3740 ("CCITT-FALSE")
    body = check[:1] + (2).to_bytes(2, "big") + check[3:5] + b"67"
    assert crc_hqx(check, 0xFFFF) == 0x29B1
    assert decode_body(body + crc_hqx(body, 0xFFFF).to_bytes(2, "big")) == Frame(0x31, 0x34, 0x35, b"67")


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        (("x",) * 9, "9 lines; a sign takes 8"),
        (("开" * 128,), "line 1 has 256 bytes; a sign takes 255"),
        (("ok", "\ud800"), "line 2 has a character that no font can show"),
        (("x" * 250,) * 5, "the lines have 1258 bytes together"),
    ],
)
def test_what_does_not_fit_is_named(lines: tuple[str, ...], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        encode_show(Show(lines))


def test_a_frame_that_is_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="payload of 1025 bytes"):
        encode_frame(Frame(1, 1, 1, bytes(1025)))
