"""Who may say and hear what, on both brokers."""

import asyncio
from pathlib import Path

import pytest
from broker_case import KINDS, TOPICS, Agent, Bare, bare, bare_will, running, until

from gateway.broker.credentials import PROBE
from gateway.broker.supervisor import Kind
from venue_model.session import client_id
from venue_model.wire import MAX_BYTES

pytestmark = [pytest.mark.parts, pytest.mark.parametrize("kind", KINDS)]
ODD = "pi4.door-3"  # a dot is a level of its own to NATS


def test_gateway_and_agent_hear_each_other(tmp_path: Path, kind: Kind) -> None:
    async def scenario() -> None:
        async with (
            running(tmp_path, kind, (ODD,)) as (broker, credentials),
            bare(broker, credentials, "gateway") as gateway,
            bare(broker, credentials, ODD, client_id(ODD)) as agent,
        ):
            down = [TOPICS.agent(ODD, leaf) for leaf in ("desired", "policy", "command")]
            down += [TOPICS.room_scene("hall-1"), TOPICS.gateway]
            up = [TOPICS.agent(ODD, leaf) for leaf in ("meta", "status", "reported", "event")]
            assert 0x80 not in await agent.subscribe(*down[:3], TOPICS.room_scene("+"), TOPICS.gateway)
            assert 0x80 not in await gateway.subscribe(*(TOPICS.agent("+", topic.rpartition("/")[2]) for topic in up))
            for topic in down:
                await gateway.publish(topic, b"down")
            for topic in up:
                await agent.publish(topic, b"up")
            await until(lambda: {topic for topic, _ in agent.got} == set(down), "all that the gateway said")
            await until(lambda: {topic for topic, _ in gateway.got} == set(up), "all that the agent said")

    asyncio.run(scenario())


def test_an_agent_neither_speaks_for_nor_listens_to_another(tmp_path: Path, kind: Kind) -> None:
    async def scenario() -> None:
        async with (
            running(tmp_path, kind) as (broker, credentials),
            bare(broker, credentials, "gateway") as gateway,
            bare(broker, credentials, "b1") as thief,
        ):
            assert await gateway.subscribe(f"{TOPICS.root}/#") == b"\x01"
            await gateway.publish(TOPICS.agent("a1", "policy"), b"secret", retain=True)
            for wish in ("#", "$MQTT/#", f"{TOPICS.root}/#", TOPICS.agent("+", "policy"), TOPICS.agent("a1", "policy")):
                await thief.subscribe(wish)
            await thief.subscribe(TOPICS.agent("b1", "desired"))
            for leaf in ("meta", "status", "desired", "reported", "policy", "command", "event"):
                await thief.publish(TOPICS.agent("a1", leaf), b"forged", retain=True)
            for topic in (TOPICS.agent("b1", "desired"), TOPICS.agent("b1", "policy"), TOPICS.room_scene("r"), TOPICS.gateway):
                await thief.publish(topic, b"forged", retain=True)
            await thief.publish(TOPICS.agent("b1", "reported"), b"honest")
            await gateway.publish(TOPICS.agent("a1", "policy"), b"secret again")
            await gateway.publish(TOPICS.agent("b1", "desired"), b"own")
            # What each may have came last: what he may not have would have come before it.
            await until(lambda: (TOPICS.agent("b1", "desired"), b"own") in thief.got)
            await until(lambda: (TOPICS.agent("b1", "reported"), b"honest") in gateway.got)
            assert not [payload for _, payload in gateway.got if payload == b"forged"]
            assert {payload for _, payload in thief.got} == {b"own"}

    asyncio.run(scenario())


@pytest.mark.parametrize(("user", "password"), [("a1", "guess"), ("nobody", "guess"), ("", ""), ("gateway", "")])
def test_a_wrong_password_is_refused(tmp_path: Path, kind: Kind, user: str, password: str) -> None:
    async def scenario() -> None:
        async with running(tmp_path, kind) as (broker, _), Bare(broker.port, user, password, "x") as stranger:
            await until(lambda: stranger.cut, "the end of the connection")
            assert stranger.code != 0

    asyncio.run(scenario())


