"""The watch and avoidance lists, and quiet alarms that nobody would see."""

from typing import Any

import pytest
from coordinator_case import passage
from people_case import API, client, reason, services_of
from test_api import Case, case, keys  # noqa: F401  fixtures

from gateway.core.quiet import PATIENCE_S, Quiet, step
from gateway.core.rights import Viewer
from gateway.core.watch_list import watched
from venue_model.moments import S

ENTRY = {"person": "exp-1", "reason": "integrity", "days": 30}
OPENED = 1_800_000_000 * S  # when `passage` happens


@pytest.fixture
def today(case: Case) -> Case:  # noqa: F811
    """The lists are kept on the day of the opening."""
    services_of(case).accounts.clock = lambda: case.stage.now
    for name, page in case.clients.items():
        if name != "nobody":
            page.close()
            case.clients[name] = client(case, name)
    return case


def put(case: Case, **entry: Any) -> Any:  # noqa: F811
    return case["supervisor"].post(f"{API}/watch-list", json={**ENTRY, **entry})


def alarms(case: Case, role: str) -> list[str]:  # noqa: F811
    return [key for key in case[role].get(f"{API}/state").json()["alarms"] if key.startswith(("watched", "avoidance"))]


def test_somebody_on_the_watch_list_is_told_quietly_to_those_who_watch(today: Case) -> None:
    assert put(today).status_code == 201
    today.stage.journal("front", passage(1))
    today.stage.wait(2_000)
    assert alarms(today, "supervisor") == ["watched:exp-1"]
    assert alarms(today, "staff") == []
    [line] = [body for body in today.stage.lines("alarm") if body["code"] == "watched"]
    assert line["quiet"] is True and line["audience"] == ["supervisor", "witness"]
    today.stage.wait(3_000)
    assert len([body for body in today.stage.lines("alarm") if body["code"] == "watched"]) == 1, "once a day"


def test_the_list_is_no_evidence_of_a_tender(today: Case) -> None:
    put(today)
    today.stage.journal("front", passage(1))
    today.stage.wait(2_000)
    [line] = [x for x in today.stage.store.journal("kind = 'alarm'") if x["body"]["code"] == "watched"]
    assert (line["lot"], line["project"]) == (None, None)
    told = today.stage.db.execute("SELECT count(*) FROM outbox WHERE body_json LIKE '%watched%'").fetchone()[0]
    assert told == 0


def test_two_who_should_avoid_each_other_are_told_when_both_have_come(today: Case) -> None:
    put(today, avoids="bid-1")
    today.stage.journal("front", passage(1))
    today.stage.wait(2_000)
    assert alarms(today, "supervisor") == []
    today.stage.journal("front", passage(2, "bid-1", group="BID"))
    today.stage.wait(2_000)
    assert alarms(today, "supervisor") == ["avoidance:bid-1 exp-1"]
    assert reason(put(today, avoids="exp-1")) == (409, "pair")


def test_supervisors_keep_the_list_and_each_look_at_it_is_written_down(today: Case) -> None:
    for role in ("staff", "integrator"):
        assert reason(today[role].post(f"{API}/watch-list", json=ENTRY)) == (403, "not-allowed")
        assert today[role].get(f"{API}/watch-list").status_code == 403
    witness = client(today, "wit", "witness")
    assert reason(witness.post(f"{API}/watch-list", json=ENTRY)) == (403, "not-allowed")
    entry = put(today).json()["id"]
    [seen] = witness.get(f"{API}/watch-list").json()
    assert (seen["id"], seen["person"], seen["reason_name"]["zh"], seen["by"]) == (entry, "exp-1", "失信或违规记录", "supervisor")
    assert [line["who"] for line in today.stage.lines("watch-read")] == ["wit"]
    assert today["staff"].get(f"{API}/events", params={"kind": "watch-entry"}).json() == []
    assert today["supervisor"].delete(f"{API}/watch-list/{entry}").status_code == 204
    assert today["supervisor"].delete(f"{API}/watch-list/{entry}").status_code == 404
    assert [line["on"] for line in today.stage.lines("watch-entry")] == [True, False]


def test_an_entry_ends_by_itself_and_outlives_a_restart(today: Case) -> None:
    put(today, days=1)
    put(today, person="exp-2", days=30)
    today.stage.restart()
    people = today.stage.coordinator.people
    assert sorted(e.person for e in people.entries.values()) == ["exp-1", "exp-2"]
    later = today.stage.now.utc_ns + 2 * 86_400 * S
    assert [e.person for e in people.entries.values() if e.until_utc_ns > later] == ["exp-2"]
    today.stage.journal("front", passage(1))
    seen = today.stage.coordinator.presence.presence
    found = {f.person for f in people.found(seen, today.stage.now)}
    assert found == {"exp-1"}
    assert not watched(seen, people.entries.values(), "any", 0, later)


def test_a_name_is_no_pseudonym(today: Case) -> None:
    assert reason(put(today, person="张 三")) == (422, "bad-input")
    assert reason(put(today, reason="他偷东西")) == (422, "bad-input")


# quiet alarms


def test_after_a_minute_without_anybody_to_see_it_a_quiet_alarm_is_told() -> None:
    quiet = step(Quiet(), 1, 0)
    assert quiet.told == 0
    assert step(quiet, 1, PATIENCE_S * S - 1).told == 0
    waited = step(quiet, 2, PATIENCE_S * S)
    assert waited.told == 2
    assert step(waited, 0, PATIENCE_S * S + 1) == Quiet(), "somebody looks"


def test_staff_hear_that_a_quiet_alarm_waits_and_neither_what_nor_where(today: Case) -> None:
    feed, stage = services_of(today).feed, today.stage
    page = feed.join(Viewer("staff"))
    stage.coordinator.journal.note("alarm", {"code": "duress", "door": "o1-door", "person": "exp-1"}, stage.now, lot="L1")

    def wait(seconds: int) -> dict[str, Any]:
        stage.wait(seconds * 1000, 1000)
        feed.look_after_quiet(stage.now)
        found: dict[str, Any] = today["staff"].get(f"{API}/state").json()["alarms"]
        return {key: alarm for key, alarm in found.items() if "quiet" in key or "duress" in key}

    assert wait(1) == {}
    assert wait(50) == {}
    told = wait(15)
    assert list(told) == ["quiet-waiting:1"]
    words = told["quiet-waiting:1"]["name"]
    assert words == {"zh": "安静告警 1 条,请监督人员查看", "en": "a quiet alarm waits for a supervisor: 1"}
    assert "o1-door" not in str(told) and "exp-1" not in str(told)
    watcher = feed.join(Viewer("witness"))
    assert wait(1) == {}
    feed.leave(watcher)
    assert wait(30) == {}, "patience begins anew"
    feed.leave(page)
