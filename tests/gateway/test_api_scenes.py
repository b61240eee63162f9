"""What a browser can do to scenes besides pressing them: the book, held runs, single devices, the emergency; refusals in two languages."""

from dataclasses import replace
from typing import Any

import pytest
from coordinator_case import agent
from test_api import Case, keys, refused
from test_api import case as api_case

from gateway.core.booking.schedule import ScheduleRules
from gateway.shell.booking_store import BookingStore
from gateway.shell.coordinator import clock
from gateway.shell.schedule_desk import ScheduleDesk
from venue_model.ids import DeviceId
from venue_model.scenes import SceneId
from venue_model.venue import OnFail

__all__ = ("api_case", "keys")  # fixtures
API = "/api/v1"
QUIET = {"cells": [{"part": "opening", "what": "sign", "value": "opening-quiet"}]}


@pytest.fixture
def case(api_case: Case) -> Case:
    """A lot in check-in, at the hour that the API's clock shows."""
    api_case.stage.now = replace(clock(), mono_ns=api_case.stage.now.mono_ns)
    for scene in ("opening_preparation", "check_in"):
        api_case.stage.press(scene)
    return api_case


def test_the_book_shows_every_scene_that_asks_anything_and_only_what_may_be_chosen(case: Case) -> None:
    pages = {page["scene"]: page for page in case["supervisor"].get(f"{API}/scene-book").json()}
    assert set(pages) == set(SceneId) - {"close", "abort"}
    assert pages["opening_preparation"]["prepare_before_s"] == 3600 and pages["opening"]["prepare_before_s"] is None
    cells = [cell for page in pages.values() for cell in page["cells"]]
    assert {cell["what"] for cell in cells} == {"light", "climate", "sign", "say"}
    assert all(len(cell["choices"]) > 1 and cell["value"] in [c["value"] for c in cell["choices"]] for cell in cells)
    assert all(choice["name"]["zh"] and choice["name"]["en"] for cell in cells for choice in cell["choices"])


def test_staff_preview_save_and_see_the_version_and_nobody_else_writes(case: Case) -> None:
    found = case["staff"].post(f"{API}/scene-book/opening/preview", json=QUIET)
    assert found.status_code == 200 and {row["device"] for row in found.json()} == {"o1-sign"}
    assert "请保持安静" in found.json()[0]["after"]["zh"]
    refused(case["supervisor"].post(f"{API}/scene-book/opening", json={**QUIET, "note": "x"}), 403, "not-allowed")
    saved = case["staff"].post(f"{API}/scene-book/opening", json={**QUIET, "note": "太吵"})
    assert (saved.status_code, saved.json()["version"], saved.json()["by"]) == (201, 1, "staff")
    assert [v["note"] for v in case["supervisor"].get(f"{API}/scene-book/opening/versions").json()] == ["太吵"]


def test_what_is_law_is_refused_with_the_reason(case: Case) -> None:
    for what, value in (("mode", "release"), ("seal", False), ("record", False)):
        draft = {"cells": [{"part": "opening", "what": what, "value": value}], "note": "x"}
        refused(case["staff"].post(f"{API}/scene-book/opening", json=draft), 409, "law")
    refused(case["staff"].post(f"{API}/scene-book/no-such", json={"note": "x"}), 404, "unknown-scene")
    refused(case["staff"].get(f"{API}/scene-book/no-such/versions"), 404, "not-found")


def test_the_clock_prepares_when_the_book_says_if_it_prepares_at_all(case: Case) -> None:
    coordinator = case.stage.coordinator
    on = ScheduleDesk(coordinator, BookingStore(coordinator.store), ScheduleRules(preparation_s=3600))
    off = ScheduleDesk(coordinator, BookingStore(coordinator.store), ScheduleRules())
    case["staff"].post(f"{API}/scene-book/opening_preparation", json={"prepare_before_s": 1800, "note": "x"})
    assert (on.rules.preparation_s, off.rules.preparation_s) == (1800, 0)


def test_a_held_run_is_decided_by_staff_with_a_reason(case: Case) -> None:
    sign = DeviceId("o1-sign")
    case.stage.venue.devices[sign] = replace(case.stage.venue.devices[sign], on_fail=OnFail.HOLD)
    agent(case.stage, "opening").broken = {"o1-sign": "dark"}
    run: Any = case.stage.press("opening")
    told = case["staff"].get(f"{API}/runs/{run.id}").json()
    assert told["held"] == ["o1-sign"] and told["waiting"]["zh"] and told["result"] is None
    assert next(m for m in told["members"] if m["id"] == "o1-sign")["on_fail"] == "hold"
    refused(case["supervisor"].post(f"{API}/runs/{run.id}/go-on", json={"reason": "x"}), 403, "not-allowed")
    assert case["staff"].post(f"{API}/runs/{run.id}/retry").status_code == 202
    case.stage.settle()
    gone_on = case["staff"].post(f"{API}/runs/{run.id}/go-on", json={"reason": "屏坏了"}).json()
    assert next(m for m in gone_on["members"] if m["id"] == "o1-sign")["waived"] == "staff: 屏坏了"
    refused(case["staff"].post(f"{API}/runs/{run.id}/go-on", json={"reason": "x"}), 409, "not-held")
    refused(case["staff"].post(f"{API}/runs/no-such/retry"), 404, "not-found")


def test_a_device_is_taken_and_given_back_and_a_supervisor_stands_over_staff(case: Case) -> None:
    path = f"{API}/devices/o1-light/command"
    assert case["supervisor"].post(path, json={"on": False, "reason": "投影"}).json()["level"] == "supervisor"
    assert case["staff"].post(path, json={"on": True}).json()["by"] == "supervisor", "who has it now"
    assert [c["device"] for c in case["integrator"].get(f"{API}/device-commands").json()] == ["o1-light"]
    for role in ("supervisor", "staff"):
        assert case[role].delete(path).status_code == 204
    assert case["integrator"].get(f"{API}/device-commands").json() == []
    refused(case["staff"].post(f"{API}/devices/o1-near/command", json={"on": False}), 409, "law")
    refused(case["staff"].post(f"{API}/devices/no-such/command", json={"on": False}), 404, "unknown-device")
    refused(case["integrator"].post(path, json={"on": False}), 403, "not-allowed")


def test_staff_call_the_house_out_every_page_hears_of_it_and_a_supervisor_ends_it(case: Case) -> None:
    case["staff"].post(f"{API}/emergency", json={"reason": "冒烟"})
    [told] = case["integrator"].get(f"{API}/state").json()["overlays"]
    assert (told["kind"], told["by"], told["reason"]) == ("emergency", "staff", "冒烟")
    assert ("overlays", "") in case.stage.changes
    refused(case["staff"].delete(f"{API}/emergency"), 403, "not-allowed")
    assert case["supervisor"].delete(f"{API}/emergency").status_code == 204
    assert case["staff"].get(f"{API}/state").json()["overlays"] == []
    refused(case["supervisor"].delete(f"{API}/emergency"), 409, "not-called")
