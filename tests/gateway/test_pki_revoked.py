"""T7: a stolen board, or a copy of its card: shut out within a minute, also when it comes back, and for good."""

import asyncio
import contextlib
import shutil
import time
from pathlib import Path

import pytest
from broker_case import KINDS, PATIENCE_S, TOPICS, until
from pki_case import NOW, Board, Hall, certified, rogue

from gateway.broker.supervisor import Kind
from venue_model.ids import BoardId

pytestmark = [pytest.mark.parts, pytest.mark.parametrize("kind", KINDS)]
A1 = BoardId("a1")
LIMIT_S = 60.0  # T7; measured: 0.05 s until it is off, 1.1 s until it is off again


async def shut_out(hall: Hall, identity: Path) -> None:
    """Until the broker has read that what is in a file no longer counts."""
    async with asyncio.timeout(PATIENCE_S):
        while await is_let_in(hall, identity):
            await asyncio.sleep(0.05)


async def is_let_in(hall: Hall, identity: Path) -> bool:
    """Whether the broker takes what is in a file."""
    with contextlib.suppress(OSError):
        async with rogue(hall, identity, "a1") as knocking:
            return knocking.code == 0
    return False


def test_a_stolen_board_is_cut_off_and_stays_out(tmp_path: Path, kind: Kind) -> None:
    async def scenario() -> None:
        async with certified(tmp_path, kind) as hall, Board(hall) as stolen, Board(hall, "b1") as other:
            await stolen.settle()
            await other.settle()
            copy = stolen.copy(tmp_path / "copy")
            assert await is_let_in(hall, copy / "identity.pem"), "until somebody notices"
            await until(lambda: stolen.link.up)
            began = time.monotonic()
            assert await hall.desk.revoke(A1, "integrator", "stolen from the hall", NOW) == 1
            await until(lambda: not stolen.link.up, "the end of its connection")
            assert not await is_let_in(hall, copy / "identity.pem")
            assert not await is_let_in(hall, copy / "issued" / "identity.pem"), "its first key neither"
            assert time.monotonic() - began < LIMIT_S
            assert ("board-revoked", {"board": "a1", "by": "integrator", "reason": "stolen from the hall"}) in hall.notes
            assert hall.gone == ["a1"]
            tries, ups = stolen.sessions, len(stolen.ups)
            await until(lambda: stolen.sessions > tries + 1, "more tries")
            assert stolen.ups[ups:] == []
            assert other.ups == [True, False, True], "only its own first renewal"

    asyncio.run(scenario())


def test_what_is_shut_out_stays_out_when_the_broker_or_the_gateway_is_new(tmp_path: Path, kind: Kind) -> None:
    async def scenario() -> None:
        async with certified(tmp_path, kind) as hall, Board(hall) as stolen:
            await stolen.settle()
            copy = stolen.copy(tmp_path / "copy")
            await hall.desk.revoke(A1, "integrator", "lost", NOW)
        async with certified(tmp_path, kind) as hall:
            assert hall.desk.register.live(A1) == [], "commissioning again is an act of somebody's"
            assert not await is_let_in(hall, copy / "identity.pem")

    asyncio.run(scenario())


def test_a_board_that_is_admitted_again_needs_its_new_folder_and_the_old_copy_stays_out(tmp_path: Path, kind: Kind) -> None:
    async def scenario() -> None:
        async with certified(tmp_path, kind) as hall:
            async with Board(hall) as stolen:
                await stolen.settle()
                copy = stolen.copy(tmp_path / "copy")
                await hall.desk.revoke(A1, "integrator", "lost", NOW)
                await hall.desk.admit(A1, "integrator", NOW)
                assert not await is_let_in(hall, copy / "identity.pem")
            shutil.rmtree(stolen.disk / "issued")
            async with Board(hall) as found:  # its card was kept, its folder is the new one
                await found.settle()
                hall.link.publish(TOPICS.agent("a1", "desired"), b"welcome", retain=True)
                await until(lambda: (TOPICS.agent("a1", "desired"), b"welcome") in found.got)
                for path in (copy / "identity.pem", copy / "issued" / "identity.pem"):
                    assert not await is_let_in(hall, path)
                assert found.link.up

    asyncio.run(scenario())


def test_the_folder_on_a_stick_is_worth_nothing_once_the_board_has_been_seen(tmp_path: Path, kind: Kind) -> None:
    async def scenario() -> None:
        async with certified(tmp_path, kind) as hall, Board(hall) as board:
            stick = tmp_path / "stick"
            shutil.copytree(board.disk / "issued", stick)
            await board.settle()
            await shut_out(hall, stick / "identity.pem")
            assert not (hall.desk.folder(A1) / "identity.pem").exists(), "nor is it left on the gateway"
            await until(lambda: board.link.up)

    asyncio.run(scenario())


def test_a_key_that_was_made_on_the_board_is_nowhere_else(tmp_path: Path, kind: Kind) -> None:
    async def scenario() -> None:
        async with certified(tmp_path, kind) as hall, Board(hall) as board:
            await board.settle()
            kept = board.disk / "identity.pem"
            key = kept.read_text("ascii").partition("-----END PRIVATE KEY-----")[0].splitlines()[1]
            assert kept.stat().st_mode & 0o777 == 0o600
            places = [path for folder in ("keys", "boards", "broker") for path in (hall.folder / folder).rglob("*") if path.is_file()]
            assert len(places) > 5
            assert not [path for path in places if key.encode() in path.read_bytes()]
            assert key.encode() not in b"".join(payload for _, payload in hall.got)

    asyncio.run(scenario())
