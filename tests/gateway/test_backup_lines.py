"""The database is gone and an old copy comes back (T13): the boards still have what they were told was safe, and send it again."""

from pathlib import Path

import pytest
from day_case import OPENING_NS, lot
from fake_agents import Stage

from edge.core.events import BadMessage
from edge.core.journal import Record
from edge.shell.disk import Disk
from edge.shell.inbox import LinesHeld, read_message
from edge.shell.outbox import Outbox, connected, due, rewound
from gateway.facts.export import FactLog
from gateway.shell.backup import back_up, begin_anew
from gateway.shell.database import open_database
from gateway.shell.store import Store
from simulation.crowd import draw_lots, populate
from simulation.world.contract import See
from simulation.world.faults import draw
from simulation.world.house import House, Options, build, power_on
from simulation.world.kernel import Trace, World
from simulation.world.signatures import ideal_signatures
from venue_model.moments import S
from venue_model.tools.files import example, read_venue
from venue_model.wire import JournalEvent, Status


def written(trace: Trace) -> set[tuple[str, int, str]]:
    """Every line that a board ever committed."""
    return {(e.fields["board"], e.fields["seq"], e.fields["line"]) for e in trace.events if e.kind is See.LINE}


def stored(house: House) -> set[tuple[str, int, str]]:
    rows = house.gateway.sql.execute("SELECT agent, seq, kind FROM journal WHERE agent <> ''")
    return {(str(agent), int(seq), str(kind)) for agent, seq, kind in rows}


@pytest.mark.parametrize("marked", [True, False])
def test_no_line_that_was_acknowledged_is_lost_with_the_gateways_database(marked: bool) -> None:
    with ideal_signatures():
        world = World(21, 2 * 3600 * S)
        trace = Trace(world)
        options = draw((), False, world.stream)
        house = build(read_venue(example("county_hall")), world, trace, options, Options())
        lots = draw_lots(house.venue, world, 2, world.span_ns)
        for booked in lots:
            house.platform.tell_lot(booked)
        power_on(house)
        populate(house, lots, world, house.faults)
        world.run_until(1800 * S)
        copy = house.gateway.back_up()
        world.run_until(2 * 3600 * S)
        assert written(trace) <= stored(house), "everything was acknowledged"
        gone = stored(house)
        house.gateway.restore(copy, marked=marked)
        assert len(gone - stored(house)) > 50
        world.run_until(world.now_ns + 120 * S)
        assert written(trace) <= stored(house) and gone <= stored(house)
        rows = house.gateway.sql.execute("SELECT count(*) FROM journal WHERE kind = 'alarm' AND body_json LIKE '%journal-hole%'")
        assert rows.fetchone()[0] == 0, "nothing had to be given up"
        restored = house.gateway.sql.execute("SELECT count(*) FROM journal WHERE kind = 'restored'").fetchone()[0]
        assert restored == 1, "the day goes on, and says that it was restored"
        domains = house.gateway.sql.execute("SELECT count(*) FROM component WHERE json_extract(state_json, '$.seal')").fetchone()[0]
        assert domains == len(house.venue.components), "every seal is assumed set until two people lift it"


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    found = Stage(tmp_path)
    found.open()
    found.book(lot())
    return found


def test_a_board_is_told_with_each_birth_which_of_its_lines_are_here(stage: Stage) -> None:
    agent = stage.agents[next(iter(stage.agents))]
    assert agent.held_lines == {}
    stage.journal(agent.record.agent, JournalEvent(1, OPENING_NS, "note", {}), JournalEvent(2, OPENING_NS, "note", {}), journal="j7")
    agent.session += 1
    stage.tell(agent, "status", Status(True, agent.session))
    stage.settle()
    assert agent.held_lines == {"j7": 2}
    stage.close()


def test_lines_from_beyond_a_hole_are_answered_with_what_is_here(stage: Stage) -> None:
    agent = stage.agents[next(iter(stage.agents))]
    stage.journal(agent.record.agent, JournalEvent(9, OPENING_NS, "note", {}), journal="j7")
    stage.journal(agent.record.agent, JournalEvent(1, OPENING_NS, "note", {}), journal="j7")
    assert agent.held_lines == {"j7": 1}
    stage.close()


def test_readers_of_the_export_learn_that_the_history_after_the_copy_is_another_one(stage: Stage, tmp_path: Path) -> None:
    back_up(tmp_path / "venue.db", tmp_path / "copy.db")
    shared = FactLog(stage.store).cursor(FactLog(stage.store).newest())
    stage.press("opening_preparation")
    lost = FactLog(stage.store).cursor(FactLog(stage.store).newest())
    stage.close()
    store = Store(open_database(tmp_path / "copy.db"))
    assert begin_anew(store, stage.venue, OPENING_NS)
    log = FactLog(store)
    assert log.position(shared) == log.eras()[1][1]
    with pytest.raises(ValueError, match="restore"):
        log.position(lost)
    store.db.close()


def test_nobody_but_the_gateway_makes_a_board_send_its_journal_again(stage: Stage) -> None:
    agent = stage.agents[next(iter(stage.agents))]
    topic = agent.topic("command")
    [sent] = [m for m in stage.link.of("command") if m.topic == topic and b'"kind":"held"' in m.payload]
    genuine = read_message(agent.record, stage.topics, topic, sent.payload)
    assert isinstance(genuine, LinesHeld) and genuine.journals == {}
    for forged in (b'{"j1":0}', b"[]", b'{"j1":-1}'):
        payload = sent.payload.replace(b'"journals":{}', b'"journals":' + forged)
        assert isinstance(read_message(agent.record, stage.topics, topic, payload), BadMessage)
    stage.close()


def test_a_board_winds_back_to_what_the_gateway_holds_and_never_forward(tmp_path: Path) -> None:
    disk = Disk(tmp_path / "agent.db")
    disk.commit([(n, Record("note", {"n": n})) for n in range(1, 11)], {})
    disk.acknowledge(8)
    sending = due(connected(Outbox(8)), 10, 0)[0]
    disk.rewind(3)
    assert disk.acknowledged == 3 and [line.seq for line in disk.lines_after(disk.acknowledged, 100)] == [4, 5, 6, 7, 8, 9, 10]
    after, send = due(rewound(sending, 3), 10, 1)
    assert (after.acknowledged, send) == (3, True), "at once, whatever was under way"
    disk.rewind(9)
    assert disk.acknowledged == 3 and rewound(after, 9) is after
    disk.close()
    again = Disk(tmp_path / "agent.db")
    assert again.acknowledged == 3, "also after a restart"
    again.close()
