"""Accounts as the API meets them: who asks, whether they may, and signing in and out."""

import asyncio
import secrets
from collections.abc import Callable
from typing import Any, Protocol

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from fastapi import Request, Response
from starlette.requests import HTTPConnection

from gateway.api.errors import ApiError
from gateway.config import PeopleConfig
from gateway.core.exception_pass import Refusal
from gateway.core.four_eyes import AskKind
from gateway.core.rights import ADMINS, Account, AccountRole, Action, decide_act
from gateway.core.sign_in import Wrongs, one_more, rest_left_s
from gateway.people.account_book import NO_PASSWORD, AccountBook, Record
from gateway.people.audit import Audit
from gateway.people.four_eyes_book import FourEyesBook
from gateway.people.oidc import Oidc
from gateway.people.second_factor import SecondFactors
from gateway.people.secret_box import SealedElsewhere, SecretBox
from gateway.people.sessions import LONGEST_S, Session, Sessions
from gateway.people.tokens import Tokens
from gateway.shell.coordinator import clock
from gateway.shell.store import Store
from venue_model.moments import Now

COOKIE = "bidhall_session"
AT_ONCE, QUEUE = 2, 16  # password checks: each takes 64 MiB and some 50 ms of a core, which nobody may spend for the venue at will
STRANGERS = 1000  # names without an account whose wrong passwords are counted, so that they look like accounts
ADMIN_AUDIENCE = sorted(ADMINS)


class Note(Protocol):
    """Writes a line of the gateway's own journal."""

    def __call__(self, kind: str, body: dict[str, Any], now: Now, *, lot: str | None = None, project: str | None = None) -> None: ...


def _no_journal(kind: str, body: dict[str, Any], now: Now, *, lot: str | None = None, project: str | None = None) -> None:
    """Until the application is made there is no journal to write to."""


