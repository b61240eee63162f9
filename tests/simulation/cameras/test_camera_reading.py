"""What a recording proves, on recordings whose faults are known because they were made for it."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from simulation.hardware.cameras import CameraSpec
from simulation.hardware.cameras.beeps import RATE_HZ, sound
from simulation.hardware.cameras.picture import Picture, draw_black
from simulation.hardware.cameras.reading import camera_mark, prove_recording
from simulation.hardware.cameras.stamp import Stamp

BEGIN_MS = 1_795_310_457_500  # half a second before the first beep
SPEC = CameraSpec("a", width=320, height=180, fps=Fraction(10))
BLACK = -1  # a covered lens


def _steady(frames: Iterable[int]) -> dict[int, int]:
    """A camera that shows each frame in its own tenth of a second."""
    return {at: at for at in frames}


def _record(
    path: Path,
    shown: Mapping[int, int],
    *,
    begin_ms: int = BEGIN_MS,
    sound_late_ms: int = 0,
    silent_s: range = range(0),
) -> Path:
    """An MP4 that shows these frame numbers in these tenths of a second.  Sound runs throughout, where not silent."""
    picture, frame = Picture(SPEC), av.VideoFrame(SPEC.width, SPEC.height, "yuv420p")
    planes = [np.frombuffer(p, np.uint8).reshape(-1, p.line_size) for p in frame.planes]
    y, u, v = planes[0][:, : SPEC.width], planes[1][:, : SPEC.width // 2], planes[2][:, : SPEC.width // 2]
    with av.open(path, "w") as sink:
        video = sink.add_stream("libx264", rate=10, options={"preset": "ultrafast", "tune": "zerolatency"})
        video.width, video.height, video.pix_fmt = SPEC.width, SPEC.height, "yuv420p"
        audio = sink.add_stream("aac", rate=RATE_HZ, layout="mono")
        begin = min(shown)
        for at, number in shown.items():
            if number == BLACK:
                draw_black((y, u, v))
            else:
                picture.draw((y, u, v), Stamp(camera_mark("a"), begin_ms + 100 * number, number), None)
            frame.pts, frame.time_base = at - begin, Fraction(1, 10)
            sink.mux(video.encode(frame))
        for second in range((max(shown) - begin + 1) // 10):
            if second in silent_s:
                continue
            utc_ms = begin_ms + begin * 100 + second * 1000 - sound_late_ms
            heard = av.AudioFrame.from_ndarray(sound(utc_ms * 1_000_000, RATE_HZ).reshape(1, -1), "fltp", "mono")
            heard.sample_rate, heard.pts, heard.time_base = RATE_HZ, second * RATE_HZ, Fraction(1, RATE_HZ)
            sink.mux(audio.encode(heard))
        sink.mux(video.encode(None))
        sink.mux(audio.encode(None))
    return path


def test_a_faultless_recording(tmp_path: Path) -> None:
    proof = prove_recording(_record(tmp_path / "a.mp4", _steady(range(450))))
    assert proof.cameras == (camera_mark("a"),)
    assert (proof.frames, proof.unreadable, proof.repeated, proof.missing) == (450, 0, 0, ())
    assert (proof.first_utc_ms, proof.last_utc_ms) == (BEGIN_MS, BEGIN_MS + 44_900)
    assert (proof.longest_hole_ms, proof.damaged) == (0, 0)
    assert (proof.audio, proof.beeps, proof.beeps_astray) == (True, 45, 0), "each beep once, across reading pieces"
    assert proof.av_offset_ms is not None and abs(proof.av_offset_ms) < 10


@pytest.mark.parametrize("first_beep_ms", [980, 810], ids=["beep across the end of a piece", "beep read twice"])
def test_sound_that_is_read_in_pieces_loses_and_doubles_no_beep(tmp_path: Path, first_beep_ms: int) -> None:
    """A piece ends after 20.032 s, and its last 0.2 s are read again with the next."""
    begin_ms = 1_795_310_458_000 - first_beep_ms
    proof = prove_recording(_record(tmp_path / "a.mp4", _steady(range(220)), begin_ms=begin_ms))
    assert (proof.beeps, proof.beeps_astray) == (22, 0)


def test_holes_black_and_standing_pictures_are_counted(tmp_path: Path) -> None:
    frozen, black = dict.fromkeys(range(40, 45), 39), dict.fromkeys(range(45, 49), BLACK)
    shown = _steady([*range(20), *range(23, 40)]) | frozen | black | _steady(range(49, 60))
    proof = prove_recording(_record(tmp_path / "a.mp4", shown))
    assert proof.missing == (range(20, 23), range(40, 49))
    assert proof.missing_frames == 12
    assert (proof.repeated, proof.unreadable) == (5, 4)
    assert proof.longest_hole_ms == 900


def test_late_sound_is_measured_and_sound_of_another_moment_is_astray(tmp_path: Path) -> None:
    late = prove_recording(_record(tmp_path / "late.mp4", _steady(range(60)), sound_late_ms=120))
    assert late.av_offset_ms is not None and abs(late.av_offset_ms - 120) < 10
    other = prove_recording(_record(tmp_path / "other.mp4", _steady(range(60)), sound_late_ms=3000))
    assert (other.beeps, other.beeps_astray, other.av_offset_ms) == (6, 6, None)


def test_a_hole_in_the_sound_does_not_shift_what_follows(tmp_path: Path) -> None:
    proof = prove_recording(_record(tmp_path / "a.mp4", _steady(range(100)), silent_s=range(3, 6)))
    assert (proof.beeps, proof.beeps_astray) == (7, 0)


def test_segments_in_order_are_one_recording(tmp_path: Path) -> None:
    first = _record(tmp_path / "1.mp4", _steady(range(20)))
    second = _record(tmp_path / "2.mp4", _steady(range(22, 40)))
    proof = prove_recording(first, second)
    assert (proof.frames, proof.missing) == (38, (range(20, 22),))
    assert (proof.beeps, proof.beeps_astray) == (3, 0)
