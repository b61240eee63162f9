"""Which scenes staff may press, and why not."""

import datetime
from dataclasses import replace

import pytest
from day_case import OPENING_NS, at, county, day, lot, person
from hypothesis import given
from hypothesis import strategies as st
from passage_case import passage_house

from gateway.core.day import (
    LOCAL,
    LotState,
    Refusal,
    ask,
    curfew_due,
    inquiry_rooms,
    live,
    may_press,
    parts,
    pressable,
    seals_after,
    warning,
)  # fmt: skip
from gateway.core.parts import held_rooms
from gateway.core.plan import plan_scene
from gateway.core.retelling import retold
from venue_model.groups import Role
from venue_model.ids import ComponentId, LotId, PersonKey, RoomId, RunId
from venue_model.lots import Person, Phase
from venue_model.moments import S
from venue_model.profiles import DoorMode
from venue_model.scenes import PHASE_ASKS, SCENES, Part, Scene, SceneId
from venue_model.tools.files import example, read_venue
from venue_model.zones import Zone

VENUE = county()
L1 = LotId("L1")


@pytest.mark.parametrize("scene", SceneId)
def test_a_scene_may_be_pressed_exactly_from_its_phases(scene: SceneId) -> None:
    for phase in set(Phase) - {Phase.SUSPENDED, Phase.BOOKED}:
        found = may_press(VENUE, day(at(phase)), L1, scene)
        if phase in SCENES[scene].allowed_from:
            assert found == SCENES[scene]
        else:
            assert isinstance(found, Refusal)
            assert found.code == "wrong-phase"
            assert phase in found.why.zh and phase in found.why.en


def test_the_buttons_that_are_offered_are_those_that_may_be_pressed() -> None:
    for phase in Phase:
        offered = {scene.id for scene in pressable(at(phase))}
        assert offered == {s for s in SceneId if isinstance(may_press(VENUE, day(at(phase)), L1, s), Scene)}


def test_a_day_begins_in_the_opening_room_or_where_there_is_none_with_the_experts() -> None:
    assert [scene.id for scene in pressable(at(Phase.BOOKED))] == ["opening_preparation"]
    side_venue = at(Phase.BOOKED, opening_room=None)
    assert [scene.id for scene in pressable(side_venue)] == ["intake"]
    evaluating = at(Phase.EVALUATION, opening_room=None)
    assert "second_round" not in {scene.id for scene in pressable(evaluating)}, "bidders quote where the bids are opened"
    refused = may_press(VENUE, day(side_venue), L1, "opening_preparation")
    assert isinstance(refused, Refusal) and refused.code == "wrong-phase"


@pytest.mark.parametrize("was", SCENES[SceneId.SUSPEND].allowed_from)
def test_a_suspended_lot_goes_back_to_where_it_was_or_to_its_end(was: Phase) -> None:
    suspended = plan_scene(VENUE, day(at(was)), L1, SCENES[SceneId.SUSPEND], RunId("r"), OPENING_NS).after[L1]
    assert (suspended.phase, suspended.suspended_from) == (Phase.SUSPENDED, was)
    reached = {scene.leads_to for scene in pressable(suspended)}
    assert reached - {was} == {Phase.FAILED, Phase.ABORTED} | ({Phase.OPENING} if was is Phase.CHECK_IN else set())
    assert was in reached, "as it was"


@pytest.mark.parametrize("was", SCENES[SceneId.SUSPEND].allowed_from)
@pytest.mark.parametrize("part", Part)
def test_a_suspended_lot_keeps_its_rooms_sealed_and_recorded_and_admits_nobody(was: Phase, part: Part) -> None:
    before, frozen = ask(was, part), ask(Phase.SUSPENDED, part, was)
    assert (frozen.seal, frozen.record, frozen.light) == (before.seal, before.record, before.light)
    assert frozen.mode is DoorMode.CLEAR
    if before.in_use:
        assert before.mode in frozen.lingering, "whoever was let in may still be inside"
        assert frozen.sign in (("", ""), ("暂停", "Suspended"))


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
    own = {Part.OPENING, Part.EVALUATION, Part.WING}
    assert {part for part, _ in parts(VENUE, at(Phase.BOOKED))} == own, "passages it has none, and inquiry rooms are given later"


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
    states = [at(phase, f"L{n}", opening_room=f"o{1 + n % 2}", inquiry=()) for n, phase in enumerate(phases)]
    found = may_press(VENUE, day(*states), states[0].lot.id, scene)
    if isinstance(found, Scene):
        after = plan_scene(VENUE, day(*states), states[0].lot.id, found, RunId("r"), OPENING_NS).after[states[0].lot.id]
        taken = held_rooms(VENUE, replace(after, door_phase=after.phase)) - held_rooms(VENUE, states[0])
        assert not [room for other in states[1:] for room in held_rooms(VENUE, other) & taken]


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
    after, late = retold(VENUE, day(at(phase)), at(phase), told)
    assert (after.lot.opening_room, after.lot.evaluation_room, late) == (opening, evaluation, kept)
    assert after.lot.bidders == 5 and after.phase is phase


