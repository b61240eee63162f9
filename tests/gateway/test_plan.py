"""A press becomes stages: recordings first, then doors and screens, then what stops."""

from dataclasses import replace

import pytest
from day_case import OPENING_NS, at, county, day
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.day import LotState, may_press
from gateway.core.plan import DOORS, RECORD, STOP, Plan, PlannedMember, door_members, plan_scene
from gateway.core.plan_check import check_plan
from gateway.core.wants import device_wants
from venue_model.ids import LotId, RunId
from venue_model.lots import Phase
from venue_model.scenes import SCENES, Scene, SceneId
from venue_model.venue import OnFail, Venue

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


def test_the_doors_of_a_lots_rooms_are_members_by_themselves() -> None:
    assert set(door_members(plan("intake", at(Phase.OPENING_END)).members)) == {
        "o1-door", "intake-door", "gate", "e1-door", "wing-exit",
    }  # fmt: skip


def test_a_plan_that_reaches_into_another_lots_room_is_refused_with_the_reason() -> None:
    states = day(at(Phase.CHECK_IN), at(Phase.SECOND_ROUND, "L2", opening_room="o2", evaluation_room="e2"))
    sound = plan_scene(VENUE, states, L1, SCENES[SceneId.OPENING], RunId("r"), OPENING_NS)
    assert check_plan(VENUE, states, sound) is None
    for member, kind in (("o2-light", "light"), ("o2-door", "door"), ("e2-near", "camera")):
        greedy = replace(sound.members[0], id=member, kind=kind)
        refused = check_plan(VENUE, states, replace(sound, members=(*sound.members, greedy)))
        assert refused is not None and refused.code == "device-taken"
        assert "L2" in refused.why.zh and "L2" in refused.why.en


def test_a_device_that_is_in_a_plan_twice_is_refused() -> None:
    states = day(at(Phase.CHECK_IN))
    sound = plan_scene(VENUE, states, L1, SCENES[SceneId.OPENING], RunId("r"), OPENING_NS)
    refused = check_plan(VENUE, states, replace(sound, members=(*sound.members, sound.members[0])))
    assert refused is not None and refused.code == "member-twice"


def test_screens_and_rooms_that_lots_share_are_in_nobodys_hands() -> None:
    states = day(at(Phase.OPENING_END), at(Phase.EVALUATION, "L2", opening_room="o2", evaluation_room="e2"))
    found = plan_scene(VENUE, states, L1, SCENES[SceneId.INTAKE], RunId("r"), OPENING_NS)
    assert {"hall-sign", "wing-cam"} <= {member.id for member in found.members}
    assert check_plan(VENUE, states, found) is None


def ruled(**devices: tuple[bool | None, OnFail | None]) -> Venue:
    changed = {
        id: replace(VENUE.devices[id], required=required, on_fail=rule)  # type: ignore[index]
        for id, (required, rule) in ((name.replace("_", "-"), said) for name, said in devices.items())
    }
    return replace(VENUE, devices={**VENUE.devices, **changed})  # type: ignore[dict-item]


def member(venue: Venue, scene: SceneId, id: str) -> PlannedMember:
    phase = SCENES[scene].allowed_from[0]
    found = plan_scene(venue, day(at(phase)), L1, SCENES[scene], RunId("r"), OPENING_NS)
    return next(m for m in found.members if m.id == id)


def test_the_venue_file_says_of_a_device_whether_it_is_needed_and_what_its_failure_means() -> None:
    assert (member(VENUE, SceneId.OPENING, "o1-sign").required, member(VENUE, SceneId.OPENING, "o1-sign").on_fail) == (True, OnFail.RETRY)
    venue = ruled(o1_sign=(False, OnFail.HOLD), o1_kiosk=(None, OnFail.COMPENSATE))
    assert (member(venue, SceneId.OPENING, "o1-sign").required, member(venue, SceneId.OPENING, "o1-sign").on_fail) == (False, OnFail.HOLD)
    assert member(venue, SceneId.OPENING, "o1-kiosk").on_fail is OnFail.COMPENSATE


def test_where_there_is_no_better_state_a_failure_is_tried_again_and_named() -> None:
    venue = ruled(o1_kiosk=(None, OnFail.COMPENSATE))
    assert member(venue, SceneId.OPENING_END, "o1-kiosk").on_fail is OnFail.RETRY


def test_once_a_lot_is_over_a_dark_sign_is_no_matter_of_the_scene() -> None:
    assert member(VENUE, SceneId.INTAKE, "o1-sign").required
    assert not member(VENUE, SceneId.CLOSE, "e1-sign").required


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
    assert check_plan(VENUE, states, found) is None
    assert [m.stage for m in found.members] == sorted(m.stage for m in found.members)
    others = {d.id for d in VENUE.devices.values() if d.room in ("o2", "e2")}
    assert not others & set(names), "no device is in two lots' hands"
    reached = device_wants(VENUE, states) | {m.id: m.want for m in found.members if m.want is not None}  # type: ignore[misc]
    assert reached == device_wants(VENUE, found.after), "all stages together are what the day then asks"


@pytest.mark.parametrize("scene", SceneId)
def test_planning_changes_nothing(scene: SceneId) -> None:
    phase = SCENES[scene].allowed_from[0]
    states = day(at(phase))
    plan_scene(VENUE, states, L1, SCENES[scene], RunId("r"), OPENING_NS)
    assert states == day(at(phase))
