"""The gateway's link to the venue's broker, on its asyncio loop.  MQTT is transport, never the record."""

import asyncio
import logging
import random
import secrets
import socket
import ssl
import time
from collections.abc import Callable
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from gateway.broker import frames
from gateway.broker.credentials import Login
from gateway.shell.mqtt_packets import PacketCutter
from gateway.shell.mqtt_socket import BatchedSocket, BatchingClient, Bridge
from venue_model.backlog import Backlog, Outgoing
from venue_model.session import (
    CONNECT_TIMEOUT_S,
    KEEPALIVE_S,
    UNANSWERED_MS,
    WINDOW,
    backoff_s,
    check_publishable,
    client_id,
    gateway_reads,
    next_attempt,
)
from venue_model.wire import GatewayStatus, Topics, encode

BACKOFF_CAP_S = 2.0  # there is one gateway, and every room waits for it
BURST_BYTES = 16_384  # the broker works on the first messages while we still pack the rest of a scene; saves a third at 1,000
GOODBYE_S = 1.0  # for the broker to acknowledge what was published before the end

log = logging.getLogger(__name__)


class GatewayLink:
    """Connects, and connects again, until `close`.

    After each connect it subscribes to what agents write, says that the gateway is there, and calls
    `on_connection(True)`: the caller publishes all retained state anew, because a broker may have lost it.
    `on_read` is called after the last of the messages that came in one turn of the loop.
    All callbacks run on the loop and must not block; what they raise is logged and changes nothing.
    """

    def __init__(
        self,
        host: str,
        port: int,
        login: Login,
        topics: Topics,
        epoch: int,
        *,
        on_message: Callable[[str, bytes], None],
        on_connection: Callable[[bool], None],
        on_read: Callable[[], None] = lambda: None,
        client_type: type[Client] = BatchingClient,
        tls: Callable[[], ssl.SSLContext] | None = None,
    ) -> None:
        """`tls` gives what each connection shows, in place of the password; None where the broker is on this machine alone."""
        self._host, self._port, self._login = host, port, login
        self._topics = topics
        self._epoch = epoch
        self._on_message = on_message
        self._on_connection = on_connection
        self._on_read = on_read
        self._client_type = client_type
        self._tls = tls
        self._client_id = client_id(login.user, login.password.encode() or secrets.token_bytes(16))
        self._client: Client | None = None  # only while up
        self._bridge: Bridge | None = None
        self._batched: BatchedSocket | None = None  # where paho lets us: packets of ours go past it
        self._packet_id = 0
        self._backlog = Backlog()
        self._unacknowledged: dict[int, Outgoing] = {}  # by packet id, oldest first
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._said = ""

    @property
    def up(self) -> bool:
        """True between `on_connection(True)` and `on_connection(False)`."""
        return self._client is not None

    @property
    def waiting(self) -> int:
        """Messages that the broker has not acknowledged yet."""
        return len(self._backlog) + len(self._unacknowledged)

    def start(self) -> None:
        """Begin to connect.  Returns at once."""
        self._task = asyncio.create_task(self._run(), name="gateway link")

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> None:
        """Send at QoS 1, now or when the link is back.  Never blocks.

        While it waits, a later text of the same retained topic replaces it, and acts beyond the newest thousand are lost.
        ValueError for a message that the broker would cut us off for.
        """
        check_publishable(topic, payload)
        message = Outgoing(topic, payload, retain)
        if self._client is None or len(self._backlog) or len(self._unacknowledged) >= WINDOW:
            self._backlog.add(message)
        else:
            self._send(self._client, message)

    async def close(self) -> None:
        """Say goodbye and disconnect."""
        if self._client is not None:
            self.publish(self._topics.gateway, encode(GatewayStatus(on=False, epoch=self._epoch)), retain=True)
            deadline = time.monotonic() + GOODBYE_S
            while self.up and self.waiting and time.monotonic() < deadline:
                await asyncio.sleep(0.005)
        self._closing.set()
        if self._task is not None:
            await self._task
            self._task = None

    async def _run(self) -> None:
        attempt = 0
        while not self._closing.is_set():
            try:
                lasted_s = await self._live_once()
            except Exception:
                # A link that has died in silence would look like a broken network for ever.
                log.exception("gateway link: fault of our own; trying on")
                lasted_s = 0.0
            attempt = next_attempt(attempt, lasted_s)
            try:
                async with asyncio.timeout(backoff_s(attempt, random.random(), BACKOFF_CAP_S)):
                    await self._closing.wait()
            except TimeoutError:
                pass  # not closing: the next try

    async def _live_once(self) -> float:
        """Connect, serve until the connection ends, and tell how many seconds it was up."""
        loop = asyncio.get_running_loop()
        lost: asyncio.Future[None] = loop.create_future()
        client = self._client_type(CallbackAPIVersion.VERSION2, self._client_id)
        if self._tls is None:
            client.username_pw_set(self._login.user, self._login.password)
        else:
            client.tls_set_context(self._tls())
            client.tls_insecure_set(True)  # no host names: see gateway.pki.own.client_context
        client.will_set(self._topics.gateway, encode(GatewayStatus(on=False, epoch=self._epoch)), 1, retain=True)
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.max_inflight_messages_set(0)  # WINDOW is ours to keep: paho's own queue could not be coalesced
        client.on_connect = self._connected
        client.on_subscribe = self._subscribed
        client.on_publish = self._acknowledged
        client.on_message = self._received
        client.on_disconnect = lambda *_: None if lost.done() else lost.set_result(None)
        try:
            # Looking up a name and connecting may block for seconds.
            await asyncio.to_thread(client.connect, self._host, self._port, KEEPALIVE_S)
        except OSError as error:
            return self._unreachable(error)
        sock = client.socket()
        if sock is None:
            return self._unreachable(ConnectionError("cut off at once"))
        _set_up_tcp(sock)
        self._batched = sock if isinstance(sock, BatchedSocket) else None
        if self._batched is not None:
            self._batched.cutter = PacketCutter(self._heard, self._confirmed)
        bridge = self._bridge = Bridge(client, self._read_over)
        started = time.monotonic()
        closing = loop.create_task(self._closing.wait())
        ends: set[asyncio.Future[Any]] = {lost, closing}
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        closing.cancel()
        if not lost.done():
            client.disconnect()
            await asyncio.wait({lost}, timeout=GOODBYE_S)
            bridge.abort()
        return self._down(started)

    def _unreachable(self, error: OSError) -> float:
        self._say(f"broker {self._host}:{self._port} cannot be reached ({error}); trying on")
        return 0.0

    def _connected(self, client: Client, _userdata: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self._say(f"broker {self._host}:{self._port} refused {self._login.user}: {reason}; trying on")
        else:
            client.subscribe([(topic, 1) for topic in gateway_reads(self._topics)])

    def _subscribed(self, client: Client, _userdata: Any, _mid: int, reasons: list[Any], _properties: Any) -> None:
        if any(reason.is_failure for reason in reasons):
            # Deaf to some agents is worse than away: away is seen by everybody.
            self._say(f"broker {self._host}:{self._port} refused {self._login.user} a subscription: check its access rules")
            client.disconnect()
            return
        self._say(f"broker {self._host}:{self._port}: connected; {self._backlog.dropped} messages were dropped since the start")
        self._client = client
        self._send(client, Outgoing(self._topics.gateway, encode(GatewayStatus(on=True, epoch=self._epoch)), retain=True))
        self._tell(self._on_connection, True)
        self._drain()

    def _received(self, _client: Client, _userdata: Any, message: MQTTMessage) -> None:
        self._heard(message.topic, bytes(message.payload))

    def _heard(self, topic: str, payload: bytes) -> None:
        self._tell(self._on_message, topic, payload)

    def _read_over(self) -> None:
        self._tell(self._on_read)

    def _acknowledged(self, _client: Client, _userdata: Any, mid: int, _reason: Any, _properties: Any) -> None:
        self._confirmed(mid)

    def _confirmed(self, packet_id: int) -> None:
        self._unacknowledged.pop(packet_id, None)
        if len(self._backlog):
            self._drain()

    def _drain(self) -> None:
        while self._client is not None and len(self._unacknowledged) < WINDOW:
            message = self._backlog.pop()
            if message is None:
                return
            self._send(self._client, message)

    def _send(self, client: Client, message: Outgoing) -> None:
        if self._batched is not None and self._bridge is not None:
            packet_id = self._next_packet_id()
            waiting = self._batched.write(frames.publish(packet_id, message.topic, message.payload, retain=message.retain))
            if waiting < BURST_BYTES or self._bridge.blocked:
                self._bridge.write_soon()
            else:
                self._bridge.write_now()
        else:
            sent = client.publish(message.topic, message.payload, 1, message.retain)
            assert sent.rc in (MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_NO_CONN), f"paho refused: {sent.rc}"
            packet_id = sent.mid
        self._unacknowledged[packet_id] = message

    def _next_packet_id(self) -> int:
        while True:
            self._packet_id = self._packet_id % 0xFFFF + 1
            if self._packet_id not in self._unacknowledged:  # fewer than WINDOW are
                return self._packet_id

    def _down(self, started: float) -> float:
        was_up, self._client = self._client is not None, None
        self._backlog.put_back(self._unacknowledged.values())
        self._unacknowledged.clear()
        if not was_up:
            return 0.0
        self._say(f"broker {self._host}:{self._port}: connection ended")
        self._tell(self._on_connection, False)
        return time.monotonic() - started

    def _tell(self, callback: Callable[..., None], *values: object) -> None:
        try:
            callback(*values)
        except Exception:
            # Out of paho's reader it would leave half a packet behind and the link deaf.
            log.exception("gateway link: %s failed on %.80r", getattr(callback, "__qualname__", callback), values[:1])

    def _say(self, text: str) -> None:
        """Log a change of state once, not each try."""
        if text != self._said:
            self._said = text
            log.info("gateway link: %s", text)


def _set_up_tcp(sock: Any) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else Nagle and delayed acknowledgement wait 40 ms for each other
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNANSWERED_MS)
