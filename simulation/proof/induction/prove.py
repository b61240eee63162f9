"""Tries the induction: the first state satisfies the invariant, every transition keeps it, and it implies the laws."""

import time
from dataclasses import dataclass, field
from typing import Any

from simulation.proof.induction.laws import Clauses, invariant, laws, step_laws
from simulation.proof.induction.rules import transitions
from simulation.proof.induction.system import System, any_system, first_system, z3

TIMEOUT_MS = 120_000  # of one query; the slowest needs about a second
MUTANT_TIMEOUT_MS = 2_000  # a counterexample is quick, or takes for ever to be made whole; either way nothing is proven


@dataclass(frozen=True)
class Broken:
    """One thing that could not be proven: after `step`, `clause` may not hold.  `why`: z3 found a counterexample, or gave up."""

    step: str
    clause: str
    why: str


@dataclass
class Proof:
    """What came of one attempt."""

    doors: int
    mutant: str
    steps: int
    broken: list[Broken] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def holds(self) -> bool:
        """True when nothing is broken."""
        return not self.broken


def prove(doors: int, mutant: str = "") -> Proof:
    """Prove the protocol for a domain with this many doors; or try a mutant, of which only the steps that it changes are tried.

    Doors are alike in the invariant, in the laws and in what the gateway does, so that the steps of door 0 stand for all doors'.
    """
    began = time.monotonic()
    some = any_system(doors)
    assumed = invariant(some)
    steps = transitions(some, 0, mutant)
    if mutant:
        proven = transitions(some, 0)
        steps = [step for step in steps if not any(step.same(other) for other in proven)]
    proof = Proof(doors, mutant, len(steps))
    limit_ms = MUTANT_TIMEOUT_MS if mutant else TIMEOUT_MS
    proof.broken += _check("the first day", [], invariant(first_system(doors)), {}, limit_ms)
    proof.broken += _check("at any time", list(assumed.values()), laws(some), assumed, limit_ms)
    for step in steps:
        premises = [*assumed.values(), step.guard]
        kept = invariant(step.after)
        proof.broken += _check(step.name, premises, kept, assumed, limit_ms)
        demanded = step_laws(some, step, 0)
        if (out := demanded.pop("Out: leaving needs nothing", None)) is not None:
            proof.broken += _check(step.name, list(assumed.values()), {"Out: leaving needs nothing": out}, {}, limit_ms)
        proof.broken += _check(step.name, premises, demanded, {}, limit_ms)
    proof.seconds = time.monotonic() - began
    return proof


def _check(step: str, premises: list[Any], clauses: Clauses, known: Clauses, limit_ms: int) -> list[Broken]:
    """The clauses that the premises do not imply.  One that is literally a premise needs no solver."""
    z = z3()
    solver = z.Solver()
    solver.set("timeout", limit_ms)
    solver.add(*premises)
    broken = []
    for name, clause in clauses.items():
        if name in known and clause.eq(known[name]):
            continue
        solver.push()
        solver.add(z.Not(clause))
        answer = solver.check()
        solver.pop()
        if answer != z.unsat:
            broken.append(Broken(step, name, "counterexample" if answer == z.sat else "gave up"))
    return broken


def story(doors: int, names: list[tuple[str, int]], mutant: str = "") -> tuple[System, list[Any]]:
    """Play named transitions, each at a door, from the first day: the state after them, and what must hold for it to be reached.

    An invariant that no real day satisfies proves nothing: this shows that the days that matter can happen in the model.
    """
    state, guards = first_system(doors), []
    for name, door in names:
        step = next(step for step in transitions(state, door, mutant) if step.name == name)
        guards.append(step.guard)
        state = step.after
    return state, guards
