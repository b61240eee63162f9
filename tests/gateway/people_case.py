"""A venue's API with people of every role, signed in without the cost of a password, and a clock that a test can move."""

from dataclasses import replace
from typing import Any

from fastapi import Request
from test_api import Case, cheap_hash
from test_api import TestClient as Client

from gateway.api.accounts import COOKIE, Accounts
from gateway.api.services import Services
from gateway.core.rights import AccountRole
from gateway.people.account_book import Limits
from venue_model.moments import Now, S

API = "/api/v1"
PASSWORD = "mi-ma-2026-ok"
__all__ = ("Client", "Request")


class Clock:
    """Stands still until it is moved."""

    def __init__(self, now: Now) -> None:
        self.now = now

    def __call__(self) -> Now:
        return self.now

    def pass_s(self, seconds: int) -> None:
        self.now = replace(self.now, mono_ns=self.now.mono_ns + seconds * S, utc_ns=self.now.utc_ns + seconds * S)


def services_of(case: Case) -> Services:
    found: Services = case["nobody"].app.state.services  # type: ignore[attr-defined]
    return found


def accounts_of(case: Case) -> Accounts:
    return services_of(case).accounts


def stopped(case: Case) -> Clock:
    """From here on the accounts' clock is the test's."""
    accounts = accounts_of(case)
    clock = Clock(accounts.clock())
    accounts.clock = clock
    return clock


def account(case: Case, name: str, role: str, limits: Limits = Limits(), password: str = PASSWORD) -> None:
    accounts = accounts_of(case)
    accounts.book.put(name, AccountRole(role), cheap_hash(password))
    accounts.book.set_limits(name, limits)


def client(case: Case, name: str, role: str = "", limits: Limits = Limits(), second: bool = False) -> Client:
    """A page at which this account is signed in; with a role, the account is made first."""
    if role:
        account(case, name, role, limits)
    accounts = accounts_of(case)
    found = Client(case["nobody"].app, base_url="https://venue", raise_server_exceptions=False)
    found.cookies.set(COOKIE, accounts.sessions.begin(name, second, "10.0.0.1", accounts.clock().utc_ns), domain="venue.local")
    return found


def sign_in(page: Client, name: str, password: str = PASSWORD, code: str = "") -> Any:
    return page.post(f"{API}/session", json={"account": name, "password": password, "code": code})


def reason(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]
