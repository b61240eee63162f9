"""The adapters that speak over HTTP, held against a real platform process: sockets, kills, and waits that really pass.

What every kind of platform must keep is in test_platform_contract.py; here is what only a process of its own can show.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest
from stands import ROOMS, content

from gateway.shell.database import open_database
from gateway.trading.base import EventKind, ItemKind, OutboxItem, PhaseEvent, Platform, PlatformAway, PlatformRefused
from gateway.trading.memory import StoredNonces
from gateway.trading.outbox import Outbox
from gateway.trading.province import ProvincePlatform
from gateway.trading.province_fields import Borders
from gateway.trading.rest import RestPlatform, verify_webhook
from gateway.trading.sync import PlatformSync
from simulation.platform.behaviour import Away, Wrong
from simulation.platform.faces import PROVINCE_CLIENT
from simulation.platform.process import PlatformProcess
from simulation.platform.scenarios import DayScenario, Rooms, county_day
from simulation.platform.wire import event_record
from venue_model.groups import Role
from venue_model.ids import LotId, ProjectId, RoomId
from venue_model.lots import Lot
from venue_model.moments import Now, S

pytestmark = pytest.mark.parts

ADAPTERS: dict[str, Callable[[PlatformProcess], Platform]] = {
    "rest": lambda process: RestPlatform(process.url, process.token),
    "province": lambda process: ProvincePlatform(process.url, PROVINCE_CLIENT, process.token, Borders(ROOMS, b"pseudonyms")),
}
START_UTC_NS = 1_800_000_000 * S
DAY = county_day(start_utc_ns=START_UTC_NS, rooms=Rooms(RoomId("o1"), RoomId("e1"), RoomId("o2"), RoomId("e2")))
FULL, SHORT = DAY.lots
SIGNED = PhaseEvent("ev-signed", FULL.project, FULL.id, EventKind.REPORT_SIGNED, START_UTC_NS)
T = TypeVar("T")


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlatformProcess]:
    with PlatformProcess(tmp_path_factory.mktemp("platform"), "contract-token") as running:
        yield running


@pytest.fixture
def stand_in(process: PlatformProcess) -> PlatformProcess:
    """The platform with the county day booked."""
    process.clear()
    book_day(process, DAY)
    return process


@pytest.fixture(params=ADAPTERS)
def connect(request: pytest.FixtureRequest, stand_in: PlatformProcess) -> Callable[[], Platform]:
    return lambda: ADAPTERS[request.param](stand_in)


Connect = Callable[[], Platform]


def book_day(process: PlatformProcess, day: DayScenario) -> None:
    for lot in day.lots:
        process.put_lot(lot, day.credit_codes[lot.id])


def with_adapter(connect: Connect, act: Callable[[Platform], Awaitable[T]]) -> T:
    async def story() -> T:
        platform = connect()
        try:
            return await act(platform)
        finally:
            await platform.close()

    return asyncio.run(story())


def items(*keys: str, project: str = FULL.project) -> list[OutboxItem]:
    return [OutboxItem(key, ItemKind.SCENE, {"project": project, "scene": "opening"}, START_UTC_NS) for key in keys]


async def until(true: Callable[[], bool], what: str) -> None:
    try:
        async with asyncio.timeout(30):
            while not true():
                await asyncio.sleep(0.02)
    except TimeoutError:
        pytest.fail(f"never came: {what}")


class Venue:
    """A gateway's share: database, outbox, sync, and what had an effect."""

    def __init__(self, file: Path, platform: Platform) -> None:
        self.db = open_database(file)
        self.platform = platform
        self.outbox = Outbox(self.db, rand=lambda: 0.0)
        self.lots: list[Lot] = []
        self.events: list[str] = []
        self.sync = PlatformSync(
            platform, self.outbox, self.lots.extend, lambda event: self.events.append(event.id),
            lambda: Now(time.monotonic_ns(), time.time_ns()), pull_s=0.05, drain_s=0.02,
        )  # fmt: skip

    def put(self, *keys: str) -> None:
        for key in keys:
            self.outbox.put(ItemKind.ARRIVAL, key, {"project": FULL.project, "lot": FULL.id}, time.time_ns())

    async def close(self) -> None:
        await self.sync.stop()
        await self.platform.close()
        self.db.close()


