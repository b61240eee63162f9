"""What recordings of virtual cameras prove: which cameras, from when to when, what is missing, whether sound fits."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from os import PathLike
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulation.hardware.cameras.beeps import BEEP_S, Beep, read_beeps
from simulation.hardware.cameras.stamp import Stamp, camera_mark, read_stamp

__all__ = ["Beep", "RecordingProof", "Stamp", "camera_mark", "prove_recording", "read_beeps", "read_stamp"]

LISTEN_S = 20.0  # sound is read in pieces of this length: memory stays small whatever the recording's length
BEEP_MATCH_S = 0.4  # a beep further than this from its own second of the picture names another second


@dataclass(frozen=True, slots=True)
class RecordingProof:
    """What was found in one recording, given as one file or as its segments in order."""

    cameras: tuple[int, ...]  # marks, in order of appearance; see `camera_mark`
    frames: int  # pictures decoded
    unreadable: int  # pictures without a valid strip: black, damaged, or not ours
    repeated: int  # pictures whose number was already seen: a frozen camera, or footage written twice
    first_utc_ms: int | None
    last_utc_ms: int | None
    missing: tuple[range, ...]  # frame numbers that lie between those seen
    longest_hole_ms: int  # the longest time without a picture, beyond the camera's own frame period
    audio: bool
    beeps: int
    beeps_astray: int  # beeps that name another second than the picture shows at that moment
    av_offset_ms: float | None  # how much the sound comes after the picture; None without beeps and stamps
    damaged: int  # packets that no decoder accepts

    @property
    def missing_frames(self) -> int:
        return sum(len(gap) for gap in self.missing)


@dataclass(slots=True)
class _Seen:
    """What one file holds, by its own time axis."""

    frames: int = 0
    damaged: int = 0
    audio: bool = False
    stamps: list[tuple[float, Stamp]] = field(default_factory=list)
    beeps: list[Beep] = field(default_factory=list)

    def offsets_s(self) -> Iterator[float | None]:
        """Of each beep: how much later it sounds than the picture shows its second.  None: no such second near it."""
        if not self.stamps:
            return
        times_s = np.array([at_s for at_s, _ in self.stamps])
        utc_s = np.array([stamp.utc_ms / 1000 for _, stamp in self.stamps])
        for beep in self.beeps:
            nearest = int(np.argmin(np.abs(times_s - beep.at_s)))
            heard_utc_s = utc_s[nearest] + beep.at_s - times_s[nearest]
            late_s = float((heard_utc_s - beep.second + 30) % 60 - 30)
            yield late_s if abs(late_s) <= BEEP_MATCH_S else None


def prove_recording(path: str | PathLike[str], *more: str | PathLike[str]) -> RecordingProof:
    """Decode a recording, or its segments in order, and say what they prove.  Pictures are read one by one."""
    seen = [_watch(part) for part in (path, *more)]
    stamps = [stamp for part in seen for _, stamp in part.stamps]
    offsets = [offset for part in seen for offset in part.offsets_s()]
    matched = [offset for offset in offsets if offset is not None]
    frames = sum(part.frames for part in seen)
    fresh = {(stamp.camera, stamp.frame_number) for stamp in stamps}
    return RecordingProof(
        cameras=tuple(dict.fromkeys(stamp.camera for stamp in stamps)),
        frames=frames,
        unreadable=frames - len(stamps),
        repeated=len(stamps) - len(fresh),
        first_utc_ms=stamps[0].utc_ms if stamps else None,
        last_utc_ms=stamps[-1].utc_ms if stamps else None,
        missing=tuple(_missing(stamps)),
        longest_hole_ms=_longest_hole_ms(stamps),
        audio=any(part.audio for part in seen),
        beeps=sum(len(part.beeps) for part in seen),
        beeps_astray=len(offsets) - len(matched),
        av_offset_ms=round(1000 * median(matched), 1) if matched else None,
        damaged=sum(part.damaged for part in seen),
    )


def _missing(stamps: list[Stamp]) -> Iterator[range]:
    """Steps forward by more than one.  A step back is a camera switched on anew, and leaves nothing out."""
    for before, after in pairwise(stamps):
        if before.camera == after.camera and after.frame_number > before.frame_number + 1:
            yield range(before.frame_number + 1, after.frame_number)


def _longest_hole_ms(stamps: list[Stamp]) -> int:
    steps = [after.utc_ms - before.utc_ms for before, after in pairwise(stamps)]
    going_on = [step for step in steps if step > 0]
    return round(max(going_on) - median(going_on)) if going_on else 0


def _watch(path: str | PathLike[str]) -> _Seen:
    import av

    seen, ear = _Seen(), _Ear()
    with av.open(path) as container:
        seen.audio = bool(container.streams.audio)
        streams = [*container.streams.video[:1], *container.streams.audio[:1]]
        for packet in container.demux(streams):
            try:
                decoded = packet.decode()
            except av.error.InvalidDataError:
                seen.damaged += 1
                continue
            for frame in decoded:
                at_s = float(frame.pts * frame.time_base)
                if packet.stream.type == "audio":
                    seen.beeps += ear.hear(at_s, _mono(frame), frame.sample_rate)
                else:
                    seen.frames += 1
                    stamp = read_stamp(_luma(frame))
                    if stamp is not None:
                        seen.stamps.append((at_s, stamp))
    seen.beeps += ear.rest()
    return seen


def _luma(frame: Any) -> NDArray[np.uint8]:
    if not frame.format.name.startswith(("yuv", "nv12", "gray")):
        grey: NDArray[np.uint8] = frame.to_ndarray(format="gray")
        return grey
    plane = frame.planes[0]
    return np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: frame.height, : frame.width]


def _mono(frame: Any) -> NDArray[np.float32]:
    samples = frame.to_ndarray()
    first = samples[0] if frame.format.is_planar else samples.reshape(-1, len(frame.layout.channels))[:, 0]
    mono: NDArray[np.float32] = first.astype(np.float32) / (32768 if samples.dtype == np.int16 else 1)
    return mono


class _Ear:
    """Reads beeps from sound that comes in small frames, in pieces that overlap by more than a beep."""

    def __init__(self) -> None:
        self._pieces: list[NDArray[np.float32]] = []
        self._begins_s = self._length_s = 0.0
        self._rate = 0
        self._last_s = -1.0

    def hear(self, at_s: float, samples: NDArray[np.float32], rate: int) -> list[Beep]:
        beeps: list[Beep] = []
        if not self._pieces or abs(at_s - self._begins_s - self._length_s) > 0.01 or rate != self._rate:
            beeps = self.rest()
            self._begins_s, self._rate = at_s, rate
        self._pieces.append(samples)
        self._length_s += len(samples) / rate
        if self._length_s > LISTEN_S:
            beeps += self._read(keep_s=2 * BEEP_S)
        return beeps

    def rest(self) -> list[Beep]:
        """What is still unread; what comes then need not continue it."""
        return self._read(keep_s=0.0) if self._pieces else []

    def _read(self, keep_s: float) -> list[Beep]:
        wave = np.concatenate(self._pieces)
        found = [
            Beep(self._begins_s + beep.at_s, beep.second)
            for beep in read_beeps(wave, self._rate)
            if beep.at_s < self._length_s - keep_s and self._begins_s + beep.at_s > self._last_s + 2 * BEEP_S
        ]
        kept = wave[len(wave) - int(keep_s * self._rate) :]
        self._begins_s += (len(wave) - len(kept)) / self._rate
        self._pieces, self._length_s = ([kept] if len(kept) else []), len(kept) / self._rate
        if found:
            self._last_s = found[-1].at_s
        return found
