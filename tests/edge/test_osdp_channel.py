"""The serial line wakes its driver for what matters, and never raises."""

import os
import time
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.drivers.osdp_channel import ReaderChannel, SerialLine
from edge.drivers.osdp_frames import Frame

POLL = bytes.fromhex("53 65 08 00 04 60 60 90")


class Notes:
    def __init__(self) -> None:
        self.seen: list[str] = []

    def asked(self) -> None:
        self.seen.append("asked")

    def heard(self, frame: Frame) -> None:
        self.seen.append(f"heard {frame.code:#x}")

    def misheard(self) -> None:
        self.seen.append("misheard")


@pytest.fixture
def pty() -> Iterator[tuple[int, SerialLine]]:
    near, far = os.openpty()
    tty.setraw(far)
    line = SerialLine(os.ttyname(far), 9600)
    line.tend(0)
    yield near, line
    line.close()
    for end in (near, far):
        os.close(end)


@pytest.mark.parts
def test_arriving_bytes_end_the_wait(pty: tuple[int, SerialLine]) -> None:
    near, line = pty
    os.write(near, b"~")
    begun = time.monotonic()
    line.wait(2.0)
    assert time.monotonic() - begun < 1.0


@pytest.mark.parts
def test_noise_that_nobody_takes_does_not_spin_the_loop(pty: tuple[int, SerialLine]) -> None:
    near, line = pty
    os.write(near, b"~")
    line.wait(0.01)
    begun = time.monotonic()
    line.wait(0.1)
    assert time.monotonic() - begun >= 0.1
    line.read(16)
    os.write(near, b"~")
    line.wait(2.0)
    assert time.monotonic() - begun < 1.0


@pytest.mark.parts
def test_an_answer_in_pieces_is_heard_once_and_half_an_answer_is_misheard(pty: tuple[int, SerialLine]) -> None:
    near, line = pty
    notes = Notes()
    channel = ReaderChannel(line, notes)
    for piece in (b"\xff" + POLL[:3], POLL[3:], POLL[:6]):
        os.write(near, piece)
        line.wait(1.0)
        channel.read(64)
    channel.write(POLL)
    assert notes.seen == ["heard 0x60", "misheard", "asked"]


@pytest.mark.parts
def test_a_late_answer_is_thrown_away_before_the_next_command(pty: tuple[int, SerialLine]) -> None:
    near, line = pty
    channel = ReaderChannel(line, Notes())
    os.write(near, POLL * 10)
    line.wait(1.0)
    channel.flush()
    assert channel.read(64) == b""


def test_a_port_that_does_not_exist_is_a_fault_in_words(tmp_path: Path) -> None:
    line = SerialLine(str(tmp_path / "none"), 9600)
    line.tend(time.monotonic_ns())
    assert not line.is_open and "No such file" in line.fault
    assert (line.read(1), line.write(b"x")) == (b"", -1)
    line.close()
