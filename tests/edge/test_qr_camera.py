"""A QR badge held up to a door's camera is read once, and a camera that stops is told."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edge.drivers.protocols import DeviceEvent, DeviceHealth, QrRead
from edge.drivers.qr_camera import InView, QrCamera, load_decoder, read_stream, without_password

if TYPE_CHECKING:
    from edge.drivers.qr_camera import Picture

Seen = SimpleQueue[DeviceEvent]
S = 1_000_000_000


class FakeStream:
    """Each picture is one byte: an index into what is in view at that moment."""

    def __init__(self) -> None:
        self.coming: SimpleQueue[Picture | OSError] = SimpleQueue()
        self.opened = 0
        self.closed = 0

    def hold_up(self, number: int) -> None:
        self.coming.put(np.full((1, 1), number, np.uint8))

    def __call__(self, wanted: Callable[[], bool]) -> Generator[Picture | None, None, None]:
        self.opened += 1
        try:
            while True:
                try:
                    item = self.coming.get(timeout=0.02)
                except Empty:  # nothing in this moment: a picture that is not looked at
                    yield None
                    continue
                if isinstance(item, OSError):
                    raise item
                while not wanted():
                    yield None
                yield item
        finally:
            self.closed += 1


def decode(picture: Picture) -> list[str]:
    return [[], ["badge-a"], ["badge-b"], ["badge-a", "badge-b"]][int(picture[0, 0])]


@pytest.fixture
def stream() -> FakeStream:
    return FakeStream()


@pytest.fixture
def seen() -> Seen:
    return SimpleQueue()


@pytest.fixture
def camera(stream: FakeStream, seen: Seen) -> Iterator[QrCamera]:
    camera = QrCamera(
        "c1", "rtsp://u:p@cam/1", fps=100, stall_s=0.3, retry_s=(0.01, 0.02), source=stream, decode=decode
    )
    camera.start(seen.put)
    yield camera
    camera.stop()
    assert stream.opened == stream.closed


def next_event(seen: Seen) -> DeviceEvent:
    return seen.get(timeout=10)


def test_a_badge_is_told_once_while_it_is_held_up(camera: QrCamera, stream: FakeStream, seen: Seen) -> None:
    for number in (0, 1, 1, 0, 1, 3, 2):
        stream.hold_up(number)
    online = next_event(seen)
    assert isinstance(online, DeviceHealth) and online.ok
    reads = [next_event(seen), next_event(seen)]
    assert [read.text for read in reads if isinstance(read, QrRead)] == ["badge-a", "badge-b"]
    time.sleep(0.1)
    assert seen.empty()


def test_a_badge_that_left_the_picture_for_two_seconds_is_new_again() -> None:
    view = InView(2 * S)
    assert view.see(["a"], 0) == ["a"]
    assert view.see(["a"], 1 * S) == []
    assert view.see([], 2 * S) == []
    assert view.see(["a", "b"], 3 * S) == ["b"]
    assert view.see(["a"], 5 * S + 1) == ["a"]


def test_a_camera_that_gives_no_picture_is_told_and_opened_again(
    camera: QrCamera, stream: FakeStream, seen: Seen
) -> None:
    stream.hold_up(0)
    assert isinstance(online := next_event(seen), DeviceHealth) and online.ok
    offline = next_event(seen)
    assert isinstance(offline, DeviceHealth) and not offline.ok
    assert "no picture for" in offline.detail and "check the camera's power" in offline.detail
    assert "u:p" not in offline.detail
    stream.hold_up(2)
    assert isinstance(online := next_event(seen), DeviceHealth) and online.ok
    assert isinstance(read := next_event(seen), QrRead) and read.text == "badge-b"
    assert stream.opened >= 2


def test_an_outage_is_told_once_however_often_the_camera_refuses(
    camera: QrCamera, stream: FakeStream, seen: Seen
) -> None:
    for _ in range(5):
        stream.coming.put(ConnectionRefusedError("connection refused"))
    stream.hold_up(1)
    first, second = next_event(seen), next_event(seen)
    assert isinstance(first, DeviceHealth) and not first.ok and "connection refused" in first.detail
    assert isinstance(second, DeviceHealth) and second.ok


def test_no_more_pictures_are_looked_at_than_asked_for(stream: FakeStream, seen: Seen) -> None:
    looked: list[float] = []

    def count(picture: Picture) -> list[str]:
        looked.append(time.monotonic())
        return []

    camera = QrCamera("c1", "rtsp://cam/1", fps=20, source=stream, decode=count)
    for _ in range(4):
        stream.hold_up(0)
    camera.start(seen.put)
    deadline = time.monotonic() + 10
    while len(looked) < 4 and time.monotonic() < deadline:
        time.sleep(0.01)
    camera.stop()
    assert len(looked) == 4
    assert looked[3] - looked[0] >= 2 * 0.05  # the second may come at once after a slow first look


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtsp://admin:s3@cr/et@10.0.0.7:554/ch1", "rtsp://10.0.0.7:554/ch1"),
        ("rtsp://10.0.0.7/ch1", "rtsp://10.0.0.7/ch1"),
        ("/dev/video0", "/dev/video0"),
    ],
)
def test_a_password_is_never_shown(url: str, shown: str) -> None:
    assert without_password(url) == shown


def badge_film(path: Path, text: str) -> None:
    """Ten pictures of somebody who holds a badge before a grey wall."""
    import av
    import cv2

    code: Any = cv2.QRCodeEncoder.create().encode(text)
    code = cv2.resize(code, None, fx=5, fy=5, interpolation=cv2.INTER_NEAREST)
    picture = np.full((360, 640), 170, np.uint8)
    picture[60 : 60 + code.shape[0], 200 : 200 + code.shape[1]] = code
    with av.open(str(path), "w") as film:
        video = film.add_stream("libx264", rate=10)
        video.width, video.height, video.pix_fmt = 640, 360, "yuv420p"
        for _ in range(10):
            film.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="gray").reformat(format="yuv420p")))
        film.mux(video.encode())


@pytest.mark.parts
@pytest.mark.parametrize("keyframes_only", [False, True])
def test_a_badge_is_read_from_real_video(tmp_path: Path, seen: Seen, keyframes_only: bool) -> None:
    badge_film(tmp_path / "badge.mp4", "pass:9f27c1")
    camera = QrCamera("c1", str(tmp_path / "badge.mp4"), fps=1_000, keyframes_only=keyframes_only, retry_s=(5, 5))
    camera.start(seen.put)
    try:
        assert isinstance(online := next_event(seen), DeviceHealth) and online.ok
        assert isinstance(read := next_event(seen), QrRead) and read.text == "pass:9f27c1"
        assert isinstance(ended := next_event(seen), DeviceHealth) and "the stream ended" in ended.detail
    finally:
        camera.stop()


@pytest.mark.parts
def test_a_badge_is_read_where_libzbar_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyzbar.pyzbar", None)
    badge_film(tmp_path / "badge.mp4", "pass:9f27c1")
    pictures = [p for p in read_stream(str(tmp_path / "badge.mp4"), 3.0, lambda: True) if p is not None]
    assert len(pictures) == 10
    assert list(load_decoder()(pictures[0])) == ["pass:9f27c1"]
    assert list(load_decoder()(np.full((360, 640), 170, np.uint8))) == []


@pytest.mark.parts
def test_a_camera_that_accepts_and_says_nothing_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        started = time.monotonic()
        with pytest.raises(OSError, match=r"no data for 0\.4 s"):
            next(read_stream(f"rtsp://127.0.0.1:{mute.getsockname()[1]}/1", 0.4, lambda: True))
        assert time.monotonic() - started < 10


@pytest.mark.parts
def test_a_camera_that_is_off_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as brief:
        port = brief.getsockname()[1]
    with pytest.raises(OSError, match="refused"):
        next(read_stream(f"rtsp://127.0.0.1:{port}/1", 1.0, lambda: True))
    assert threading.active_count() < 50
