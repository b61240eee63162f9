"""The gateway's heart over a real database, with agents that answer in real bytes."""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from day_case import APPROVER_KEYS, card, lot
from fake_agents import FakeAgent, Published, Stage
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.core.day import Refusal
from gateway.core.scene_run import Run
from gateway.trading.base import EventKind, PhaseEvent
from venue_model import signing
from venue_model.canonical import canonical_bytes, plain
from venue_model.door_policy import Approval
from venue_model.groups import Role
from venue_model.ids import BoardId, ComponentId, DoorId, LotId, PersonKey, ProjectId, RoomId
from venue_model.lots import Phase
from venue_model.moments import MS
from venue_model.passes import card_digest
from venue_model.profiles import DoorMode
from venue_model.signed import exact, pulse_bytes
from venue_model.wire import Command, Desired, DoorReport, JournalEvent, Reported, SignedPolicy, Status, decode, encode

UP_TO_EVALUATION = ("opening_preparation", "check_in", "opening", "opening_end", "intake", "evaluation")
L1 = LotId("L1")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    found = Stage(tmp_path)
    found.open()
    found.book(lot())
    yield found
    found.close()


def agent(stage: Stage, board: str) -> FakeAgent:
    return stage.agents[BoardId(board)]


def pressed(stage: Stage, *scenes: str) -> Run:
    for scene in scenes:
        found = stage.press(scene)
        assert isinstance(found, Run), found
    return latest(stage)


def latest(stage: Stage) -> Run:
    found = stage.run()
    assert isinstance(found, Run)
    return found


def unfinished(run: Run) -> set[str]:
    return {row.id for row in run.rows if not row.done}


def passage(seq: int, person: str = "exp-1", to: str = "intake", door: str = "intake-door", group: str = "EXP") -> JournalEvent:
    body = {"door": door, "from": "", "to": to, "direction": "in", "how": "pass", "person": person, "group": group, "lot": "L1"}
    return JournalEvent(seq, 1_800_000_000_000_000_000 + seq, "passage", body, L1)


# scenes


def test_a_press_ends_ok_when_every_device_says_so(stage: Stage) -> None:
    run = pressed(stage, "opening_preparation")
    assert run.result == "ok"
    assert {"o1-near", "o1-far", "o1-door", "o1-sign", "o1-light", "o1-kiosk", "hall-sign"} <= {row.id for row in run.rows}
    assert all(row.latency_ms is not None for row in run.rows if row.kind != "door")
    assert stage.store.run(run.id) == run
    assert [line["result"] for line in stage.lines("scene")] == ["ok"]


def test_a_whole_day_is_pressed_through(stage: Stage) -> None:
    assert pressed(stage, *UP_TO_EVALUATION).result == "ok"
    assert stage.press("report_signed", approvers=("zhang", "li"))
    assert latest(stage).result == "ok"
    over: list[LotId] = []
    stage.coordinator.lot_over = over.append
    assert pressed(stage, "close").result == "ok"
    assert (over, stage.coordinator.day[L1].phase) == ([L1], Phase.CLOSED)
    assert [line["result"] for line in stage.lines("scene")] == ["ok"] * 8


def test_of_a_dead_board_exactly_its_devices_are_named(stage: Stage) -> None:
    agent(stage, "opening").dead = True
    stage.press("opening_preparation")
    assert latest(stage).result is None
    stage.wait(8_500)
    run = latest(stage)
    assert run.result == "partial"
    assert unfinished(run) == {"o1-door", "o1-sign", "o1-light", "o1-kiosk"}
    assert {row.text for row in run.rows if not row.done and row.kind != "door"} == {"没有应答 no answer"}
    assert {line["id"] for line in stage.lines("scene")[0]["failed"]} == unfinished(run)  # type: ignore[attr-defined]


def test_a_silent_board_is_asked_again_with_the_same_generation(stage: Stage) -> None:
    agent(stage, "opening").dead = True
    stage.press("opening_preparation")
    stage.link.sent.clear()
    stage.wait(1_000)
    again = [decode(Desired, m.payload) for m in stage.link.of("desired")]
    assert again
    assert len({(d.epoch, d.generation) for d in again}) == 1


