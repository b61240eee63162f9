"""`bidhall gateway --audit-check`: walk the audit chain of a venue database, running or not, and hold it to the transparency log."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from gateway.core.audit_chain import Checkpoint
from gateway.people.audit import LEAF, check_chain


def audit_check(data: Path) -> int:
    """0 when the chain holds, 1 when it does not.  FileNotFoundError when there is no venue database."""
    database, log = data / "venue.db", data / "translog.db"
    if not database.exists():
        raise FileNotFoundError(f"{database}: there is no venue database; name the gateway's data folder in its configuration")
    with closing(_read_only(database)) as sql:
        rows, found, points = check_chain(sql, _checkpoints(log))
    if found is not None:
        print(f"审计链不成立 the audit chain does not hold: {found.zh}; {found.en}")
        return 1
    print(f"审计链成立 the audit chain holds: {rows} 行 rows, {points} 个检查点 checkpoints")
    return 0


def _checkpoints(log: Path) -> list[Checkpoint]:
    if not log.exists():
        return []
    with closing(_read_only(log)) as sql:
        told = [json.loads(row[0]) for row in sql.execute("SELECT data FROM leaf WHERE kind = ? ORDER BY number", (LEAF,))]
    return [Checkpoint(int(point["seq"]), str(point["sha256"])) for point in told]


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
