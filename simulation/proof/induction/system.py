"""The state of one separation domain as z3 terms: its gateway, its doors, the people inside, and everything that was ever signed.

Fix any two separated groups, FIRST and SECOND; REST is everybody else.  Of a set of groups only this is kept: does it hold nobody, the
first, the second, or the rest alone?  No policy holds both: gateway and doors refuse it by the matrix.  The gateway's guards
are thereby weakened to this one pair, so that what is proven holds for every pair of every matrix, whatever the other groups do.

(term, epoch) is one number here, the place of a policy in the sequence of all that were signed: a new term begins above them all.
"""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NOBODY, FIRST, SECOND, REST = range(4)
PAIR = (FIRST, SECOND)
GROUPS = (FIRST, SECOND, REST)
NEVER = -1  # an order before all that are signed

Term = Any  # z3 carries no types
Name = str | tuple[str, int] | tuple[str, int, int]


class ProofError(RuntimeError):
    """The proof could not be tried.  The text says what is missing and how to get it."""


def z3() -> Any:
    """The solver's module.  It is not needed to run a venue, so it is imported when a proof is asked for."""
    try:
        return importlib.import_module("z3")
    except ImportError:
        raise ProofError("the package z3 is missing: install it with `pip install z3-solver` (it is in the dev dependency group)") from None


@dataclass(frozen=True)
class System:
    """One state.  Names of a door end in its number, names of a group at a door in door and group."""

    doors: int
    terms: Mapping[Name, Term]

    def __getitem__(self, name: Name) -> Term:
        return self.terms[name]

    def where(self, changes: Mapping[Name, Term]) -> "System":
        """The same state but for `changes`."""
        unknown = changes.keys() - self.terms.keys()
        assert not unknown, f"{unknown} are no parts of the state"
        return System(self.doors, {**self.terms, **changes})

    def each(self, name: str) -> list[Term]:
        """One part of every door."""
        return [self[name, d] for d in range(self.doors)]

    def pending_at(self, door: int) -> list[Term]:
        """How many of each group were granted at a door and have not passed yet."""
        return [self["pending", door, g] for g in GROUPS]


# gateway: what was signed last, and what it believes
_NUMBERS = (
    "epoch",  # the last order signed
    "code",  # whom it admits
    "seal_epoch",  # the order under which the seal was set
    "last",  # the last groups admitted
    "present",  # proof only: which of the pair may be about
)
_FLAGS = ("seal", *(f"may {g}" for g in PAIR))  # `may`: the residual, groups that may still be inside
# by order: whom each policy admits, who was admitted last before it, the seal it was signed under, how many people approved
_NUMBER_ARRAYS = ("signed", "before", "sealing", "released", "opened")
# each door: what it holds, the order after which it was sealed, its count, by how much that is too high, and its reports
_DOOR_NUMBERS = ("order", "code", "after", "net", "over", "told order", "told net", "heard order", "heard net")


def any_system(doors: int) -> System:
    """A state of which nothing is known."""
    z = z3()
    numbers: list[Name] = [*_NUMBERS, *(("inside", g) for g in GROUPS)]
    flags: list[Name] = [*_FLAGS]
    for d in range(doors):
        numbers += [(name, d) for name in _DOOR_NUMBERS]
        numbers += [("pending", d, g) for g in GROUPS]
        flags += [("seal", d), ("lease", d)]
    terms: dict[Name, Term] = {name: z.Int(str(name)) for name in numbers}
    terms |= {name: z.Bool(str(name)) for name in flags}
    terms |= {name: z.Array(name, z.IntSort(), z.IntSort()) for name in _NUMBER_ARRAYS}
    terms["sealed"] = z.Array("sealed", z.IntSort(), z.BoolSort())
    return System(doors, terms)


def first_system(doors: int) -> System:
    """A venue on its first day: CLEAR is signed as order 0, no door has heard of it, nobody is inside."""
    z = z3()
    some = any_system(doors)
    of_sort = {z.IntSort(): z.IntVal(0), z.BoolSort(): z.BoolVal(False)}
    terms = {name: of_sort.get(term.sort()) for name, term in some.terms.items()}
    terms |= {name: z.K(z.IntSort(), z.IntVal(0)) for name in _NUMBER_ARRAYS}
    terms |= {"sealed": z.K(z.IntSort(), z.BoolVal(False)), "present": z.IntVal(FIRST)}
    terms |= {(name, d): z.IntVal(NEVER) for name in ("order", "after", "told order", "heard order") for d in range(doors)}
    return System(doors, terms)
