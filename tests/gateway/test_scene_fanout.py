"""A scene to many boards at once: what is stored first, what counts as an answer, and when the documents follow."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from coordinator_case import L1, agent, latest, pressed, stage
from fake_agents import Published, Stage

from gateway.core.scene_run import Run
from gateway.shell.agents import CommitFirst
from gateway.shell.scene_orders import A_TURN, FOLLOW_MS
from venue_model.ids import BoardId, DeviceId
from venue_model.moments import MS
from venue_model.wire import Desired, DeviceReport, Reported, RoomScene, decode, encode

__all__ = ("stage",)  # a fixture


def beside(stage: Stage) -> sqlite3.Connection:
    """What a crash at this moment would find: another connection sees only what was committed."""
    return sqlite3.connect(stage.folder / "venue.db")


@pytest.fixture
def committed(stage: Stage) -> Iterator[sqlite3.Connection]:
    found = beside(stage)
    yield found
    found.close()


def test_run_and_generations_are_committed_before_the_first_message_leaves(stage: Stage, committed: sqlite3.Connection) -> None:
    told: list[str] = []

    def watch(message: Published) -> None:
        told.append(message.leaf)
        if message.leaf == "scene":
            scene = decode(RoomScene, message.payload)
            assert committed.execute("SELECT count(*) FROM run WHERE id = ?", (scene.run,)).fetchone() == (1,)
            stored = dict(committed.execute("SELECT id, generation FROM agent").fetchall())
            assert all(stored[board] >= generation for board, generation in scene.members.items())

    stage.link.watch = watch
    pressed(stage, "opening_preparation")
    assert "scene" in told


def test_a_press_is_one_commit(stage: Stage) -> None:
    pressed(stage, "opening_preparation")
    commits: list[str] = []
    stage.db.conn.set_trace_callback(lambda text: commits.append(text) if text.startswith("COMMIT") else None)
    before = len(stage.link.sent)
    stage.coordinator.press(L1, "check_in", "wang", {}, stage.now)
    stage.db.conn.set_trace_callback(None)
    assert len(stage.link.sent) > before
    assert len(commits) == 1


def test_a_press_that_fails_in_the_middle_sends_nothing(
    stage: Stage, committed: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("disk full")

    before = len(stage.link.sent)
    monkeypatch.setattr(stage.store, "save_agents", full)
    with pytest.raises(sqlite3.OperationalError):
        stage.coordinator.press(L1, "opening_preparation", "wang", {}, stage.now)
    assert len(stage.link.sent) == before
    assert committed.execute("SELECT count(*) FROM run").fetchone() == (0,)


def test_an_act_inside_an_act_is_one_commit_and_keeps_the_order(stage: Stage) -> None:
    sent: list[str] = []

    class Link:
        def publish(self, topic: str, payload: bytes, *, retain: bool) -> None:
            assert not stage.db.conn.in_transaction
            sent.append(topic)

    link = CommitFirst(Link(), stage.store)
    link.publish("at once", b"", retain=False)
    with link.after_commit():
        link.publish("first", b"", retain=False)
        with link.after_commit():
            link.then(lambda: sent.append("told"))
            link.publish("second", b"", retain=False)
        assert sent == ["at once"]
    assert sent == ["at once", "first", "told", "second"]


# answers


def report(stage: Stage, board: str, generation: int, ahead: tuple[int, int] | None, code: int = 200) -> Reported:
    devices = {d.id: DeviceReport(code, ahead=ahead) for d in stage.venue.devices.values() if d.board == board}
    return Reported(1, stage.coordinator.epoch, generation, devices, agent(stage, board).report().doors)


def test_an_answer_to_the_broadcast_counts_before_the_document_has_come(stage: Stage) -> None:
    documents = len(stage.link.of("desired"))
    stage.coordinator.press(L1, "opening_preparation", "wang", {}, stage.now)
    stage.deliver()
    assert latest(stage).result == "ok"
    assert len(stage.link.of("desired")) == documents, "nobody has waited for them"
    stage.settle()
    assert len(stage.link.of("desired")) > documents


@pytest.mark.parametrize(("epochs", "generations"), [(0, -1), (-1, 0), (-1, 99)])
def test_an_answer_to_an_older_broadcast_counts_for_nothing(stage: Stage, epochs: int, generations: int) -> None:
    for each in stage.agents.values():
        each.dead = True
    stage.press("opening_preparation")
    wanted = stage.coordinator.agents[BoardId("recorder")].generation
    stage.tell(agent(stage, "recorder"), "reported", report(stage, "recorder", 0, (stage.coordinator.epoch + epochs, wanted + generations)))
    assert not any(row.done for row in latest(stage).rows)
    stage.tell(agent(stage, "recorder"), "reported", report(stage, "recorder", 0, (stage.coordinator.epoch, wanted)))
    assert any(row.done for row in latest(stage).rows)


def test_answers_that_came_together_are_one_step_and_none_is_missed(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    for each in stage.agents.values():
        each.dead = True
    stage.press("opening_preparation")
    steps: list[object] = []
    take = stage.coordinator.scenes.take_answers
    monkeypatch.setattr(stage.coordinator.scenes, "take_answers", lambda now, only=None: (steps.append(only), take(now, only=only)))
    for name in ("recorder", "opening", "front"):
        generation = stage.coordinator.agents[BoardId(name)].generation
        message = report(stage, name, generation, None)
        stage.coordinator.hear(agent(stage, name).topic("reported"), encode(message), stage.now)
    assert steps == []
    stage.coordinator.settle(stage.now)
    assert len(steps) == 1
    run = latest(stage)
    assert all(row.done for row in run.rows if row.agent == "recorder" and row.stage <= 0)
    stage.coordinator.settle(stage.now)
    assert len(steps) == 1, "nothing new, nothing to do"


# documents


def test_documents_follow_paced_and_each_board_gets_the_newest_only(stage: Stage) -> None:
    stage.coordinator.press(L1, "opening_preparation", "wang", {}, stage.now)
    stage.deliver()
    stage.coordinator.press(L1, "check_in", "wang", {}, stage.now)
    stage.deliver()
    before = len(stage.link.of("desired"))
    orders = stage.coordinator.scenes.orders
    orders.pay(replace(stage.now, mono_ns=stage.now.mono_ns + (FOLLOW_MS - 1) * MS))
    assert len(stage.link.of("desired")) == before
    stage.wait(FOLLOW_MS + 50)
    fresh = stage.link.of("desired")[before:]
    assert len(fresh) == len({message.topic for message in fresh}) <= A_TURN
    run = stage.run()
    assert isinstance(run, Run)
    told = {stage.topics.parse_agent(message.topic)[0]: decode(Desired, message.payload) for message in fresh}  # type: ignore[index]
    assert {row.agent for row in run.rows} <= told.keys()
    for board, document in told.items():
        assert document.generation == stage.coordinator.agents[board].generation
        assert document.devices == {
            device: stage.coordinator.scenes.wants[device]
            for device in (DeviceId(d.id) for d in stage.venue.devices.values() if d.board == board)
            if device in stage.coordinator.scenes.wants
        }
    assert orders.due_ns is None


def test_a_gateway_that_dies_before_the_documents_have_left_sends_them_in_its_next_life(tmp_path: Path, stage: Stage) -> None:
    stage.coordinator.press(L1, "opening_preparation", "wang", {}, stage.now)
    stage.deliver()
    assert stage.coordinator.scenes.orders.due_ns is not None
    stage.restart()
    stage.settle()
    for each in stage.agents.values():
        assert each.desired is not None and each.desired.epoch == stage.coordinator.epoch
        assert each.ahead == {}
