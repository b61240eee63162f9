"""Signing in and out, and what people do with their own account."""

import asyncio
from typing import Any

from fastapi import APIRouter, Request, Response

from gateway.api import models as m
from gateway.api.accounts import ADMIN_AUDIENCE, Accounts
from gateway.api.errors import ApiError, not_found
from gateway.api.services import services
from gateway.core.rights import FRESH_S, RIGHTS, Account, token_may
from gateway.core.sign_in import password_fault
from gateway.people.account_book import NO_PASSWORD, Record
from gateway.people.sessions import Session
from venue_model.moments import S

router = APIRouter(prefix="/api/v1")


@router.post("/session")
async def sign_in(request: Request, response: Response, body: m.SignIn) -> m.SessionOut:
    """Sign in.  `code`: of the second factor, where the account has one; or one of its recovery codes."""
    accounts = services(request).accounts
    return _session(accounts, await accounts.sign_in(body.account, body.password, body.code, request, response))


@router.get("/session")
async def get_session(request: Request) -> m.SessionOut:
    """Who is signed in, and what they must do before anything else."""
    accounts = services(request).accounts
    return _session(accounts, accounts.need(request))


@router.delete("/session", status_code=204)
async def sign_out(request: Request, response: Response) -> None:
    """Sign out."""
    services(request).accounts.sign_out(request, response)


@router.post("/session/second-factor", status_code=204)
async def show_second_factor(request: Request, body: m.CodeIn) -> None:
    """Show the second factor anew: dangerous acts ask for one that is not older than five minutes."""
    accounts = services(request).accounts
    record, session = _own(accounts, request)
    if not record.totp_on:
        raise ApiError(409, "no-second-factor", "此账号没有二次验证", "this account has no second factor; set one up first")
    accounts.show_second(record, body.code, request)
    accounts.sessions.confirm(session, accounts.clock().utc_ns)


@router.post("/me/password", status_code=204)
async def set_password(request: Request, body: m.PasswordIn) -> None:
    """Set one's own password.  All other sessions of the account end."""
    accounts = services(request).accounts
    record, session = _own(accounts, request)
    if record.password == NO_PASSWORD:
        raise ApiError(409, "no-password", "此账号由统一身份认证登录", "this account signs in elsewhere and has no password here")
    await accounts.prove_password(record, body.old, request)
    if fault := password_fault(record.id, body.new, record.totp_on):
        raise ApiError(409, "weak-password", fault.zh, fault.en)
    if body.old == body.new:
        raise ApiError(409, "same-password", "新密码不能与旧密码相同", "the new password must not be the old one")
    kept = await asyncio.to_thread(accounts.hasher.hash, body.new)
    with accounts.store.transaction():
        accounts.book.put(record.id, record.role, kept)
        accounts.book.change(record.id, must_change=0)
        accounts.sessions.end_all(record.id, but=session.id)
        _note(accounts, "password", record.id)


@router.post("/me/second-factor")
async def begin_second_factor(request: Request, body: m.SecretIn) -> m.EnrolmentOut:
    """Set up a second factor: the secret is shown this once, and counts after its first code."""
    accounts = services(request).accounts
    record, session = _own(accounts, request)
    await _prove(accounts, record, session, body.password, request)
    if record.totp_on:
        raise ApiError(409, "has-second-factor", "已绑定二次验证,请先解除", "this account has a second factor; take it away first")
    made = accounts.second.begin(record.id)
    return m.EnrolmentOut(secret=made.secret, uri=made.uri, svg=made.svg)


@router.post("/me/second-factor/confirm")
async def confirm_second_factor(request: Request, body: m.CodeIn) -> m.RecoveryOut:
    """The first code turns the second factor on.  The recovery codes are shown this once."""
    accounts = services(request).accounts
    record, session = _own(accounts, request)
    if record.totp_on or not record.totp_sealed:
        raise ApiError(409, "no-enrolment", "请先开始绑定", "begin to set up a second factor first")
    codes = accounts.finish_second(record, body.code, request)
    accounts.sessions.confirm(session, accounts.clock().utc_ns)
    _note(accounts, "second-factor", record.id)
    return m.RecoveryOut(codes=codes)


@router.post("/me/second-factor/remove", status_code=204)
async def remove_second_factor(request: Request, body: m.CodeIn) -> None:
    """Take one's second factor away, by showing it a last time."""
    accounts = services(request).accounts
    record, _ = _own(accounts, request)
    if not record.totp_on:
        raise ApiError(409, "no-second-factor", "此账号没有二次验证", "this account has no second factor")
    accounts.show_second(record, body.code, request)
    accounts.second.take_away(record.id)
    _note(accounts, "second-factor-removed", record.id)