def with_venue(connect: Connect, file: Path, act: Callable[[Venue], Awaitable[None]]) -> None:
    async def story() -> None:
        venue = Venue(file, connect())
        try:
            await act(venue)
        finally:
            await venue.close()

    asyncio.run(story())


def test_a_day_arrives_as_it_was_booked(connect: Connect) -> None:
    pulled = with_adapter(connect, lambda platform: platform.pull_lots(""))
    assert [content(lot) for lot in pulled.lots] == [content(lot) for lot in DAY.lots]
    assert (pulled.phase_events, pulled.rejected, pulled.warnings, pulled.more) == ((), (), (), False)


@pytest.mark.parametrize(
    ("away", "wrong"),
    [
        (Away.DROP, None),
        (None, Wrong.UNSIGNED),
    ],
)
def test_no_usable_answer_means_away_and_the_next_call_works(
    connect: Connect, stand_in: PlatformProcess, away: Away | None, wrong: Wrong | None
) -> None:
    async def act(platform: Platform) -> None:
        stand_in.behave(away=away, wrong=wrong)
        with pytest.raises(PlatformAway):
            await platform.pull_lots("")
        with pytest.raises(PlatformAway):
            await platform.push(items("a"))
        stand_in.behave()
        assert len((await platform.pull_lots("")).lots) == len(DAY.lots)
        await platform.push(items("a"))

    with_adapter(connect, act)
    assert [item.key for item in stand_in.received()] == ["a"]


def test_a_venue_with_another_token_is_away_and_learns_why(stand_in: PlatformProcess) -> None:
    with pytest.raises(PlatformAway, match="does not accept this venue's token"):
        with_adapter(lambda: RestPlatform(stand_in.url, "other-token"), lambda platform: platform.pull_lots(""))


def test_an_item_pushed_twice_is_taken_once(connect: Connect, stand_in: PlatformProcess) -> None:
    async def act(platform: Platform) -> None:
        await platform.push(items("a", "b"))
        await platform.push(items("b", "c"))

    with_adapter(connect, act)
    assert [(item.key, item.deliveries) for item in stand_in.received("scene")] == [("a", 1), ("b", 2), ("c", 1)]


def test_a_refused_item_is_named_and_the_others_are_taken(connect: Connect, stand_in: PlatformProcess) -> None:
    with pytest.raises(PlatformRefused) as refused:
        with_adapter(connect, lambda platform: platform.push([*items("a"), *items("b", project="P-unknown"), *items("c")]))
    assert refused.value.keys == ("b",)
    assert [item.key for item in stand_in.received()] == ["a", "c"]


def test_killed_and_back_nothing_is_lost_and_nothing_is_taken_twice(
    connect: Connect, stand_in: PlatformProcess, tmp_path: Path
) -> None:
    keys = [f"arrival-{number:03d}" for number in range(90)]

    async def act(venue: Venue) -> None:
        venue.sync.start()
        venue.put(*keys[:30])
        await until(lambda: len(venue.lots) == 2 and venue.sync.health.waiting < 30, "the first items and the day's lots")
        venue.put(*keys[30:60])
        stand_in.kill()
        try:
            venue.put(*keys[60:])
            await until(lambda: venue.sync.health.away_since_utc_ns is not None, "the alarm that the platform is away")
        finally:
            stand_in.start()
        stand_in.announce(SIGNED)
        await until(lambda: venue.outbox.counts().waiting == 0 and venue.events == [SIGNED.id], "everything after the return")
        await until(lambda: venue.sync.health.away_since_utc_ns is None, "the end of the alarm")
        assert len(venue.lots) == 2

    with_venue(connect, tmp_path / "venue.db", act)
    assert [item.key for item in stand_in.received()] == keys


def test_a_gateway_that_stops_in_mid_exchange_goes_on_where_it_was(
    connect: Connect, stand_in: PlatformProcess, tmp_path: Path
) -> None:
    async def interrupted(venue: Venue) -> None:
        venue.put("a", "b")
        stand_in.behave(slow_s=30)
        venue.sync.start()
        await asyncio.sleep(0.3)
        async with asyncio.timeout(5):
            await venue.sync.stop()

    async def again(venue: Venue) -> None:
        stand_in.behave()
        venue.sync.start()
        await until(lambda: venue.outbox.counts().waiting == 0, "the items of before")

    with_venue(connect, tmp_path / "venue.db", interrupted)
    with_venue(connect, tmp_path / "venue.db", again)
    assert [item.key for item in stand_in.received()] == ["a", "b"]


