"""Real OSDP frames between the edge's driver and libosdp readers, over a pty that is made to fail as real lines do."""

import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge.drivers import osdp_answer, osdp_watch
from edge.drivers.osdp_bus import OsdpBus
from edge.drivers.osdp_slot import ReaderSlot
from edge.drivers.protocols import CardRead, DeviceError, DeviceEvent, DeviceHealth, Reader
from simulation.hardware.osdp_reader import VirtualReader
from simulation.hardware.serial_bus import SerialBus

CARD = bytes.fromhex("deadbeef")
KEY = secrets.token_bytes(16)
ACK_BYTES = 16  # an acknowledgement has 15 bytes on the line; a card read has more


class Bench:
    """One line, its readers at addresses 1, 2 …, and everything that the driver emitted."""

    def __init__(self, folder: Path, readers: int = 1, reader_key: bytes | None = KEY, baud: int | None = None) -> None:
        self.line = SerialBus(folder / "line", baud)
        self.readers = [VirtualReader(address + 1, reader_key, serial_number=address) for address in range(readers)]
        for reader in self.readers:
            self.line.attach(reader)
        self.events: list[DeviceEvent] = []
        slots = [ReaderSlot(f"reader-{address + 1}", address + 1, KEY) for address in range(readers)]
        self.bus = OsdpBus("line", str(self.line.port), slots)

    def start(self) -> None:
        self.bus.start(self.events.append)

    def close(self) -> None:
        self.bus.stop()
        self.line.close()

    @property
    def reader(self) -> VirtualReader:
        return self.readers[0]

    def cards(self) -> list[bytes]:
        return [event.card for event in self.events if isinstance(event, CardRead)]

    def told(self, device: str = "reader-1") -> list[str]:
        return [event.code for event in self.events if isinstance(event, DeviceHealth) and event.device == device]

    def detail(self, code: str) -> str:
        return next(event.detail for event in self.events if isinstance(event, DeviceHealth) and event.code == code)

    def until(self, true: Callable[[], object], within_s: float = 8.0) -> None:
        until = time.monotonic() + within_s
        while not true():
            assert time.monotonic() < until, f"not within {within_s} s; the driver told {self.events}"
            time.sleep(0.005)

    def passes(self, card: bytes) -> None:
        """The person presents the card until the door's reader takes it, as people do."""
        until = time.monotonic() + 8
        while card not in self.cards():
            assert time.monotonic() < until, f"card never arrived; the driver told {self.events}"
            self.reader.present(card, 8 * len(card))
            time.sleep(0.2)


@pytest.fixture
def short_quarantine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(osdp_watch, "QUARANTINE_S", 0.1)


@pytest.fixture
def short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(osdp_watch, "GRACE_S", 0.5)


@pytest.fixture
def bench(tmp_path: Path, short_quarantine: None) -> Iterator[Bench]:
    """A reader that is online and whose cards count."""
    bench = Bench(tmp_path)
    bench.start()
    bench.until(lambda: "online" in bench.told())
    time.sleep(0.2)
    yield bench
    bench.close()


@pytest.mark.parts
def test_a_presented_card_arrives_with_its_bytes_bits_and_moment(bench: Bench) -> None:
    before_ns = time.monotonic_ns()
    bench.reader.present(bytes.fromhex("a1b2c340"), 26)
    bench.until(bench.cards)
    (read,) = [event for event in bench.events if isinstance(event, CardRead)]
    assert (read.device, read.card, read.bits) == ("reader-1", bytes.fromhex("a1b2c340"), 26)
    assert before_ns < read.mono_ns < time.monotonic_ns()


@pytest.mark.parts
def test_the_person_sees_and_hears_the_answer(bench: Bench) -> None:
    reader: Reader = bench.bus.reader("reader-1")
    for granted, colour, beeps in ((False, "red", 3), (True, "green", 1)):
        reader.answer(granted)
        bench.until(lambda colour=colour: bench.reader.lamp == colour, 2)  # type: ignore[misc]
        bench.until(lambda beeps=beeps: [tone.repeats for tone in bench.reader.tones][-1:] == [beeps], 2)  # type: ignore[misc]


