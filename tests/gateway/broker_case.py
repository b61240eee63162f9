"""Brokers, links and bare MQTT clients for the broker tests."""

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from edge.shell.mqtt import AgentLink
from gateway.broker import frames
from gateway.broker.credentials import GATEWAY, Credentials
from gateway.broker.supervisor import Broker, Kind
from gateway.shell.mqtt import GatewayLink
from gateway.shell.mqtt_socket import BatchingClient
from venue_model.ids import BoardId, VenueId
from venue_model.wire import Topics

TOPICS = Topics(VenueId("hall"))
KINDS: tuple[Kind, ...] = ("mosquitto", "nats")
PATIENCE_S = 30.0


async def until(condition: Callable[[], object], what: str = "") -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"never came: {what or condition}"
        await asyncio.sleep(0.01)


@asynccontextmanager
async def running(
    folder: Path, kind: Kind, agents: Sequence[str] = ("a1", "b1"), port: int | None = None
) -> AsyncIterator[tuple[Broker, Credentials]]:
    credentials = Credentials(folder / "passwords.json")
    credentials.admit(agents)
    broker = Broker(folder / "broker", TOPICS, credentials, kind=kind, port=port)
    await broker.start()
    try:
        yield broker, credentials
    finally:
        await broker.close()


class Bare:
    """A client without manners: any name, any password, any certificate, any topic."""

    def __init__(
        self, port: int, user: str, password: str, client_id: str | None = None, *, tls: ssl.SSLContext | None = None
    ) -> None:
        self._port = port
        self._tls = tls
        self._hello = frames.connect(client_id or user, user, password)
        self.code: int | None = None
        self.got: list[tuple[str, bytes]] = []
        self.cut = False
        self._acks: asyncio.Queue[bytes] = asyncio.Queue()
        self._packet_id = 0

    async def __aenter__(self) -> Self:
        reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port, ssl=self._tls)
        self._writer.write(self._hello)
        self._task = asyncio.create_task(self._read(reader))
        await until(lambda: self.code is not None or self.cut, "an answer to CONNECT")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()
        await asyncio.gather(self._task, return_exceptions=True)

    async def subscribe(self, *filters: str) -> bytes:
        """One code for each filter."""
        self._packet_id += 1
        self._writer.write(frames.subscribe(self._packet_id, filters))
        return (await asyncio.wait_for(self._acks.get(), PATIENCE_S))[2:]

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Returns when the broker has acknowledged, which says nothing about permission."""
        self._packet_id += 1
        self._writer.write(frames.publish(self._packet_id, topic, payload, retain=retain))
        await asyncio.wait_for(self._acks.get(), PATIENCE_S)

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        cutter = frames.FrameReader()
        try:
            while data := await reader.read(65_536):
                for kind, flags, body in cutter.feed(data):
                    if kind == frames.CONNACK:
                        self.code = body[1]
                    elif kind == frames.PUBLISH:
                        topic, payload, packet_id = frames.parse_publish(flags, body)
                        self.got.append((topic, payload))
                        if packet_id is not None:
                            self._writer.write(frames.puback(packet_id))
                    else:
                        self._acks.put_nowait(body)
        except OSError:
            pass  # the broker's way of cutting somebody off
        self.cut = True


def bare(broker: Broker, credentials: Credentials, user: str, client_id: str | None = None) -> Bare:
    return Bare(broker.port, user, credentials.login(user).password, client_id)


async def bare_will(broker: Broker, topic: str, *, password: str = "", tls: ssl.SSLContext | None = None) -> None:
    """Connect as b1 with a last will on any topic, and pull the plug."""
    client = Client(CallbackAPIVersion.VERSION2, "b1")
    if tls is None:
        client.username_pw_set("b1", password)
    else:
        client.tls_set_context(tls)
        client.tls_insecure_set(True)
    client.will_set(topic, b"dead", 1, retain=True)
    answered = threading.Event()
    client.on_connect = lambda *_: answered.set()
    client.on_disconnect = lambda *_: answered.set()
    client.connect(broker.host, broker.port)
    client.loop_start()
    await until(answered.is_set, "an answer to CONNECT")
    if (sock := client.socket()) is not None:
        sock.shutdown(socket.SHUT_RDWR)  # type: ignore[attr-defined]
    client.disconnect()
    client.loop_stop()


class Gateway:
    """A gateway link with a memory."""

    def __init__(self, broker: Broker, credentials: Credentials, client_type: type[Client] = BatchingClient) -> None:
        self.got: list[tuple[str, bytes]] = []
        self.ups: list[bool] = []
        self.desired: dict[str, bytes] = {}  # what it publishes after each connect
        self.link = GatewayLink(
            broker.host,
            broker.port,
            credentials.login(GATEWAY),
            TOPICS,
            epoch=7,
            on_message=lambda topic, payload: self.got.append((topic, payload)),
            on_connection=self._connected,
            client_type=client_type,
        )

    async def __aenter__(self) -> Self:
        self.link.start()
        await until(lambda: self.link.up, "the gateway's link")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.link.close()

    def last(self, topic: str) -> bytes | None:
        return next((payload for seen, payload in reversed(self.got) if seen == topic), None)

    def _connected(self, up: bool) -> None:
        self.ups.append(up)
        if up:
            for topic, payload in self.desired.items():
                self.link.publish(topic, payload, retain=True)


class Agent:
    """An agent link with a memory."""

    def __init__(self, broker: Broker, credentials: Credentials, name: str = "a1", session: int = 0) -> None:
        self.got: list[tuple[str, bytes]] = []
        self.ups: list[bool] = []
        self.sessions = session
        password = credentials.login(name).password
        self.link = AgentLink(
            broker.host,
            broker.port,
            BoardId(name),
            password,
            TOPICS,
            next_session=self._next,
            on_message=lambda topic, payload: self.got.append((topic, payload)),
            on_connection=self.ups.append,
        )

    async def __aenter__(self) -> Self:
        self.link.start()
        await until(lambda: self.link.up, "the agent's link")
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self.link.close)

    def last(self, topic: str) -> bytes | None:
        return next((payload for seen, payload in reversed(self.got) if seen == topic), None)

    def _next(self) -> int:
        self.sessions += 1
        return self.sessions
