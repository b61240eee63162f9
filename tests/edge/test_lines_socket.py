"""Lines of an I/O board over a socket, against the virtual board."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.drivers import line_wire
from edge.drivers.line_config import LineConfig
from edge.drivers.lines_socket import SocketLines
from edge.drivers.protocols import DeviceError, DeviceEvent, DeviceHealth, LineChanged
from simulation.hardware.board import VirtualBoard
from simulation.hardware.door import VirtualDoor

LINES = {
    "d1-strike": LineConfig("out"),
    "d1-contact": LineConfig("in"),
    "d1-exit": LineConfig("in", fast_assert=True),
    "fire": LineConfig("in", fast_assert=True),
}
DOOR = {"strike": "d1-strike", "contact": "d1-contact", "exit": "d1-exit"}


class Bench:
    """A board with one door, and the driver that talks to it."""

    def __init__(self, address: str, poll_s: float = 0.2) -> None:
        self.board = VirtualBoard("b1", address, fire_line="fire")
        self.door = VirtualDoor(random.Random(1), pace=0.1, fail_safe=True)
        self.board.wire(self.door, DOOR)
        self.seen: list[DeviceEvent] = []
        self._poll_s = poll_s

    async def open(self) -> None:
        await self.board.start()
        self.lines = SocketLines("b1", self.board.address, LINES, poll_s=self._poll_s, retry_s=(0.02, 0.1))
        self.lines.start(self.seen.append)

    async def close(self) -> None:
        await asyncio.to_thread(self.lines.stop)
        await self.board.stop()

    async def see(self, what: Callable[[DeviceEvent], bool]) -> DeviceEvent:
        """The first event that fits; it and all before it are then forgotten."""
        async with asyncio.timeout(10):
            while True:
                for number, event in enumerate(self.seen):
                    if what(event):
                        del self.seen[: number + 1]
                        return event
                await asyncio.sleep(0.005)

    async def health(self, ok: bool) -> DeviceHealth:
        event = await self.see(lambda e: isinstance(e, DeviceHealth) and e.ok == ok)
        assert isinstance(event, DeviceHealth)
        return event

    async def change(self, line: str, active: bool) -> None:
        await self.see(lambda e: isinstance(e, LineChanged) and (e.device, e.active) == (line, active))

    async def set(self, line: str, active: bool) -> None:
        await asyncio.to_thread(self.lines.set, line, active)


def on_bench(tmp_path: Path, act: Callable[[Bench], Awaitable[None]], address: str = "") -> None:
    async def run() -> None:
        bench = Bench(address or f"unix:{tmp_path}/b")
        await bench.open()
        try:
            await act(bench)
        finally:
            await bench.close()

    asyncio.run(run())


@pytest.mark.parametrize("address", ["", "tcp:127.0.0.1:0"])
def test_a_released_door_opens_and_falls_shut(tmp_path: Path, address: str) -> None:
    async def act(bench: Bench) -> None:
        await bench.health(True)
        await bench.set("d1-strike", True)
        async with asyncio.timeout(10):
            while not bench.door.pull(time.monotonic_ns()):
                await asyncio.sleep(0.01)
        bench.board.pump()
        await bench.change("d1-contact", True)
        assert bench.lines.read("d1-contact") is True
        await bench.set("d1-strike", False)
        await bench.change("d1-contact", False)
        bounces = [e for e in bench.seen if isinstance(e, LineChanged) and e.device == "d1-contact"]
        assert bounces == []

    on_bench(tmp_path, act, address)


def test_the_exit_bar_is_told_though_nobody_released_the_door(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        await bench.health(True)
        bench.door.push_exit(time.monotonic_ns())
        bench.board.pump()
        await bench.change("d1-exit", True)
        await bench.change("d1-contact", True)
        await bench.change("d1-exit", False)

    on_bench(tmp_path, act)


def test_a_leaf_is_told_when_it_has_settled_not_at_the_next_poll(tmp_path: Path) -> None:
    async def act() -> None:
        bench = Bench(f"unix:{tmp_path}/b", poll_s=2.0)
        await bench.open()
        try:
            await bench.health(True)
            forced_ns = time.monotonic_ns()
            bench.door.force(forced_ns)
            bench.board.pump()
            await bench.change("d1-contact", True)
            assert time.monotonic_ns() - forced_ns < 1_500_000_000
        finally:
            await bench.close()

    asyncio.run(act())


def test_when_the_wire_is_torn_the_board_secures_the_strike_and_it_stays_secured(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        await bench.health(True)
        await bench.set("d1-strike", True)
        assert bench.board.levels["d1-strike"] is True
        bench.board.cut()
        offline = await bench.health(False)
        assert "outputs are inactive" in offline.detail
        await bench.health(True)
        assert bench.board.levels["d1-strike"] is False

    on_bench(tmp_path, act)


def test_what_moved_while_the_board_was_away_is_told_on_its_return(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        await bench.health(True)
        await bench.board.stop()
        await bench.health(False)
        with pytest.raises(DeviceError, match="line d1-contact: board b1 is not connected at unix:"):
            bench.lines.read("d1-contact")
        with pytest.raises(DeviceError, match="check its power and network"):
            await bench.set("d1-strike", True)
        bench.door.force(time.monotonic_ns())
        assert bench.door.prop(True, time.monotonic_ns())
        await bench.board.start()
        online = await bench.health(True)
        assert "start 2 of the board" in online.detail
        await bench.change("d1-contact", True)

    on_bench(tmp_path, act)


def test_a_fire_is_told_and_a_board_keeps_its_locks_dropped_without_an_agent(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        await bench.health(True)
        bench.board.fire(True)
        await bench.change("fire", True)
        await asyncio.to_thread(bench.lines.stop)
        async with asyncio.timeout(10):
            while not bench.door.pull(time.monotonic_ns()):
                await asyncio.sleep(0.01)

    on_bench(tmp_path, act)


def test_an_agent_that_hangs_loses_its_outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_wire, "SILENCE_S", 0.3)

    async def run() -> None:
        board = VirtualBoard("b1", f"unix:{tmp_path}/b")
        board.add_lamp("d1-strike")
        await board.start()
        reader, writer = await asyncio.open_unix_connection(f"{tmp_path}/b")
        hello = line_wire.Hello("b1", 1)
        writer.write(line_wire.encode(hello) + line_wire.encode(line_wire.Set("d1-strike", True, 1)))
        assert isinstance(line_wire.decode(await reader.readline()), line_wire.Hello)
        assert line_wire.decode(await reader.readline()) == line_wire.Set("d1-strike", True, 1)
        assert await asyncio.wait_for(reader.read(), 10) == b""
        assert board.levels["d1-strike"] is False
        writer.close()
        await board.stop()

    asyncio.run(run())


def test_a_board_that_hangs_is_told_within_its_silence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_wire, "SILENCE_S", 0.3)

    async def run() -> None:
        async def greet_and_hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readline()
            writer.write(line_wire.encode(line_wire.Hello("b1", 1, dict.fromkeys(LINES, False))))
            await reader.read()
            writer.close()

        server = await asyncio.start_unix_server(greet_and_hang, f"{tmp_path}/b")
        bench = Bench(f"unix:{tmp_path}/b")
        bench.lines = SocketLines("b1", f"unix:{tmp_path}/b", LINES, poll_s=0.1, answer_s=0.1, retry_s=(5, 5))
        bench.lines.start(bench.seen.append)
        await bench.health(True)
        with pytest.raises(DeviceError, match=r"did not answer within 0.1 s|went away|not connected"):
            await bench.set("d1-strike", True)
        assert "silent for" in (await bench.health(False)).detail
        await asyncio.to_thread(bench.lines.stop)
        server.close()
        await server.wait_closed()

    asyncio.run(run())


def test_an_output_can_be_set_from_within_emit(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        await bench.health(True)

        await asyncio.to_thread(bench.lines.stop)
        bench.seen.clear()

        def emit(event: DeviceEvent) -> None:
            if isinstance(event, LineChanged) and event.device == "fire":
                bench.lines.set("d1-strike", event.active)
            bench.seen.append(event)

        bench.lines.start(emit)
        await bench.health(True)
        bench.board.fire(True)
        async with asyncio.timeout(10):
            while not bench.board.levels["d1-strike"]:
                await asyncio.sleep(0.005)
        await bench.change("fire", True)  # `set` did not raise

    on_bench(tmp_path, act)


@pytest.mark.parametrize(
    ("board", "missing", "complaint"),
    [("b2", "", "calls itself b2, not b1"), ("b1", "fire", "has no line fire")],
)
def test_a_wrong_board_at_the_address_is_named(tmp_path: Path, board: str, missing: str, complaint: str) -> None:
    async def act() -> None:
        bench = Bench(f"unix:{tmp_path}/b")
        bench.board.name = board
        bench.board.levels.pop(missing, None)
        await bench.open()
        try:
            assert complaint in (await bench.health(False)).detail
        finally:
            await bench.close()

    asyncio.run(act())


def test_an_output_that_the_board_refuses_is_a_device_error(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        await bench.health(True)
        bench.board._outputs.clear()
        with pytest.raises(DeviceError, match="refused: no output d1-strike"):
            await bench.set("d1-strike", True)

    on_bench(tmp_path, act)


def test_an_address_that_is_none_is_refused_with_the_two_that_are() -> None:
    with pytest.raises(ValueError, match=r"write unix:/path/to.sock or tcp:host:port"):
        SocketLines("b1", "192.168.7.20", LINES)


MESSAGES = st.one_of(
    st.builds(line_wire.Hello, st.text(), st.integers(), st.dictionaries(st.text(), st.booleans())),
    st.builds(line_wire.Set, st.text(), st.booleans(), st.integers()),
    st.builds(line_wire.Level, st.dictionaries(st.text(), st.booleans())),
    st.builds(line_wire.Changed, st.text(), st.booleans()),
    st.builds(line_wire.Refused, st.text(), st.integers()),
)


@given(MESSAGES)
def test_every_message_survives_the_wire(message: line_wire.Message) -> None:
    line = line_wire.encode(message)
    assert line.count(b"\n") == 1
    assert line_wire.decode(line) == message


@given(st.one_of(st.binary(), st.sampled_from([b'{"type":"set"}', b'{"type":"set","line":3}', b"[]", b"[" * 99_999])))
def test_no_line_from_a_board_breaks_the_reader(line: bytes) -> None:
    with pytest.raises(ValueError):
        line_wire.decode(line)


@given(st.binary(max_size=200), st.integers(1, 50))
def test_lines_are_cut_the_same_however_they_arrive(data: bytes, size: int) -> None:
    splitter = line_wire.LineSplitter()
    lines = [line for at in range(0, len(data), size) for line in splitter.feed(data[at : at + size])]
    assert lines == line_wire.LineSplitter().feed(data)


def test_a_stream_without_line_ends_is_given_up() -> None:
    with pytest.raises(ValueError, match="is something else listening there"):
        line_wire.LineSplitter().feed(b"x" * 20_000)
