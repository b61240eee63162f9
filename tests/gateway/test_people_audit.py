"""The audit chain: every act and look is in it, in the transaction of the act, and no hand can change it unseen (T8)."""

import random
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from people_case import API, accounts_of, client, services_of, sign_in
from test_api import SHA, Case, case, keys  # noqa: F401  fixtures

from gateway.core.audit_chain import START, AuditRow
from gateway.people.audit import Audit, check_chain, checkpoints
from gateway.people.audit_check import audit_check
from gateway.shell.database import open_database
from gateway.shell.store import Store
from venue_model.moments import Now, S

NOW = Now(S, 1_800_000_000 * S)


class Leaves:
    """A transparency log that keeps what it is given."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, bytes]] = []

    def append(self, data: bytes, kind: str, utc_ns: int) -> int:
        self.kept.append((kind, data))
        return len(self.kept)

    def leaves(self, kind: str) -> list[tuple[int, bytes]]:
        return [(n, data) for n, (k, data) in enumerate(self.kept) if k == kind]


def rows(case: Case) -> list[tuple[str, str, str, str]]:  # noqa: F811
    return [(r.account, r.action, r.subject, r.outcome) for r in reversed(accounts_of(case).audit.newest(1000))]


def test_every_act_look_and_refusal_is_a_row(case: Case) -> None:  # noqa: F811
    start = len(rows(case))
    case["staff"].post(f"{API}/lots/L1/scenes", json={"scene": "opening_preparation"})
    case["staff"].post(f"{API}/lots/L1/scenes", json={"scene": "close"})
    case["supervisor"].post(f"{API}/lots/L1/scenes", json={"scene": "opening"})
    case["staff"].post(f"{API}/lockdown", json={})
    case["staff"].get(f"{API}/state")
    for _ in range(3):
        case["supervisor"].get(f"{API}/media/{SHA}.mp4")
    sign_in(case["nobody"], "staff", "wrong")
    assert rows(case)[start:] == [
        ("staff", "press", "POST lots/L1/scenes", "done"),
        ("staff", "press", "POST lots/L1/scenes", "wrong-phase"),
        ("supervisor", "press", "POST lots/L1/scenes", "not-allowed"),
        ("staff", "lock-down", "POST lockdown", "bad-input"),
        ("supervisor", "look-evidence", f"GET media/{SHA}.mp4", "done"),
        ("staff", "sign-in", "testclient", "wrong-password"),
    ]


def test_an_act_and_its_row_stand_or_fall_together(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    page = client(case, "li", "staff")
    monkeypatch.setattr(Audit, "_add", full)
    before = case.stage.lines("lockdown")
    assert page.post(f"{API}/lockdown", json={"reason": "x"}).status_code == 500
    monkeypatch.undo()
    assert case.stage.lines("lockdown") == before == []


def test_who_audits_reads_the_chain_and_checks_it(case: Case) -> None:  # noqa: F811
    page = client(case, "aud", "audit_admin")
    case["staff"].post(f"{API}/lockdown", json={"reason": "x"})
    s = services_of(case)
    assert s.accounts.audit.pin(s.evidence.translog, NOW, anyway=True)
    assert not s.accounts.audit.pin(s.evidence.translog, NOW, anyway=True), "nothing new"
    found = page.get(f"{API}/audit/check").json()
    assert (found["holds"], found["checkpoints"], found["why"]) == (True, 1, None)
    newest = page.get(f"{API}/audit", params={"limit": 1}).json()[0]
    assert page.get(f"{API}/audit", params={"before": newest["seq"], "limit": 1}).json()[0]["seq"] == newest["seq"] - 1
    assert {row["account"] for row in page.get(f"{API}/audit", params={"account": "staff"}).json()} == {"staff"}
    case.stage.db.conn.execute("UPDATE journal SET body_json = '{\"by\": \"li\"}' WHERE kind = 'lockdown'")
    broken = page.get(f"{API}/audit/check").json()
    assert broken["holds"] is False and "日志" in broken["why"]["zh"] and "was changed or is gone" in broken["why"]["en"]


def test_a_checkpoint_is_made_every_hour_or_256_rows(case: Case) -> None:  # noqa: F811
    audit, log = accounts_of(case).audit, Leaves()

    def at(seconds: int) -> Now:
        return Now(NOW.mono_ns + seconds * S, NOW.utc_ns + seconds * S)

    audit.tell("a", "x", "y", "done", NOW)
    assert audit.pin(log, at(0))
    audit.tell("a", "x", "y", "done", NOW)
    assert not audit.pin(log, at(3599))
    assert audit.pin(log, at(3600))
    for _ in range(256):
        audit.tell("a", "x", "y", "done", NOW)
    assert audit.pin(log, at(3601))
    assert len(log.kept) == 3


ROWS = 60
PINNED = (ROWS // 2 + 1, ROWS)


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Leaves]:
    """A database with a chain of acts, and the checkpoints of it: one on the way, one at the end."""
    path, log = tmp_path_factory.mktemp("chain") / "venue.db", Leaves()
    db = open_database(path)
    store = Store(db)
    audit = Audit(store)
    for n in range(ROWS):
        with store.transaction():
            event = store.own_line("lockdown", {"on": True, "by": f"a{n % 3}"}, NOW.utc_ns + n)
            audit.take({
                "seq": event.seq, "utc_ns": event.utc_ns, "kind": "lockdown", "lot": None, "project": None, "body": event.body,
            })  # fmt: skip
        if n + 1 in PINNED:
            assert audit.pin(log, NOW, anyway=True)
    db.conn.execute("DROP TRIGGER audit_kept")
    db.conn.execute("DROP TRIGGER audit_fixed")
    db.close()
    return path, log


COLUMNS = ("utc_ns", "account", "action", "subject", "outcome", "line", "line_sha256", "prev_sha256", "sha256")
WAYS = ("change", "delete", "swap", "truncate", "rewrite", "rehash", "journal", "journal-gone", "insert")


def tampered(sql: sqlite3.Connection, way: str, dice: random.Random) -> int:
    """Do it, and the first row that is then not what it was."""
    at = dice.randint(1, ROWS)
    row = sql.execute("SELECT * FROM audit WHERE seq = ?", (at,)).fetchone()
    match way:
        case "change":
            column = dice.choice(COLUMNS)
            value = dice.randint(0, 2**40) if column in ("utc_ns", "line") else f"{dice.getrandbits(256):064x}"
            sql.execute(f"UPDATE audit SET {column} = ? WHERE seq = ?", (value, at))
        case "delete":
            sql.execute("DELETE FROM audit WHERE seq = ?", (at,))
        case "swap":
            other = dice.choice([n for n in range(1, ROWS + 1) if n != at])
            sql.execute("UPDATE audit SET seq = -1 WHERE seq = ?", (at,))
            sql.execute("UPDATE audit SET seq = ? WHERE seq = ?", (at, other))
            sql.execute("UPDATE audit SET seq = ? WHERE seq = -1", (other,))
            return min(at, other)
        case "truncate":
            sql.execute("DELETE FROM audit WHERE seq >= ?", (at,))
        case "rewrite":  # with every hash after it made anew, as somebody would who knows how
            sql.execute("UPDATE audit SET account = 'nobody' WHERE seq = ?", (at,))
            rechained(sql, at)
            return min(pin for pin in PINNED if pin >= at)
        case "rehash":  # its own hash alone: then the next row no longer follows
            sql.execute("UPDATE audit SET account = 'nobody' WHERE seq = ?", (at,))
            changed = AuditRow(*sql.execute("SELECT * FROM audit WHERE seq = ?", (at,)).fetchone())
            sql.execute("UPDATE audit SET sha256 = ? WHERE seq = ?", (changed.digest(), at))
            return at if at in PINNED else at + 1
        case "journal":
            sql.execute("UPDATE journal SET body_json = '{}' WHERE agent = '' AND seq = ?", (row[6],))
        case "journal-gone":
            sql.execute("DELETE FROM journal WHERE agent = '' AND seq = ?", (row[6],))
        case "insert":
            sql.execute("UPDATE audit SET seq = -seq WHERE seq >= ?", (at,))
            sql.execute("UPDATE audit SET seq = 1 - seq WHERE seq < 0")
            sql.execute("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
            return at + 1
    return at


def rechained(sql: sqlite3.Connection, start: int) -> None:
    prev = sql.execute("SELECT sha256 FROM audit WHERE seq = ?", (start - 1,)).fetchone()
    before = prev[0] if prev else START
    for found in sql.execute("SELECT * FROM audit WHERE seq >= ? ORDER BY seq", (start,)).fetchall():
        row = replace(AuditRow(*found), prev_sha256=before)
        before = row.digest()
        sql.execute("UPDATE audit SET prev_sha256 = ?, sha256 = ? WHERE seq = ?", (row.prev_sha256, before, row.seq))


def test_of_a_thousand_tampers_every_one_is_found_and_its_place_is_named(chain: tuple[Path, Leaves]) -> None:
    path, log = chain
    dice, pinned = random.Random(9), checkpoints(log)
    with closing(sqlite3.connect(path, isolation_level=None)) as sql:
        assert check_chain(sql, pinned) == (ROWS, None, 2)
        for n in range(1000):
            sql.execute("BEGIN")
            way = WAYS[n % len(WAYS)]
            first = tampered(sql, way, dice)
            _, found, _ = check_chain(sql, pinned)
            sql.execute("ROLLBACK")
            assert found is not None, (n, way)
            assert found.seq == first, (n, way, first, found)


def test_the_command_tells_whether_the_chain_holds(chain: tuple[Path, Leaves], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, _ = chain
    copy = tmp_path / "venue.db"
    copy.write_bytes(path.read_bytes())
    assert audit_check(tmp_path) == 0
    assert f"holds: {ROWS} 行 rows, 0 个检查点" in capsys.readouterr().out
    with closing(sqlite3.connect(copy, isolation_level=None)) as sql:
        sql.execute("DELETE FROM audit WHERE seq = 7")
    assert audit_check(tmp_path) == 1
    assert "row 7 is missing" in capsys.readouterr().out
    with pytest.raises(FileNotFoundError, match="there is no venue database; name"):
        audit_check(tmp_path / "nowhere")
