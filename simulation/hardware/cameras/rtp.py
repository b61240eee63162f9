"""RTP packets of H.264 (RFC 6184) and AAC (RFC 3640), and RTCP sender reports (RFC 3550).  Pure but for counters."""

import struct
from dataclasses import dataclass

MTU_PAYLOAD = 1400  # fits an Ethernet frame with IP, UDP and RTP headers
FU_A = 28
NTP_EPOCH_S = 2_208_988_800  # 1900 to 1970


@dataclass(slots=True)
class RtpTrack:
    """One stream of packets.  `timestamp_base` is random by RFC 3550; media time 0 is sent as this number."""

    payload_type: int
    clock_hz: int
    ssrc: int
    timestamp_base: int
    sequence: int
    packets: int = 0
    octets: int = 0

    def timestamp(self, ticks: int) -> int:
        return (self.timestamp_base + ticks) & 0xFFFFFFFF

    def ticks(self, media_ns: int) -> int:
        return media_ns * self.clock_hz // 1_000_000_000

    def packet(self, payload: bytes, ticks: int, *, marker: bool) -> bytes:
        """The next packet of this stream."""
        second = self.payload_type | (0x80 if marker else 0)
        header = struct.pack(">BBHII", 0x80, second, self.sequence, self.timestamp(ticks), self.ssrc)
        self.sequence = (self.sequence + 1) & 0xFFFF
        self.packets += 1
        self.octets += len(payload)
        return header + payload

    def sender_report(self, utc_ns: int, ticks: int, cname: str) -> bytes:
        """Which wall-clock time this stream's media time is; the receiver lays picture and sound together by it."""
        name = cname.encode()
        items = struct.pack(">BB", 1, len(name)) + name
        items += b"\0" * (4 - len(items) % 4)  # at least one zero ends the list
        counters = (self.packets & 0xFFFFFFFF, self.octets & 0xFFFFFFFF)
        report = struct.pack(">BBHIQIII", 0x80, 200, 6, self.ssrc, ntp_time(utc_ns), self.timestamp(ticks), *counters)
        return report + struct.pack(">BBHI", 0x81, 202, 1 + len(items) // 4, self.ssrc) + items


def ntp_time(utc_ns: int) -> int:
    """UTC as RTCP writes it: 32 bits of seconds since 1900, 32 bits of fraction."""
    seconds, ns = divmod(utc_ns, 1_000_000_000)
    return ((seconds + NTP_EPOCH_S) & 0xFFFFFFFF) << 32 | (ns << 32) // 1_000_000_000


def split_annexb(stream: bytes) -> list[bytes]:
    """The NAL units of an encoder's output.  A unit never ends in a zero byte, so stripping them eats no data."""
    return [nal for piece in stream.split(b"\0\0\1") if (nal := piece.rstrip(b"\0"))]


def nal_payloads(nal: bytes, limit: int = MTU_PAYLOAD) -> list[bytes]:
    """One NAL unit as RTP payloads: itself when it fits, else FU-A fragments."""
    if len(nal) <= limit:
        return [nal]
    indicator, kind = nal[0] & 0xE0 | FU_A, nal[0] & 0x1F
    pieces = [nal[at : at + limit - 2] for at in range(1, len(nal), limit - 2)]
    last = len(pieces) - 1
    return [
        bytes((indicator, kind | (0x80 if n == 0 else 0) | (0x40 if n == last else 0))) + piece
        for n, piece in enumerate(pieces)
    ]


def aac_payload(access_unit: bytes) -> bytes:
    """One AAC frame in AAC-hbr mode: a 16-bit header section holding 13 bits of size and 3 of index."""
    return struct.pack(">HH", 16, len(access_unit) << 3) + access_unit


def interleaved(channel: int, packet: bytes) -> bytes:
    """A packet as it travels inside the RTSP connection (RFC 2326, 10.12)."""
    return struct.pack(">cBH", b"$", channel, len(packet)) + packet
