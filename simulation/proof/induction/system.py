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
    age: int = 0  # how many changes made it: tells the choices of one state from those of the next

    def __getitem__(self, name: Name) -> Term:
        return self.terms[name]

    def where(self, changes: Mapping[Name, Term]) -> "System":
        """The same state but for `changes`."""
        unknown = changes.keys() - self.terms.keys()
        assert not unknown, f"{unknown} are no parts of the state"
        return System(self.doors, {**self.terms, **changes}, self.age + 1)

    def number(self, word: str) -> Term:
        """A number that whatever happens next may choose."""
        return z3().Int(f"{word} {self.age}")

    def flag(self, word: str) -> Term:
        """A yes or no that whatever happens next may choose."""
        return z3().Bool(f"{word} {self.age}")

    def each(self, name: str) -> list[Term]:
        """One part of every door."""
        return [self[name, d] for d in range(self.doors)]

    def pending_at(self, door: int) -> list[Term]:
        """How many of each group were granted at a door and have not passed yet."""
        return [self["pending", door, g] for g in GROUPS]


# gateway: what was signed last, and what it believes
_NUMBERS = (
    "epoch",  # the last order signed
    "code",  # who may come in under it
    "last",  # the last groups that it named
    "correction",  # what sweeps have added to the doors' counts
    "present",  # proof only: which of the pair may be about
    "since",  # proof only: the order that began the present seal
)
_FLAGS = (
    "seal",
    *(f"may {g}" for g in PAIR),  # the residual: groups that may still be inside
    "looked",  # two people have signed that they found the room empty under this CLEAR
    "swept",  # they had, before this CLEAR was signed
)
# by order: who may come in, which groups were named and which before, how many people approved a release, an opening
_NUMBER_ARRAYS = ("signed", "named", "before", "released", "opened")
# each door: what it holds, its count, the lowest and highest count that it reported under one order, and what the gateway has heard
_DOOR_NUMBERS = ("order", "code", "net", "told order", "told low", "told high", "heard order", "heard net")


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
    terms |= {(name, d): z.IntVal(NEVER) for name in ("order", "told order", "heard order") for d in range(doors)}
    return System(doors, terms)
