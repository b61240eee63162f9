"""A copy of the venue database: taken while the venue runs, and never taken for the original when it comes back."""

import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from day_case import OPENING_NS, lot
from fake_agents import Stage

from gateway.cli import main
from gateway.shell.agents import AgentBook
from gateway.shell.backup import Highest, HighWater, back_up, begin_anew, highest
from gateway.shell.database import open_database
from gateway.shell.store import Store
from venue_model.groups import Role
from venue_model.ids import ComponentId
from venue_model.moments import S
from venue_model.profiles import DoorMode

O1 = ComponentId("o1")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Opening room o1 admits those who prepare it."""
    stage = Stage(tmp_path)
    stage.open()
    stage.book(lot())
    stage.press("opening_preparation")
    assert Role.AGT in stage.coordinator.warden.domains[O1].groups
    yield stage
    stage.close()


def test_a_restored_venue_starts_closed_and_sealed_above_every_number_ever_signed(stage: Stage, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    back_up(tmp_path / "venue.db", copy)
    store = Store(open_database(copy))
    assert begin_anew(store, stage.venue, OPENING_NS)
    domains = store.domains()
    for component in stage.venue.components:
        assert (domains[component].mode, domains[component].groups, domains[component].seal) == (DoorMode.CLEAR, (), True)
        assert domains[component].term > OPENING_NS // S
    assert not begin_anew(store, stage.venue, OPENING_NS), "only the first start after a restore begins anew"
    store.db.close()


def test_the_original_goes_on_as_it_was_and_no_file_is_replaced(stage: Stage, tmp_path: Path) -> None:
    back_up(tmp_path / "venue.db", tmp_path / "copy.db")
    assert not begin_anew(stage.store, stage.venue, OPENING_NS)
    with pytest.raises(FileExistsError, match=r"copy\.db: exists already; name a new file"):
        back_up(tmp_path / "venue.db", tmp_path / "copy.db")


def test_doors_that_hold_more_than_the_database_knows_start_a_new_term(stage: Stage) -> None:
    """Somebody put an old copy of the file back by hand."""
    before = stage.coordinator.warden.domains[O1]
    agent = stage.agents[next(d.board for d in stage.venue.doors_of(O1) if d.board)]
    agent.held[O1] = replace(agent.held[O1], epoch=before.epoch + 9)
    stage.tell(agent, "reported", agent.report())
    stage.settle()
    after = stage.coordinator.warden.domains[O1]
    assert after.term > before.term and after.seal and not after.groups
    assert agent.held[O1].order == (after.term, after.epoch), "the doors take the new term"
    assert "older-database" in {line["code"] for line in stage.lines("alarm")}


def test_the_counters_of_a_restored_gateway_are_above_those_of_its_later_self(stage: Stage) -> None:
    """Also without the mark: agents would drop lower renewals and older generations without a word."""
    later = stage.store.next_epoch(OPENING_NS)
    assert later == OPENING_NS // S
    stage.store.set_setting("epoch", "3")  # as the older copy has it
    epoch = stage.store.next_epoch(OPENING_NS + S)
    assert epoch > later
    book = AgentBook(stage.venue, stage.store, stage.topics, stage.link, epoch)
    assert all(agent.renewal == epoch for agent in book.agents.values())


def test_an_older_copy_put_back_by_hand_is_known_by_the_policies_that_it_never_signed(stage: Stage, tmp_path: Path) -> None:
    """A bidder's policy was signed and not delivered; the copy knows nothing of it, and no door can tell."""
    water = HighWater(tmp_path / "signed")
    stage.coordinator.warden.signed = lambda signed, term: water.rise(Highest(signed, term))
    stage.press("check_in")
    copy = tmp_path / "by-hand.db"
    back_up(tmp_path / "venue.db", copy)
    with sqlite3.connect(copy) as by_hand:
        by_hand.execute("DELETE FROM setting WHERE name = 'restored'")
    by_hand.close()
    assert not begin_anew(stage.store, stage.venue, OPENING_NS, water.read()), "the original goes on"
    stage.press("opening")
    store = Store(open_database(copy))
    assert begin_anew(store, stage.venue, OPENING_NS, water.read())
    assert store.domains()[O1].seal and not store.domains()[O1].groups
    store.db.close()


def test_a_count_that_cannot_be_read_begins_a_new_term_rather_than_trust_the_database(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "signed").write_text("?")
    assert begin_anew(stage.store, stage.venue, OPENING_NS, HighWater(tmp_path / "signed").read())


def test_the_integrator_copies_the_database_of_a_running_gateway_by_one_command(
    stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "gateway.toml"
    config.write_text('venue = "county_hall.toml"\ndata = "."\n')
    assert main(["--config", str(config), "--backup", str(tmp_path / "night.db")], None) == 0
    assert Store(open_database(tmp_path / "night.db")).lots().keys() == stage.coordinator.day.keys()
    assert main(["--config", str(config), "--backup", str(tmp_path / "night.db")], None) == 2
    assert "exists already" in capsys.readouterr().err


def test_two_restores_under_a_clock_that_was_set_back_begin_two_terms(tmp_path: Path) -> None:
    # An approval is bound to its term and epoch: what two people signed after the first restore must mean nothing after the second.
    stage = Stage(tmp_path)
    stage.open()
    backup = tmp_path / "backup.db"
    back_up(tmp_path / "venue.db", backup)
    water, terms, epochs = HighWater(tmp_path / "signed"), [], []
    for number in range(2):
        place = tmp_path / f"restored-{number}.db"
        shutil.copy(backup, place)
        db = open_database(place)
        store = Store(db)
        assert begin_anew(store, stage.venue, 0 if number else OPENING_NS, water.read())
        epochs.append(store.next_epoch(0 if number else OPENING_NS, water.read().epoch))
        water.rise(highest(store))
        terms.append({domain.term for domain in store.domains().values()})
        assert not begin_anew(store, stage.venue, 0, water.read()), "an ordinary restart afterwards goes on"
        db.close()
    stage.close()
    (first,), (second,) = terms
    assert second > first > OPENING_NS // S
    assert epochs[1] > epochs[0] >= OPENING_NS // S, "else one (epoch, generation) would name two desired states"
