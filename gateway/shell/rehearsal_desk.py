"""Runs `bidhall simulate` over a day's bookings as a process of its own: one at a time, nice, with an end, and never inside the gateway."""

import asyncio
import contextlib
import json
import logging
import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from gateway.core.day import Refusal
from venue_model.lots import Lot
from venue_model.moments import Now
from venue_model.venue import Name

log = logging.getLogger(__name__)
TIMEOUT_S = 120.0
# The worst of three days, each with other people's legs; of one where the day is long to play (22 lots: 40 s on two shared cores).
RUNS, RUNS_OF_MANY, MANY_LOTS = 3, 1, 8
MAX_REPORT_BYTES = 4 << 20
_PROGRESS = re.compile(rb"(\d+)/(\d+)")
_PACKAGE = "pip install 'bidhall[simulation]'"
_INSTALL = Name(f"本机未安装仿真程序,请运行 {_PACKAGE}", f"the simulator is not installed: {_PACKAGE}")


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """One rehearsal, under way or over.  `state`: none, running, done, failed, cancelled."""

    state: str = "none"
    day: str = ""
    by: str = ""
    began_utc_ns: int = 0
    lots: int = 0
    done: int = 0  # runs played …
    of: int = 0  # … of so many
    fault: Name | None = None
    report: dict[str, Any] | None = None


def simulator(venue_file: Path) -> tuple[str, ...] | None:
    """How to start the simulator over a venue file; None where it is not installed."""
    if find_spec("simulation") is None or find_spec("bidhall") is None:
        return None
    gently = ("nice", "-n", "10") if shutil.which("nice") else ()
    return (*gently, sys.executable, "-m", "bidhall", "simulate", "--venue", str(venue_file), "--json")


class RehearsalDesk:
    """The rehearsal of the venue, one at a time.  Without a command (`simulator`) it says what to install."""

    def __init__(self, command: Sequence[str] | None = None, *, timeout_s: float = TIMEOUT_S) -> None:
        self.command = command
        self.timeout_s = timeout_s
        self.now = Rehearsal()
        self._task: asyncio.Task[None] | None = None

    def start(self, day: str, lots: tuple[Lot, ...], by: str, now: Now) -> Refusal | None:
        """Begin, in the running event loop."""
        if self.command is None:
            return Refusal("not-installed", _INSTALL)
        if self._task is not None and not self._task.done():
            zh = f"{self.now.by} 正在预演 {self.now.day},请等待或先取消"
            return Refusal("busy", Name(zh, f"{self.now.by} is rehearsing {self.now.day}: wait, or cancel that first"))
        if not lots:
            return Refusal("no-lots", Name(f"{day} 没有标段可预演", f"no lots are booked for {day}"))
        runs = RUNS if len(lots) <= MANY_LOTS else RUNS_OF_MANY
        self.now = Rehearsal("running", day, by, now.utc_ns, len(lots), of=runs)
        self._task = asyncio.create_task(self._play(self.command, lots), name="rehearsal")
        return None

    def cancel(self) -> Refusal | None:
        """End the one that is under way."""
        if self._task is None or self._task.done():
            return Refusal("not-running", Name("没有正在进行的预演", "no rehearsal is under way"))
        self._task.cancel()
        return None

    async def close(self) -> None:
        """End with the gateway."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _play(self, command: Sequence[str], lots: tuple[Lot, ...]) -> None:
        try:
            with tempfile.TemporaryDirectory(prefix="bidhall-rehearsal-") as folder:  # for its owner's eyes: rosters are in it
                bookings = Path(folder) / "bookings.json"
                bookings.write_bytes(_lots().dump_json(lots))
                async with asyncio.timeout(self.timeout_s):
                    status, out, err = await self._run((*command, "--runs", str(self.now.of), "--bookings", str(bookings)))
            self.now = _told(self.now, status, out, err)
        except TimeoutError:
            words = Name(f"{self.timeout_s:.0f} 秒内未完成,已停止", f"not finished within {self.timeout_s:.0f} s, stopped")
            self.now = replace(self.now, state="failed", fault=words)
        except asyncio.CancelledError:
            self.now = replace(self.now, state="cancelled")
            raise
        except OSError as error:
            log.warning("rehearsal: %s", error)
            self.now = replace(self.now, state="failed", fault=Name(f"仿真程序无法启动:{error}", f"the simulator does not start: {error}"))

    async def _run(self, command: Sequence[str]) -> tuple[int, bytes, bytes]:
        """The process to its end; killed with all that it started when we are not to wait any longer."""
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )  # fmt: skip
        assert process.stdout is not None and process.stderr is not None, "both are pipes"
        try:
            out, err = await asyncio.gather(_all(process.stdout), self._follow(process.stderr))
            return await process.wait(), out, err
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()

    async def _follow(self, stream: asyncio.StreamReader) -> bytes:
        """What it says besides the report: how far it has come, or what is wrong."""
        last = b""
        async for line in stream:
            if found := _PROGRESS.search(line):
                self.now = replace(self.now, done=int(found[1]), of=int(found[2]))
            else:
                last = (last + line)[-4000:]
        return last


@cache
def _lots() -> TypeAdapter[tuple[Lot, ...]]:
    return TypeAdapter(tuple[Lot, ...])


async def _all(stream: asyncio.StreamReader) -> bytes:
    parts: list[bytes] = []
    size = 0
    while chunk := await stream.read(1 << 16):
        size += len(chunk)
        if size <= MAX_REPORT_BYTES:  # the rest is read and dropped, so that the process can end
            parts.append(chunk)
    return b"".join(parts)


def _told(rehearsal: Rehearsal, status: int, out: bytes, err: bytes) -> Rehearsal:
    """The end of a rehearsal: its report, or why there is none.  0 and 1 are reports: go ahead, needs attention."""
    if status in (0, 1):
        try:
            report = json.loads(out)
            return replace(rehearsal, state="done", done=rehearsal.of, report=report)
        except json.JSONDecodeError:
            pass  # told below, with what it said
    words = err.decode(errors="replace").strip()
    if "ModuleNotFoundError" in words:
        return replace(rehearsal, state="failed", fault=_INSTALL)
    last = words.splitlines()[-1] if words else f"exit status {status}"
    return replace(rehearsal, state="failed", fault=Name(f"预演未完成:{last}", f"the rehearsal ended early: {last}"))
