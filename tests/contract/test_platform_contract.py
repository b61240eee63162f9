"""What every kind of platform must keep, whatever it does: nothing lost, nothing twice, order within a lot, nothing from a stranger.

Each kind stands against its own stand-in, in this process, with hours that pass at once.  A new adapter joins with a stand in STANDS.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from stands import STANDS, Clock, OverHttp, Stand, Venue, content

from gateway.trading import exchange
from gateway.trading.base import EventKind, ItemKind, OutboxItem, PhaseEvent, PlatformAway
from simulation.platform.behaviour import STRANGE_LOT, Away, Wrong
from simulation.platform.scenarios import Rooms, county_day
from venue_model.ids import RoomId
from venue_model.moments import S

START_UTC_NS = 1_800_000_000 * S
DAY = county_day(start_utc_ns=START_UTC_NS, rooms=Rooms(RoomId("o1"), RoomId("e1"), RoomId("o2"), RoomId("e2")))
FULL, SHORT = DAY.lots
HOURS_8 = 8 * 3_600
ITEMS = 64  # of each lot in that time


@pytest.fixture
def clock() -> Clock:
    return Clock(START_UTC_NS)


@pytest.fixture(params=STANDS)
def stand(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture) -> Iterator[Stand]:
    caplog.set_level(logging.CRITICAL)
    found = STANDS[request.param](tmp_path, clock)
    for lot in DAY.lots:
        found.put_lot(lot, DAY.credit_codes[lot.id])
    yield found


def story(stand: Stand, clock: Clock, tmp_path: Path, act: Callable[[Venue], Awaitable[None]]) -> None:
    async def whole() -> None:
        venue = Venue(tmp_path / "venue.db", stand, clock)
        try:
            await act(venue)
        finally:
            await venue.close()

    asyncio.run(whole())


def signed(number: int = 1) -> PhaseEvent:
    return PhaseEvent(f"ev-{number}", FULL.project, FULL.id, EventKind.REPORT_SIGNED, START_UTC_NS)


def in_order(received: list[str], *lanes: list[str]) -> None:
    """Every key once, and each lane in its order."""
    assert sorted(received) == sorted(key for lane in lanes for key in lane)
    for lane in lanes:
        assert [key for key in received if key in set(lane)] == lane


def as_told(venue: Venue, stand: Stand) -> None:
    """Every lot stands here as it stands there, and no version had an effect twice."""
    assert venue.stands_as() == {lot: repr(content(found)) for lot, found in stand.newest().items()}
    assert len(set(venue.lots())) == len(venue.lots())
    for lot in stand.newest():
        versions = [version for ref, version in venue.lots() if ref == lot]
        assert versions == sorted(versions)


def test_a_day_arrives_as_it_was_booked(stand: Stand, clock: Clock, tmp_path: Path) -> None:
    async def act(venue: Venue) -> None:
        await venue.rounds(45)
        as_told(venue, stand)
        assert (venue.sync.health.rejected, venue.sync.health.warnings, venue.sync.health.away_since_utc_ns) == ((), (), None)

    story(stand, clock, tmp_path, act)


def test_a_mistyped_credit_code_names_the_lot_and_never_the_code(stand: Stand, clock: Clock, tmp_path: Path) -> None:
    async def act(venue: Venue) -> None:
        stand.put_lot(replace(FULL, version=2, name="改"), {"agency": "91350100M000100Y44"})
        await venue.rounds(60)
        as_told(venue, stand)
        (warning,) = venue.sync.health.warnings
        assert warning.lot == FULL.id and "91350100M000100Y4" not in warning.text

    story(stand, clock, tmp_path, act)


def test_people_come_and_go_and_the_rest_of_the_roster_stays(stand: Stand, clock: Clock, tmp_path: Path) -> None:
    async def act(venue: Venue) -> None:
        await venue.rounds(45)
        stand.announce(PhaseEvent("ev-count", SHORT.project, SHORT.id, EventKind.BIDDER_COUNT, START_UTC_NS, bidders=2))
        stand.announce(PhaseEvent("ev-gone", FULL.project, FULL.id, EventKind.WITHDRAWN, START_UTC_NS, person=FULL.people[0].person))
        stand.put_lot(replace(stand.newest()[FULL.id], version=7, people=stand.newest()[FULL.id].people[:-1]))
        await venue.rounds(120)
        as_told(venue, stand)
        assert sorted(venue.events()) == ["ev-count", "ev-gone"]

    story(stand, clock, tmp_path, act)


def able(*faults: Away | Wrong) -> pytest.MarkDecorator:
    """Each kind of platform with each of the faults that it can have."""
    pairs = [(name, fault) for name, kind in STANDS.items() for fault in faults if fault in kind.can]
    return pytest.mark.parametrize(("stand", "fault"), pairs, indirect=["stand"])


@able(*Away, Wrong.ERROR_500, Wrong.MALFORMED, Wrong.UNSIGNED)
def test_eight_hours_away_lose_nothing_and_repeat_nothing(stand: Stand, clock: Clock, tmp_path: Path, fault: Away | Wrong) -> None:
    mine = [f"full-{number:03d}" for number in range(ITEMS)]
    theirs = [f"short-{number:03d}" for number in range(ITEMS)]

    async def act(venue: Venue) -> None:
        await venue.rounds(45)
        before = venue.lots()
        stand.behave(fault)
        for number in range(ITEMS):
            venue.put(FULL, mine[number])
            venue.put(SHORT, theirs[number])
            if number == ITEMS // 3:
                stand.put_lot(replace(FULL, version=2, name="改期"))
            if number == ITEMS // 2:
                stand.announce(signed())
            await venue.round()
            clock.pass_s(HOURS_8 / ITEMS)
        if fault is Away.DROP or isinstance(stand, OverHttp):
            assert (venue.events(), venue.lots()) == ([], before), "nothing that such a platform says is believed"
            assert venue.sync.health.waiting == 2 * ITEMS
            away_s = (clock.utc_ns - (venue.sync.health.away_since_utc_ns or 0)) // S
            assert HOURS_8 - 60 <= away_s <= HOURS_8 + 60
        stand.behave()
        await venue.rounds(180)
        as_told(venue, stand)
        assert (venue.events(), venue.dead()) == (["ev-1"], [])
        assert (venue.sync.health.waiting, venue.sync.health.away_since_utc_ns) == (0, None)

    story(stand, clock, tmp_path, act)
    in_order(stand.received(), mine, theirs)


@pytest.mark.parametrize("skew_s", [7_200, -7_200])
def test_clocks_two_hours_apart_lose_nothing_and_when_they_are_set_all_is_there(
    stand: Stand, clock: Clock, tmp_path: Path, skew_s: int
) -> None:
    keys = [f"k{number:02d}" for number in range(40)]

    async def act(venue: Venue) -> None:
        await venue.rounds(45)
        venue.put(FULL, *keys[:10])
        clock.skew_s = skew_s
        stand.put_lot(replace(FULL, version=2, name="改"))
        stand.announce(signed())
        venue.put(FULL, *keys[10:20])
        await venue.rounds(1_800, 30)
        if "clock" in venue.sync.health.last_error:
            assert venue.events() == []
        venue.put(FULL, *keys[20:30])
        clock.skew_s = 0
        venue.put(FULL, *keys[30:])
        await venue.rounds(300)
        as_told(venue, stand)
        assert (venue.events(), venue.dead(), venue.sync.health.waiting) == (["ev-1"], [], 0)

    story(stand, clock, tmp_path, act)
    in_order(stand.received(), keys)


def test_pages_that_come_again_have_no_second_effect(stand: Stand, clock: Clock, tmp_path: Path) -> None:
    async def act(venue: Venue) -> None:
        stand.put_lot(replace(FULL, version=2, name="改"))
        stand.announce(signed())
        await venue.rounds(120)
        before = venue.lots()
        for fault in (Wrong.REPLAY, Wrong.LOWER_VERSION, Wrong.REPLAY):
            if fault in stand.can:
                stand.behave(fault)
                await venue.rounds(60)
        await venue.restart()
        await venue.rounds(30)
        assert (venue.lots(), venue.events()) == (before, ["ev-1"])
        as_told(venue, stand)

    story(stand, clock, tmp_path, act)


def test_a_slow_platform_is_away_and_holds_up_nobody(stand: Stand, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "ANSWER_S", 0.05)
    keys = [f"k{number}" for number in range(5)]

    async def act(venue: Venue) -> None:
        await venue.rounds(45)
        stand.behave(slow_s=30)
        venue.put(FULL, *keys)
        async with asyncio.timeout(20):
            await venue.rounds(60)
        stand.behave()
        await venue.rounds(120)

    story(stand, clock, tmp_path, act)
    in_order(stand.received(), keys)


def test_a_lot_that_cannot_be_right_is_refused_alone(stand: Stand, clock: Clock, tmp_path: Path) -> None:
    async def act(venue: Venue) -> None:
        stand.behave(Wrong.UNKNOWN_ROLE if Wrong.UNKNOWN_ROLE in stand.can else Wrong.MALFORMED)
        await venue.rounds(60)
        as_told(venue, stand)
        (rejected,) = venue.sync.health.rejected
        assert rejected.ref in (STRANGE_LOT, "rubbish.csv")
        await venue.restart()
        stand.behave()
        await venue.rounds(15)
        assert venue.sync.health.rejected == (rejected,), "a restart does not forget what people have not seen yet"

    story(stand, clock, tmp_path, act)


@able(Wrong.BAD_REQUEST, Wrong.POISON)
def test_an_item_that_spoils_its_batch_holds_up_nobody(stand: Stand, clock: Clock, tmp_path: Path, fault: Wrong) -> None:
    keys = [f"k{number:02d}" for number in range(20)]

    async def act(venue: Venue) -> None:
        await venue.rounds(45)
        stand.behave(fault)
        venue.put(SHORT, "poison-1")
        venue.put(FULL, *keys)
        await venue.rounds(120, 1)
        assert set(keys) <= set(stand.received())
        stand.behave()
        await venue.rounds(120)

    story(stand, clock, tmp_path, act)
    in_order(stand.received(), keys, ["poison-1"])


def test_an_unknown_cursor_means_from_the_beginning(stand: Stand, clock: Clock, tmp_path: Path) -> None:
    async def act(venue: Venue) -> None:
        await venue.rounds(45)
        before = venue.lots()
        venue.db.execute("UPDATE setting SET value = 'of-another-life.7' WHERE name = 'platform_cursor'")
        await venue.rounds(60)
        assert (venue.lots(), venue.sync.health.last_error) == (before, ""), "the same versions again have no effect"
        stand.put_lot(replace(SHORT, version=9, name="新"))
        await venue.rounds(60)
        as_told(venue, stand)

    story(stand, clock, tmp_path, act)


@pytest.mark.parametrize("moment", ["after_push", "after_pull", "in_page"])
def test_power_lost_between_the_two_sides_repeats_nothing(stand: Stand, clock: Clock, tmp_path: Path, moment: str) -> None:
    keys = [f"k{number}" for number in range(30)]

    async def act(venue: Venue) -> None:
        venue.put(FULL, *keys[:20])
        if moment == "in_page":
            venue.cut_in_page = True
        else:
            setattr(venue.platform, moment, True)
        await venue.round()
        venue.put(FULL, *keys[20:])
        await venue.rounds(90)
        as_told(venue, stand)
        assert venue.sync.health.waiting == 0

    story(stand, clock, tmp_path, act)
    in_order(stand.received(), keys)


def test_nobody_there_is_told_as_such(stand: Stand) -> None:
    async def act() -> None:
        stand.behave(Away.DROP)
        platform = stand.connect()
        with pytest.raises(PlatformAway):
            await platform.pull_lots("")
        with pytest.raises(PlatformAway):
            await platform.push([OutboxItem("k", ItemKind.SCENE, {"project": FULL.project, "lot": FULL.id}, START_UTC_NS)])
        await platform.close()

    asyncio.run(act())


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_in_a_day_both_sides_agree_in_the_evening(stand: Stand, clock: Clock, tmp_path: Path, seed: int) -> None:
    rng = random.Random(f"{seed}")
    put: dict[str, list[str]] = {FULL.id: [], SHORT.id: []}
    announced: list[str] = []

    async def act(venue: Venue) -> None:
        faults: list[Away | Wrong | None] = sorted(stand.can - {Wrong.POISON, Wrong.UNKNOWN_ROLE})
        for step in range(80):
            match rng.randrange(9):
                case 0 | 1 | 2:
                    lot = rng.choice((FULL, SHORT))
                    put[lot.id].append(f"{lot.id[-4:]}-{step:03d}")
                    venue.put(lot, put[lot.id][-1])
                case 3:
                    known = stand.newest()[rng.choice((FULL, SHORT)).id]
                    stand.put_lot(replace(known, version=known.version + 1, name=f"第{step}版"))
                case 4:
                    announced.append(f"ev-{step}")
                    stand.announce(replace(signed(), id=announced[-1]))
                case 5:
                    stand.behave(rng.choice([None, *faults]), page=rng.choice((1, 100)))
                case 6:
                    clock.skew_s = rng.choice((0, 0, 7_200, -7_200))
                case 7:
                    venue.cut_in_page = rng.random() < 0.5
                    venue.platform.after_push = rng.random() < 0.5
                    venue.platform.after_pull = rng.random() < 0.3
                case 8:
                    await venue.restart()
            await venue.round()
            clock.pass_s(rng.choice((1, 15, 120, 1_800)))
        stand.behave()
        clock.skew_s = 0
        await venue.restart()
        await venue.rounds(600)
        as_told(venue, stand)
        assert sorted(venue.events()) == sorted(announced)
        assert (venue.dead(), venue.sync.health.waiting, venue.sync.health.away_since_utc_ns) == ([], 0, None)

    story(stand, clock, tmp_path, act)
    in_order(stand.received(), *put.values())
