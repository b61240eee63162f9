"""The whole venue on this machine: broker, gateway, agents, virtual hardware, cameras, stand-in platform; started and ended in order."""

import json
import secrets
import shutil
import ssl
import tempfile
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from simulation.platform.process import PlatformProcess
from simulation.stage.hands import Hands
from simulation.stage.hardware import CONTROL
from simulation.stage.plan import StagePlan, free_ports, wiring
from simulation.stage.processes import Child, StageError
from venue_model import signing
from venue_model.commissioning import decode_commission
from venue_model.ids import BoardId
from venue_model.tools.files import read_venue
from venue_model.venue import DeviceKind

ACCOUNTS = (
    ("staff", "staff", "kai-biao-demo"), ("supervisor", "supervisor", "jian-du-demo"), ("integrator", "integrator", "ji-cheng-demo"),
)  # fmt: skip
APPROVERS = (("zhang-sup", "SUP"), ("li-wit", "WIT"))


@dataclass(frozen=True, slots=True)
class HouseOptions:
    """What the house is built from.  `entry_window_s` None keeps the venue file's.  `tls`: boards and browsers speak TLS even here,
    where only this machine could listen."""

    venue: Path
    folder: Path
    port: int = 0
    pace: float = 1.0
    entry_window_s: int | None = None
    lease_s: int | None = None
    broker: str = ""
    seed: int = 1
    pages: bool = True
    tls: bool = False


