"""Telling cameras what to do from outside, and running them as a process."""

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from simulation.hardware.cameras import CameraError, CameraFarm, CameraSpec, VirtualCamera
from simulation.hardware.cameras.camera import Fault
from simulation.hardware.cameras.control import obey


def _ask(cameras: dict[str, VirtualCamera], wish: object) -> dict[str, object]:
    line = wish if isinstance(wish, bytes) else json.dumps(wish).encode()
    answer: dict[str, object] = json.loads(obey(cameras, lambda: {"cameras": list(cameras)}, line))
    return answer


@pytest.mark.parametrize("fault", list(Fault))
def test_a_fault_lasts_as_long_as_was_said_and_zero_ends_it(fault: Fault) -> None:
    camera = VirtualCamera(CameraSpec("a"))
    dropped: list[str] = []
    camera.drop = lambda: dropped.append("dropped")
    assert _ask({"a": camera}, {"do": fault.value, "camera": "a", "seconds": 60}) == {"ok": True}
    assert 50 < camera.fault_left_s(fault) <= 60
    assert camera.status().faults == (fault.value,)
    assert dropped == (["dropped"] if fault is Fault.AWAY else [])
    _ask({"a": camera}, {"do": fault.value, "camera": "a", "seconds": 0})
    assert camera.status().faults == ()


def test_other_deeds() -> None:
    cameras = {"a": VirtualCamera(CameraSpec("a")), "b": VirtualCamera(CameraSpec("b"))}
    assert _ask(cameras, {"do": "list"}) == {"ok": True, "cameras": ["a", "b"]}
    assert _ask(cameras, {"do": "clock_offset_ms", "camera": "b", "offset_ms": -1500}) == {"ok": True}
    assert [camera.status().clock_offset_ms for camera in cameras.values()] == [0, -1500]
    assert _ask(cameras, {"do": "drop_connection", "camera": "a"}) == {"ok": True}
    assert _ask(cameras, {"do": "show", "camera": "a", "qr": "pass", "seconds": 1}) == {"ok": True}


@pytest.mark.parametrize(
    ("wish", "error"),
    [
        (b"stall", "Expecting value"),
        ([1], "expected an object"),
        ({"do": "explode", "camera": "a"}, "do: 'explode' is unknown; take list, show, stall"),
        ({"do": "stall", "camera": "z", "seconds": 1}, "camera 'z': not here; this farm has a"),
        ({"do": "stall", "camera": ["a"], "seconds": 1}, "camera ['a']: not here"),
        ({"do": "stall", "camera": "a"}, "stall: seconds: None is not a number"),
        ({"do": "stall", "camera": "a", "seconds": True}, "True is not a number"),
        ({"do": "stall", "camera": "a", "seconds": -1}, "camera 'a': -1 s is not a duration"),
        (b'{"do": "stall", "camera": "a", "seconds": NaN}', "nan s is not a duration"),
        ({"do": "clock_offset_ms", "camera": "a", "offset_ms": 1e15}, "more than ten years"),
        ({"do": "show", "camera": "a", "seconds": 1}, "give either qr (text) or png (base64)"),
        ({"do": "show", "camera": "a", "png": "?", "seconds": 1}, "not base64"),
        ({"do": "show", "camera": "a", "png": base64.b64encode(b"GIF").decode(), "seconds": 1}, "not a PNG"),
    ],
)
def test_a_wish_that_cannot_be_granted_is_answered_with_the_reason(wish: object, error: str) -> None:
    answer = _ask({"a": VirtualCamera(CameraSpec("a"))}, wish)
    assert answer["ok"] is False
    assert error in str(answer["error"])


def test_two_cameras_that_recordings_could_not_tell_apart_are_refused() -> None:
    with pytest.raises(CameraError, match="give it another id"):
        CameraFarm([CameraSpec("a"), CameraSpec("a")])


@pytest.mark.parts
def test_a_port_that_is_taken_is_said_and_nothing_is_left_running() -> None:
    with CameraFarm([CameraSpec("a")]) as farm, pytest.raises(OSError, match="address already in use"):
        CameraFarm([CameraSpec("b")], port=farm.port).start()
    assert [thread.name for thread in threading.enumerate() if "camera" in thread.name] == []


@pytest.mark.parts
def test_as_a_process_it_says_where_it_is_obeys_and_ends_cleanly(tmp_path: Path) -> None:
    control = tmp_path / "control"
    command = [sys.executable, "-m", "simulation.hardware.cameras", "--camera", "a:评标室", "--camera", "b"]
    with subprocess.Popen([*command, "--control", control], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        urls = json.loads(process.stdout.readline())["urls"]
        assert list(urls) == ["a", "b"] and urls["b"].startswith("rtsp://127.0.0.1:")
        with socket.socket(socket.AF_UNIX) as told, told.makefile("rwb") as lines:
            told.settimeout(10)
            told.connect(os.fspath(control))
            for wish in ({"do": "black", "camera": "a", "seconds": 5}, {"do": "list"}):
                lines.write(json.dumps(wish).encode() + b"\n")
            lines.flush()
            assert json.loads(lines.readline()) == {"ok": True}
            cameras = json.loads(lines.readline())["cameras"]
            assert [camera["name"] for camera in cameras] == ["评标室", ""]
            assert cameras[0]["faults"] == ["black"]
            process.send_signal(signal.SIGTERM)  # with a client still connected
            assert process.wait(20) == 0
        assert process.stderr.read() == b""
    assert not control.exists()


@pytest.mark.parts
def test_a_wrong_command_line_ends_with_a_reason() -> None:
    command = [sys.executable, "-m", "simulation.hardware.cameras", "--camera", "a", "--size", "huge"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stderr) == (2, "cameras: --size huge: expected WIDTHxHEIGHT, such as 1920x1080\n")
