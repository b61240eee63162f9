"""Turns the model into a verifier with spin and gcc, in a folder of its own, and reads what the verifier says."""

import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

MODEL = "venue.pml"
MEMORY_MB = 4_000
DEPTH = 1_000_000


class SpinError(RuntimeError):
    """The model could not be checked.  The text says what is missing or what went wrong."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What the verifier found.  `error`: the assertion that fails, or nothing when none does."""

    name: str
    defines: Mapping[str, str]
    states: int
    transitions: int
    depth: int
    error: str
    seconds: float  # translation and compilation included


def check(name: str, defines: Mapping[str, str], depth: int = DEPTH) -> Checked:
    """Visit every state of the model under `defines`, down to `depth` steps; stop at the first error."""
    spin, gcc = _tool("spin"), _tool("gcc")
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="bidhall-spin-") as folder:
        place = Path(folder)
        (place / MODEL).write_text(model_text(), "utf-8")
        words = [f"-D{key}={value}" if value else f"-D{key}" for key, value in defines.items()]
        _run(place, [spin, "-a", *words, MODEL])
        effort = "-O1" if depth == DEPTH else "-O0"  # a bounded search runs shorter than a good compilation takes
        _run(place, [gcc, effort, "-w", "-DSAFETY", f"-DMEMLIM={MEMORY_MB}", "-o", "pan", "pan.c"])
        said = _run(place, [str(place / "pan"), f"-m{depth}", "-E"])
    return _read(name, defines, said, time.monotonic() - began, whole=depth == DEPTH)


def model_text() -> str:
    """The model, as it lies beside this module."""
    return resources.files("simulation.proof.promela").joinpath(MODEL).read_text("utf-8")


def _read(name: str, defines: Mapping[str, str], said: str, seconds: float, *, whole: bool) -> Checked:
    """The verifier's words as numbers."""

    def number(pattern: str) -> int:
        found = re.search(pattern, said)
        if found is None:
            raise SpinError(f"the verifier did not say {pattern!r}; it said: {said[-500:]}")
        return round(float(found[1]))

    errors = number(r"errors: (\d+)")
    if whole and not errors and ("max search depth too small" in said or "Search not completed" in said):
        raise SpinError(f"{name}: not everything was visited: {said[:500]}")
    broken = re.search(r"pan:\d+: (.*) \(at depth", said)
    return Checked(
        name, defines, number(r"([\d.e+]+) states, stored"), number(r"([\d.e+]+) transitions"), number(r"depth reached (\d+)"),
        (broken[1] if broken else "an error") if errors else "", seconds,
    )  # fmt: skip


def _tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise SpinError(f"the program {name} is missing: install both with `apt-get install spin gcc`")
    return found


def _run(place: Path, command: list[str]) -> str:
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SpinError(f"{Path(command[0]).name} failed with {done.returncode}: {(done.stdout + done.stderr)[-500:]}")
    return done.stdout
