"""The gateway's and an agent's link over real brokers: they find each other again by themselves."""

import asyncio
import logging
import os
import signal
from pathlib import Path

import pytest
from broker_case import KINDS, TOPICS, Agent, Gateway, bare, running, until
from paho.mqtt.client import Client

from gateway.broker.supervisor import Kind
from gateway.shell.mqtt_socket import BatchingClient
from venue_model.session import WINDOW, is_will_stale
from venue_model.wire import MAX_BYTES, GatewayStatus, Status, decode, encode

pytestmark = pytest.mark.parts
DESIRED, REPORTED, STATUS = (TOPICS.agent("a1", leaf) for leaf in ("desired", "reported", "status"))
COMMAND = TOPICS.agent("a1", "command")


@pytest.mark.parametrize("client_type", [BatchingClient, Client], ids=["batched", "plain"])
@pytest.mark.parametrize("kind", KINDS)
def test_gateway_and_agent_talk(tmp_path: Path, kind: Kind, client_type: type[Client]) -> None:
    async def scenario() -> None:
        async with (
            running(tmp_path, kind) as (broker, credentials),
            Gateway(broker, credentials, client_type=client_type) as gateway,
            Agent(broker, credentials) as agent,
        ):
            gateway.link.publish(DESIRED, b"be green", retain=True)
            gateway.link.publish(COMMAND, b"chime", retain=False)
            gateway.link.publish(TOPICS.room_scene("r1"), b"opening", retain=True)
            big = os.urandom(MAX_BYTES)
            gateway.link.publish(TOPICS.agent("a1", "policy"), big, retain=True)
            await until(lambda: agent.last(TOPICS.agent("a1", "policy")) == big)
            assert agent.last(DESIRED) == b"be green"
            assert agent.last(COMMAND) == b"chime"
            assert agent.last(TOPICS.room_scene("r1")) == b"opening"
            agent.link.publish(REPORTED, b"am green", retain=True)
            await until(lambda: gateway.last(REPORTED) == b"am green")
            await until(lambda: gateway.link.waiting == 0, "all acknowledgements")

    asyncio.run(scenario())


@pytest.mark.parametrize("kind", KINDS)
def test_after_the_broker_is_killed_both_are_back_and_the_state_is_published_anew(tmp_path: Path, kind: Kind) -> None:
    async def scenario() -> None:
        async with (
            running(tmp_path, kind) as (broker, credentials),
            Gateway(broker, credentials) as gateway,
            Agent(broker, credentials) as agent,
        ):
            gateway.desired[DESIRED] = b"generation 1"
            gateway.link.publish(DESIRED, b"generation 1", retain=True)
            await until(lambda: agent.last(DESIRED) == b"generation 1")
            session = agent.link.session
            os.kill(broker.pid, signal.SIGKILL)
            await until(lambda: gateway.ups == [True, False, True] and agent.ups == [True, False, True], "both links")
            agent.got.clear()
            gateway.link.publish(COMMAND, b"chime", retain=False)
            await until(lambda: agent.last(COMMAND) == b"chime", "the agent's subscription after the restart")
            agent.link.publish(REPORTED, b"heard", retain=True)
            await until(lambda: gateway.last(REPORTED) == b"heard", "the gateway's subscription after the restart")
            assert agent.link.session == session + 1
            await until(lambda: gateway.last(STATUS) == encode(Status(on=True, session=session + 1)))
            await asyncio.to_thread(agent.link.close)
            async with bare(broker, credentials, "a1") as late:
                await late.subscribe(DESIRED)
                await until(lambda: late.got == [(DESIRED, b"generation 1")], "the retained state on the new broker")

    asyncio.run(scenario())


