"""The floor measurement and the simulated agents, on both brokers."""

import asyncio
import os
import signal
from pathlib import Path

import pytest
from broker_case import KINDS, TOPICS, Gateway, running, until

from gateway.bench.fanout import FloorError, Rooms, measure_floor
from gateway.bench.swarm import SwarmError, SwarmOfAgents
from gateway.broker import frames
from gateway.broker.credentials import Login
from gateway.broker.supervisor import Kind

pytestmark = pytest.mark.parts
NAMES = tuple(f"pi-{number}" for number in range(30))


ROOMS = Rooms([f"r{index % 3}" for index in range(len(NAMES))], 2_000)


@pytest.mark.parametrize("rooms", [None, ROOMS], ids=["each", "rooms"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_floor_is_a_figure_for_each_round(tmp_path: Path, kind: Kind, rooms: Rooms | None) -> None:
    async def scenario() -> list[float]:
        async with running(tmp_path, kind, NAMES) as (broker, credentials):
            devices = [credentials.login(name) for name in NAMES]
            return await measure_floor(broker.host, broker.port, credentials.login("gateway"), devices, TOPICS, rounds=3, rooms=rooms)

    figures = asyncio.run(scenario())
    assert len(figures) == 3
    assert all(0 < figure < 10_000 for figure in figures)


@pytest.mark.parametrize("kind", KINDS)
def test_a_swarm_answers_a_room_and_each_of_its_members(tmp_path: Path, kind: Kind) -> None:
    heard: list[tuple[int, str]] = []

    def answer(index: int, topic: str, payload: bytes) -> list[tuple[str, bytes]]:
        heard.append((index, topic))
        return [(TOPICS.agent(NAMES[index], "reported"), payload)]

    async def scenario() -> None:
        async with (
            running(tmp_path, kind, NAMES) as (broker, credentials),
            Gateway(broker, credentials) as gateway,
            SwarmOfAgents(broker.host, broker.port, [credentials.login(name) for name in NAMES], TOPICS, answer) as swarm,
        ):
            swarm.publish(3, TOPICS.agent(NAMES[3], "status"), b"birth")
            await until(lambda: gateway.last(TOPICS.agent(NAMES[3], "status")) == b"birth")
            gateway.link.publish(TOPICS.room_scene("r"), b"broadcast", retain=True)
            await until(lambda: all(gateway.last(TOPICS.agent(name, "reported")) == b"broadcast" for name in NAMES))
            gateway.link.publish(TOPICS.agent(NAMES[7], "desired"), b"alone", retain=True)
            await until(lambda: gateway.last(TOPICS.agent(NAMES[7], "reported")) == b"alone")
            assert {index for index, topic in heard if topic == TOPICS.room_scene("r")} == set(range(len(NAMES)))
            assert [index for index, topic in heard if topic.endswith("desired")] == [7]
            swarm.check()

    asyncio.run(scenario())


def test_a_simulated_agent_waits_for_a_broker_that_pauses(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with (
            running(tmp_path, "mosquitto", NAMES[:1]) as (broker, credentials),
            Gateway(broker, credentials) as gateway,
            SwarmOfAgents(broker.host, broker.port, [credentials.login(NAMES[0])], TOPICS, lambda *_: []) as swarm,
        ):
            os.kill(broker.pid, signal.SIGSTOP)
            for _ in range(60):  # of 200 kB: more than the kernel takes
                swarm.publish(0, TOPICS.agent(NAMES[0], "event"), b"x" * 200_000, retain=False)
            os.kill(broker.pid, signal.SIGCONT)
            await until(lambda: len(gateway.got) == 60)
            swarm.check()

    asyncio.run(scenario())


def test_figures_without_all_devices_are_refused(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(tmp_path, "mosquitto", NAMES) as (broker, credentials):
            stranger = [credentials.login(NAMES[0]), Login(NAMES[1], "wrong")]
            with pytest.raises(SwarmError, match=r"pi-1 was (refused|cut off)"):
                await measure_floor(broker.host, broker.port, credentials.login("gateway"), stranger, TOPICS)
            with pytest.raises(FloorError, match=r"refused the commander|cut the commander off"):
                await measure_floor(broker.host, broker.port, Login("gateway", "wrong"), [credentials.login(NAMES[0])], TOPICS)

    asyncio.run(scenario())


@pytest.mark.parametrize("piece", [1, 2, 7, 10_000])
def test_packets_survive_any_cut_of_the_stream(piece: int) -> None:
    sent = [(f"a/{size}", b"x" * size) for size in (0, 1, 126, 127, 128, 16_383, 16_384, 20_000)]
    stream = b"".join(frames.publish(index + 1, topic, payload) for index, (topic, payload) in enumerate(sent))
    reader = frames.FrameReader()
    got = [
        frames.parse_publish(flags, body)
        for start in range(0, len(stream), piece)
        for _, flags, body in reader.feed(stream[start : start + piece])
    ]
    assert got == [(topic, payload, index + 1) for index, (topic, payload) in enumerate(sent)]


def test_a_peer_that_speaks_no_mqtt_is_told_apart() -> None:
    with pytest.raises(frames.FrameError):
        list(frames.FrameReader().feed(b"H\xff\xff\xff\xff\xff"))
