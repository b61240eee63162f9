"""The rehearsal from the page: a process of its own, one at a time, that ends whatever happens."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from day_case import county, lot

from gateway.api.calendar_out import rehearsal_out
from gateway.core.day import Refusal
from gateway.shell.rehearsal_desk import RehearsalDesk, simulator
from venue_model.moments import Now
from venue_model.tools.files import example

NOW = Now(0, 1_800_000_000_000_000_000)
QUEUE = {
    "place": "o1-door", "longest": 4, "longest_at_utc_ns": 1, "longest_wait_s": 40, "wait_at_utc_ns": 1, "passed": 9, "gave_up": 0,
}  # fmt: skip
SCENE = {"lot": "L1", "scene": "opening", "room": "o1", "due_utc_ns": 1, "done_utc_ns": None, "result": "never"}
REPORT: dict[str, Any] = {
    "smooth": False, "runs": 3, "conflicts": [{"code": "room-twice", "lots": ["L1"], "place": "o1", "words": {"zh": "重", "en": "twice"}}],
    "queues": [QUEUE, {**QUEUE, "longest": 1}], "busiest": {"at_utc_ns": 5, "people": 7, "doors": [["o1-door", 4]]}, "ready": [SCENE],
    "late": [SCENE], "refused": [{"lot": "L1", "scene": "intake", "code": "apart", "times": 2, "first_utc_ns": 3}],
    "lockers": {"there": 6, "most_used": 5, "turned_away": 0}, "violations": 0,
}  # fmt: skip


def says(code: str) -> tuple[str, ...]:
    """A stand-in for the simulator."""
    return (sys.executable, "-c", "import sys, time, json, os\n" + code)


async def until(desk: RehearsalDesk, state: str) -> None:
    async with asyncio.timeout(30):
        while desk.now.state != state:
            await asyncio.sleep(0.01)


def played(desk: RehearsalDesk, state: str) -> RehearsalDesk:
    async def play() -> None:
        assert desk.start("2027-01-15", (lot(),), "wang", NOW) is None
        await until(desk, state)
        await desk.close()

    asyncio.run(play())
    return desk


def test_a_report_comes_with_the_names_on_the_walls() -> None:
    desk = played(RehearsalDesk(says(f"print('rehearsal 3/3', file=sys.stderr); print({json.dumps(REPORT)!r}); sys.exit(1)")), "done")
    told = rehearsal_out(desk, county())
    assert (told.state, told.done, told.of, told.lots, told.fault) == ("done", 3, 3, 1, None)
    assert told.report is not None and not told.report.smooth
    [queue] = told.report.queues
    assert queue.name.zh == "101门" and told.report.busiest is not None and told.report.busiest.doors[0].people == 4
    assert told.report.late[0].scene_name.zh == "开标开始" and told.report.refused[0].times == 2


def test_the_simulator_is_given_the_bookings_and_they_are_gone_afterwards() -> None:
    code = "path = sys.argv[sys.argv.index('--bookings') + 1]; print(json.dumps({'path': path, 'lots': json.load(open(path))}))"
    desk = played(RehearsalDesk(says(code)), "done")
    assert desk.now.report is not None and desk.now.report["lots"][0]["id"] == "L1"
    assert not Path(desk.now.report["path"]).exists()


def test_how_far_it_is_is_told_while_it_plays(tmp_path: Path) -> None:
    go = tmp_path / "go"
    code = f"print('1/3', file=sys.stderr, flush=True)\nwhile not os.path.exists({str(go)!r}): time.sleep(0.01)\nprint('{{}}')"
    desk = RehearsalDesk(says(code))

    async def play() -> None:
        assert desk.start("2027-01-15", (lot(),), "wang", NOW) is None
        async with asyncio.timeout(30):
            while desk.now.done != 1:
                await asyncio.sleep(0.01)
        second = desk.start("2027-01-15", (lot(),), "li", NOW)
        assert isinstance(second, Refusal) and second.code == "busy" and "wang" in second.why.en
        go.touch()
        await until(desk, "done")

    asyncio.run(play())


def alive(pid: int) -> bool:
    """Also a process that nobody has waited for yet counts as ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


CHILD = "import subprocess\nc = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"


def test_cancelled_it_ends_with_all_that_it_started(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    desk = RehearsalDesk(says(CHILD + f"open({str(pids)!r}, 'w').write(f'{{os.getpid()}} {{c.pid}} ')\ntime.sleep(600)"))

    async def play() -> None:
        assert desk.start("2027-01-15", (lot(),), "wang", NOW) is None
        async with asyncio.timeout(30):
            while not pids.exists() or not pids.read_text().endswith(" "):
                await asyncio.sleep(0.01)
        assert desk.cancel() is None
        await until(desk, "cancelled")
        async with asyncio.timeout(30):
            while any(alive(int(pid)) for pid in pids.read_text().split()):
                await asyncio.sleep(0.01)
        again = desk.cancel()
        assert isinstance(again, Refusal) and again.code == "not-running"

    asyncio.run(play())


def test_one_that_takes_too_long_is_stopped_and_says_so() -> None:
    desk = played(RehearsalDesk(says("time.sleep(600)"), timeout_s=0.3), "failed")
    assert desk.now.fault is not None and "已停止" in desk.now.fault.zh


@pytest.mark.parametrize(("code", "words"), [
    ("print('no lot that this venue could hold', file=sys.stderr); sys.exit(2)", "no lot that this venue could hold"),
    ("import no_such_package", "pip install 'bidhall[simulation]'"),
    ("print('{'); sys.exit(0)", "exit status 0"),
    ("sys.exit(7)", "exit status 7"),
])  # fmt: skip
def test_why_there_is_no_report_is_told(code: str, words: str) -> None:
    desk = played(RehearsalDesk(says(code)), "failed")
    assert desk.now.fault is not None and words in desk.now.fault.en


def test_a_program_that_is_not_there_is_told() -> None:
    desk = played(RehearsalDesk(("/no/such/program",)), "failed")
    assert desk.now.fault is not None and "does not start" in desk.now.fault.en


def test_without_the_simulator_it_says_what_to_install_and_without_lots_that_there_are_none() -> None:
    found = RehearsalDesk().start("2027-01-15", (lot(),), "wang", NOW)
    assert isinstance(found, Refusal) and found.code == "not-installed" and "bidhall[simulation]" in found.why.zh
    none = RehearsalDesk(says("")).start("2027-01-15", (), "wang", NOW)
    assert isinstance(none, Refusal) and none.code == "no-lots"


@pytest.mark.parts
def test_tomorrow_is_rehearsed_by_the_real_simulator() -> None:
    """One lot of the county hall, through the program that an installation has."""
    command = simulator(example("county_hall"))
    assert command is not None
    desk = played(RehearsalDesk(command, timeout_s=110), "done")
    told = rehearsal_out(desk, county())
    assert told.report is not None and told.report.runs == 3 == told.done and told.report.violations == 0
    assert told.report.busiest is not None
