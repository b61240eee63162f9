"""A run: stages pass when devices say so, silence is repeated, and the result names every device."""

from dataclasses import replace

import pytest
from day_case import OPENING_NS, at, county, day
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.plan import DOORS, RECORD, STOP, plan_scene
from gateway.core.scene_run import MAX_ATTEMPTS, Finished, Run, Send, answered, begin, resumed, superseded, wake_ns, woken
from venue_model.ids import LotId, RunId
from venue_model.lots import Phase
from venue_model.members import LIMIT_MS
from venue_model.moments import MS, Now
from venue_model.scenes import SCENES, SceneId
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


ANSWERS = st.dictionaries(
    st.sampled_from(["o1-near", "o1-far", "o1-door", "o1-sign", "o1-light", "hall-sign", "stranger"]),
    st.tuples(st.sampled_from([APPLIED, ACCEPTED, FAULT]), st.just("")),
)


@given(st.lists(ANSWERS | st.integers(1, 20_000), max_size=12))
def test_whatever_happens_a_run_ends_once_and_never_opens_an_unrecorded_room(steps: list[dict[str, tuple[int, str]] | int]) -> None:
    run, ms, ended = preparing(), 0, 0
    for step in [*steps, 40_000, 40_000, 40_000]:
        before = run
        if isinstance(step, int):
            ms += step
            run, effects = woken(run, now(ms))
        else:
            run, effects = answered(run, step, now(ms))
        ended += sum(isinstance(effect, Finished) for effect in effects)
        assert run.stage >= before.stage
        assert (run.result is not None) == (ended == 1)
        if before.stage == RECORD < run.stage:
            assert any(row.done for row in run.rows if row.stage == RECORD)
    assert ended == 1
    assert replace(run, rows=()).result in {"ok", "degraded", "partial", "failed"}
