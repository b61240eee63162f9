"""A run: stages pass when devices say so, silence is repeated, and the result names every device."""

from dataclasses import replace

import pytest
from day_case import OPENING_NS, at, county, day
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.plan import DOORS, RECORD, STOP, UNDO, Plan, plan_scene, plan_undo
from gateway.core.scene_run import (
    AWAY,
    MAX_ATTEMPTS,
    NO_ANSWER,
    NOT_IN_TIME,
    Compensate,
    Effect,
    Finished,
    Run,
    Send,
    answered,
    begin,
    compensating,
    go_on,
    held_by,
    resumed,
    seen,
    superseded,
    try_again,
    wake_ns,
    woken,
)
from venue_model.ids import BoardId, LotId, RunId
from venue_model.lots import Phase
from venue_model.members import AWAY_LIMIT_MS, COMMON_LIMIT_MS, LIMIT_MS, Undo, undo
from venue_model.moments import MS, Now
from venue_model.scenes import SCENES, Part, SceneId
from venue_model.venue import OnFail
from venue_model.wire import ACCEPTED, APPLIED, FAULT

VENUE = county()


def now(ms: int = 0) -> Now:
    return Now(ms * MS, OPENING_NS + ms * MS)


def preparing() -> Run:
    """开标准备: cameras, then doors and screens."""
    plan = plan_scene(VENUE, day(at(Phase.BOOKED)), LotId("L1"), SCENES[SceneId.OPENING_PREPARATION], RunId("r"), OPENING_NS)
    run, effects = begin(plan, "wang", now())
    assert effects == (Send(("recorder",), RECORD),)  # type: ignore[arg-type]
    return run


def all_of(run: Run, code: int = APPLIED, but: tuple[str, ...] = ()) -> dict[str, tuple[int, str]]:
    return {row.id: (code, "") for row in run.rows if row.stage == run.stage and row.id not in but}


def code_of(run: Run, member: str) -> int:
    return next(row.code for row in run.rows if row.id == member)


def test_a_run_in_which_everybody_answers_is_ok() -> None:
    run, effects = answered(preparing(), all_of(preparing()), now(200))
    assert (run.stage, [type(e) for e in effects]) == (DOORS, [Send])
    run, effects = answered(run, all_of(run), now(300))
    assert (run.result, effects) == ("ok", (Finished("ok"),))
    assert {row.latency_ms for row in run.rows if row.stage == RECORD} == {200}
    assert {row.latency_ms for row in run.rows if row.stage == DOORS} == {100}


def test_doors_wait_for_the_last_camera() -> None:
    run, effects = answered(preparing(), all_of(preparing(), but=("o1-far",)), now(100))
    assert (run.stage, effects) == (RECORD, ())


def test_in_progress_is_no_answer_for_good() -> None:
    run, effects = answered(preparing(), all_of(preparing(), ACCEPTED), now(100))
    assert (run.stage, run.result, effects) == (RECORD, None, ())


def test_one_camera_of_two_is_enough_to_open_and_the_other_is_named() -> None:
    run, _ = answered(preparing(), {**all_of(preparing()), "o1-far": (FAULT, "no stream")}, now(100))
    run, effects = answered(run, all_of(run), now(200))
    assert effects == (Finished("partial"),)
    assert [(row.id, row.text) for row in run.rows if not row.done] == [("o1-far", "no stream")]


def test_a_room_that_no_camera_records_does_not_open() -> None:
    run, effects = answered(preparing(), all_of(preparing(), FAULT), now(100))
    assert effects == (Finished("failed"),)
    assert run.stage == RECORD
    assert code_of(run, "o1-door") == 0


def test_an_optional_device_that_fails_makes_it_degraded_only() -> None:
    run, _ = answered(preparing(), all_of(preparing()), now(100))
    run, effects = answered(run, {**all_of(run), "o1-light": (FAULT, "lamp")}, now(200))
    assert effects == (Finished("degraded"),)


def test_the_silent_are_asked_again_and_at_last_named() -> None:
    run = preparing()
    run, effects = woken(run, now(100))
    assert effects == (), "it is too early to repeat"
    run, effects = woken(run, now(400))
    assert effects == (Send(("recorder",), RECORD, again=True),)  # type: ignore[arg-type]
    run, effects = woken(run, now(500))
    assert effects == (), "the second repeat waits longer"
    run, effects = woken(run, now(LIMIT_MS["camera"]))
    assert effects == (Finished("failed"),)
    assert {row.text for row in run.rows if row.stage == RECORD} == {"没有应答 no answer"}


