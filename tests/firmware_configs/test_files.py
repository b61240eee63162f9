"""The data that ships for hardware: every file loads, pins are real and used once, and the drivers know every option."""

import configparser
import json
import re
import ssl
import subprocess
import sys
import tomllib
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

import bidhall
import firmware_configs
from edge.drivers.line_config import check_pins, load_lines
from edge.shell.config import check_lines, load_config
from edge.shell.drivers import WIRINGS, build, check_wiring
from gateway.broker import mosquitto
from gateway.broker.credentials import Certified
from venue_model.commissioning import commission, encode_commission
from venue_model.ids import BoardId, VenueId
from venue_model.tools.files import example, read_venue
from venue_model.venue import DeviceKind, Lock
from venue_model.wire import Topics

ROOT = Path(firmware_configs.__file__).parent
TOML = sorted(ROOT.rglob("*.toml"))
DEVICES = sorted((ROOT / "devices").glob("*.toml"))
SITES = sorted((ROOT / "sites").glob("*.toml"))
README = (ROOT / "README.md").read_text("utf-8")


def load(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text("utf-8"))


BOARD = load(ROOT / "boards" / "pi4-door.toml")


def site_boards() -> list[tuple[Path, str, dict[str, Any]]]:
    return [(path, board, table) for path in SITES for board, table in load(path)["board"].items()]


def filled_in(wiring: dict[str, Any]) -> dict[str, Any]:
    """As a site would have it: keys and passwords in their places."""
    filled = deepcopy(wiring)
    for entry in filled.values():
        for n, reader in enumerate(entry.get("readers", ())):
            assert reader["scbk"] == "FILL-IN", "no key is ever committed"
            reader["scbk"] = f"{n + 1:02x}5c" * 8
    return filled


@pytest.mark.parametrize("path", TOML, ids=lambda p: p.name)
def test_a_file_loads_and_names_its_schema(path: Path) -> None:
    assert load(path)["schema"] == 1
    assert not path.read_text("utf-8").startswith("schema"), "a file says first what it is"


def test_the_header_is_the_one_with_40_pins() -> None:
    pins = {int(pin): entry for pin, entry in BOARD["pin"].items()}
    assert sorted(pins) == list(range(28))
    power = {1, 2, 4, 6, 9, 14, 17, 20, 25, 30, 34, 39}
    assert sorted(entry["header"] for entry in pins.values()) == sorted(set(range(1, 41)) - power)
    pulled_up = {pin for pin, entry in pins.items() if entry["boot"] == "high"}
    assert pulled_up == set(range(9)), "GPIO 0 to 8 are pulled up before any program runs"
    assert all(entry["use"] in {"line", "line-in", "console", "id-eeprom"} for entry in pins.values())
    assert not [pin for pin, entry in pins.items() if entry["use"] == "line" and entry["boot"] == "high"]


@pytest.mark.parametrize("kind", sorted(BOARD["wiring"]))
def test_each_kind_of_line_says_how_it_is_wired_why_and_what_it_masks(kind: str) -> None:
    entry = BOARD["wiring"][kind]
    load_lines({kind: {"direction": entry["direction"], **entry["options"]}})
    assert entry["why"] and entry["masks"] and entry["active_means"]
    assert entry["direction"] == "in" or entry["boot"] == "low", "nothing moves at boot"


@pytest.mark.parametrize(("path", "board", "table"), site_boards(), ids=lambda v: v.stem if isinstance(v, Path) else "")
def test_a_sites_pins_are_free_known_and_safe_at_boot(path: Path, board: str, table: dict[str, Any]) -> None:
    pins = load(ROOT / "boards" / f"{table['model']}.toml")["pin"]
    for entry in table["wiring"].values():
        if entry["driver"] != "gpio":
            continue
        lines = load_lines(entry["lines"])
        assert check_pins(lines) == []
        for name, line in lines.items():
            pin = pins[str(line.pin)]
            assert pin["use"] in ("line", "line-in"), name
            assert line.direction == "in" or pin == {**pin, "use": "line", "boot": "low"}, f"{name} would tick at boot"


@pytest.mark.parametrize(("path", "board", "table"), site_boards(), ids=lambda v: v.stem if isinstance(v, Path) else "")
def test_a_sites_lines_are_wired_as_the_board_file_says(path: Path, board: str, table: dict[str, Any]) -> None:
    for entry in table["wiring"].values():
        for name, line in entry.get("lines", {}).items():
            said = BOARD["wiring"].get(name.rpartition(".")[2], BOARD["wiring"]["fire"])
            assert {k: v for k, v in line.items() if k != "pin"} == {"direction": said["direction"], **said["options"]}, name


