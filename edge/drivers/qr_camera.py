"""`QrCamera`: reads QR badges that people hold up to a door's camera."""

import logging
import random
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

from edge.drivers.protocols import DeviceHealth, Emit, QrRead

if TYPE_CHECKING:
    import numpy as np

    Picture = np.ndarray[tuple[int, int], np.dtype[np.uint8]]  # brightness, rows by columns

BRIGHTNESS_FIRST = {"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "nv12", "gray"}

log = logging.getLogger(__name__)

S = 1_000_000_000  # nanoseconds in a second

# Opens a stream; it yields a picture, or None for one that was not wanted, and raises OSError when the stream breaks or
# gives nothing for `stall_s`.  `wanted` says whether the coming picture will be looked at.
Source = Callable[[Callable[[], bool]], Generator["Picture | None", None, None]]
Decode = Callable[["Picture"], Iterable[str]]


class InView:
    """Which texts are new.  A text counts as out of view when it was not seen for `forget_ns`."""

    def __init__(self, forget_ns: int) -> None:
        self._forget_ns = forget_ns
        self._last_seen_ns: dict[str, int] = {}

    def see(self, texts: Iterable[str], now_ns: int) -> list[str]:
        kept = {text: at for text, at in self._last_seen_ns.items() if now_ns - at <= self._forget_ns}
        found = dict.fromkeys(texts, now_ns)
        self._last_seen_ns = kept | found
        return [text for text in found if text not in kept]


class QrCamera:
    """Looks at `fps` pictures a second of the stream at `url` and emits each new text once while it is in view.

    H.264 must be decoded whole to get any picture but a keyframe; finding codes is what costs, and that is done `fps`
    times only: 6 ms for a picture of 640x360, 64 ms for 1920x1080 (2026-11, x86), so give the camera's small stream.
    `keyframes_only` spares the decoding too, for cameras with a keyframe each second or more often.
    """

    def __init__(
        self,
        device: str,
        url: str,
        *,
        fps: float = 4.0,
        keyframes_only: bool = False,
        forget_s: float = 2.0,
        stall_s: float = 3.0,
        retry_s: tuple[float, float] = (0.5, 10.0),
        source: Source | None = None,
        decode: Decode | None = None,
    ) -> None:
        self.device = device
        self.url = url
        self._pause_ns = int(S / fps)
        self._forget_ns = int(forget_s * S)
        self._stall_s = stall_s
        self._retry_s = retry_s
        self._source = source or (lambda wanted: read_stream(url, stall_s, wanted, keyframes_only=keyframes_only))
        self._decode = decode
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, emit: Emit) -> None:
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, args=(emit,), name=f"qr {self.device}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Waits for the stream to give its next picture or to be given up, at most `stall_s`."""
        if self._thread is None:
            return
        self._stopping.set()
        self._thread.join()
        self._thread = None

    def _run(self, emit: Emit) -> None:
        decode = self._decode or load_decoder()
        in_view = InView(self._forget_ns)
        told: bool | None = None
        wait_s = self._retry_s[0]
        while not self._stopping.is_set():
            fault = "the stream ended"
            try:
                for picture in self._watch():
                    if told is not True:
                        detail = self._where("pictures arrive")
                        emit(DeviceHealth(self.device, True, "online", detail, time.monotonic_ns()))
                        told, wait_s = True, self._retry_s[0]
                    texts = list(decode(picture))
                    now_ns = time.monotonic_ns()
                    for text in in_view.see(texts, now_ns):
                        emit(QrRead(self.device, text, now_ns))
            except OSError as broken:
                fault = str(broken)
            if self._stopping.is_set():
                return
            if told is not False:
                detail = self._where(f"{fault}; check the camera's power, network and password")
                log.warning("camera %s", detail)
                emit(DeviceHealth(self.device, False, "offline", detail, time.monotonic_ns()))
                told = False
            self._stopping.wait(random.uniform(self._retry_s[0] / 2, wait_s))
            wait_s = min(wait_s * 2, self._retry_s[1])

    def _watch(self) -> Iterator["Picture"]:
        """Pictures to look at, of one connection."""
        look_at_ns = 0

        def wanted() -> bool:
            return time.monotonic_ns() >= look_at_ns

        seen_ns = time.monotonic_ns()
        with closing(self._source(wanted)) as pictures:
            for picture in pictures:
                now_ns = time.monotonic_ns()
                if self._stopping.is_set():
                    return
                if picture is not None:
                    seen_ns = now_ns
                    look_at_ns = now_ns + self._pause_ns
                    yield picture
                elif now_ns - seen_ns > self._stall_s * S + self._pause_ns:
                    raise OSError(f"no picture for {self._stall_s:g} s")

    def _where(self, what: str) -> str:
        return f"{self.device} at {without_password(self.url)}: {what}"


def read_stream(
    url: str, stall_s: float, wanted: Callable[[], bool], *, keyframes_only: bool = False
) -> Generator["Picture | None", None, None]:
    """The brightness pictures of a stream or file, through PyAV.  RTSP over TCP: a lost packet smears a whole second."""
    import av
    import numpy as np

    options = {"rtsp_transport": "tcp"} if url.startswith("rtsp") else {}
    heard_s = time.monotonic()
    try:
        with av.open(url, options=options, timeout=(stall_s, stall_s)) as stream:
            if not stream.streams.video:
                raise OSError("the stream has no picture")
            video = stream.streams.video[0]
            if keyframes_only:
                video.codec_context.skip_frame = "NONKEY"
            for packet in stream.demux(video):
                heard_s = time.monotonic()
                frames = packet.decode()
                if not frames:
                    yield None
                for frame in frames:
                    if not wanted():
                        yield None
                        continue
                    if frame.format.name not in BRIGHTNESS_FIRST:
                        frame = frame.reformat(format="gray")
                    plane = frame.planes[0]  # brightness, without a conversion; rows may be padded
                    rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
                    yield rows[:, : plane.width]
    except av.FFmpegError as fault:  # some are OSErrors, some ValueErrors
        silent = time.monotonic() - heard_s >= stall_s  # FFmpeg gives a time-out any name, "invalid data" among them
        raise OSError(f"no data for {stall_s:g} s" if silent else fault.strerror or str(fault)) from fault


def load_decoder() -> Decode:
    """pyzbar where the libzbar library is installed, else OpenCV's own reader (slower, and blind to small codes)."""
    try:
        from pyzbar.pyzbar import ZBarSymbol, decode
    except ImportError:
        import cv2

        detector: Any = cv2.QRCodeDetector()

        def read_with_opencv(picture: "Picture") -> list[str]:
            try:
                found, texts, *_ = detector.detectAndDecodeMulti(picture)
            except cv2.error:  # it gives up on some pictures in which it takes furniture for a code
                return []
            return [text for text in texts if text] if found else []

        return read_with_opencv

    def read_with_zbar(picture: "Picture") -> list[str]:
        rows, columns = picture.shape
        codes = decode((picture.tobytes(), columns, rows), symbols=[ZBarSymbol.QRCODE])
        return [code.data.decode("utf-8", "replace") for code in codes]

    return read_with_zbar


def without_password(url: str) -> str:
    """For logs and screens.  Cuts at the last @, whatever characters a password has."""
    scheme, separator, rest = url.partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"
