"""The sound of a camera: a beep at each full UTC second, whose two tones spell the second of the minute."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

RATE_HZ = 16_000
BEEP_S = 0.1
# One low tone for the tens, one high tone for the units; 100 Hz is three times what 60 ms under a Hann window blur.
TENS_HZ = np.array([510.0, 610.0, 710.0, 810.0, 910.0, 1010.0])
UNITS_HZ = np.array([1330.0 + 130.0 * unit for unit in range(10)])
TONE_AMPLITUDE = 0.3
LOUD_RMS = 0.06  # a fifth of the beep's own 0.3; AAC leaves silence below 0.005
CLEAR = 4.0  # the chosen tone must have this many times the power of the next best of its group
ENVELOPE_S = 0.004


@dataclass(frozen=True, slots=True)
class Beep:
    """A beep that was heard: where it starts, from the first sample, and which second of the minute it names."""

    at_s: float
    second: int


@cache
def beep_wave(second: int) -> Samples:
    """The sound of one second of the minute.  Its start is the mark, so it starts at full strength."""
    t = np.arange(int(BEEP_S * RATE_HZ)) / RATE_HZ
    tens_hz, units_hz = TENS_HZ[second // 10], UNITS_HZ[second % 10]
    wave = np.cos(2 * np.pi * tens_hz * t) + np.cos(2 * np.pi * units_hz * t)
    wave *= np.minimum(1.0, (BEEP_S - t) / 0.005)
    samples: Samples = (TONE_AMPLITUDE * wave).astype(np.float32)
    return samples


def sound(utc_ns: int, length: int) -> Samples:
    """`length` samples that begin at this UTC time."""
    out = np.zeros(length, np.float32)
    first = utc_ns * RATE_HZ // 1_000_000_000  # samples since 1970
    for second in range(first // RATE_HZ, (first + length) // RATE_HZ + 1):
        wave = beep_wave(second % 60)
        start = second * RATE_HZ - first  # of the beep, in this piece; negative when it began before
        lo, hi = max(0, start), min(length, start + len(wave))
        if lo < hi:
            out[lo:hi] = wave[lo - start : hi - start]
    return out


def read_beeps(samples: NDArray[np.generic], rate: int) -> list[Beep]:
    """Find the beeps in mono samples (float, or int16).  Sound that is too short, too long or two-voiced is no beep."""
    wave = samples.astype(np.float32)
    if samples.dtype == np.int16:
        wave /= 32768
    return list(_beeps(wave, rate))


def _beeps(wave: Samples, rate: int) -> Iterator[Beep]:
    width = max(1, int(ENVELOPE_S * rate))
    if len(wave) < 2 * width:
        return
    energy = np.concatenate(([0.0], np.cumsum(wave.astype(np.float64) ** 2)))
    rms = np.sqrt(np.maximum(energy[width:] - energy[:-width], 0.0) / width)  # of wave[i : i + width]
    edges = np.flatnonzero(np.diff(np.concatenate(([False], rms > LOUD_RMS, [False])).astype(np.int8)))
    for start, end in edges.reshape(-1, 2):
        if not 0.6 * BEEP_S <= (end - start) / rate <= 1.5 * BEEP_S:
            continue
        heart = wave[start + width : start + width + int(0.6 * BEEP_S * rate)]
        tens, units = _tone(heart, rate, TENS_HZ), _tone(heart, rate, UNITS_HZ)
        if tens is None or units is None:
            continue
        # A window that lies half in the beep has half of its power, so the beep starts in that window's middle.
        plateau = float(np.median(rms[start + width : start + 8 * width]))
        half = start + int(np.argmax(rms[start : start + 8 * width] > plateau * np.sqrt(0.5)))
        yield Beep((half + width / 2) / rate, 10 * tens + units)


def _tone(heart: Samples, rate: int, group_hz: NDArray[np.float64]) -> int | None:
    turns = np.outer(group_hz, np.arange(len(heart)) / rate)
    window = np.hanning(len(heart))
    power = np.abs(np.exp(-2j * np.pi * turns) @ (heart * window)) ** 2
    best, second_best = np.sort(power)[[-1, -2]]
    return int(power.argmax()) if best > CLEAR * second_best else None
