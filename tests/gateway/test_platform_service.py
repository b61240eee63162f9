"""A gateway process, its broker, and a platform process: lots and events that are here by the platform's own call, and a forged one."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.trading.base import EventKind, PhaseEvent
from simulation.platform.process import PlatformProcess
from simulation.platform.scenarios import Rooms, county_day
from venue_model.ids import RoomId
from venue_model.tools.files import example, read_venue

pytestmark = pytest.mark.parts
PASSWORD = "ce-shi-2026-ok"


def until(true: Callable[[], bool], what: str) -> None:
    ends = time.monotonic() + 40
    while not true():
        assert time.monotonic() < ends, f"never came: {what}"
        time.sleep(0.1)


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[PlatformProcess]:
    with PlatformProcess(tmp_path / "platform", "service-token") as running:
        yield running


@pytest.fixture
def page(tmp_path: Path, platform: PlatformProcess) -> Iterator[httpx.Client]:
    """Staff, signed in at a gateway that pulls once an hour: what comes sooner came by a call."""
    venue = example("county_hall")
    config = tmp_path / "gateway.toml"
    told = f'[platform]\nurl = "{platform.url}"\ntoken = "{platform.token}"\npull_s = 3600.0\n'
    config.write_text(f'venue = "{venue}"\ndata = "data"\nport = 0\n{told}', "utf-8")
    command = [sys.executable, "-m", "bidhall", "gateway", "--config", str(config), "--account", f"wang:staff:{PASSWORD}"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONWARNINGS": "ignore"})
    assert process.stdout is not None
    url = json.loads(process.stdout.readline())["url"]
    with httpx.Client(base_url=url, timeout=20, trust_env=False) as client:
        assert client.post("/api/v1/session", json={"account": "wang", "password": PASSWORD, "code": ""}).status_code == 200
        yield client
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    process.stdout.close()


def test_what_the_platform_tells_by_itself_is_here_within_seconds_and_once(page: httpx.Client, platform: PlatformProcess) -> None:
    day = county_day(start_utc_ns=time.time_ns(), rooms=Rooms(*(RoomId(room) for room in ("o1", "e1", "o2", "e2"))))
    full = day.lots[0]
    platform.set_webhook(f"{page.base_url}/api/v1/platform/events".replace("//api", "/api"), read_venue(example("county_hall")).id)

    def exchange() -> dict[str, Any]:
        found: dict[str, Any] = page.get("/api/v1/platform").json()
        return found

    for lot in day.lots:
        platform.put_lot(lot, day.credit_codes[lot.id])
    until(lambda: page.get(f"/api/v1/lots/{full.id}").status_code == 200, "the lots, by a call and not by the timer")
    gone = PhaseEvent("ev-1", full.project, full.id, EventKind.WITHDRAWN, time.time_ns(), person=full.people[0].person)
    platform.announce(gone)
    until(lambda: exchange()["calls"]["taken"] == 3, "the call")
    until(lambda: len(page.get("/api/v1/events", params={"kind": "platform"}).json()) == 1, "the event in the journal")
    forged = page.post("/api/v1/platform/events", content=b"{}")
    assert (forged.status_code, exchange()["calls"]["refused"]) == (401, 1)
    assert exchange()["kind"] == "rest"
