"""What the agent says about a wrong configuration, before anything moves."""

import json
from pathlib import Path
from typing import Any

import pytest
from agent_hall import COMMISSION

from edge.cli import main
from edge.core.site import input_lines, output_lines
from edge.drivers.lines_socket import SocketLines
from edge.shell.config import load_config
from edge.shell.drivers import WIRINGS, build, check_wiring, load_class
from edge.shell.hardware import Hardware
from venue_model.commissioning import encode_commission

OUTS = {line: {"direction": "out"} for line in output_lines(COMMISSION)}
INS = {line: {"direction": "in"} for line in input_lines(COMMISSION)}


def config(**changes: Any) -> dict[str, Any]:
    lines = {"driver": "socket", "address": "tcp:127.0.0.1:9", "lines": {**OUTS, **INS}}
    broker = {"host": "127.0.0.1", "port": 1883, "user": "front", "password": "x"}
    return {"commission": "commission.json", "data": "data", "broker": broker, "wiring": {"io": lines}, **changes}


def write(folder: Path, content: object) -> Path:
    (folder / "commission.json").write_bytes(encode_commission(COMMISSION))
    path = folder / "edge.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_a_right_file_is_read(tmp_path: Path) -> None:
    found = load_config(write(tmp_path, config()))
    assert found.commission == COMMISSION
    assert found.data == tmp_path / "data"
    Hardware.from_wiring(found.wiring, found.data)


def test_a_board_with_a_certificate_needs_no_password_and_takes_the_usual_port(tmp_path: Path) -> None:
    broker = {"host": "10.0.0.2", "user": "front", "identity": "issued"}
    found = load_config(write(tmp_path, config(broker=broker))).broker
    assert (found.port, found.password, found.identity) == (8883, "", tmp_path / "issued")


def test_a_password_is_in_no_text_about_the_configuration(tmp_path: Path) -> None:
    found = load_config(write(tmp_path, config(broker={"host": "h", "user": "front", "password": "geheim"})))
    assert "geheim" not in repr(found)


def without(line: str) -> dict[str, Any]:
    lines = {name: entry for name, entry in {**OUTS, **INS}.items() if name != line}
    return {"io": {"driver": "socket", "address": "tcp:127.0.0.1:9", "lines": lines}}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "not JSON"),
        ("[]", "a table is expected"),
        (config(extra=1), "extra: no such entry"),
        (config(commission="gone.json"), "commission: "),
        (config(data=""), "data: missing"),
        (config(broker=None), "broker: missing"),
        (config(broker={"host": "h", "port": 0, "user": "front", "password": ""}), "broker.port: 0 is no port"),
        (config(broker={"host": "h", "port": 1, "user": "other", "password": ""}), "is not the agent's id; write 'front'"),
        (config(broker={"host": "h", "user": "front"}), "broker.password: missing"),
        (config(broker={"host": "h", "user": "front", "identity": 1}), "broker.identity: missing or no text"),
        (config(broker={"host": "h", "user": "front", "identity": "gone"}), "gone/ca.pem: the venue's authority cannot be read"),
        (config(wiring={"io": {"driver": "relay"}}), "wiring.io.driver: 'relay' is no driver; drivers: gpio, socket"),
        (config(wiring={"io": {"driver": "sign", "port": "x", "colour": "red"}}), "wiring.io.colour: driver sign has no such option"),
        (config(wiring={"io": {"driver": "sign"}}), "port is missing"),
        (config(wiring=without("o1-door.strike")), 'line o1-door.strike of board front is not wired; add it with direction "out"'),
        (config(wiring=without("fire") | {"x": {"driver": "gpio", "lines": {"fire": {"direction": "out"}}}}), 'write "in"'),
    ],
)
def test_a_wrong_file_is_told_with_place_and_remedy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: object, words: str
) -> None:
    path = write(tmp_path, content)
    assert main(["--config", str(path)]) == 2
    told = capsys.readouterr().err
    assert words in told
    assert str(path) in told


def test_a_missing_file_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--config", str(tmp_path / "edge.json")]) == 2
    assert "cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize("change", [{"address": "nowhere"}, {"lines": {"a": {"direction": "sideways"}}}, {"poll_s": {}}])
def test_options_that_the_driver_refuses_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: dict[str, Any]
) -> None:
    table = config()
    table["wiring"]["more"] = {"driver": "socket", "address": "tcp:127.0.0.1:9", "lines": {"a": {"direction": "in"}}} | change
    assert main(["--config", str(write(tmp_path, table))]) == 2
    assert "wiring.more" in capsys.readouterr().err


def test_a_damaged_journal_stops_the_agent_with_a_remedy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, config())
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "agent.db").write_bytes(b"no database" * 1_000)
    assert main(["--config", str(path)]) == 1
    assert "keep the file" in capsys.readouterr().err


def test_every_wiring_names_a_class_that_is_there() -> None:
    for name in ("gpio", "socket", "osdp", "sign", "kiosk", "qr"):
        assert callable(load_class(WIRINGS[name]))


def test_an_osdp_line_gets_its_readers() -> None:
    slot = {"device": "o1-reader", "address": 3, "scbk": "0123456789abcdef0123456789abcdef"}
    entry = {"driver": "osdp", "port": "/dev/ttyUSB0", "readers": [slot]}
    bus = build("bus", *check_wiring("bus", entry))
    assert bus.reader("o1-reader")
    for broken, words in (({"address": 200}, "200 is not in"), ({"scbk": "xx"}, r"readers\[0\]"), ({"device": None}, "bus")):
        wiring, options = check_wiring("bus", {**entry, "readers": [slot | broken]})
        if broken == {"device": None}:
            wiring, options = check_wiring("bus", {**entry, "readers": [{"address": 1}]})
        with pytest.raises(ValueError, match=words):
            build("bus", wiring, options)


def test_a_socket_board_is_what_the_file_says() -> None:
    wiring, options = check_wiring("io", {"driver": "socket", "address": "tcp:127.0.0.1:9", "lines": OUTS, "retry_s": [0.1, 0.2]})
    assert isinstance(build("io", wiring, options), SocketLines)
