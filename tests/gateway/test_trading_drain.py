"""One item that the platform never takes, and the others: nobody waits for it but its own lot, and not for ever."""

import asyncio
import logging
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import sqlite_utils

from gateway.shell import database
from gateway.shell.database import open_database
from gateway.trading.base import ItemKind, OutboxItem, PlatformAway, PlatformRefused, Pulled
from gateway.trading.drain import BATCH, GIVE_UP_AFTER
from gateway.trading.outbox import Outbox
from gateway.trading.sync import PlatformSync
from venue_model.moments import Now, S

T0 = 1_800_000_000 * S


@dataclass
class Stumbling:
    """A platform that answers nonsense to every push that holds a poisoned item."""

    poison: set[str] = field(default_factory=set)
    away: bool = False
    pull_away: bool = False
    got: list[str] = field(default_factory=list)
    pushes: int = 0

    async def pull_lots(self, cursor: str) -> Pulled:
        if self.pull_away:
            raise PlatformAway("no answer")
        return Pulled((), (), cursor)

    async def push(self, items: Sequence[OutboxItem]) -> None:
        self.pushes += 1
        if self.away or any(item.key in self.poison for item in items):
            raise PlatformAway("answered 500")
        self.got += [item.key for item in items]

    async def close(self) -> None: ...


class Bench:
    def __init__(self, db: sqlite_utils.Database) -> None:
        self.now = Now(0, T0)
        self.platform = Stumbling()
        self.outbox = Outbox(db, rand=lambda: 0.999)
        self.sync = PlatformSync(self.platform, self.outbox, lambda lots: None, lambda event: None, lambda: self.now)

    def put(self, lot: str, *keys: str) -> None:
        for key in keys:
            self.outbox.put(ItemKind.ARRIVAL, key, {"project": "P", "lot": lot}, self.now.utc_ns)

    def run(self, seconds: int, step_s: int = 1) -> None:
        async def story() -> None:
            for second in range(0, seconds, step_s):
                if second % 15 == 0:
                    await self.sync.pull_once()
                while await self.sync.drain_once():
                    pass
                self.now = replace(self.now, utc_ns=self.now.utc_ns + step_s * S)

        asyncio.run(story())

    def dead(self) -> list[str]:
        return [letter.item.key for letter in self.outbox.dead()]


