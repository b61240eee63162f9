"""`bidhall device test` tells a device that keeps its driver's promises from one that does not."""

import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from agent_hall import COMMISSION
from test_run_parts import Board, free_port

import bidhall
from edge.drivers.protocols import DeviceError, DeviceHealth, Emit
from edge.shell import desk_test
from edge.shell.desk_test import check_device
from edge.shell.drivers import WIRINGS
from venue_model.bundles import pack
from venue_model.commissioning import encode_commission
from venue_model.venue import DeviceKind

LINES = {"o1-door.strike": {"direction": "out"}, "o1-door.contact": {"direction": "in"}, "o1-door.exit": {"direction": "in"}}


@pytest.fixture
def board() -> Iterator[Board]:
    found = Board()
    yield found
    found.stop()


def faults(device: str, driver: str, **options: Any) -> list[str]:
    return [f"{check.promise}: {check.fault}" for check in check_device(device, WIRINGS[driver], options, drive=True) if check.fault]


@pytest.mark.parts
def test_a_line_board_that_answers_keeps_every_promise(board: Board) -> None:
    assert faults("io", "socket", address=board.box.address, lines=LINES) == []


def test_a_line_board_that_is_not_there_is_named_with_what_to_look_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_test, "THERE_S", 1.0)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        found = faults("io", "socket", address=f"tcp:127.0.0.1:{nobody.getsockname()[1]}", lines=LINES)
    assert any("io 在线" in fault for fault in found)
    assert any("strike" in fault for fault in found)


def test_a_kiosk_shows_what_it_is_told() -> None:
    assert faults("kiosk", "kiosk", port=free_port(), page_required=False) == []


class Broken:
    """A driver that breaks one promise."""

    def __init__(self, device: str, how: str = "") -> None:
        self.device, self.how = device, how

    def start(self, emit: Emit) -> None:
        if self.how == "start":
            raise RuntimeError("no port")
        emit(DeviceHealth(self.device, True, "online", "", 2**62 if self.how == "time" else 0))

    def stop(self) -> None:
        if self.how == "stop":
            raise RuntimeError("already gone")

    def show(self, lines: object, *, colour: str = "green", urgent: bool = False) -> None:
        if self.how == "show":
            raise KeyError("glyph")
        if self.how == "dark":
            raise DeviceError("sign: no answer; look at its cable")


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("", None), ("start", "no port"), ("time", "ahead"), ("stop", "already gone"), ("show", "instead of a DeviceError"),
        ("dark", "look at its cable"),
    ],
)  # fmt: skip
def test_each_broken_promise_is_told(monkeypatch: pytest.MonkeyPatch, how: str, said: str | None) -> None:
    monkeypatch.setattr(desk_test, "build", lambda device, wiring, options: Broken(device, how))
    found = faults("sign", "sign", port="/dev/null")
    assert (found == []) if said is None else any(said in fault for fault in found)


def test_the_command_ends_with_1_when_a_promise_is_broken_and_says_which(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    record = replace(COMMISSION, doors=(), devices=tuple(d for d in COMMISSION.devices if d.kind is DeviceKind.KIOSK))
    (tmp_path / "commission.json").write_bytes(encode_commission(record))
    broker = {"host": "127.0.0.1", "port": 1, "user": COMMISSION.agent, "password": "x"}
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    config = {
        "commission": "commission.json", "data": "data", "broker": broker,
        "wiring": {
            "k1": {"driver": "kiosk", "port": free_port(), "page_required": False},
            "k2": {"driver": "kiosk", "port": taken.getsockname()[1]},
        },
    }  # fmt: skip
    (tmp_path / "edge.json").write_text(json.dumps(config))
    assert bidhall.main(["device", "test", "k1", "--config", str(tmp_path / "edge.json")]) == 0
    assert "✓" in capsys.readouterr().out
    monkeypatch.setattr(desk_test, "THERE_S", 1.0)
    assert bidhall.main(["device", "test", "k2", "--config", str(tmp_path / "edge.json")]) == 1
    taken.close()
    assert "✗" in capsys.readouterr().out
    assert bidhall.main(["device", "test", "k9", "--config", str(tmp_path / "edge.json")]) == 2


def test_a_program_is_made_signed_and_installed_by_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key, bundle, slots = tmp_path / "release.key", tmp_path / "b.bundle", tmp_path / "slots"
    assert bidhall.main(["device", "key", "--out", str(key)]) == 0
    slots.mkdir()
    (slots / "release.pub").write_text(capsys.readouterr().out)
    assert bidhall.main(["device", "bundle", "--key", str(key), "--out", str(bundle), "--version", "1.0", "--number", "1"]) == 0
    assert bidhall.main(["device", "install", str(bundle), "--slots", str(slots)]) == 0
    assert (slots / "program" / "current" / "bidhall.py").is_file()
    assert key.stat().st_mode & 0o077 == 0
    assert bidhall.main(["device", "key", "--out", str(key)]) == 2
    bundle.write_bytes(pack("2", 2, {}, bytes(32)))
    assert bidhall.main(["device", "install", str(bundle), "--slots", str(slots)]) == 2
    assert "release key" in capsys.readouterr().err