# seats


def seated(*seats: str | None) -> tuple[Person, ...]:
    return tuple(replace(person(f"exp-{n}", Role.EXP), seat=seat) for n, seat in enumerate(seats, 1))  # type: ignore[arg-type]


def test_a_seat_is_one_lots_at_a_time() -> None:
    house = passage_house("dispersed")
    ours = at(Phase.OPENING_END, people=seated("e1", "e3"), evaluation_room=None)
    theirs = at(Phase.EVALUATION, "L2", opening_room="o2", people=seated("e2", "e3"), evaluation_room=None)
    refused = may_press(house, day(ours, theirs), L1, "intake")
    assert isinstance(refused, Refusal) and refused.code == "room-taken" and "L2" in refused.why.en
    free = at(Phase.OPENING_END, people=seated("e1"), evaluation_room=None)
    assert isinstance(may_press(house, day(free, theirs), L1, "intake"), Scene)


def test_a_member_drawn_in_addition_gets_a_seat_and_who_is_no_longer_named_keeps_theirs_shut() -> None:
    house = passage_house("dispersed")
    ours = at(Phase.INTAKE, people=seated("e1", "e2"), evaluation_room=None)
    other = at(Phase.EVALUATION, "L2", opening_room="o2", people=seated("e3"), evaluation_room=None)
    first, second = seated("e1", "e2")
    moved = replace(first, seat=RoomId("e3"))
    late = replace(second, person=PersonKey("late"), card="0a0b0c0d", seat=RoomId("e2"))
    after, kept = retold(house, day(ours, other), ours, replace(ours.lot, people=(moved, late)))
    by_name = {p.person: p for p in after.lot.people}
    assert (by_name["exp-1"].seat, by_name["late"].seat) == ("e1", "e2") and kept, "who sits stays"
    assert by_name["exp-2"].withdrawn and by_name["exp-2"].seat == "e2"
    nowhere, _ = retold(house, day(ours, other), ours, replace(ours.lot, people=(first, replace(late, seat=RoomId("e3")))))
    assert [p.seat for p in nowhere.lot.people if p.person == "late"] == [None], "a seat of another lot is not given away"


# inquiry, second round, night


def test_an_inquiry_takes_the_first_free_pair_of_rooms_beside_the_committee() -> None:
    reference = read_venue(example("hunan_2016"))
    ground = {"people": (person("exp-1", Role.EXP), person("bid-1", Role.BID)), "bidders": 3}

    def asking(n: int, room: str) -> LotState:
        return at(Phase.EVALUATION, f"L{n}", opening_room=f"o10{n}", evaluation_room=room, **ground)

    states = day(asking(1, "e301"), asking(2, "e302"), asking(3, "e401"), asking(4, "e303"))
    given = {}
    for n in (1, 3, 2):
        lot = LotId(f"L{n}")
        states = plan_scene(reference, states, lot, SCENES[SceneId.INQUIRY], RunId("r"), OPENING_NS).after
        given[n] = states[lot].inquiry
    assert given == {1: ("qe1", "qb1"), 2: ("qe2", "qb2"), 3: ("qe3", "qb3")}, "the third pair is the one on floor 4"
    refused = may_press(reference, states, LotId("L4"), "inquiry")
    assert isinstance(refused, Refusal) and refused.code == "room-taken"
    states = plan_scene(reference, states, LotId("L2"), SCENES[SceneId.EVALUATION], RunId("r"), OPENING_NS).after
    back = {**states, LotId("L2"): replace(states[LotId("L2")], door_phase=Phase.EVALUATION)}
    assert isinstance(may_press(reference, back, LotId("L4"), "inquiry"), Scene), "once its doors have followed, too"


