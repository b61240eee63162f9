"""The board and the rack: what people do to virtual hardware, by command."""

import asyncio
import base64
import random
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from edge.drivers import line_wire
from simulation.hardware.board import VirtualBoard
from simulation.hardware.door import VirtualDoor
from simulation.hardware.led_sign import VirtualSign
from simulation.hardware.locker import VirtualLocker
from simulation.hardware.rack import HardwareRack


class Caller:
    """An agent's side of a board's socket, line by line."""

    def __init__(self, path: str) -> None:
        self.path = path

    async def __aenter__(self) -> "Caller":
        self.reader, self.writer = await asyncio.open_unix_connection(self.path)
        self.writer.write(line_wire.encode(line_wire.Hello("b1", 1)))
        self.hello = await self.next()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.writer.close()

    async def next(self) -> line_wire.Message:
        return line_wire.decode(await asyncio.wait_for(self.reader.readline(), 10))

    async def set(self, line: str, active: bool, seq: int = 1) -> line_wire.Message:
        self.writer.write(line_wire.encode(line_wire.Set(line, active, seq)))
        return await self.next()


def in_rack(tmp_path: Path, act: Callable[[HardwareRack, VirtualBoard], Awaitable[None]]) -> None:
    async def run() -> None:
        board = VirtualBoard("b1", f"unix:{tmp_path}/b", fire_line="fire")
        door, locker = VirtualDoor(random.Random(1), pace=0.1, fail_safe=True), VirtualLocker(random.Random(2), pace=0.1)
        board.wire(door, {"strike": "d1-strike", "contact": "d1-contact", "exit": "d1-exit"})
        board.wire(locker, {"lock": "l1-lock", "contact": "l1-contact", "phone": "l1-phone"})
        rack = HardwareRack()
        rack.add("board", "b1", board)
        rack.add("door", "d1", door)
        rack.add("locker", "l1", locker)
        rack.add("sign", "s1", VirtualSign("s1"))
        await rack.start()
        try:
            await act(rack, board)
        finally:
            await rack.stop()

    asyncio.run(run())


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


def test_a_board_greets_with_its_name_start_and_levels(tmp_path: Path) -> None:
    async def act(rack: HardwareRack, board: VirtualBoard) -> None:
        async with Caller(f"{tmp_path}/b") as agent:
            assert agent.hello == line_wire.Hello("b1", 1, dict.fromkeys(board.levels, False))

    in_rack(tmp_path, act)


def test_every_edge_of_a_bounce_reaches_the_agent(tmp_path: Path) -> None:
    async def act(rack: HardwareRack, board: VirtualBoard) -> None:
        async with Caller(f"{tmp_path}/b") as agent:
            assert (await rack.do({"do": "force", "door": "d1"}))["ok"]
            levels = [await agent.next() for _ in range(3)]
            assert levels == [line_wire.Changed("d1-contact", level) for level in (True, False, True)]

    in_rack(tmp_path, act)


def test_the_newest_connection_owns_the_board(tmp_path: Path) -> None:
    async def act(rack: HardwareRack, board: VirtualBoard) -> None:
        async with Caller(f"{tmp_path}/b") as old:
            assert await old.set("d1-strike", True) == line_wire.Set("d1-strike", True, 1)
            async with Caller(f"{tmp_path}/b") as new:
                assert isinstance(new.hello, line_wire.Hello)
                assert await old.reader.read() == b""
                assert board.levels["d1-strike"] is False
                assert await new.set("d1-strike", True) == line_wire.Set("d1-strike", True, 1)

    in_rack(tmp_path, act)


def test_garbage_ends_a_connection_and_secures_the_outputs(tmp_path: Path) -> None:
    async def act(rack: HardwareRack, board: VirtualBoard) -> None:
        async with Caller(f"{tmp_path}/b") as agent:
            await agent.set("d1-strike", True)
            agent.writer.write(b"\x00\xff\n")
            assert await agent.reader.read() == b""
        await until(lambda: not board.connected)
        assert board.levels["d1-strike"] is False

    in_rack(tmp_path, act)


