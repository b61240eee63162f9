"""What a browser gets to know of people: who may look, what is recorded of the look, and what staff must never see."""

import json
from dataclasses import replace
from typing import Any

import pytest
from day_case import lot
from presence_case import at, line, refused, through
from test_api import PLACE, Case, TestClient, cheap_hash, keys
from test_api import case as api_case
from test_api import refused as refused_answer
from test_presence_desk import alarms, tell, wait

from gateway.core.rights import Viewer
from gateway.shell.evidence_index import SegmentRow
from venue_model.ids import PersonKey
from venue_model.moments import S

__all__ = ("api_case", "keys")  # fixtures
DAY = "2027-01-15"


@pytest.fixture
def case(api_case: Case) -> Case:
    """The API's case, whose clock is the stage's."""
    api_case.stage.coordinator.clock = lambda: api_case.stage.now
    return api_case


@pytest.fixture
def witness(case: Case) -> Any:
    """A client of the fourth role."""
    case.stage.db.execute("INSERT INTO account VALUES (?, ?, ?)", ("witness", "witness", cheap_hash("jian-zheng")))
    client = TestClient(case["staff"].app, base_url="https://venue")
    assert client.post("/api/v1/session", json={"account": "witness", "password": "jian-zheng"}).json()["role"] == "witness"
    yield client
    client.close()


WAY = "/api/v1/people/exp-1/trajectory?day=" + DAY


# one person's way


def test_a_way_has_rooms_times_refusals_and_the_footage_of_both_sides(case: Case) -> None:
    case.stage.index.add_segment(
        SegmentRow("P-L1", "L1", "e1-near", 7, "e1", at(60), at(120), PLACE, 9, "ab" * 32, "0" * 64, {"ended": "rotate"})
    )
    tell(case.stage, through(0, "intake-door", "exp-1"), through(60, "gate", "exp-1"), refused(80, "e2-door", "exp-1"))
    tell(case.stage, through(90, "e1-door", "exp-1"))
    found = case["supervisor"].get(WAY).json()
    assert (found["role"], found["lots"], found["day"]) == ("EXP", ["L1"], DAY)
    first, _, no, inside = found["steps"]
    assert (first["from_room"]["zh"], first["to_room"]["zh"], first["stay_ns"]) == ("室外", "专家签到区", 60 * S)
    assert (no["kind"], no["rule"], no["because"]["zh"]) == ("refusal", "I2", "您的房间不在这里")
    assert (inside["agent"], inside["seq"]) == ("evaluation", 90_001)
    [shot] = inside["footage"]
    assert (shot["track"], shot["seq"], shot["offset_ns"], shot["url"]) == ("e1-near", 7, 30 * S, f"/api/v1/media/{'ab' * 32}.mp4")


def test_looking_at_a_persons_way_is_on_record_for_each_project_of_theirs(case: Case, witness: TestClient) -> None:
    tell(case.stage, through(0, "gate", "exp-1"))
    for client in (case["supervisor"], witness):
        assert client.get(WAY).status_code == 200
    assert [(read["who"], read["what"]) for read in case.reads()] == [
        ("supervisor", f"trajectory exp-1 {DAY}"), ("witness", f"trajectory exp-1 {DAY}"),
    ]  # fmt: skip
    assert case.leaves() == 2
    assert {row["project"] for row in case.stage.store.journal("kind = 'evidence-read'")} == {"P-L1"}


def test_staff_and_integrators_do_not_follow_people(case: Case) -> None:
    for role in ("staff", "integrator"):
        refused_answer(case[role].get(WAY), 403, "not-allowed")
    assert case.reads() == []


def test_an_unknown_person_and_a_day_that_is_none_are_told(case: Case) -> None:
    refused_answer(case["supervisor"].get("/api/v1/people/ghost/trajectory"), 404, "not-found")
    refused_answer(case["supervisor"].get("/api/v1/people/exp-1/trajectory?day=monday"), 422, "bad-input")


