"""RTSP text: requests in, responses and session descriptions out.  Pure."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from simulation.hardware.cameras.rtp import RtpTrack
from simulation.hardware.cameras.spec import CameraSpec

REASONS = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    454: "Session Not Found",
    455: "Method Not Valid in This State",
    461: "Unsupported Transport",
    501: "Not Implemented",
}
METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN"


class RtspSyntaxError(ValueError):
    """What came is not RTSP."""


@dataclass(frozen=True, slots=True)
class RtspRequest:
    method: str
    url: str
    headers: Mapping[str, str]  # names in lower case

    @property
    def path(self) -> list[str]:
        """The parts of the address after host and port: camera, then perhaps track."""
        return [part for part in urlsplit(self.url).path.split("/") if part]

    @property
    def body_length(self) -> int:
        text = self.headers.get("content-length", "0")
        if not text.isdigit():
            raise RtspSyntaxError(f"{self.method}: Content-Length {text!r} is not a number")
        return int(text)


def parse_request(head: bytes) -> RtspRequest:
    """Request line and headers, up to and with the empty line."""
    first, *rest = head.decode("utf-8", "replace").strip().split("\r\n")
    words = first.split()
    if len(words) != 3 or not words[2].startswith("RTSP/1."):
        raise RtspSyntaxError(f"request line {first[:80]!r}: not RTSP/1.0; expected 'METHOD URL RTSP/1.0'")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
    return RtspRequest(words[0], words[1], headers)


def format_response(
    status: int, request: RtspRequest | None, headers: Mapping[str, str] | None = None, body: str = ""
) -> bytes:
    lines = [f"RTSP/1.0 {status} {REASONS[status]}"]
    if request is not None and "cseq" in request.headers:
        lines.append(f"CSeq: {request.headers['cseq']}")
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body:
        lines.append(f"Content-Length: {len(body.encode())}")
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def interleaved_channels(transport: str) -> tuple[int, int] | None:
    """The RTP and RTCP channels a client asks for in its Transport header, when it wants RTP inside the connection."""
    for offer in transport.split(","):
        fields = [field.strip() for field in offer.split(";")]
        if fields[0].upper() != "RTP/AVP/TCP":
            continue
        for field in fields:
            key, _, value = field.partition("=")
            low, _, high = value.partition("-")
            if key == "interleaved" and low.isdigit() and int(low) < 255:
                return int(low), int(high) if high.isdigit() and int(high) < 256 else int(low) + 1
    return None


def describe(
    spec: CameraSpec, video: RtpTrack, audio: RtpTrack, parameter_sets: tuple[bytes, bytes], audio_config: bytes
) -> str:
    """The SDP of one camera: track0 is the picture, track1 the sound."""
    sps, pps = parameter_sets
    sprop = ",".join(base64.b64encode(nal).decode() for nal in (sps, pps))
    lines = [
        "v=0",
        f"o=- {video.ssrc} 1 IN IP4 127.0.0.1",
        f"s={spec.name or spec.camera}",
        "c=IN IP4 0.0.0.0",
        "t=0 0",
        "a=control:*",
        "a=range:npt=now-",
        f"m=video 0 RTP/AVP {video.payload_type}",
        f"a=rtpmap:{video.payload_type} H264/{video.clock_hz}",
        f"a=fmtp:{video.payload_type} packetization-mode=1;profile-level-id={sps[1:4].hex().upper()};"
        f"sprop-parameter-sets={sprop}",
        f"a=framerate:{float(spec.fps):g}",
        "a=control:track0",
        f"m=audio 0 RTP/AVP {audio.payload_type}",
        f"a=rtpmap:{audio.payload_type} MPEG4-GENERIC/{audio.clock_hz}/1",
        f"a=fmtp:{audio.payload_type} streamtype=5;profile-level-id=15;mode=AAC-hbr;config={audio_config.hex()};"
        "sizelength=13;indexlength=3;indexdeltalength=3",
        "a=control:track1",
    ]
    return "\r\n".join(lines) + "\r\n"
