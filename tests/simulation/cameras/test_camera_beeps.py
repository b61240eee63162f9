"""The sound: sixty different beeps, each starting on its second, also after AAC."""

from fractions import Fraction

import av
import numpy as np
import pytest

from simulation.hardware.cameras.beeps import RATE_HZ, beep_wave, read_beeps, sound
from simulation.hardware.cameras.encoding import AAC_FRAME, AudioEncoder

S = 1_000_000_000
MINUTE_NS = 1_795_310_460 * S  # a full minute


def test_a_minute_of_beeps_is_read_back_after_aac() -> None:
    encoder = AudioEncoder()
    decoder = av.CodecContext.create("aac", "r")
    decoder.extradata, decoder.sample_rate = encoder.config, RATE_HZ
    heard = np.zeros(61 * RATE_HZ, np.float32)
    first = -RATE_HZ // 2  # half a second before the minute
    for n in range(60 * RATE_HZ // AAC_FRAME):
        begins = first + n * AAC_FRAME
        for at, access_unit in encoder.encode(sound(MINUTE_NS + begins * S // RATE_HZ, AAC_FRAME), begins):
            packet = av.Packet(access_unit)
            packet.pts, packet.time_base = at, Fraction(1, RATE_HZ)
            for frame in decoder.decode(packet):
                if frame.pts >= first:
                    heard[frame.pts - first :][: frame.samples] = frame.to_ndarray()[0]
    beeps = read_beeps(heard, RATE_HZ)
    assert [beep.second for beep in beeps] == list(range(len(beeps)))
    assert len(beeps) >= 59
    late_s = [beep.at_s - 0.5 - beep.second for beep in beeps]
    assert max(map(abs, late_s)) < 0.005


def test_a_beep_cut_into_pieces_is_the_same_beep() -> None:
    whole = sound(MINUTE_NS - S // 2, 2 * RATE_HZ)
    pieces = [sound(MINUTE_NS - S // 2 + n * 100 * S // RATE_HZ, 100) for n in range(2 * RATE_HZ // 100)]
    assert np.array_equal(whole, np.concatenate(pieces))


@pytest.mark.parametrize(
    "noise",
    [
        np.zeros(RATE_HZ, np.float32),
        beep_wave(7)[:400],  # torn off
        np.tile(beep_wave(7), 3),  # too long
        np.pad(beep_wave(7) + beep_wave(8), 1000),  # two at once
    ],
    ids=["silence", "torn", "too long", "two at once"],
)
def test_what_is_no_beep_is_not_read_as_one(noise: np.ndarray) -> None:
    assert read_beeps(noise, RATE_HZ) == []
    assert [beep.second for beep in read_beeps(np.pad(beep_wave(7), 1000), RATE_HZ)] == [7]