def test_the_package_has_the_ways_of_the_projects_people_and_nothing_of_other_projects(case: Case) -> None:
    tell(case.stage, through(0, "intake-door", "exp-1"), refused(80, "e2-door", "exp-1"), through(90, "o2-door", "bid-9", lot="L9"))
    tell(case.stage, through(100, "o2-door", "bid-1", lot="L9"), through(160, "o2-door", None, "out"), through(200, "o1-door", "agt-1"))
    tell(case.stage, through(900, "gate", "bid-1", lot="L9"))
    desk = case["supervisor"].app.state.services.evidence  # type: ignore[attr-defined]
    agents, way = desk.dossier("P-L1").trajectories
    assert agents["person"] == "agt-1", "bid-1 was in the house for another lot alone"
    assert (way["person"], way["role"], way["lot"]) == ("exp-1", "EXP", "L1")
    first, no = way["steps"]
    assert (first["event"], first["from"], first["to"], first["agent"], first["seq"]) == ("passage", "street", "intake", "gatehouse", 1)
    assert (no["event"], no["rule"], no["door"], "stay_ms" in no) == ("refusal", "I2", "e2-door", False)


# the muster list


def test_the_list_is_for_whoever_is_in_the_house_and_a_tick_moves_a_person_out(case: Case) -> None:
    tell(case.stage, through(0, "e1-door", "exp-1"), through(1, "o1-door", "bid-1"))
    tell(case.stage, line("fire", 100, 900, "evaluation", device="evaluation-fire", active=True))
    refused_answer(case["integrator"].get("/api/v1/muster"), 403, "not-allowed")
    found = case["staff"].get("/api/v1/muster").json()
    inside = {d["component"]: [p["person"] for p in d["people"]] for d in found["domains"] if d["people"]}
    assert inside == {"o1": ["bid-1"], "e1": ["exp-1"]}
    assert found["fire"]["until_utc_ns"] is None
    assert [(p["was"]["person"], p["place"]["zh"], p["safe"]) for p in found["fire"]["people"]] == [
        ("exp-1", "评标室201", ""), ("bid-1", "开标室101", ""),
    ]  # fmt: skip
    wait(case.stage, 110)
    assert case["staff"].post("/api/v1/muster/exp-1", json={"outside": True}).status_code == 204
    assert case.stage.lines("muster") == [{"person": "exp-1", "outside": True, "by": "staff"}]
    found = case["staff"].get("/api/v1/muster").json()
    assert found["counted_out"] == []
    people = found["fire"]["people"]
    assert [(p["was"]["person"], p["safe"]) for p in people] == [("bid-1", ""), ("exp-1", "staff")], "the missing come first"


def test_a_tick_that_was_a_slip_is_taken_back(case: Case) -> None:
    tell(case.stage, through(0, "e1-door", "exp-1"))
    for outside, sure in ((True, "left"), (False, "inside")):
        wait(case.stage, 10)
        assert case["supervisor"].post("/api/v1/muster/exp-1", json={"outside": outside}).status_code == 204
        assert case.stage.coordinator.presence.everybody()[PersonKey("exp-1")].sure == sure


def test_whom_no_door_saw_cannot_be_ticked_off(case: Case) -> None:
    refused_answer(case["staff"].post("/api/v1/muster/ghost", json={}), 404, "not-found")


# a lot's end, checking out


def test_at_a_lots_end_the_page_knows_who_is_left_and_closing_warns_of_it(case: Case) -> None:
    for scene in ("opening_preparation", "check_in", "opening", "opening_end", "intake", "evaluation"):
        case.stage.press(scene)
    case.stage.press("report_signed", approvers=("zhang", "li"))
    tell(case.stage, through(0, "e1-door", "exp-1"), line("locker", 4, 99, "gatehouse", "exp-1", "L1", locker="locker-1", act="bound"))
    found = case["staff"].get("/api/v1/lots/L1/leaving").json()
    assert [(p["person"], p["component"]) for p in found["inside"]] == [("exp-1", "e1")]
    assert [(p["locker"], p["name"]["zh"]) for p in found["phones"]] == [("locker-1", "储物柜1")]
    assert found["counts"].keys() == {"o1", "e1"}
    preview = case["staff"].get("/api/v1/lots/L1/preview?scene=close").json()
    assert preview["allowed"] is True, "exit is free, and a count can be wrong"
    assert "exp-1" in preview["warning"]["zh"] and "locker-1" in preview["warning"]["en"]
    refused_answer(case["staff"].get("/api/v1/lots/L9/leaving"), 404, "not-found")


