"""Signing in elsewhere, as the browser goes through it."""

import html
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from gateway.api import models as m
from gateway.api.accounts import Accounts
from gateway.api.errors import ApiError
from gateway.api.services import services
from gateway.people.account_book import NO_PASSWORD, Record
from gateway.people.oidc import WAIT_S, Oidc, OidcError, Vouched
from gateway.people.patterns import is_account

router = APIRouter(prefix="/api/v1")
BROWSER = "bidhall_oidc"
Responses = dict[int | str, dict[str, Any]]
_TO_ISSUER: Responses = {303: {"description": "To the issuer's page."}, 400: {"description": "The issuer cannot be used; a page says why."}}
_BACK: Responses = {303: {"description": "Signed in: to the first page."}, 400: {"description": "Not signed in; a page says why."}}


@router.get("/sign-in-ways")
async def get_ways(request: Request) -> m.WaysOut:
    """How one may sign in here besides by password."""
    oidc = services(request).accounts.oidc
    return m.WaysOut(oidc=oidc.config.name if oidc else None)


@router.get("/oidc/begin", status_code=303, response_class=RedirectResponse, responses=_TO_ISSUER)
async def begin(request: Request) -> Response:
    """Send the browser to the issuer."""
    oidc = _oidc(services(request).accounts)
    try:
        url, state = await oidc.begin(str(request.url_for("finish")))
    except OidcError as error:
        return _page(error)
    answer = RedirectResponse(url, 303)
    # Lax: the browser comes back from another site, and must still bring it.
    secure = request.url.scheme == "https"
    answer.set_cookie(BROWSER, state, max_age=WAIT_S, httponly=True, samesite="lax", secure=secure, path="/api/v1/oidc")
    return answer


@router.get("/oidc/callback", status_code=303, response_class=RedirectResponse, responses=_BACK)
async def finish(request: Request, state: str = "", code: str = "", error: str = "") -> Response:
    """The browser comes back from the issuer."""
    accounts = services(request).accounts
    oidc = _oidc(accounts)
    try:
        if error:
            raise OidcError("refused", "认证服务未同意登录", f"the issuer refused: {error[:100]}; ask its administrator")
        vouched = await oidc.finish(state, request.cookies.get(BROWSER, ""), code)
        record = _record(accounts, vouched)
    except OidcError as fault:
        return _page(fault)
    answer = RedirectResponse("/", 303)
    answer.delete_cookie(BROWSER, path="/api/v1/oidc")
    accounts.begin(record, False, request, answer)
    return answer


def _oidc(accounts: Accounts) -> Oidc:
    if accounts.oidc is None:
        raise ApiError(404, "no-oidc", "未配置统一身份认证", "no issuer is configured here; sign in with a password")
    return accounts.oidc


def _record(accounts: Accounts, vouched: Vouched) -> Record:
    """The account of whom the issuer vouches for, made or brought up to date."""
    book = accounts.book
    record = book.by_subject(vouched.issuer, vouched.subject)
    if record is None:
        if not is_account(vouched.account):
            raise OidcError("account", "账号名不可用", f"{vouched.account!r} is no account name here: letters, digits and . _ @ - alone")
        if book.find(vouched.account) is not None:
            raise OidcError(
                "taken", f"账号 {vouched.account} 已是本地账号,请联系系统管理员",
                f"{vouched.account} is another account here already; have it renamed there, or sign in with its password",
            )  # fmt: skip
        with accounts.store.transaction():
            book.put(vouched.account, vouched.role, NO_PASSWORD)
            book.change(vouched.account, issuer=vouched.issuer, subject=vouched.subject)
    elif record.disabled:
        raise OidcError("disabled", "账号已停用,请联系系统管理员", "this account is suspended; ask the system administrator")
    elif record.role is not vouched.role:
        with accounts.store.transaction():
            book.put(record.id, vouched.role, NO_PASSWORD)
            accounts.tokens.end_all(record.id)  # they were made for another role
            accounts.sessions.end_all(record.id)
    found = book.by_subject(vouched.issuer, vouched.subject)
    assert found is not None, "it was just written"
    return found


def _page(error: OidcError) -> HTMLResponse:
    zh, en = html.escape(error.zh), html.escape(error.en)
    head = '<!doctype html><meta charset="utf-8"><title>登录失败 not signed in</title>'
    return HTMLResponse(f'{head}<p>{zh}</p><p>{en}</p><p><a href="/">返回 back</a></p>', 400)
