"""What programs and supervisors get of a venue over HTTP: export, webhooks, seats, conduct, who was with whom, reports."""

import json
from typing import Any

import pytest
from day_case import APPROVER_KEYS, PEOPLE, card
from test_api import Case, keys, refused
from test_api import case as api_case

from gateway.core.facts.replay import Replay, replayed
from gateway.facts.addresses import WebhookConfig
from gateway.facts.export import FactLog
from gateway.shell.evidence_index import PackageRow
from gateway.shell.facts_desk import FactsDesk
from gateway.shell.presence_desk import local_day
from venue_model import signing
from venue_model.moments import S
from venue_model.wire import JournalEvent

__all__ = ("api_case", "keys")  # fixtures
API = "/api/v1"


@pytest.fixture
def case(api_case: Case) -> Case:
    """A lot whose opening has been prepared, at the API's hour; experts come and go at the evaluation room."""
    stage = api_case.stage
    now = stage.coordinator.clock()
    stage.now = now
    for scene in ("opening_preparation", "check_in", "opening", "opening_end", "intake"):
        api_case.stage.press(scene)
    guard = next(d for d in stage.venue.doors.values() if d.inside == "e1" and d.board)
    moments = (("exp-1", "in", 600), ("exp-2", "in", 550), ("exp-1", "out", 300), ("exp-2", "out", 100))
    events = [
        JournalEvent(
            seq, now.utc_ns - ago * S, "passage",
            {
                "door": guard.id, "from": "" if way == "in" else "e1", "to": "e1" if way == "in" else "wing", "direction": way,
                "how": "pass", "person": who, "group": "EXP", "lot": "L1",
            },
            "L1",  # type: ignore[arg-type]
        )
        for seq, (who, way, ago) in enumerate(moments, 1)
    ]  # fmt: skip
    refusal = {"door": guard.id, "rule": "I5", "person": "exp-1", "group": "EXP", "lot": "L1", "credential": ""}
    events.append(JournalEvent(5, now.utc_ns - 700 * S, "refusal", refusal, "L1"))  # type: ignore[arg-type]
    stage.journal(str(guard.board), *events)
    return api_case


def desk(case: Case) -> FactsDesk:
    found: FactsDesk = case["staff"].app.state.services.facts  # type: ignore[attr-defined]
    return found


def export(case: Case, page: int) -> list[dict[str, Any]]:
    facts: list[dict[str, Any]] = []
    after = ""
    while True:
        answer = case["supervisor"].get(f"{API}/export/events", params={"after": after, "limit": page})
        assert answer.status_code == 200 and answer.headers["content-type"].startswith("application/x-ndjson")
        facts += [json.loads(line) for line in answer.text.splitlines()]
        if answer.headers["bidhall-cursor"] == after:
            return facts
        after = answer.headers["bidhall-cursor"]


# the export


@pytest.mark.parametrize("page", [1, 7, 5000])
def test_the_export_replays_to_what_the_database_holds(case: Case, page: int) -> None:
    replay = replayed(export(case, page))
    log, presence = FactLog(case.stage.store), case.stage.coordinator.presence
    assert replay.states == log.states()
    assert replay.states["lot"]["L1"]["phase"] == case["staff"].get(f"{API}/lots/L1").json()["phase"]
    assert len(replay.lines) == len(case.stage.store.journal(limit=10_000))
    assert replay.presence(presence.ways).people == presence.presence.people
    assert "facts-read" in {line["kind"] for line in replay.lines.values()}, "that it was read is on record"


def test_the_export_goes_on_where_the_reader_was(case: Case) -> None:
    first = export(case, 5000)
    answer = case["supervisor"].get(f"{API}/export/events", params={"after": first[-1]["cursor"]})
    assert answer.text == "" and answer.headers["bidhall-cursor"] == first[-1]["cursor"]
    case.stage.press("evaluation")
    more = case["supervisor"].get(f"{API}/export/events", params={"after": first[-1]["cursor"]}).text.splitlines()
    kinds = {json.loads(line)["kind"] for line in more}
    assert {"line", "lot", "run", "domain"} <= kinds
    replay = Replay()
    for fact in [*first, *map(json.loads, more)]:
        replay.take(fact)
    assert replay.states == FactLog(case.stage.store).states()


def test_a_reader_without_a_place_in_this_history_is_told_where_to_go_on(case: Case) -> None:
    refused(case["supervisor"].get(f"{API}/export/events", params={"after": "deadbeef.3"}), 410, "cursor-gone")
    refused(case["supervisor"].get(f"{API}/export/events", params={"after": "nonsense"}), 422, "bad-input")
    refused(case["supervisor"].get(f"{API}/export/events", params={"limit": 0}), 422, "bad-input")


