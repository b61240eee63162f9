"""What is always true (the invariant), what the laws demand of states and of steps."""

from collections.abc import Iterator

from simulation.proof.induction.rules import APPROVERS, Transition
from simulation.proof.induction.system import FIRST, GROUPS, NEVER, NOBODY, PAIR, REST, SECOND, System, Term, z3

Clauses = dict[str, Term]


def laws(a: System) -> Clauses:
    """The laws that speak of a state."""
    z = z3()
    x = z.Int("x")
    lifted = z.And(x >= 0, x < a["epoch"], a["sealed"][x], z.Not(a["sealed"][x + 1]))
    named, before = a["named"][x], a["before"][x]
    opened = z.And(x > 0, x <= a["epoch"], z.Or(*(z.And(named == g, before == FIRST + SECOND - g) for g in PAIR)))
    return {
        "Apart": z.Not(z.And(*(a["inside", g] > 0 for g in PAIR))),
        "Seal: only two people's release lifts it": z.ForAll([x], z.Implies(lifted, a["released"][x] >= APPROVERS)),
        "Open: two people open a room to a separated group": z.ForAll([x], z.Implies(opened, a["opened"][x - 1] >= APPROVERS)),
        "Seal: every door that has heard of the seal keeps it": z.And(
            *(z.Implies(z.And(a["seal"], a["order", d] >= a["since"]), a["seal", d]) for d in range(a.doors))
        ),
    }


def step_laws(a: System, step: Transition, door: int) -> Clauses:
    """The laws that speak of one step: what may not happen between a state and the next."""
    z = z3()
    b = step.after
    granted = z.Or(*(b["pending", door, g] > a["pending", door, g] for g in GROUPS))
    authority = z.And(a["lease", door], a["code", door] != NOBODY)
    word = step.by_word_for
    released = z.BoolVal(False)
    if word is not None:
        released = z.And(a["order", door] <= word, word <= b["order", door], a["released"][word] >= APPROVERS)
    found = {
        "Seal: nobody is granted entry to a sealed room": z.Implies(granted, z.Not(a["seal", door])),
        "Never more: a grant has a living lease and a policy that admits somebody": z.Implies(granted, authority),
        "Seal: a door lifts it only on two people's release": z.Implies(z.And(a["seal", door], z.Not(b["seal", door])), released),
        "orders grow": z.And(b["order", door] >= a["order", door], b["epoch"] >= a["epoch"]),
    }
    if step.always is not None:
        found["Out: leaving needs nothing"] = z.Implies(step.always, step.guard)
    return found


def invariant(a: System) -> Clauses:
    """Inductive, and strong enough for the laws."""
    z = z3()
    x = z.Int("x")
    doors = range(a.doors)
    other = FIRST + SECOND - a["present"]
    # From some door's policy on: what a door holds, or may still take.
    live = z.And(x >= 0, x <= a["epoch"], z.Or(*(order <= x for order in a.each("order"))))
    found = {
        "numbers": z.And(*_numbers(a)),
        "only one of the pair is admitted by what doors hold or may take": z.ForAll(
            [x], z.Implies(live, a["signed"][x] != other), patterns=[a["signed"][x]]
        ),
        "only one of the pair is inside, or granted": z.And(
            *(z.Implies(a["present"] != g, z.And(a["inside", g] == 0, *(a["pending", d, g] == 0 for d in doors))) for g in PAIR)
        ),
        "who may be inside is in the residual": z.And(
            *(
                z.Implies(z.Or(a["inside", g] > 0, *(a["pending", d, g] > 0 for d in doors)), a[f"may {g}"])
                for g in PAIR
            )
        ),
        "whom doors may yet admit is in the residual": z.And(
            *(
                z.ForAll([x], z.Implies(z.And(live, a["signed"][x] == g), a[f"may {g}"]), patterns=[a["signed"][x]])
                for g in PAIR
            )
        ),
        "counts are never too low": z.And(
            z.Sum(a.each("net")) + a["correction"] >= z.Sum([a["inside", g] for g in GROUPS]), a["correction"] <= 0
        ),
        "a swept room stays empty": z.And(
            z.Implies(z.Or(a["looked"], a["swept"]), z.And(a["code"] == NOBODY, *_empty(a))),
            z.Implies(a["looked"], z.And(*(order == a["epoch"] for order in a.each("order")))),
            z.ForAll([x], z.Implies(z.And(a["swept"], live), a["signed"][x] == NOBODY), patterns=[a["signed"][x]]),
            *(z.Implies(a["swept"], _exact(a, d)) for d in doors),
        ),
        "doors hold what was signed": z.And(*(_holds(a, d) for d in doors)),
        "a report is of what the door holds, and no count has risen since": z.And(*(_told(a, d) for d in doors)),
        "what was heard stands": z.And(*(_heard(a, d) for d in doors)),
        "the gateway knows what it signed": z.And(
            a["signed"][a["epoch"]] == a["code"],
            a["sealed"][a["epoch"]] == a["seal"],
        ),
        "the seal lasts": z.ForAll(
            [x],
            z.Implies(z.And(a["seal"], a["since"] <= x, x <= a["epoch"]), a["sealed"][x]),
            patterns=[a["sealed"][x]],
        ),
    }
    return found | laws(a)


def _numbers(a: System) -> Iterator[Term]:
    z = z3()
    yield a["epoch"] >= 0
    yield z.Or(*(a["present"] == g for g in PAIR))
    yield z.And(a["code"] >= NOBODY, a["code"] <= REST, a["last"] >= NOBODY, a["last"] <= REST)
    yield z.And(a["since"] >= 0, a["since"] <= a["epoch"])
    for g in GROUPS:
        yield a["inside", g] >= 0
    for d in range(a.doors):
        yield z.And(a["order", d] >= NEVER, a["order", d] <= a["epoch"])
        for n in a.pending_at(d):
            yield n >= 0


def _holds(a: System, d: int) -> Term:
    z = z3()
    heard_of_any = a["order", d] != NEVER
    return z.And(
        a["code", d] == z.If(heard_of_any, a["signed"][a["order", d]], NOBODY),
        a["seal", d] == z.And(heard_of_any, a["sealed"][a["order", d]]),
    )


def _empty(a: System) -> Iterator[Term]:
    """Nobody inside, and nobody on the way in."""
    for g in GROUPS:
        yield a["inside", g] == 0
    for d in range(a.doors):
        for n in a.pending_at(d):
            yield n == 0


def _exact(a: System, d: int) -> Term:
    """What a door reports of a room that stays empty is what it counts, for good."""
    z = z3()
    told = z.And(a["told low", d] == a["net", d], a["told high", d] == a["net", d])
    return z.And(
        z.Implies(a["told order", d] == a["epoch"], told), z.Implies(a["heard order", d] == a["epoch"], a["heard net", d] == a["net", d])
    )


def _final(a: System, d: int, count: Term) -> Term:
    """Where nobody is admitted a settled door only lets people out."""
    z = z3()
    return z.Implies(a["code", d] == NOBODY, z.And(a["net", d] <= count, *(n == 0 for n in a.pending_at(d))))


def _told(a: System, d: int) -> Term:
    z = z3()
    return z.And(a["told order", d] <= a["order", d], z.Implies(a["told order", d] == a["order", d], _final(a, d, a["told low", d])))


def _heard(a: System, d: int) -> Term:
    z = z3()
    present = a["heard order", d] == a["epoch"]
    return z.And(
        a["heard order", d] <= a["epoch"],
        z.Implies(present, z.And(a["order", d] == a["epoch"], _final(a, d, a["heard net", d]))),
    )