@pytest.mark.parametrize("borrowed", ["a1", client_id("a1", b"guess"), "a1~"])
def test_a_borrowed_client_id_kicks_nobody_off(tmp_path: Path, kind: Kind, borrowed: str) -> None:
    async def scenario() -> None:
        async with (
            running(tmp_path, kind) as (broker, credentials),
            Agent(broker, credentials) as victim,
            bare(broker, credentials, "b1", client_id=borrowed) as thief,
            bare(broker, credentials, "gateway") as gateway,
        ):
            assert thief.code == 0, "the name it shows is not the one that counts"
            await thief.subscribe(TOPICS.agent("b1", "desired"))
            await gateway.publish(TOPICS.agent("a1", "desired"), b"still here")
            await until(lambda: victim.got, "the victim's message")
            assert victim.ups == [True] and not thief.got

    asyncio.run(scenario())


def test_a_last_will_in_another_name_is_not_published(tmp_path: Path, kind: Kind) -> None:
    async def scenario() -> None:
        async with running(tmp_path, kind) as (broker, credentials), bare(broker, credentials, "gateway") as gateway:
            await gateway.subscribe(TOPICS.agent("+", "status"))
            for topic in (TOPICS.agent("a1", "status"), TOPICS.agent("b1", "status")):
                await bare_will(broker, topic, password=credentials.login("b1").password)
            await until(lambda: gateway.got, "the will in its own name")
            assert gateway.got == [(TOPICS.agent("b1", "status"), b"dead")]

    asyncio.run(scenario())


def test_the_probe_can_log_in_and_nothing_else(tmp_path: Path, kind: Kind) -> None:
    async def scenario() -> None:
        async with (
            running(tmp_path, kind) as (broker, credentials),
            bare(broker, credentials, "gateway") as gateway,
            bare(broker, credentials, "a1") as agent,
            bare(broker, credentials, PROBE) as probe,
        ):
            assert await gateway.subscribe(f"{TOPICS.root}/#") == b"\x01"
            await probe.subscribe(TOPICS.agent("+", "desired"))
            await probe.publish(TOPICS.agent("a1", "reported"), b"forged")
            await agent.subscribe(TOPICS.agent("a1", "desired"))
            await gateway.publish(TOPICS.agent("a1", "desired"), b"go")
            await until(lambda: agent.got)
            assert not probe.got
            assert all(payload == b"go" for _, payload in gateway.got)

    asyncio.run(scenario())


def test_a_newly_approved_agent_gets_in_and_nobody_is_kicked(tmp_path: Path, kind: Kind) -> None:
    async def scenario() -> None:
        async with running(tmp_path, kind) as (broker, credentials), bare(broker, credentials, "a1") as old:
            credentials.admit(("c1",))
            await broker.reload()
            while True:  # the broker reads the files when the signal reaches it
                async with bare(broker, credentials, "c1") as fresh:
                    if fresh.code == 0:
                        break
                await asyncio.sleep(0.05)
            await old.publish(TOPICS.agent("a1", "reported"), b"still here")
            assert not old.cut

    asyncio.run(scenario())


def test_a_retired_agent_stays_out(tmp_path: Path, kind: Kind) -> None:
    async def scenario() -> None:
        async with running(tmp_path, kind) as (broker, credentials), bare(broker, credentials, "b1") as agent:
            password = credentials.login("b1").password
            credentials.retire("b1")
            await broker.reload()
            await until(lambda: agent.cut, "the end of its connection")
            async with Bare(broker.port, "b1", password) as again:
                assert again.code != 0

    asyncio.run(scenario())


def test_a_giant_message_ends_the_connection_before_it_fills_the_memory(tmp_path: Path, kind: Kind) -> None:
    async def scenario() -> None:
        async with running(tmp_path, kind) as (broker, credentials), bare(broker, credentials, "a1") as agent:
            await agent.publish(TOPICS.agent("a1", "reported"), b"x" * MAX_BYTES)
            agent.send(b"\x32\xff\xff\xff\x7f" + b"x" * MAX_BYTES * 2)  # announces 256 MB
            await until(lambda: agent.cut, "the end of the connection")

    asyncio.run(scenario())
