"""An agent's link to the venue's broker, on threads of its own.  MQTT is transport, never the record: that is the journal."""

import collections
import logging
import random
import socket
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, LogLevel

from edge.shell.enrolment import ASK_FIRST_S, Enrolment
from edge.shell.identity import Identity
from edge.shell.mqtt_client import BoardClient, set_up_tcp
from venue_model.backlog import Backlog, Outgoing
from venue_model.ids import BoardId, RoomId
from venue_model.session import (
    CONNECT_TIMEOUT_S,
    KEEPALIVE_S,
    WINDOW,
    agent_reads,
    backoff_s,
    check_publishable,
    client_id,
    next_attempt,
)
from venue_model.wire import GatewayStatus, Status, Topics, WireError, decode, encode

GOODBYE_S = 1.0  # for the broker to acknowledge what was published before the end

log = logging.getLogger(__name__)


class AgentLink:
    """Connects, and connects again, until `close`.

    Each connect takes a new number from `next_session`, which must have it on disk when it returns; birth and last will
    carry it.  `on_message` runs on paho's thread, `on_connection` and all sending on the link's own; what they raise is
    logged and changes nothing.  After `on_connection(True)` the caller publishes its retained state anew.  `rooms` are
    those whose broadcasts it hears.

    With an `identity` it speaks TLS and needs no password.  It says which certificate it uses, asks for the next, and connects anew when
    that comes.
    """

    def __init__(
        self,
        host: str,
        port: int,
        agent: BoardId,
        password: str,
        topics: Topics,
        rooms: Iterable[RoomId | str] = ("+",),
        *,
        identity: Identity | None = None,
        next_session: Callable[[], int],
        on_message: Callable[[str, bytes], None],
        on_connection: Callable[[bool], None],
    ) -> None:
        self._host, self._port, self._agent, self._password = host, port, agent, password
        self._topics = topics
        self._identity = identity
        self._enrolment = None if identity is None else Enrolment(identity, topics, agent)
        self._reads = agent_reads(topics, agent, rooms, certified=identity is not None)
        self._next_session = next_session
        self._on_message = on_message
        self._on_connection = on_connection
        self._session = 0
        self._backlog = Backlog()
        self._backlog_lock = threading.Lock()
        self._unacknowledged: dict[int, Outgoing] = {}  # by packet id, oldest first; the link's thread only
        self._acknowledged: collections.deque[int] = collections.deque()  # from paho's thread to the link's
        self._wake = threading.Event()  # something below changed, or there is something to send
        self._subscribed = threading.Event()
        self._lost = threading.Event()
        self._renewed = threading.Event()  # a new certificate is here: connect with it
        self._closing = threading.Event()
        self._up = False
        self._thread: threading.Thread | None = None
        self._said = ""
        self._explained = False  # why there is no connection

    @property
    def up(self) -> bool:
        """True between `on_connection(True)` and `on_connection(False)`."""
        return self._up

    @property
    def session(self) -> int:
        """The number of the present connection, for `Reported`; 0 before the first."""
        return self._session

    def start(self) -> None:
        """Begin to connect.  Returns at once."""
        self._thread = threading.Thread(target=self._run, name=f"link {self._agent}", daemon=True)
        self._thread.start()

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> None:
        """Send at QoS 1, now or when the link is back.  Never blocks; any thread may call it.

        While it waits, a later text of the same retained topic replaces it, and acts beyond the newest thousand are lost.
        ValueError for a message that the broker would cut us off for.
        """
        check_publishable(topic, payload)
        with self._backlog_lock:
            self._backlog.add(Outgoing(topic, payload, retain))
        self._wake.set()

    def announce(self) -> None:
        """Publish the birth of the present session (again)."""
        self.publish(self._status_topic, encode(Status(on=True, session=self._session)), retain=True)

    def close(self) -> None:
        """Say goodbye and disconnect."""
        self._closing.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        attempt = 0
        while not self._closing.is_set():
            try:
                lasted_s = self._live_once()
            except Exception:
                # A link that has died in silence would look like a broken network for ever.
                log.exception("link %s: fault of our own; trying on", self._agent)
                lasted_s = 0.0
            attempt = next_attempt(attempt, lasted_s)
            self._closing.wait(backoff_s(attempt, random.random()))

    def _live_once(self) -> float:
        """Connect, serve until the connection ends, and tell how many seconds it was up."""
        try:
            # Asked first, because each session number costs the SD card a write: a broker that is away for hours costs none.
            socket.create_connection((self._host, self._port), CONNECT_TIMEOUT_S).close()
        except OSError as error:
            return self._unreachable(error)
        self._renewed.clear()
        client = self._build_client()
        try:
            client.connect(self._host, self._port, KEEPALIVE_S)
        except OSError as error:
            return self._unreachable(error)
        sock = client.socket()
        if sock is None:
            return self._unreachable(ConnectionError("cut off at once"))
        set_up_tcp(sock)
        self._lost.clear()
        self._subscribed.clear()
        self._acknowledged.clear()
        client.loop_start()
        try:
            return self._serve(client)
        finally:
            client.disconnect()
            client.loop_stop()
            self._up = False

    def _unreachable(self, error: OSError) -> float:
        self._say_refused(str(error))
        return 0.0

    def _say_refused(self, error: str) -> None:
        """Say why there is no connection.  Once the cause is known, the vaguer words of later tries are not worth a line."""
        cause = self._identity.explain(error) if self._identity is not None else None
        if cause is not None:
            self._explained = True
            self._say(f"broker {self._host}:{self._port}: {cause}; trying on")
        elif not self._explained:
            self._say(f"broker {self._host}:{self._port} cannot be reached ({error}); trying on")

    def _build_client(self) -> Client:
        """A new client for each connection: an old one would resend what has been overtaken."""
        self._session = self._next_session()
        secret = self._password.encode() if self._identity is None else self._identity.secret
        client = BoardClient(CallbackAPIVersion.VERSION2, client_id(self._agent, secret), reconnect_on_failure=False)
        if self._identity is None:
            client.username_pw_set(self._agent, self._password)
        else:
            client.tls_set_context(self._identity.context())
            client.tls_insecure_set(True)  # no host names: see Identity.context
            client.on_log = self._logged
        client.will_set(self._status_topic, encode(Status(on=False, session=self._session)), 1, retain=True)
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.max_inflight_messages_set(0)  # WINDOW is ours to keep: paho's own queue could not be coalesced
        client.on_connect = self._connected
        client.on_subscribe = self._answered
        client.on_publish = self._published
        client.on_message = self._received
        client.on_disconnect = self._disconnected
        return client

    @property
    def _status_topic(self) -> str:
        return self._topics.agent(self._agent, "status")

    def _serve(self, client: Client) -> float:
        started = 0.0
        while not self._lost.is_set() and not self._closing.is_set() and not self._renewed.is_set():
            if self._subscribed.is_set():
                if not self._up:
                    started = time.monotonic()
                    self._up, self._explained = True, False
                    dropped = f"{self._backlog.dropped} messages were dropped since the start"
                    self._say(f"broker {self._host}:{self._port}: connected, session {self._session}; {dropped}")
                    self.announce()
                    if self._enrolment is not None:
                        self._enrolment.begin(started)
                    self._tell(self._on_connection, True)
                if self._enrolment is not None and (asking := self._enrolment.due(time.monotonic())) is not None:
                    self.publish(self._enrolment.asks_on, asking, retain=False)
                self._drain(client)
            self._wake.wait(None if self._enrolment is None else ASK_FIRST_S)
            self._wake.clear()
        if not self._up:
            return 0.0
        if self._closing.is_set() and not self._lost.is_set():
            self._say_goodbye(client)
        self._forget_acknowledged()
        with self._backlog_lock:
            self._backlog.put_back(self._unacknowledged.values())
        self._unacknowledged.clear()
        self._up = False
        self._say(f"broker {self._host}:{self._port}: connection ended")
        self._tell(self._on_connection, False)
        return time.monotonic() - started

    def _say_goodbye(self, client: Client) -> None:
        self.publish(self._status_topic, encode(Status(on=False, session=self._session, why="stop")), retain=True)
        deadline = time.monotonic() + GOODBYE_S
        while not self._lost.is_set() and time.monotonic() < deadline:
            self._wake.clear()
            self._drain(client)
            if not self._unacknowledged:
                return
            self._wake.wait(0.05)

    def _drain(self, client: Client) -> None:
        self._forget_acknowledged()
        while len(self._unacknowledged) < WINDOW:
            with self._backlog_lock:
                message = self._backlog.pop()
            if message is None:
                return
            sent = client.publish(message.topic, message.payload, 1, message.retain)
            self._unacknowledged[sent.mid] = message

    def _forget_acknowledged(self) -> None:
        while self._acknowledged:
            self._unacknowledged.pop(self._acknowledged.popleft(), None)

    # From here on: called by paho on its thread.

    def _connected(self, client: Client, _userdata: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            way_out = "admit the board again and copy its folder"
            self._say(f"broker {self._host}:{self._port} refused {self._agent}: {reason}; {way_out}")
        else:
            client.subscribe([(topic, 1) for topic in self._reads])

    def _answered(self, client: Client, _userdata: Any, _mid: int, reasons: list[Any], _properties: Any) -> None:
        if any(reason.is_failure for reason in reasons):
            # An agent that cannot hear the gateway must not look alive.
            self._say(f"broker {self._host}:{self._port} refused {self._agent} a subscription: check its access rules")
            client.disconnect()
        else:
            self._subscribed.set()
            self._wake.set()

    def _published(self, _client: Client, _userdata: Any, mid: int, _reason: Any, _properties: Any) -> None:
        self._acknowledged.append(mid)
        self._wake.set()

    def _received(self, _client: Client, _userdata: Any, message: MQTTMessage) -> None:
        topic, payload = message.topic, bytes(message.payload)
        if self._enrolment is not None and topic == self._enrolment.hears_on:
            if self._enrolment.take(payload):
                self._renewed.set()
                self._wake.set()
            return
        if topic == self._topics.gateway and not message.retain and self._up:
            self._greet(payload)
        self._tell(self._on_message, topic, payload)

    def _logged(self, _client: Client, _userdata: Any, level: int, text: str) -> None:
        """paho tells here, and nowhere else, why TLS has ended: a broker refuses a certificate after the handshake."""
        if level == LogLevel.MQTT_LOG_ERR and "SSL" in text:
            self._say_refused(text)

    def _greet(self, payload: bytes) -> None:
        """Answer a gateway that has just arrived with our birth: a late will may have overwritten the retained one."""
        try:
            arrived = decode(GatewayStatus, payload).on
        except WireError:
            return  # on_message gets it too, and reports it
        if arrived:
            if self._enrolment is not None:
                self._enrolment.begin(time.monotonic())
            self.announce()

    def _disconnected(self, *_: Any) -> None:
        self._lost.set()
        self._wake.set()

    def _tell(self, callback: Callable[..., None], *values: object) -> None:
        try:
            callback(*values)
        except Exception:
            # Out of paho's reader it would end the thread and leave the agent deaf.
            log.exception("link %s: %s failed on %.80r", self._agent, getattr(callback, "__qualname__", callback), values[0])

    def _say(self, text: str) -> None:
        """Log a change of state once, not each try."""
        if text != self._said:
            self._said = text
            log.info("link %s: %s", self._agent, text)
