"""The machine-readable strip: what is written is read back, what is damaged is not believed."""

from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation.hardware.cameras import CameraError, CameraSpec
from simulation.hardware.cameras.encoding import VideoEncoder
from simulation.hardware.cameras.picture import Picture, draw_black, held_png, held_qr
from simulation.hardware.cameras.stamp import Stamp, camera_mark, pack_stamp, read_stamp, unpack_stamp

STAMP = Stamp(camera_mark("z6-2-a"), 1_795_310_461_328, 4711)


@given(st.integers(0, 0xFFFF), st.integers(0, 2**48 - 1), st.integers(0, 2**32 - 1))
def test_every_stamp_reads_back(camera: int, utc_ms: int, frame_number: int) -> None:
    stamp = Stamp(camera, utc_ms, frame_number)
    assert unpack_stamp(pack_stamp(stamp)) == stamp


@given(st.integers(0, 127), st.integers(1, 127))
def test_one_or_two_wrong_cells_are_no_stamp(first: int, step: int) -> None:
    wrong = int.from_bytes(pack_stamp(STAMP)) ^ 1 << first ^ 1 << (first + step) % 128
    assert unpack_stamp(wrong.to_bytes(16)) is None
    assert unpack_stamp((wrong ^ 1 << first).to_bytes(16)) is None


def _decode(encoder: VideoEncoder, nals: list[bytes]) -> Any:
    decoder = av.CodecContext.create("h264", "r")
    packet = av.Packet(b"".join(b"\0\0\0\1" + nal for nal in nals))
    return [*decoder.decode(packet), *decoder.decode(None)][0]


@pytest.mark.parametrize(("width", "height"), [(640, 360), (1920, 1080), (320, 180)])
def test_the_strip_survives_compression(width: int, height: int) -> None:
    spec = CameraSpec("z6-2-a", "评标室", width, height)
    encoder, picture = VideoEncoder(spec), Picture(spec)
    picture.draw(encoder.planes, STAMP, held_qr(spec, "held into the picture"))
    nals, is_key = encoder.encode(0, keyframe=True)
    frame = _decode(encoder, nals)
    assert is_key and (frame.width, frame.height) == (width, height)
    assert read_stamp(frame.to_ndarray(format="gray")) == STAMP
    assert read_stamp(frame.to_ndarray(format="bgr24")) == STAMP


def test_a_covered_lens_shows_no_stamp() -> None:
    encoder = VideoEncoder(CameraSpec("a"))
    draw_black(encoder.planes)
    nals, _ = encoder.encode(0, keyframe=True)
    assert read_stamp(_decode(encoder, nals).to_ndarray(format="gray")) is None
    assert read_stamp(np.zeros((10, 10), np.uint8)) is None


@pytest.mark.parametrize(
    ("wrong", "because"),
    [
        ({"camera": "a b"}, "not usable in an address"),
        ({"camera": "a", "width": 650}, "divides by 64"),
        ({"camera": "a", "fps": 0}, "take 1 to 60"),
    ],
)
def test_a_camera_that_cannot_be_is_refused_with_a_way_out(wrong: dict[str, Any], because: str) -> None:
    with pytest.raises(CameraError, match=because):
        CameraSpec(**wrong)


def test_what_is_held_up_covers_neither_text_nor_strip() -> None:
    held = held_qr(CameraSpec("a"), "x" * 300)
    assert held.top >= 60 and held.top + held.y.shape[0] <= 340


@pytest.mark.parametrize(
    ("text", "height", "because"),
    [("", 360, "1 to 300"), ("x" * 301, 360, "1 to 300"), ("评" * 300, 360, "750 bytes"), ("x" * 300, 180, "shorten")],
)
def test_a_qr_code_that_could_not_be_read_is_refused(text: str, height: int, because: str) -> None:
    with pytest.raises(CameraError, match=because):
        held_qr(CameraSpec("a", height=height), text)


def test_only_a_png_of_sane_size_is_held_up() -> None:
    header = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
    for wrong in (b"", b"GIF89a", header + b"\0\1\0\0" * 2, header + b"\0\0\0\1" * 2):
        with pytest.raises(CameraError, match="PNG"):
            held_png(CameraSpec("a"), wrong)
