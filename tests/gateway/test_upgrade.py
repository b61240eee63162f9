"""A venue's database outlives the program: whatever release wrote it, this one opens it with every row, and never touches a newer one."""

import json
import sqlite3
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from gateway.core.facts.replay import replayed
from gateway.facts.export import FactLog
from gateway.shell.database import SchemaError, open_database
from gateway.shell.evidence_index import EvidenceIndex
from gateway.shell.store import Store
from gateway.trading.outbox import Outbox
from venue_model.ids import ComponentId, LotId, PersonKey, RunId
from venue_model.lots import Phase

FILES = sorted((int(f.name[:4]), f) for f in resources.files("gateway.shell.schema").iterdir() if f.name.endswith(".sql"))
NUMBERS = [number for number, _ in FILES]

# Rows as the first release wrote them: no field that came later.
LOT = {
    "lot": {
        "id": "L1", "project": "P-1", "project_name": "一号工程", "name": "标段一", "opening_room": "o1", "evaluation_room": "e1",
        "opening_utc_ns": 1_800_000_000_000_000_000, "project_code": "", "lot_code": "", "deal_code": "", "bidders": 3,
        "people": [
            {
                "person": "exp-1", "role": "EXP", "card": "04aabbcc", "qr_key": "", "from_utc_ns": 0, "until_utc_ns": 2**62,
                "withdrawn": False,
            },
        ],
        "version": 1,
    },
    "phase": "P2", "phase_utc_ns": 7, "door_phase": "P2", "run": "r1",
}  # fmt: skip
ROW = {
    "id": "o1-near", "kind": "camera", "agent": "opening", "room": "o1", "stage": 0, "required": True, "code": 200, "text": "",
    "attempts": 1, "sent_mono_ns": 5, "latency_ms": 12,
}  # fmt: skip
RUN = {
    "run": {
        "id": "r1", "lot": "L1", "scene": "opening_preparation", "by": "wang", "began_utc_ns": 5, "rows": [ROW], "stage": 2,
        "stage_began_mono_ns": 1, "ended_utc_ns": 9, "result": "ok",
    },
    "wants": {}, "held": {}, "before": {**LOT, "phase": "P1", "door_phase": "P1", "run": None},
}  # fmt: skip
DOMAIN = {
    "component": "o1", "term": 1, "epoch": 4, "mode": "preparation", "groups": ["AGT"], "seal": False, "residual": ["AGT"],
    "last_groups": ["AGT"], "approved": [], "reports": {"o1-door": {"term": 1, "epoch": 4, "net": 2, "settled": True}},
}  # fmt: skip
PASSAGE = {"door": "o1-door", "from": "", "to": "o1", "direction": "in", "how": "pass", "person": "agt-1", "group": "AGT", "lot": "L1"}
# Table → rows, by the schema file that brought the table.
WROTE: dict[int, dict[str, list[tuple[Any, ...]]]] = {
    1: {
        "setting": [("epoch", "3"), ("salt", "00" * 16), ("signed", "12"), ("journal opening j1", "1")],
        "lot": [("L1", "P-1", "P2", json.dumps(LOT), 7)],
        "run": [("r1", "L1", "opening_preparation", "wang", 5, 9, "ok", json.dumps(RUN))],
        "component": [("o1", json.dumps(DOMAIN))],
        "agent": [("opening", 4, 9, 2, "{}")],
        "journal": [
            ("opening", "j1", 1, 6, 8, "passage", "L1", "P-1", "o1", "agt-1", json.dumps(PASSAGE)),
            ("", "gateway", 1, 5, 5, "press", "L1", "P-1", None, None, '{"by":"wang","scene":"opening_preparation"}'),
        ],
        "segment": [("P-1", "L1", "o1-near", 1, "o1", 5, 65, "P-1/L1/o1-near/1.mp4", 9, "ab" * 32, "cd" * 32, "{}")],
        "gap": [("P-1", "L1", "o1-near", 65, 70, "stall", "{}")],
        "package": [("P-1", 1, "_packages/P-1-1", 90, "ef" * 32)],
        "authorisation": [("L1", "exp-1", 11, "intake")],
        "account": [("wang", "staff", "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA")],
    },
    2: {
        "outbox": [(1, "scene-r1", "scene", "{}", 9, 0, 9, "waiting", "")],
        "platform_lot": [("L1", 1, "aa" * 32)],
        "platform_event": [("e1", 4)],
    },
    3: {"exception_pass": [("x-1", "{}", 99)]},
}  # fmt: skip


