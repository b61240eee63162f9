"""Every route, asked by every role, about a lot of its own, of another, and of another industry: what happens is what a reviewed
table says (F21).  A route without a row fails, and so does a row without a route.

The table is `authorisation_matrix.txt` beside this file.  After a change that is meant, `BLESS=1 pytest` writes it anew: read the diff.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from day_case import lot
from people_case import Client, account, client, services_of
from test_api import AT, SHA, Case, case, keys  # noqa: F401  fixtures

from gateway.api.route_actions import ROUTES
from gateway.core.exception_pass import ExceptionPass
from gateway.core.rights import ADMINS, RIGHTS, AccountRole, Action
from gateway.people.account_book import Limits
from gateway.shell.evidence_index import PackageRow, SegmentRow
from venue_model.groups import Role
from venue_model.ids import LotId, PersonKey, RoomId
from venue_model.moments import S

TABLE = Path(__file__).with_name("authorisation_matrix.txt")
HEAD = (
    "# Who may ask what.  y: the role may (what is asked may still not exist); -: refused.\n"
    "# own, lot, industry: what accounts that are held to some lots and industries are let through to, in these roles taken together:\n"
    "# one that holds the lot asked about; one that holds another lot; one that holds another industry.  Columns of roles: "
)
ROLES = list(AccountRole)
OTHER_SHA = "b" * 64
HELD = {
    "own": Limits(lots=("L1",), industries=("building",)),
    "lot": Limits(lots=("L2",)),
    "industry": Limits(industries=("water",)),
}
KNOWN = {
    "lot": "L1", "project": "P-L1", "sha256": SHA, "person": "exp-1", "seal": "1", "door": "o1-door", "component": "o1",
    "exception": "x-1", "date": "2026-11-22", "run": "run-1", "account": "held-staff-own", "alarm": "recording-gap:o1-near",
    "board": "front", "device": "o1-light", "scene": "opening",
}  # fmt: skip
REFUSED = {401, 403}


@pytest.fixture
def house(case: Case) -> Case:  # noqa: F811
    """Two lots of two industries, each with a pass, a run and an alarm of its own; the first lot's opening room is in use."""
    stage, s = case.stage, services_of(case)
    s.accounts.book.industries = {"building": ("A01",), "water": ("W01",)}
    other = replace(lot("L2", opening="o2", evaluation=None), project_code="W01-1", people=())
    stage.book(replace(lot(), project_code="A01-1", version=2), other)
    stage.press("opening_preparation")
    stage.index.add_package(PackageRow("P-L1", 1, "_packages/P-L1-1", AT, "ab" * 32))
    stage.index.add_segment(SegmentRow("P-L2", "L2", "o2-near", 1, "o2", AT, AT + S, "nowhere", 1, OTHER_SHA, "0" * 64, {}))
    stage.coordinator.guard.exceptions["x-1"] = ExceptionPass(
        "x-1", PersonKey("plumber"), Role.STF, "00", (RoomId("o1"),), LotId("L1"), "leak", "sup", (Role.WIT,), 0, 1
    )
    stage.coordinator.journal.note("gap", {"camera": "o1-near"}, stage.now, lot="L1")
    return case


def routes() -> list[str]:
    """Every route of the application, written as `METHOD /path`."""
    from gateway.api.app import make_app

    def walk(found: Any) -> Iterator[str]:
        for route in found:
            inner = getattr(route, "original_router", None)
            if inner is not None:
                yield from walk(inner.routes)
            elif getattr(route, "endpoint", None) is not None and getattr(route, "methods", None):
                yield from (f"{method} {route.path}" for method in route.methods - {"HEAD"})

    return sorted(set(walk(make_app(None, None).routes)) - {"GET /api/v1/openapi.json"})


def test_every_route_names_its_action_and_every_action_has_its_route() -> None:
    assert sorted(ROUTES) == routes()
    used = set(ROUTES.values()) | {Action.CONFIRM_EXPORT, Action.CONFIRM_RIGHTS}  # these two are asked for by the kind of a request
    assert used == set(Action)


def ask(page: Client, route: str) -> bool:
    """True when the one who asks is let in, whatever becomes of the question.  Bodies are empty, so that hardly anything happens."""
    method, path = route.split()
    path = re.sub(r"\{(\w+)\}", lambda part: KNOWN.get(part[1], "none"), path)
    if path.endswith("/preview"):
        path += "?scene=opening"
    answer = page.request(method, path, follow_redirects=False)
    if answer.status_code == 403 and answer.json()["error"]["code"] == "not-released":
        return True
    return answer.status_code not in REFUSED


def measured(house: Case) -> dict[str, str]:
    """What happens, as rows of the table."""
    accounts = services_of(house).accounts
    for role in ROLES:
        account(house, role, role)
        for name, limits in HELD.items():
            account(house, f"held-{role}-{name}", role, limits)

    def let_in(name: str, route: str) -> bool:
        # A session for each question: some of them end sessions, and some suspend accounts.
        for known in ROLES:
            accounts.book.change(known, disabled=0)
        accounts.book.change("held-staff-own", disabled=0)
        page = client(house, name)
        try:
            return ask(page, route)
        finally:
            page.close()

    found = {}
    for route in routes():
        if route == "GET /api/v1/live":
            continue
        who = "".join("y" if let_in(role, route) else "-" for role in ROLES)
        tender = [role for role, may in zip(ROLES, who, strict=True) if may == "y" and role not in ADMINS]
        held = ["y" if any(let_in(f"held-{role}-{name}", route) for role in tender) else "-" for name in HELD]
        found[route] = f"{route:<62} {who}  {' '.join(held)}"
    return found


@pytest.mark.timeout(300)
def test_what_each_role_may_ask_of_each_route_is_what_the_reviewed_table_says(house: Case) -> None:
    found = measured(house)
    if os.environ.get("BLESS"):
        TABLE.write_text(HEAD + ", ".join(ROLES) + "\n" + "\n".join(found.values()) + "\n", "utf-8")
    rows = [line for line in TABLE.read_text("utf-8").splitlines() if not line.startswith("#")]
    reviewed = {" ".join(row.split()[:2]): row for row in rows}
    assert found.keys() == reviewed.keys(), "each route has one row: add it, and have it reviewed"
    assert [found[route] for route in found] == [reviewed[route] for route in found]


def test_a_stranger_is_asked_who_they_are_everywhere_but_at_the_entrance(house: Case) -> None:
    for route in routes():
        if ROUTES[route] is not Action.PUBLIC:
            assert not ask(house["nobody"], route), route


def test_a_route_that_names_no_action_is_refused_to_everybody(house: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    from gateway.api import entry

    monkeypatch.setattr(entry, "ROUTES", {})
    answer = house["staff"].get("/api/v1/venue")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "no-action")


def test_the_table_would_notice_any_single_right_that_is_given_or_taken() -> None:
    """Each cell of the rights that a route asks for stands in a row of the table: turned over, that row no longer fits."""
    rows = {" ".join(r.split()[:2]): r.split()[2] for r in TABLE.read_text("utf-8").splitlines() if not r.startswith("#")}
    for route, who in rows.items():
        action = ROUTES[route]
        if action in (Action.PUBLIC, Action.SELF):
            assert who == "y" * len(ROLES) or action is Action.PUBLIC, route
            continue
        assert who == "".join("y" if role in RIGHTS[action].roles else "-" for role in ROLES), route
