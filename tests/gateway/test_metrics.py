"""What a monitor sees: numbers without people, and one answer whether the venue is well."""

import asyncio
import re
import time
from dataclasses import replace

import pytest
from day_case import PEOPLE
from prometheus_client.parser import text_string_to_metric_families
from test_api import Case, TestClient, keys, refused
from test_api import case as api_case

from gateway.core.facts.health import Disk, Looked, health, worst
from gateway.facts.tally import MOST_CAUSES, CountedLink, Tally
from gateway.shell.facts_desk import FactsDesk
from venue_model.moments import S
from venue_model.venue import Name
from venue_model.wire import JournalEvent, Status

__all__ = ("api_case", "keys")  # fixtures
API = "/api/v1"
WELL = Looked(
    broker_up=True, database_error="", disks=(Disk(Name("数据盘", "data"), 80, 100),), platform="ok", platform_waiting=0, platform_dead=0,
    boards=4, boards_away=(), gaps=(), clock_jump_ns=0, loop_lag_ms=3, webhooks_off=0,
)  # fmt: skip
AWAY = Name("一号板", "board one")
ILL = (
    ("broker", "fail", {"broker_up": False}),
    ("database", "fail", {"database_error": "disk I/O error"}),
    ("disk", "warn", {"disks": (Disk(AWAY, 10, 100), Disk(AWAY, 90, 100))}),
    ("disk", "fail", {"disks": (Disk(AWAY, 1, 100),)}),
    ("platform", "warn", {"platform": "away", "platform_waiting": 9}),
    ("platform", "warn", {"platform_dead": 1}),
    ("agents", "warn", {"boards_away": (AWAY,)}),
    ("agents", "fail", {"boards_away": (AWAY,) * 4}),
    ("recorder", "warn", {"gaps": (AWAY,)}),
    ("clock", "warn", {"clock_jump_ns": -3 * S}),
    ("loop", "warn", {"loop_lag_ms": 300}),
    ("loop", "fail", {"loop_lag_ms": 9_000}),
    ("webhooks", "warn", {"webhooks_off": 1}),
)


@pytest.mark.parametrize(("name", "level", "change"), ILL, ids=[f"{name}-{level}" for name, level, _ in ILL])
def test_a_part_that_is_ill_is_named_with_what_to_do(name: str, level: str, change: dict[str, object]) -> None:
    assert worst(health(WELL)) == "ok"
    parts = health(replace(WELL, **change))  # type: ignore[arg-type]
    assert [(part.name, part.level) for part in parts if part.level != "ok"] == [(name, level)]
    [ill] = [part for part in parts if part.level != "ok"]
    for words in (ill.said, ill.remedy):
        assert re.search(r"[\u4e00-\u9fff]", words.zh) and words.en
    assert worst(parts) == level


def test_a_well_part_asks_for_nothing() -> None:
    assert all(not part.remedy.zh and part.said.zh for part in health(WELL))


@pytest.fixture
def case(api_case: Case) -> Case:
    api_case.stage.now = api_case.stage.coordinator.clock()
    return api_case


def desk(case: Case) -> FactsDesk:
    found: FactsDesk = case["staff"].app.state.services.facts  # type: ignore[attr-defined]
    return found


def scraped(case: Case) -> dict[str, float]:
    text = case["integrator"].get("/metrics")
    assert text.status_code == 200, text.text
    families = text_string_to_metric_families(text.text)
    return {f"{s.name}{sorted(s.labels.items()) if s.labels else ''}": s.value for family in families for s in family.samples}


def test_the_venue_in_numbers(case: Case) -> None:
    stage, tally = case.stage, desk(case).tally
    stage.coordinator.journal.lines = tally.counted(lambda lines: None)
    stage.press("opening_preparation")
    body = {"door": "o1-door", "rule": "I1", "person": "bid-1", "group": "BID", "lot": "L1"}
    stage.journal(
        "opening", JournalEvent(1, 1, "refusal", body), JournalEvent(2, 2, "grant", {"door": "o1-door"}),
        JournalEvent(3, 3, "refusal", {"door": "o1-door", "rule": "made up by a board"}),
    )  # fmt: skip
    stage.tell(stage.agents["evaluation"], "status", Status(False, 1))  # type: ignore[index]
    found = scraped(case)
    assert found["bidhall_door_decisions_total[('decision', 'refused'), ('rule', 'I1')]"] == 1
    assert found["bidhall_door_decisions_total[('decision', 'refused'), ('rule', 'other')]"] == 1
    assert found["bidhall_door_decisions_total[('decision', 'granted'), ('rule', '')]"] == 1
    assert found["bidhall_scene_runs_total[('result', 'ok'), ('scene', 'opening_preparation')]"] == 1
    assert found["bidhall_scene_run_seconds_count[('scene', 'opening_preparation')]"] == 1
    assert found["bidhall_scene_run_seconds_bucket[('le', '+Inf'), ('scene', 'opening_preparation')]"] == 1
    assert found["bidhall_agents"] - found["bidhall_agents_online"] == 1
    assert found["bidhall_devices[('state', 'away')]"] > 0
    assert found["bidhall_leases[('state', 'expiring')]"] > 0
    for name in ("bidhall_broker_up", "bidhall_event_loop_lag_seconds", "bidhall_outbox_items[('state', 'dead')]"):
        assert name in found
    assert found["bidhall_disk_free_bytes[('folder', 'data')]"] > 0


