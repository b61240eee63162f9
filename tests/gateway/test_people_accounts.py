"""Administrators at work: what one asks another confirms, nobody acts for themselves, and all of it is written down."""

from typing import Any

import pytest
from people_case import API, PASSWORD, Client, Clock, accounts_of, client, reason, sign_in, stopped
from test_api import AT, Case, case, keys  # noqa: F401  fixtures

from gateway.core.four_eyes import WAITS_S
from gateway.people.account_book import Limits
from gateway.shell.evidence_index import PackageRow


@pytest.fixture
def clock(case: Case) -> Clock:  # noqa: F811
    return stopped(case)


@pytest.fixture
def admins(case: Case, clock: Clock) -> dict[str, Client]:  # noqa: F811
    """One system administrator, two security administrators, one audit administrator."""
    names = {"sys": "system_admin", "sec1": "security_admin", "sec2": "security_admin", "aud": "audit_admin"}
    return {name: client(case, name, role) for name, role in names.items()}


def lines(case: Case) -> list[tuple[object, ...]]:  # noqa: F811
    return [(line["what"], line["account"], line["by"]) for line in case.stage.lines("account")]


def opened(by: Client, name: str, role: str, **limits: object) -> Any:
    return by.post(f"{API}/accounts", json={"account": name, "role": role, **limits})


def test_an_account_of_a_dangerous_role_is_opened_by_two(case: Case, admins: dict[str, Client]) -> None:  # noqa: F811
    asked = opened(admins["sys"], "zhao", "supervisor", lots=["L1"]).json()
    assert asked["done"] is False and asked["first_password"] is None
    assert sign_in(case["nobody"], "zhao", "any").status_code == 401
    [waiting] = admins["sec1"].get(f"{API}/requests").json()
    assert (waiting["subject"], waiting["role"], waiting["lots"], waiting["confirmable"]) == ("zhao", "supervisor", ["L1"], True)
    [own] = admins["sys"].get(f"{API}/requests").json()
    assert (own["mine"], own["confirmable"]) == (True, False)
    assert reason(admins["sys"].post(f"{API}/requests/{asked['asked']}/confirm")) == (409, "same-person")
    assert reason(admins["aud"].post(f"{API}/requests/{asked['asked']}/confirm")) == (404, "not-found")
    assert reason(case["supervisor"].post(f"{API}/requests/{asked['asked']}/confirm")) == (404, "not-found")
    first = admins["sec1"].post(f"{API}/requests/{asked['asked']}/confirm").json()["first_password"]
    assert sign_in(case["nobody"], "zhao", first).json()["must_change"] is True
    assert reason(admins["sec2"].post(f"{API}/requests/{asked['asked']}/confirm")) == (409, "decided")
    assert lines(case) == [("asked", "zhao", "sys"), ("opened", "zhao", "sec1")]


