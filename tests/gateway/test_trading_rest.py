"""The REST adapter against answers that the test writes."""

import asyncio
import email.utils
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.trading import exchange
from gateway.trading.base import ItemKind, OutboxItem, PlatformAway, PlatformRefused, Pulled
from gateway.trading.rest import RestPlatform
from gateway.trading.signature import NONCE, MemoryNonces, sign_answer, verify_request
from venue_model.moments import S

NOW_UTC_NS = 1_800_000_000 * S
TOKEN = "venue-token"
Answer = Callable[[httpx.Request], httpx.Response]


def item(key: str) -> OutboxItem:
    return OutboxItem(key, ItemKind.SCENE, {"project": "P1"}, NOW_UTC_NS)


def signed(request: httpx.Request, status: int, content: Any) -> httpx.Response:
    text = json.dumps(content).encode()
    return httpx.Response(status, content=text, headers=sign_answer(TOKEN, status, request.headers[NONCE], text))


def with_platform(answer: Answer, act: Callable[[RestPlatform], Any]) -> Any:
    async def story() -> Any:
        client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
        platform = RestPlatform("https://platform.example/venue", TOKEN, client, clock_utc_ns=lambda: NOW_UTC_NS)
        try:
            return await act(platform)
        finally:
            await platform.close()

    return asyncio.run(story())


def pull(answer: Answer, cursor: str = "") -> Pulled:
    pulled: Pulled = with_platform(answer, lambda platform: platform.pull_lots(cursor))
    return pulled


def push(answer: Answer, *keys: str) -> None:
    with_platform(answer, lambda platform: platform.push([item(key) for key in keys]))


def verdicts(request: httpx.Request, status: str = "accepted") -> httpx.Response:
    return signed(request, 200, {"RESULTS": [{"KEY": it["KEY"], "STATUS": status} for it in json.loads(request.content)["ITEMS"]]})


def test_every_request_is_signed_with_its_path_query_and_body() -> None:
    paths: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode()
        verify_request(TOKEN, request.method, path, request.headers, request.content, NOW_UTC_NS, nonces)
        paths.append(path)
        return signed(request, 200, {"CURSOR": "c"}) if request.method == "GET" else verdicts(request)

    nonces = MemoryNonces()
    pull(answer, "a.1&x=/ü")
    push(answer, "k")
    assert paths == ["/venue/api/v1/changes?cursor=a.1%26x%3D%2F%C3%BC&limit=200", "/venue/api/v1/items"]


@pytest.mark.parametrize("status", [301, 304, 401, 403, 404, 408, 429, 500, 502, 503])
def test_a_platform_that_cannot_answer_now_is_away_and_no_item_is_lost(status: int) -> None:
    with pytest.raises(PlatformAway, match=f"GET /api/v1/changes: answered {status}"):
        pull(lambda request: signed(request, status, {}))
    with pytest.raises(PlatformAway, match=f"POST /api/v1/items: answered {status}"):
        push(lambda request: signed(request, status, {}), "k")


@pytest.mark.parametrize(("skew_s", "says"), [(7_200, "7200 s ahead of"), (-7_200, "7200 s behind"), (5, "not accept this venue's token")])
def test_when_a_clock_is_wrong_people_learn_by_how_much(skew_s: int, says: str) -> None:
    date = email.utils.formatdate(NOW_UTC_NS // S + skew_s, usegmt=True)
    with pytest.raises(PlatformAway, match=says):
        pull(lambda request: httpx.Response(401, headers={"Date": date}))


def test_a_pinned_authority_that_is_none_is_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    for name in ("ca.pem", "nowhere.pem"):
        with pytest.raises(ValueError, match=rf"{name}: no certificate authority can be read"):
            exchange.new_client(tmp_path / name)


def test_an_answer_by_somebody_else_is_not_believed() -> None:
    roster = {"CURSOR": "c", "LOTS": []}
    with pytest.raises(PlatformAway, match="not signed with this venue's token"):
        pull(lambda request: httpx.Response(200, json=roster))
    with pytest.raises(PlatformAway, match="not signed"):
        push(lambda request: httpx.Response(400), "k")


@pytest.mark.parametrize("text", [b"", b"{", b"\xff", b"[" * 100_000])
def test_an_answer_that_is_not_json_is_a_platform_away(text: bytes) -> None:
    with pytest.raises(PlatformAway, match=r"not JSON|not understood"):
        pull(lambda r: httpx.Response(200, content=text, headers=sign_answer(TOKEN, 200, r.headers[NONCE], text)))


def test_an_endless_answer_is_cut_off() -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1 << 20
            yield b" " * (1 << 20)

    with pytest.raises(PlatformAway, match="longer than 8 MiB"):
        pull(lambda request: httpx.Response(200, content=endless()))
    assert sent <= 10 << 20


def test_an_answer_that_drips_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def drip() -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(0.01)
            yield b" "

    monkeypatch.setattr(exchange, "ANSWER_S", 0.2)
    with pytest.raises(PlatformAway, match="no whole answer"):
        pull(lambda request: httpx.Response(200, content=drip()))


def test_a_cursor_that_the_platform_lost_starts_over() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        gone = request.url.params["cursor"] == "old"
        return signed(request, 410 if gone else 200, {"CURSOR": "new"})

    assert pull(answer, "old").cursor == "new"


def test_one_item_that_spoils_the_batch_is_found_and_the_rest_arrives() -> None:
    got: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        keys = [it["KEY"] for it in json.loads(request.content)["ITEMS"]]
        if "bad" in keys:
            return signed(request, 422, {})
        got.extend(keys)
        return verdicts(request)

    with pytest.raises(PlatformRefused) as refused:
        push(answer, "a", "bad", "c")
    assert refused.value.why == {"bad": "answered 422"}
    assert got == ["a", "c"]


def test_refusals_carry_the_platforms_reason_and_duplicates_are_fine() -> None:
    results = [{"KEY": "a", "STATUS": "duplicate"}, {"KEY": "b", "STATUS": "refused", "REASON": "标段未知"}]
    with pytest.raises(PlatformRefused) as refused:
        push(lambda request: signed(request, 200, {"RESULTS": results}), "a", "b")
    assert refused.value.why == {"b": "标段未知"}


@pytest.mark.parametrize("answer", [{}, [], {"RESULTS": [{"KEY": "a", "STATUS": "accepted"}]}, {"RESULTS": ["a", "b"]}])
def test_an_item_without_a_verdict_was_not_delivered(answer: object) -> None:
    with pytest.raises(PlatformAway, match="no verdict on"):
        push(lambda request: signed(request, 200, answer), "a", "b")


@pytest.mark.parametrize("url", ["http://platform.example", "http://10.0.0.7:8080", "platform.example"])
def test_rosters_do_not_travel_in_the_clear(url: str) -> None:
    with pytest.raises(ValueError, match="use https"):
        RestPlatform(url, TOKEN)


def test_an_empty_token_is_refused() -> None:
    with pytest.raises(ValueError, match="token is empty"):
        RestPlatform("https://platform.example", "")
