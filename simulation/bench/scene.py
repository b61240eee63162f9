"""One hall, one real gateway, one real broker, N simulated agents: scenes pressed through the API until the last device has answered."""

import asyncio
import json
import os
import secrets
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any, cast

import httpx
import websockets

from gateway.bench.fanout import Rooms, measure_floor
from gateway.bench.swarm import SwarmOfAgents
from gateway.broker.credentials import GATEWAY, Credentials, Login
from gateway.broker.supervisor import Broker, Kind
from simulation.bench import hall
from simulation.bench.agents import Answers
from simulation.platform.process import PlatformProcess
from simulation.stage.processes import Child, StageError
from venue_model.ids import BoardId, VenueId
from venue_model.session import agent_reads
from venue_model.wire import Topics

TOPICS = Topics(VenueId("bench"))
PRESSES = ("suspend", "opening")  # may follow each other for ever; every device of the hall changes with each
READY_S = 120.0  # a thousand agents on two cores
RUN_S = 60.0
DEAD_ROUNDS = 2  # each lasts until the scene's deadline


@dataclass(frozen=True, slots=True)
class Sample:
    """One press.  `ack_ms`: request to the last device's own acknowledgement; `page_ms`: until an open page was told the result;
    `documents_ms`: until every agent that speaks has the document, which is the retained truth behind the broadcast."""

    ack_ms: float
    page_ms: float
    documents_ms: float
    result: str
    failed: tuple[str, ...]
    again: int  # devices that had to be asked more than once


@dataclass(frozen=True, slots=True)
class Measured:
    """What `n` devices gave."""

    n: int
    samples: tuple[Sample, ...]
    floor_ms: tuple[float, ...]  # the same fan-out by the broker alone: one broadcast a room …
    single_ms: tuple[float, ...]  # … and one message a device
    dead: tuple[str, ...]  # devices whose agents fell silent after that …
    dead_samples: tuple[Sample, ...]  # … and the presses without them
    cpu_ms_a_device: float
    rss_mb: float
    kind: str


async def measure(n: int, rounds: int, broker: str, dead_percent: float) -> Measured:
    """Press `rounds` scenes on a hall of `n` devices, then take the floor on the very same broker.

    Then `dead_percent` of the agents fall silent, and a few more scenes are pressed.
    Raises StageError, SwarmError, FloorError and BrokerError when there can be no figure.
    """
    boards = [BoardId(name) for name in hall.board_names(n)]
    dead = _dead(n, dead_percent)
    with tempfile.TemporaryDirectory(prefix="bidhall-bench-") as place:
        folder = Path(place)
        async with _gateway(folder, n, broker) as (gateway, platform):
            credentials = Credentials(folder / "gateway" / "broker-logins.json")
            logins = [credentials.login(board) for board in boards]
            answers = Answers(TOPICS, boards)
            async with _swarm(gateway, logins, answers) as swarm, _Staff.at(gateway) as staff:
                for index in range(n):
                    for topic, payload in answers.birth(index):
                        swarm.publish(index, topic, payload)
                await staff.until(f"{n} agents", lambda state: all(b["online"] for b in state["boards"].values()))
                await asyncio.to_thread(platform.put_lot, hall.lot())
                await staff.until("the lot", lambda state: hall.LOT in state["lots"])
                for scene in ("opening_preparation", "check_in", "opening", *PRESSES):
                    await staff.press(scene, answers.all_have_documents_of)
                cpu_s = _cpu_s(gateway.pid)
                samples = [await staff.press(scene, answers.all_have_documents_of) for scene in islice(cycle(PRESSES), rounds)]
                cpu_s = _cpu_s(gateway.pid) - cpu_s
                rss_mb = _rss_mb(gateway.pid)
                answers.silence(dead)
                without = islice(cycle(PRESSES), rounds, rounds + DEAD_ROUNDS) if dead else ()
                dead_samples = [await staff.press(scene, answers.all_have_documents_of) for scene in without]
                swarm.check()
            gateway.kill()  # its broker lives on, and is now measured alone
            rooms = Rooms([hall.room_of(index) for index in range(n)], answers.broadcast_bytes)
            floor, single = await _floors(folder, gateway, credentials, boards, rounds, rooms)
    devices = tuple(sorted(hall.sign_of(boards[index]) for index in dead))
    return Measured(
        n, tuple(samples), tuple(floor), tuple(single), devices, tuple(dead_samples), cpu_s * 1e3 / (rounds * n), rss_mb,
        str(gateway.ready["kind"]),
    )  # fmt: skip


def _swarm(gateway: Child, logins: list[Login], answers: Answers) -> SwarmOfAgents:
    host, port = gateway.ready["broker"]
    room = {login.user: hall.room_of(index) for index, login in enumerate(logins)}
    return SwarmOfAgents(host, port, logins, TOPICS, answers.answer, filters=lambda topics, user: agent_reads(topics, user, [room[user]]))


