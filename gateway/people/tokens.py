"""API tokens: for programs, named, limited to some actions, and with an end.  The database holds their hashes."""

import hashlib
import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from gateway.core.rights import Action
from gateway.shell.store import Store
from venue_model.moments import S

MARK = "bht_"  # so that a token is known as one wherever it turns up
LONGEST_DAYS = 366
USED_EVERY_S = 60  # how often "last used" is written down


@dataclass(frozen=True, slots=True)
class Token:
    """One token, without what it is shown by."""

    id: str
    account: str
    name: str
    actions: frozenset[Action]
    made_utc_ns: int
    until_utc_ns: int
    used_utc_ns: int


_COLUMNS = "id, account, name, actions_json, made_utc_ns, until_utc_ns, used_utc_ns"


class Tokens:
    """Makes, finds and ends tokens."""

    def __init__(self, store: Store) -> None:
        self.sql = store.sql

    def make(self, account: str, name: str, actions: Iterable[Action], days: int, now_utc_ns: int) -> tuple[str, str]:
        """(id, the token itself): nobody sees it again."""
        id, text = f"t-{secrets.token_hex(4)}", MARK + secrets.token_urlsafe(32)
        until = now_utc_ns + min(days, LONGEST_DAYS) * 86_400 * S
        self.sql.execute(
            "INSERT INTO api_token VALUES (?, ?, ?, ?, ?, ?, ?, 0)",
            (id, _digest(text), account, name, json.dumps(sorted(actions)), now_utc_ns, until),
        )
        return id, text

    def find(self, text: str, now_utc_ns: int) -> Token | None:
        """The token that is shown, while it lasts; notes its use."""
        row = self.sql.execute(f"SELECT {_COLUMNS} FROM api_token WHERE sha256 = ?", (_digest(text),)).fetchone()
        if row is None or now_utc_ns >= row[5]:
            return None
        token = _token(row)
        if abs(now_utc_ns - token.used_utc_ns) >= USED_EVERY_S * S:
            self.sql.execute("UPDATE api_token SET used_utc_ns = ? WHERE id = ?", (now_utc_ns, token.id))
        return token

    def of(self, account: str | None = None) -> list[Token]:
        """The tokens of one account, or all; the newest first."""
        rows = self.sql.execute(
            f"SELECT {_COLUMNS} FROM api_token WHERE ? IS NULL OR account = ? ORDER BY made_utc_ns DESC, id", (account, account)
        )
        return [_token(row) for row in rows]

    def end(self, id: str) -> None:
        """From now on this token is nothing."""
        self.sql.execute("DELETE FROM api_token WHERE id = ?", (id,))

    def end_all(self, account: str) -> None:
        """All of an account's."""
        self.sql.execute("DELETE FROM api_token WHERE account = ?", (account,))


def _token(row: tuple[str, str, str, str, int, int, int]) -> Token:
    id, account, name, actions, made, until, used = row
    known = frozenset(Action(word) for word in json.loads(actions) if word in set(Action))
    return Token(id, account, name, known, made, until, used)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
