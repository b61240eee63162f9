"""The gateway and what boards tell: no bytes upset it, every line is kept once, and acknowledged after it is kept."""

import json
import sqlite3
from dataclasses import replace
from typing import Any

import pytest
from coordinator_case import L1, agent, passage, pressed, stage
from fake_agents import Published, Stage
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from venue_model.canonical import canonical_bytes, plain
from venue_model.groups import Role
from venue_model.ids import ComponentId, PersonKey
from venue_model.moments import MS
from venue_model.signed import exact
from venue_model.wire import Status, encode

__all__ = ("stage",)  # a fixture


# bad messages


def snapshot(stage: Stage) -> tuple[Any, ...]:
    sessions = {board: agent.session for board, agent in stage.coordinator.agents.agents.items()}
    return stage.store.lots(), stage.store.runs(), stage.store.domains(), dict(stage.coordinator.warden.domains), sessions


@pytest.mark.parametrize("leaf", ["status", "reported", "event", "meta"])
@pytest.mark.parametrize("payload", [b"", b"{", b"null", b'{"on":1e999}', b"\xff\xfe", b"[" * 5_000, b'{"session":-1,"on":false}'])
def test_a_malformed_message_changes_nothing_and_is_noted_once_a_minute(stage: Stage, leaf: str, payload: bytes) -> None:
    before = snapshot(stage)
    for _ in range(3):
        stage.say(agent(stage, "opening").topic(leaf), payload)
    assert snapshot(stage) == before
    assert [(a["code"], a["agent"]) for a in stage.lines("alarm")] == [("bad-message", "opening")]
    assert stage.coordinator.bad_messages == 3
    stage.now = replace(stage.now, mono_ns=stage.now.mono_ns + 61_000 * MS)
    stage.say(agent(stage, "opening").topic(leaf), payload)
    assert len(stage.lines("alarm")) == 2


def test_topics_of_strangers_are_passed_over(stage: Stage) -> None:
    before = snapshot(stage)
    for topic in ("", "bidhall/v1/other/agent/opening/status", stage.topics.agent("nobody", "status"), stage.topics.room_scene("o1")):
        stage.say(topic, encode(Status(True, 99)))
    assert snapshot(stage) == before
    assert stage.lines("alarm") == []


small = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=5) | st.lists(st.integers(), max_size=2)
bodies = st.dictionaries(
    st.sampled_from(["person", "lot", "group", "door", "device", "room", "project", "to", "direction", "rule", "code", "track", "seq"]),
    small | st.sampled_from(["exp-1", "L1", "EXP", "intake", "in", "gate"]), max_size=6,
)  # fmt: skip
kinds = st.sampled_from(["passage", "refusal", "segment", "gap", "alarm", "breach", "grant", "x"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.lists(st.tuples(kinds, bodies), min_size=1, max_size=3))
def test_no_line_of_a_journal_upsets_the_gateway_or_holds_up_the_next(stage: Stage, lines: list[tuple[str, dict[str, Any]]]) -> None:
    journal = f"j{len(stage.link.sent)}-{len(stage.changes)}"
    events = [{"seq": n, "utc_ns": n, "kind": kind, "body": body} for n, (kind, body) in enumerate(lines, 1)]
    last = {"seq": len(lines) + 1, "utc_ns": 1, "kind": "note", "body": {}}
    stage.say(agent(stage, "gatehouse").topic("event"), json.dumps({"journal": journal, "events": [*events, last]}).encode())
    stage.settle()
    assert agent(stage, "gatehouse").acked[journal] == len(lines) + 1
    kept = stage.store.journal("journal = ?", (journal,))
    assert len(kept) == len(lines) + 1, "every line is kept, whatever it says"
    for line in kept:
        canonical_bytes(exact(plain(line["body"])))  # so that it can go into a package


# the journal


def test_a_passage_moves_a_person_and_opens_the_experts_window(stage: Stage) -> None:
    pressed(stage, "opening_preparation", "check_in", "opening", "opening_end", "intake")
    stage.journal("gatehouse", passage(1))
    assert stage.coordinator.presence.everybody()[PersonKey("exp-1")].component == "intake"
    gate = agent(stage, "gatehouse").held[ComponentId("wing")]
    windows: dict[str, int | None] = {p.person: p.authorised_utc_ns for p in gate.passes if p.group is Role.EXP}
    assert windows["exp-1"] == passage(1).utc_ns
    assert windows["exp-2"] is None
    assert stage.store.authorisations() == {(L1, PersonKey("exp-1")): passage(1).utc_ns}


def test_a_bidder_at_the_intake_opens_no_window(stage: Stage) -> None:
    stage.journal("gatehouse", passage(1, person="bid-1", group="BID"))
    assert stage.store.authorisations() == {}


def test_repeated_lines_are_stored_once_and_acknowledged_again(stage: Stage) -> None:
    for _ in range(3):
        stage.journal("gatehouse", passage(1), passage(2, person="exp-2"))
    assert len(stage.lines("passage")) == 2
    assert agent(stage, "gatehouse").acked == {"j1": 2}
    assert len([m for m in stage.link.of("command") if "/gatehouse/" in m.topic and b'"kind":"ack"' in m.payload]) == 3
    assert stage.db.execute("SELECT count(*) FROM outbox WHERE kind = 'arrival'").fetchone()[0] == 2


def test_the_acknowledgement_leaves_only_after_the_commit(stage: Stage) -> None:
    other = sqlite3.connect(stage.folder / "venue.db")
    seen: list[int] = []

    def watch(message: Published) -> None:
        if message.leaf == "command":
            assert not stage.store.sql.in_transaction
            seen.append(other.execute("SELECT count(*) FROM journal WHERE kind = 'passage'").fetchone()[0])

    stage.link.watch = watch
    stage.journal("gatehouse", passage(1))
    stage.journal("gatehouse", passage(2))
    other.close()
    assert seen == [1, 2]


def test_what_could_not_be_stored_is_not_acknowledged(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> bool:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(stage.store, "add_journal", full)
    with pytest.raises(sqlite3.OperationalError):
        stage.journal("gatehouse", passage(1))
    assert agent(stage, "gatehouse").acked == {}
    monkeypatch.undo()
    stage.journal("gatehouse", passage(1))
    assert agent(stage, "gatehouse").acked == {"j1": 1}


def test_a_lost_message_is_not_acknowledged_by_the_one_that_follows_it(stage: Stage) -> None:
    stage.journal("gatehouse", passage(1))
    stage.journal("gatehouse", passage(4), passage(5))
    assert agent(stage, "gatehouse").acked["j1"] == 1, "lines 2 and 3 never arrived: the agent must keep them"
    stage.journal("gatehouse", passage(2), passage(3))
    assert agent(stage, "gatehouse").acked["j1"] == 5


def test_the_hole_is_remembered_over_a_restart(stage: Stage) -> None:
    stage.journal("gatehouse", passage(1))
    stage.journal("gatehouse", passage(4))
    stage.restart()
    stage.journal("gatehouse", passage(5))
    assert agent(stage, "gatehouse").acked["j1"] == 1


def test_lines_that_no_longer_exist_anywhere_are_recorded_as_missing(stage: Stage) -> None:
    stage.journal("gatehouse", passage(7))
    assert agent(stage, "gatehouse").acked.get("j1", 0) == 0
    stage.now = replace(stage.now, mono_ns=stage.now.mono_ns + 70_000 * MS)
    stage.journal("gatehouse", passage(7), passage(8))
    assert agent(stage, "gatehouse").acked["j1"] == 8
    assert [(a["code"], a["detail"]) for a in stage.lines("alarm")] == [("journal-hole", "lines 1 to 6 of journal j1 never arrived")]
    stage.restart()
    stage.journal("gatehouse", passage(9))
    assert agent(stage, "gatehouse").acked["j1"] == 9, "and not waited for again after a restart"


def test_a_new_journal_of_the_same_board_is_counted_by_itself(stage: Stage) -> None:
    stage.journal("gatehouse", passage(1))
    stage.journal("gatehouse", passage(1), journal="j2")
    assert agent(stage, "gatehouse").acked == {"j1": 1, "j2": 1}
    assert len(stage.lines("passage")) == 2
