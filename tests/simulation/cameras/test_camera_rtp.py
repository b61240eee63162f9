"""Packets and RTSP text, byte by byte, as the RFCs have them."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation.hardware.cameras.rtp import RtpTrack, aac_payload, interleaved, nal_payloads, ntp_time, split_annexb
from simulation.hardware.cameras.rtsp import RtspSyntaxError, interleaved_channels, parse_request


def _reassemble(payloads: list[bytes]) -> bytes:
    """What RFC 6184, 5.8 tells a receiver to do."""
    if len(payloads) == 1:
        return payloads[0]
    assert [p[1] >> 6 for p in payloads] == [2, *[0] * (len(payloads) - 2), 1], "start and end bits, each once"
    return bytes([payloads[0][0] & 0xE0 | payloads[0][1] & 0x1F]) + b"".join(p[2:] for p in payloads)


@given(st.integers(1, 5000), st.integers(10, 1500))
def test_a_picture_of_any_size_arrives_whole_in_packets_that_fit(size: int, limit: int) -> None:
    nal = b"\x65" + bytes(n % 251 for n in range(size - 1))
    payloads = nal_payloads(nal, limit)
    assert _reassemble(payloads) == nal
    assert max(map(len, payloads)) <= limit
    assert len(payloads) == 1 or all(p[0] == 0x7C for p in payloads)  # FU-A, importance kept


def test_packets_count_up_and_wrap_and_the_last_of_a_picture_is_marked() -> None:
    track = RtpTrack(96, 90_000, ssrc=7, timestamp_base=0xFFFFFFFF, sequence=0xFFFF)
    assert track.packet(b"ab", 0, marker=False) == struct.pack(">BBHII", 0x80, 96, 0xFFFF, 0xFFFFFFFF, 7) + b"ab"
    assert track.packet(b"c", 1, marker=True) == struct.pack(">BBHII", 0x80, 96 | 0x80, 0, 0, 7) + b"c"
    assert (track.packets, track.octets) == (2, 3)


def test_a_sender_report_ties_media_time_to_utc() -> None:
    track = RtpTrack(97, 16_000, ssrc=9, timestamp_base=100, sequence=0, packets=3, octets=33)
    report = track.sender_report(1_500_000_000, track.ticks(250_000_000), "a@x")
    assert struct.unpack(">BBHIIIIII", report[:28]) == (0x80, 200, 6, 9, 2_208_988_801, 1 << 31, 4100, 3, 33)
    assert report[28:] == struct.pack(">BBHI", 0x81, 202, 3, 9) + b"\x01\x03a@x\0\0\0"
    assert len(report) % 4 == 0
    assert ntp_time(-2_208_988_800 * 10**9) == 0


def test_an_aac_frame_carries_its_size_in_13_bits() -> None:
    assert aac_payload(b"x" * 300) == bytes.fromhex("0010") + (300 << 3).to_bytes(2) + b"x" * 300


def test_packets_travel_inside_the_connection_with_channel_and_length() -> None:
    assert interleaved(3, b"abc") == b"$\x03\x00\x03abc"


def test_an_encoders_output_is_split_at_both_kinds_of_start_code() -> None:
    assert split_annexb(b"\0\0\0\1\x67a\0\0\0\1\x68b\0\0\1\x65c\0\0\3d") == [b"\x67a", b"\x68b", b"\x65c\0\0\3d"]


def test_a_request_is_understood_whatever_the_case_of_its_headers() -> None:
    request = parse_request(b"SETUP rtsp://h:1/cam-1/track0 RTSP/1.0\r\nCSEQ: 3\r\nTransport: x;y\r\n\r\n")
    assert (request.method, request.path, request.headers["cseq"]) == ("SETUP", ["cam-1", "track0"], "3")
    for wrong in (b"GET / HTTP/1.1\r\n\r\n", b"\xff\xfe\r\n\r\n"):
        with pytest.raises(RtspSyntaxError, match=r"RTSP/1\.0"):
            parse_request(wrong)
    with pytest.raises(RtspSyntaxError, match="not a number"):
        _ = parse_request(b"PLAY x RTSP/1.0\r\nContent-Length: -1\r\n\r\n").body_length


@pytest.mark.parametrize(
    ("transport", "channels"),
    [
        ("RTP/AVP/TCP;unicast;interleaved=2-3", (2, 3)),
        ("RTP/AVP;unicast;client_port=5000-5001,RTP/AVP/TCP;interleaved=4", (4, 5)),
        ("RTP/AVP/UDP;unicast;client_port=5000-5001", None),
        ("", None),
    ],
)
def test_only_transport_inside_the_connection_is_taken(transport: str, channels: tuple[int, int] | None) -> None:
    assert interleaved_channels(transport) == channels
