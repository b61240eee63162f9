"""The venue's broker and everybody's way to it, as MQTT 3.1.1 at QoS 1 over TCP behaves when things break.

A connection keeps the order of its messages and loses none, until it breaks: then what the broker had not taken is sent again
under the next connection (and may arrive twice), and what was on its way down is lost with the clean session.  Retained messages
come again after each subscription.  A will is published when the broker notices that a client is gone without a goodbye.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from simulation.world.contract import Faults, See
from simulation.world.kernel import Trace, World
from venue_model.backlog import Backlog, Outgoing
from venue_model.moments import MS, S
from venue_model.session import KEEPALIVE_S, UNANSWERED_MS, backoff_s, check_publishable, next_attempt

HOP_US = (300, 3_000)  # one way between a client and the broker, in a building
DEAD_PEER_NS = KEEPALIVE_S * 3 // 2 * S  # a broker gives up on a client that said nothing for so long
UNANSWERED_NS = UNANSWERED_MS * MS  # a client gives up on bytes that nobody acknowledged

OnMessage = Callable[[str, bytes, bool], None]  # topic, payload, whether it came out of the broker's memory


@dataclass(slots=True)
class Will:
    """What the broker says when a client is gone without a goodbye."""

    topic: str
    payload: bytes


@dataclass(slots=True)
class _Sent:
    message: Outgoing
    taken_ns: int  # when the broker's acknowledgement is back


@dataclass(slots=True)
class Wire:
    """One direction of a client's cable, which outlives its connections."""

    blocked: bool = False
    last_ns: int = 0  # arrival of the newest message: nothing of this connection overtakes it


@dataclass(slots=True)
class Connection:
    """One TCP connection with its clean MQTT session."""

    client: "Client"
    will: Will | None
    open: bool = True
    inflight: deque[_Sent] = field(default_factory=deque)
    stalled: list[tuple[bool, Outgoing, bool]] = field(default_factory=list)  # (up, message, retained): behind a blocked wire
    topic_ns: dict[str, int] = field(default_factory=dict)  # last arrival of each topic, when order is kept for topics alone


class Client:
    """What paho and our link around it are for the programs: publish at any time, hear, and be told of up and down."""

    def __init__(
        self,
        broker: "Broker",
        name: str,
        reads: tuple[str, ...],
        *,
        connecting: Callable[[], Will | None],
        connected: Callable[[], None],
        disconnected: Callable[[], None],
        message: OnMessage,
        backoff_cap_s: float,
    ) -> None:
        self.broker = broker
        self.name = name
        self.reads = reads
        self.up_wire, self.down_wire = Wire(), Wire()
        self.connection: Connection | None = None
        self.running = False
        self._connecting, self._connected, self._disconnected, self.message = connecting, connected, disconnected, message
        self._backlog = Backlog()
        self._attempt = 0
        self._backoff_cap_s = backoff_cap_s
        self._rng = broker.world.stream(f"link {name}")
        self._life = 0  # calls of an earlier life mean nothing
        self._since_ns = 0

    def start(self) -> None:
        """The program begins to connect."""
        self.running = True
        self._life += 1
        self._backlog = Backlog()
        self._attempt = 0
        self._try()

    def die(self, *, noticed: bool) -> None:
        """The program is gone, and with it all that waited.  A kernel that lives closes its sockets (`noticed`); a dead one does not."""
        self.running = False
        self._life += 1
        connection, self.connection = self.connection, None
        if connection is not None:
            self.broker.lose(connection, 0 if noticed else DEAD_PEER_NS)

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> None:
        """Send, now or when the link is back."""
        check_publishable(topic, payload)
        message = Outgoing(topic, payload, retain)
        if self.connection is None:
            self._backlog.add(message)
        else:
            self._send(self.connection, message)

    def broke(self, connection: Connection) -> None:
        """The connection is gone; the client has noticed."""
        if self.connection is not connection:
            return
        now_ns = self.broker.world.now_ns
        self.connection = None
        stalled = [message for up, message, _ in connection.stalled if up]
        self._backlog.put_back([*(sent.message for sent in connection.inflight if sent.taken_ns > now_ns), *stalled])
        self._attempt = next_attempt(self._attempt, (now_ns - self._since_ns) / S)
        self._disconnected()
        self._again()

    def _again(self) -> None:
        life = self._life
        delay_ns = int(backoff_s(self._attempt, self._rng.random(), self._backoff_cap_s) * S)
        self.broker.world.after(delay_ns, lambda: self._try() if self.running and life == self._life else None)

    def _try(self) -> None:
        if self.connection is not None:
            return
        if not self.broker.up or self.up_wire.blocked or self.down_wire.blocked:
            self._attempt = next_attempt(self._attempt, 0.0)
            self._again()
            return
        will = self._connecting()
        if will is None:  # no session number could be stored
            self._attempt = next_attempt(self._attempt, 0.0)
            self._again()
            return
        self._since_ns = self.broker.world.now_ns
        self.connection = self.broker.accept(self, will)
        self._connected()
        while self.connection is not None and (message := self._backlog.pop()) is not None:
            self._send(self.connection, message)

    def _send(self, connection: Connection, message: Outgoing) -> None:
        broker = self.broker
        now_ns = broker.world.now_ns
        if broker.trace.heard(See.MESSAGE):
            broker.trace.see(See.MESSAGE, topic=message.topic, payload=message.payload, retain=message.retain, sender=self.name)
        if self.up_wire.blocked:
            connection.stalled.append((True, message, False))
            return
        arrives_ns = broker.arrival_ns(self, connection, self.up_wire, message.topic)
        inflight = connection.inflight
        while inflight and inflight[0].taken_ns <= now_ns:
            inflight.popleft()
        inflight.append(_Sent(message, arrives_ns + HOP_US[1] * 1_000))
        broker.world.at(arrives_ns, lambda: broker.take(connection, message))
        if broker.faults.chance("duplicate"):
            # Right behind itself: MQTT may repeat a message, but never after a later one of its topic without repeating that, too.
            again_ns = broker.arrival_ns(self, connection, self.up_wire, message.topic)
            broker.world.at(again_ns, lambda: broker.take(connection, message))


