"""Cameras as a recorder meets them: over RTSP, through FFmpeg."""

import socket
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest

from simulation.hardware.cameras import CameraFarm, CameraSpec, UnknownCameraError
from simulation.hardware.cameras.reading import Stamp, camera_mark, prove_recording, read_stamp

pytestmark = pytest.mark.parts

FRAME_MS = 80
# A live source: do not study it for seconds before handing out its first picture.
LIVE = {"rtsp_transport": "tcp", "probesize": "32768", "analyzeduration": "100000"}


@pytest.fixture(scope="module")
def farm() -> Iterator[CameraFarm]:
    with CameraFarm([CameraSpec("hall", "开标大厅"), CameraSpec("room")]) as farm:
        yield farm


def _open(farm: CameraFarm, camera: str, timeout_s: float = 10) -> Any:
    return av.open(farm.url(camera), options=LIVE, timeout=timeout_s)


def _stamps(container: Any) -> Iterator[Stamp | None]:
    for frame in container.decode(video=0):
        yield read_stamp(frame.to_ndarray(format="gray"))


def _first(seen: Iterator[Stamp | None], wanted: Callable[[Stamp | None], bool], within: int = 60) -> Stamp | None:
    """The first of the next pictures that is as wanted."""
    for _, stamp in zip(range(within), seen, strict=False):
        if wanted(stamp):
            return stamp
    pytest.fail(f"not seen within {within} pictures")


def _record(farm: CameraFarm, camera: str, path: Path, seconds: float) -> None:
    """Remux as the recorder does, until the picture's own clock has run so long."""
    with _open(farm, camera) as source, av.open(path, "w", format="mp4") as sink:
        streams = {stream.index: sink.add_stream_from_template(stream) for stream in source.streams}
        ends = None
        for packet in source.demux():
            if packet.pts is None:  # FFmpeg gives no time to the very first packet of a stream
                continue
            video_s = float(packet.pts * packet.time_base) if packet.stream.type == "video" else 0.0
            ends = video_s + seconds if ends is None and video_s else ends
            if ends is not None and video_s >= ends:
                return
            packet.stream = streams[packet.stream.index]
            sink.mux(packet)


def test_a_recording_proves_itself(farm: CameraFarm, tmp_path: Path) -> None:
    begun_ms = time.time() * 1000
    _record(farm, "hall", tmp_path / "hall.mp4", 3.5)
    ended_ms = time.time() * 1000
    proof = prove_recording(tmp_path / "hall.mp4")
    assert proof.cameras == (camera_mark("hall"),)
    assert (proof.missing, proof.repeated, proof.damaged) == ((), 0, 0)
    assert proof.unreadable < 15, "only pictures before the first keyframe with a time may be unreadable"
    assert proof.first_utc_ms is not None and proof.last_utc_ms is not None
    assert begun_ms - FRAME_MS <= proof.first_utc_ms < proof.last_utc_ms <= ended_ms
    assert proof.last_utc_ms - proof.first_utc_ms > 2000
    assert proof.longest_hole_ms <= 2
    assert proof.audio and proof.beeps >= 2 and proof.beeps_astray == 0
    assert proof.av_offset_ms is not None and abs(proof.av_offset_ms) < 40


def test_what_is_seen_is_what_is_now_and_two_may_watch(farm: CameraFarm) -> None:
    with _open(farm, "hall") as one, _open(farm, "hall") as other:
        for seen in (_stamps(one), _stamps(other)):
            # What came while the stream was being opened is drained first; then each picture is fresh.
            fresh = _first(seen, lambda stamp: stamp is not None and time.time() * 1000 - stamp.utc_ms < 300)
            assert fresh is not None and fresh.camera == camera_mark("hall")


def test_whoever_comes_later_sees_a_whole_picture_at_once() -> None:
    """Else it would wait, or see ruins, for up to this camera's ten seconds between keyframes."""
    with CameraFarm([CameraSpec("slow", gop_s=10)]) as slow, _open(slow, "slow") as one:
        _first(_stamps(one), lambda stamp: stamp is not None)
        begun_ms = time.time() * 1000
        with _open(slow, "slow") as other:
            stamp = next(_stamps(other))
        assert stamp is not None and stamp.utc_ms < begun_ms + 1000