@pytest.mark.parts
def test_a_corrupted_card_read_is_no_card_and_the_next_one_works(bench: Bench) -> None:
    bench.line.corrupt_reply(longer_than=ACK_BYTES)
    bench.reader.present(b"lost", 32)
    bench.until(lambda: "bad-frame" in bench.told() and "renewed" in bench.told(), 5)
    bench.passes(CARD)
    assert bench.cards()[0] == CARD


@pytest.mark.parts
def test_a_truncated_card_read_is_no_card_and_the_next_one_works(bench: Bench) -> None:
    bench.line.truncate_reply(longer_than=ACK_BYTES)
    bench.reader.present(b"lost", 32)
    bench.until(lambda: "bad-frame" in bench.told() and "renewed" in bench.told(), 5)
    bench.passes(CARD)
    assert bench.cards()[0] == CARD


@pytest.mark.parts
def test_a_lost_answer_costs_seconds_not_five_minutes(bench: Bench) -> None:
    bench.line.drop_reply()
    bench.until(lambda: "renewed" in bench.told(), 5)
    bench.passes(CARD)


@pytest.mark.parts
def test_a_card_shown_while_the_line_was_cut_opens_nothing_later(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    try:
        bench.start()
        bench.until(lambda: "online" in bench.told())
        bench.line.cut(1.2)
        bench.reader.present(b"gone", 32)
        bench.until(lambda: "quarantined" in bench.told(), 6)
        bench.passes(CARD)
        assert set(bench.cards()) == {CARD}
        assert bench.detail("quarantined").endswith("ask the person to present the card again")
        assert bench.reader.tones[0].repeats == 2, "the person is asked to present the card again"
    finally:
        bench.close()


@pytest.mark.parts
def test_a_pulled_adapter_kills_nothing_and_comes_back(short_grace: None, bench: Bench) -> None:
    bench.line.unplug()
    bench.until(lambda: "no-port" in bench.told("line") and "no-port" in bench.told(), 5)
    with pytest.raises(DeviceError, match="not connected"):
        bench.bus.reader("reader-1").answer(True)
    bench.line.plug()
    bench.until(lambda: bench.told()[-1] == "online" and bench.told("line")[-1] == "online", 6)
    bench.passes(CARD)


@pytest.mark.parts
def test_a_stopped_line_is_released_and_may_be_started_again(bench: Bench) -> None:
    bench.bus.stop()
    bench.bus.stop()
    with pytest.raises(DeviceError, match="not connected"):
        bench.bus.reader("reader-1").answer(True)
    bench.start()
    bench.until(lambda: bench.told() == ["online", "online"])
    bench.passes(CARD)


@pytest.mark.parts
def test_a_missing_port_is_told_and_awaited(tmp_path: Path, short_quarantine: None) -> None:
    bench = Bench(tmp_path)
    try:
        bench.line.unplug()
        bench.start()
        bench.until(lambda: bench.told("line") == ["no-port"])
        assert "check that the RS-485 adapter is plugged in" in bench.detail("no-port")
        bench.line.plug()
        bench.passes(CARD)
    finally:
        bench.close()


@pytest.mark.parts
@pytest.mark.parametrize("key", [secrets.token_bytes(16), None], ids=["another key", "fresh from the box"])
def test_a_reader_without_our_key_never_comes_online_and_says_so(tmp_path: Path, short_grace: None, key: bytes | None) -> None:
    bench = Bench(tmp_path, reader_key=key)
    try:
        bench.start()
        bench.reader.present(CARD, 32)
        bench.until(lambda: bench.told() == ["wrong-key"], 6)
        assert "correct its SCBK" in bench.detail("wrong-key")
        assert not bench.cards()
    finally:
        bench.close()


@pytest.mark.parts
def test_two_readers_with_one_address_are_told_as_such(tmp_path: Path, short_grace: None) -> None:
    bench = Bench(tmp_path)
    try:
        bench.line.attach(VirtualReader(1, KEY, serial_number=99))
        bench.start()
        bench.until(lambda: bench.told() == ["garbled"], 6)
        assert "two readers share the address" in bench.detail("garbled")
    finally:
        bench.close()


@pytest.mark.parts
def test_four_readers_share_a_real_pace_line(tmp_path: Path, short_quarantine: None) -> None:
    bench = Bench(tmp_path, readers=4, baud=9600)
    try:
        bench.start()
        bench.until(lambda: all("online" in bench.told(f"reader-{n}") for n in range(1, 5)))
        time.sleep(0.2)
        for n, reader in enumerate(bench.readers):
            reader.present(bytes([n] * 4), 32)
        bench.until(lambda: len(bench.cards()) == 4, 4)
        reads = {event.device: event.card for event in bench.events if isinstance(event, CardRead)}
        assert reads == {f"reader-{n + 1}": bytes([n] * 4) for n in range(4)}
        bench.bus.reader("reader-3").answer(True)
        bench.until(lambda: bench.readers[2].lamp == "green", 2)
        assert [reader.lamp for reader in bench.readers] == ["off", "off", "green", "off"]
    finally:
        bench.close()


@pytest.mark.parts
def test_an_opened_housing_is_told_once(bench: Bench) -> None:
    for opened in (True, True, False):
        bench.reader.tamper(opened)
    bench.until(lambda: "tamper-cleared" in bench.told(), 3)
    assert bench.told()[1:] == ["tamper", "tamper-cleared"]


@pytest.mark.parts
def test_a_failing_receiver_does_not_stop_the_reads(tmp_path: Path, short_quarantine: None) -> None:
    bench = Bench(tmp_path)
    try:

        def emit(event: DeviceEvent) -> None:
            bench.events.append(event)
            raise RuntimeError("the journal is full")

        bench.bus.start(emit)
        bench.passes(CARD)
    finally:
        bench.close()


@pytest.mark.parametrize(
    ("readers", "fault"),
    [
        ([], "0 readers"),
        ([ReaderSlot(f"r{n}", n, KEY) for n in range(5)], "5 readers"),
        ([ReaderSlot("r1", 1, KEY), ReaderSlot("r2", 1, KEY)], "address 1"),
        ([ReaderSlot("r1", 1, KEY), ReaderSlot("r1", 2, KEY)], "device id r1"),
    ],
)
def test_a_line_that_cannot_work_is_refused_at_once(readers: list[ReaderSlot], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        OsdpBus("line", "/dev/null", readers)


@pytest.mark.parametrize("key", [bytes(range(0x30, 0x40)), bytes(16), b"short"])
def test_a_public_or_malformed_key_is_refused(key: bytes) -> None:
    with pytest.raises(ValueError, match="SCBK"):
        ReaderSlot("r1", 1, key)


def test_an_address_outside_the_standard_is_refused() -> None:
    with pytest.raises(ValueError, match="address 127"):
        ReaderSlot("r1", 127, KEY)


def test_a_key_is_never_printed() -> None:
    assert KEY.hex() not in repr(ReaderSlot("r1", 1, KEY)) and str(KEY) not in repr(ReaderSlot("r1", 1, KEY))


def test_lamp_and_buzzer_codes_are_libosdps() -> None:
    from osdp import Command, CommandLEDColor

    colours = CommandLEDColor.Red, CommandLEDColor.Green, CommandLEDColor.Amber
    assert colours == (osdp_answer.RED, osdp_answer.GREEN, osdp_answer.AMBER)
    assert (Command.LED, Command.Buzzer) == (osdp_answer.LED, osdp_answer.BUZZER)
