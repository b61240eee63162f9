"""What survives a power cut, and what a damaged file says."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from agent_hall import BIDDER, EXPERT, SITE, Hall, admit, clear, entry_of, phone_entry

from edge.core.journal import Record
from edge.core.state import restored, slices
from edge.shell.disk import KEPT_NS, Disk, DiskError
from venue_model.groups import Role
from venue_model.wire import Want


def line(kind: str = "passage", utc_ns: int = 1) -> tuple[int, Record]:
    return utc_ns, Record(kind, {"door": "o1-door", "person": None}, None)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "agent.db"


def test_everything_that_must_outlive_the_program_does(path: Path) -> None:
    hall = Hall()
    hall.policy(
        admit("o1", 2, [Role.BID], entry_of(BIDDER), phone_entry()),
        admit("intake", 2, [Role.EXP], entry_of(EXPERT)),
        clear("e1", 3, seal=True),
    )
    hall.desired(4, {"o1-light": Want(on=True)})
    hall.card("o1-reader", BIDDER)
    hall.pass_through("o1-door")
    hall.card("locker-reader", EXPERT)
    hall.card("o1-reader", BIDDER)
    disk = Disk(path)
    disk.commit([line()], slices(hall.state))
    disk.close()
    disk = Disk(path)
    kept = restored(SITE, disk.load())
    assert slices(kept) == slices(hall.state)
    disk.close()


def test_numbers_go_on_where_they_were(path: Path) -> None:
    disk = Disk(path)
    disk.commit([line(), line("refusal")], {})
    journal = disk.journal
    disk.close()
    disk = Disk(path)
    disk.commit([line("alarm")], {})
    assert [(event.seq, event.kind) for event in disk.lines_after(0, 9)] == [(1, "passage"), (2, "refusal"), (3, "alarm")]
    assert disk.journal == journal
    disk.close()


def test_sessions_only_grow(path: Path) -> None:
    disk = Disk(path)
    assert [disk.next_session(), disk.next_session()] == [1, 2]
    disk.close()
    disk = Disk(path)
    assert disk.next_session() == 3
    disk.close()


def test_acknowledged_lines_go_after_a_week_or_when_they_are_many_and_numbers_are_never_given_twice(path: Path) -> None:
    disk = Disk(path)
    disk.commit([line(utc_ns=number) for number in range(10)], {})
    assert disk.prune(KEPT_NS + 100) == 0
    disk.acknowledge(6)
    assert disk.prune(KEPT_NS + 4) == 4
    assert disk.prune(KEPT_NS + 4, kept_lines=5) == 1
    disk.acknowledge(99)
    assert disk.acknowledged == 10
    assert disk.prune(KEPT_NS + 100) == 4
    disk.close()
    disk = Disk(path)
    disk.commit([line()], {})
    assert [event.seq for event in disk.lines_after(0, 9)] == [10, 11]
    disk.close()


def test_a_full_disk_stores_nothing_of_a_commit_and_goes_on_when_there_is_room(path: Path) -> None:
    disk = Disk(path)
    disk.commit([line()], {})
    disk._sql.execute(f"PRAGMA max_page_count={disk._sql.execute('PRAGMA page_count').fetchone()[0] + 1}")
    with pytest.raises(DiskError, match=r"takes no records.*make room"):
        disk.commit([line("big") for _ in range(2_000)], {})
    assert disk.last_seq == 1
    disk._sql.execute("PRAGMA max_page_count=100000")
    disk.commit([line("alarm")], {})
    assert [event.kind for event in disk.lines_after(0, 9)] == ["passage", "alarm"]
    disk.close()


def test_a_damaged_file_is_not_replaced_in_silence(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"this is no database" * 1_000)
    with pytest.raises(DiskError, match="keep the file for the inquiry"):
        Disk(path)


def test_a_state_that_means_nothing_is_not_ignored(path: Path) -> None:
    disk = Disk(path)
    disk._sql.execute("INSERT INTO state VALUES ('held', 'o1', '{\"policy\": 7}')")
    with pytest.raises(DiskError, match="state held o1"):
        disk.load()
    disk.close()


def test_a_newer_programs_file_is_left_alone(path: Path) -> None:
    Disk(path).close()
    with sqlite3.connect(path) as sql:
        sql.execute("PRAGMA user_version=9")
    sql.close()
    with pytest.raises(DiskError, match="newer program"):
        Disk(path)


CRASH = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from agent_hall import BIDDER, COMMISSION, Hall, admit, entry_of
from edge.core.journal import Record
from edge.core.state import slices
from edge.shell.disk import Disk
from venue_model.groups import Role
hall = Hall()
hall.policy(admit("o1", 7, [Role.BID], entry_of(BIDDER)))
hall.card("o1-reader", BIDDER)
disk = Disk(Path(sys.argv[1]))
disk.commit([(1, effect) for effect in hall.effects if isinstance(effect, Record)], slices(hall.state))
os.kill(os.getpid(), 9)  # after the commit, before the strike
"""


def test_killed_between_record_and_strike_the_board_remembers_the_grant(path: Path) -> None:
    here = str(Path(__file__).parent)
    root = str(Path(__file__).parents[2])
    done = subprocess.run([sys.executable, "-c", CRASH, str(path), here], cwd=root, env={**os.environ, "PYTHONPATH": root}, check=False)
    assert done.returncode == -9
    disk = Disk(path)
    hall = Hall(restored(SITE, disk.load()))
    assert "grant" in [event.kind for event in disk.lines_after(0, 99)]
    assert hall.door("o1-door").components["o1"].epoch == 7
    assert hall.net("o1-door", "o1") == 1  # the person may have gone in
    assert hall.door("o1-door").suspect
    disk.close()
