"""The exchange with a platform that does what the test says."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import sqlite_utils

from gateway.shell.database import open_database
from gateway.trading.base import (
    EventKind,
    ItemKind,
    LotWarning,
    OutboxItem,
    PhaseEvent,
    PlatformAway,
    PlatformRefused,
    Pulled,
    Rejected,
)
from gateway.trading.memory import Memory
from gateway.trading.outbox import Outbox
from gateway.trading.sync import Health, PlatformSync
from venue_model.ids import LotId, ProjectId, RoomId
from venue_model.lots import Lot
from venue_model.moments import Now, S

LOT = Lot(LotId("L1"), ProjectId("P1"), "门诊楼", "一标段", RoomId("o1"), RoomId("e1"), 0, version=3)
SIGNED = PhaseEvent("ev1", LOT.project, LOT.id, EventKind.REPORT_SIGNED, 5)
HOUR_NS = 3_600 * S


class Script:
    """A platform whose next answers the test writes."""

    def __init__(self) -> None:
        self.pages: list[Pulled] = []
        self.away = ""
        self.refuses: dict[str, str] = {}
        self.got: list[str] = []
        self.asked: list[str] = []
        self.hangs = False

    async def pull_lots(self, cursor: str) -> Pulled:
        self.asked.append(cursor)
        if self.hangs:
            await asyncio.Event().wait()
        if self.away:
            raise PlatformAway(self.away)
        return self.pages.pop(0) if self.pages else Pulled((), (), cursor)

    async def push(self, items: Sequence[OutboxItem]) -> None:
        if self.hangs:
            await asyncio.Event().wait()
        if self.away:
            raise PlatformAway(self.away)
        self.got += [item.key for item in items if item.key not in self.refuses]
        refused = {item.key: self.refuses[item.key] for item in items if item.key in self.refuses}
        if refused:
            raise PlatformRefused(refused)

    async def close(self) -> None:
        pass


class Bench:
    """One sync over a database, with a clock that only the test moves."""

    def __init__(self, db: sqlite_utils.Database) -> None:
        self.db = db
        self.now = Now(mono_ns=0, utc_ns=1_800_000_000 * S)
        self.platform = Script()
        self.outbox = Outbox(db, rand=lambda: 0.0)
        self.lots: list[Lot] = []
        self.events: list[str] = []
        self.health: list[Health] = []
        self.on_lots: Callable[[tuple[Lot, ...]], None] = self.lots.extend
        self.sync = self.restarted()

    def restarted(self) -> PlatformSync:
        return PlatformSync(
            self.platform, self.outbox, lambda lots: self.on_lots(lots), lambda event: self.events.append(event.id),
            lambda: self.now, on_health=self.health.append, pull_s=0.01, drain_s=0.01,
        )  # fmt: skip

    def pull(self, *pages: Pulled) -> None:
        self.platform.pages = list(pages)
        asyncio.run(self.sync.pull_once())

    def drain(self) -> None:
        asyncio.run(self.sync.drain_once())

    def put(self, *keys: str) -> None:
        for key in keys:
            self.outbox.put(ItemKind.ARRIVAL, key, {"project": "P1"}, self.now.utc_ns)

    def pass_time(self, ns: int) -> None:
        self.now = replace(self.now, utc_ns=self.now.utc_ns + ns)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    db = open_database(tmp_path / "venue.db")
    yield Bench(db)
    db.close()


def test_all_pages_that_wait_are_taken_in_one_round(bench: Bench) -> None:
    bench.pull(Pulled((LOT,), (), "1", more=True), Pulled((), (SIGNED,), "2"))
    assert (bench.lots, bench.events, bench.platform.asked) == ([LOT], ["ev1"], ["", "1"])
    assert Memory(bench.db).cursor() == "2"


def test_a_lower_version_of_a_lot_is_stale(bench: Bench) -> None:
    bench.pull(Pulled((LOT,), (), "1"))
    bench.pull(Pulled((replace(LOT, version=2, name="旧"),), (), "2"))
    assert bench.lots == [LOT]
    assert bench.sync.health.warnings == (LotWarning(LOT.id, "version 2 is stale, 3 was taken before: ignored"),)


def test_one_version_with_two_contents_keeps_the_first_and_says_so(bench: Bench) -> None:
    bench.pull(Pulled((LOT,), (), "1"))
    bench.pull(Pulled((replace(LOT, name="改"),), (), "2"))
    assert bench.lots == [LOT]
    assert "came twice with different content" in bench.sync.health.warnings[0].text


def test_only_the_newest_version_on_a_page_has_an_effect(bench: Bench) -> None:
    newer = replace(LOT, version=4)
    bench.pull(Pulled((newer, LOT), (), "1"))
    assert bench.lots == [newer]


def test_a_replayed_page_has_no_second_effect_even_after_a_restart(bench: Bench) -> None:
    page = Pulled((LOT,), (SIGNED,), "1")
    bench.pull(page)
    bench.sync = bench.restarted()
    bench.pull(page)
    assert (bench.lots, bench.events) == ([LOT], ["ev1"])
    assert bench.sync.health.warnings == ()


def test_a_platform_that_always_says_more_is_left_alone_after_a_while(bench: Bench) -> None:
    bench.pull(*(Pulled((), (), str(number % 2), more=True) for number in range(1_000)))
    assert len(bench.platform.asked) == 100


def test_a_page_that_we_fail_to_take_comes_again_whole(bench: Bench) -> None:
    def broken(lots: tuple[Lot, ...]) -> None:
        bench.db.execute("INSERT INTO setting (name, value) VALUES ('half', 'done')")
        raise LookupError("room o1 is unknown")

    bench.on_lots = broken
    bench.pull(Pulled((LOT,), (SIGNED,), "1"))
    assert "LookupError: room o1 is unknown" in bench.sync.health.last_error
    assert bench.db.execute("SELECT count(*) FROM setting WHERE name = 'half'").fetchone() == (0,)
    bench.on_lots = bench.lots.extend
    bench.pull(Pulled((LOT,), (SIGNED,), "1"))
    assert (bench.lots, bench.events, bench.sync.health.last_error) == ([LOT], ["ev1"], "")


def test_a_rejected_lot_is_shown_until_it_comes_right(bench: Bench) -> None:
    bad = Rejected("L1", "PEOPLE.0.ROLE: is not one of …")
    bench.pull(Pulled((), (), "1", rejected=(bad,)))
    bench.pull(Pulled((LOT,), (), "2"))
    assert [health.rejected for health in bench.health] == [(bad,), ()]


def test_a_day_away_loses_nothing_and_repeats_nothing(bench: Bench) -> None:
    began_utc_ns = bench.now.utc_ns
    bench.platform.away = "GET /api: ConnectError"
    keys = [f"a{hour:02d}" for hour in range(24)]
    for key in keys:
        bench.put(key)
        bench.drain()
        bench.pull()
        bench.pass_time(HOUR_NS)
    assert bench.sync.health == Health(began_utc_ns, "GET /api: ConnectError", waiting=24, oldest_utc_ns=began_utc_ns)
    bench.platform.away = ""
    bench.drain()
    bench.pull()
    bench.drain()
    assert bench.platform.got == keys
    assert bench.sync.health == Health()


def test_a_refused_item_becomes_a_dead_letter_and_the_others_arrive(bench: Bench) -> None:
    bench.platform.refuses = {"b": "lot unknown"}
    bench.put("a", "b", "c")
    bench.drain()
    assert bench.platform.got == ["a", "c"]
    assert [(letter.item.key, letter.why) for letter in bench.outbox.dead()] == [("b", "lot unknown")]
    assert (bench.sync.health.waiting, bench.sync.health.dead, bench.sync.health.away_since_utc_ns) == (0, 1, None)


def test_a_failing_disk_does_not_end_the_exchange(bench: Bench) -> None:
    bench.put("a")
    bench.db.execute("ALTER TABLE outbox RENAME TO gone")
    bench.drain()
    assert "no such table" in bench.sync.health.last_error
    bench.db.execute("ALTER TABLE gone RENAME TO outbox")
    bench.drain()
    assert bench.platform.got == ["a"]
    assert bench.sync.health == Health()


def test_a_health_callback_that_raises_harms_nobody(bench: Bench) -> None:
    def broken(health: Health) -> None:
        raise RuntimeError("dashboard gone")

    sync = PlatformSync(bench.platform, bench.outbox, bench.on_lots, lambda event: None, lambda: bench.now, on_health=broken)
    bench.platform.away = "nobody"
    asyncio.run(sync.pull_once())
    assert sync.health.last_error == "nobody"


def test_running_it_pulls_pushes_and_stops_at_once_even_when_the_platform_hangs(bench: Bench) -> None:
    async def story() -> None:
        bench.platform.pages = [Pulled((LOT,), (), "1")]
        bench.sync.start()
        bench.put("a")
        async with asyncio.timeout(10):
            while not (bench.lots and bench.platform.got):
                await asyncio.sleep(0.005)
        bench.platform.hangs = True
        bench.put("b")
        await asyncio.sleep(0.05)
        async with asyncio.timeout(2):
            await bench.sync.stop()

    asyncio.run(story())
    assert [item.key for item in bench.outbox.due(bench.now.utc_ns)] == ["b"]


def test_a_poke_does_not_wait_for_the_timer(bench: Bench) -> None:
    async def story() -> None:
        sync = PlatformSync(bench.platform, bench.outbox, bench.on_lots, lambda event: None, lambda: bench.now, pull_s=3_600, drain_s=3_600)
        sync.start()
        await asyncio.sleep(0.02)
        bench.platform.pages = [Pulled((LOT,), (), "1")]
        sync.poke()
        async with asyncio.timeout(10):
            while not bench.lots:
                await asyncio.sleep(0.005)
        await sync.stop()

    asyncio.run(story())
