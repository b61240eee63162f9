"""The induction: the rules are proven for any number of people, and leaving out any one of them breaks the step that needs it."""

import importlib
import json
from typing import Any

import pytest

from simulation.proof.induction import main
from simulation.proof.induction.laws import laws, step_laws
from simulation.proof.induction.prove import prove, story
from simulation.proof.induction.rules import MUTANTS, transitions
from simulation.proof.induction.system import FIRST, SECOND, ProofError, System, first_system, z3

# Mutant → the steps that any proof must then stumble over.
STUMBLES: dict[str, set[str]] = {
    "no-clear": {"admit the first", "admit the second"},
    "no-reports": {"admit the first", "admit the second"},
    "old-report": {"hear a report"},
    "unsettled": {"report"},
    "sweep-at-once": {"sweep"},
    "no-count": {"admit the first", "admit the second"},
    "forget-residual": {"admit the rest"},
    "forget-staff": {"admit the rest"},
    "stale": {"take a policy"},
    "volatile-order": {"restart"},
    "volatile-count": {"restart"},
    "unseen-forgotten": {"restart"},
    "volatile-seal": {"restart"},
    "clear-unseals": {"close"},
    "one-approver": {"release"},
    "door-believes": {"take a policy"},
    "old-release": {"take a policy"},
    "one-opener": {"admit the first", "admit the second"},
    "grant-under-seal": {"grant the first", "grant the rest"},
    "grant-without-lease": {"grant the first", "grant the rest"},
    "restore-unsealed": {"restore from backup"},
    "restore-same-term": {"restore from backup"},
    "exit-held": {"leave the first", "leave the rest"},
    "pulse-without-groups": {"let staff in by command"},
    "walk-in": {"walk in from next door"},
}


@pytest.mark.parametrize("doors", [1, 2, 8])
def test_the_shipped_rules_are_proven(doors: int) -> None:
    proof = prove(doors)
    assert proof.broken == []
    assert proof.steps >= 28


def test_every_mutant_is_listed_here() -> None:
    assert STUMBLES.keys() == MUTANTS.keys()


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_rule_left_out_is_missed_at_the_step_that_needs_it(mutant: str) -> None:
    broken = {broken.step for broken in prove(2, mutant).broken}
    assert broken >= STUMBLES[mutant]
    assert "the first day" not in broken and "at any time" not in broken


def _cleared(doors: int) -> list[tuple[str, int]]:
    return [(name, d) for name in ("take a policy", "report", "hear a report") for d in range(doors)]


def _approved(act: str) -> list[tuple[str, int]]:
    return [(f"one more person approves: {act}", 0)] * 2


BOTH_IN_TURN = [
    *_cleared(2), ("admit the first", 0), ("take a policy", 1), ("grant the first", 1), ("enter the first", 1), ("close", 0),
    *_cleared(2)[:1], ("leave the first", 0), *_cleared(2)[1:], *_approved("opened"), ("admit the second", 0), ("take a policy", 0),
    ("grant the second", 0), ("enter the second", 0),
]  # fmt: skip
SEALED = [*BOTH_IN_TURN, ("close", 0), ("take a policy", 0), ("restart", 0)]
RELEASED = [*SEALED, *_approved("released"), ("release", 0), ("take a policy", 0), *_cleared(2)[1:], ("admit the rest", 0)]


def _reaches(names: list[tuple[str, int]], wanted: Any, mutant: str = "") -> bool:
    state, guards = story(2, names, mutant)
    solver = z3().Solver()
    solver.add(*guards, wanted(state))
    return bool(solver.check() == z3().sat)


def test_the_model_can_have_a_real_day_so_that_the_proof_is_not_about_nothing() -> None:
    assert _reaches(BOTH_IN_TURN, lambda s: z3().And(s["inside", SECOND] == 1, s["inside", FIRST] == 0))
    assert _reaches(SEALED, lambda s: z3().And(s["seal"], s["seal", 0]))
    assert _reaches(RELEASED, lambda s: z3().And(z3().Not(s["seal"]), z3().Not(s["seal", 0]), s["inside", SECOND] == 1))


WALKED_IN = [
    *_cleared(2), ("admit the first", 0), ("take a policy", 0), ("grant the first", 0), ("enter the first", 0), ("close", 0),
    ("take a policy", 0), ("take a policy", 1), ("report", 0), ("hear a report", 0), ("walk in from next door", 0), ("leave the rest", 1),
    ("report", 1), ("hear a report", 1), *_approved("opened"), ("admit the second", 0), ("take a policy", 1), ("grant the second", 1),
    ("enter the second", 1),
]  # fmt: skip


def test_whoever_walks_in_from_next_door_while_doors_report_can_hide_somebody_who_is_inside() -> None:
    """Why docs/proofs.md assumes A8: the counts of two doors, taken at two moments, add up to zero though the room is not empty."""
    assert _reaches(WALKED_IN, lambda s: z3().And(s["inside", FIRST] > 0, s["inside", SECOND] > 0), "walk-in")


def test_the_day_cannot_go_on_without_the_step_that_a_law_asks_for() -> None:
    one_person = [step for n, step in enumerate(BOTH_IN_TURN) if step[0] != "one more person approves: opened" or n % 2]
    assert len(one_person) == len(BOTH_IN_TURN) - 1
    assert not _reaches(one_person, lambda s: True)
    unheard = [step for step in BOTH_IN_TURN if step != ("hear a report", 1)]
    assert not _reaches(unheard, lambda s: True)
    assert not _reaches([*BOTH_IN_TURN, ("close", 0), ("release", 0)], lambda s: True)


def test_a_meeting_is_no_state_of_law_apart() -> None:
    met: System = first_system(1).where({("inside", FIRST): z3().IntVal(1), ("inside", SECOND): z3().IntVal(1)})
    assert z3().is_false(z3().simplify(laws(met)["Apart"]))


def test_every_step_that_leaves_answers_to_law_out() -> None:
    some = first_system(1)
    leaving = [t for t in transitions(some, 0) if t.name.startswith("leave")]
    assert len(leaving) == 3
    assert all("Out: leaving needs nothing" in step_laws(some, step, 0) for step in leaving)


def test_the_command_says_seconds_for_each_number_of_doors(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--doors", "1", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["1 个门 door", "2 个门 doors"]
    assert all("proven" in line and line.endswith(" s") for line in lines)
    assert main(["--doors", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["holds"] is True


def test_a_domain_without_doors_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--doors", "0"]) == 2
    assert "at least one door" in capsys.readouterr().err


def test_without_z3_the_command_says_what_to_install(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def missing(name: str, *rest: Any) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(ProofError, match="pip install z3-solver"):
        z3()
    assert main([]) == 2
    assert "pip install z3-solver" in capsys.readouterr().err
