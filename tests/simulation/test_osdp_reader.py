"""The virtual reader and its line are as real as the driver's tests need, and as bad."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge.drivers.osdp_answer import REFUSED
from simulation.hardware.osdp_reader import Tone, VirtualReader
from simulation.hardware.serial_bus import SerialBus

POLL = bytes.fromhex("ff 53 65 08 00 04 60 60 90")


class Parrot:
    """A station that repeats what follows a question mark, with an accent; a mute one only listens."""

    def __init__(self, mask: int = 0xFF, mute: bool = False) -> None:
        self.mask = mask
        self.mute = mute
        self.heard = b""

    def hear(self, data: bytes) -> bytes:
        self.heard += data
        return b"" if self.mute or not data.startswith(b"?") else bytes(byte & self.mask for byte in data[1:])

    def tick(self) -> None:
        """Nothing to do."""


@pytest.fixture
def line(tmp_path: Path) -> Iterator[SerialBus]:
    line = SerialBus(tmp_path / "line")
    yield line
    line.close()


@pytest.fixture
def port(line: SerialBus) -> Iterator[int]:
    fd = os.open(line.port, os.O_RDWR | os.O_NOCTTY)
    os.set_blocking(fd, False)
    yield fd
    os.close(fd)


def read_all(fd: int, quiet_s: float = 0.2) -> bytes:
    data, until = b"", time.monotonic() + quiet_s
    while time.monotonic() < until:
        try:
            data += os.read(fd, 4096)
        except BlockingIOError:
            time.sleep(0.005)
    return data


@pytest.mark.parts
def test_who_speaks_alone_is_understood_and_two_spoil_each_other(line: SerialBus, port: int) -> None:
    line.attach(Parrot(0xAA))
    os.write(port, b"?\xff\x0f")
    assert read_all(port) == b"\xaa\x0a"
    line.attach(Parrot(0xF0))
    os.write(port, b"?\xff\x0f")
    assert read_all(port) == b"\xa0\x00"


@pytest.mark.parts
def test_everyone_hears_what_another_station_says(line: SerialBus, port: int) -> None:
    listener = Parrot(mute=True)
    line.attach(Parrot(0x0F))
    line.attach(listener)
    os.write(port, b"?\x31")
    assert read_all(port) == b"\x01"
    assert listener.heard == b"?\x31\x01"


@pytest.mark.parts
@pytest.mark.parametrize(
    ("spoil", "arrives"),
    [
        (SerialBus.corrupt_reply, b"\x01\x02\x13\x04"),
        (SerialBus.truncate_reply, b"\x01\x02"),
        (SerialBus.drop_reply, b""),
    ],
)
def test_a_fault_meets_one_reply(line: SerialBus, port: int, spoil: Callable[[SerialBus, int], None], arrives: bytes) -> None:
    line.attach(Parrot())
    spoil(line, 2)
    for sent, received in ((b"\x01\x02", b"\x01\x02"), (b"\x01\x02\x03\x04", arrives), (b"\x01\x02\x03", b"\x01\x02\x03")):
        os.write(port, b"?" + sent)
        assert read_all(port) == received
    assert line.spoiled


@pytest.mark.parts
def test_a_cut_line_carries_nothing_and_then_all(line: SerialBus, port: int) -> None:
    parrot = Parrot()
    line.attach(parrot)
    line.cut(0.3)
    os.write(port, b"?a")
    assert read_all(port, 0.4) == b"" and parrot.heard == b""
    os.write(port, b"?b")
    assert read_all(port) == b"b"


@pytest.mark.parts
def test_a_paced_line_takes_its_time(tmp_path: Path) -> None:
    line = SerialBus(tmp_path / "slow", baud=1200)
    fd = os.open(line.port, os.O_RDWR | os.O_NOCTTY)
    try:
        os.set_blocking(fd, False)
        line.attach(Parrot())
        begun = time.monotonic()
        os.write(fd, b"?" + b"x" * 24)  # 24 bytes and more there and back at 120 bytes/s
        received = b""
        while len(received) < 24 and time.monotonic() < begun + 3:
            received += read_all(fd, 0.01)
        assert time.monotonic() - begun >= 0.4
    finally:
        os.close(fd)
        line.close()


@pytest.mark.parts
def test_a_pulled_adapter_gives_errors_and_a_new_one_has_the_same_name(line: SerialBus, port: int) -> None:
    line.unplug()
    assert not line.port.exists()
    with pytest.raises(OSError, match="Input/output"):
        for _ in range(400):  # the kernel hangs up when the line's thread has woken
            os.write(port, b"x")
            time.sleep(0.005)
    line.plug()
    line.attach(Parrot())
    fresh = os.open(line.port, os.O_RDWR | os.O_NOCTTY)
    try:
        os.set_blocking(fresh, False)
        os.write(fresh, b"?x")
        assert read_all(fresh) == b"x"
    finally:
        os.close(fresh)


def test_a_reader_answers_only_its_own_address() -> None:
    assert VirtualReader(0x64, bytes(16)).hear(POLL) == b""
    answer = VirtualReader(0x65, bytes(16)).hear(POLL)
    assert answer.lstrip(b"\xff")[:2] == bytes([0x53, 0x65 | 0x80])


def test_a_reader_without_a_session_gives_no_card_away() -> None:
    reader = VirtualReader(0x65, bytes(16))
    reader.present(b"card", 32)
    assert b"card" not in reader.hear(POLL)
    assert not reader.connected


def test_the_lamp_flashes_and_goes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    reader = VirtualReader(1, bytes(16))
    reader.obey(REFUSED.lamp)
    reader.obey(REFUSED.tone)
    seen = []
    for now in (100.1, 100.3, 100.5, 101.9, 102.1):  # noqa: B007  read by the clock above
        seen.append(reader.lamp)
    assert seen == ["red", "off", "red", "off", "off"]
    assert list(reader.tones) == [Tone(0.1, 0.1, 3)]