def test_a_dead_letter_arrives_once_its_cause_is_mended(connect: Connect, stand_in: PlatformProcess, tmp_path: Path) -> None:
    late = replace(SHORT, id=LotId("L-late"), project=ProjectId("P-late"))

    async def act(venue: Venue) -> None:
        venue.outbox.put(ItemKind.ANOMALY, "early", {"project": late.project, "lot": late.id}, time.time_ns())
        venue.put("after")
        await venue.sync.drain_once()
        assert [letter.item.key for letter in venue.outbox.dead()] == ["early"]
        stand_in.put_lot(late)
        venue.outbox.resend("early", time.time_ns())
        await venue.sync.drain_once()
        assert venue.outbox.dead() == []

    with_venue(connect, tmp_path / "venue.db", act)
    assert [item.key for item in stand_in.received()] == ["after", "early"]


def test_news_ring_at_the_gateway_with_a_signature_that_holds_once(stand_in: PlatformProcess, tmp_path: Path) -> None:
    calls: asyncio.Queue[tuple[str, str, dict[str, str], bytes]] = asyncio.Queue()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, path, _ = head[0].split(" ")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers["content-length"]))
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()
        calls.put_nowait((method, path, headers, body))

    async def story() -> Sequence[str]:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        stand_in.set_webhook(f"http://127.0.0.1:{port}/platform/webhook", "county")
        await asyncio.to_thread(stand_in.announce, SIGNED)
        async with asyncio.timeout(20):
            method, path, headers, body = await calls.get()
        server.close()
        await server.wait_closed()
        assert json.loads(body) == {"VENUE": "county", "EVENTS": [event_record(SIGNED)]}
        nonces = StoredNonces(db)
        verify_webhook(stand_in.token, method, path, headers, body, time.time_ns(), nonces)
        with pytest.raises(ValueError, match="replay"):
            verify_webhook(stand_in.token, method, path, headers, body, time.time_ns(), nonces)
        return [method, path]

    db = open_database(tmp_path / "venue.db")
    assert asyncio.run(story()) == ["POST", "/platform/webhook"]
    db.close()


def test_a_stand_in_that_cannot_start_says_why_and_what_to_do(
    stand_in: PlatformProcess, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    port = int(stand_in.url.rpartition(":")[2])
    (tmp_path / "platform.json").write_text("{")
    for process, says in (
        (PlatformProcess(tmp_path, "t"), "platform.json: Invalid JSON"),
        (PlatformProcess(tmp_path / "new", "t", port), f"port {port}: Address already in use"),
    ):
        with pytest.raises(RuntimeError, match="ended with 2"):
            process.start()
        process.close()
        assert says in capfd.readouterr().err


def test_the_county_day_is_the_same_for_the_same_seed_and_holds_who_it_should() -> None:
    rooms = Rooms(RoomId("o1"), RoomId("e1"), RoomId("o2"), RoomId("e2"))
    assert county_day(start_utc_ns=START_UTC_NS, rooms=rooms) == DAY
    assert not set(county_day(start_utc_ns=START_UTC_NS, rooms=rooms, seed=2).cards) & set(DAY.cards)
    heads = {role: len(DAY.people(FULL, role)) for role in (Role.BID, Role.AGT, Role.OWN, Role.EXP, Role.SUP, Role.WIT)}
    assert heads == {Role.BID: 3, Role.AGT: 1, Role.OWN: 1, Role.EXP: 5, Role.SUP: 1, Role.WIT: 1}
    assert len(DAY.people(SHORT, Role.BID)) == 2
    for lot in DAY.lots:
        for person in lot.people:
            assert (person.person in DAY.cards) != (person.person in DAY.phones)
            assert bool(person.card) != bool(person.qr_key)
    assert {len(card) for card in DAY.cards.values()} <= set(range(4, 9))
    assert len(set(DAY.cards.values())) == len(DAY.cards)
    assert DAY.phones
