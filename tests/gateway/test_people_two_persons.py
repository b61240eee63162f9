"""One person alone opens no sealed room through the API, however they sign (T9)."""

from typing import Any

import pyotp
import pytest
from day_case import APPROVER_KEYS
from people_case import API, account, accounts_of, client, reason, stopped
from test_api import Case, case, keys  # noqa: F401  fixtures

from venue_model import signing
from venue_model.ids import ComponentId
from venue_model.moments import S

LIFT = {"scene": "report_signed"}
# zhang and zhao are supervisors, li is a witness
ALONE = (
    ("nobody", ()),
    ("one", ("zhang",)),
    ("the same person twice", ("zhang", "zhang")),
    ("two of one role", ("zhang", "zhao")),
    ("the witness twice", ("li", "li")),
)


@pytest.fixture
def sealed(case: Case) -> Case:  # noqa: F811
    """The committee is at work behind a seal."""
    for scene in ("opening_preparation", "check_in", "opening", "opening_end", "intake", "evaluation"):
        case.stage.press(scene)
    assert is_sealed(case)
    return case


def is_sealed(case: Case) -> bool:  # noqa: F811
    return case.stage.coordinator.warden.domains[ComponentId("e1")].seal


def signed(case: Case, who: tuple[str, ...], text: str | None = None) -> list[dict[str, Any]]:  # noqa: F811
    words = text or case["staff"].get(f"{API}/lots/L1/preview?scene=report_signed").json()["approvals"][0]["text"]
    return [{"component": "e1", "approver": n, "signature": signing.sign(APPROVER_KEYS[n], words.encode()).hex()} for n in who]


@pytest.mark.parametrize(("case_name", "who"), ALONE)
def test_a_scene_that_lifts_a_seal_takes_two_people_of_two_roles(sealed: Case, case_name: str, who: tuple[str, ...]) -> None:
    answer = sealed["staff"].post(f"{API}/lots/L1/scenes", json={**LIFT, "approvals": signed(sealed, who)})
    assert reason(answer) == (409, "approval"), case_name
    assert is_sealed(sealed)


def test_one_persons_signature_under_two_names_is_one(sealed: Case) -> None:
    mine, theirs = signed(sealed, ("zhang",))[0], {**signed(sealed, ("zhang",))[0], "approver": "li"}
    answer = sealed["staff"].post(f"{API}/lots/L1/scenes", json={**LIFT, "approvals": [mine, theirs]})
    assert reason(answer) == (409, "approval")
    assert is_sealed(sealed)


def test_signatures_under_another_text_are_none(sealed: Case) -> None:
    text = sealed["staff"].get(f"{API}/lots/L1/preview?scene=report_signed").json()["approvals"][0]["text"]
    for other in (text.replace("e1", "e2"), text + " ", text.upper()):
        answer = sealed["staff"].post(f"{API}/lots/L1/scenes", json={**LIFT, "approvals": signed(sealed, ("zhang", "li"), other)})
        assert reason(answer) == (409, "approval"), other
    assert is_sealed(sealed)


def test_two_people_of_two_roles_do_lift_it_with_a_fresh_second_factor_where_there_is_one(sealed: Case) -> None:
    clock = stopped(sealed)
    account(sealed, "kai", "staff")
    accounts = accounts_of(sealed)
    secret = accounts.second.begin("kai").secret
    record = accounts.book.find("kai")
    assert record is not None
    assert accounts.second.finish(record, pyotp.TOTP(secret).at(clock.now.utc_ns // S), clock.now.utc_ns)
    stale = client(sealed, "kai")
    body = {**LIFT, "approvals": signed(sealed, ("zhang", "li"))}
    assert reason(stale.post(f"{API}/lots/L1/scenes", json=body)) == (403, "second-factor")
    assert is_sealed(sealed)
    assert client(sealed, "kai", second=True).post(f"{API}/lots/L1/scenes", json=body).status_code == 202
    sealed.stage.settle()
    assert not is_sealed(sealed)
