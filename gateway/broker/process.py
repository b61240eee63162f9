"""A child process that may outlive us: start it, recognise it in a later life, stop it by its own id and nothing else."""

import json
import os
import signal
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from gateway.broker.credentials import write_private

STOP_S = 5.0  # the broker saves its retained messages; then it is killed


@dataclass(frozen=True, slots=True)
class Record:
    """What the pid file remembers of a broker."""

    pid: int
    birth: str  # see `birth_of`: a pid alone may by now be somebody else's
    kind: str
    host: str
    port: int
    config: str  # SHA-256 of the configuration it was started with

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """The record in the pid file, or None when there is none that can be used."""
        try:
            return cls(**json.loads(path.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, path: Path) -> None:
        """Keep the record."""
        write_private(path, json.dumps(asdict(self)) + "\n")

    def lives(self) -> bool:
        """True while exactly that process runs."""
        return birth_of(self.pid) == self.birth


def birth_of(pid: int) -> str | None:
    """Boot id and start tick of a running process: no other process ever has both with this pid.  None when it is gone."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        # The name in parentheses may hold spaces and parentheses itself: count after the last one.
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return None
    state, start_tick = fields[0], fields[19]
    return None if state in "ZX" else f"{boot}:{start_tick}"


def spawn(command: list[str], log: Path) -> subprocess.Popen[bytes]:
    """Start a child that neither our terminal's Ctrl-C nor our own end reaches.  Its output starts `log` anew."""
    with log.open("wb") as out:
        log.chmod(0o600)
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)


def stop(record: Record, child: subprocess.Popen[bytes] | None) -> None:
    """Ask the process to end, then make it.  Blocks at most a few seconds; does nothing when it is gone."""
    for demand, patience_s in ((signal.SIGTERM, STOP_S), (signal.SIGKILL, STOP_S)):
        if not tell(record, demand):
            break
        deadline = time.monotonic() + patience_s
        while record.lives() and time.monotonic() < deadline:
            time.sleep(0.02)
    if child is not None:
        child.wait(STOP_S)


def tell(record: Record, message: signal.Signals) -> bool:
    """Signal exactly that process.  False when it is gone."""
    if not record.lives():
        return False
    try:
        os.kill(record.pid, message)
    except ProcessLookupError:
        return False
    return True
