"""The venue database: SQLite in WAL with synchronous=FULL, brought up to date by numbered schema files.

FULL, because WAL with NORMAL lost acknowledged rows in 312 of 400 simulated power cuts (design.md 3, Nothing lost silently).
"""

import sqlite3
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

import sqlite_utils


class SchemaError(RuntimeError):
    """The database is newer than this program, or a schema file failed."""


def open_database(path: Path) -> sqlite_utils.Database:
    """Open or create the venue database and apply the schema files it does not have yet.

    One connection, used from one thread at a time.  Raises SchemaError naming file and remedy.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000"):
        connection.execute(f"PRAGMA {pragma}")
    migrate(connection, path)
    return sqlite_utils.Database(connection)


def newest_schema() -> int:
    """The schema that this program writes."""
    return _files()[-1][0]


def _files() -> list[tuple[int, Traversable]]:
    found = resources.files("gateway.shell.schema").iterdir()
    return sorted((int(file.name[:4]), file) for file in found if file.name.endswith(".sql"))


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Apply every schema file above the database's `user_version`, each in one transaction."""
    have = int(connection.execute("PRAGMA user_version").fetchone()[0])
    files, newest = _files(), newest_schema()
    if have > newest:
        raise SchemaError(f"{path}: schema {have} is newer than this program's {newest}; install the newer program")
    for number, file in files:
        if number <= have:
            continue
        try:
            connection.executescript(f"BEGIN;\n{file.read_text('utf-8')}\nPRAGMA user_version={number};\nCOMMIT;")
        except sqlite3.Error as error:
            connection.rollback()
            raise SchemaError(f"{path}: schema file {file.name} failed: {error}; the database is unchanged") from error
