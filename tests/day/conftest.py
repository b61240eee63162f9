"""One tender day for all tests of this folder: on real parts, with the gateway killed in the middle of the evaluation."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest


@dataclass(frozen=True)
class Day:
    """What a day left behind."""

    status: int
    summary: dict[str, Any]
    package: Path
    failed_package: Path
    errors: str


@pytest.fixture(scope="session")
def day(tmp_path_factory: pytest.TempPathFactory) -> Day:
    """`bidhall tender-day --pull-the-plug --json`, three times as fast as by default where waiting allows it."""
    out = tmp_path_factory.mktemp("day")
    command = [sys.executable, "-m", "bidhall", "tender-day", "--out", str(out), "--speed", "300", "--pull-the-plug", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=500)
    assert done.stdout, done.stderr
    summary = json.loads(done.stdout)
    return Day(done.returncode, summary, Path(summary["package"]), Path(summary["failed_package"]), done.stderr)
