"""Leaving is free, also into a guarded passage: whoever stands there is reckoned with, by whatever door they came."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from day_case import lot
from fake_agents import Stage
from passage_case import passage_house

from gateway.core.clearing import Waits
from venue_model.groups import Role
from venue_model.ids import BoardId, ComponentId, DoorId

LINK, INTAKE, O2 = ComponentId("link"), ComponentId("intake"), ComponentId("o2")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path, passage_house())
    stage.open()
    yield stage
    stage.close()


def walks(stage: Stage, door: str, out_of: ComponentId | None, into: ComponentId | None) -> None:
    """Somebody passes, and the board reports both sides at once."""
    agent = stage.agents[BoardId("b")]
    for component, step in ((out_of, -1), (into, 1)):
        if component is not None:
            agent.net[DoorId(door), component] = agent.net.get((DoorId(door), component), 0) + step
    stage.tell(agent, "reported", agent.report())
    stage.settle()


def test_an_expert_who_comes_out_into_an_empty_passage_is_not_taken_for_one_of_its_own(stage: Stage) -> None:
    """Two exits in a row, after the passage was proven empty: without it bidders were let in beside the expert."""
    warden = stage.coordinator.warden
    intake = warden.domains[INTAKE]
    warden.domains[INTAKE] = replace(intake, residual=(Role.EXP,), reports=intake.reports)
    walks(stage, "intake-door", None, INTAKE)
    assert Role.EXP not in warden.domains[LINK].residual
    walks(stage, "intake-door", INTAKE, LINK)
    assert Role.EXP in warden.domains[LINK].residual
    stage.book(lot(evaluation=None))
    for scene in ("opening_preparation", "check_in"):
        stage.press(scene)
    waiting = warden.waiting[LINK]
    assert waiting is None or waiting.what is not Waits.OPEN
    assert Role.BID not in warden.domains[LINK].groups


def test_a_passage_that_nobody_is_counted_in_keeps_nobody_waiting(stage: Stage) -> None:
    warden = stage.coordinator.warden
    warden.domains[INTAKE] = replace(warden.domains[INTAKE], residual=(Role.EXP,))
    walks(stage, "link-door", None, None)
    assert warden.domains[LINK].residual == ()
