"""The gateway's heart over a real database: scenes, restarts, agents that come and go, the platform; agents answer in real bytes."""

import json
from dataclasses import replace

import pytest
from coordinator_case import L1, UP_TO_EVALUATION, agent, latest, passage, pressed, stage, unfinished
from day_case import card, lot
from fake_agents import Stage

from gateway.core.day import Refusal
from gateway.core.scene_run import Run
from gateway.trading.base import EventKind, PhaseEvent
from venue_model import signing
from venue_model.ids import BoardId, ComponentId, DoorId, LotId, PersonKey, ProjectId, RoomId
from venue_model.lots import Phase
from venue_model.passes import card_digest
from venue_model.signed import pulse_bytes
from venue_model.wire import Command, Desired, JournalEvent, Reported, Status, decode, encode

__all__ = ("stage",)  # a fixture


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
    stage.wait(1_500)
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