def test_nothing_changes_before_the_run_asks_to_be_woken() -> None:
    run, woken_at = preparing(), []
    while (moment_ns := wake_ns(run)) is not None:
        at_ms = -(-moment_ns // MS)
        assert woken(run, now(at_ms - 1)) == (run, ())
        run, effects = woken(run, now(at_ms))
        assert effects
        woken_at.append(at_ms)
    assert woken_at[:2] == [400, 800]
    assert woken_at[-1] == LIMIT_MS["camera"], "cameras that stay silent end the run"


def test_repeats_end_after_some_attempts() -> None:
    run, sent = preparing(), 1
    for ms in range(0, LIMIT_MS["camera"], 50):
        run, effects = woken(run, now(ms))
        sent += len(effects)
    assert sent == MAX_ATTEMPTS


def test_a_door_that_waits_too_long_is_told_as_unfinished() -> None:
    run, _ = answered(preparing(), all_of(preparing()), now(0))
    run, _ = answered(run, {**all_of(run), "o1-door": (ACCEPTED, "室内还有 1 人")}, now(10))
    run, effects = woken(run, now(LIMIT_MS["door"]))
    assert effects == (Finished("partial"),)
    assert [(row.id, row.text) for row in run.rows if not row.done] == [("o1-door", "室内还有 1 人")]


def test_a_fault_that_mends_itself_in_time_counts_as_done() -> None:
    run, _ = answered(preparing(), {"o1-near": (FAULT, "no stream")}, now(100))
    run, _ = answered(run, all_of(run), now(200))
    assert run.stage == DOORS
    assert code_of(run, "o1-near") == APPLIED


def test_a_late_answer_after_the_end_changes_nothing() -> None:
    run, _ = answered(preparing(), all_of(preparing(), FAULT), now(100))
    assert answered(run, all_of(run), now(200)) == (run, ())
    assert woken(run, now(99_999)) == (run, ())
    assert superseded(run, now(300)) == run


def test_an_answer_for_a_later_stage_is_not_taken_early() -> None:
    run, effects = answered(preparing(), {"o1-door": (APPLIED, "")}, now(100))
    assert (code_of(run, "o1-door"), effects) == (0, ())


def test_a_newer_press_ends_the_run() -> None:
    run = superseded(preparing(), now(50))
    assert (run.result, run.ended_utc_ns) == ("superseded", now(50).utc_ns)


def test_after_a_restart_the_same_run_goes_on_with_its_time_counted_afresh() -> None:
    run, effects = resumed(preparing(), now(60_000))
    assert run.id == "r"
    assert effects == (Send(("recorder",), RECORD, again=True),)  # type: ignore[arg-type]
    assert woken(run, now(60_100)) == (run, ())
    run, _ = answered(run, all_of(run), now(60_300))
    assert {row.latency_ms for row in run.rows if row.stage == RECORD} == {300}


@pytest.mark.parametrize("scene", [SceneId.CLOSE, SceneId.SUSPEND, SceneId.OPENING_END, SceneId.EVALUATION])
def test_every_scene_ends_ok_when_all_answer(scene: SceneId) -> None:
    plan = plan_scene(VENUE, day(at(SCENES[scene].allowed_from[0])), LotId("L1"), SCENES[scene], RunId("r"), OPENING_NS)
    run, _ = begin(plan, "wang", now())
    for _stage in (RECORD, DOORS, STOP):
        run, _ = answered(run, all_of(run), now(10))
    assert run.result == "ok"


# deadlines


def at_doors(run: Run) -> Run:
    run, _ = answered(run, all_of(run), now(0))
    assert run.stage == DOORS
    return run


def test_a_dead_sign_is_named_two_seconds_after_its_stage_began_and_a_door_later() -> None:
    run, _ = answered(at_doors(preparing()), {}, now(0))
    run, _ = answered(run, {**all_of(run, but=("o1-sign", "o1-door")), "o1-door": (ACCEPTED, "")}, now(10))
    run, _ = woken(run, now(COMMON_LIMIT_MS - 1))
    assert not [row for row in run.rows if row.over]
    run, _ = woken(run, now(COMMON_LIMIT_MS))
    assert [(row.id, row.text) for row in run.rows if row.over] == [("o1-sign", NO_ANSWER)]
    assert run.result is None, "the door still has time"
    run, effects = woken(run, now(LIMIT_MS["door"]))
    assert effects == (Finished("partial"),)
    assert {row.id: row.text for row in run.rows if not row.done} == {"o1-sign": NO_ANSWER, "o1-door": NOT_IN_TIME}


def test_of_an_offline_board_it_is_said_at_once_and_it_is_not_waited_for_longer_than_the_others() -> None:
    run = seen(preparing(), {BoardId("recorder")})
    assert {row.text for row in run.rows if row.stage == RECORD} == {AWAY}
    run, effects = woken(run, now(AWAY_LIMIT_MS))
    assert effects == (Finished("failed"),), "a camera's 12 s are for a stream that connects anew"
    assert {row.text for row in run.rows if row.stage == RECORD} == {AWAY}


def test_an_offline_board_that_is_back_in_time_has_its_usual_time() -> None:
    run = seen(seen(preparing(), {BoardId("recorder")}), set())
    assert {row.text for row in run.rows} == {""}
    run, _ = woken(run, now(AWAY_LIMIT_MS))
    assert run.result is None
    assert answered(run, all_of(run), now(3_000))[0].stage == DOORS


def test_after_a_restart_nobody_is_believed_to_be_away() -> None:
    run, _ = resumed(seen(preparing(), {BoardId("recorder")}), now(60_000))
    assert not [row for row in run.rows if row.away or row.text]


# on_fail


def with_rule(run: Run, member: str, rule: OnFail) -> Run:
    return replace(run, rows=tuple(replace(row, on_fail=rule) if row.id == member else row for row in run.rows))


def test_an_ignored_member_is_told_once() -> None:
    run = with_rule(at_doors(preparing()), "o1-light", OnFail.IGNORE)
    run, _ = answered(run, all_of(run, but=("o1-light",)), now(10))
    assert woken(run, now(1_999)) == (run, ()), "nothing is repeated for it"
    assert woken(run, now(2_000))[1] == (Finished("degraded"),)


def holding(code: int = 0) -> Run:
    run = with_rule(at_doors(preparing()), "o1-sign", OnFail.HOLD)
    run, _ = answered(run, all_of(run, but=("o1-sign",)), now(10))
    run, _ = answered(run, {"o1-sign": (code, "dark")}, now(20)) if code else woken(run, now(2_000))
    return run


@pytest.mark.parametrize("code", [0, FAULT])
def test_a_stage_is_held_until_its_member_has_answered(code: int) -> None:
    run = holding(code)
    assert [row.id for row in held_by(run)] == ["o1-sign"]
    run, effects = woken(run, now(600_000))
    assert run.result is None, "for as long as it takes"
    assert [type(e) for e in effects] == ([] if code else [Send])
    assert answered(run, {"o1-sign": (APPLIED, "")}, now(600_100))[1] == (Finished("ok"),)


def test_a_held_stage_goes_on_asking_the_silent_ever_more_slowly() -> None:
    run, asked = holding(), []
    while (moment_ns := wake_ns(run)) is not None and moment_ns < 60_000 * MS:
        run, effects = woken(run, now(moment_ns // MS))
        asked += [moment_ns // MS for _ in effects]
    assert len(asked) > MAX_ATTEMPTS
    assert asked[-1] - asked[-2] == 5_000


def test_a_person_goes_on_without_it_and_it_stays_named_with_the_reason() -> None:
    run, effects = go_on(holding(FAULT), "li", "the sign is broken", now(9_000))
    assert effects == (Finished("partial"),)
    assert [(row.id, row.waived) for row in run.rows if row.waived] == [("o1-sign", "li: the sign is broken")]
    assert go_on(run, "li", "again", now(9_100)) == (run, ()), "it has ended"


def test_before_its_time_is_up_there_is_nothing_to_decide() -> None:
    run = with_rule(at_doors(preparing()), "o1-sign", OnFail.HOLD)
    assert held_by(run) == ()
    assert go_on(run, "li", "why wait", now(5)) == (run, ())


def test_a_person_has_seen_to_it_and_it_is_told_anew() -> None:
    run, effects = try_again(holding(FAULT), now(9_000))
    assert effects == (Send((BoardId("opening"),), DOORS),), "with a new number, so that the board asks its device again"
    assert code_of(run, "o1-sign") == 0
    assert held_by(run) == ()
    assert answered(run, {"o1-sign": (APPLIED, "")}, now(9_100))[1] == (Finished("ok"),)


def test_nobody_can_decide_that_a_room_opens_unrecorded() -> None:
    run = with_rule(with_rule(preparing(), "o1-near", OnFail.HOLD), "o1-far", OnFail.HOLD)
    run, effects = answered(run, all_of(run, FAULT), now(100))
    assert (run.result, effects) == (None, ())
    assert go_on(run, "li", "no time", now(200))[1] == (Finished("failed"),)


# compensation


def check_in() -> tuple[Run, Plan]:
    states = day(at(Phase.PREPARATION))
    scene = SCENES[SceneId.CHECK_IN]
    plan = plan_scene(VENUE, states, LotId("L1"), scene, RunId("r"), OPENING_NS)
    run, _ = begin(plan, "wang", now())
    run, _ = answered(run, all_of(run), now(10))
    return with_rule(run, "o1-kiosk", OnFail.COMPENSATE), plan_undo(VENUE, plan.after, states[LotId("L1")], scene, RunId("r"), OPENING_NS)


def test_a_member_that_must_not_fail_brings_the_lot_to_a_defined_state() -> None:
    run, plan = check_in()
    assert plan.after[LotId("L1")].phase is Phase.SUSPENDED
    assert plan.after[LotId("L1")].suspended_from is Phase.CHECK_IN, "the same scene can be pressed again"
    run, effects = answered(run, {**all_of(run), "o1-kiosk": (FAULT, "no page")}, now(20))
    assert effects == (Compensate(),)
    run, effects = compensating(run, plan, now(30))
    assert (run.stage, [type(e) for e in effects]) == (UNDO, [Send])
    run, effects = answered(run, all_of(run), now(40))
    assert effects == (Finished("compensated"),)
    assert [(row.id, row.stage, row.code) for row in run.rows if not row.done] == [("o1-kiosk", DOORS, FAULT)]
    assert {row.id for row in run.rows if row.stage == UNDO} >= {"o1-door", "o1-sign", "o1-near"}, "one row each"


def test_a_compensation_that_did_not_reach_everybody_is_partial() -> None:
    run, plan = check_in()
    run, _ = answered(run, {**all_of(run), "o1-kiosk": (FAULT, "no page")}, now(20))
    run, _ = compensating(run, plan, now(30))
    run, _ = answered(run, all_of(run, but=("o1-sign",)), now(40))
    assert woken(run, now(2_030))[1] == (Finished("partial"),)


def test_a_late_answer_for_the_scene_counts_for_its_compensation_alone() -> None:
    run, plan = check_in()
    run, _ = answered(run, {**all_of(run), "o1-kiosk": (FAULT, "no page")}, now(20))
    run, _ = compensating(run, plan, now(30))
    run, _ = answered(run, {"o1-kiosk": (APPLIED, "")}, now(40))
    assert [(row.stage, row.code) for row in run.rows if row.id == "o1-kiosk"] == [(DOORS, FAULT), (UNDO, APPLIED)]


@pytest.mark.parametrize("scene", SceneId)
def test_every_scene_that_can_be_brought_back_says_to_what(scene: SceneId) -> None:
    phase = SCENES[scene].allowed_from[0]
    states = day(at(phase))
    plan = plan_scene(VENUE, states, LotId("L1"), SCENES[scene], RunId("r"), OPENING_NS)
    if undo(scene) is Undo.NEVER:
        return
    back = plan_undo(VENUE, plan.after, states[LotId("L1")], SCENES[scene], RunId("r"), OPENING_NS).after[LotId("L1")]
    assert back.phase is (phase if undo(scene) is Undo.BEFORE else Phase.SUSPENDED)
    sealed = plan.after[LotId("L1")].wish(Part.EVALUATION).seal
    assert not sealed or back.wish(Part.EVALUATION).seal, "no seal is lifted without two people"


# always

MEMBERS = ["o1-near", "o1-far", "o1-door", "o1-sign", "o1-light", "hall-sign", "o1-kiosk"]
ANSWERS = st.dictionaries(st.sampled_from([*MEMBERS, "stranger"]), st.tuples(st.sampled_from([APPLIED, ACCEPTED, FAULT]), st.just("")))
RULES = st.dictionaries(st.sampled_from(MEMBERS), st.sampled_from(OnFail))
STEPS = st.lists(ANSWERS | st.integers(1, 20_000) | st.sampled_from(["restart", "go on", "try again", "lost", "back"]), max_size=14)


def taken(run: Run, step: object, ms: int) -> tuple[Run, tuple[Effect, ...]]:
    match step:
        case int():
            return woken(run, now(ms))
        case dict():
            return answered(run, step, now(ms))
        case "restart" if run.result is None:
            return resumed(run, now(ms))
        case "go on":
            return go_on(run, "li", "so be it", now(ms))
        case "try again":
            return try_again(run, now(ms))
        case "lost":
            return seen(run, {BoardId("opening"), BoardId("recorder")}), ()
        case _:
            return seen(run, set()), ()


@given(RULES, STEPS)
def test_whatever_happens_a_run_ends_once_names_who_has_not_answered_and_never_opens_an_unrecorded_room(
    rules: dict[str, OnFail], steps: list[object]
) -> None:
    start = day(at(Phase.BOOKED))
    scene = SCENES[SceneId.OPENING_PREPARATION]
    plan = plan_scene(VENUE, start, LotId("L1"), scene, RunId("r"), OPENING_NS)
    plan = replace(plan, members=tuple(replace(m, on_fail=rules.get(m.id, m.on_fail)) for m in plan.members))
    run, _ = begin(plan, "wang", now())
    ms, ended, said_applied = 0, 0, set[tuple[str, int]]()
    for step in [*steps, *[40_000, "go on"] * 6]:
        before = run
        ms += step if isinstance(step, int) else 0
        if isinstance(step, dict):
            asked = {(row.id, row.stage) for row in run.rows if row.stage <= run.stage}
            said_applied |= {(m, stage) for m, stage in asked if step.get(m, (0,))[0] == APPLIED}
        run, effects = taken(run, step, ms)
        if effects == (Compensate(),):
            back = plan_undo(VENUE, plan.after, start[LotId("L1")], scene, RunId("r"), OPENING_NS)
            run, effects = compensating(run, back, now(ms))
        ended += sum(isinstance(effect, Finished) for effect in effects)
        assert run.stage >= before.stage
        assert (run.result is not None) == (ended == 1)
        if before.stage == RECORD < run.stage < UNDO:
            assert any(row.done for row in run.rows if row.stage == RECORD)
    assert ended == 1
    done = {(row.id, row.stage) for row in run.rows if row.done}
    assert done <= said_applied, "only a device's own word makes its row green"
    silent = [row for row in run.rows if row.required and not row.done]
    assert run.result != "ok" or not [row for row in run.rows if not row.done]
    assert run.result in ("partial", "failed", "compensated") or not silent
    assert run.result in {"ok", "degraded", "partial", "failed", "compensated"}


@given(st.permutations(MEMBERS), st.sets(st.sampled_from(MEMBERS), max_size=3), st.sets(st.integers(0, 6), max_size=3))
def test_whatever_the_order_of_answers_and_restarts_the_result_is_the_same(order: list[str], dead: set[str], restarts: set[int]) -> None:
    def result_of(members: list[str], cuts: set[int]) -> str | None:
        run, ms = preparing(), 0
        for _stage in (RECORD, DOORS, STOP):
            for _again in range(2):  # a board answers again whenever it is asked again
                for place, member in enumerate(members):
                    if place in cuts and run.result is None:
                        run, _ = resumed(run, now(ms))
                    run, _ = answered(run, {} if member in dead else {member: (APPLIED, "")}, now(ms))
            ms += 13_000
            run, _ = woken(run, now(ms))
        return run.result

    calm = result_of(MEMBERS, set())
    assert result_of(order, restarts) == calm
    assert calm == ("failed" if {"o1-near", "o1-far"} <= dead else "ok" if not dead else calm)
    assert dead == set() or calm != "ok"
