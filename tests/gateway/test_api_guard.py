"""What a browser can do to guarded domains: who may, what is told, and what is refused in two languages."""

from dataclasses import replace
from typing import Any

import pytest
from day_case import APPROVER_KEYS, card
from test_api import Case, keys, refused
from test_api import case as api_case

from gateway.core.clearing import restored
from gateway.core.rights import Viewer
from gateway.shell.coordinator import clock
from venue_model import signing
from venue_model.groups import Role
from venue_model.ids import ComponentId

__all__ = ("api_case", "keys")  # fixtures

EXCEPTION = {
    "person": "plumber", "role": "STF", "card": card("plumber"), "rooms": ["wing"], "lot": "L1", "reason": "漏水", "escort": ["WIT"],
    "minutes": 30,
}  # fmt: skip
API = "/api/v1"


@pytest.fixture
def case(api_case: Case) -> Case:
    """A lot whose experts are being let in, at the hour that the API's clock shows."""
    api_case.stage.now = replace(clock(), mono_ns=api_case.stage.now.mono_ns)
    for scene in ("opening_preparation", "check_in", "opening", "opening_end", "intake"):
        api_case.stage.press(scene)
    return api_case


def test_staff_lock_the_venue_down_and_only_a_supervisor_opens_it_again(case: Case) -> None:
    assert case["staff"].post(f"{API}/lockdown", json={"reason": "有人闯入"}).status_code == 204
    told = case["integrator"].get(f"{API}/lockdown").json()
    assert told["on"] and told["by"] == "staff" and "e1" in told["components"]
    assert case["staff"].get(f"{API}/state").json()["components"]["wing"]["mode"] == "lockdown"
    refused(case["staff"].delete(f"{API}/lockdown"), 403, "not-allowed")
    assert case["supervisor"].delete(f"{API}/lockdown").status_code == 204
    assert not case["staff"].get(f"{API}/lockdown").json()["on"]
    refused(case["supervisor"].delete(f"{API}/lockdown"), 409, "no-lockdown")


def test_every_page_hears_of_a_lockdown_and_of_its_end(case: Case) -> None:
    view = case["staff"].app.state.services.view  # type: ignore[attr-defined]

    def heard() -> dict[str, Any]:
        dirty = {section: {key} for section, key in case.stage.changes if section == "lockdown"}
        case.stage.changes.clear()
        patch: dict[str, Any] = view.patch(1, dirty, [], clock(), Viewer("integrator")).model_dump()
        return patch

    assert heard()["lockdown"] is None
    case["staff"].post(f"{API}/lockdown", json={"reason": "可疑物品", "components": ["o1"]})
    told = heard()["lockdown"]
    assert (told["on"], told["components"], told["by"], told["reason"]) == (True, ["o1"], "staff", "可疑物品")
    assert told == case["integrator"].get(f"{API}/state").json()["lockdown"]
    case["supervisor"].delete(f"{API}/lockdown")
    assert heard()["lockdown"]["on"] is False


def test_a_supervisor_gives_an_exception_pass_whose_card_nobody_sees_again(case: Case) -> None:
    refused(case["staff"].post(f"{API}/exceptions", json=EXCEPTION), 403, "not-allowed")
    made = case["supervisor"].post(f"{API}/exceptions", json=EXCEPTION)
    assert made.status_code == 201
    [listed] = case["staff"].get(f"{API}/exceptions").json()
    assert listed["id"] == made.json()["id"] and listed["approver"] == "supervisor"
    assert card("plumber") not in case["staff"].get(f"{API}/exceptions").text
    assert card("plumber") not in case["staff"].get(f"{API}/events").text
    assert case["staff"].delete(f"{API}/exceptions/{listed['id']}").status_code == 204
    refused(case["staff"].delete(f"{API}/exceptions/{listed['id']}"), 404, "unknown-pass")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"role": "BID"}, 409, "I1"),
        ({"rooms": ["nowhere"]}, 404, "unknown-room"),
        ({"lot": "L9"}, 404, "unknown-lot"),
        ({"escort": ["BID"]}, 409, "escort"),
        ({"role": "PLUMBER"}, 422, "bad-input"),
        ({"escort": ["NOBODY"]}, 422, "bad-input"),
        ({"minutes": 0}, 422, "bad-input"),
    ],
)
def test_an_exception_that_may_not_be_is_refused_with_its_reason(case: Case, change: dict[str, object], status: int, code: str) -> None:
    refused(case["supervisor"].post(f"{API}/exceptions", json={**EXCEPTION, **change}), status, code)
    assert case["supervisor"].get(f"{API}/exceptions").json() == []


def test_two_people_sign_the_text_that_a_waiting_room_shows(case: Case) -> None:
    """After a restore the opening room is assumed sealed; no scene of a lot would lift it."""
    stage = case.stage
    domain = stage.coordinator.warden.domains[ComponentId("o1")]
    stage.coordinator.warden.domains[ComponentId("o1")] = restored(domain, 7)
    stage.coordinator.warden.pursue(stage.coordinator.day, stage.now)
    stage.settle()
    told = case["staff"].get(f"{API}/components/o1/approvals").json()
    [command] = told["commands"]
    assert case["staff"].get(f"{API}/state").json()["components"]["o1"]["acts"] == ["release"]
    assert command["act"] == "release" and "开标室101" in command["name"]["zh"] and told["waiting"]["zh"]
    given = [
        {"approver": name, "signature": signing.sign(APPROVER_KEYS[name], command["text"].encode()).hex()} for name in ("zhang", "li")
    ]
    refused(case["staff"].post(f"{API}/components/o1/approvals", json={"act": "release", "approvals": given[:1]}), 409, "approval")
    refused(case["integrator"].post(f"{API}/components/o1/approvals", json={"act": "release", "approvals": given}), 403, "not-allowed")
    assert case["staff"].post(f"{API}/components/o1/approvals", json={"act": "release", "approvals": given}).status_code == 204
    assert not stage.coordinator.warden.domains[ComponentId("o1")].seal
    refused(case["staff"].post(f"{API}/components/o1/approvals", json={"act": "release", "approvals": given}), 409, "not-waiting")
    refused(case["staff"].get(f"{API}/components/cellar/approvals"), 404, "not-found")
    assert Role.BID not in stage.coordinator.warden.domains[ComponentId("o1")].groups
