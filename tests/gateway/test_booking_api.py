"""The calendar from a browser: who may book, who waits, and that no room is ever given twice, however many ask at once."""

import asyncio
import random
from itertools import combinations
from typing import Any

import httpx
import pytest
from test_api import Case, case, keys, refused  # noqa: F401  fixtures

from gateway.shell.presence_desk import local_day
from venue_model.moments import S

HOUR_NS = 3600 * S
AT_ONCE = 200
PAGE = "/api/v1/calendar"


@pytest.fixture
def now_ns(case: Case) -> int:  # noqa: F811
    """The gateway's clock, at a full hour from now."""
    return (case.stage.coordinator.clock().utc_ns // HOUR_NS + 1) * HOUR_NS


def wanted(now_ns: int, room: str = "o2", begin: float = 1, end: float = 2, **changes: Any) -> dict[str, Any]:
    span = {"from_utc_ns": now_ns + int(begin * HOUR_NS), "to_utc_ns": now_ns + int(end * HOUR_NS)}
    return {"room": room, "purpose": "meeting", **span, **changes}


def posted(case: Case, body: dict[str, Any], role: str = "staff") -> dict[str, Any]:  # noqa: F811
    answer = case[role].post("/api/v1/bookings", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_staff_book_a_room_and_everybody_sees_it(case: Case, now_ns: int) -> None:  # noqa: F811
    mine = posted(case, wanted(now_ns, confirm=True, note="培训", people=12))
    assert (mine["state"], mine["by"], mine["movable"], mine["name"]["zh"][5:]) == ("confirmed", "staff", True, "的会议·培训(staff)")
    day = local_day(mine["from_utc_ns"])
    for role in ("staff", "supervisor", "integrator"):
        page = case[role].get(PAGE, params={"day": day, "days": 2}).json()
        assert [b["id"] for b in page["bookings"] if b["source"] == "staff"] == [mine["id"]]
    assert set(page["rooms"]) == set(page["status"]) and "hall" not in page["rooms"]
    assert set(page["status"].values()) <= set(page["status_words"])
    assert page["schedule"] == {"preparation_s": 0, "release_at": "", "kept": [], "notes": []}


def test_a_lots_room_is_on_the_calendar_and_moves_on_the_platform_alone(case: Case) -> None:  # noqa: F811
    opens = case.stage.coordinator.day["L1"].lot.opening_utc_ns  # type: ignore[index]
    page = case["staff"].get(PAGE, params={"day": local_day(opens)}).json()
    mine = next(b for b in page["bookings"] if b["lot"] == "L1" and b["purpose"] == "opening")
    assert not mine["movable"] and "L1工程" in mine["name"]["zh"]
    move = {"room": "o2", "from_utc_ns": mine["from_utc_ns"], "to_utc_ns": mine["to_utc_ns"]}
    refused(case["staff"].post(f"/api/v1/bookings/{mine['id']}/move", json=move), 409, "platforms")
    refused(case["staff"].delete(f"/api/v1/bookings/{mine['id']}"), 409, "platforms")


def test_before_booking_one_sees_what_stands_against_it_and_where_nothing_does(case: Case, now_ns: int) -> None:  # noqa: F811
    posted(case, wanted(now_ns, confirm=True))
    found = case["staff"].post("/api/v1/bookings/check", json=wanted(now_ns, begin=1.5, end=3)).json()
    assert [c["code"] for c in found["conflicts"]] == ["room-twice"] and found["rooms"] == ["o1"]
    assert case["staff"].post("/api/v1/bookings/check", json=wanted(now_ns, begin=5, end=6)).json() == {"conflicts": [], "rooms": []}
    refused(case["staff"].post("/api/v1/bookings/check", json=wanted(now_ns, room="hall")), 409, "not-bookable")
    free = case["staff"].get(f"{PAGE}/free", params={"day": local_day(now_ns + HOUR_NS), "zone": "Z1", "minutes": 30}).json()
    assert {slot["room"] for slot in free} <= {"o1", "o2"}


def test_a_booking_is_asked_confirmed_moved_and_cancelled(case: Case, now_ns: int) -> None:  # noqa: F811
    mine = posted(case, wanted(now_ns))
    assert mine["state"] == "asked"
    path = f"/api/v1/bookings/{mine['id']}"
    assert case["staff"].post(f"{path}/confirm").json()["state"] == "confirmed"
    assert case["staff"].post(f"{path}/confirm").json()["state"] == "confirmed", "twice is once"
    moved = case["staff"].post(f"{path}/move", json={k: v for k, v in wanted(now_ns, "o1", 3, 4).items() if k != "purpose"}).json()
    assert (moved["room"], moved["state"], moved["from_utc_ns"]) == ("o1", "confirmed", now_ns + 3 * HOUR_NS)
    assert case["staff"].delete(path).status_code == 204
    refused(case["staff"].delete(path), 404, "unknown-booking")


def test_a_room_out_of_order_is_the_integrators_word(case: Case, now_ns: int) -> None:  # noqa: F811
    body = {k: v for k, v in wanted(now_ns).items() if k != "purpose"} | {"reason": "换灯"}
    refused(case["staff"].post("/api/v1/outages", json=body), 403, "not-allowed")
    outage = case["integrator"].post("/api/v1/outages", json=body).json()
    assert outage["name"]["zh"] == "维护"
    refused(case["staff"].post("/api/v1/bookings", json=wanted(now_ns, confirm=True)), 409, "out-of-order")
    assert case["integrator"].delete(f"/api/v1/outages/{outage['id']}").status_code == 204
    posted(case, wanted(now_ns, confirm=True))


LIMITS = (
    ("supervisor", "POST", "/bookings"), ("integrator", "POST", "/bookings"), ("supervisor", "DELETE", "/bookings/b"),
    ("supervisor", "POST", "/outages"), ("supervisor", "POST", "/rehearsal"), ("integrator", "GET", "/rehearsal"),
    ("supervisor", "POST", "/schedule/L1/keep"), ("integrator", "POST", "/bookings/b/move"), ("supervisor", "POST", "/bookings/b/confirm"),
)  # fmt: skip


@pytest.mark.parametrize(("role", "method", "path"), LIMITS)
def test_who_only_looks_changes_nothing(case: Case, now_ns: int, role: str, method: str, path: str) -> None:  # noqa: F811
    body = wanted(now_ns, reason="x", day="2027-01-15")
    refused(case[role].request(method, f"/api/v1{path}", json=body if method == "POST" else None), 403, "not-allowed")


def test_a_lot_is_taken_into_ones_own_hands_and_given_back(case: Case) -> None:  # noqa: F811
    assert case["staff"].post("/api/v1/schedule/L1/keep").status_code == 204
    assert case["staff"].get(PAGE).json()["schedule"]["kept"] == ["L1"]
    assert case["staff"].delete("/api/v1/schedule/L1/keep").status_code == 204
    refused(case["staff"].delete("/api/v1/schedule/L1/keep"), 404, "unknown-lot")
    refused(case["staff"].post("/api/v1/schedule/L9/keep"), 404, "unknown-lot")


def test_the_day_on_paper_names_rooms_and_hours_and_no_person(case: Case, now_ns: int) -> None:  # noqa: F811
    posted(case, wanted(now_ns, note="<b>x</b>"))
    opens = case.stage.coordinator.day["L1"].lot.opening_utc_ns  # type: ignore[index]
    for moment in (opens, now_ns + HOUR_NS):
        answer = case["staff"].get(f"{PAGE}/plan.html", params={"day": local_day(moment)})
        assert answer.headers["content-type"].startswith("text/html") and local_day(moment) in answer.text
        assert "exp-1" not in answer.text and "<b>x" not in answer.text
    assert "未确认" in answer.text and "&lt;b&gt;" in answer.text
    assert "L1工程" in case["staff"].get(f"{PAGE}/plan.html", params={"day": local_day(opens)}).text


def test_a_day_that_is_no_day_is_told(case: Case) -> None:  # noqa: F811
    for day in ("yesterday", "2027-02-30", "9999-12-31"):
        refused(case["staff"].get(PAGE, params={"day": day}), 422, "bad-input")


def test_without_the_simulator_the_rehearsal_says_what_to_install(case: Case) -> None:  # noqa: F811
    assert case["staff"].get("/api/v1/rehearsal").json()["installed"] is False
    refused(case["staff"].post("/api/v1/rehearsal", json={"day": "2027-01-15"}), 409, "not-installed")
    refused(case["staff"].delete("/api/v1/rehearsal"), 409, "not-running")


def test_two_hundred_at_once_get_no_room_twice(case: Case, now_ns: int) -> None:  # noqa: F811
    """Asked and confirmed, moved and cancelled in any order: whatever is confirmed in the end touches nothing else."""
    random_ = random.Random(7)

    async def one(client: httpx.AsyncClient, number: int) -> None:
        begin = random_.choice((1, 1.5, 2, 2.25, 3))
        body = wanted(now_ns, random_.choice(("o1", "o2")), begin, begin + 1)
        await asyncio.sleep(random_.random() / 20)
        asked = await client.post("/api/v1/bookings", json=body)
        path = f"/api/v1/bookings/{asked.json()['id']}"
        confirmed = await client.post(f"{path}/confirm")
        assert confirmed.status_code in (200, 409)
        if number % 5 == 0:
            later = wanted(now_ns, "o1", begin + 1, begin + 2)
            moved = await client.post(f"{path}/move", json={k: v for k, v in later.items() if k != "purpose"})
            assert moved.status_code in (200, 409)
        if number % 7 == 0:
            await client.delete(path)

    async def every() -> None:
        transport = httpx.ASGITransport(app=case["staff"].app)
        cookies = dict(case["staff"].cookies)
        async with httpx.AsyncClient(transport=transport, base_url="https://venue", cookies=cookies) as client:
            await asyncio.gather(*(one(client, number) for number in range(AT_ONCE)))

    asyncio.run(every())
    kept = "SELECT id, room, from_utc_ns, to_utc_ns FROM booking WHERE state = 'confirmed' AND source = 'staff'"
    rows = case.stage.db.execute(kept).fetchall()
    assert len(rows) >= 2
    pad = 15 * 60 * S
    assert [(a, b) for a, b in combinations(rows, 2) if a[1] == b[1] and a[2] < b[3] + pad and b[2] < a[3] + pad] == []
