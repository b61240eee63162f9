"""H.264 and AAC from the libraries inside the PyAV wheel, set for a cheap live stream without delay or B-frames."""

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from simulation.hardware.cameras.beeps import RATE_HZ, Samples
from simulation.hardware.cameras.rtp import split_annexb
from simulation.hardware.cameras.spec import CameraSpec

VIDEO_CLOCK_HZ = 90_000  # RFC 6184
AAC_FRAME = 1024  # samples

Planes = tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]

GLOBAL_HEADER = 1 << 22  # AV_CODEC_FLAG_GLOBAL_HEADER: parameter sets go to `extradata`, and we repeat them ourselves


class VideoEncoder:
    """One camera's H.264 encoder and the picture it reads from: draw into `planes` (Y, U, V), then `encode`."""

    def __init__(self, spec: CameraSpec) -> None:
        import av
        from av.video.frame import PictureType

        gop = max(1, round(spec.gop_s * spec.fps))
        self._codec = av.CodecContext.create("libx264", "w")
        self._codec.width, self._codec.height, self._codec.pix_fmt = spec.width, spec.height, "yuv420p"
        self._codec.time_base, self._codec.framerate = Fraction(1, VIDEO_CLOCK_HZ), spec.fps
        self._codec.thread_count = 1
        self._codec.flags |= GLOBAL_HEADER
        self._codec.options = {
            "preset": "ultrafast",  # no B-frames, no CABAC: a fifth of the CPU of "medium", and Constrained Baseline
            "tune": "zerolatency",
            "crf": "28",
            "g": str(gop),
            "forced-idr": "1",
            "x264-params": f"keyint={gop}:scenecut=0",
        }
        self._codec.open()
        sps, pps = split_annexb(bytes(self._codec.extradata))[:2]
        self.parameter_sets = (sps, pps)
        self._key, self._any = PictureType.I, PictureType.NONE
        self._frame = av.VideoFrame(spec.width, spec.height, "yuv420p")
        self._frame.time_base = self._codec.time_base
        y, u, v = (np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size) for plane in self._frame.planes)
        half_w, half_h = spec.width // 2, spec.height // 2
        self.planes: Planes = (y[: spec.height, : spec.width], u[:half_h, :half_w], v[:half_h, :half_w])

    def encode(self, ticks: int, *, keyframe: bool) -> tuple[list[bytes], bool]:
        """The NAL units of what is drawn now, and whether a decoder can begin there; SPS and PPS then lead."""
        self._frame.pts = ticks
        self._frame.pict_type = self._key if keyframe else self._any
        nals: list[bytes] = []
        is_key = False
        for packet in self._codec.encode(self._frame):
            is_key = is_key or bool(packet.is_keyframe)
            nals += split_annexb(bytes(packet))
        return [*self.parameter_sets, *nals] if is_key else nals, is_key


class AudioEncoder:
    """One camera's AAC-LC encoder.  A frame comes out one frame after it went in."""

    def __init__(self) -> None:
        import av

        self._new_frame = av.AudioFrame.from_ndarray
        self._codec = av.CodecContext.create("aac", "w")
        self._codec.sample_rate, self._codec.layout, self._codec.format = RATE_HZ, "mono", "fltp"
        self._codec.bit_rate = 32_000
        self._codec.options = {"aac_coder": "fast"}  # half the CPU of the default search; beeps are no music
        self._codec.open()
        self.config = bytes(self._codec.extradata)

    def encode(self, samples: Samples, ticks: int) -> list[tuple[int, bytes]]:
        """`AAC_FRAME` samples in; access units with the time of their first sample out."""
        frame = self._new_frame(samples.reshape(1, -1), "fltp", "mono")
        frame.sample_rate, frame.time_base, frame.pts = RATE_HZ, Fraction(1, RATE_HZ), ticks
        return [(packet.pts, bytes(packet)) for packet in self._codec.encode(frame)]
