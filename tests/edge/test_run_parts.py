"""The agent as a process of its own, with a real broker, a socket board and a kiosk; a gateway of a few lines talks to it."""

import asyncio
import json
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from agent_fakes import command, wait_for
from agent_hall import BIDDER, COMMISSION, POLICY_KEY, admit, body, entry_of
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from edge.core.site import input_lines, output_lines
from simulation.hardware.board import VirtualBoard
from simulation.hardware.door import VirtualDoor
from venue_model import signing
from venue_model.commissioning import Commission, encode_commission
from venue_model.groups import Role
from venue_model.ids import DeviceId, DoorId
from venue_model.signed import ack_bytes, policy_bytes, pulse_bytes
from venue_model.venue import DeviceKind
from venue_model.wire import Desired, Events, Reported, SignedPolicy, Status, Topics, Want, decode, encode

pytestmark = pytest.mark.parts
DOOR = DoorId("o1-door")
TOPICS = Topics(COMMISSION.venue)
SMALL: Commission = replace(
    COMMISSION,
    doors=tuple(d for d in COMMISSION.doors if d.id == DOOR),
    devices=tuple(d for d in COMMISSION.devices if d.kind is DeviceKind.KIOSK),
)
ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[int]:
    program = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    if program is None:
        pytest.skip("no mosquitto on this machine")
    port = free_port()
    (tmp_path / "mosquitto.conf").write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n")
    process = subprocess.Popen([program, "-c", str(tmp_path / "mosquitto.conf")], stderr=subprocess.DEVNULL)
    wait_for("the broker", lambda: _answers(port))
    yield port
    process.terminate()
    process.wait(10)


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 0.2).close()
    except OSError:
        return False
    return True