def old_database(path: Path, number: int) -> None:
    """What the release with this schema left behind."""
    db = sqlite3.connect(path)
    for own, file in FILES:
        if own > number:
            break
        db.executescript(f"BEGIN;\n{file.read_text('utf-8')}\nPRAGMA user_version={own};\nCOMMIT;")
        for table, rows in WROTE.get(own, {}).items():
            db.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)
    db.commit()
    db.close()


def wrote(number: int) -> dict[str, list[tuple[Any, ...]]]:
    return {table: rows for own, tables in WROTE.items() if own <= number for table, rows in tables.items()}


@pytest.mark.parametrize("number", NUMBERS)
def test_every_row_of_every_older_release_is_there_and_readable(tmp_path: Path, number: int) -> None:
    old_database(tmp_path / "venue.db", number)
    store = Store(open_database(tmp_path / "venue.db"))
    assert store.sql.execute("PRAGMA user_version").fetchone()[0] == NUMBERS[-1]
    for table, rows in wrote(number).items():
        for row in rows:
            found = [tuple(kept[: len(row)]) for kept in store.sql.execute(f"SELECT * FROM {table}")]
            assert row in found, f"{table} of schema {number}"
    state = store.lots()[LotId("L1")]
    assert (state.phase, state.lot.people[0].person, state.lot.bidders) == (Phase.PREPARATION, "exp-1", 3)
    run = store.run(RunId("r1"))
    assert run is not None and run.rows[0].done
    domain = store.domains()[ComponentId("o1")]
    assert (domain.term, domain.epoch) == (1, 4)
    assert store.authorisations() == {(LotId("L1"), PersonKey("exp-1")): 11}
    assert [line["kind"] for line in store.journal()] == ["press", "passage"]
    assert store.journal_through("opening", "j1") == 1
    index = EvidenceIndex(store)
    assert (len(index.segments("P-1")), len(index.gaps("P-1")), len(index.packages("P-1"))) == (1, 1, 1)
    if number >= 2:
        assert Outbox(store.db).counts().waiting == 1
    store.db.close()


@pytest.mark.parametrize("number", [n for n in NUMBERS if n < 11])
def test_what_was_there_before_the_export_existed_is_in_it(tmp_path: Path, number: int) -> None:
    old_database(tmp_path / "venue.db", number)
    store = Store(open_database(tmp_path / "venue.db"))
    log = FactLog(store)
    facts, reached = log.after(0, 1000, "supervisor")
    replay = replayed(fact.plain() for fact in facts)
    assert reached == log.newest() and replay.states == log.states()
    assert {line["kind"] for line in replay.lines.values()} == {"press", "passage"}
    store.db.close()


def test_a_program_that_is_too_old_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "venue.db"
    open_database(path).close()
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA user_version={NUMBERS[-1] + 1}")
    db.close()
    before = path.read_bytes()
    with pytest.raises(SchemaError, match="is newer than this program's"):
        open_database(path)
    assert path.read_bytes() == before


def test_opening_twice_changes_nothing(tmp_path: Path) -> None:
    old_database(tmp_path / "venue.db", 1)
    open_database(tmp_path / "venue.db").close()
    store = Store(open_database(tmp_path / "venue.db"))
    assert FactLog(store).newest() == len(store.journal()) + sum(len(states) for states in FactLog(store).states().values())
    store.db.close()
