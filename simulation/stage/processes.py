"""Child processes of the stage: each says one JSON line when it is ready, logs to a file, and is stopped by its own pid."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

READY_S = 60.0  # importing OpenCV and starting a broker on a busy two-core machine
STOP_S = 10.0


class StageError(RuntimeError):
    """The stage could not be set.  The text names the process and shows its last words."""


class Child:
    """One process.  `ready` holds what it said when it was ready."""

    def __init__(self, name: str, arguments: list[str], log: Path) -> None:
        self.name = name
        self.arguments = arguments
        self.log = log
        self.ready: dict[str, Any] = {}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Its process id while it runs."""
        assert self._process is not None, f"{self.name} is not running"
        return self._process.pid

    @property
    def alive(self) -> bool:
        """True while it runs."""
        return self._process is not None and self._process.poll() is None

    def start(self, *, wait: bool = True) -> None:
        """Start it; returns when it is ready.  StageError when it ends or stays silent."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as errors:
            self._process = subprocess.Popen(
                [sys.executable, *self.arguments], stdout=subprocess.PIPE, stderr=errors, start_new_session=True,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )  # fmt: skip
        if wait:
            self.wait_ready()

    def wait_ready(self) -> None:
        """Wait for the ready line of a process that was started."""
        assert self._process is not None and self._process.stdout is not None
        deadline = time.monotonic() + READY_S
        while not select.select([self._process.stdout], [], [], 0.2)[0]:
            if self._process.poll() is not None or time.monotonic() > deadline:
                break
        line = self._process.stdout.readline() if select.select([self._process.stdout], [], [], 0)[0] else b""
        if not line:
            code = self._process.poll()
            what = f"ended with {code}" if code is not None else f"said nothing for {READY_S:.0f} s"
            self.stop()
            raise StageError(f"{self.name}: {what}; its last words in {self.log}:\n{self.last_words()}")
        self.ready = json.loads(line)

    def last_words(self) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-8:]) if self.log.exists() else ""

    def kill(self) -> None:
        """Pull its plug."""
        if self._process is not None:
            self._process.kill()
            self._reap()

    def stop(self) -> None:
        """End it as an operator would; kill it when it does not end.  Repeating is harmless."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._reap()

    def _reap(self) -> None:
        assert self._process is not None
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process = None