def test_a_board_that_wakes_in_time_makes_the_run_ok(stage: Stage) -> None:
    agent(stage, "opening").dead = True
    stage.press("opening_preparation")
    stage.wait(2_000)
    agent(stage, "opening").dead = False
    agent(stage, "opening").session = 2
    agent(stage, "opening").renewal = 0
    stage.say(*agent(stage, "opening").birth())
    stage.settle()
    stage.wait(1_000)
    assert latest(stage).result == "ok"


def test_a_room_that_no_camera_records_stays_shut_and_the_lot_where_it_is(stage: Stage) -> None:
    agent(stage, "recorder").broken = dict.fromkeys(stage.cameras("o1"), "没有码流 no stream")
    run = pressed(stage, "opening_preparation")
    assert run.result == "failed"
    assert {row.text for row in run.rows if row.kind == "camera"} == {"没有码流 no stream"}
    assert stage.coordinator.day[L1].phase is Phase.BOOKED
    assert all(policy.groups == () for policy in agent(stage, "opening").taken if policy.component == "o1")
    stage.wait(61_000, 1_000)
    assert stage.coordinator.day[L1].door_phase is Phase.BOOKED
    agent(stage, "recorder").broken = {}
    assert pressed(stage, "opening_preparation").result == "ok", "the camera is mended and the same scene is pressed again"


def test_doors_open_only_after_the_recorder_has_confirmed(stage: Stage) -> None:
    agent(stage, "recorder").dead = True
    stage.press("opening_preparation")
    assert not [p for p in agent(stage, "opening").taken if p.component == "o1" and p.groups]
    agent(stage, "recorder").dead = False
    stage.wait(1_000)
    assert latest(stage).result == "ok"
    assert [p.groups for p in agent(stage, "opening").taken if p.component == "o1"][-1]


def test_a_new_press_supersedes_the_run_that_still_waits(stage: Stage) -> None:
    agent(stage, "opening").dead = True
    first = stage.press("opening_preparation")
    assert isinstance(first, Run)
    second = stage.press("check_in")
    assert isinstance(second, Run)
    older = stage.store.run(first.id)
    assert older is not None and older.result == "superseded"
    assert latest(stage).id == second.id


def test_a_refused_press_changes_nothing(stage: Stage) -> None:
    stage.link.sent.clear()
    found = stage.press("opening")
    assert isinstance(found, Refusal)
    assert (found.code, stage.link.sent, stage.store.runs()) == ("wrong-phase", [], [])


# doors


def test_between_two_kinds_of_people_every_door_holds_a_clear(stage: Stage) -> None:
    pressed(stage, *UP_TO_EVALUATION)
    for board in stage.agents.values():
        for component in board.record.zones:
            last: tuple[Role, ...] = ()
            for policy in (p for p in board.taken if p.component == component):
                assert not (last and policy.groups and last != policy.groups), f"{component} of {board.record.agent} skipped CLEAR"
                last = policy.groups


def test_experts_do_not_get_in_while_a_door_is_open_or_silent(stage: Stage) -> None:
    agent(stage, "evaluation").open_doors = {"e1-door"}
    stage.tell(agent(stage, "evaluation"), "reported", agent(stage, "evaluation").report())
    pressed(stage, "opening_preparation", "check_in", "opening", "opening_end")
    stage.press("intake")
    stage.wait(8_500)
    run = latest(stage)
    assert run.result == "partial"
    assert "e1-door" in unfinished(run)
    assert not agent(stage, "evaluation").held[ComponentId("e1")].groups
    told = next(row.text for row in run.rows if row.id == "e1-door")
    assert "等待门关闭并应答" in told and "201门" in told


def test_a_board_speaks_for_its_own_doors_alone(stage: Stage) -> None:
    pressed(stage, "opening_preparation")
    agent(stage, "opening").dead = True
    stage.press("check_in")
    clear = stage.coordinator.warden.domains[ComponentId("o1")]
    assert clear.mode is DoorMode.CLEAR
    liar = agent(stage, "front")
    report = liar.report()
    lie = agent(stage, "opening")._door(DoorId("o1-door"), None, ComponentId("o1"))
    part = replace(lie.components[ComponentId("o1")], term=clear.term, epoch=clear.epoch)
    doors: dict[DoorId, DoorReport] = {**report.doors, DoorId("o1-door"): replace(lie, components={ComponentId("o1"): part})}
    stage.tell(liar, "reported", replace(report, doors=doors))
    assert stage.coordinator.warden.domains[ComponentId("o1")] == clear