def test_what_was_under_way_when_the_broker_died_is_sent_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with (
            running(tmp_path, "mosquitto") as (broker, credentials),
            Gateway(broker, credentials) as gateway,
            Agent(broker, credentials) as agent,
        ):
            os.kill(broker.pid, signal.SIGSTOP)  # takes bytes and acknowledges none
            gateway.link.publish(DESIRED, b"be green", retain=True)
            agent.link.publish(REPORTED, b"am green", retain=True)
            await until(lambda: agent.link._unacknowledged, "the agent's thread")
            assert len(gateway.link._backlog) == len(agent.link._backlog) == 0
            os.kill(broker.pid, signal.SIGKILL)
            await until(lambda: agent.last(DESIRED) == b"be green" and gateway.last(REPORTED) == b"am green")

    asyncio.run(scenario())


def test_what_is_published_while_away_arrives_the_state_once_and_the_acts_in_order(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(tmp_path, "mosquitto") as (broker, credentials), Agent(broker, credentials) as agent:
            gateway = Gateway(broker, credentials)
            for number in range(50):
                gateway.link.publish(DESIRED, b"%d" % number, retain=True)
                gateway.link.publish(COMMAND, b"%d" % number, retain=False)
            async with gateway:
                await until(lambda: agent.last(COMMAND) == b"49")
                assert [payload for topic, payload in agent.got if topic == DESIRED] == [b"49"]
                assert [payload for topic, payload in agent.got if topic == COMMAND] == [b"%d" % n for n in range(50)]

    asyncio.run(scenario())


def test_a_burst_larger_than_the_window_arrives_whole(tmp_path: Path) -> None:
    count = 3 * WINDOW + 7

    async def scenario() -> None:
        async with (
            running(tmp_path, "mosquitto") as (broker, credentials),
            Gateway(broker, credentials) as gateway,
            bare(broker, credentials, "a1") as agent,
        ):
            await agent.subscribe(TOPICS.room_scene("+"))
            for number in range(count):
                gateway.link.publish(TOPICS.room_scene(f"r{number}"), b"%d" % number, retain=True)
            await until(lambda: len(agent.got) == count)
            assert [payload for _, payload in agent.got] == [b"%d" % number for number in range(count)]

    asyncio.run(scenario())


@pytest.mark.parametrize("client_type", [BatchingClient, Client], ids=["batched", "plain"])
def test_a_broker_that_pauses_gets_the_rest_when_it_reads_again(tmp_path: Path, client_type: type[Client]) -> None:
    count = 60  # of 200 kB: more than the kernel and our own buffer take

    async def scenario() -> None:
        async with (
            running(tmp_path, "mosquitto") as (broker, credentials),
            Gateway(broker, credentials, client_type=client_type) as gateway,
            bare(broker, credentials, "a1") as agent,
        ):
            await agent.subscribe(TOPICS.room_scene("+"))
            os.kill(broker.pid, signal.SIGSTOP)
            for number in range(count):
                gateway.link.publish(TOPICS.room_scene(f"r{number}"), b"x" * 200_000, retain=True)
            await asyncio.sleep(0.1)  # the loop writes what goes
            os.kill(broker.pid, signal.SIGCONT)
            await until(lambda: len(agent.got) == count)
            assert gateway.ups == [True]

    asyncio.run(scenario())


def test_the_gateway_is_seen_to_come_to_leave_and_to_die(tmp_path: Path) -> None:
    def seen(agent: Agent) -> list[bool]:
        return [decode(GatewayStatus, payload).on for topic, payload in agent.got if topic == TOPICS.gateway]

    async def scenario() -> None:
        async with running(tmp_path, "mosquitto") as (broker, credentials), Agent(broker, credentials) as agent:
            async with Gateway(broker, credentials):
                await until(lambda: seen(agent) == [True], "its birth")
            await until(lambda: seen(agent) == [True, False], "its goodbye")
            async with Gateway(broker, credentials):
                await until(lambda: seen(agent)[2:] == [True], "its second birth")
                async with bare(broker, credentials, "gateway"):  # takes the connection away: the last will speaks
                    await until(lambda: seen(agent)[3:5] == [False, True], "its last will and its return")

    asyncio.run(scenario())


def test_the_will_of_a_session_that_was_replaced_does_not_bury_the_living_agent(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(tmp_path, "mosquitto") as (broker, credentials), Gateway(broker, credentials) as gateway:
            async with Agent(broker, credentials, session=40) as agent:
                await until(lambda: gateway.last(STATUS) == encode(Status(on=True, session=41)))
                gateway.got.clear()
                async with bare(broker, credentials, "a1"):  # the connection is taken over, as by a half-open one that ends late
                    await until(lambda: gateway.got, "the last will")
                will = decode(Status, gateway.got[0][1])
                assert will == Status(on=False, session=41)
                await until(lambda: gateway.last(STATUS) == encode(Status(on=True, session=agent.sessions)))
                assert agent.sessions > 41
                assert is_will_stale(agent.sessions, will)
                assert not is_will_stale(41, will)
            await until(lambda: decode(Status, gateway.last(STATUS) or b"").why == "stop", "the goodbye")

    asyncio.run(scenario())


def test_a_gateway_that_returns_hears_from_an_agent_whose_birth_was_overwritten(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(tmp_path, "mosquitto") as (broker, credentials), Agent(broker, credentials) as agent:
            async with bare(broker, credentials, "gateway") as hand:
                await hand.publish(STATUS, encode(Status(on=False, session=0)), retain=True)  # the late will
            async with Gateway(broker, credentials) as gateway:
                await until(lambda: gateway.last(STATUS) == encode(Status(on=True, session=agent.link.session)))

    asyncio.run(scenario())


def test_a_callback_that_fails_is_logged_and_the_link_lives(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        async with (
            running(tmp_path, "mosquitto") as (broker, credentials),
            Gateway(broker, credentials) as gateway,
            Agent(broker, credentials) as agent,
        ):

            def fail(topic: str, _payload: bytes) -> None:
                raise ValueError(f"cannot read {topic}")

            hear, gateway.link._on_message = gateway.link._on_message, fail
            agent_hear, agent.link._on_message = agent.link._on_message, fail
            agent.link.publish(REPORTED, b"poison", retain=True)
            gateway.link.publish(DESIRED, b"poison", retain=True)
            await until(lambda: f"cannot read {REPORTED}" in caplog.text and f"cannot read {DESIRED}" in caplog.text)
            gateway.link._on_message, agent.link._on_message = hear, agent_hear
            agent.link.publish(REPORTED, b"fine", retain=True)
            gateway.link.publish(DESIRED, b"fine", retain=True)
            await until(lambda: gateway.last(REPORTED) == b"fine" and agent.last(DESIRED) == b"fine")

    with caplog.at_level(logging.ERROR):
        asyncio.run(scenario())


def test_a_wrong_password_is_told_once_and_tried_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        async with running(tmp_path, "mosquitto") as (broker, credentials):
            agent = Agent(broker, credentials)
            agent.link._password = "outdated"
            agent.link.start()
            await until(lambda: agent.sessions >= 3, "three tries")
            assert caplog.text.count("refused a1") == 1
            assert not agent.link.up
            agent.link._password = credentials.login("a1").password
            await until(lambda: agent.link.up, "the right password")
            await asyncio.to_thread(agent.link.close)

    with caplog.at_level(logging.INFO):
        asyncio.run(scenario())


def test_a_broker_that_is_away_costs_no_session_number(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(tmp_path, "mosquitto") as (broker, credentials):
            agent = Agent(broker, credentials)
            gateway = Gateway(broker, credentials)
        agent.link.start()
        gateway.link.start()
        await asyncio.sleep(0.5)
        assert agent.sessions == 0
        await asyncio.to_thread(agent.link.close)
        await gateway.link.close()
        assert not agent.ups and not gateway.ups

    asyncio.run(scenario())


def test_a_message_that_would_cost_the_connection_is_refused_where_it_is_made(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(tmp_path, "mosquitto") as (broker, credentials):
            for link in (Gateway(broker, credentials).link, Agent(broker, credentials).link):
                with pytest.raises(ValueError, match="at most 262144"):
                    link.publish(DESIRED, b"x" * (MAX_BYTES + 1), retain=True)
                with pytest.raises(ValueError, match="wildcard"):
                    link.publish(TOPICS.agent("+", "desired"), b"", retain=True)

    asyncio.run(scenario())
