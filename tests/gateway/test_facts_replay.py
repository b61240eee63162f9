"""The export replays: whoever reads all facts, in pages of any size, holds what the database holds, now and at every moment before."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlite_utils

from gateway.core.facts.replay import STATES, Replay, replayed
from gateway.facts.export import BadCursor, CursorGone, FactLog, begin_era, ndjson
from gateway.shell.database import open_database
from gateway.shell.store import Store
from simulation.crowd import draw_lots, populate
from simulation.world.faults import draw
from simulation.world.house import House, Options, build, power_on
from simulation.world.kernel import Trace, World
from simulation.world.mischief import Mischief
from simulation.world.signatures import ideal_signatures
from venue_model.ids import LotId, PersonKey
from venue_model.moments import S
from venue_model.tools.files import example, read_venue
from venue_model.wire import JournalEvent

HOURS = 2
FAULTS = ("loss", "duplicate", "reorder", "agent-crash", "gateway-crash", "platform-away", "roster-change", "unbadged-exit", "return")


def read_all(log: FactLog, page: int, role: str = "supervisor") -> list[dict[str, Any]]:
    """As a reader over HTTP does: bytes, page by page, by the cursor of the last line."""
    facts: list[dict[str, Any]] = []
    cursor = ""
    while True:
        rows, reached = log.after(log.position(cursor), page, role)
        facts += [json.loads(line) for line in ndjson(rows).splitlines()]
        following = log.cursor(reached) if reached else ""
        if following == cursor:
            return facts
        cursor = following


def house(seed: int) -> tuple[House, World]:
    """A county venue with two lots and its crowd, before the first moment."""
    world = World(seed, HOURS * 3600 * S)
    trace = Trace(world)
    options = draw(FAULTS, False, world.stream)
    built = build(read_venue(example("county_hall")), world, trace, options, Options())
    lots = draw_lots(built.venue, world, 2, world.span_ns)
    for lot in lots:
        built.platform.tell_lot(lot)
    power_on(built)
    populate(built, lots, world, built.faults)
    Mischief(built, {}, []).start()
    return built, world


def log_of(sql: sqlite3.Connection) -> FactLog:
    return FactLog(Store(sqlite_utils.Database(sql)))


@pytest.mark.parametrize("seed", [3, 11])
def test_a_simulated_day_replays_to_what_the_database_holds_at_every_moment(seed: int) -> None:
    with ideal_signatures():
        built, world = house(seed)
        sql, rng = built.gateway.sql, world.stream("reader")
        snapshots: list[tuple[int, dict[str, dict[str, Any]], int]] = []
        while world.now_ns < world.span_ns:
            world.run_until(min(world.span_ns, world.now_ns + rng.randint(60, 1500) * S))
            log = log_of(sql)
            lines = int(sql.execute("SELECT count(*) FROM journal").fetchone()[0])
            snapshots.append((log.newest(), log.states(), lines))
        while built.coordinator is None:  # it is just starting again
            world.run_until(world.now_ns + S)
        log = log_of(sql)
        facts = read_all(log, page=rng.randint(1, 400))
        replay, waiting = Replay(), iter(snapshots)
        moment = next(waiting)
        for fact in facts:
            while moment is not None and int(fact["cursor"].partition(".")[2]) > moment[0]:
                assert (replay.states, len(replay.lines)) == moment[1:]
                moment = next(waiting, None)  # type: ignore[assignment]
            replay.take(fact)
        assert replay.states == log.states()
        assert all(replay.states[kind] for kind in STATES), "a day in which nothing of some kind happens shows nothing"
        coordinator = built.coordinator
        known = coordinator.presence.presence
        again = replay.presence(coordinator.presence.ways, known.floor_utc_ns)
        assert (again.people, again.stays, again.unseen, again.strangers) == (known.people, known.stays, known.unseen, known.strangers)
        assert again.people, "nobody came"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    found = Store(open_database(tmp_path / "venue.db"))
    yield found
    found.db.close()


def line(store: Store, seq: int, kind: str = "passage", **body: Any) -> None:
    store.add_journal("b1", "j1", JournalEvent(seq, 1000 + seq, kind, body, LotId("L1")), 2000, project=None, room=None)


def test_taking_facts_twice_changes_nothing(store: Store) -> None:
    for seq in (1, 2):
        line(store, seq, door="d")
    store.authorise(LotId("L1"), PersonKey("exp-1"), 5, "intake")
    facts = read_all(FactLog(store), 10)
    once, twice = replayed(facts), replayed([*facts, *facts])
    assert (once.states, once.lines) == (twice.states, twice.lines) and len(once.lines) == 2


def test_a_line_that_was_repeated_by_its_board_is_one_fact(store: Store) -> None:
    line(store, 1, door="d")
    line(store, 1, door="d")
    assert len(read_all(FactLog(store), 10)) == 1


def test_what_is_rolled_back_was_never_a_fact(store: Store) -> None:
    with pytest.raises(RuntimeError, match="no"), store.transaction():
        line(store, 1)
        raise RuntimeError("no")
    line(store, 2)
    assert [fact["line"]["seq"] for fact in read_all(FactLog(store), 10)] == [2]


def test_what_people_typed_and_whatever_opens_doors_stays_in_the_venue(store: Store) -> None:
    store.own_line("lockdown", {"on": True, "by": "wang", "reason": "张三闯入"}, 1)
    store.sql.execute(
        "INSERT INTO lot VALUES ('L1', 'P', 'P1', ?, 1)",
        (json.dumps({"lot": {"id": "L1", "people": [{"person": "e", "card": "c0ffee", "qr_key": "beef", "duress_card": "dead"}]}}),),
    )
    text = "".join(json.dumps(fact, ensure_ascii=False) for fact in read_all(FactLog(store), 10))
    assert "wang" in text and '"person": "e"' in text
    assert not [secret for secret in ("张三", "c0ffee", "beef", "dead") if secret in text]


def test_quiet_alarms_are_told_to_those_who_may_know_of_them(store: Store) -> None:
    line(store, 1, "alarm", code="duress", person="exp-1")
    assert read_all(FactLog(store), 10, role="staff") == []
    assert len(read_all(FactLog(store), 10)) == 1


def test_a_reader_of_a_lost_history_is_sent_back_to_what_both_share(store: Store) -> None:
    log = FactLog(store)
    line(store, 1)
    shared = log.cursor(log.newest())
    begin_era(store)  # the database was restored here: what had followed is lost
    line(store, 2)
    era, _, _ = shared.partition(".")
    assert log.position(shared) == 1, "the part that both histories share"
    with pytest.raises(CursorGone) as gone:
        log.position(f"{era}.2")
    assert gone.value.back_to == shared
    with pytest.raises(CursorGone) as unknown:
        log.position("00000000.1")
    assert unknown.value.back_to == ""
    assert read_all(log, 1)[-1]["cursor"].partition(".")[0] != era


@pytest.mark.parametrize("cursor", ["x", "1.", ".", "a.-1", "a.1e9", "a." + "9" * 30, "a.٣"])
def test_what_is_no_cursor_is_refused(store: Store, cursor: str) -> None:
    with pytest.raises(BadCursor):
        FactLog(store).position(cursor)


def test_old_states_that_were_superseded_are_forgotten_and_the_replay_is_the_same(store: Store) -> None:
    log = FactLog(store)
    for moment in range(20):
        store.authorise(LotId("L1"), PersonKey("exp-1"), moment, "intake")
        line(store, moment + 1)
    before = replayed(read_all(log, 7))
    assert log.compact(kept=6) > 10
    after = replayed(read_all(log, 7))
    assert (after.states, after.lines) == (before.states, before.lines)
    assert after.states == log.states()


def test_a_state_that_is_gone_is_gone_for_the_reader_too(store: Store) -> None:
    store.authorise(LotId("L1"), PersonKey("exp-1"), 1, "intake")
    store.sql.execute("DELETE FROM authorisation")
    assert replayed(read_all(FactLog(store), 10)).states["authorisation"] == {}