def test_leases_are_renewed_three_times_before_they_end(stage: Stage) -> None:
    pressed(stage, "opening_preparation")
    stage.link.sent.clear()
    before = agent(stage, "opening").renewal
    stage.wait(60_000, 500)
    assert not stage.link.of("policy"), "what a board holds is named, and not sent again"
    assert agent(stage, "opening").leases >= 3
    assert agent(stage, "opening").renewal - before == agent(stage, "opening").leases


def test_a_board_that_does_not_say_what_it_holds_gets_the_whole_policy_each_time(stage: Stage) -> None:
    pressed(stage, "opening_preparation")
    board = agent(stage, "opening")
    board.policy = "something else"
    stage.tell(board, "reported", board.report())
    stage.link.sent.clear()
    stage.wait(60_000, 500)
    sent = [decode(SignedPolicy, m.payload) for m in stage.link.of("policy") if "/opening/" in m.topic]
    assert len(sent) == 1, "then it says so, and is named its policy again"
    assert board.leases >= 2
    board.says_policy = False
    stage.tell(board, "reported", board.report())
    stage.link.sent.clear()
    stage.wait(60_000, 500)
    renewals = [decode(SignedPolicy, m.payload) for m in stage.link.of("policy") if "/opening/" in m.topic]
    assert len(renewals) >= 3
    assert len({r.body.components for r in renewals}) == 1, "a renewal changes nothing but its number"
    assert len({r.body.renewal for r in renewals}) == len(renewals)


def test_no_policy_carries_a_card_number(stage: Stage) -> None:
    pressed(stage, "opening_preparation", "check_in")
    for message in stage.link.of("policy"):
        for someone in lot().people:
            assert card(someone.person).encode() not in message.payload


# the seal


def test_a_sealed_room_opens_with_two_people_of_two_roles(stage: Stage) -> None:
    pressed(stage, *UP_TO_EVALUATION)
    assert agent(stage, "evaluation").held[ComponentId("e1")].seal
    assert isinstance(stage.press("report_signed", approvers=("zhang", "li")), Run)
    held = agent(stage, "evaluation").held[ComponentId("e1")]
    assert (held.seal, held.groups) == (False, (Role.STF, Role.SUP, Role.WIT))
    assert "unapproved-release" not in agent(stage, "evaluation").refused
    assert stage.lines("press")[-1]["approvers"] == ["li", "zhang"]


@pytest.mark.parametrize(
    ("approvers", "why"),
    [((), "two people"), (("zhang",), "two people"), (("zhang", "zhang"), "two people"), (("zhang", "zhao"), "two different roles")],
)
def test_fewer_than_two_people_of_two_roles_lift_nothing(stage: Stage, approvers: tuple[str, ...], why: str) -> None:
    pressed(stage, *UP_TO_EVALUATION)
    before = stage.coordinator.warden.domains[ComponentId("e1")]
    stage.link.sent.clear()
    refused = stage.press("report_signed", approvers=approvers)
    assert isinstance(refused, Refusal)
    assert refused.code == "approval" and why in refused.why.en
    assert stage.coordinator.warden.domains[ComponentId("e1")] == before
    assert stage.coordinator.day[L1].phase is Phase.EVALUATION
    assert stage.link.sent == []


def test_a_signature_under_another_command_lifts_nothing(stage: Stage) -> None:
    pressed(stage, *UP_TO_EVALUATION)
    component = ComponentId("e1")
    text = stage.coordinator.warden.release_text(component)
    other = text.replace('"epoch":', '"epoch":1').encode()
    good, bad = (Approval("zhang", signing.sign(APPROVER_KEYS["zhang"], t).hex()) for t in (text.encode(), other))
    for second in (replace(bad, approver="li"), Approval("li", "zz"), Approval("nobody", good.signature), replace(good, approver="li")):
        refused = stage.coordinator.press(L1, "report_signed", "wang", {component: (good, second)}, stage.now)
        assert isinstance(refused, Refusal)
        assert stage.coordinator.warden.domains[component].seal


