"""A booked lot on a gateway whose agents answer in real bytes, and short words for what its tests do."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from day_case import lot
from fake_agents import FakeAgent, Stage

from gateway.core.scene_run import Run
from venue_model.ids import BoardId, LotId
from venue_model.wire import JournalEvent

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
