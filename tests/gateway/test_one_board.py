"""The branch with one board: gateway and agent from the two files of docs/operations.md, on one machine."""

import json
import re
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import httpx
import pytest

import bidhall
from simulation.stage.hardware import CONTROL
from simulation.stage.plan import StagePlan, free_ports, wiring
from simulation.stage.processes import Child
from venue_model.commissioning import decode_commission
from venue_model.ids import BoardId
from venue_model.tools.files import example, read_venue
from venue_model.venue import DeviceKind

ROOT = Path(bidhall.__file__).parent
PAGE = (ROOT / "docs" / "operations.md").read_text("utf-8")
PASSWORD = "kai-biao-branch"
FEW_MB = 400  # of the Pi's 2,000: both programs together, without cameras


def block(language: str, first: str) -> str:
    found = re.search(rf"```{language}\n(# {re.escape(first)}.*?)```", PAGE, re.DOTALL)
    assert found is not None, f"docs/operations.md has no {first}"
    return found[1]


def toml(value: Any) -> str:
    """A value as inline TOML: what a site file says of its wiring, here of virtual hardware."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)


def resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1000  # type: ignore[index]


@pytest.mark.parts
def test_gateway_and_agent_run_on_one_board_from_the_files_of_the_page(tmp_path: Path) -> None:
    venue = read_venue(example("one_pi_branch"))
    places = {"/etc/bidhall": tmp_path / "etc", "/var/lib/bidhall": tmp_path / "var", "/srv/evidence": tmp_path / "evidence"}
    for folder in places.values():
        folder.mkdir()
    (places["/etc/bidhall"] / "venue.toml").write_bytes(example("one_pi_branch").read_bytes())
    config = block("toml", "/etc/bidhall/gateway.toml")
    broker_port, web_port = free_ports(2)

    def here(text: str) -> str:
        for place, folder in places.items():
            text = text.replace(place, str(folder))
        return text.replace("1883", str(broker_port))

    # The one thing that differs: this machine keeps to itself.
    config_file = places["/etc/bidhall"] / "gateway.toml"
    config_file.write_text(here(config).replace('"0.0.0.0"', '"127.0.0.1"').replace("port = 443", f"port = {web_port}"))
    sockets = tmp_path / "s"
    sockets.mkdir()
    plan = StagePlan(venue, sockets, 0.2)
    venue_file = str(config_file.parent / "venue.toml")
    parts = ["-m", "simulation.stage.hardware", venue_file, str(sockets), "--pace", "0.2", "--seed", "1"]
    hardware = Child("hardware", parts, tmp_path / "hardware.log")
    account = ["--account", f"staff:staff:{PASSWORD}"]
    gateway = Child("gateway", ["-m", "bidhall", "gateway", "--config", str(config_file), *account], tmp_path / "gateway.log")
    edge_file = places["/etc/bidhall"] / "boards" / "pi" / "edge.json"
    edge = Child("edge", ["-m", "bidhall", "edge", "--config", str(edge_file)], tmp_path / "edge.log")
    try:
        hardware.start()
        gateway.start()
        issued = places["/var/lib/bidhall"] / "gateway" / "boards" / "pi"
        record = decode_commission((issued / "commission.json").read_bytes(), "commission.json")
        kiosks = [d.id for d in venue.devices.values() if d.kind is DeviceKind.KIOSK]
        ports = dict(zip(kiosks, free_ports(len(kiosks)), strict=True))
        lenses = (DeviceKind.CAMERA, DeviceKind.QR_CAMERA)
        cameras: dict[str, str] = {d.id: "rtsp://127.0.0.1:1/x" for d in venue.devices.values() if d.kind in lenses}
        site = tmp_path / "site.toml"
        wired = wiring(plan, BoardId("pi"), record, cameras, ports, places["/srv/evidence"])
        site.write_text("[board.pi]\nwiring = " + toml(wired) + "\n")
        assert tomllib.loads(site.read_text())["board"]["pi"]["wiring"].keys() == wired.keys()
        script = tmp_path / "make_edge.py"
        script.write_text(here(block("python", "make_edge.py SITE_FILE")))
        subprocess.run([sys.executable, str(script), str(site)], check=True, timeout=30)
        assert edge_file.stat().st_mode & 0o077 == 0
        edge.start(wait=False)
        with httpx.Client(base_url=str(gateway.ready["url"]), timeout=30, trust_env=False) as client:
            client.post("/api/v1/session", json={"account": "staff", "password": PASSWORD}).raise_for_status()
            state: dict[str, Any] = {}
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:
                state = client.get("/api/v1/state").json()
                doors = state["doors"].values()
                if state["boards"]["pi"]["online"] and all(door["position"] == "closed" and door["lease_left_s"] > 0 for door in doors):
                    break
                time.sleep(0.2)
            assert state["boards"]["pi"]["online"], edge.last_words()
            assert {door["position"] for door in state["doors"].values()} == {"closed"}
            health = client.get("/api/v1/health").json()
            assert {part["name"]: part["level"] for part in health["parts"]}["agents"] == "ok"
        with httpx.Client(base_url=str(gateway.ready["url"]), timeout=30, trust_env=False) as monitor:
            assert monitor.get("/metrics").status_code == 200, "a monitor on the board needs no account"
        used = resident_mb(gateway.pid) + resident_mb(edge.pid)
        print(f"gateway {resident_mb(gateway.pid):.0f} MB, agent {resident_mb(edge.pid):.0f} MB")
        assert used < FEW_MB
        assert (sockets / CONTROL).exists()
    finally:
        for child in (edge, gateway, hardware):
            child.stop()


def test_the_services_run_the_files_of_the_page() -> None:
    systemd = ROOT / "firmware_configs" / "systemd"
    assert "--config /etc/bidhall/gateway.toml" in (systemd / "bidhall-gateway.service").read_text()
    assert "--config /etc/bidhall/boards/%i/edge.json" in (systemd / "bidhall-edge@.service").read_text()