def test_an_agent_checks_out_with_staff(case: Case) -> None:
    tell(case.stage, through(0, "o1-door", "agt-1"))
    [domain] = [d for d in case["staff"].get("/api/v1/muster").json()["domains"] if d["people"]]
    assert domain["people"][0]["needs_checkout"] is True
    assert case["staff"].post("/api/v1/lots/L1/checkout/agt-1").status_code == 204
    assert case.stage.lines("checkout") == [{"person": "agt-1", "by": "staff"}]
    refused_answer(case["staff"].post("/api/v1/lots/L1/checkout/ghost"), 404, "not-found")
    refused_answer(case["supervisor"].post("/api/v1/lots/L1/checkout/agt-1"), 403, "not-allowed")


# people who must avoid each other: not for staff (I14)


def in_conflict(case: Case) -> None:
    case.stage.book(replace(lot(), conflicts=((PersonKey("exp-1"), PersonKey("bid-1")),), version=2))
    tell(case.stage, through(0, "intake-door", "exp-1"), refused(10, "o1-door", "bid-1"))
    wait(case.stage, 2)
    assert len(alarms(case.stage, "conflict")) == 1


def everything(client: TestClient) -> str:
    """All that a role can read that lists lines or alarms."""
    paths = ("/state", "/events", "/events?kind=alarm", "/events?kind=alarm_ack", "/projects/P-L1", "/muster", "/lots/L1")
    with client.websocket_connect("wss://venue/api/v1/live") as page:
        live = page.receive_text()
    return live + "".join(client.get(f"/api/v1{path}").text for path in paths)


def test_a_conflict_is_seen_by_supervisor_and_witness_and_by_nobody_else(case: Case, witness: TestClient) -> None:
    in_conflict(case)
    for client in (case["supervisor"], witness):
        assert "conflict:bid-1 exp-1" in client.get("/api/v1/state").json()["alarms"]
        assert "conflict" in everything(client)
    for role in ("staff", "integrator"):
        assert "conflict" not in everything(case[role]), role


def test_staff_cannot_acknowledge_what_they_may_not_know_nor_learn_that_somebody_did(case: Case) -> None:
    in_conflict(case)
    url = "/api/v1/alarms/conflict:bid-1 exp-1/acknowledge"
    refused_answer(case["staff"].post(url), 404, "not-found")
    assert case["supervisor"].post(url).status_code == 204
    assert case["supervisor"].get("/api/v1/state").json()["alarms"] == {}
    assert "conflict" in case["supervisor"].get("/api/v1/events?kind=alarm_ack").text
    assert "conflict" not in everything(case["staff"])


def test_the_live_feed_of_staff_says_nothing_of_a_conflict_while_it_comes_and_goes(case: Case) -> None:
    view, heard = case.stage.coordinator, []
    feed = case["staff"].app.state.services.feed  # type: ignore[attr-defined]
    in_conflict(case)
    case["supervisor"].post("/api/v1/alarms/conflict:bid-1 exp-1/acknowledge")
    dirty = {"alarms": {"conflict:bid-1 exp-1"}}
    lines = view.store.journal("kind IN ('alarm', 'alarm_ack')")
    for role in ("staff", "integrator", "supervisor", "witness"):
        patch = feed.view.patch(1, dirty, lines, case.stage.now, Viewer(role))
        heard.append((role, "conflict" in json.dumps(patch.model_dump())))
    assert heard == [("staff", False), ("integrator", False), ("supervisor", True), ("witness", True)]


def test_a_board_cannot_hide_its_alarms_from_staff(case: Case) -> None:
    tell(case.stage, line("alarm", 1, 1, "opening", code="forced", door="o1-door", audience=["supervisor"]))
    assert "forced:o1-door" in case["staff"].get("/api/v1/state").json()["alarms"]


@pytest.mark.parametrize("code", ["duress", "passback"])
def test_what_a_board_says_of_somebody_under_threat_is_for_those_who_watch_alone(case: Case, witness: Any, code: str) -> None:
    tell(case.stage, line("alarm", 1, 1, "opening", "bid-1", code=code, door="o1-door", quiet=True))
    for watcher in (case["supervisor"], witness):
        [alarm] = watcher.get("/api/v1/state").json()["alarms"].values()
        assert (alarm["code"], alarm["audience"]) == (code, ["supervisor", "witness"])
    for other in ("staff", "integrator"):
        assert code not in everything(case[other])
    url = f"/api/v1/alarms/{code}:o1-door/acknowledge"
    refused_answer(case["staff"].post(url), 404, "not-found")
    assert case["supervisor"].post(url).status_code == 204
    assert code not in everything(case["staff"])
