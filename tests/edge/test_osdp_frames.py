"""Frames are judged without the key, from any bytes that a line may bring."""

from hypothesis import given
from hypothesis import strategies as st

from edge.drivers.osdp_frames import Frame, split_frames

POLL = bytes.fromhex("53 65 08 00 04 60 60 90")  # from libosdp's own test vectors
POLL_CHECKSUM = bytes.fromhex("53 00 07 00 00 60 46")
CCRYPT_HEAD = bytes.fromhex("53 81 0c 00 0c 03 12 01 76 00")  # with a security block of three bytes


def with_crc(frame: bytes) -> bytes:
    from binascii import crc_hqx

    return frame + crc_hqx(frame, 0x1D0F).to_bytes(2, "little")


def test_a_poll_is_recognised() -> None:
    assert split_frames(POLL) == ([Frame(0x65, False, 0x60, True)], b"")
    assert split_frames(POLL_CHECKSUM) == ([Frame(0, False, 0x60, True)], b"")


def test_the_code_stands_behind_the_security_block() -> None:
    assert split_frames(with_crc(CCRYPT_HEAD)) == ([Frame(1, True, 0x76, True)], b"")


def test_marks_and_noise_between_frames_are_skipped() -> None:
    frames, rest = split_frames(b"\xff" + POLL + b"\x00\x53\x00\x01\x00\x00" + b"\xff" + POLL)
    assert [frame.intact for frame in frames] == [True, True] and rest == b""


def test_one_flipped_bit_is_seen() -> None:
    for at in (1, 4, 5, 6, 7):  # not the start byte or the length: those make it no frame at all
        broken = POLL[:at] + bytes([POLL[at] ^ 1]) + POLL[at + 1 :]
        frames, _ = split_frames(broken)
        assert [frame.intact for frame in frames] == [False], at


def test_half_a_frame_waits_for_the_rest() -> None:
    assert split_frames(POLL[:5]) == ([], POLL[:5])


@given(st.binary(max_size=200))
def test_no_noise_is_too_strange(noise: bytes) -> None:
    frames, rest = split_frames(noise)
    assert len(rest) <= len(noise) and all(0 <= frame.address <= 0x7F for frame in frames)


@given(st.lists(st.integers(0, 24)))
def test_bytes_may_come_in_any_portions(cuts: list[int]) -> None:
    stream, found, rest, begun = POLL * 3, 0, b"", 0
    for cut in [*sorted(cuts), len(stream)]:
        frames, rest = split_frames(rest + stream[begun:cut])
        found, begun = found + len(frames), cut
    assert found == 3 and rest == b""