class Accounts:
    """Who may come in, and as whom."""

    def __init__(
        self,
        store: Store,
        *,
        box: SecretBox | None = None,
        config: PeopleConfig | None = None,
        venue_name: str = "bidhall",
        oidc: Oidc | None = None,
        clock: Callable[[], Now] = clock,
    ) -> None:
        self.store = store
        self.config = config or PeopleConfig()
        self.oidc = oidc
        self.clock = clock
        self.book = AccountBook(store, {name: tuple(codes) for name, codes in self.config.industries.items()})
        self.sessions = Sessions(store, self.config.idle_min * 60)
        self.tokens = Tokens(store)
        self.second = SecondFactors(self.book, box or SecretBox(secrets.token_bytes(32)), venue_name)
        self.four_eyes = FourEyesBook(store)
        self.audit = Audit(store)
        self.note: Note = _no_journal
        self._strangers: dict[str, Wrongs] = {}
        self._checking = asyncio.Semaphore(AT_ONCE)
        self._queue = 0

    @property
    def hasher(self) -> PasswordHasher:
        """How passwords become hashes."""
        return self.book.hasher

    def create(self, account: str, role: AccountRole | str, password: str) -> None:
        """Add an account, or set its password anew: the word of whoever owns the machine.

        The same role and password again changes nothing; another one ends what the account had: sessions, second factor, rest.
        """
        known = self.book.find(account)
        if known is not None and known.role == role and self._fits(known.password, password):
            return
        with self.store.transaction():
            self.book.put(account, AccountRole(role), self.hasher.hash(password))
            self.book.change(account, must_change=0, disabled=0, wrongs=0)
            self.second.take_away(account)
            self.sessions.end_all(account)

    def create_first(self, account: str, role: AccountRole | str) -> str:
        """Add an account with a password that it must change, and return that: nobody sees it again."""
        first = f"{secrets.token_hex(4)}-{secrets.token_hex(4)}"
        self.create(account, role, first)
        self.book.change(account, must_change=1)
        return first

    # who asks

    def who(self, connection: HTTPConnection) -> Account | None:
        """The account behind a request or socket, by API token or cookie; None for strangers.  Does not count as use of a session."""
        found = self._behind(connection)
        return found[0] if found else None

    def session(self, connection: HTTPConnection) -> Session | None:
        """The session of a request, while it lasts."""
        return self.sessions.find(connection.cookies.get(COOKIE), self.clock().utc_ns)

    def _behind(self, connection: HTTPConnection) -> tuple[Account, Session | None] | None:
        now = self.clock().utc_ns
        scheme, _, word = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            token = self.tokens.find(word.strip(), now)
            record = self.book.find(token.account) if token else None
            return (self._account(record, None, token.actions), None) if token and record and not record.disabled else None
        session = self.session(connection)
        record = self.book.find(session.account) if session else None
        return (self._account(record, session, None), session) if record and not record.disabled else None

    def _account(self, record: Record, session: Session | None, token: frozenset[Action] | None) -> Account:
        return Account(
            record.id, record.role, self.book.limit(record.limits), record.must_change, record.totp_on,
            record.role in self.config.second_factor_roles, session.second_utc_ns if session else 0, token,
        )  # fmt: skip

    def need(self, connection: HTTPConnection, *wanted: str) -> Account:
        """The account behind a request; ApiError 401 without one, 403 when it may not.

        `wanted`: roles, of which it has one, or actions, all of which it may do; none: anybody who is signed in.
        """
        found = self._behind(connection)
        if found is None:
            raise ApiError(401, "signed-out", "请先登录", "sign in first")
        account, session = found
        now = self.clock().utc_ns
        if session is not None:
            self.sessions.use(session, now)
        actions = [word for word in wanted if isinstance(word, Action)]
        for action in actions:
            if refusal := decide_act(account, action, None, now):
                raise forbidden(refusal)
        if len(actions) < len(wanted) and account.role not in wanted:
            raise ApiError(403, "not-allowed", "您的角色无权进行此操作", f"your role {account.role} may not do this")
        return account

    def released(self, project: str, seal: int, account: str) -> bool:
        """Has another person released this package for this account?"""
        return self.four_eyes.released(AskKind.EXPORT, f"{project} {seal}", account, self.clock().utc_ns)

    # signing in and out

    async def sign_in(self, account: str, password: str, code: str, request: Request, response: Response) -> Account:
        """A session for the right password, and the right code where the account has a second factor.

        ApiError 401 otherwise, 429 after too many wrong ones; unknown accounts look the same and take as long.
        """
        record = self.book.find(account)
        self._refuse_resting(account, record)
        if not await self._right(record, password):
            raise self._wrong(account, record, request)
        assert record is not None, "nobody has a password without an account"
        second = False
        if record.totp_on:
            if not code:
                raise ApiError(401, "second-factor", "请输入动态验证码", "enter the code of your second factor as well")
            if not self.second_shown(record, code):
                self._wrong(account, record, request)
                raise ApiError(401, "wrong-code", "验证码错误或已用过", "wrong code, or one that was used already")
            second = True
        self.book.change(account, wrongs=0)
        return self.begin(record, second, request, response)

    def begin(self, record: Record, second: bool, request: Request, response: Response) -> Account:
        """A session for somebody who has proven who they are."""
        now, place = self.clock(), place_of(request)
        cookie = self.sessions.begin(record.id, second, place, now.utc_ns)
        self.audit.tell(record.id, "sign-in", place, "done", now)
        over_tls = request.url.scheme == "https"  # a cookie that was given over TLS never goes without
        response.set_cookie(COOKIE, cookie, max_age=LONGEST_S, httponly=True, samesite="strict", secure=over_tls)
        session = self.sessions.find(cookie, now.utc_ns)
        return self._account(record, session, None)

    def sign_out(self, connection: HTTPConnection, response: Response) -> None:
        """End the session."""
        if session := self.session(connection):
            self.sessions.end(session.id)
            self.audit.tell(session.account, "sign-out", session.place, "done", self.clock())
        response.delete_cookie(COOKIE)

    async def prove_password(self, record: Record, password: str, request: Request) -> None:
        """Somebody who is signed in shows the password again; ApiError 403 when it is wrong, counted like any wrong one."""
        self._refuse_resting(record.id, record)
        if not await self._right(record, password):
            self._wrong(record.id, record, request)
            raise ApiError(403, "wrong-password", "密码错误", "wrong password")

    def show_second(self, record: Record, code: str, request: Request) -> None:
        """Somebody who is signed in shows the second factor; ApiError 403 when it is wrong, counted like a wrong password."""
        self._refuse_resting(record.id, record)
        if not self.second_shown(record, code):
            self._wrong(record.id, record, request)
            raise ApiError(403, "wrong-code", "验证码错误或已用过", "wrong code, or one that was used already")
        self.book.change(record.id, wrongs=0)

    def finish_second(self, record: Record, code: str, request: Request) -> list[str]:
        """The first code of a new second factor; its recovery codes.  ApiError 403 when it is wrong."""
        self._refuse_resting(record.id, record)
        codes = self.second.finish(record, code, self.clock().utc_ns)
        if codes is None:
            self._wrong(record.id, record, request)
            raise ApiError(403, "wrong-code", "验证码错误;请核对手机时间", "wrong code; is the phone's clock right?")
        return codes

    def second_shown(self, record: Record, code: str) -> bool:
        """Is this the account's second factor?  ApiError 409 when its secret cannot be read."""
        try:
            return self.second.shown(record, code, self.clock().utc_ns)
        except SealedElsewhere as error:
            raise ApiError(409, "sealed-elsewhere", "二次验证密钥无法读取,请安全管理员重置", str(error)) from None

    def _refuse_resting(self, account: str, record: Record | None) -> None:
        wrongs = record.wrongs if record else self._strangers.get(account, Wrongs())
        if left := rest_left_s(wrongs, self.clock().utc_ns):
            raise ApiError(
                429, "locked", f"密码错误次数过多,请 {left} 秒后再试", f"too many wrong passwords; try again in {left} s"
            )

    async def _right(self, record: Record | None, password: str) -> bool:
        """Off the event loop, few at once: whoever tries passwords must not hold up a venue."""
        if self._queue >= QUEUE:
            raise ApiError(429, "busy", "登录请求过多,请稍后再试", "too many people sign in at once; try again in some seconds")
        self._queue += 1
        try:
            async with self._checking:
                usable = record is not None and record.password != NO_PASSWORD and not record.disabled
                kept = record.password if usable and record is not None else self.book.nobody
                return await asyncio.to_thread(self._fits, kept, password) and usable
        finally:
            self._queue -= 1

    def _fits(self, kept: str, password: str) -> bool:
        try:
            return self.hasher.verify(kept, password)
        except (VerifyMismatchError, InvalidHashError):
            return False

    def _wrong(self, account: str, record: Record | None, request: Request) -> ApiError:
        now = self.clock()
        if record is not None:
            fresh = self.book.find(account) or record  # another attempt may have ended meanwhile
            wrongs = one_more(fresh.wrongs, now.utc_ns)
            self.book.change(account, wrongs=wrongs.count, wrong_utc_ns=wrongs.last_utc_ns)
            self.audit.tell(account, "sign-in", place_of(request), "wrong-password", now)
        else:
            self._strangers[account] = one_more(self._strangers.pop(account, Wrongs()), now.utc_ns)
            if len(self._strangers) > STRANGERS:
                del self._strangers[next(iter(self._strangers))]
        return ApiError(401, "wrong-password", "账号或密码错误", "wrong account or password")


def place_of(request: Request) -> str:
    """The address that asks."""
    return request.client.host if request.client else ""


def forbidden(refusal: Refusal) -> ApiError:
    """403 in the words of the rights."""
    return ApiError(403, refusal.code, refusal.why.zh, refusal.why.en)