def test_people_pull_push_force_and_prop_by_command(tmp_path: Path) -> None:
    async def act(rack: HardwareRack, board: VirtualBoard) -> None:
        assert await rack.do({"do": "pull", "door": "d1"}) == {"ok": False, "error": "it stays shut"}
        assert await rack.do({"do": "prop", "door": "d1"}) == {"ok": False, "error": "no leaf stands open"}
        assert await rack.do({"do": "push_exit", "door": "d1"}) == {"ok": True}
        assert await rack.do({"do": "prop", "door": "d1"}) == {"ok": True}
        await until(lambda: board.levels["d1-contact"])
        assert (await rack.do({"do": "state"}))["things"]["door"]["d1"]["propped"] is True
        await rack.do({"do": "prop", "door": "d1", "on": False})
        await until(lambda: not rack.things["door"]["d1"].is_open)

    in_rack(tmp_path, act)


def test_a_phone_goes_into_a_released_locker_by_command(tmp_path: Path) -> None:
    async def act(rack: HardwareRack, board: VirtualBoard) -> None:
        assert (await rack.do({"do": "locker_put", "locker": "l1"}))["error"] == "it is shut, or taken"
        async with Caller(f"{tmp_path}/b") as agent:
            await agent.set("l1-lock", True)
            await until(lambda: board.levels["l1-contact"])
            assert await rack.do({"do": "locker_put", "locker": "l1"}) == {"ok": True}
            assert board.levels["l1-phone"] is True
        await until(lambda: not board.levels["l1-contact"])

    in_rack(tmp_path, act)


def test_fire_drops_the_locks_with_no_agent_there(tmp_path: Path) -> None:
    async def act(rack: HardwareRack, board: VirtualBoard) -> None:
        assert await rack.do({"do": "fire", "on": True}) == {"ok": True}
        assert board.levels["fire"] is True
        door = rack.things["door"]["d1"]
        await until(lambda: door.pull(time.monotonic_ns()))
        await rack.do({"do": "fire", "on": False, "board": "b1"})
        assert board.levels["fire"] is False

    in_rack(tmp_path, act)


def test_a_sign_is_photographed_by_command(tmp_path: Path) -> None:
    async def act(rack: HardwareRack, board: VirtualBoard) -> None:
        answer = await rack.do({"do": "sign_picture", "sign": "s1"})
        assert base64.b64decode(answer["png"]).startswith(b"\x89PNG")

    in_rack(tmp_path, act)


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        ({"do": "pull", "door": "d9"}, "door 'd9' is not in the rack; there are d1"),
        ({"do": "pull"}, 'pull: say which door: "door": id'),
        ({"do": "pull", "door": ["d1"]}, "door ['d1'] is not in the rack"),
        ({"do": "fire", "board": "b9"}, "board 'b9' is not in the rack; there are b1"),
        ({"do": "kick"}, "do: 'kick' is not known; known are fire, force"),
        ({}, "do: None is not known"),
    ],
)
def test_a_command_that_cannot_be_done_says_what_can(
    tmp_path: Path, command: dict[str, object], complaint: str
) -> None:
    async def act(rack: HardwareRack, board: VirtualBoard) -> None:
        answer = await rack.do(command)
        assert answer["ok"] is False and complaint in answer["error"]

    in_rack(tmp_path, act)


def test_a_new_kind_of_thing_brings_its_own_verb(tmp_path: Path) -> None:
    async def act(rack: HardwareRack, board: VirtualBoard) -> None:
        cards: list[str] = []
        rack.add("reader", "r1", cards)

        async def badge(reader: list[str], command: dict[str, str]) -> None:
            reader.append(command["card"])

        rack.teach("badge", "reader", badge)
        assert await rack.do({"do": "badge", "reader": "r1", "card": "C0FFEE"}) == {"ok": True}
        assert cards == ["C0FFEE"]
        with pytest.raises(ValueError, match="reader r1 is already there"):
            rack.add("reader", "r1", cards)

    in_rack(tmp_path, act)


def test_a_wiring_mistake_is_named() -> None:
    board = VirtualBoard("b1", "unix:/nowhere", fire_line="fire")
    door = VirtualDoor(random.Random(1))
    with pytest.raises(ValueError, match="board b1: no terminal lock on that fixture"):
        board.wire(door, {"lock": "x"})
    with pytest.raises(ValueError, match="board b1: line fire is already wired"):
        board.wire(door, {"contact": "fire"})