@pytest.mark.parametrize(("path", "board", "table"), site_boards(), ids=lambda v: v.stem if isinstance(v, Path) else "")
def test_a_site_wires_all_that_its_venue_has_and_the_drivers_take_it(path: Path, board: str, table: dict[str, Any]) -> None:
    venue = read_venue(example(load(path)["venue"]))
    record = commission(venue, BoardId(board), "ab" * 32)
    wiring = {device: check_wiring(device, entry) for device, entry in filled_in(table["wiring"]).items()}
    check_lines(path, record, wiring)
    named = set(wiring)
    for kind, options in wiring.values():
        named |= {slot["device"] for slot in options.get("readers", ())} | set(options.get("cameras", ()))
        assert kind.kind != "osdp" or len(options["readers"]) <= 4
    lines = {name for _, options in wiring.values() for name in options.get("lines", ())}
    by_line = {DeviceKind.LOCKER, DeviceKind.LIGHT, DeviceKind.FIRE_INPUT}
    for device in record.devices:
        assert (device.id in named) == (device.kind not in by_line), device.id
        assert device.kind not in by_line or any(line == device.id or line.startswith(f"{device.id}.") for line in lines)
    for name, (kind, options) in wiring.items():
        if kind.kind in ("lines", "osdp", "display"):
            build(name, kind, options)


def test_no_secret_is_in_any_file() -> None:
    for path in ROOT.rglob("*"):
        if path.suffix in {".toml", ".conf", ".service", ".access", ".md"}:
            text = path.read_text("utf-8")
            assert not re.search(r"\b[0-9a-f]{32,}\b", text), path
            assert not re.search(r"rtsp://(?!USER:PASSWORD@)[^\s\"]+@", text), path


@pytest.mark.parametrize("path", DEVICES, ids=lambda p: p.name)
def test_a_device_file_gives_every_number_its_source(path: Path) -> None:
    device = load(path)
    assert device["kind"] in {*DeviceKind, "lock"}
    assert device["power_loss"] and device["before_use"]["check"]
    for name, number in device["timing"].items():
        assert number["value"] > 0 and len(number["source"]) > 20, name
        for file in re.findall(r"(?:edge|gateway|simulation|venue_model)/[a-z_/]+\.py", number["source"]):
            assert (ROOT.parent / file).is_file(), file
    if "driver" in device:
        known = WIRINGS[device["driver"]].options
        free_words = {"readers_a_line", "main_stream", "small_stream"}
        assert set(device["options"]) - free_words <= set(known)
    else:
        assert device["lock"] in set(Lock)


def test_there_is_a_device_file_for_each_kind_that_the_site_uses() -> None:
    covered = {load(path).get("driver") for path in DEVICES}
    assert {entry["driver"] for _, _, table in site_boards() for entry in table["wiring"].values()} - {"gpio", "qr"} <= covered


def test_every_driver_option_is_in_the_reference() -> None:
    for word, wiring in WIRINGS.items():
        assert f"| `{word}` |" in README
        assert [option for option in wiring.options if f"`{option}`" not in README] == []
    for option in ("direction", "pin", "active_high", "pull", "debounce_ms", "fast_assert"):
        assert f"| `{option}` |" in README


def test_the_recipe_of_the_reference_makes_a_file_that_the_agent_takes(tmp_path: Path) -> None:
    recipe = re.search(r"<<'END'.*?\n(.*?)\nEND\n", README, re.DOTALL)
    assert recipe is not None
    board = tmp_path / "boards" / "pi"
    board.mkdir(parents=True)
    (board / "login.json").write_text('{"user": "pi", "identity": "."}')
    (board / "commission.json").write_bytes(encode_commission(commission(read_venue(example("one_pi_branch")), BoardId("pi"), "ab" * 32)))
    script = recipe[1].replace("/etc/bidhall", str(tmp_path))
    command = [sys.executable, "-", str(SITES[0]), "pi", "192.0.2.10"]
    printed = subprocess.run(command, input=script, capture_output=True, text=True, check=True).stdout
    assert json.loads(printed)["broker"] == {"host": "192.0.2.10", "port": 8883, "user": "pi", "identity": "."}
    (board / "edge.json").write_text(printed)
    assert load_config(board / "edge.json").commission.agent == "pi"


def test_the_shown_broker_configuration_is_what_the_gateway_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "bidhall")
    shown = (ROOT / "mosquitto" / "mosquitto.conf").read_text("utf-8")
    keys = Path("/var/lib/bidhall/keys/pki")

    def unused(_: str) -> ssl.SSLContext:
        raise AssertionError("a text needs no connection")

    certified = Certified(keys / "ca.pem", keys / "server.pem", keys / "crl.pem", dict, unused, unused)
    assert shown == mosquitto.config_text(Path("/var/lib/bidhall/broker"), "0.0.0.0", 8883, certified)
    access = (ROOT / "mosquitto" / "mosquitto.access").read_text("utf-8")
    assert access == mosquitto.access_text(Topics(VenueId("one-pi-branch")))


@pytest.mark.parametrize("name", ["bidhall-gateway.service", "bidhall-edge@.service"])
def test_a_service_starts_a_command_that_exists_and_restarts_what_can_be_mended(name: str) -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string((ROOT / "systemd" / name).read_text("utf-8"))
    program, command, *rest = unit["Service"]["ExecStart"].split()
    assert (program, rest[0]) == ("/opt/bidhall/.venv/bin/bidhall", "--config")
    assert command in bidhall.COMMANDS
    assert unit["Service"]["RestartPreventExitStatus"] == "2"
    feeds = any("NOTIFY_SOCKET" in path.read_text("utf-8") for path in (ROOT.parent / command).rglob("*.py"))
    assert ("WatchdogSec" in unit["Service"]) == feeds, "a watchdog that nobody feeds kills the service"