def test_a_seal_outlives_the_gateway(stage: Stage) -> None:
    pressed(stage, *UP_TO_EVALUATION)
    stage.restart()
    stage.settle()
    assert stage.coordinator.warden.domains[ComponentId("e1")].seal
    assert agent(stage, "evaluation").held[ComponentId("e1")].seal


# restart


@pytest.mark.parametrize("away", ["recorder", "opening"])
def test_a_run_that_was_cut_by_a_restart_goes_on_under_its_id_and_ends(stage: Stage, away: str) -> None:
    agent(stage, away).dead = True
    began = stage.press("opening_preparation")
    assert isinstance(began, Run)
    agent(stage, away).dead = False
    stage.restart()
    stage.settle()
    stage.wait(1_000)
    run = latest(stage)
    assert (run.id, run.result) == (began.id, "ok")
    assert stage.coordinator.day[L1].phase is Phase.PREPARATION
    assert stage.agents[BoardId("opening")].held[ComponentId("o1")].groups


def test_after_a_restart_the_agents_see_newer_documents_only(stage: Stage) -> None:
    pressed(stage, "opening_preparation")
    before = agent(stage, "opening").desired
    stage.restart()
    stage.settle()
    after = agent(stage, "opening").desired
    assert before is not None and after is not None
    assert (after.epoch, after.generation) > (before.epoch, before.generation)
    assert after.devices == before.devices
    assert "stale" not in agent(stage, "opening").refused


def test_who_has_arrived_is_known_again_after_a_restart(stage: Stage) -> None:
    stage.journal("gatehouse", passage(1))
    stage.restart()
    assert stage.coordinator.presence.everybody()[PersonKey("exp-1")].component == "intake"
    assert stage.coordinator.presence.everybody().keys() == {"exp-1"}


# agents that come and go


def test_a_stale_will_does_not_bury_a_living_session(stage: Stage) -> None:
    board = agent(stage, "opening")
    board.session, board.renewal = 2, 0
    stage.say(*board.birth())
    stage.tell(board, "status", Status(False, 1))
    assert stage.coordinator.agents[BoardId("opening")].online
    stage.tell(board, "status", Status(False, 2))
    assert not stage.coordinator.agents[BoardId("opening")].online


def test_a_board_with_a_new_disk_counts_from_one_and_is_heard(stage: Stage) -> None:
    board = agent(stage, "opening")
    board.session = 9
    stage.say(*board.birth())
    fresh = stage._agent(BoardId("opening"))
    stage.agents[BoardId("opening")] = fresh
    stage.say(*fresh.birth())
    stage.settle()
    found = stage.coordinator.agents[BoardId("opening")]
    assert (found.online, found.session) == (True, 1)
    assert fresh.held, "it was given its policies"
    assert pressed(stage, "opening_preparation").result == "ok"


def test_a_report_of_an_ended_session_is_not_believed(stage: Stage) -> None:
    board = agent(stage, "opening")
    old = board.report()
    board.session, board.renewal = 2, 0
    stage.say(*board.birth())
    stage.settle()
    known = stage.coordinator.agents[BoardId("opening")].reported
    stage.tell(board, "reported", replace(old, generation=10_000))
    assert stage.coordinator.agents[BoardId("opening")].reported == known


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
    assert len([m for m in stage.link.of("command") if "/gatehouse/" in m.topic]) == 3
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


# the platform


def test_a_lot_in_a_room_that_does_not_fit_is_noted_and_not_taken(stage: Stage) -> None:
    stage.book(lot("L2", opening="ballroom"), lot("L3", opening="e1"), lot("L4", evaluation="hall"), lot("L5", opening="o2"))
    assert stage.coordinator.day.keys() == {"L1", "L5"}
    details = [str(a["detail"]) for a in stage.lines("alarm")]
    assert [d.split(":")[0] for d in details] == ["lot L2", "lot L3", "lot L4"]
    assert "there are o1, o2" in details[0]


def test_the_platform_never_moves_a_phase_by_itself(stage: Stage) -> None:
    for kind in EventKind:
        event = PhaseEvent(f"e-{kind}", ProjectId("P-L1"), L1, kind, 1, bidders=2, person=PersonKey("exp-1"))
        stage.coordinator.take_phase_event(event, stage.now)
    state = stage.coordinator.day[L1]
    assert (state.phase, state.lot.bidders) == (Phase.BOOKED, 2)
    assert [p.person for p in state.lot.people if p.withdrawn] == ["exp-1"]
    assert len(stage.lines("platform")) == len(EventKind)