@pytest.mark.parametrize("role", ["staff", "integrator"])
def test_the_export_is_for_supervisors(case: Case, role: str) -> None:
    assert case[role].get(f"{API}/export/events").status_code == 403


def test_nothing_that_opens_a_door_leaves_the_venue(case: Case) -> None:
    text = case["supervisor"].get(f"{API}/export/events").text
    assert not [p.person for p in PEOPLE if card(p.person) in text]


# webhooks


def test_a_webhook_goes_only_where_the_configuration_allows(case: Case) -> None:
    body = {"url": "https://hooks.example.org/x", "kinds": ["alarm"]}
    refused(case["supervisor"].post(f"{API}/webhooks", json=body), 409, "address")
    object.__setattr__(desk(case).config, "webhooks", WebhookConfig(hosts=("hooks.example.org",)))
    made = case["supervisor"].post(f"{API}/webhooks", json=body)
    assert made.status_code == 201 and len(made.json()["secret"]) > 30
    assert case["staff"].post(f"{API}/webhooks", json=body).status_code == 403
    [listed] = case["integrator"].get(f"{API}/webhooks").json()
    assert (listed["url"], listed["on"], listed["behind"] >= 0) == (body["url"], True, True)
    assert made.json()["secret"] not in case["supervisor"].get(f"{API}/webhooks").text
    id = listed["id"]
    assert case["integrator"].get(f"{API}/webhooks/{id}/dead").json() == []
    refused(case["integrator"].post(f"{API}/webhooks/{id}/dead/7/resend"), 404, "not-found")
    assert case["integrator"].post(f"{API}/webhooks/{id}/on").status_code == 204
    assert case["supervisor"].delete(f"{API}/webhooks/{id}").status_code == 204
    refused(case["supervisor"].delete(f"{API}/webhooks/{id}"), 404, "not-found")
    assert [line["act"] for line in case.stage.lines("webhook")] == ["made", "on", "removed"]


# people's time


def test_minutes_in_the_room_with_their_lines_and_on_record(case: Case) -> None:
    found = case["supervisor"].get(f"{API}/lots/L1/seats").json()
    seats = {seat["person"]: seat for seat in found["seats"]}
    assert (seats["exp-1"]["in_room_minutes"], seats["exp-2"]["in_room_minutes"]) == (5.0, 7.5)
    assert (found["median_minutes"], seats["exp-1"]["deviation_minutes"], seats["exp-2"]["deviation_minutes"]) == (6.2, -1.2, 1.2)
    assert [ref["seq"] for ref in seats["exp-1"]["spans"][0]["evidence"]] == [1, 3]
    assert {"what": "seats L1"}.items() <= case.reads()[-1].items()
    today = local_day(case.stage.coordinator.clock().utc_ns)
    assert case["supervisor"].get(f"{API}/lots/L1/seats", params={"day": today}).status_code == 200
    refused(case["supervisor"].get(f"{API}/lots/L1/seats", params={"day": "today"}), 422, "bad-input")
    refused(case["supervisor"].get(f"{API}/lots/L9/seats"), 404, "not-found")
    assert case["staff"].get(f"{API}/lots/L1/seats").status_code == 403


def test_conduct_is_told_as_facts_with_their_lines(case: Case) -> None:
    [fact] = case["supervisor"].get(f"{API}/lots/L1/conduct").json()
    assert (fact["kind"], fact["person"], fact["rule"]) == ("phone", "exp-1", "I5")
    assert fact["name"]["zh"] and fact["evidence"][0]["seq"] == 5


def approvals(text: str, *names: str) -> dict[str, Any]:
    return {"approvals": [{"approver": name, "signature": signing.sign(APPROVER_KEYS[name], text.encode()).hex()} for name in names]}


