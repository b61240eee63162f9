"""Who may do what: accounts with argon2 passwords, sessions in a cookie, and four roles.

staff press scenes; supervisors search, play and take packages; witnesses watch and play; integrators look after devices.  A session
lives in memory: after a restart of the gateway people sign in again.
"""

import secrets
import time
from dataclasses import dataclass
from typing import Literal, cast

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from fastapi import Request, Response

from gateway.api.errors import ApiError
from gateway.shell.store import Store

Role = Literal["staff", "supervisor", "witness", "integrator"]
COOKIE = "bidhall_session"
SESSION_S = 12 * 3600  # a working day
LOCK_AFTER, LOCK_S = 5, 60  # wrong passwords of one account, and how long it then rests


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who is signed in."""

    id: str
    role: Role


class Accounts:
    """Signs people in and out."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.hasher = PasswordHasher()
        self._sessions: dict[str, tuple[Account, float]] = {}
        self._wrong: dict[str, tuple[int, float]] = {}

    def create(self, account: str, role: Role, password: str) -> None:
        """Add an account, or set its password anew."""
        self.store.sql.execute("INSERT OR REPLACE INTO account VALUES (?, ?, ?)", (account, role, self.hasher.hash(password)))

    def sign_in(self, account: str, password: str, response: Response) -> Account:
        """A session for the right password.  ApiError 401 otherwise, 429 after too many wrong ones; unknown accounts look the same."""
        count, since = self._wrong.get(account, (0, 0.0))
        if count >= LOCK_AFTER and time.monotonic() - since < LOCK_S:
            raise ApiError(429, "locked", "密码错误次数过多,请一分钟后再试", "too many wrong passwords; try again in a minute")
        row = self.store.sql.execute("SELECT role, password FROM account WHERE id = ?", (account,)).fetchone()
        try:
            if row is None:
                raise InvalidHashError
            self.hasher.verify(row[1], password)
        except (VerifyMismatchError, InvalidHashError):
            self._wrong[account] = (count + 1 if time.monotonic() - since < LOCK_S else 1, time.monotonic())
            raise ApiError(401, "wrong-password", "账号或密码错误", "wrong account or password") from None
        self._wrong.pop(account, None)
        token = secrets.token_urlsafe(32)
        found = Account(account, cast(Role, row[0]))
        self._sessions[token] = (found, time.monotonic() + SESSION_S)
        response.set_cookie(COOKIE, token, max_age=SESSION_S, httponly=True, samesite="strict")
        return found

    def sign_out(self, token: str | None, response: Response) -> None:
        """End a session."""
        self._sessions.pop(token or "", None)
        response.delete_cookie(COOKIE)

    def who(self, token: str | None) -> Account | None:
        """Whose session this is, or None."""
        found = self._sessions.get(token or "")
        if found is None or found[1] < time.monotonic():
            self._sessions.pop(token or "", None)
            return None
        return found[0]

    def need(self, request: Request, *roles: Role) -> Account:
        """The account behind a request; ApiError 401 without one, 403 when its role is not among `roles` (empty: any)."""
        account = self.who(request.cookies.get(COOKIE))
        if account is None:
            raise ApiError(401, "signed-out", "请先登录", "sign in first")
        if roles and account.role not in roles:
            raise ApiError(403, "not-allowed", "您的角色无权进行此操作", f"your role {account.role} may not do this")
        return account
