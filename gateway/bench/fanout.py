"""The floor under every scene: how long does this broker take to carry a command to each of N devices and N answers back?"""

import asyncio
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from gateway.bench.swarm import KEEPALIVE_S, SwarmOfAgents
from gateway.broker import frames
from gateway.broker.credentials import Login
from venue_model.session import client_id
from venue_model.wire import Topics

COMMAND_BYTES = 200  # as long as the desired state of one lamp
ANSWER_BYTES = 250  # as long as the report of one lamp
ROUND_S = 60.0


@dataclass(frozen=True, slots=True)
class Rooms:
    """How a scene goes out: one message of `payload_bytes` to each room.  `of` names the room of each device."""

    of: Sequence[str]
    payload_bytes: int


class FloorError(RuntimeError):
    """The broker lost or refused something: there is no figure."""


async def measure_floor(
    host: str, port: int, commander: Login, devices: Sequence[Login], topics: Topics, *, rounds: int = 9, rooms: Rooms | None = None
) -> list[float]:
    """Milliseconds from the first command to the last answer, for each round after one to warm up.

    Retained commands to each device's `desired`, or with `rooms` one to each room's `scene`, and retained answers on each device's
    `reported`, QoS 1, as the product has it, but with nothing behind them: no JSON, no database, no library.
    """

    def answer(index: int, _topic: str, payload: bytes) -> list[tuple[str, bytes]]:
        return [(answers[index], payload[:ANSWER_BYTES])]

    def hears(topics: Topics, agent: str) -> tuple[str, ...]:
        return (topics.agent(agent, "desired") if rooms is None else topics.room_scene(room_of[agent]),)

    room_of = dict(zip((login.user for login in devices), rooms.of, strict=True)) if rooms is not None else {}
    each = [topics.agent(login.user, "desired") for login in devices]
    commands = each if rooms is None else list(map(topics.room_scene, dict.fromkeys(rooms.of)))
    answers = [topics.agent(login.user, "reported") for login in devices]
    size = COMMAND_BYTES if rooms is None else rooms.payload_bytes
    async with (
        SwarmOfAgents(host, port, devices, topics, answer, filters=hears) as swarm,
        _Commander(host, port, commander, topics.agent("+", "reported")) as boss,
    ):
        took_ms = []
        for number in range(rounds + 1):
            mark = f"{time.monotonic_ns():020d}-{number}-".encode()
            took_ms.append(await boss.run_round(commands, answers, mark, mark.ljust(size, b".")))
            swarm.check()
        return took_ms[1:]


class _Commander(asyncio.Protocol):
    """One connection that sends the commands and counts the answers."""

    def __init__(self, host: str, port: int, login: Login, answers: str) -> None:
        self._address = host, port
        self._hello = frames.connect(client_id(login.user), login.user, login.password, KEEPALIVE_S)
        self._hello += frames.subscribe(1, [answers])
        self._reader = frames.FrameReader()
        self._transport: asyncio.Transport | None = None
        self._mark = b""
        self._missing: set[str] = set()
        self._done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def __aenter__(self) -> Self:
        transport, _ = await asyncio.get_running_loop().create_connection(lambda: self, *self._address)
        self._transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        transport.write(self._hello)
        async with asyncio.timeout(ROUND_S):
            await self._done
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._transport is not None:
            self._transport.write(frames.DISCONNECT_FRAME)
            self._transport.close()

    async def run_round(self, commands: Sequence[str], answers: Sequence[str], mark: bytes, payload: bytes) -> float:
        """Send all commands in one burst and wait for the answers, which begin with `mark` as the payload does."""
        assert self._transport is not None, "inside async with"
        self._mark = mark
        self._missing = set(answers)
        self._done = asyncio.get_running_loop().create_future()
        started = time.perf_counter()
        packets = (frames.publish(index % 0xFFFF + 1, topic, payload, retain=True) for index, topic in enumerate(commands))
        self._transport.write(b"".join(packets))
        try:
            async with asyncio.timeout(ROUND_S):
                await self._done
        except TimeoutError:
            raise FloorError(
                f"{len(self._missing)} of {len(answers)} answers were lost, {sorted(self._missing)[0]} for one; check the broker's limits"
            ) from None
        return (time.perf_counter() - started) * 1e3

    def data_received(self, data: bytes) -> None:
        out = bytearray()
        for kind, flags, body in self._reader.feed(data):
            if kind == frames.PUBLISH:
                topic, payload, packet_id = frames.parse_publish(flags, body)
                if packet_id is not None:
                    out += frames.puback(packet_id)
                if payload.startswith(self._mark) and self._missing:
                    self._missing.discard(topic)
                    if not self._missing:
                        self._end(None)
            elif (kind == frames.CONNACK and body[1]) or (kind == frames.SUBACK and 0x80 in body[2:]):
                self._end(FloorError("the broker refused the commander: is its password the gateway's?"))
            elif kind == frames.SUBACK:
                self._end(None)
        if out and self._transport is not None:
            self._transport.write(out)

    def connection_lost(self, _error: Exception | None) -> None:
        self._end(FloorError("the broker cut the commander off: is a gateway running with the same login?"))

    def _end(self, error: FloorError | None) -> None:
        if self._done.done():
            return
        if error is None:
            self._done.set_result(None)
        else:
            self._done.set_exception(error)