def test_a_phone_held_into_the_picture_can_be_read(farm: CameraFarm) -> None:
    try:
        from pyzbar import pyzbar
    except ImportError as error:
        pytest.skip(f"the system library libzbar is missing: {error}")
    text = ("bidhall:" + "0123456789abcdefghijklmnopqrstuvwxyz._" * 8)[:300]
    farm.camera("room").show(text, 20)
    with _open(farm, "room") as container:
        for _, frame in zip(range(10), container.decode(video=0), strict=False):
            grey = frame.to_ndarray(format="gray")
            read = [code.data.decode() for code in pyzbar.decode(grey, symbols=[pyzbar.ZBarSymbol.QRCODE])]
            if read == [text]:
                assert read_stamp(grey) is not None, "the strip is not covered"
                break
        else:
            pytest.fail("no QR code was read from ten pictures")
    farm.camera("room").show(text, 0)


def test_faults_are_what_they_are_called(farm: CameraFarm) -> None:
    camera = farm.camera("room")
    with _open(farm, "room") as container:
        seen = _stamps(container)
        _first(seen, lambda stamp: stamp is not None)

        camera.black(5)
        _first(seen, lambda stamp: stamp is None)
        camera.black(0)
        last = _first(seen, lambda stamp: stamp is not None)

        camera.freeze(5)
        for stamp in seen:
            if stamp == last:
                break
            last = stamp
        camera.freeze(0)
        _first(seen, lambda stamp: stamp != last)

        camera.clock_offset_ms(3_600_000)
        ahead = _first(seen, lambda stamp: stamp is not None and stamp.utc_ms > time.time() * 1000 + 3_000_000)
        camera.clock_offset_ms(0)
        assert ahead is not None

        camera.stall(1)
        stamps = [stamp for _, stamp in zip(range(20), seen, strict=False) if stamp is not None]
        steps = [b.frame_number - a.frame_number for a, b in pairwise(stamps)]
        assert 11 <= max(steps) <= 15, "a second's frames are missing"

        camera.drop_connection()
        with pytest.raises((av.error.FFmpegError, StopIteration)):
            for _ in range(60):
                next(seen)


def test_a_stalled_camera_runs_into_the_clients_timeout_and_comes_back(farm: CameraFarm) -> None:
    camera = farm.camera("room")
    camera.stall(60)
    with pytest.raises(av.error.FFmpegError):
        _open(farm, "room", timeout_s=0.5)
    camera.stall(0)
    camera.away(60)
    begun_s = time.monotonic()
    with pytest.raises((av.error.FFmpegError, OSError)):
        _open(farm, "room")
    assert time.monotonic() - begun_s < 5, "refused, not left waiting"
    camera.away(0)
    with _open(farm, "room") as container:
        assert next(_stamps(container)) is not None, "the first picture is a whole one"


def test_a_camera_that_goes_away_resets_its_connections() -> None:
    with CameraFarm([CameraSpec("a")]) as farm, socket.create_connection(("127.0.0.1", farm.port), 10) as client:
        request = f"DESCRIBE {farm.url('a')} RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode()
        client.sendall(request)
        assert client.recv(4096).startswith(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n")
        farm.camera("a").away(60)
        with pytest.raises(ConnectionResetError):
            client.recv(4096)


def test_nobody_here_by_that_name(farm: CameraFarm) -> None:
    with pytest.raises(av.error.HTTPNotFoundError):
        av.open(farm.url("room") + "x", options=LIVE)
    with pytest.raises(UnknownCameraError, match=r"camera 'x': not here; this farm has hall, room"):
        farm.url("x")


def test_a_client_that_does_not_read_loses_pictures_then_its_connection_and_nobody_else_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("simulation.hardware.cameras.server.HOPELESS_NS", 1_000_000_000)
    with CameraFarm([CameraSpec("a")], backlog_max_bytes=4096) as farm, socket.socket() as lazy:
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        lazy.settimeout(10)
        lazy.connect(("127.0.0.1", farm.port))
        url = farm.url("a")
        lazy.sendall(
            f"SETUP {url}/track0 RTSP/1.0\r\nCSeq: 1\r\nTransport: RTP/AVP/TCP;interleaved=0-1\r\n\r\n".encode()
        )
        answer = lazy.recv(4096).decode()
        session = answer.partition("Session: ")[2].partition(";")[0]
        lazy.sendall(f"PLAY {url} RTSP/1.0\r\nCSeq: 2\r\nSession: {session}\r\n\r\n".encode())
        with _open(farm, "a") as container:
            stamps: list[Stamp | None] = []
            for stamp in _stamps(container):
                stamps.append(stamp)
                cameras = farm.status()["cameras"]
                assert isinstance(cameras, list)
                if cameras[0]["frames_lost"] > 5 and cameras[0]["watchers"] == 1:
                    break
                assert len(stamps) < 500, "the lazy client was sent everything"
        numbers = [stamp.frame_number for stamp in stamps if stamp is not None]
        assert numbers == list(range(numbers[0], numbers[0] + len(stamps)))