def test_of_a_remote_evaluation_each_venue_gives_the_side_that_is_there() -> None:
    here = at(Phase.EVALUATION, opening_room=None)
    assert inquiry_rooms(VENUE, day(here), here) == ("q-experts",)
    there = at(Phase.EVALUATION, evaluation_room=None)
    assert inquiry_rooms(VENUE, day(there), there) == ("q-bidders",)


def test_a_house_without_inquiry_rooms_says_so() -> None:
    branch = read_venue(example("one_pi_branch"))
    [room] = [room.id for room in branch.rooms_of(Zone.EVALUATION)]
    opening = branch.rooms_of(Zone.OPENING)[0].id
    refused = may_press(branch, day(at(Phase.EVALUATION, opening_room=opening, evaluation_room=room)), L1, "inquiry")
    assert isinstance(refused, Refusal) and refused.code == "no-room"


def test_a_second_round_waits_until_the_opening_room_is_free() -> None:
    busy = day(at(Phase.EVALUATION), at(Phase.OPENING, "L2", evaluation_room="e2"))
    refused = may_press(VENUE, busy, L1, "second_round")
    assert isinstance(refused, Refusal) and refused.code == "room-taken"


@pytest.mark.parametrize(
    ("phase", "scene", "lifted"),
    [
        (Phase.EVALUATION, SceneId.INQUIRY, True),
        (Phase.EVALUATION, SceneId.REPORT_SIGNED, True),
        (Phase.EVALUATION, SceneId.OVERNIGHT, False),
        (Phase.EVALUATION, SceneId.SECOND_ROUND, False),
        (Phase.EVALUATION, SceneId.SUSPEND, False),
        (Phase.INQUIRY, SceneId.EVALUATION, False),
    ],
)
def test_two_people_are_asked_for_every_seal_that_goes_and_for_no_other(phase: Phase, scene: SceneId, lifted: bool) -> None:
    after = seals_after(VENUE, day(at(phase)), at(phase), SCENES[scene])
    assert after[ComponentId("e1")] is not lifted
    assert SCENES[scene].two_person is lifted


@pytest.mark.parametrize("scene", [SceneId.ABORT, SceneId.FAILED_TENDER])
@pytest.mark.parametrize("was", [Phase.OPENING, Phase.EVALUATION])
def test_the_end_of_a_suspended_lot_asks_two_people_only_where_it_was_sealed(scene: SceneId, was: Phase) -> None:
    state = replace(at(Phase.SUSPENDED), suspended_from=was)
    sealed = state.wish(Part.EVALUATION).seal
    assert sealed is (was is Phase.EVALUATION)
    after = seals_after(VENUE, day(state), state, SCENES[scene])
    assert not any(after.values())
    assert (ComponentId("e1") in after) is sealed


NINE, CURFEW = (int(datetime.datetime(2027, 1, 15, hour, tzinfo=LOCAL).timestamp()) * S for hour in (9, 21))
H = 3600 * S


@pytest.mark.parametrize(
    ("phase", "since", "now", "due"),
    [
        (Phase.EVALUATION, NINE, CURFEW - 1, False),
        (Phase.EVALUATION, NINE, CURFEW, True),
        (Phase.EVALUATION, NINE, CURFEW + 5 * H, True),  # past midnight
        (Phase.EVALUATION, CURFEW + H, CURFEW + 2 * H, False),  # somebody decided to go on
        (Phase.EVALUATION, CURFEW + H, CURFEW + 24 * H, True),
        (Phase.INQUIRY, NINE, CURFEW, True),
        (Phase.SECOND_ROUND, NINE, CURFEW, True),
        (Phase.OVERNIGHT, NINE, CURFEW + H, False),
        (Phase.REPORT_SIGNED, NINE, CURFEW, False),
        (Phase.OPENING, NINE, CURFEW, False),
    ],
)
def test_at_the_curfew_every_evaluation_that_goes_on_is_due_for_the_night(phase: Phase, since: int, now: int, due: bool) -> None:
    states = day(replace(at(phase), phase_utc_ns=since))
    assert curfew_due(passage_house(), states, now) == ((L1,) if due else ())
    assert curfew_due(VENUE, states, now) == (), "a venue without a curfew"