class Broker:
    """Routes, remembers what is retained, restarts."""

    def __init__(self, world: World, trace: Trace, faults: Faults) -> None:
        self.world = world
        self.trace = trace
        self.faults = faults
        self.rng = world.stream("network")
        self.up = True
        self.retained: dict[str, Outgoing] = {}
        self.clients: dict[str, Client] = {}
        self._open: dict[str, Connection] = {}
        self._readers: dict[str, list[Connection]] = {}  # topic filter → connections, in order of subscription
        self._routes: dict[str, tuple[str, ...]] = {}  # topic → the filters that match it

    def accept(self, client: Client, will: Will | None) -> Connection:
        """A client connects and subscribes: it hears what is retained."""
        older = self._open.get(client.name)
        if older is not None:
            self.lose(older, 0)  # one client id, one connection: the older one's will is said now
        connection = Connection(client, will)
        self._open[client.name] = connection
        self.clients[client.name] = client
        client.up_wire.last_ns = client.down_wire.last_ns = self.world.now_ns
        for reads in client.reads:
            if reads not in self._readers:
                self._readers[reads] = []
                self._routes.clear()
            self._readers[reads].append(connection)
        for topic, message in self.retained.items():
            if any(reads in client.reads for reads in self._filters(topic)):
                self._deliver(connection, message, True)
        return connection

    def take(self, connection: Connection, message: Outgoing) -> None:
        """A published message arrives.  Bytes that were sent before their connection broke do not arrive after it."""
        if connection.open and self.up:
            self.route(message)

    def route(self, message: Outgoing) -> None:
        """Keep it if it is to be retained, and pass it on."""
        if message.retain:
            if message.payload:
                self.retained[message.topic] = message
            else:
                self.retained.pop(message.topic, None)
        for reads in self._filters(message.topic):
            for connection in self._readers[reads]:
                self._deliver(connection, message, False)

    def lose(self, connection: Connection, after_ns: int) -> None:
        """The client is gone; the broker notices after a while, and says the will."""
        if after_ns:
            self.world.after(after_ns, lambda: self.lose(connection, 0))
            return
        if not connection.open:
            return
        connection.open = False
        if self._open.get(connection.client.name) is connection:
            del self._open[connection.client.name]
        for reads in connection.client.reads:
            if connection in self._readers[reads]:
                self._readers[reads].remove(connection)
        will = connection.will
        if will is not None and self.up:
            self.route(Outgoing(will.topic, will.payload, True))

    def cut(self, connection: Connection) -> None:
        """The connection breaks, and both ends notice."""
        self.lose(connection, 0)
        connection.client.broke(connection)

    def stop(self, *, keep: bool) -> None:
        """The broker dies: nobody says any will.  What was retained survives when it had been written."""
        self.up = False
        if not keep:
            self.retained.clear()
        open_now = list(self._open.values())
        self._open.clear()
        self._readers = {reads: [] for reads in self._readers}
        for connection in open_now:
            connection.open = False
        for connection in open_now:
            connection.client.broke(connection)

    def start(self) -> None:
        """It is back."""
        self.up = True

    def block(self, client: Client, *, up: bool = False, down: bool = False) -> None:
        """Nothing passes in a direction.  TCP holds it back; both ends give up on each other when it lasts."""
        client.up_wire.blocked |= up
        client.down_wire.blocked |= down
        connection = client.connection
        if connection is None:
            return
        # Whoever waits for an acknowledgement notices first; the silent side only by its keep-alive.
        self.world.after(UNANSWERED_NS + KEEPALIVE_S * S // 2, lambda: self._give_up(connection))

    def unblock(self, client: Client) -> None:
        """The way is free: what was held back arrives, if the connection has lived through it."""
        client.up_wire.blocked = client.down_wire.blocked = False
        connection = client.connection
        if connection is None or not connection.open:
            return
        stalled, connection.stalled = connection.stalled, []
        for up, message, retained in stalled:
            if up:
                client._send(connection, message)
            else:
                self._deliver(connection, message, retained)

    def _give_up(self, connection: Connection) -> None:
        client = connection.client
        if connection.open and (client.up_wire.blocked or client.down_wire.blocked):
            client.broke(connection)
            self.lose(connection, DEAD_PEER_NS - UNANSWERED_NS if client.up_wire.blocked else 0)

    def arrival_ns(self, client: Client, connection: Connection, wire: Wire, topic: str) -> int:
        """When a message that is sent now arrives."""
        rng, delay, reorder = self.rng, self.faults.rate("delay"), self.faults.rate("reorder")
        arrives_ns = self.world.now_ns + rng.randint(*HOP_US) * 1_000
        if delay and rng.random() < 0.2:
            arrives_ns += int(rng.random() ** 3 * delay * 3 * S)
        if reorder and rng.random() < reorder:
            arrives_ns += rng.randint(0, 300) * MS
        else:
            arrives_ns = wire.last_ns = max(arrives_ns, wire.last_ns)
        arrives_ns = max(arrives_ns, connection.topic_ns.get(topic, 0))  # order is promised for each topic, and only there
        if reorder:
            connection.topic_ns[topic] = arrives_ns
        return arrives_ns

    def _deliver(self, connection: Connection, message: Outgoing, retained: bool) -> None:
        client = connection.client
        if client.down_wire.blocked:
            connection.stalled.append((False, message, retained))
            return
        arrives_ns = self.arrival_ns(client, connection, client.down_wire, message.topic)
        self.world.at(arrives_ns, lambda: self._arrive(connection, message, retained))
        if self.faults.chance("duplicate"):
            again_ns = self.arrival_ns(client, connection, client.down_wire, message.topic)
            self.world.at(again_ns, lambda: self._arrive(connection, message, retained))

    def _arrive(self, connection: Connection, message: Outgoing, retained: bool) -> None:
        client = connection.client
        if client.connection is connection and client.running:
            client.message(message.topic, message.payload, retained)

    def _filters(self, topic: str) -> tuple[str, ...]:
        """The subscribed filters that a topic matches.  A `+` stands for one level."""
        found = self._routes.get(topic)
        if found is None:
            matching = (reads for reads in self._readers if reads == topic or ("+" in reads and _matches(reads, topic)))
            found = self._routes[topic] = tuple(matching)
        return found


def _matches(reads: str, topic: str) -> bool:
    wanted, levels = reads.split("/"), topic.split("/")
    return len(wanted) == len(levels) and all(one in ("+", level) for one, level in zip(wanted, levels, strict=True))
