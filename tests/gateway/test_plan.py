"""A press becomes stages: recordings first, then doors and screens, then what stops."""

from dataclasses import replace

import pytest
from day_case import OPENING_NS, at, county, day
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.day import LotState, may_press
from gateway.core.plan import DOORS, RECORD, STOP, Plan, door_members, plan_scene, staged_wants
from gateway.core.wants import device_wants
from venue_model.ids import LotId, RunId
from venue_model.lots import Phase
from venue_model.scenes import SCENES, Scene, SceneId

VENUE = county()
L1 = LotId("L1")


def plan(scene: str, *states: LotState) -> Plan:
    return plan_scene(VENUE, day(*states), L1, SCENES[SceneId(scene)], RunId("r1"), OPENING_NS)


def staged(found: Plan) -> dict[str, int]:
    return {member.id: member.stage for member in found.members}


def test_recording_comes_before_the_doors_of_the_room() -> None:
    found = staged(plan("opening_preparation", at(Phase.BOOKED)))
    assert (found["o1-near"], found["o1-far"]) == (RECORD, RECORD)
    assert (found["o1-door"], found["o1-sign"], found["o1-light"]) == (DOORS, DOORS, DOORS)
    assert RECORD < DOORS < STOP


def test_doors_close_before_recording_stops() -> None:
    found = staged(plan("opening_end", at(Phase.OPENING)))
    assert found["o1-door"] == DOORS
    assert found["o1-near"] == STOP


def test_devices_that_are_believed_right_are_asked_all_the_same() -> None:
    found = staged(plan("opening", at(Phase.CHECK_IN)))
    assert {"o1-near", "o1-far", "o1-sign", "o1-light", "o1-kiosk", "o1-door"} <= found.keys()


def test_another_lots_room_is_not_touched() -> None:
    found = staged(plan("opening", at(Phase.CHECK_IN), at(Phase.OPENING, "L2", opening_room="o2", evaluation_room="e2")))
    assert not [member for member in found if member.startswith(("o2-", "e2-"))]


def test_the_hall_wall_follows_every_scene_of_the_day() -> None:
    assert "hall-sign" in staged(plan("opening", at(Phase.CHECK_IN)))


def test_the_run_that_begins_a_recording_stays_its_name_until_it_ends() -> None:
    after = plan("opening_preparation", at(Phase.BOOKED)).after[L1]
    assert (after.recording, after.run, after.phase) == ("r1", "r1", Phase.PREPARATION)
    later = plan("opening", replace(at(Phase.CHECK_IN), recording=RunId("r0"))).after[L1]
    assert (later.recording, later.run) == ("r0", "r1")


def test_doors_lag_behind_the_phase_until_their_stage() -> None:
    after = plan("opening_preparation", at(Phase.BOOKED)).after[L1]
    assert after.door_phase is Phase.BOOKED


def test_a_later_stage_keeps_what_it_has_until_its_turn() -> None:
    before = at(Phase.OPENING)
    found = plan("opening_end", before)
    now = device_wants(VENUE, day(before))
    at_doors = staged_wants(now, found.members, DOORS)
    assert at_doors["o1-near"].record is not None  # type: ignore[index]
    assert staged_wants(now, found.members, STOP)["o1-near"].record is None  # type: ignore[index]


def test_the_doors_of_a_lots_rooms_are_members_by_themselves() -> None:
    assert set(door_members(plan("intake", at(Phase.OPENING_END)).members)) == {
        "o1-door", "intake-door", "gate", "e1-door", "wing-exit",
    }  # fmt: skip


@given(st.sampled_from(Phase), st.sampled_from(SceneId))
def test_no_plan_names_a_member_twice_or_one_that_does_not_exist(phase: Phase, scene: SceneId) -> None:
    states = day(at(phase), at(Phase.OPENING, "L2", opening_room="o2", evaluation_room="e2"))
    allowed = may_press(VENUE, states, L1, scene)
    if not isinstance(allowed, Scene):
        return
    found = plan_scene(VENUE, states, L1, allowed, RunId("r"), OPENING_NS)
    names = [member.id for member in found.members]
    assert len(names) == len(set(names))
    assert all(name in VENUE.devices or name in VENUE.doors for name in names)
    assert [m.stage for m in found.members] == sorted(m.stage for m in found.members)
    others = {d.id for d in VENUE.devices.values() if d.room in ("o2", "e2")}
    assert not others & set(names), "no device is in two lots' hands"
    reached = staged_wants(device_wants(VENUE, states), found.members, STOP)
    assert reached == device_wants(VENUE, found.after), "all stages together are what the day then asks"


@pytest.mark.parametrize("scene", SceneId)
def test_planning_changes_nothing(scene: SceneId) -> None:
    phase = SCENES[scene].allowed_from[0]
    states = day(at(phase))
    plan_scene(VENUE, states, L1, SCENES[scene], RunId("r"), OPENING_NS)
    assert states == day(at(phase))
