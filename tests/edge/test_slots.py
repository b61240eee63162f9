"""Slots on a board's disk: whatever moment the power goes, the pointer is at a whole slot, and what failed its trial is gone back from."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from edge.core.trial import Fate, Watch, fate, heard
from edge.shell.slots import LABEL, Label, SlotError, Slots
from venue_model.moments import S

OLD, NEW, NEWER = Label("0" * 64, "1", 1), Label("1" * 64, "2", 2), Label("2" * 64, "3", 3)
FILES = {"bidhall.py": b"print('old')", "edge/__init__.py": b""}
OTHERS = {"bidhall.py": b"print('new')", "edge/__init__.py": b"# new", "edge/core.py": b"x = 1"}
ROOT = Path(__file__).parents[2]

# In a process of its own, so that it can be killed where it stands.
_RUN = """
import os, signal, sys
from pathlib import Path
from edge.shell.slots import Label, Slots
folder, act, stop = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
steps = []
def at(step):
    if len(steps) == stop:
        os.kill(os.getpid(), signal.SIGKILL)
    steps.append(step)
slots = Slots(folder, at=at)
if act == "install":
    slots.install({"bidhall.py": b"print('new')", "edge/__init__.py": b"# new", "edge/core.py": b"x = 1"}, Label("2" * 64, "3", 3), "r2")
elif act == "keep":
    slots.begin(); slots.keep()
elif act == "give_up":
    slots.begin(); slots.give_up("it crashed")
else:
    slots.back("r3")
print(len(steps), *steps)
"""


def run(folder: Path, act: str, stop: int) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-c", _RUN, str(folder), act, str(stop)], cwd=ROOT, capture_output=True, text=True, timeout=60)


def whole(slots: Slots) -> Label:
    """What the pointer points at, of which every file must be there."""
    current = slots.current
    assert current is not None
    label = slots.label(current)
    assert label is not None
    files = {OLD: FILES, NEW: OTHERS, NEWER: OTHERS}[label]
    found = slots.path(current)
    there = {str(path.relative_to(found)): path.read_bytes() for path in found.rglob("*") if path.is_file() and path.name != LABEL}
    assert there == files
    return label


@pytest.fixture
def slots(tmp_path: Path) -> Slots:
    """A board on which two programs were installed, one after the other."""
    found = Slots(tmp_path)
    found.install(FILES, OLD, "r0")
    return found


def test_the_first_program_needs_no_trial_because_there_is_nothing_to_return_to(slots: Slots) -> None:
    assert (whole(slots), slots.trial) == (OLD, None)


def test_a_new_program_is_on_trial_before_it_is_started_and_stays_once_kept(slots: Slots) -> None:
    slots.install(OTHERS, NEW, "r1")
    assert whole(slots) == NEW and slots.trial is not None and not slots.trial.begun
    slots.begin()
    slots.keep()
    assert (whole(slots), slots.trial, slots.settle()) == (NEW, None, None)


def test_a_program_that_fails_its_trial_is_gone_back_from_and_told(slots: Slots) -> None:
    slots.install(OTHERS, NEW, "r1")
    slots.begin()
    slots.give_up("it ended with status 1")
    assert (whole(slots), slots.trial) == (OLD, None)
    assert slots.returned is not None
    assert (slots.returned.digest, slots.returned.order, slots.returned.why) == (NEW.digest, "r1", "it ended with status 1")


def test_power_lost_in_the_middle_of_a_trial_means_the_former_program(slots: Slots) -> None:
    slots.install(OTHERS, NEW, "r1")
    slots.begin()
    again = Slots(slots.folder)
    returned = again.settle()
    assert returned is not None and "lost power" in returned.why
    assert (whole(again), again.trial) == (OLD, None)


def test_power_lost_before_the_new_program_was_ever_started_still_gives_it_its_trial(slots: Slots) -> None:
    slots.install(OTHERS, NEW, "r1")
    again = Slots(slots.folder)
    assert again.settle() is None
    assert whole(again) == NEW and again.trial is not None


def test_a_board_that_was_told_to_end_in_the_middle_of_a_trial_begins_it_anew(slots: Slots) -> None:
    slots.install(OTHERS, NEW, "r1")
    slots.begin()
    slots.pause()
    assert Slots(slots.folder).settle() is None
    assert whole(slots) == NEW


def test_a_full_disk_leaves_the_pointer_where_it_was(slots: Slots) -> None:
    def full(step: str) -> None:
        if step == "write":
            raise OSError(28, "No space left on device")

    with pytest.raises(SlotError, match="make room"):
        Slots(slots.folder, at=full).install(OTHERS, NEW, "r1")
    assert (whole(slots), slots.trial) == (OLD, None)


# How many steps each act has; a test below fails when one is added and not listed.
STEPS = {"install": 7, "back": 3, "keep": 2, "give_up": 4}


@pytest.mark.parametrize(("act", "stop"), [(act, stop) for act, steps in STEPS.items() for stop in range(steps)])
def test_killed_at_any_step_there_is_one_whole_slot_to_run(tmp_path: Path, act: str, stop: int) -> None:
    slots = Slots(tmp_path)
    slots.install(FILES, OLD, "r0")
    slots.install(OTHERS, NEW, "r1")
    if act in ("install", "back"):
        slots.begin()
        slots.keep()
    assert run(tmp_path, act, stop).returncode == -signal.SIGKILL
    after = Slots(tmp_path)
    after.settle()
    label = whole(after)
    assert label in {"install": (NEW, NEWER), "back": (NEW, OLD), "keep": (NEW, OLD), "give_up": (NEW, OLD)}[act]
    # And the board can go on: the next program is installed over whatever was left.
    if after.trial is not None:
        after.begin()
        after.keep()
    after.install(OTHERS, NEWER, "r9")
    assert whole(after) == NEWER


def test_every_step_is_killed_at_above(tmp_path: Path) -> None:
    counted = {}
    for act in STEPS:
        slots = Slots(tmp_path / act)
        slots.install(FILES, OLD, "r0")
        slots.install(OTHERS, NEW, "r1")
        if act in ("install", "back"):
            slots.begin()
            slots.keep()
        counted[act] = int(run(tmp_path / act, act, 1_000).stdout.split()[0])
    assert counted == STEPS


def test_a_record_that_is_damaged_counts_as_none(slots: Slots) -> None:
    (slots.folder / "trial.json").write_text("{")
    assert slots.trial is None
    (slots.folder / "a" / LABEL).write_text(json.dumps([1]))
    assert slots.label("a") is None


def test_a_pointer_that_is_no_slot_is_none(tmp_path: Path) -> None:
    (tmp_path / "current").symlink_to("/etc")
    assert Slots(tmp_path).current is None


@pytest.mark.parametrize(
    ("said", "at_s", "then"),
    [
        ([], 29, Fate.WAIT),
        ([(1, "")], 30, Fate.WAIT),
        ([(1, "")], 31, Fate.KEEP),
        ([(1, ""), (20, "the disk takes no records"), (21, "")], 50, Fate.WAIT),
        ([(1, ""), (20, "the disk takes no records"), (21, "")], 51, Fate.KEEP),
        ([], 180, Fate.RETURN),
        ([(160, "")], 180, Fate.RETURN),
        ([(150, "")], 180, Fate.KEEP),
    ],
)
def test_who_is_well_for_half_a_minute_stays(said: list[tuple[int, str]], at_s: int, then: Fate) -> None:
    watch = Watch(0)
    for second, unwell in said:
        watch = heard(watch, unwell, second * S)
    assert fate(watch, at_s * S) is then
