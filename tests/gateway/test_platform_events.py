"""Changes of a lot's day as the platform tells them: 补抽, a late expert, a bidder who withdraws, another room, a second round.

Each is a normal event: afterwards the doors admit whom they should, without a restart, and nobody is moved who already sits.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from coordinator_case import L1, UP_TO_EVALUATION, pressed, stage
from day_case import OPENING_NS, lot, person
from fake_agents import Stage

from gateway.core.scene_run import Run
from gateway.trading.base import EventKind, PhaseEvent
from venue_model.groups import Role
from venue_model.ids import ComponentId, PersonKey, ProjectId, RoomId
from venue_model.lots import Lot, Person, Phase

__all__ = ("stage",)  # a fixture

NEW = person("exp-9", Role.EXP)


def told(stage: Stage) -> Lot:
    return stage.coordinator.day[L1].lot


def tell(stage: Stage, changed: Lot) -> None:
    """The platform tells the lot anew, in its next version."""
    stage.book(replace(changed, version=told(stage).version + 1))


def announce(stage: Stage, kind: EventKind, who: str | None = None, bidders: int | None = None) -> None:
    event = PhaseEvent(f"ev-{kind}-{who}", ProjectId("P-L1"), L1, kind, OPENING_NS, bidders, PersonKey(who) if who else None)
    stage.coordinator.take_phase_event(event, stage.now)
    stage.coordinator.after_platform(stage.now)
    stage.settle()


def admitted(stage: Stage, room: str, at_utc_ns: int | None = None) -> set[str]:
    """Who may enter a room now, by the policies that its boards hold: the right group, and a pass whose time it is."""
    now_utc_ns = stage.now.utc_ns if at_utc_ns is None else at_utc_ns
    component = stage.venue.component_of[RoomId(room)]
    found: set[str] = set()
    for board in stage.agents.values():
        held = board.held.get(ComponentId(component))
        if held is not None and any(p.from_utc_ns <= now_utc_ns < p.until_utc_ns for p in held.passes):
            found |= {p.person for p in held.passes if p.group in held.groups and p.from_utc_ns <= now_utc_ns < p.until_utc_ns}
    return found


def without(*names: str) -> Callable[[Lot], Lot]:
    return lambda lot: replace(lot, people=tuple(p for p in lot.people if p.person not in names))


def with_people(*more: Person) -> Callable[[Lot], Lot]:
    return lambda lot: replace(lot, people=(*lot.people, *more))


@dataclass(frozen=True)
class Row:
    """After these scenes the platform tells the lot anew; then these people are admitted to this room."""

    id: str
    scenes: tuple[str, ...]
    change: Callable[[Lot], Lot]
    room: str
    before: set[str]
    after: set[str]


UP_TO_INTAKE = UP_TO_EVALUATION[:5]
ROWS = (
    Row("补抽 before the experts are called", UP_TO_EVALUATION[:4], with_people(NEW), "e1", set(), set()),
    Row(
        "补抽 while they come: the new one may enter, the one who was replaced may not", UP_TO_INTAKE,
        lambda lot: with_people(NEW)(without("exp-2")(lot)), "e1", {"exp-1", "exp-2"}, {"exp-1", "exp-9"},
    ),
    Row(
        "a late expert is let in while the others come", UP_TO_INTAKE, with_people(NEW), "e1", {"exp-1", "exp-2"},
        {"exp-1", "exp-2", "exp-9"},
    ),
    Row("a late expert finds the room sealed", UP_TO_EVALUATION, with_people(NEW), "e1", set(), set()),
    Row(
        "an expert who withdrew is not let in", UP_TO_INTAKE,
        lambda lot: replace(lot, people=tuple(replace(p, withdrawn=p.person == "exp-2") for p in lot.people)), "e1",
        {"exp-1", "exp-2"}, {"exp-1"},
    ),
    Row(
        "a bidder who is struck from the roster", ("opening_preparation", "check_in"), without("bid-2"), "o1", {"bid-1", "bid-2"}, {"bid-1"}
    ),
    Row(
        "a bidder who comes in addition", ("opening_preparation", "check_in"), with_people(person("bid-9", Role.BID)), "o1",
        {"bid-1", "bid-2"}, {"bid-1", "bid-2", "bid-9"},
    ),
)  # fmt: skip
WHO = {Role.BID, Role.EXP}


def of_interest(stage: Stage, names: set[str]) -> set[str]:
    roles = {p.person: p.role for p in told(stage).people}
    return {name for name in names if roles.get(PersonKey(name), Role.EXP) in WHO}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_after_a_change_the_doors_admit_whom_they_should(stage: Stage, row: Row) -> None:
    pressed(stage, *row.scenes)
    assert of_interest(stage, admitted(stage, row.room)) == row.before
    tell(stage, row.change(told(stage)))
    assert of_interest(stage, admitted(stage, row.room)) == row.after
    assert stage.lines("alarm") == []


def test_a_bidder_who_withdraws_is_kept_out_by_the_event_alone_and_others_are_not(stage: Stage) -> None:
    pressed(stage, "opening_preparation", "check_in")
    announce(stage, EventKind.WITHDRAWN, "bid-1")
    assert of_interest(stage, admitted(stage, "o1")) == {"bid-2"}
    assert stage.coordinator.day[L1].phase is Phase.CHECK_IN, "no phase moves by itself"


def test_a_replacement_is_authorised_like_everybody_and_only_for_the_own_room(stage: Stage) -> None:
    stage.book(lot("L2", opening="o2", evaluation="e2"))
    pressed(stage, *UP_TO_INTAKE)
    tell(stage, with_people(NEW)(told(stage)))
    assert "exp-9" in admitted(stage, "e1") and "exp-9" not in admitted(stage, "e2")
    held = [p for board in stage.agents.values() for policy in board.held.values() for p in policy.passes if p.person == "exp-9"]
    assert held and all(p.window and p.authorised_utc_ns is None for p in held if p.group == Role.EXP and p.once)
    assert stage.coordinator.authorise(L1, PersonKey("exp-9"), "wang", stage.now)


@pytest.mark.parametrize(
    ("scenes", "opening", "evaluation", "kept"),
    [
        ((), "o2", "e2", ("o2", "e2")),
        (("opening_preparation",), "o2", "e1", ("o1", "e1")),
        (UP_TO_EVALUATION[:4], "o1", "e2", ("o1", "e2")),
        (UP_TO_INTAKE, "o1", "e2", ("o1", "e1")),
        (UP_TO_EVALUATION, "o1", "e2", ("o1", "e1")),
    ],
    ids=["booked: both rooms may change", "prepared: the opening room may not", "opened: the evaluation room may",
         "called: it may not", "sealed: it may not"],
)  # fmt: skip
def test_a_room_change_is_followed_in_time_and_refused_with_an_alarm_when_people_sit(
    stage: Stage, scenes: tuple[str, ...], opening: str, evaluation: str, kept: tuple[str, str]
) -> None:
    if scenes:
        pressed(stage, *scenes)
    tell(stage, replace(told(stage), opening_room=RoomId(opening), evaluation_room=RoomId(evaluation)))
    assert (told(stage).opening_room, told(stage).evaluation_room) == kept
    late = kept != (opening, evaluation)
    assert [line["code"] for line in stage.lines("alarm")] == (["late-room-change"] if late else [])
    for free in {"o1", "o2"} - {kept[0]}:
        assert "bid-1" not in admitted(stage, free), "the room that it lost, or did not get, admits none of its people"


def test_after_a_room_change_the_new_room_opens_and_the_old_one_does_not(stage: Stage) -> None:
    tell(stage, replace(told(stage), opening_room=RoomId("o2")))
    pressed(stage, "opening_preparation", "check_in")
    assert of_interest(stage, admitted(stage, "o2")) == {"bid-1", "bid-2"}
    assert admitted(stage, "o1") & {"bid-1", "bid-2"} == set()


def test_a_room_that_the_venue_does_not_have_changes_nothing(stage: Stage) -> None:
    before = told(stage)
    tell(stage, replace(before, opening_room=RoomId("ballroom")))
    assert told(stage) == before
    assert [line["code"] for line in stage.lines("alarm")] == ["unknown-room"]


@pytest.mark.parametrize("who", ["bid-1", "bid-2"])
def test_a_second_round_admits_the_bidders_who_are_still_in_it(stage: Stage, who: str) -> None:
    """二次报价: the bidders come back; one who was voted out is told as withdrawn, and stays out."""
    pressed(stage, *UP_TO_EVALUATION, "second_round")
    assert of_interest(stage, admitted(stage, "o1")) == {"bid-1", "bid-2"}
    announce(stage, EventKind.WITHDRAWN, who)
    assert of_interest(stage, admitted(stage, "o1")) == {"bid-1", "bid-2"} - {who}


@pytest.mark.parametrize("kind", EventKind)
def test_no_event_opens_a_sealed_room_or_presses_a_scene(stage: Stage, kind: EventKind) -> None:
    pressed(stage, *UP_TO_EVALUATION)
    runs, sealed = len(stage.store.runs()), stage.coordinator.warden.domains[ComponentId("e1")]
    assert sealed.seal
    announce(stage, kind, "exp-1", 2)
    assert len(stage.store.runs()) == runs
    assert stage.coordinator.warden.domains[ComponentId("e1")].seal
    assert stage.coordinator.day[L1].phase is Phase.EVALUATION


def test_a_lot_told_anew_during_a_run_does_not_disturb_the_run(stage: Stage) -> None:
    stage.agents[next(iter(b for b in stage.agents if b == "recorder"))].dead = True
    run = stage.press("opening_preparation")
    assert isinstance(run, Run) and run.result is None
    tell(stage, replace(told(stage), name="改名"))
    stage.agents[next(iter(b for b in stage.agents if b == "recorder"))].dead = False
    stage.wait(1_000)
    latest = stage.run()
    assert isinstance(latest, Run) and (latest.id, latest.result) == (run.id, "ok")