@router.get("/me/sessions")
async def get_sessions(request: Request) -> list[m.OpenSessionOut]:
    """Where this account is signed in."""
    accounts = services(request).accounts
    account, own = accounts.need(request), accounts.session(request)
    return [session_out(s, own) for s in accounts.sessions.of(account.id)]


@router.delete("/me/sessions/{session}", status_code=204)
async def end_session(request: Request, session: str) -> None:
    """End one of one's own sessions."""
    accounts = services(request).accounts
    account = accounts.need(request)
    if all(s.id != session for s in accounts.sessions.of(account.id)):
        raise not_found(f"没有会话 {session}", f"you have no session {session}")
    accounts.sessions.end(session)


@router.get("/me/tokens")
async def get_tokens(request: Request) -> list[m.TokenOut]:
    """One's own API tokens."""
    accounts = services(request).accounts
    account = accounts.need(request)
    return [
        m.TokenOut(
            id=t.id, name=t.name, actions=sorted(t.actions), made_utc_ns=t.made_utc_ns, until_utc_ns=t.until_utc_ns,
            used_utc_ns=t.used_utc_ns or None,
        )
        for t in accounts.tokens.of(account.id)
    ]  # fmt: skip


@router.post("/me/tokens", status_code=201)
async def make_token(request: Request, body: m.TokenIn) -> m.TokenMadeOut:
    """Make an API token for some of one's own actions.  It is shown this once."""
    accounts = services(request).accounts
    record, session = _own(accounts, request)
    await _prove(accounts, record, session, body.password, request)
    for action in body.actions:
        if not token_may(action) or record.role not in RIGHTS[action].roles:
            why = "it is dangerous, or not this role's"
            raise ApiError(409, "token", f"令牌不能包含权限 {action}", f"no token of a {record.role} is for {action}: {why}")
    id, text = accounts.tokens.make(record.id, body.name, body.actions, body.days, accounts.clock().utc_ns)
    _note(accounts, "token-made", record.id, token=id, name=body.name, actions=sorted(body.actions))
    return m.TokenMadeOut(id=id, token=text)


@router.delete("/me/tokens/{token}", status_code=204)
async def end_token(request: Request, token: str) -> None:
    """End one of one's own API tokens."""
    accounts = services(request).accounts
    account = accounts.need(request)
    if all(t.id != token for t in accounts.tokens.of(account.id)):
        raise not_found(f"没有令牌 {token}", f"you have no token {token}")
    accounts.tokens.end(token)
    _note(accounts, "token-ended", account.id, token=token)


def session_out(session: Session, own: Session | None) -> m.OpenSessionOut:
    """A session for a list."""
    return m.OpenSessionOut(
        id=session.id, account=session.account, began_utc_ns=session.began_utc_ns, seen_utc_ns=session.seen_utc_ns, place=session.place,
        own=own is not None and session.id == own.id,
    )  # fmt: skip


def _session(accounts: Accounts, account: Account) -> m.SessionOut:
    return m.SessionOut(
        account=account.id, role=account.role, must_change=account.must_change, second_factor=account.has_second,
        second_wanted=account.second_wanted and not account.has_second,
        limited=not account.limit.is_none, export_needs_two=accounts.config.export_needs_two,
        actions=sorted(action for action, right in RIGHTS.items() if account.role in right.roles),
    )  # fmt: skip


def _own(accounts: Accounts, request: Request) -> tuple[Record, Session]:
    """The account and session of a person at a page: no API token changes the account that it is of."""
    account, session = accounts.need(request), accounts.session(request)
    record = accounts.book.find(account.id)
    if session is None or record is None:
        raise ApiError(403, "token", "接口令牌不能更改账号", "an API token cannot change its account; sign in")
    return record, session


async def _prove(accounts: Accounts, record: Record, session: Session, password: str, request: Request) -> None:
    """An unattended page must not be enough to take an account over: the password again, or a young session where there is none."""
    if record.password == NO_PASSWORD:
        if accounts.clock().utc_ns - session.began_utc_ns > FRESH_S * S:
            raise ApiError(403, "sign-in-again", "请退出后重新登录再试", "sign out, sign in again, then try again")
        return
    await accounts.prove_password(record, password, request)


def _note(accounts: Accounts, what: str, account: str, **more: Any) -> None:
    body = {"what": what, "account": account, "by": account, "audience": ADMIN_AUDIENCE, **more}
    accounts.note("account", body, accounts.clock())
