"""The requests that wait for a second person, and the exports that two have released."""

import json
import secrets
from dataclasses import replace

from gateway.core.four_eyes import RELEASED_S, WAITS_S, Asked, AskKind
from gateway.shell.store import Store
from venue_model.moments import S

_COLUMNS = "id, kind, subject, body_json, asked_by, asked_utc_ns, until_utc_ns, decided_by, outcome"


class FourEyesBook:
    """Reads and writes requests; the rules are in gateway/core/four_eyes.py."""

    def __init__(self, store: Store) -> None:
        self.sql = store.sql

    def ask(self, kind: AskKind, subject: str, body: dict[str, object], by: str, now_utc_ns: int) -> Asked:
        """A new request.  An older one of the same kind for the same subject falls away."""
        self.sql.execute("UPDATE four_eyes SET outcome = 'dropped' WHERE kind = ? AND subject = ? AND outcome = ''", (kind, subject))
        asked = Asked(f"q-{secrets.token_hex(4)}", kind, subject, by, now_utc_ns, now_utc_ns + WAITS_S * S, body)
        self.sql.execute(
            f"INSERT INTO four_eyes ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, '', '')",
            (asked.id, kind, subject, json.dumps(body, ensure_ascii=False, sort_keys=True), by, now_utc_ns, asked.until_utc_ns),
        )
        return asked

    def find(self, id: str) -> Asked | None:
        """One request, or None."""
        row = self.sql.execute(f"SELECT {_COLUMNS} FROM four_eyes WHERE id = ?", (id,)).fetchone()
        return None if row is None else _asked(row)

    def waiting(self, now_utc_ns: int) -> list[Asked]:
        """What waits for a second person, oldest first."""
        rows = self.sql.execute(
            f"SELECT {_COLUMNS} FROM four_eyes WHERE outcome = '' AND until_utc_ns > ? ORDER BY asked_utc_ns, id", (now_utc_ns,)
        )
        return [_asked(row) for row in rows]

    def decide(self, asked: Asked, by: str, outcome: str, now_utc_ns: int) -> Asked:
        """Confirmed or dropped."""
        until = now_utc_ns + RELEASED_S * S if outcome == "confirmed" else asked.until_utc_ns
        self.sql.execute("UPDATE four_eyes SET decided_by = ?, outcome = ?, until_utc_ns = ? WHERE id = ?", (by, outcome, until, asked.id))
        return replace(asked, decided_by=by, outcome=outcome, until_utc_ns=until)

    def released(self, kind: AskKind, subject: str, asked_by: str, now_utc_ns: int) -> bool:
        """Has a second person released this for whoever asked, and not too long ago?"""
        row = self.sql.execute(
            "SELECT 1 FROM four_eyes WHERE kind = ? AND subject = ? AND asked_by = ? AND outcome = 'confirmed' AND until_utc_ns > ?",
            (kind, subject, asked_by, now_utc_ns),
        ).fetchone()
        return row is not None


def _asked(row: tuple[str, str, str, str, str, int, int, str, str]) -> Asked:
    id, kind, subject, body, asked_by, asked_utc_ns, until_utc_ns, decided_by, outcome = row
    return Asked(id, AskKind(kind), subject, asked_by, asked_utc_ns, until_utc_ns, json.loads(body), decided_by, outcome)
