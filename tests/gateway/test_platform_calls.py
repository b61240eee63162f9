"""The platform calls by itself: what is truly its own takes effect once and at once; what is not has none, and people see it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from coordinator_case import L1
from day_case import lot
from fake_agents import Stage
from people_case import client
from test_api import Case, case, keys  # noqa: F401  fixtures

from gateway.api import views_platform
from gateway.core.alarms import applied
from gateway.shell.platform_desk import TELL_EVERY_NS, CallMalformed, CallRefused, PlatformDesk
from gateway.trading.base import EventKind, OutboxItem, PhaseEvent, Pulled
from gateway.trading.signature import sign_request
from simulation.platform.webhook import call_body
from venue_model.ids import PersonKey, ProjectId
from venue_model.lots import Lot
from venue_model.moments import Now, S

PATH = "/api/v1/platform/events"
TOKEN = "platform-token"
GONE = PhaseEvent("ev-1", ProjectId("P-L1"), L1, EventKind.WITHDRAWN, 1, person=PersonKey("bid-1"))
SIGNED = PhaseEvent("ev-2", ProjectId("P-L1"), L1, EventKind.REPORT_SIGNED, 1)


class Quiet:
    """A platform that has nothing to say unless a test gives it pages."""

    def __init__(self) -> None:
        self.pages: list[Pulled] = []
        self.meanwhile: Any = lambda: None

    async def pull_lots(self, cursor: str) -> Pulled:
        page = self.pages.pop(0) if self.pages else Pulled((), (), cursor)
        self.meanwhile()
        return page

    async def push(self, items: list[OutboxItem]) -> None: ...

    async def close(self) -> None: ...


@dataclass
class Bench:
    stage: Stage
    platform: Quiet
    desk: PlatformDesk

    def call(self, *events: PhaseEvent, **spoilt: Any) -> Any:
        """A call as the platform makes it, but for what a test spoils."""
        given = {"venue": self.stage.venue.id, "token": TOKEN, "late_s": 0, "path": PATH, "body": None, "nonce": "", **spoilt}
        body = given["body"] if given["body"] is not None else call_body(given["venue"], events)
        nonce = given["nonce"] or f"nonce-{id(events)}-{self.desk.calls.taken}-{self.desk.calls.refused}"
        headers = sign_request(given["token"], "POST", PATH, body, self.stage.now.utc_ns - given["late_s"] * S, nonce)
        return self.desk.hear("POST", given["path"], headers, given.get("sent", body), self.stage.now)

    def withdrawn(self) -> list[str]:
        return [person.person for person in self.stage.coordinator.day[L1].lot.people if person.withdrawn]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    stage = Stage(tmp_path)
    stage.coordinator.clock = lambda: stage.now
    stage.open()
    stage.book(lot())
    platform = Quiet()
    yield Bench(stage, platform, PlatformDesk(stage.coordinator, platform, TOKEN, kind="rest"))
    stage.close()


def test_an_event_in_a_call_takes_effect_at_once_and_once(bench: Bench) -> None:
    heard = bench.call(GONE, SIGNED)
    assert (heard.new, heard.known, heard.rejected) == (2, 0, ())
    assert bench.withdrawn() == ["bid-1"]
    assert (bench.call(GONE).new, bench.call(GONE).known) == (0, 1)
    assert [line["id"] for line in bench.stage.lines("platform")] == ["ev-1", "ev-2"]
    assert (bench.desk.calls.taken, bench.desk.calls.refused) == (3, 0)


@pytest.mark.parametrize(
    ("spoilt", "says"),
    [
        ({"token": "somebody-else"}, "different tokens"),
        ({"late_s": 301}, "301 s behind"),
        ({"late_s": -301}, "-301 s behind"),
        ({"late_s": 7_200}, "7200 s behind"),
        ({"venue": "another-venue"}, "names another venue"),
        ({"body": b"{}"}, "VENUE is missing"),
        ({"path": "/api/v1/platform/event"}, "changed"),
        ({"sent": call_body("county-hall", [SIGNED])}, "changed"),
    ],
)
def test_a_forged_stale_or_misdirected_call_has_no_effect_and_is_counted(bench: Bench, spoilt: dict[str, Any], says: str) -> None:
    before = bench.stage.coordinator.day[L1]
    with pytest.raises(CallRefused, match=says):
        bench.call(GONE, SIGNED, **spoilt)
    assert (bench.stage.coordinator.day[L1], bench.stage.lines("platform")) == (before, [])
    assert bench.stage.store.runs() == []
    assert (bench.desk.calls.refused, bench.desk.calls.refused_utc_ns) == (1, bench.stage.now.utc_ns)
    assert says.lstrip("-") in bench.desk.calls.refused_why
    (alarm,) = bench.stage.lines("alarm")
    assert (alarm["code"], alarm["level"]) == ("platform-call", "warning")


def test_a_call_that_was_listened_to_and_repeated_has_no_effect_also_after_a_restart(bench: Bench) -> None:
    body = call_body(bench.stage.venue.id, [GONE])
    headers = sign_request(TOKEN, "POST", PATH, body, bench.stage.now.utc_ns, "n" * 32)
    assert bench.desk.hear("POST", PATH, headers, body, bench.stage.now).new == 1
    bench.stage.restart()
    again = PlatformDesk(bench.stage.coordinator, bench.platform, TOKEN, kind="rest")
    with pytest.raises(CallRefused, match="replay"):
        again.hear("POST", PATH, headers, body, bench.stage.now)
    later = replace(bench.stage.now, utc_ns=bench.stage.now.utc_ns + 3_600 * S)
    with pytest.raises(CallRefused, match="3600 s behind"):
        again.hear("POST", PATH, headers, body, later)


def test_an_event_of_yesterday_under_a_fresh_signature_has_no_second_effect(bench: Bench) -> None:
    bench.call(GONE)
    back = replace(lot(), version=2)
    bench.stage.book(back)
    bench.stage.now = replace(bench.stage.now, utc_ns=bench.stage.now.utc_ns + 86_400 * S)
    assert bench.call(GONE).known == 1
    assert bench.withdrawn() == [], "the platform has taken it back since"


@pytest.mark.parametrize("body", [b"", b"[1]", b"{", b"[" * 100_000, b"\xff"])
def test_a_signed_call_that_says_nothing_readable_is_told_so(bench: Bench, body: bytes) -> None:
    with pytest.raises(CallMalformed):
        bench.call(body=body)


def test_an_event_that_is_not_understood_does_not_stop_the_others(bench: Bench) -> None:
    told = json.loads(call_body(bench.stage.venue.id, [GONE, SIGNED]))
    told["EVENTS"][0]["EVENT_TYPE"] = "PARTY"
    heard = bench.call(body=json.dumps(told).encode())
    assert (heard.new, [ref for ref, _ in heard.rejected]) == (1, ["ev-1"])
    assert [(notice.kind, notice.ref) for notice in bench.desk.notices()] == [("rejected", "ev-1")]


def test_a_stranger_who_calls_all_day_fills_no_journal(bench: Bench) -> None:
    for _ in range(50):
        with pytest.raises(CallRefused):
            bench.call(token="guess")
    assert (len(bench.stage.lines("alarm")), bench.desk.calls.refused) == (1, 50)
    bench.stage.now = Now(bench.stage.now.mono_ns + TELL_EVERY_NS, bench.stage.now.utc_ns)
    with pytest.raises(CallRefused):
        bench.call(token="guess")
    lines = bench.stage.store.journal("kind = 'alarm'")
    assert len(lines) == 2 and "51 calls refused" in lines[1]["body"]["detail"]
    shown = applied(applied({}, lines[0]), lines[1])
    assert [alarm.level for alarm in shown.values()] == ["warning"], "one warning on the page, however often"


def test_a_page_that_was_written_before_an_event_does_not_undo_it(bench: Bench) -> None:
    """A pull is under way when the bidder withdraws: its page still has the bidder."""
    import asyncio

    stale, fresh = replace(lot(), version=2), replace(lot(), version=3)
    gone: Lot = replace(fresh, people=tuple(replace(p, withdrawn=p.person == "bid-1") for p in fresh.people))
    bench.platform.pages = [Pulled((stale,), (), "1"), Pulled((gone,), (), "2")]
    calls = [GONE]
    bench.platform.meanwhile = lambda: bench.call(calls.pop()) if calls else None
    assert bench.desk.sync is not None
    asyncio.run(bench.desk.sync.pull_once())
    assert bench.withdrawn() == ["bid-1"]
    assert bench.stage.coordinator.day[L1].lot.version == 3


def test_a_venue_without_a_platform_takes_no_calls(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    desk = PlatformDesk(stage.coordinator)
    headers = sign_request("", "POST", PATH, b"{}", stage.now.utc_ns, "n" * 32)
    with pytest.raises(CallRefused, match="no platform with a token"):
        desk.hear("POST", PATH, headers, b"{}", stage.now)
    stage.close()


# over HTTP


def posted(case: Case, body: bytes, headers: dict[str, str]) -> tuple[int, Any]:  # noqa: F811
    answer = case["nobody"].post(PATH, content=body, headers=headers)
    return answer.status_code, answer.json()


def test_over_http_a_call_needs_no_session_and_a_forged_one_is_401(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    s = case["nobody"].app.state.services  # type: ignore[attr-defined]
    desk = PlatformDesk(case.stage.coordinator, Quiet(), TOKEN, kind="rest")
    monkeypatch.setattr(case["nobody"].app.state, "services", replace(s, platform=desk))  # type: ignore[attr-defined]
    monkeypatch.setattr(views_platform, "clock", lambda: case.stage.now)
    body = call_body(case.stage.venue.id, [GONE])
    headers = sign_request(TOKEN, "POST", PATH, body, case.stage.now.utc_ns, "n" * 32)
    assert posted(case, body, headers) == (200, {"new": 1, "known": 0, "rejected": []})
    for spoilt in (headers, {}, sign_request("guess", "POST", PATH, body, case.stage.now.utc_ns, "m" * 32)):
        status, told = posted(case, body, spoilt)
        assert (status, told["error"]["code"]) == (401, "platform-call")
    assert posted(case, b"x" * (views_platform.MAX_CALL_BYTES + 1), headers)[0] == 413
    shown = client(case, "wang", "staff").get("/api/v1/platform").json()
    assert (shown["calls"]["taken"], shown["calls"]["refused"], shown["kind"]) == (1, 3, "rest")
    assert shown["calls"]["refused_why"]