def test_no_number_is_about_a_person(case: Case) -> None:
    case.stage.coordinator.journal.lines = desk(case).tally.counted(lambda lines: None)
    case.stage.journal("opening", *(JournalEvent(n, n, "refusal", {"rule": p.person, "person": p.person}) for n, p in enumerate(PEOPLE, 1)))
    text = case["integrator"].get("/metrics").text
    assert not [p.person for p in PEOPLE if p.person in text]


def test_strangers_from_elsewhere_see_neither_numbers_nor_health(case: Case) -> None:
    for path in ("/metrics", f"{API}/health"):
        refused(case["nobody"].get(path), 401, "signed-out")
        forged = {"x-forwarded-for": "127.0.0.1"}
        refused(case["nobody"].get(path, headers=forged), 401, "signed-out")
        refused(case["nobody"].get(path, headers={"authorization": "Bearer guess"}), 401, "signed-out")
    assert case["staff"].get("/metrics").status_code == 403
    object.__setattr__(desk(case).config, "metrics_token", "a-long-token")
    for path in ("/metrics", f"{API}/health"):
        assert case["nobody"].get(path, headers={"authorization": "Bearer a-long-token"}).status_code == 200
        refused(case["nobody"].get(path, headers={"authorization": "Bearer a-long-tokem"}), 401, "signed-out")


def test_a_monitor_on_this_machine_needs_no_account_unless_it_comes_by_a_proxy(case: Case) -> None:
    local = TestClient(case["nobody"].app, base_url="https://venue", client=("127.0.0.1", 5000))
    assert local.get("/metrics").status_code == 200
    assert local.get(f"{API}/health").status_code == 200
    assert local.get("/metrics", headers={"x-forwarded-for": "203.0.113.9"}).status_code == 401
    local.close()


def test_health_is_503_when_a_part_fails_and_names_all_parts(case: Case) -> None:
    answer = case["staff"].get(f"{API}/health")
    assert answer.status_code == 200
    names = [part["name"] for part in answer.json()["parts"]]
    assert names == ["broker", "database", "disk", "platform", "agents", "recorder", "clock", "loop", "webhooks"]
    desk(case).looks.broker_up = lambda: False
    answer = case["staff"].get(f"{API}/health")
    assert (answer.status_code, answer.json()["level"]) == (503, "fail")
    assert answer.json()["parts"][0]["remedy"]["zh"]


def test_boards_cannot_fill_the_scrapers_disk_with_words_of_their_own() -> None:
    tally = Tally(lambda run: None)
    for n in range(100):
        body = {"cause": f"cause-{n}", "to_utc_ns": 1, "rule": f"rule-{n}", "scene": f"scene-{n}", "result": f"{n}"}
        tally.lines([{"kind": kind, "body": body} for kind in ("gap", "refusal", "scene")])
    assert len(tally.gaps) == MOST_CAUSES + 1 and tally.gaps["other"] == 100 - MOST_CAUSES
    assert set(tally.decisions) == {("refused", "other")} and set(tally.runs) == {("other", "other")}


def test_messages_are_counted_both_ways() -> None:
    class Link:
        def publish(self, topic: str, payload: bytes, *, retain: bool) -> None:
            """Sent."""

    tally = Tally(lambda run: None)
    CountedLink(Link(), tally).publish("t", b"12345", retain=True)
    tally.heard(lambda topic, payload: None)("t", b"12")
    assert (tally.messages["out"], tally.bytes["out"], tally.messages["in"], tally.bytes["in"]) == (1, 5, 1, 2)


def test_a_pause_of_the_event_loop_is_seen() -> None:
    async def go() -> int:
        tally = Tally(lambda run: None)
        watch = asyncio.create_task(tally.watch_loop())
        await asyncio.sleep(0.05)
        time.sleep(0.8)
        await asyncio.sleep(0.05)
        watch.cancel()
        return tally.lag_ms

    assert asyncio.run(go()) >= 250