class House:
    """A context manager: inside it the venue runs.  All processes end with it, also after an error."""

    def __init__(self, options: HouseOptions) -> None:
        self.options = options
        self.folder = options.folder
        self.folder.mkdir(parents=True, exist_ok=True)
        # Unix socket paths hold 108 bytes: sockets and ptys live in a short folder of their own.
        self.sockets = Path(tempfile.mkdtemp(prefix="bidhall-"))
        self.approver_keys = _approver_keys(self.folder / "approvers")
        self.venue_file = _venue_copy(options, self.folder / "venue.toml", self.approver_keys)
        self.venue = read_venue(self.venue_file)
        self.plan = StagePlan(self.venue, self.sockets, options.pace)
        self.evidence = self.folder / "evidence"
        kiosks = [d.id for d in self.venue.devices.values() if d.kind is DeviceKind.KIOSK]
        self.kiosk_ports = dict(zip(kiosks, free_ports(len(kiosks)), strict=True))
        self.token = secrets.token_hex(16)
        self.platform = PlatformProcess(self.folder / "platform", self.token)
        logs = self.folder / "logs"
        self.hardware = Child(
            "hardware",
            [
                "-m", "simulation.stage.hardware", str(self.venue_file), str(self.sockets), "--pace", str(options.pace),
                "--seed", str(options.seed),
            ],
            logs / "hardware.log",
        )  # fmt: skip
        cameras = [x for c in self.plan.cameras for x in ("--camera", f"{c}:{c}")]
        self.cameras = Child(
            "cameras",
            ["-m", "simulation.hardware.cameras", *cameras, "--control", str(self.sockets / "cameras.sock")],
            logs / "cameras.log",
        )
        accounts = [x for a in ACCOUNTS for x in ("--account", ":".join(a))]
        self.gateway = Child(
            "gateway", ["-m", "bidhall", "gateway", "--config", str(self.folder / "gateway.toml"), *accounts], logs / "gateway.log"
        )
        self.agents = {
            board: Child(f"agent {board}", ["-m", "bidhall", "edge", "--config", str(self._agent_config(board))], logs / f"{board}.log")
            for board in self.venue.boards
        }
        self._hands: list[Hands] = []

    # life

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _start(self) -> None:
        self.hardware.start(wait=False)
        if self.plan.cameras:
            self.cameras.start(wait=False)
        self.platform.start()
        self._write_gateway_config(self.options.port)
        self.gateway.start()
        self._write_gateway_config(int(self.url.rpartition(":")[2]))  # a restart keeps the address
        self.hardware.wait_ready()
        if self.plan.cameras:
            self.cameras.wait_ready()
        for board, agent in self.agents.items():
            self._write_agent_config(board)
            agent.start(wait=False)
        self.doors = self._hand(self.sockets / CONTROL)
        self.lenses = self._hand(self.sockets / "cameras.sock") if self.plan.cameras else None

    def check_alive(self) -> None:
        """StageError when one of the processes has ended by itself."""
        for child in (self.hardware, self.gateway, *self.agents.values(), *([self.cameras] if self.plan.cameras else [])):
            if not child.alive:
                raise StageError(f"{child.name} has ended; its last words in {child.log}:\n{child.last_words()}")

    def close(self) -> None:
        """End everything, agents first."""
        for hand in self._hands:
            hand.close()
        self._hands = []
        for child in (*self.agents.values(), self.gateway, self.cameras, self.hardware):
            child.stop()
        self.platform.stop()
        self.platform.close()
        shutil.rmtree(self.sockets, ignore_errors=True)

    def _hand(self, path: Path) -> Hands:
        hand = Hands(path)
        self._hands.append(hand)
        return hand

    # addresses and people

    @property
    def url(self) -> str:
        """The dashboard and the API."""
        return str(self.gateway.ready["url"])

    @property
    def trust(self) -> ssl.SSLContext | bool:
        """Whom a client of the API believes."""
        if not self.options.tls:
            return True
        return ssl.create_default_context(cafile=self.folder / "gateway" / "keys" / "pki" / "ca.pem")

    def client(self, account: str) -> httpx.Client:
        """An API client that is signed in as a demo account."""
        password = next(password for name, _, password in ACCOUNTS if name == account)
        client = httpx.Client(base_url=self.url, timeout=30, trust_env=False, verify=self.trust)
        answer = client.post("/api/v1/session", json={"account": account, "password": password})
        answer.raise_for_status()
        return client

    def approve(self, commands: Iterable[dict[str, Any]]) -> list[dict[str, str]]:
        """Both approvers sign the commands of a preview."""
        return [
            {"component": c["component"], "approver": name, "signature": signing.sign(key, c["text"].encode()).hex()}
            for c in commands
            for name, key in self.approver_keys.items()
        ]

    # files

    def _write_gateway_config(self, port: int) -> None:
        switch = "on" if self.options.tls else "auto"
        text = (
            f'venue = "{self.venue_file.name}"\ndata = "gateway"\nevidence = "evidence"\nport = {port}\n\n'
            f'[broker]\nkind = "{self.options.broker}"\ntls = "{switch}"\n\n[tls]\nweb = "{switch}"\n\n'
            f'[platform]\nurl = "{self.platform.url}"\ntoken = "{self.token}"\npull_s = 0.5\n'
        )
        (self.folder / "gateway.toml").write_text(text, "utf-8")

    def _agent_config(self, board: BoardId) -> Path:
        return self.folder / "agents" / board / "edge.json"

    def _write_agent_config(self, board: BoardId) -> None:
        issued = self.folder / "gateway" / "boards" / board
        record = decode_commission((issued / "commission.json").read_bytes(), "commission.json")
        login = json.loads((issued / "login.json").read_bytes())
        if "identity" in login:
            login["identity"] = str(issued)
        host, port = self.gateway.ready["broker"]
        urls = self.cameras.ready.get("urls", {})
        config = {
            "commission": str(issued / "commission.json"),
            "data": str(self._agent_config(board).parent),
            "broker": {"host": host, "port": port, **login},
            "wiring": wiring(self.plan, board, record, urls, self.kiosk_ports, self.evidence),
        }
        path = self._agent_config(board)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(config, indent=1), "utf-8")
        path.chmod(0o600)


def _approver_keys(folder: Path) -> dict[str, bytes]:
    """The demo's approvers; their keys are files that a person would carry on a stick."""
    folder.mkdir(parents=True, exist_ok=True)
    keys = {}
    for name, _ in APPROVERS:
        path = folder / f"{name}.key"
        if not path.exists():
            path.touch(0o600)
            path.write_text(secrets.token_hex(32), "utf-8")
        keys[name] = bytes.fromhex(path.read_text("utf-8").strip())
    return keys


def _venue_copy(options: HouseOptions, target: Path, keys: dict[str, bytes]) -> Path:
    """The venue file with the demo's approvers and the rehearsal's shorter windows."""
    text = options.venue.read_text("utf-8")
    table = tomllib.loads(text)["venue"]
    extra = [
        f"{name} = {value}"
        for name, value in (("entry_window_s", options.entry_window_s), ("lease_s", options.lease_s))
        if value is not None and name not in table
    ]
    text = text.replace("[venue]\n", "\n".join(["[venue]", *extra]) + "\n", 1)
    roles = dict(APPROVERS)
    for name, key in keys.items():
        text += f'\n[[approver]]\nid = "{name}"\nrole = "{roles[name]}"\npublic_key = "{signing.public_key_of(key).hex()}"\n'
    target.write_text(text, "utf-8")
    return target