class Board:
    """One virtual door on a socket board, on an event loop of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.door = VirtualDoor(random.Random(1), pace=0.3)
        self.box = VirtualBoard("io", "tcp:127.0.0.1:0")
        self.box.wire(self.door, {name: f"{DOOR}.{name}" for name in ("strike", "contact", "exit")})
        self._do(self.box.start())

    def _do(self, what: Any) -> None:
        asyncio.run_coroutine_threadsafe(what, self.loop).result(10)

    def act(self, name: str) -> bool:
        """A person at the door."""

        async def at_the_door() -> bool:
            done = getattr(self.door, name)(time.monotonic_ns())
            self.box.pump()
            return done is not False

        return asyncio.run_coroutine_threadsafe(at_the_door(), self.loop).result(10)

    def stop(self) -> None:
        self._do(self.box.stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


class Gateway:
    """Hears everything, signs what is asked."""

    def __init__(self, port: int) -> None:
        self.last: dict[str, bytes] = {}
        self.passages: list[dict[str, Any]] = []
        self.journal, self.seq = "", 0
        self.client = Client(CallbackAPIVersion.VERSION2, "gateway")
        self.client.on_message = self._heard
        self.client.on_connect = lambda client, *_: client.subscribe(f"{TOPICS.root}/agent/+/+", 1)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()

    def _heard(self, _client: Any, _data: Any, message: Any) -> None:
        leaf = message.topic.rpartition("/")[2]
        self.last[leaf] = message.payload
        if leaf == "event":
            events = decode(Events, message.payload)
            self.passages += [e.body for e in events.events if e.kind == "passage" and e.seq > self.seq]
            self.journal, self.seq = events.journal, max(self.seq, events.events[-1].seq)

    def send(self, leaf: str, payload: bytes, *, retain: bool = False) -> None:
        self.client.publish(TOPICS.agent(COMMISSION.agent, leaf), payload, 1, retain)

    def status(self) -> Status:
        return decode(Status, self.last["status"]) if "status" in self.last else Status(False, 0)

    def report(self) -> Reported:
        return decode(Reported, self.last["reported"])

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def start_agent(folder: Path, broker: int, board: Board, kiosk: int) -> subprocess.Popen[bytes]:
    lines = {name: {"direction": "out"} for name in output_lines(SMALL)} | {name: {"direction": "in"} for name in input_lines(SMALL)}
    (folder / "commission.json").write_bytes(encode_commission(SMALL))
    config = {
        "commission": "commission.json", "data": "data",
        "broker": {"host": "127.0.0.1", "port": broker, "user": "front", "password": "x"},
        "wiring": {
            "io": {"driver": "socket", "address": board.box.address, "lines": lines},
            "o1-kiosk": {"driver": "kiosk", "port": kiosk, "page_required": False},
        },
    }  # fmt: skip
    (folder / "edge.json").write_text(json.dumps(config))
    run = "import sys; from edge.cli import main; sys.exit(main())"
    return subprocess.Popen([sys.executable, "-c", run, "--config", str(folder / "edge.json")], cwd=ROOT)


def test_a_day_of_one_door_over_a_real_broker_and_two_lives_of_the_agent(tmp_path: Path, broker: int) -> None:
    board, gateway, kiosk = Board(), Gateway(broker), free_port()
    agent = start_agent(tmp_path, broker, board, kiosk)
    try:
        wait_for("the birth", lambda: gateway.status().on)
        wait_for("the lines", lambda: "reported" in gateway.last and gateway.report().doors[DOOR].position == "closed")

        offered = body(admit("o1", 2, [Role.BID], entry_of(BIDDER)), session=gateway.status().session)
        signed = SignedPolicy(offered, signing.sign(POLICY_KEY, policy_bytes(offered)).hex())
        gateway.send("policy", encode(signed), retain=True)
        wait_for("the policy", lambda: gateway.report().doors[DOOR].components["o1"].epoch == 2)  # type: ignore[index]

        want = Desired(1, 1, None, 0, {DeviceId("o1-kiosk"): Want(lines=("开标中",))})
        gateway.send("desired", encode(want), retain=True)
        wait_for("the kiosk", lambda: gateway.report().generation == 1 and gateway.report().devices[DeviceId("o1-kiosk")].code == 200)
        with urllib.request.urlopen(f"http://127.0.0.1:{kiosk}/state.json", timeout=5) as page:
            assert json.load(page)["lines"] == ["开标中"]

        issued = time.time_ns()
        signature = signing.sign(POLICY_KEY, pulse_bytes(COMMISSION.agent, DOOR, "p1", issued))
        gateway.send("command", command("pulse", "p1", {"door": DOOR}, signature, issued))
        wait_for("the strike", lambda: board.act("pull"))
        wait_for("the passage", lambda: gateway.passages)
        assert (gateway.passages[0]["direction"], gateway.passages[0]["how"]) == ("in", "pulse")
        wait_for("the closed door", lambda: gateway.report().doors[DOOR].components["o1"].settled)  # type: ignore[index]
        board.act("push_exit")
        through = gateway.seq
        signature = signing.sign(POLICY_KEY, ack_bytes(COMMISSION.agent, gateway.journal, through))
        gateway.send("command", command("ack", "a", {"journal": gateway.journal, "through": through}, signature, issued))
        wait_for("the way out", lambda: len(gateway.passages) == 2)
        assert (gateway.passages[1]["direction"], gateway.passages[1]["how"]) == ("out", "exit")
        assert gateway.report().doors[DOOR].components["o1"].net == 0  # type: ignore[index]

        agent.send_signal(signal.SIGKILL)
        agent.wait(10)
        wait_for("the last will", lambda: not gateway.status().on)
        agent = start_agent(tmp_path, broker, board, kiosk)
        wait_for("the second birth", lambda: gateway.status().on and gateway.status().session == 2)
        wait_for("its report", lambda: gateway.report().session == 2 and gateway.report().doors[DOOR].position == "closed")
        again = gateway.report().doors[DOOR]
        assert again.components["o1"].epoch == 2  # type: ignore[index]
        assert again.lease_left_s == 0  # the retained policy is of the old session
        agent.send_signal(signal.SIGTERM)
        assert agent.wait(10) == 0
        wait_for("the goodbye", lambda: gateway.status() == Status(False, 2, "stop"))
    finally:
        agent.kill()
        agent.wait(10)
        gateway.close()
        board.stop()
