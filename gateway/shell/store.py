"""What the gateway must remember, as typed reads and writes over the venue database.

Writers that belong together run inside `transaction()`; a message leaves only after the commit that records it (journal rule).
"""

import json
import secrets
from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import cache
from typing import Any

import sqlite_utils
from pydantic import TypeAdapter

from gateway.core.clearing import Domain
from gateway.core.day import LotState
from gateway.core.scene_run import Run, RunRecord
from venue_model.ids import BoardId, ComponentId, LotId, PersonKey, RunId
from venue_model.moments import S
from venue_model.wire import JournalEvent


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _dump(value: Any) -> str:
    kind: Any = type(value)
    return _adapter(kind).dump_json(value).decode()


class Store:
    """The venue database as the gateway's shell uses it."""

    def __init__(self, db: sqlite_utils.Database) -> None:
        self.db = db
        self.sql = db.conn

    def transaction(self) -> AbstractContextManager[Any]:
        """All or nothing; nested uses join the outer one."""
        return self.db.atomic()  # type: ignore[no-any-return]

    # settings

    def setting(self, name: str) -> str | None:
        """A remembered word, or None."""
        row = self.sql.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def set_setting(self, name: str, value: str) -> None:
        """Remember a word."""
        self.sql.execute("INSERT INTO setting VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", (name, value))

    def forget_setting(self, name: str) -> None:
        """Forget a word."""
        self.sql.execute("DELETE FROM setting WHERE name = ?", (name,))

    def next_epoch(self, utc_ns: int = 0, known: int = 0) -> int:
        """This incarnation of the gateway: more than the last, more than `known`, and at least the seconds of the clock.

        Because this database may be an older copy of itself, whose last number was outdone long ago.
        """
        with self.transaction():
            epoch = max(int(self.setting("epoch") or 0) + 1, known + 1, utc_ns // S)
            self.set_setting("epoch", str(epoch))
        return epoch

    def salt(self) -> bytes:
        """The secret under which passes are known to the doors; made once."""
        with self.transaction():
            found = self.setting("salt")
            if found is None:
                found = secrets.token_hex(16)
                self.set_setting("salt", found)
        return bytes.fromhex(found)

    # lots and runs

    def lots(self) -> dict[LotId, LotState]:
        """Every lot that is known."""
        rows = self.sql.execute("SELECT lot_json FROM lot ORDER BY id")
        states = [_adapter(LotState).validate_json(row[0]) for row in rows]
        return {state.lot.id: state for state in states}

    def save_lot(self, state: LotState) -> None:
        """Insert or replace a lot."""
        self.sql.execute(
            "INSERT OR REPLACE INTO lot VALUES (?, ?, ?, ?, ?)",
            (state.lot.id, state.lot.project, state.phase, _dump(state), state.phase_utc_ns),
        )

    def save_run(self, record: RunRecord) -> None:
        """Insert or replace a run."""
        run = record.run
        self.sql.execute(
            "INSERT OR REPLACE INTO run VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (run.id, run.lot, run.scene, run.by, run.began_utc_ns, run.ended_utc_ns, run.result, _dump(record)),
        )

    def runs(self, lot: LotId | None = None, *, open_only: bool = False) -> list[RunRecord]:
        """Runs, oldest first."""
        where = ["1"] + (["lot = :lot"] if lot is not None else []) + (["result IS NULL"] if open_only else [])
        rows = self.sql.execute(f"SELECT run_json FROM run WHERE {' AND '.join(where)} ORDER BY began_utc_ns, id", {"lot": lot})
        return [_adapter(RunRecord).validate_json(row[0]) for row in rows]

    def run(self, run: RunId) -> Run | None:
        """One run, or None."""
        row = self.sql.execute("SELECT run_json FROM run WHERE id = ?", (run,)).fetchone()
        return None if row is None else _adapter(RunRecord).validate_json(row[0]).run

    # domains, agents, authorisations

    def domains(self) -> dict[ComponentId, Domain]:
        """What was last signed for each separation domain."""
        rows = self.sql.execute("SELECT id, state_json FROM component")
        return {ComponentId(row[0]): _adapter(Domain).validate_json(row[1]) for row in rows}

    def save_domain(self, domain: Domain) -> None:
        """Insert or replace a domain; before its policy is sent."""
        self.sql.execute("INSERT OR REPLACE INTO component VALUES (?, ?)", (domain.component, _dump(domain)))

    def count_signed(self, more: int) -> int:
        """How many policies of domains were ever signed, with these; in the transaction that stores them."""
        signed = int(self.setting("signed") or 0) + more
        self.set_setting("signed", str(signed))
        return signed

    def agents(self) -> dict[BoardId, tuple[int, int, int]]:
        """Agent → (generation, renewal, session) last used."""
        rows = self.sql.execute("SELECT id, generation, renewal, session FROM agent")
        return {BoardId(row[0]): (row[1], row[2], row[3]) for row in rows}

    def save_agents(self, counters: Sequence[tuple[BoardId, int, int, int]]) -> None:
        """Remember agents' (id, generation, renewal, session); before the messages that carry them are sent."""
        self.sql.executemany("INSERT OR REPLACE INTO agent VALUES (?, ?, ?, ?, '{}')", counters)

    def authorisations(self) -> dict[tuple[LotId, PersonKey], int]:
        """(lot, person) → when last authorised to enter."""
        return {(lot, person): utc_ns for lot, person, utc_ns in self.sql.execute("SELECT lot, person, utc_ns FROM authorisation")}

    def authorise(self, lot: LotId, person: PersonKey, utc_ns: int, by: str) -> None:
        """Open a person's entry window."""
        self.sql.execute("INSERT OR REPLACE INTO authorisation VALUES (?, ?, ?, ?)", (lot, person, utc_ns, by))

    # exception passes

    def exceptions(self) -> list[tuple[str, str]]:
        """(id, pass as JSON) of every exception pass that was not withdrawn."""
        return [(str(row[0]), str(row[1])) for row in self.sql.execute("SELECT id, pass_json FROM exception_pass ORDER BY id")]

    def save_exception(self, id: str, pass_json: str, until_utc_ns: int) -> None:
        """Insert or replace an exception pass."""
        self.sql.execute("INSERT OR REPLACE INTO exception_pass VALUES (?, ?, ?)", (id, pass_json, until_utc_ns))

    def forget_exception(self, id: str) -> None:
        """Delete an exception pass."""
        self.sql.execute("DELETE FROM exception_pass WHERE id = ?", (id,))

    # journal

    def add_journal(
        self, agent: str, journal: str, event: JournalEvent, received_utc_ns: int, *, project: str | None, room: str | None
    ) -> bool:
        """Add one line; False when it was there already (agents repeat until they are acknowledged)."""
        person = event.body.get("person")
        cursor = self.sql.execute(
            "INSERT OR IGNORE INTO journal VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                agent, journal, event.seq, event.utc_ns, received_utc_ns, event.kind, event.lot, project, room,
                person if isinstance(person, str) else None, json.dumps(event.body, ensure_ascii=False, sort_keys=True),
            ),
        )  # fmt: skip
        return bool(cursor.rowcount == 1)

    def journal_through(self, agent: str, journal: str) -> int:
        """How far an agent's journal is here without a hole."""
        return int(self.setting(f"journal {agent} {journal}") or 0)

    def journals_through(self, agent: str) -> dict[str, int]:
        """How far each journal of an agent is here without a hole."""
        prefix = f"journal {agent} "
        rows = self.sql.execute("SELECT name, value FROM setting WHERE name > ? AND name < ?", (prefix, prefix + "\U0010ffff"))
        return {str(name).removeprefix(prefix): int(value) for name, value in rows}

    def save_journal_through(self, agent: str, journal: str, through: int) -> None:
        """Remember how far; in the transaction that stores the lines."""
        self.set_setting(f"journal {agent} {journal}", str(through))

    def journal_after(self, agent: str, journal: str, seq: int) -> list[int]:
        """The numbers of an agent's lines beyond `seq`, ascending."""
        rows = self.sql.execute(
            "SELECT seq FROM journal WHERE agent = ? AND journal = ? AND seq > ? ORDER BY seq", (agent, journal, seq)
        )
        return [int(row[0]) for row in rows]

    def newest_received_utc_ns(self) -> int:
        """When the line of the latest moment was received; 0 in an empty journal."""
        row = self.sql.execute("SELECT received_utc_ns FROM journal ORDER BY utc_ns DESC LIMIT 1").fetchone()
        return 0 if row is None else int(row[0])

    def newest_passage_utc_ns(self) -> int:
        """When somebody last passed a door, by the doors' clocks; 0 when nobody did."""
        row = self.sql.execute("SELECT utc_ns FROM journal WHERE kind = 'passage' ORDER BY utc_ns DESC LIMIT 1").fetchone()
        return 0 if row is None else int(row[0])

    def own_line(
        self, kind: str, body: dict[str, Any], utc_ns: int, *, lot: str | None = None, project: str | None = None, room: str | None = None
    ) -> JournalEvent:
        """Add a line of the gateway's own: scene runs, operator acts, evidence reads."""
        row = self.sql.execute("SELECT COALESCE(MAX(seq), 0) + 1 FROM journal WHERE agent = '' AND journal = 'gateway'").fetchone()
        event = JournalEvent(int(row[0]), utc_ns, kind, body, LotId(lot) if lot else None)
        self.add_journal("", "gateway", event, utc_ns, project=project, room=room)
        return event

    def journal(self, where: str = "1", values: tuple[Any, ...] = (), limit: int = 500, *, newest: bool = False) -> list[dict[str, Any]]:
        """Journal lines as the API shows them, in order of time."""
        order = "DESC" if newest else "ASC"
        rows = self.sql.execute(
            "SELECT agent, seq, utc_ns, kind, lot, project, room, person, body_json FROM journal"
            f" WHERE {where} ORDER BY utc_ns {order}, agent, seq {order} LIMIT ?",
            (*values, limit),
        ).fetchall()
        names = ("agent", "seq", "utc_ns", "kind", "lot", "project", "room", "person")
        found = [{**dict(zip(names, row[:8], strict=True)), "body": json.loads(row[8])} for row in rows]
        return found[::-1] if newest else found
