"""Which scenes staff may press, and why not."""

from dataclasses import replace

import pytest
from day_case import at, county, day, lot
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.day import Refusal, ask, live, may_press, parts, retold, warning
from venue_model.ids import LotId
from venue_model.lots import Phase
from venue_model.scenes import PHASE_ASKS, SCENES, Part, Scene, SceneId, scenes_from

VENUE = county()
L1 = LotId("L1")


@pytest.mark.parametrize("scene", SceneId)
def test_a_scene_may_be_pressed_exactly_from_its_phases(scene: SceneId) -> None:
    for phase in Phase:
        found = may_press(VENUE, day(at(phase)), L1, scene)
        if phase in SCENES[scene].allowed_from:
            assert found == SCENES[scene]
        else:
            assert isinstance(found, Refusal)
            assert found.code == "wrong-phase"
            assert phase in found.why.zh and phase in found.why.en


def test_the_buttons_that_are_offered_are_those_that_may_be_pressed() -> None:
    for phase in Phase:
        offered = {scene.id for scene in scenes_from(phase)}
        assert offered == {s for s in SceneId if isinstance(may_press(VENUE, day(at(phase)), L1, s), Scene)}


def test_the_four_scenes_of_the_reference_system_are_there_by_their_names() -> None:
    assert [(s.value, SCENES[s].zh) for s in list(SceneId)[:4]] == [
        ("opening_preparation", "开标准备"), ("opening", "开标开始"), ("opening_end", "开标结束"), ("failed_tender", "流标"),
    ]  # fmt: skip


def test_a_whole_day_can_be_pressed_through_from_booked_to_closed() -> None:
    phase = Phase.BOOKED
    for scene in ("opening_preparation", "check_in", "opening", "opening_end", "intake", "evaluation", "report_signed", "close"):
        found = may_press(VENUE, day(at(phase)), L1, scene)
        assert isinstance(found, Scene)
        phase = found.leads_to
    assert phase is Phase.CLOSED


def test_fewer_than_three_bidders_never_open_but_are_not_declared_failed_either() -> None:
    few = day(at(Phase.CHECK_IN, bidders=2))
    refused = may_press(VENUE, few, L1, "opening")
    assert isinstance(refused, Refusal)
    assert refused.code == "too-few-bidders"
    assert isinstance(may_press(VENUE, few, L1, "failed_tender"), Scene)
    warned = warning(few[L1])
    assert warned is not None and "2" in warned.zh


def test_a_count_that_nobody_told_stops_nobody() -> None:
    unknown = day(at(Phase.CHECK_IN, bidders=None))
    assert isinstance(may_press(VENUE, unknown, L1, "opening"), Scene)
    assert warning(unknown[L1]) is None
    assert warning(at(Phase.OPENING, bidders=1)) is None, "once it is open the warning is history"


def test_two_lots_never_hold_one_opening_room() -> None:
    both = day(at(Phase.BOOKED), at(Phase.OPENING, "L2"))
    refused = may_press(VENUE, both, L1, "opening_preparation")
    assert isinstance(refused, Refusal)
    assert (refused.code, "L2" in refused.why.en) == ("room-taken", True)
    other_room = day(at(Phase.BOOKED), at(Phase.OPENING, "L2", opening_room="o2"))
    assert isinstance(may_press(VENUE, other_room, L1, "opening_preparation"), Scene)


def test_two_lots_never_hold_one_evaluation_room() -> None:
    both = day(at(Phase.OPENING_END), at(Phase.EVALUATION, "L2", opening_room="o2"))
    refused = may_press(VENUE, both, L1, "intake")
    assert isinstance(refused, Refusal)
    assert refused.code == "room-taken"


def test_a_lot_in_evaluation_leaves_its_opening_room_to_the_next() -> None:
    assert isinstance(may_press(VENUE, day(at(Phase.BOOKED), at(Phase.EVALUATION, "L2")), L1, "opening_preparation"), Scene)


def test_what_does_not_exist_is_named() -> None:
    no_lot = may_press(VENUE, {}, LotId("L9"), "opening")
    no_scene = may_press(VENUE, day(at(Phase.BOOKED)), L1, "party")
    assert isinstance(no_lot, Refusal) and isinstance(no_scene, Refusal)
    assert (no_lot.code, no_scene.code) == ("unknown-lot", "unknown-scene")
    assert "opening_preparation" in no_scene.why.en, "the way out is named"


def test_a_lot_without_evaluation_touches_its_opening_room_alone() -> None:
    assert list(parts(VENUE, at(Phase.BOOKED, evaluation_room=None))) == [(Part.OPENING, "o1")]
    assert {part for part, _ in parts(VENUE, at(Phase.BOOKED))} == set(Part)


def test_a_day_that_is_over_asks_for_nothing() -> None:
    assert list(live(day(at(Phase.CLOSED), at(Phase.ABORTED, "L2"), at(Phase.OPENING, "L3")))) == [at(Phase.OPENING, "L3")]
    assert PHASE_ASKS.keys() == set(Phase)


@given(st.sampled_from(Phase), st.sampled_from(Part))
def test_a_room_that_admits_bidders_or_experts_is_recorded(phase: Phase, part: Part) -> None:
    wish = ask(phase, part)
    assert wish.record or wish.mode.value not in {"check_in", "opening", "intake", "evaluation"}
    assert not wish.show_project or part is Part.OPENING


@given(st.lists(st.sampled_from(Phase), min_size=2, max_size=3), st.sampled_from(SceneId))
def test_pressing_never_brings_two_lots_into_one_room(phases: list[Phase], scene: SceneId) -> None:
    holding = {Phase.PREPARATION, Phase.CHECK_IN, Phase.OPENING, Phase.OPENING_END, Phase.SUSPENDED, Phase.FAILED}
    states = [at(phase, f"L{n}", evaluation_room=None) for n, phase in enumerate(phases)]
    found = may_press(VENUE, day(*states), states[0].lot.id, scene)
    if isinstance(found, Scene):
        after = [replace(states[0], phase=found.leads_to), *states[1:]]
        if found.leads_to in holding:
            assert sum(s.phase in holding for s in after) == 1


@pytest.mark.parametrize(
    ("phase", "opening", "evaluation", "kept"),
    [
        (Phase.BOOKED, "o2", "e2", False),
        (Phase.PREPARATION, "o1", "e2", True),
        (Phase.OPENING_END, "o1", "e2", True),
        (Phase.INTAKE, "o1", "e1", True),
        (Phase.EVALUATION, "o1", "e1", True),
        (Phase.CLOSED, "o1", "e1", True),
    ],
)
def test_a_room_change_is_followed_until_people_are_called_to_the_room(phase: Phase, opening: str, evaluation: str, kept: bool) -> None:
    told = lot("L1", opening="o2", evaluation="e2", bidders=5)
    after, late = retold(at(phase), told)
    assert (after.lot.opening_room, after.lot.evaluation_room, late) == (opening, evaluation, kept)
    assert after.lot.bidders == 5 and after.phase is phase
