"""`bidhall edge --slots DIR`: starts what the slots point at, watches a new one through its trial, and goes back when it fails.

    DIR/release.pub      whose programs run here: a public key, 64 hex digits, put there by hands
    DIR/program          slots of the program (`bidhall device install`)
    DIR/configuration    slots of the commissioning record; empty: the one that the agent's file names

The launcher is the installed program and is never replaced from afar.  The agent, its child, writes one line a second to a pipe: why
it is not well, or nothing.  A child whose launcher has ended finds the pipe broken and ends; the lock that it inherited keeps a second
launcher from starting a second agent until then.
"""

import fcntl
import logging
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from edge.core.trial import SOON_NS, WELL_NS, Fate, Watch, fate, heard
from edge.shell.slots import Slots
from venue_model.moments import S

log = logging.getLogger(__name__)

PROGRAM, CONFIGURATION, RELEASE_KEY, LOCK = "program", "configuration", "release.pub", "launcher.lock"
SWITCHED = 75  # the agent's exit status when the pointer has moved: start what it points at now
WRONG_FILE = 2  # a configuration that no restart mends
SILENT_NS = 5 * S  # an agent that says nothing for so long is not well: it speaks once a second
LOOK_S = 0.2
END_S = 10.0  # from SIGTERM to SIGKILL: an agent ends within 2 s, its cameras' last segments need some more
AGAIN_S = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)  # before a program that ends by itself is started again


class LauncherError(RuntimeError):
    """Nothing can be started.  The text names folder, fault and way out."""


class Launcher:
    """One board's launcher.  `run` returns an exit status."""

    def __init__(self, folder: Path, config: Path, *, well_ns: int = WELL_NS, soon_ns: int = SOON_NS) -> None:
        self.folder = folder
        self.config = config
        self.program = Slots(folder / PROGRAM)
        self.configuration = Slots(folder / CONFIGURATION)
        self._well_ns, self._soon_ns = well_ns, soon_ns
        self._asked: list[int] = []  # to end; no lock: a second signal inside the first one's handler would wait for itself

    def run(self) -> int:
        """Start agents until SIGTERM or SIGINT.  Raises LauncherError when there is none to start."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda number, _: self._asked.append(number))
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / LOCK).open("w") as lock:
            self._take(lock.fileno())
            self._settle()
            ended_badly = 0
            while not self._asked:
                began_s = time.monotonic()
                status = self._live_once(lock.fileno())
                if self._asked:
                    break
                if status == WRONG_FILE and not self._on_trial():
                    return WRONG_FILE
                if status != SWITCHED:
                    ended_badly = 0 if time.monotonic() - began_s > AGAIN_S[-1] else min(ended_badly + 1, len(AGAIN_S) - 1)
                    log.warning("the agent ended with status %d; it is started again", status)
                    self._wait(AGAIN_S[ended_badly])
        return 0

    def _take(self, lock: int) -> None:
        """Wait for an agent that outlived its launcher to end."""
        waiting = False
        while not self._asked:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if not waiting:
                    log.warning("%s: another launcher, or its agent, still runs here; waiting for it", self.folder)
                waiting = True
                time.sleep(LOOK_S)
            else:
                return

    def _settle(self) -> None:
        for slots in (self.program, self.configuration):
            if (returned := slots.settle()) is not None:
                log.error("%s: %s; back on %s", slots.folder, returned.why, slots.label(slots.current))

    def _on_trial(self) -> Slots | None:
        return next((slots for slots in (self.program, self.configuration) if slots.trial is not None), None)

    def _command(self, pipe: int) -> list[str]:
        slot = self.program.current
        if slot is None:
            raise LauncherError(f"{self.program.folder}: no program is installed; run bidhall device install BUNDLE --slots {self.folder}")
        # The slot's own folder, not the pointer: what runs must not change its modules when the pointer moves.
        program = self.program.path(slot).resolve() / "bidhall.py"
        command = [sys.executable, str(program), "edge", "--config", str(self.config), "--slot-of", str(self.folder), "--tell", str(pipe)]
        held = self.configuration.current
        return [*command, "--commission", str(self.configuration.path(held).resolve() / "commission.json")] if held else command

    def _live_once(self, lock: int) -> int:
        """One life of the agent; its exit status."""
        trying = self._on_trial()
        listen, speak = os.pipe()
        try:
            if trying is not None:
                trying.begin()
                log.warning("%s: %s is on trial", trying.folder, trying.label(trying.current))
            child = subprocess.Popen(self._command(speak), pass_fds=(speak, lock))
        except BaseException:
            os.close(listen)
            raise
        finally:
            os.close(speak)
        try:
            return self._watch(child, listen, trying)
        finally:
            os.close(listen)

    def _watch(self, child: "subprocess.Popen[bytes]", listen: int, trying: Slots | None) -> int:
        began_ns = spoke_ns = time.monotonic_ns()
        watch = Watch(began_ns)
        while (status := child.poll()) is None and not self._asked:
            said = _lines(listen)
            now_ns = time.monotonic_ns()
            if said:
                spoke_ns = now_ns
            elif now_ns - spoke_ns >= SILENT_NS:
                said = [f"it has said nothing for {(now_ns - spoke_ns) // S} s"]
            if trying is None:
                continue
            for unwell in said:
                watch = heard(watch, unwell, now_ns)
            match fate(watch, now_ns, well_ns=self._well_ns, soon_ns=self._soon_ns):
                case Fate.KEEP:
                    trying.keep()
                    log.warning("%s: %s has passed its trial", trying.folder, trying.label(trying.current))
                    trying = None
                case Fate.RETURN:
                    _end(child)
                    return self._give_up(trying, f"not well within {self._soon_ns // S} s: {watch.unwell}")
                case Fate.WAIT:
                    pass
        if status is None:
            status = _end(child)
            if trying is not None:
                trying.pause()
            return status
        if trying is not None:
            return self._give_up(trying, f"it ended with status {status} during the trial")
        return status

    def _give_up(self, trying: Slots, why: str) -> int:
        trying.give_up(why)
        log.error("%s: %s; back on %s", trying.folder, why, trying.label(trying.current))
        return SWITCHED

    def _wait(self, seconds: float) -> None:
        until_s = time.monotonic() + seconds
        while not self._asked and time.monotonic() < until_s:
            time.sleep(LOOK_S)


def _lines(listen: int) -> list[str]:
    """What the agent has said within `LOOK_S`; an empty line: it is well."""
    if not select.select([listen], [], [], LOOK_S)[0]:
        return []
    said = os.read(listen, 65_536)
    if not said:
        time.sleep(LOOK_S)  # it has closed the pipe: it ends, or it has gone wrong, and then its silence tells
    return said.decode("utf-8", "replace").splitlines()


def _end(child: "subprocess.Popen[bytes]") -> int:
    child.terminate()
    try:
        return child.wait(END_S)
    except subprocess.TimeoutExpired:
        child.kill()
        return child.wait()


def teller(pipe: int, unwell: Callable[[], str]) -> Callable[[], bool]:
    """The agent's side of the pipe: tells the launcher how it is, and returns False once there is no launcher any more."""

    def tell() -> bool:
        try:
            os.write(pipe, (" ".join(unwell().split())[:500] + "\n").encode())
        except BlockingIOError:
            return True  # a launcher that is busy has enough to read
        except OSError:
            return False
        return True

    os.set_blocking(pipe, False)
    return tell
