"""A process that was frozen and wakes up (F4): what it was told meanwhile is too old to be done."""

import os
import signal
import time
from collections.abc import Iterator

import pytest

from simulation.stage.house import House, HouseOptions
from simulation.stage.staff import Desk
from venue_model.ids import BoardId
from venue_model.tools.files import example

pytestmark = [pytest.mark.soak, pytest.mark.timeout(240)]
FRONT, DOOR = BoardId("front"), "monitor-door"  # a door that staff may open on any day


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with House(HouseOptions(example("county_hall"), tmp_path_factory.mktemp("frozen"), pace=0.1)) as house:
        desk = Desk.open(house)
        desk.wait("all agents", desk.agents_online, 60)
        yield desk
        desk.close()


def opened(desk: Desk) -> int:
    """How often a board has opened the door for staff."""
    lines = desk.get("/events", kind="grant", limit=1000)
    return sum(line["body"].get("how") == "pulse" and line["body"].get("door") == DOOR for line in lines)


def pulse(desk: Desk) -> int:
    return desk.staff.post(f"/api/v1/doors/{DOOR}/pulse").status_code


def test_a_board_that_wakes_up_does_not_open_a_door_for_somebody_who_has_long_gone(desk: Desk) -> None:
    assert pulse(desk) == 202
    desk.wait("the door to open for staff", lambda: opened(desk) == 1, 20)
    pid = desk.house.agents[FRONT].pid
    os.kill(pid, signal.SIGSTOP)
    try:
        assert pulse(desk) == 202, "nobody can know yet"
        time.sleep(8)  # a pulse is worth five seconds
    finally:
        os.kill(pid, signal.SIGCONT)
    desk.wait("the board to be there", desk.agents_online, 60)
    time.sleep(3)
    assert opened(desk) == 1
    assert pulse(desk) == 202
    desk.wait("the door to open again", lambda: opened(desk) == 2, 20)
