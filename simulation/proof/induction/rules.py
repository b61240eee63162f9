"""Everything that can happen in one domain, as the shipped rules allow it; and the mutants, each with one rule left out.

The gateway is `gateway.core.clearing`, the doors are `edge.core.policy`, `entry` and `door`.  Where the code does less than is written
here (a lease bound to a session, an order of delivery) the model is the weaker one, and what is proven of it holds for the code.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from simulation.proof.induction.system import FIRST, GROUPS, NEVER, NOBODY, PAIR, REST, SECOND, Name, System, Term, z3

APPROVERS = 2


@dataclass(frozen=True)
class Transition:
    """`name` may happen where `guard` holds, and leaves `after`."""

    name: str
    guard: Term
    after: System
    always: Term = None  # what alone must suffice for it (law Out); None: nothing is promised
    by_word_for: Term = None  # the order whose release people signed, where the step lifts a seal on their word


    def same(self, other: "Transition") -> bool:
        """True when both are literally the same step."""
        parts = [(self.guard, other.guard), *((term, other.after[name]) for name, term in self.after.terms.items())]
        parts += [(self.always, other.always), (self.by_word_for, other.by_word_for)]
        return all(one is other or (one is not None and other is not None and one.eq(other)) for one, other in parts)


# Mutant → what is left out.  Every one of them must make the proof fail.
MUTANTS: dict[str, str] = {
    "no-clear": "other groups are signed without a CLEAR between",
    "no-reports": "the gateway does not wait for every door's report of this CLEAR",
    "old-report": "a report of an older order counts for the present one",
    "unsettled": "a door reports its count while somebody is granted and not through",
    "sweep-at-once": "the count is corrected at the sweep, while what doors counted before may still be on its way",
    "no-count": "other groups are signed whatever the counts say",
    "forget-residual": "only the last groups are remembered, not all that may still be inside",
    "forget-staff": "the gateway forgets that staff may have come in by command",
    "stale": "a door takes an older policy than it holds",
    "volatile-order": "a restarted door has forgotten which policy it held",
    "volatile-count": "a restarted door counts from zero",
    "unseen-forgotten": "a restarted door drops a grant whose end nobody saw",
    "volatile-seal": "a restarted door has forgotten its seal",
    "clear-unseals": "a CLEAR lifts the seal",
    "one-approver": "one person's word lifts a seal",
    "door-believes": "a door does not look at the approvals of a release",
    "old-release": "the word that lifted an earlier seal lifts a later one",
    "one-opener": "one person's word opens the room to a separated group",
    "grant-under-seal": "a sealed room is entered",
    "grant-without-lease": "a door grants without a living lease",
    "restore-unsealed": "a gateway restored from backup does not assume the seals set",
    "restore-same-term": "a gateway restored from backup goes on in its old term",
    "exit-held": "leaving a sealed room needs a release",
    "pulse-without-groups": "staff are let in by command where the policy admits nobody",
    "walk-in": "somebody comes in by the free exit of a domain next door",
}


def transitions(a: System, door: int, mutant: str = "") -> list[Transition]:
    """All that can happen next: at the gateway, to the people, and at one door."""
    return [*_gateway(a, mutant), *_door(a, door, mutant)]


# the gateway


def _gateway(a: System, mutant: str) -> Iterator[Transition]:
    z = z3()
    sealing = a.flag("seals")
    keeps_seal = z.Implies(a["seal"], sealing) if mutant != "clear-unseals" else z.BoolVal(True)
    closed, heard = a["code"] == NOBODY, _all_heard(a)
    # Closing asks nobody; it may set a seal and never lifts one.
    yield Transition("close", z.And(a["code"] != NOBODY, keeps_seal), _signed(a, NOBODY, NOBODY, sealing))
    yield Transition("sign again without groups", z.And(closed, keeps_seal), _signed(a, NOBODY, NOBODY, sealing))
    enough = a["released"][a["epoch"]] >= (1 if mutant == "one-approver" else APPROVERS)
    yield Transition("release", z.And(closed, a["seal"], enough), _signed(a, NOBODY, NOBODY, z.BoolVal(False)))
    for group in GROUPS:
        yield _admission(a, group, sealing, mutant)
    empty = z.And(*(a["inside", g] == 0 for g in GROUPS))
    looked = a.where({"looked": z.BoolVal(True)})
    yield Transition("two people find the room empty", z.And(closed, heard, empty), looked)
    yield Transition("sweep", z.And(closed, heard, a["looked"]), _signed(a, NOBODY, NOBODY, a["seal"]).where({"swept": z.BoolVal(True)}))
    if mutant == "sweep-at-once":
        counted = z.Sum(a.each("heard net"))
        yield Transition("sweep", z.And(closed, heard, a["looked"]), a.where({"correction": -counted}))
    yield _restore(a, mutant)
    for act, asked in (("released", a["seal"]), ("opened", closed)):
        approved = a.where({act: z.Store(a[act], a["epoch"], a[act][a["epoch"]] + 1)})
        yield Transition(f"one more person approves: {act}", asked, approved)


def _all_heard(a: System) -> Term:
    return z3().And(*(heard == a["epoch"] for heard in a.each("heard order")))


def _admission(a: System, group: int, sealing: Term, mutant: str) -> Transition:
    """Sign that `group` may come.  Staff may come by command, too, unless they must not meet it: they may be one of the pair."""
    z = z3()
    code = a.number("comers")
    counted = z.Sum(a.each("heard net")) + a["correction"]
    may = {g: z.And(a[f"may {g}"], counted != 0, z.Not(a["swept"])) for g in PAIR}
    if mutant == "no-count":
        may = dict.fromkeys(PAIR, z.BoolVal(False))
    guards = [z.Implies(a["seal"], sealing), z.Or(code == group, z.And(z.BoolVal(group == REST), z.Or(*(code == g for g in PAIR))))]
    if mutant != "no-clear":
        guards.append(a["code"] == NOBODY)
    if mutant != "no-reports":
        guards.append(_all_heard(a))
    comers = {g: code == g if mutant != "forget-staff" else z.BoolVal(g == group) for g in PAIR}
    guards.append(z.Not(z.And(*(z.Or(comers[g], may[g]) for g in PAIR))))
    if group in PAIR:
        newcomers = a["last"] == FIRST + SECOND - group
        guards.append(z.Implies(newcomers, a["opened"][a["epoch"]] >= (1 if mutant == "one-opener" else APPROVERS)))
    if mutant == "forget-residual":
        may = dict.fromkeys(PAIR, z.BoolVal(False))
    after = _signed(a, code, group, sealing).where(
        {
            **{f"may {g}": z.Or(comers[g], may[g]) for g in PAIR},
            "present": z.If(z.Or(*(code == g for g in PAIR)), code, a["present"]),
            "swept": z.BoolVal(False),
            "correction": z.If(a["swept"], a["correction"] - counted, a["correction"]),
        }
    )
    return Transition(f"admit {_word(group)}", z.And(*guards), after)


def _signed(a: System, code: int | Term, named: int, sealing: Term) -> System:
    """The state after one more policy is signed.  Nothing is sent: the network is the doors' choice among all that were ever signed."""
    z = z3()
    order = a["epoch"] + 1
    changes: dict[Name, Term] = {
        "epoch": order,
        "code": z.IntVal(code) if isinstance(code, int) else code,
        "seal": sealing,
        "since": z.If(z.And(sealing, z.Not(a["seal"])), order, a["since"]),
        "looked": z.BoolVal(False),
        "signed": z.Store(a["signed"], order, code),
        "sealed": z.Store(a["sealed"], order, sealing),
        "named": z.Store(a["named"], order, named),
        "before": z.Store(a["before"], order, a["last"]),
    }
    return a.where(changes | ({"last": z.IntVal(named)} if named != NOBODY else {}))