def test_who_was_with_whom_needs_two_signatures_of_two_roles_and_is_on_record_first(case: Case) -> None:
    day = local_day(case.stage.coordinator.clock().utc_ns)
    ask = {"day": day, "reason": "举报核查"}
    asked = case["supervisor"].post(f"{API}/lots/L1/company", json=ask).json()
    url = f"{API}/lots/L1/company/{asked['challenge']}"
    text = asked["text"]
    for names in (("zhang",), ("zhang", "zhao"), ("zhang", "zhang")):
        refused(case["supervisor"].post(url, json=approvals(text, *names)), 409, "approval")
    refused(case["supervisor"].post(url, json=approvals(text.replace("L1", "L2"), "zhang", "li")), 409, "approval")
    assert case.stage.lines("company-export") == []
    given = case["supervisor"].post(url, json=approvals(text, "zhang", "li")).json()
    pair = next(pair for pair in given["pairs"] if pair["component"] == "e1")
    assert (pair["one"], pair["other"], (pair["until_utc_ns"] - pair["from_utc_ns"]) // S) == ("exp-1", "exp-2", 250)
    [line] = case.stage.lines("company-export")
    assert (line["approvers"], line["by"], line["reason"]) == (["li", "zhang"], "supervisor", "举报核查")
    refused(case["supervisor"].post(url, json=approvals(text, "zhang", "li")), 404, "unknown-challenge")
    assert case["staff"].post(f"{API}/lots/L1/company", json=ask).status_code == 403


# reports


def test_the_lots_report_tells_scenes_arrivals_alarms_gaps_and_packages_and_nobodys_key(case: Case) -> None:
    stage = case.stage
    now = stage.coordinator.clock()
    stage.coordinator.journal.note("alarm", {"code": "held", "door": "o1-door"}, now, lot="L1")
    stage.coordinator.journal.note("alarm_clear", {"code": "held", "door": "o1-door"}, now, lot="L1")
    stage.index.add_package(PackageRow("P-L1", 1, "_packages/P-L1-1", now.utc_ns, "ab" * 32))
    found = case["staff"].get(f"{API}/reports/lot/L1").json()
    assert [row["scene"]["zh"] for row in found["scenes"]][:2] == ["开标准备", "签到"]
    assert {row["role"]: (row["arrived"], row["expected"]) for row in found["arrivals"]}["EXP"] == (2, 2)
    assert [(row["code"], row["ended"]) for row in found["alarms"]] == [("held", "cleared")]
    assert [gap["cause"] for gap in found["gaps"]] == ["stall"]
    assert found["packages"][0]["tagmanifest_sha256"] == "ab" * 32
    assert [(row["rule"], row["count"]) for row in found["refusals"]] == [("I5", 1)]
    page = case["staff"].get(f"{API}/reports/lot/L1.html")
    assert page.headers["content-type"].startswith("text/html") and "标段日报" in page.text and "ab" * 32 in page.text
    for text in (json.dumps(found), page.text):
        assert not [p.person for p in PEOPLE if f'"{p.person}"' in text or f">{p.person}<" in text]


def test_a_scene_with_a_dead_device_names_it_in_the_report(case: Case) -> None:
    board = case.stage.agents["evaluation"]  # type: ignore[index]
    board.broken["e1-sign"] = "无电源 no power"
    case.stage.press("evaluation")
    case.stage.wait(20_000)
    rows = case["supervisor"].get(f"{API}/reports/lot/L1").json()["scenes"]
    failed = [device["id"] for row in rows for device in row["failed"]]
    assert "e1-sign" in failed
    assert "无电源" in case["supervisor"].get(f"{API}/reports/lot/L1.html").text


def test_the_houses_day_holds_its_lots_and_a_free_day_is_empty(case: Case) -> None:
    today = local_day(case.stage.coordinator.clock().utc_ns)
    found = case["supervisor"].get(f"{API}/reports/day/{today}").json()
    assert [lot["id"] for lot in found["lots"]] == ["L1"] and len(found["scenes"]) == 5
    page = case["supervisor"].get(f"{API}/reports/day/{today}/page").text
    assert f"场地日报 {today}" in page and "@page { size: A4" in page and "<script" not in page
    empty = case["supervisor"].get(f"{API}/reports/day/2020-01-01").json()
    assert (empty["lots"], empty["scenes"], empty["alarms"]) == ([], [], [])
    for day in ("2020-13-01", "x", "9999-12-31"):
        assert case["supervisor"].get(f"{API}/reports/day/{day}").status_code == 422
    assert case["integrator"].get(f"{API}/reports/day/{today}").status_code == 403


def test_what_people_typed_cannot_become_markup(case: Case) -> None:
    stage = case.stage
    stage.coordinator.journal.note("alarm", {"code": "<script>alert(1)</script>", "place": "<b>"}, stage.coordinator.clock(), lot="L1")
    page = case["supervisor"].get(f"{API}/reports/lot/L1.html").text
    assert "<script>" not in page and "&lt;script&gt;" in page
    assert "<td><b>" not in page and "<td>&lt;b&gt;" in page


def test_a_quiet_alarm_is_in_no_report_for_staff(case: Case) -> None:
    stage = case.stage
    stage.coordinator.journal.note("alarm", {"code": "duress", "door": "o1-door"}, stage.coordinator.clock(), lot="L1")
    codes = {role: [row["code"] for row in case[role].get(f"{API}/reports/lot/L1").json()["alarms"]] for role in ("staff", "supervisor")}
    assert codes == {"staff": [], "supervisor": ["duress"]}
