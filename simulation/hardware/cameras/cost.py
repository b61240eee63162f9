"""What virtual cameras cost: a farm in its own process, all its cameras watched, its CPU by its own getrusage."""

import argparse
import json
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

WARM_UP_S = 2.0


def _watch(url: str) -> socket.socket:
    """Play a camera and throw away what comes, without decoding: the client costs the farm nothing but sending."""
    client = socket.create_connection(("127.0.0.1", urlsplit(url).port or 554), timeout=10)
    session = ""
    requests = [
        f"SETUP {url}/track{n} RTSP/1.0\r\nCSeq: {n}\r\nTransport: RTP/AVP/TCP;interleaved={2 * n}-{2 * n + 1}\r\n"
        for n in (0, 1)
    ]
    for request in (*requests, f"PLAY {url} RTSP/1.0\r\nCSeq: 2\r\n"):
        client.sendall((request + (f"Session: {session}\r\n" if session else "") + "\r\n").encode())
        session = client.recv(4096).decode("utf-8", "replace").partition("Session: ")[2].partition(";")[0] or session
    threading.Thread(target=_drain, args=(client,), daemon=True).start()
    return client


def _drain(client: socket.socket) -> None:
    try:
        while client.recv(1 << 16):
            pass
    except OSError:
        pass  # the measurement is over


def measure(cameras: int, seconds: float, size: str, fps: str) -> Mapping[str, object]:
    """CPU in percent of one core per camera: the whole process, and in it the camera's own thread."""
    with tempfile.TemporaryDirectory() as folder:
        control = Path(folder) / "control"
        command = [sys.executable, "-m", "simulation.hardware.cameras", "--control", str(control)]
        command += ["--size", size, "--fps", fps]
        for n in range(cameras):
            command += ["--camera", f"cost-{n}"]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as farm:
            try:
                assert farm.stdout is not None, "asked for as a pipe"
                clients = [_watch(url) for url in json.loads(farm.stdout.readline())["urls"].values()]
                time.sleep(WARM_UP_S)
                before, begun_s = _list(control), time.monotonic()
                time.sleep(seconds)
                after, lasted_s = _list(control), time.monotonic() - begun_s
                for client in clients:
                    client.close()
            finally:
                farm.terminate()
    threads = [sum(camera["cpu_s"] for camera in status["cameras"]) for status in (before, after)]
    filmed = [sum(camera["frames_filmed"] for camera in status["cameras"]) for status in (before, after)]
    per_camera = 100 / lasted_s / cameras
    return {
        "cameras": cameras,
        "size": size,
        "fps": round((filmed[1] - filmed[0]) / lasted_s / cameras, 2),
        "cpu_percent_of_core_per_camera": round((after["cpu_s"] - before["cpu_s"]) * per_camera, 2),
        "of_which_filming": round((threads[1] - threads[0]) * per_camera, 2),
        "frames_skipped": sum(camera["frames_skipped"] for camera in after["cameras"]),
    }


def _list(control: Path) -> dict[str, Any]:
    with socket.socket(socket.AF_UNIX) as asking, asking.makefile("rwb") as lines:
        asking.connect(str(control))
        lines.write(b'{"do": "list"}\n')
        lines.flush()
        status: dict[str, Any] = json.loads(lines.readline())
        return status


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m simulation.hardware.cameras.cost", description=__doc__)
    parser.add_argument("--cameras", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--size", default="640x360")
    parser.add_argument("--fps", default="12.5")
    arguments = parser.parse_args()
    print(json.dumps(measure(arguments.cameras, arguments.seconds, arguments.size, arguments.fps)))


if __name__ == "__main__":
    main()