def test_staff_open_a_persons_window_anew_and_it_is_recorded(stage: Stage) -> None:
    assert stage.coordinator.authorise(L1, PersonKey("exp-1"), "wang", stage.now)
    assert not stage.coordinator.authorise(L1, PersonKey("nobody"), "wang", stage.now)
    assert stage.lines("authorise") == [{"person": "exp-1", "by": "wang"}]


def test_a_broker_that_forgot_everything_is_told_it_all_anew(stage: Stage) -> None:
    pressed(stage, "opening_preparation")
    stage.link.sent.clear()
    stage.coordinator.connected(stage.now)
    leaves = {m.leaf for m in stage.link.sent if m.retain}
    assert leaves >= {"gateway", "policy", "desired"}
    assert len(stage.link.of("desired")) == len(stage.agents)


def test_nothing_but_acts_is_sent_without_being_retained(stage: Stage) -> None:
    pressed(stage, "opening_preparation")
    stage.journal("gatehouse", passage(1))
    assert {m.leaf for m in stage.link.sent if not m.retain} == {"command"}
    assert decode(Command, stage.link.of("command")[0].payload).ttl_ms > 0
    assert decode(Reported, encode(agent(stage, "opening").report())).session == 1
    assert RoomId("o1") in stage.venue.rooms


def test_staff_open_one_door_once_by_a_signed_command_that_the_journal_knows_first(stage: Stage) -> None:
    door = DoorId("o1-door")
    before = len(stage.link.sent)
    assert stage.coordinator.pulse(door, "staff", stage.now) is None
    (sent,) = [m for m in stage.link.sent[before:] if m.leaf == "command"]
    command = decode(Command, sent.payload)
    assert not sent.retain and command.kind == "pulse" and command.body == {"door": door} and command.ttl_ms <= 10_000
    signed = pulse_bytes(BoardId("opening"), door, command.id, command.issued_utc_ns)
    public = bytes.fromhex(stage.agents[BoardId("opening")].record.policy_key)
    assert signing.verifies(public, signed, bytes.fromhex(command.signature))
    assert [line["body"] for line in stage.store.journal("kind = 'pulse'")] == [{"by": "staff", "command": command.id, "door": door}]


def test_a_door_that_is_not_there_or_offline_is_not_opened_and_says_so(stage: Stage) -> None:
    before = len(stage.link.sent)
    stage.coordinator.message(stage.topics.agent("opening", "status"), encode(Status(False, 1)), stage.now)
    for door, code in (("no-such-door", "unknown-door"), ("front-door", "unknown-door"), ("o1-door", "offline")):
        refused = stage.coordinator.pulse(DoorId(door), "staff", stage.now)
        assert isinstance(refused, Refusal) and refused.code == code
    assert [m for m in stage.link.sent[before:] if m.leaf == "command"] == [] and stage.store.journal("kind = 'pulse'") == []


def test_a_refusal_at_a_door_that_did_not_know_the_person_is_told_with_the_person_and_the_lot(stage: Stage) -> None:
    digest = card_digest(stage.coordinator.warden.salt, bytes.fromhex(card("bid-1")))
    body = {"rule": "I1", "because": "never", "door": "gate", "device": "gate-reader", "person": None, "credential": digest[:8]}
    stranger = {**body, "rule": "PASS-UNKNOWN", "credential": "00000000"}
    stage.journal("gatehouse", JournalEvent(1, 5, "refusal", body), JournalEvent(2, 6, "refusal", stranger))
    known, unknown = stage.store.journal("kind = 'refusal'")
    assert (known["person"], known["lot"], known["project"]) == ("bid-1", "L1", "P-L1")
    assert (unknown["person"], unknown["lot"]) == (None, None)
    told = [json.loads(row[0]) for row in stage.db.execute("SELECT body_json FROM outbox WHERE kind = 'anomaly'")]
    assert [(t["lot"], t["code"]) for t in told] == [("L1", "refused-I1")]
