"""Webhooks: signed, in order, at least once; patience with who is away, dead letters for what is refused, and no way into the house."""

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.core.facts.delivery import (
    BACKOFF_BASE_NS,
    BACKOFF_CAP_NS,
    FRESH_S,
    OFF_AFTER_NS,
    SIGNATURE,
    Delivery,
    Verdict,
    due,
    failed,
    signed,
    verdict,
    verifies,
)
from gateway.facts.addresses import AddressRefused, WebhookConfig, check_addresses, check_url
from gateway.facts.export import FactLog
from gateway.facts.sender import HttpPost, Sender
from gateway.facts.webhooks import SecretLost, Webhook, Webhooks
from gateway.people.secret_box import SecretBox
from gateway.shell.database import open_database
from gateway.shell.store import Store
from venue_model.moments import Now, S

T0 = 1_800_000_000 * S
CONFIG = WebhookConfig(hosts=("hooks.example.org",))


# the rules


def test_a_receiver_can_tell_who_sent_what_and_when() -> None:
    header = signed(b"key", 1_800_000_000, b"body")
    assert verifies(b"key", header, b"body", 1_800_000_000 + FRESH_S)
    for secret, given, body, now_s in (
        (b"kez", header, b"body", 1_800_000_000), (b"key", header, b"bodz", 1_800_000_000),
        (b"key", header, b"body", 1_800_000_001 + FRESH_S),
        (b"key", header.replace("1800000000", "1800000001"), b"body", 1_800_000_000), (b"key", "", b"body", 1_800_000_000),
        (b"key", "t=x,v1=", b"body", 0), (b"key", header + ",", b"body", 1_800_000_000),
    ):  # fmt: skip
        assert not verifies(secret, given, body, now_s)


VERDICTS = (
    (200, Verdict.TAKEN), (204, Verdict.TAKEN), (301, Verdict.LATER), (400, Verdict.NEVER), (404, Verdict.LATER), (413, Verdict.NEVER),
    (422, Verdict.NEVER), (429, Verdict.LATER), (500, Verdict.LATER), (503, Verdict.LATER), (None, Verdict.LATER),
)  # fmt: skip


@pytest.mark.parametrize(("status", "expected"), VERDICTS)
def test_what_a_status_means(status: int | None, expected: Verdict) -> None:
    assert verdict(status) is expected


def test_a_receiver_that_is_away_is_tried_ever_more_slowly_and_given_up_after_days() -> None:
    delivery, now_ns, waits = Delivery(5), T0, []
    while delivery.on:
        delivery = failed(delivery, "nobody", now_ns, 0.999)
        waits.append(delivery.next_utc_ns - now_ns)
        assert not due(delivery, now_ns)
        now_ns = delivery.next_utc_ns
    assert waits[0] >= BACKOFF_BASE_NS and max(waits) <= BACKOFF_CAP_NS and waits == sorted(waits)
    assert now_ns - T0 >= OFF_AFTER_NS and delivery.reached == 5 and not due(delivery, now_ns + OFF_AFTER_NS)


def test_a_clock_that_was_set_back_binds_nobody() -> None:
    delivery = failed(Delivery(0), "nobody", T0, 0.0)
    assert due(delivery, T0 - 30 * 86_400 * S)


# where to


REFUSED_URLS = (
    "http://hooks.example.org/x", "https://other.example.org/", "https://user:pw@hooks.example.org/", "https://hooks.example.org/#x",
    "https://127.0.0.1/", "http://localhost:9/", "https://[::1]/", "ftp://hooks.example.org/", "https://hooks.example.org:99999/", "hooks",
    "https://hooks.example.org.evil.org/", "file:///etc/passwd", "https://hooks.example.org/" + "x" * 1000, "https://hooks.example.org/\n",
)  # fmt: skip


@pytest.mark.parametrize("url", REFUSED_URLS)
def test_only_configured_hosts_over_https(url: str) -> None:
    with pytest.raises(AddressRefused):
        check_url(url, CONFIG)


