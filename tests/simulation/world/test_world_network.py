"""The broker as MQTT over TCP behaves: what arrives, in which order, and what is lost with a connection."""

from dataclasses import dataclass, field

from simulation.world.faults import FaultOptions, draw
from simulation.world.kernel import Trace, World
from simulation.world.network import Broker, Client, Will
from venue_model.moments import MS, S


@dataclass
class Party:
    """A client that remembers what it hears."""

    broker: Broker
    name: str
    reads: tuple[str, ...] = ()
    will: Will | None = field(default_factory=lambda: None)
    heard: list[tuple[str, bytes, bool]] = field(default_factory=list)
    downs: int = 0

    def __post_init__(self) -> None:
        self.client = Client(
            self.broker, self.name, self.reads, connecting=lambda: self.will or Will(f"{self.name}/will", b"gone"), connected=lambda: None,
            disconnected=self._down, message=lambda *heard: self.heard.append(heard), backoff_cap_s=1.0,
        )  # fmt: skip
        self.client.start()

    def _down(self) -> None:
        self.downs += 1

    def say(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self.client.publish(topic, payload, retain=retain)

    @property
    def payloads(self) -> list[bytes]:
        return [payload for _, payload, _ in self.heard]


def a_broker(seed: int = 1, **rates: float) -> Broker:
    world = World(seed, 0)
    faults: FaultOptions = draw((), False, world.stream)
    faults.rates.update(rates)
    return Broker(world, Trace(world), faults)


def test_messages_of_a_connection_arrive_in_order_and_only_where_they_are_read() -> None:
    broker = a_broker(delay=1.0)
    hears, deaf, says = Party(broker, "hears", ("v/agent/+/event",)), Party(broker, "deaf", ("v/agent/+/meta",)), Party(broker, "says")
    for number in range(50):
        says.say("v/agent/a/event", bytes([number]))
    broker.world.run_until(60 * S)
    assert hears.payloads == [bytes([number]) for number in range(50)]
    assert not deaf.heard


def test_topics_may_overtake_each_other_but_no_message_its_own_topic() -> None:
    broker = a_broker(reorder=1.0)
    hears, says = Party(broker, "hears", ("a", "b")), Party(broker, "says")
    for number in range(60):
        says.say("ab"[number % 2], bytes([number]))
    broker.world.run_until(10 * S)
    assert hears.payloads != sorted(hears.payloads)
    for topic in ("a", "b"):
        mine = [payload for heard, payload, _ in hears.heard if heard == topic]
        assert mine == sorted(mine) and len(mine) == 30


def test_what_is_retained_comes_again_with_each_subscription_and_is_marked_as_memory() -> None:
    broker = a_broker()
    says = Party(broker, "says")
    says.say("t", b"old", retain=True)
    says.say("t", b"new", retain=True)
    broker.world.run_until(1 * S)
    late = Party(broker, "late", ("t",))
    broker.world.run_until(2 * S)
    assert late.heard == [("t", b"new", True)]
    says.say("t", b"newer", retain=True)
    broker.world.run_until(3 * S)
    assert late.heard[1:] == [("t", b"newer", False)]


def test_a_broken_connection_loses_what_was_on_its_way_down_and_repeats_what_the_broker_had_not_taken() -> None:
    broker = a_broker(delay=0.0)
    hears, says = Party(broker, "hears", ("t",)), Party(broker, "says")
    broker.world.run_until(1 * S)
    says.say("t", b"1")
    connection = says.client.connection
    assert connection is not None
    broker.cut(connection)
    broker.world.run_until(5 * S)
    assert hears.payloads == [b"1"], "the sender repeats it under its next connection"
    says.say("t", b"2")
    broker.world.run_until(broker.world.now_ns + 4 * MS)
    down = hears.client.connection
    assert down is not None
    says.say("t", b"3")
    broker.world.run_until(broker.world.now_ns + 3_100_000)
    broker.cut(down)
    broker.world.run_until(broker.world.now_ns + 5 * S)
    assert b"3" not in hears.payloads, "a clean session forgets what it had not delivered"


def test_the_will_of_a_silent_death_comes_late_and_that_of_a_replaced_connection_before_the_birth() -> None:
    broker = a_broker()
    hears, dies = Party(broker, "hears", ("w",)), Party(broker, "dies", will=Will("w", b"dead 1"))
    broker.world.run_until(1 * S)
    dies.client.die(noticed=False)
    broker.world.run_until(20 * S)
    assert not hears.heard
    broker.world.run_until(25 * S)
    assert hears.payloads == [b"dead 1"]
    dies.client.start()
    dies.client.die(noticed=False)
    dies.client.start()
    dies.say("w", b"born", retain=True)
    broker.world.run_until(26 * S)
    assert hears.payloads == [b"dead 1", b"dead 1", b"born"]
    assert dies.client.connection is not None


def test_a_blocked_way_holds_messages_back_and_ends_the_connection_when_it_lasts() -> None:
    broker = a_broker()
    hears, says = Party(broker, "hears", ("t",)), Party(broker, "says")
    broker.world.run_until(1 * S)
    broker.block(says.client, up=True)
    says.say("t", b"held")
    broker.world.run_until(5 * S)
    assert not hears.heard
    broker.unblock(says.client)
    broker.world.run_until(6 * S)
    assert (hears.payloads, says.downs) == ([b"held"], 0)
    broker.block(says.client, up=True)
    says.say("t", b"later")
    broker.world.run_until(60 * S)
    assert (says.downs, says.client.connection) == (1, None)
    broker.unblock(says.client)
    broker.world.run_until(70 * S)
    assert hears.payloads == [b"held", b"later"]


def test_a_broker_that_restarts_keeps_what_was_retained_or_not_and_says_no_wills() -> None:
    for keep in (True, False):
        broker = a_broker()
        hears, says = Party(broker, "hears", ("t", "says/will")), Party(broker, "says")
        says.say("t", b"1", retain=True)
        broker.world.run_until(1 * S)
        broker.stop(keep=keep)
        broker.world.after(2 * S, broker.start)
        broker.world.run_until(10 * S)
        assert hears.payloads == ([b"1", b"1"] if keep else [b"1"])
        assert says.client.connection is not None
