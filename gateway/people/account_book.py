"""The accounts as they are stored: role, limits, password, and whether they rest."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from argon2 import PasswordHasher

from gateway.core.rights import AccountRole, Limit
from gateway.core.sign_in import Wrongs
from gateway.shell.store import Store
from venue_model.ids import LotId

NO_PASSWORD = "!"  # no hash is that: an account that somebody else vouches for, or that has none yet
_MORE = "limits_json, must_change, disabled, issuer, subject, totp_sealed, totp_on, totp_step, wrongs, wrong_utc_ns"


@dataclass(frozen=True, slots=True)
class Limits:
    """To which lots and industries an account is held; None: to none in particular."""

    lots: tuple[str, ...] | None = None
    industries: tuple[str, ...] | None = None

    def plain(self) -> dict[str, list[str]]:
        """For the database and the journal."""
        both = {"lots": self.lots, "industries": self.industries}
        return {name: list(values) for name, values in both.items() if values is not None}


def limits_of(plain: Mapping[str, object]) -> Limits:
    """What `Limits.plain` wrote."""

    def words(name: str) -> tuple[str, ...] | None:
        found = plain.get(name)
        return tuple(str(word) for word in found) if isinstance(found, list) else None

    return Limits(words("lots"), words("industries"))


@dataclass(frozen=True, slots=True)
class Record:
    """One account with all that is kept of it."""

    id: str
    role: AccountRole
    password: str  # argon2, or NO_PASSWORD
    limits: Limits = Limits()
    must_change: bool = False
    disabled: bool = False
    issuer: str = ""
    subject: str = ""
    totp_sealed: str = ""
    totp_on: bool = False
    totp_step: int = 0
    wrongs: Wrongs = field(default_factory=Wrongs)


class AccountBook:
    """Reads and writes accounts.  `industries`: name → beginnings of project codes, as gateway.toml spells them out."""

    def __init__(self, store: Store, industries: Mapping[str, tuple[str, ...]]) -> None:
        self.store = store
        self.sql = store.sql
        self.industries = industries
        self.hasher = PasswordHasher()

    @cached_property
    def nobody(self) -> str:
        """Checked for unknown names, so that they take as long as known ones."""
        return self.hasher.hash(secrets.token_hex(16))

    def find(self, account: str) -> Record | None:
        """One account, or None."""
        found = self._select("a.id = ?", account)
        return found[0] if found else None

    def by_subject(self, issuer: str, subject: str) -> Record | None:
        """The account that an OIDC issuer calls so."""
        found = self._select("m.issuer = ? AND m.subject = ?", issuer, subject)
        return found[0] if found else None

    def all(self) -> list[Record]:
        """Every account, by name."""
        return self._select("1")

    def _select(self, where: str, *values: str) -> list[Record]:
        rows = self.sql.execute(
            f"SELECT a.id, a.role, a.password, {_MORE} FROM account a LEFT JOIN account_more m ON m.account = a.id"
            f" WHERE {where} ORDER BY a.id",
            values,
        )
        return [_record(row) for row in rows if row[1] in set(AccountRole)]

    def put(self, account: str, role: AccountRole, password_hash: str) -> None:
        """Insert or replace id, role and password; what more is known of the account stays."""
        with self.store.transaction():
            self.sql.execute("INSERT OR REPLACE INTO account VALUES (?, ?, ?)", (account, role, password_hash))
            self.sql.execute("INSERT OR IGNORE INTO account_more (account) VALUES (?)", (account,))

    def change(self, account: str, **columns: object) -> None:
        """Set columns of `account_more`."""
        assert set(columns) <= set(_MORE.split(", ")), "columns are named by this package alone"
        self.sql.execute("INSERT OR IGNORE INTO account_more (account) VALUES (?)", (account,))
        words = ", ".join(f"{name} = ?" for name in columns)
        self.sql.execute(f"UPDATE account_more SET {words} WHERE account = ?", (*columns.values(), account))

    def set_limits(self, account: str, limits: Limits) -> None:
        """Hold an account to lots and industries."""
        self.change(account, limits_json=json.dumps(limits.plain(), ensure_ascii=False, sort_keys=True))

    def limit(self, limits: Limits) -> Limit:
        """Limits as the rights ask for them.  An industry that gateway.toml no longer names lets nothing through."""
        codes = None if limits.industries is None else tuple(c for name in limits.industries for c in self.industries.get(name, ()))
        return Limit(None if limits.lots is None else tuple(LotId(lot) for lot in limits.lots), codes)

    def recovery_codes(self, account: str) -> set[str]:
        """The hashes of the codes that are left."""
        return {str(row[0]) for row in self.sql.execute("SELECT sha256 FROM recovery_code WHERE account = ?", (account,))}

    def set_recovery_codes(self, account: str, hashes: set[str]) -> None:
        """Replace what is left."""
        with self.store.transaction():
            self.sql.execute("DELETE FROM recovery_code WHERE account = ?", (account,))
            self.sql.executemany("INSERT INTO recovery_code VALUES (?, ?)", [(account, code) for code in sorted(hashes)])


def _record(row: tuple[object, ...]) -> Record:
    account, role, password, limits, must_change, disabled, issuer, subject, sealed, on, step, wrongs, wrong_utc_ns = row
    return Record(
        str(account), AccountRole(str(role)), str(password), limits_of(json.loads(str(limits or "{}"))), bool(must_change), bool(disabled),
        str(issuer or ""), str(subject or ""), str(sealed or ""), bool(on), _int(step), Wrongs(_int(wrongs), _int(wrong_utc_ns)),
    )  # fmt: skip


def _int(value: object) -> int:
    return value if isinstance(value, int) else 0