def _dead(n: int, percent: float) -> tuple[int, ...]:
    """Evenly spread agents, never the one with the door."""
    count = round(n * percent / 100)
    return tuple(sorted({1 + index * (n - 1) // count for index in range(count)})) if count else ()


@asynccontextmanager
async def _gateway(folder: Path, n: int, broker: str) -> AsyncIterator[tuple[Child, PlatformProcess]]:
    """A gateway and a stand-in platform in `folder`.  The broker that the gateway starts is ended too, also when the gateway was killed."""
    token, password = secrets.token_hex(16), secrets.token_hex(8)
    (folder / "venue.toml").write_text(hall.hall_text(n), "utf-8")
    platform = PlatformProcess(folder / "platform", token)
    config = folder / "gateway.toml"
    arguments = ["-m", "bidhall", "gateway", "--config", str(config), "--account", f"staff:staff:{password}"]
    child = Child("gateway", arguments, folder / "gateway.log")
    try:
        await asyncio.to_thread(platform.start)
        config.write_text(
            f'venue = "venue.toml"\ndata = "gateway"\nport = 0\n[broker]\nkind = "{broker}"\n'
            f'[platform]\nurl = "{platform.url}"\ntoken = "{token}"\npull_s = 0.5\n', "utf-8",
        )  # fmt: skip
        await asyncio.to_thread(child.start)
        child.ready["password"] = password
        yield child, platform
    finally:
        await asyncio.to_thread(child.stop)
        await asyncio.to_thread(platform.close)
        await _end_broker(folder, child)


def _broker(folder: Path, child: Child, credentials: Credentials) -> Broker:
    host, _ = child.ready["broker"]
    return Broker(folder / "gateway" / "broker", TOPICS, credentials, host=host, kind=cast(Kind, child.ready["kind"]))


async def _floors(
    folder: Path, child: Child, credentials: Credentials, boards: list[BoardId], rounds: int, rooms: Rooms
) -> tuple[list[float], list[float]]:
    broker = _broker(folder, child, credentials)
    await broker.start()  # adopts the gateway's
    try:
        logins = [credentials.login(board) for board in boards]
        where, rounds = (broker.host, broker.port, credentials.login(GATEWAY), logins, TOPICS), max(rounds, 5)
        return await measure_floor(*where, rounds=rounds, rooms=rooms), await measure_floor(*where, rounds=rounds)
    finally:
        await broker.close()


async def _end_broker(folder: Path, child: Child) -> None:
    """End a broker that outlived its gateway.  It is known by its pid file; where that is gone, so is the broker."""
    if child.ready and (folder / "gateway" / "broker" / "broker.json").exists():
        broker = _broker(folder, child, Credentials(folder / "gateway" / "broker-logins.json"))
        await broker.start()
        await broker.close()


class _Staff:
    """Somebody with the page open: presses through the API, watches the live feed."""

    def __init__(self, web: httpx.AsyncClient, page: websockets.ClientConnection, log: Path) -> None:
        self._web = web
        self._page = page
        self._log = log

    @classmethod
    @asynccontextmanager
    async def at(cls, gateway: Child) -> "AsyncIterator[_Staff]":
        """Sign in and open the page."""
        url = str(gateway.ready["url"])
        async with httpx.AsyncClient(base_url=url, timeout=RUN_S, trust_env=False) as web:
            (await web.post("/api/v1/session", json={"account": "staff", "password": gateway.ready["password"]})).raise_for_status()
            cookie = "; ".join(f"{name}={value}" for name, value in web.cookies.items())
            live = url.replace("http", "ws", 1) + "/api/v1/live"
            async with websockets.connect(live, additional_headers={"Cookie": cookie}, max_size=None, proxy=None) as page:
                yield cls(web, page, gateway.log)

    async def until(self, what: str, holds: Any) -> None:
        """Wait until the state is as wanted.  StageError when it is not in time."""
        deadline = time.monotonic() + READY_S
        while not holds((await self._web.get("/api/v1/state")).raise_for_status().json()):
            if time.monotonic() > deadline:
                raise StageError(f"gateway: still without {what} after {READY_S:.0f} s; see {self._log}")
            await asyncio.sleep(0.2)

    async def press(self, scene: str, documents_of: Callable[[str], bool]) -> Sample:
        """Press a scene, watch the page until it has its result, and wait until all documents have arrived."""
        began = time.time_ns()
        answer = await self._web.post(f"/api/v1/lots/{hall.LOT}/scenes", json={"scene": scene})
        if answer.status_code != 202:
            raise StageError(f"gateway: {scene} was refused: {answer.text}")
        run = str(answer.json()["id"])
        async with asyncio.timeout(RUN_S):
            while not _tells_result(await self._page.recv(), run):
                pass
        page_ms = (time.time_ns() - began) / 1e6
        async with asyncio.timeout(RUN_S):
            while not documents_of(run):
                await asyncio.sleep(0.02)
        documents_ms = (time.time_ns() - began) / 1e6
        told = (await self._web.get(f"/api/v1/runs/{run}")).raise_for_status().json()
        failed = tuple(sorted(m["id"] for m in told["members"] if m["code"] != 200))
        again = sum(1 for m in told["members"] if m["attempts"] > 1)
        return Sample((told["ended_utc_ns"] - began) / 1e6, page_ms, documents_ms, str(told["result"]), failed, again)


def _tells_result(text: str | bytes, run: str) -> bool:
    """True when a message of the live feed holds the result of a run.  Most do not, and need not be parsed to know."""
    if '"result":"' not in str(text):
        return False
    lot = json.loads(text).get("lots", {}).get(hall.LOT)
    return bool(lot and lot["run"] and lot["run"]["id"] == run and lot["run"]["result"])


def _cpu_s(pid: int) -> float:
    """Processor seconds that a process has used, in itself and in the kernel for it (proc(5), fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _rss_mb(pid: int) -> float:
    """Resident memory of a process."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024