def _restore(a: System, mutant: str) -> Transition:
    """The gateway comes back from a backup of any age: what it believed is gone, what the doors hold is not.

    The correction is forgotten with the rest, which is safe where counts are never too low (A1): sweeps then only ever took off.
    """
    z = z3()
    sealing = z.BoolVal(mutant != "restore-unsealed")
    order = a["epoch"] + 1
    backed_up = a.number("last")
    guard = z.And(backed_up >= NOBODY, backed_up <= REST)
    if mutant == "restore-same-term":
        order = a.number("order")
        guard = z.And(guard, order > 0, order <= a["epoch"])
    after = _signed(a, NOBODY, NOBODY, sealing).where(
        {
            "epoch": order,
            "since": order,
            "signed": z.Store(a["signed"], order, NOBODY),
            "sealed": z.Store(a["sealed"], order, sealing),
            "named": z.Store(a["named"], order, NOBODY),
            "last": backed_up,
            "swept": z.BoolVal(False),
            "correction": z.IntVal(0),
            **{f"may {g}": z.BoolVal(True) for g in PAIR},
            **{("heard order", d): z.IntVal(NEVER) for d in range(a.doors)},
        }
    )
    return Transition("restore from backup", guard, after)


# one door, and the people at it


def _door(a: System, d: int, mutant: str) -> Iterator[Transition]:
    z = z3()
    yield _delivery(a, d, mutant)
    yield Transition("renew the lease", a["order", d] != NEVER, a.where({("lease", d): z.BoolVal(True)}))
    yield Transition("the lease runs out", z.BoolVal(True), a.where({("lease", d): z.BoolVal(False)}))
    for group in GROUPS:
        yield from _passing(a, d, group, mutant)
    admits = a["code", d] != NOBODY if mutant != "pulse-without-groups" else z.BoolVal(True)
    pulse = z.And(a["lease", d], z.Not(a["seal", d]), admits)
    yield Transition("let staff in by command", pulse, _add(a, ("pending", d, REST), 1))
    yield _restart(a, d, mutant)
    yield from _reports(a, d, mutant)
    if mutant == "walk-in":
        yield Transition("walk in from next door", z.BoolVal(True), _add(_add(a, ("inside", REST), 1), ("net", d), 1))