def test_a_receiver_on_this_machine_needs_its_own_leave() -> None:
    assert check_url("http://127.0.0.1:9/x", WebhookConfig(loopback=True)).port == 9
    assert check_url("https://Hooks.Example.Org/x?y=1", CONFIG).hostname == "hooks.example.org"


INWARD = ("127.0.0.1", "::1", "169.254.169.254", "0.0.0.0", "::ffff:127.0.0.1", "fe80::1%eth0", "224.0.0.1", "::")


@pytest.mark.parametrize("address", INWARD)
def test_a_name_that_leads_into_this_machine_or_its_link_is_refused(address: str) -> None:
    with pytest.raises(AddressRefused):
        check_addresses(["203.0.113.5", address], CONFIG)
    assert check_addresses(["203.0.113.5", "10.1.2.3"], CONFIG) == "203.0.113.5"


# on the way


class Receiver:
    """Answers as it is told, and remembers what it was sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, list[dict[str, Any]], dict[str, str], bytes]] = []
        self.answer: Callable[[list[dict[str, Any]]], int] = lambda facts: 200

    async def __call__(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        facts = json.loads(body)["facts"]
        self.sent.append((url, facts, headers, body))
        return self.answer(facts)

    @property
    def got(self) -> list[int]:
        """The numbers of the lines that were taken."""
        return [fact["line"]["seq"] for _, facts, _, _ in self.sent if self.answer(facts) == 200 for fact in facts]


class Case:
    def __init__(self, store: Store) -> None:
        self.store = store
        self.now = Now(0, T0)
        self.receiver = Receiver()
        self.book = Webhooks(store, SecretBox(bytes(32)))
        self.given_up: list[str] = []
        self.sender = Sender(
            self.book, FactLog(store), self.receiver, lambda: self.now, lambda hook, why, now: self.given_up.append(why), rand=lambda: 0.0
        )

    def subscribe(self, *kinds: str, role: str = "supervisor") -> tuple[Webhook, str]:
        return self.book.add("https://hooks.example.org/x", kinds, "zhang", role, 0, T0)

    def line(self, kind: str = "press", **body: Any) -> None:
        self.store.own_line(kind, body, T0)

    def rounds(self) -> None:
        async def go() -> None:
            while await self.sender.round():
                pass

        asyncio.run(go())

    def pass_s(self, seconds: int) -> None:
        self.now = Now(self.now.mono_ns + seconds * S, self.now.utc_ns + seconds * S)


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    store = Store(open_database(tmp_path / "venue.db"))
    yield Case(store)
    store.db.close()


def test_facts_arrive_in_order_and_signed_with_the_secret_that_was_shown_once(case: Case) -> None:
    hook, secret = case.subscribe()
    for _ in range(120):
        case.line()
    case.rounds()
    assert case.receiver.got == list(range(1, 121))
    for _, _, headers, body in case.receiver.sent:
        assert verifies(secret.encode(), headers[SIGNATURE], body, T0 // S)
    assert secret.encode() not in case.store.sql.serialize(), "the database does not tell the secret"
    case.rounds()
    assert len(case.receiver.sent) == 3, "nothing new, nothing sent"
    assert case.book[hook.id].delivery.reached == 120


def test_only_what_was_asked_for_and_may_be_known(case: Case) -> None:
    case.subscribe("alarm", role="staff")
    case.line("press")
    case.line("alarm", code="held", door="d")
    case.line("alarm", code="duress", door="d")
    case.line("scene")
    case.rounds()
    assert case.receiver.got == [2]


def test_whoever_is_away_gets_all_of_it_later_in_order(case: Case) -> None:
    hook, _ = case.subscribe()
    case.receiver.answer = lambda facts: 503
    for _ in range(3):
        case.line()
    case.rounds()
    case.rounds()
    assert len(case.receiver.sent) == 1, "it waits"
    assert case.book[hook.id].delivery.last_error == "HTTP 503"
    case.line()
    case.receiver.answer = lambda facts: 200
    case.receiver.sent.clear()
    case.pass_s(700)
    case.rounds()
    assert case.receiver.got == [1, 2, 3, 4]
    assert case.book[hook.id].delivery.failing_utc_ns is None


def test_one_fact_that_is_refused_lies_among_the_dead_letters_and_holds_up_nobody(case: Case) -> None:
    hook, _ = case.subscribe()
    for _ in range(5):
        case.line()
    case.receiver.answer = lambda facts: 422 if any(fact["line"]["seq"] == 3 for fact in facts) else 200
    case.rounds()
    assert case.receiver.got == [1, 2, 4, 5]
    [dead] = case.book.dead(hook.id)
    assert (dead.fact, dead.why) == (3, "HTTP 422")
    assert asyncio.run(case.sender.resend(hook, 3)) == "HTTP 422"
    case.receiver.answer = lambda facts: 200
    assert asyncio.run(case.sender.resend(hook, 3)) == ""
    assert case.book.dead(hook.id) == []


def test_a_fact_that_is_refused_alone_is_kept_too(case: Case) -> None:
    hook, _ = case.subscribe()
    case.line()
    case.receiver.answer = lambda facts: 400
    case.rounds()
    assert [(dead.fact, dead.why) for dead in case.book.dead(hook.id)] == [(1, "HTTP 400")]
    assert case.book[hook.id].delivery.reached == 1


def test_a_receiver_that_is_away_for_days_is_switched_off_with_an_alarm_and_loses_nothing(case: Case) -> None:
    hook, _ = case.subscribe()
    case.line()
    case.receiver.answer = lambda facts: 500
    for _ in range(4 * 24):
        case.rounds()
        case.pass_s(3600)
    assert case.given_up == ["HTTP 500"]
    assert not case.book[hook.id].delivery.on
    case.book.save(hook.id, Delivery(case.book[hook.id].delivery.reached))
    case.receiver.sent.clear()
    case.receiver.answer = lambda facts: 200
    case.rounds()
    assert case.receiver.got == [1]


def test_one_receiver_that_is_away_keeps_no_other_waiting(case: Case) -> None:
    case.subscribe()
    case.book.add("https://hooks.example.org/y", (), "zhang", "supervisor", 0, T0)
    case.line()

    async def post(url: str, body: bytes, headers: dict[str, str]) -> int:
        if url.endswith("x"):
            raise OSError("nobody there")
        return 200

    case.sender._post = post
    case.rounds()
    assert [hook.delivery.reached for hook in case.book.all()] == [0, 1] or [hook.delivery.reached for hook in case.book.all()] == [1, 0]


def test_a_secret_that_cannot_be_opened_is_told_and_not_guessed(case: Case) -> None:
    hook, _ = case.subscribe()
    other = Webhooks(case.store, SecretBox(bytes([1] * 32)))
    with pytest.raises(SecretLost, match="people"):
        other.secret(hook.id)


@pytest.mark.parts
def test_a_real_receiver_gets_one_post_and_a_redirect_is_followed_nowhere() -> None:
    got: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
        got.append(head + await reader.readexactly(length))
        status = b"302 Found\r\nLocation: http://127.0.0.1:1/" if b"/away" in head else b"204 No Content"
        writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async def go() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        post = HttpPost(WebhookConfig(loopback=True))
        assert await post(f"http://127.0.0.1:{port}/x?y=1", b"body", {SIGNATURE: "s"}) == 204
        assert await post(f"http://localhost:{port}/away", b"body", {}) == 302
        with pytest.raises(AddressRefused):
            await HttpPost(WebhookConfig())(f"http://127.0.0.1:{port}/x", b"", {})
        server.close()
        await server.wait_closed()
        with pytest.raises(OSError, match="ConnectError"):
            await post(f"http://127.0.0.1:{port}/x", b"", {})
        await post.close()

    asyncio.run(go())
    assert got[0].startswith(b"POST /x?y=1 HTTP/1.1") and got[0].endswith(b"body") and b"Host: 127.0.0.1" in got[0]
    assert len(got) == 2
