"""Runs the stand-in as a process of its own and speaks to its control API: for the demo, the tender day and the tests."""

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
from pydantic import TypeAdapter

from gateway.trading.base import PhaseEvent
from simulation.platform.behaviour import Away, Wrong
from simulation.platform.book import Received
from venue_model.lots import Lot

_RECEIVED = TypeAdapter(list[Received])


class PlatformProcess:
    """The stand-in, from `start` to `stop`.  `start` after `stop` or `kill` brings it back at the same address."""

    def __init__(self, data: Path, token: str, port: int = 0) -> None:
        self.token = token
        self.url = ""
        self._data = data
        self._port = port
        self._process: subprocess.Popen[str] | None = None
        self._control = httpx.Client(timeout=30, trust_env=False)

    def start(self) -> Self:
        """Returns when it answers.  RuntimeError when it does not come up; its own words are on standard error."""
        assert self._process is None, "the stand-in runs already"
        command = [sys.executable, "-m", "simulation.platform", "--port", str(self._port)]
        command += ["--data", str(self._data), "--token", self.token]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            code = self._end()
            raise RuntimeError(f"stand-in platform: ended with {code} before it was ready; see standard error")
        self.url = str(json.loads(line)["url"])
        self._port = httpx.URL(self.url).port or 0
        return self

    def stop(self) -> None:
        """End it as an operator would."""
        if self._process is not None:
            self._process.terminate()
            self._end()

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._end()

    def close(self) -> None:
        """Stop, and let go of the control connection."""
        self.stop()
        self._control.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def put_lot(self, lot: Lot, credit_codes: dict[str, str] | None = None) -> None:
        """Add or replace a lot."""
        self._ask("PUT", "lots", {"lot": asdict(lot), "credit_codes": credit_codes})

    def announce(self, event: PhaseEvent) -> None:
        """Add a phase event; a bidder count or a withdrawal changes the lot too."""
        self._ask("POST", "events", asdict(event))

    def behave(self, *, slow_s: float = 0.0, away: Away | None = None, wrong: Wrong | None = None, page: int = 100) -> None:
        """Misbehave as told from now on; without arguments, be good again."""
        self._ask("PUT", "behaviour", {"slow_s": slow_s, "away": away, "wrong": wrong, "page": page})

    def received(self, kind: str | None = None) -> list[Received]:
        """The items taken so far."""
        return _RECEIVED.validate_python(self._ask("GET", "received" + (f"?kind={kind}" if kind else "")))

    def set_webhook(self, url: str, venue: str = "") -> None:
        """Call `url`, of this venue, at every change."""
        self._ask("PUT", "webhook", {"url": url, "venue": venue})

    def clear(self) -> None:
        """Forget everything and be good."""
        self._ask("POST", "clear")

    def _ask(self, method: str, path: str, content: Any = None) -> Any:
        answer = self._control.request(method, f"{self.url}/control/{path}", json=content)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def _end(self) -> int:
        assert self._process is not None and self._process.stdout is not None
        process, stdout = self._process, self._process.stdout
        self._process = None
        with stdout:
            return process.wait(10)