@pytest.fixture
def bench(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[Bench]:
    caplog.set_level(logging.CRITICAL, "gateway.trading")
    db = open_database(tmp_path / "venue.db")
    db.execute("PRAGMA synchronous=OFF")  # no power is cut here
    yield Bench(db)
    db.close()


@pytest.mark.parametrize("place", [0, 1, 70, 119])
def test_an_item_that_spoils_every_push_holds_up_its_own_lot_alone(bench: Bench, place: int) -> None:
    for number in range(120):
        bench.put(f"L{number % 8}", f"k{number:03d}")
    bad = f"k{place:03d}"
    bench.platform.poison = {bad}
    bench.run(40)
    others = {f"k{number:03d}" for number in range(120) if number % 8 != place % 8}
    assert others <= set(bench.platform.got)
    before = [key for key in bench.platform.got if int(key[1:]) % 8 == place % 8]
    assert before == [f"k{number:03d}" for number in range(place % 8, place, 8)], "its own lot waits for it, in order"


def test_at_last_it_is_a_dead_letter_and_its_own_lot_goes_on(bench: Bench) -> None:
    bench.put("L1", "a1", "a2", "a3")
    bench.put("L2", "b1")
    bench.platform.poison = {"a1"}
    bench.run(20)
    assert (bench.platform.got, bench.dead()) == (["b1"], [])
    assert (bench.sync.health.apart, bench.sync.health.waiting) == (1, 3)
    for number in range(40):
        bench.put("L2", f"c{number}")
        bench.run(10)
    assert bench.dead() == ["a1"]
    assert bench.outbox.dead()[0].why == "answered 500"
    assert [key for key in bench.platform.got if key.startswith("a")] == ["a2", "a3"]
    assert bench.sync.health.away_since_utc_ns is None


def test_with_one_lot_alone_the_item_behind_it_shows_that_the_platform_is_there(bench: Bench) -> None:
    bench.put("L1", "a1", "a2", "a3")
    bench.platform.poison = {"a1", "a2"}
    bench.run(600)
    assert bench.dead() == ["a1"] or bench.dead() == ["a1", "a2"]
    assert bench.platform.got == ["a3"]


@pytest.mark.parametrize("pulls", [True, False])
def test_a_platform_that_is_away_for_everybody_makes_no_dead_letter_however_long(bench: Bench, pulls: bool) -> None:
    bench.platform.away, bench.platform.pull_away = True, not pulls
    for number in range(BATCH + 10):
        bench.put(f"L{number % 3}", f"k{number:03d}")
    bench.run(8 * 3_600, step_s=15)
    assert (bench.dead(), bench.sync.health.waiting, bench.sync.health.apart) == ([], BATCH + 10, 0)
    assert bench.sync.health.away_since_utc_ns == T0
    assert bench.platform.pushes < 8 * 60 * 5, "it is asked, not hammered"
    bench.platform.away = bench.platform.pull_away = False
    bench.run(90)
    assert bench.platform.got == [f"k{number:03d}" for number in range(BATCH + 10)]
    assert bench.sync.health.away_since_utc_ns is None


def test_one_lot_whose_items_all_wait_loses_none_to_a_day_without_pushes(bench: Bench) -> None:
    """Pulls work and pushes do not: an item must not be blamed for that."""
    bench.put("L1", "a1", "a2", "a3")
    bench.platform.away = True
    bench.run(8 * 3_600, step_s=15)
    assert bench.dead() == []
    bench.platform.away = False
    bench.run(90)
    assert bench.platform.got == ["a1", "a2", "a3"]


def test_an_outage_that_begins_just_after_an_item_was_set_apart_is_not_its_fault(bench: Bench) -> None:
    bench.put("L1", "a1", "a2")
    bench.put("L2", "b1")
    bench.platform.poison = {"a1"}
    bench.run(20)
    assert bench.sync.health.apart == 1
    bench.platform.away = bench.platform.pull_away = True
    bench.put("L2", "b2")
    bench.run(8 * 3_600, step_s=15)
    assert bench.dead() == []
    bench.platform = Stumbling()
    bench.sync = PlatformSync(bench.platform, bench.outbox, lambda lots: None, lambda event: None, lambda: bench.now)
    bench.run(90)
    assert sorted(bench.platform.got) == ["a1", "a2", "b2"]
    assert bench.platform.got.index("a1") < bench.platform.got.index("a2")


def test_a_resent_item_goes_by_itself_and_is_dead_again_if_nothing_was_mended(bench: Bench) -> None:
    bench.put("L1", "a1")
    bench.outbox.mark_dead("a1", "lot unknown")
    bench.put("L2", "b1")
    bench.platform.poison = {"a1"}
    assert bench.outbox.resend("a1", bench.now.utc_ns)
    bench.run(1)
    assert bench.platform.got == ["b1"], "nobody waits for it"
    for number in range(GIVE_UP_AFTER * 10):
        bench.put("L2", f"c{number}")
        bench.run(10)
    assert bench.dead() == ["a1"]
    bench.platform.poison = set()
    bench.outbox.resend("a1", bench.now.utc_ns)
    bench.run(2)
    assert "a1" in bench.platform.got


def test_a_refused_item_holds_up_nobody_not_even_its_lot(bench: Bench) -> None:
    class Refusing(Stumbling):
        async def push(self, items: Sequence[OutboxItem]) -> None:
            self.got += [item.key for item in items if item.key != "a1"]
            if any(item.key == "a1" for item in items):
                raise PlatformRefused({"a1": "标段未知"})

    bench.platform = Refusing()
    bench.sync = PlatformSync(bench.platform, bench.outbox, lambda lots: None, lambda event: None, lambda: bench.now)
    bench.put("L1", "a1", "a2")
    bench.run(1)
    assert (bench.platform.got, bench.dead()) == (["a2"], ["a1"])


def test_items_of_before_the_upgrade_have_their_lanes(tmp_path: Path) -> None:
    path = tmp_path / "venue.db"
    open_database(path).close()
    old = sqlite3.connect(path)
    old.executescript(
        "DROP INDEX outbox_apart; ALTER TABLE outbox DROP COLUMN lane; ALTER TABLE outbox DROP COLUMN alone; DROP TABLE platform_notice;"
    )
    old.execute("INSERT INTO outbox (key, kind, body_json, created_utc_ns, next_utc_ns) VALUES ('k', 'scene', '{\"lot\":\"L7\"}', 1, 1)")
    old.commit()
    schema = Path(database.__file__).parent / "schema" / "0007_platform.sql"
    old.executescript(schema.read_text("utf-8"))
    assert old.execute("SELECT lane, alone FROM outbox").fetchall() == [("L7", 0)]
    old.close()