def _delivery(a: System, d: int, mutant: str) -> Transition:
    """Any policy that was ever signed may arrive, at any time; with it every approval that people ever gave."""
    z = z3()
    order, approved = a.number("offered"), a.number("approved")
    # Only the word for the sealed policy that this door holds, or for a later one, lifts its seal.
    two_approve = z.And(a["order", d] <= approved, approved <= order, a["released"][approved] >= APPROVERS)
    if mutant == "door-believes":
        two_approve = z.BoolVal(True)
    if mutant == "old-release":
        two_approve = z.And(approved >= 0, approved <= order, a["released"][approved] >= APPROVERS)
    guard = z.And(
        order >= 0,
        order <= a["epoch"],
        order > a["order", d] if mutant != "stale" else z.BoolVal(True),
        z.Or(z.Not(a["seal", d]), a["sealed"][order], two_approve),
    )
    after = a.where(
        {
            ("order", d): order,
            ("code", d): a["signed"][order],
            ("seal", d): a["sealed"][order],
            ("lease", d): z.BoolVal(True),
        }
    )
    return Transition("take a policy", guard, after, by_word_for=approved)


def _passing(a: System, d: int, group: int, mutant: str) -> Iterator[Transition]:
    z = z3()
    # A policy that admits one of the pair may admit others beside it.
    admits = a["code", d] == group if group in PAIR else a["code", d] != NOBODY
    grant = z.And(
        admits,
        a["lease", d] if mutant != "grant-without-lease" else z.BoolVal(True),
        z.Not(a["seal", d]) if mutant != "grant-under-seal" else z.BoolVal(True),
    )
    word = _word(group)
    pending, inside = ("pending", d, group), ("inside", group)
    yield Transition(f"grant {word}", grant, _add(a, pending, 1))
    waiting = a[pending] > 0
    yield Transition(f"{word} did not pass", waiting, _add(a, pending, -1))
    entered = _add(_add(_add(a, pending, -1), inside, 1), ("net", d), 1)
    yield Transition(f"enter {word}", waiting, entered)
    here = a[inside] > 0
    may_leave = z.And(here, z.Not(a["seal", d])) if mutant == "exit-held" else here
    yield Transition(f"leave {word}", may_leave, _add(_add(a, inside, -1), ("net", d), -1), always=here)


def _restart(a: System, d: int, mutant: str) -> Transition:
    """Power fails and comes back.  Who was granted may have passed meanwhile or not: all of them are counted as inside."""
    z = z3()
    passed = [a.number(f"passed {g}") for g in GROUPS]
    granted = z.Sum(a.pending_at(d))
    guard = z.And(*(z.And(n >= 0, n <= a["pending", d, g]) for n, g in zip(passed, GROUPS, strict=True)))
    changes: dict[Name, Term] = {
        ("lease", d): z.BoolVal(False),
        ("net", d): a["net", d] + granted,
        **{("pending", d, g): z.IntVal(0) for g in GROUPS},
        **{("inside", g): a["inside", g] + n for n, g in zip(passed, GROUPS, strict=True)},
    }
    if mutant == "unseen-forgotten":
        changes |= {("net", d): a["net", d]}
    if mutant == "volatile-count":
        changes |= {("net", d): z.IntVal(0)}
    if mutant == "volatile-order":
        changes |= {("order", d): z.IntVal(NEVER), ("code", d): z.IntVal(NOBODY), ("seal", d): z.BoolVal(False)}
    if mutant == "volatile-seal":
        changes |= {("seal", d): z.BoolVal(False)}
    return Transition("restart", guard, a.where(changes))


def _reports(a: System, d: int, mutant: str) -> Iterator[Transition]:
    """A door says its count once it is settled; the gateway may hear any report of the present order, late, twice or out of order.

    Of all reports that a door made under one order the lowest and the highest are kept: any count between them may be heard.
    """
    z = z3()
    settled = z.And(*(n == 0 for n in a.pending_at(d))) if mutant != "unsettled" else z.BoolVal(True)
    again, net = a["told order", d] == a["order", d], a["net", d]
    low = z.If(z.And(again, a["told low", d] < net), a["told low", d], net)
    high = z.If(z.And(again, a["told high", d] > net), a["told high", d], net)
    told: dict[Name, Term] = {("told order", d): a["order", d], ("told low", d): low, ("told high", d): high}
    yield Transition("report", settled, a.where(told))
    said = a.number("said")
    current = a["told order", d] == a["epoch"] if mutant != "old-report" else z.BoolVal(True)
    heard = a.where({("heard order", d): a["epoch"], ("heard net", d): said})
    yield Transition("hear a report", z.And(current, a["told low", d] <= said, said <= a["told high", d]), heard)


def _add(a: System, name: Name, number: int) -> System:
    return a.where({name: a[name] + number})


def _word(group: int) -> str:
    return ("nobody", "the first", "the second", "the rest")[group]