def test_an_account_that_may_do_nothing_dangerous_is_opened_by_one(
    case: Case, admins: dict[str, Client], monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:
    monkeypatch.setattr("gateway.core.four_eyes.dangerous_roles", frozenset)  # today every role may do something dangerous
    made = opened(admins["sys"], "sun", "integrator").json()
    assert made["done"] and sign_in(case["nobody"], "sun", made["first_password"]).status_code == 200
    assert reason(opened(admins["sys"], "sun", "integrator")) == (409, "taken")
    assert reason(opened(admins["sys"], "wu; --", "integrator")) == (422, "bad-input")


def test_a_request_waits_three_days_and_is_dropped_by_whoever_asked_or_might_confirm(
    case: Case, admins: dict[str, Client], clock: Clock  # noqa: F811
) -> None:
    def ask() -> str:
        found: str = opened(admins["sys"], "zhao", "supervisor").json()["asked"]
        return found

    old = ask()
    clock.pass_s(WAITS_S)
    admins = {name: client(case, name) for name in admins}  # their sessions are over too
    assert admins["sec1"].get(f"{API}/requests").json() == []
    assert reason(admins["sec1"].post(f"{API}/requests/{old}/confirm")) == (409, "expired")
    for who in ("sys", "sec1"):
        asked = ask()
        assert admins[who].delete(f"{API}/requests/{asked}").status_code == 204
        assert reason(admins["sec2"].post(f"{API}/requests/{asked}/confirm")) == (409, "decided")
    first, second = ask(), ask()
    assert reason(admins["sec1"].post(f"{API}/requests/{first}/confirm")) == (409, "decided"), "asked anew, the older one falls away"
    assert admins["sec1"].post(f"{API}/requests/{second}/confirm").status_code == 200


def test_more_rights_take_two_and_fewer_take_one(case: Case, admins: dict[str, Client]) -> None:  # noqa: F811
    client(case, "zhao", "supervisor", Limits(lots=("L1",)))

    def give(by: str, **rights: object) -> Any:
        return admins[by].post(f"{API}/accounts/zhao/rights", json={"role": "supervisor", **rights})

    assert reason(give("sys", lots=["L1"])) == (403, "not-allowed"), "system administrators give no rights"
    assert give("sec1", lots=[]).json()["done"] is True
    assert give("sec1", lots=["L1"]).json()["done"] is False
    assert give("sec1").json()["done"] is False
    assert give("sec1", lots=[], industries=["water"]).status_code == 409
    accounts_of(case).book.industries = {"water": ("W",)}
    assert give("sec1", lots=[], industries=["water"]).json()["done"] is True
    listed = {a["account"]: a for a in admins["aud"].get(f"{API}/accounts").json()}["zhao"]
    assert (listed["lots"], listed["industries"]) == ([], ["water"])


def test_nobody_changes_or_confirms_their_own_rights(admins: dict[str, Client]) -> None:
    assert reason(admins["sec1"].post(f"{API}/accounts/sec1/rights", json={"role": "security_admin"})) == (409, "own-rights")
    assert reason(admins["sec1"].post(f"{API}/accounts/sec1/disable")) == (409, "own-rights")
    asked = admins["sec1"].post(f"{API}/accounts/sec2/reset").json()["asked"]
    assert reason(admins["sec2"].post(f"{API}/requests/{asked}/confirm")) == (409, "same-person")
    assert admins["sys"].post(f"{API}/requests/{asked}/confirm").json()["first_password"]


def test_an_administrator_never_becomes_another_kind_of_account(admins: dict[str, Client], case: Case) -> None:  # noqa: F811
    client(case, "zhao", "supervisor")
    for name, role in (("aud", "security_admin"), ("sys", "staff"), ("zhao", "audit_admin")):
        assert reason(admins["sec1"].post(f"{API}/accounts/{name}/rights", json={"role": role})) == (409, "administrator")


def test_a_suspended_account_is_out_at_once_with_its_tokens(case: Case, admins: dict[str, Client]) -> None:  # noqa: F811
    page = client(case, "zhao", "supervisor")
    wanted = {"name": "x", "actions": ["look-lists"], "days": 1, "password": PASSWORD}
    token = page.post(f"{API}/me/tokens", json=wanted).json()["token"]
    program = Client(page.app, base_url="https://venue", headers={"authorization": f"Bearer {token}"})
    assert program.get(f"{API}/projects").status_code == 200
    assert admins["sys"].post(f"{API}/accounts/zhao/disable").json()["done"] is True
    assert page.get(f"{API}/state").status_code == 401
    assert program.get(f"{API}/projects").status_code == 401
    assert sign_in(case["nobody"], "zhao").status_code == 401
    asked = admins["sys"].post(f"{API}/accounts/zhao/enable").json()["asked"]
    assert admins["sec1"].post(f"{API}/requests/{asked}/confirm").json()["done"] is True
    assert sign_in(case["nobody"], "zhao").status_code == 200
    assert reason(admins["sys"].post(f"{API}/accounts/zhao/enable")) == (409, "not-disabled")


def test_an_administrator_signs_somebody_out_everywhere(case: Case, admins: dict[str, Client]) -> None:  # noqa: F811
    page = client(case, "zhao", "supervisor")
    assert len(admins["sec1"].get(f"{API}/accounts/zhao/sessions").json()) == 1
    assert admins["sec1"].delete(f"{API}/accounts/zhao/sessions").status_code == 204
    assert page.get(f"{API}/state").status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/accounts/ghost/rights", {"role": "staff"}), ("POST", "/accounts/ghost/reset", None),
        ("POST", "/accounts/ghost/disable", None), ("POST", "/accounts/ghost/enable", None), ("DELETE", "/accounts/ghost/sessions", None),
    ],
)  # fmt: skip
def test_an_account_that_is_not_there_is_told(admins: dict[str, Client], method: str, path: str, body: object) -> None:
    assert reason(admins["sec1"].request(method, f"{API}{path}", json=body)) == (404, "not-found")


def test_what_administrators_do_is_for_administrators_to_read(case: Case, admins: dict[str, Client]) -> None:  # noqa: F811
    opened(admins["sys"], "sun", "integrator")
    assert case["staff"].get(f"{API}/events", params={"kind": "account"}).json() == []
    assert any(row["action"] == "keep-accounts" and row["line"] for row in admins["aud"].get(f"{API}/audit").json())


def test_a_package_is_taken_after_another_person_has_released_it(case: Case, clock: Clock) -> None:  # noqa: F811
    accounts = accounts_of(case)
    object.__setattr__(accounts.config, "export_needs_two", True)
    folder = case.root / "_packages" / "P-L1-1"
    folder.mkdir(parents=True)
    (folder / "bagit.txt").write_text("BagIt-Version: 1.0\n")
    case.stage.index.add_package(PackageRow("P-L1", 1, "_packages/P-L1-1", AT, "ab" * 32))
    zhao, wit = client(case, "zhao", "supervisor"), client(case, "wit", "witness")
    li = client(case, "li", "supervisor", Limits(lots=("L9",)))
    url = f"{API}/projects/P-L1/packages/1"
    assert reason(zhao.get(f"{url}.zip")) == (403, "not-released")
    assert zhao.post(f"{API}/projects/P-L1/packages/7/release").status_code == 404
    asked = zhao.post(f"{url}/release").json()["asked"]
    assert reason(zhao.post(f"{API}/requests/{asked}/confirm")) == (409, "same-person")
    assert reason(li.post(f"{API}/requests/{asked}/confirm")) == (404, "not-found"), "held to another lot"
    assert reason(client(case, "sec", "security_admin").post(f"{API}/requests/{asked}/confirm")) == (404, "not-found")
    assert wit.post(f"{API}/requests/{asked}/confirm").json()["done"] is True
    assert zhao.get(f"{url}.zip").status_code == 200
    assert reason(client(case, "sup2", "supervisor").get(f"{url}.zip")) == (403, "not-released"), "released for whoever asked"
    clock.pass_s(86_400)
    assert reason(client(case, "zhao").get(f"{url}.zip")) == (403, "not-released")
    assert [what for what, *_ in lines(case)] == ["asked", "export-released"]
