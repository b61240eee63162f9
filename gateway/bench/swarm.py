"""Many simulated agents in one thread, one connection each, in raw MQTT: they must cost less than what they measure."""

import asyncio
import select
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Self

from gateway.broker import frames
from gateway.broker.credentials import Login
from venue_model.session import agent_reads, client_id
from venue_model.wire import Topics

Answers = list[tuple[str, bytes]]
OnCommand = Callable[[int, str, bytes], Answers]

KEEPALIVE_S = 60
CONNECT_S = 60.0
READ_BYTES = 65_536
BURST = 64  # new connections between two looks at the answers; Mosquitto lets 100 wait


class SwarmError(RuntimeError):
    """The simulated agents cannot connect, or one was cut off."""


@dataclass(slots=True)
class _Agent:
    index: int
    user: str
    sock: socket.socket
    reader: frames.FrameReader = field(default_factory=frames.FrameReader)
    unsent: bytearray = field(default_factory=bytearray)
    packet_id: int = 0
    subscribed: bool = False


class SwarmOfAgents:
    """Agents that answer each message by what `on_command(index, topic, payload)` returns: topics and payloads to publish.

    `index` counts in `logins`.  Answers go out at QoS 1, retained as `reported` is.  Use as `async with`: inside, all are
    connected and subscribed.  Linux only (epoll inside the loop's own).
    """

    def __init__(
        self,
        host: str,
        port: int,
        logins: Sequence[Login],
        topics: Topics,
        on_command: OnCommand,
        *,
        filters: Callable[[Topics, str], Sequence[str]] = agent_reads,
        retain_answers: bool = True,
    ) -> None:
        self._address = host, port
        self._logins = logins
        self._topics = topics
        self._on_command = on_command
        self._filters = filters
        self._retain = retain_answers
        self._agents: dict[int, _Agent] = {}  # by file descriptor
        self._missing = len(logins)  # agents whose subscriptions the broker has not granted yet
        self._loop = asyncio.get_running_loop()
        self._ready: asyncio.Future[None] = self._loop.create_future()
        self._failed: SwarmError | None = None
        self._poll = select.epoll()
        self._ping: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        self._loop.add_reader(self._poll.fileno(), self._on_ready)
        self._ping = self._loop.call_later(KEEPALIVE_S / 2, self._send_pings)
        try:
            async with asyncio.timeout(CONNECT_S):
                for index, login in enumerate(self._logins):
                    self._add(index, login)
                    if index % BURST == BURST - 1:
                        await asyncio.sleep(0.001)
                if self._logins:
                    await self._ready
        except TimeoutError:
            await self.__aexit__()
            raise SwarmError(f"{self._missing} of {len(self._logins)} agents got no subscription in {CONNECT_S:.0f} s") from None
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._ping is not None:
            self._ping.cancel()
        self._loop.remove_reader(self._poll.fileno())
        self._poll.close()
        for agent in self._agents.values():
            agent.sock.close()
        self._agents.clear()

    def check(self) -> None:
        """Raise SwarmError when an agent was cut off since the start: figures taken without it would mislead."""
        if self._failed is not None:
            raise self._failed

    def publish(self, index: int, topic: str, payload: bytes, *, retain: bool = True) -> None:
        """Send something of its own accord for agent `index`, such as its birth."""
        agent = next(agent for agent in self._agents.values() if agent.index == index)
        self._send(agent, self._frame(agent, topic, payload, retain))

    def _add(self, index: int, login: Login) -> None:
        sock = socket.create_connection(self._address, 10.0)
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        agent = self._agents[sock.fileno()] = _Agent(index, login.user, sock)
        self._poll.register(sock.fileno(), select.EPOLLIN)
        hello = frames.connect(client_id(login.user), login.user, login.password, KEEPALIVE_S)
        self._send(agent, hello + frames.subscribe(1, self._filters(self._topics, login.user)))

    def _on_ready(self) -> None:
        for fd, events in self._poll.poll(0):
            agent = self._agents.get(fd)
            if agent is None:
                continue
            if events & select.EPOLLOUT:
                self._send(agent, b"")
            if events & ~select.EPOLLOUT:
                self._read(agent)

    def _read(self, agent: _Agent) -> None:
        try:
            data = agent.sock.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._fail(agent, "was cut off by the broker")
            return
        out = bytearray()
        for kind, flags, body in agent.reader.feed(data):
            if kind == frames.PUBLISH:
                topic, payload, packet_id = frames.parse_publish(flags, body)
                if packet_id is not None:
                    out += frames.puback(packet_id)
                for answer_topic, answer in self._on_command(agent.index, topic, payload):
                    out += self._frame(agent, answer_topic, answer, self._retain)
            elif kind == frames.CONNACK and body[1]:
                self._fail(agent, f"was refused (code {body[1]}): is it admitted?")
                return
            elif kind == frames.SUBACK:
                self._count_subscribed(agent, body)
        if out:
            self._send(agent, out)

    def _frame(self, agent: _Agent, topic: str, payload: bytes, retain: bool) -> bytes:
        agent.packet_id = agent.packet_id % 0xFFFF + 1
        return frames.publish(agent.packet_id, topic, payload, retain=retain)

    def _count_subscribed(self, agent: _Agent, body: bytes) -> None:
        if 0x80 in body[2:]:
            self._fail(agent, "was refused a subscription")
        elif not agent.subscribed:
            agent.subscribed = True
            self._missing -= 1
            if not self._missing and not self._ready.done():
                self._ready.set_result(None)

    def _send(self, agent: _Agent, data: bytes | bytearray) -> None:
        was_blocked = bool(agent.unsent)
        agent.unsent += data
        try:
            del agent.unsent[: agent.sock.send(agent.unsent)]
        except BlockingIOError:
            pass  # all of it waits for EPOLLOUT
        except OSError:
            agent.unsent.clear()  # the reader sees the same end and tells
        if bool(agent.unsent) != was_blocked:
            self._poll.modify(agent.sock.fileno(), select.EPOLLIN | (select.EPOLLOUT if agent.unsent else 0))

    def _send_pings(self) -> None:
        self._ping = self._loop.call_later(KEEPALIVE_S / 2, self._send_pings)
        for agent in self._agents.values():
            self._send(agent, frames.PINGREQ_FRAME)

    def _fail(self, agent: _Agent, what: str) -> None:
        self._failed = self._failed or SwarmError(f"simulated agent {agent.user} {what}")
        del self._agents[agent.sock.fileno()]
        self._poll.unregister(agent.sock.fileno())
        agent.sock.close()
        if not self._ready.done():
            self._ready.set_exception(self._failed)
