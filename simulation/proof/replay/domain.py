"""One domain over the whole run: could `gateway.core.clearing` have signed what its boards took?

The real `advance` is asked for every policy after the last, with the doors' reports made from the passages that the boards recorded under
earlier policies: orders tell what came before what, no clock does.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from edge.core.policy import Order
from gateway.core.clearing import Domain, DoorStand, Target, Waiting, Waits, advance, restored, sweep_act
from simulation.proof.replay.board import Counted, Taken
from simulation.proof.replay.lines import Finding, Line, finding
from venue_model.door_policy import Approved, ComponentPolicy
from venue_model.groups import Pair
from venue_model.ids import ComponentId, DoorId

_STEPS = 6  # of `advance` towards one target: close, release, admit, with reports between

_WORDS = {
    Waits.DOORS: "not every door had reported",
    Waits.EMPTY: "somebody who must not meet the newcomers was still counted inside",
    Waits.SWEEP: "nobody had swept the room after somebody may have passed unseen",
    Waits.RELEASE: "two people's release of this very seal is missing",
    Waits.OPEN: "two people's word to open the room to a separated group is missing",
}


def check_domain(
    component: ComponentId,
    taken: Iterable[Taken],
    counted: Iterable[Counted],
    doors: tuple[DoorId, ...],
    separated: frozenset[Pair],
    swept: frozenset[str] = frozenset(),
) -> list[Finding]:
    """What the gateway could not have signed.  `swept`: the acts by which two people found the domain empty."""
    policies, lines, findings = _signed(taken)
    counts = list(counted)
    domain: Domain | None = None
    for order in sorted(policies):
        policy = policies[order]
        if domain is None:
            domain = _first(component, policy)
            continue
        stands = _Stands(doors, [c for c in counts if c.order < order])
        after = _reached(domain, policy, stands, separated, swept)
        if isinstance(after, str):
            findings.append(finding(lines[order], "unsigned", f"the gateway could not have signed it: {after}"))
            after = replace(_first(component, policy), last_groups=policy.groups or domain.last_groups)
        domain = after
    return findings


def _signed(taken: Iterable[Taken]) -> tuple[dict[Order, ComponentPolicy], dict[Order, Line], list[Finding]]:
    """Each policy once, with all approvals that any board saw of it, and the first line that tells it."""
    policies: dict[Order, ComponentPolicy] = {}
    lines: dict[Order, Line] = {}
    findings = []
    for one in taken:
        policy, order = one.policy, one.policy.order
        known = policies.setdefault(order, policy)
        lines.setdefault(order, one.line)
        if (known.mode, set(known.groups), known.seal) != (policy.mode, set(policy.groups), policy.seal):
            findings.append(finding(one.line, "conflict", f"{lines[order].name} tells another content of the same order"))
        approved = {(a.act, a.epoch): a for a in (*known.approved, *policy.approved)}
        policies[order] = replace(known, approved=tuple(approved.values()))
    return policies, lines, findings


def _first(component: ComponentId, policy: ComponentPolicy) -> Domain:
    """The domain as its first line tells it.  What was before is unknown, and nobody is assumed inside."""
    return Domain(
        component, policy.term, policy.epoch, policy.mode, policy.groups, policy.seal,
        seal_epoch=policy.epoch if policy.seal else 0, residual=policy.groups, last_groups=policy.groups,
    )  # fmt: skip


class _Stands:
    """The reports of all doors, as the passages before a policy make them."""

    def __init__(self, doors: tuple[DoorId, ...], counted: list[Counted]) -> None:
        self.net: dict[DoorId, int] = defaultdict(int)
        self.suspect: set[DoorId] = set()
        self.doors = doors
        for one in counted:
            self.net[one.door] += one.by
            if one.suspect is not None:
                (self.suspect.add if one.suspect else self.suspect.discard)(one.door)

    def under(self, domain: Domain) -> Domain:
        """The domain with every door's report of its present policy."""
        reports = {d: DoorStand(domain.term, domain.epoch, self.net[d], True, d in self.suspect) for d in self.doors}
        return replace(domain, reports=reports)


def _reached(
    domain: Domain, policy: ComponentPolicy, stands: _Stands, separated: frozenset[Pair], swept: frozenset[str]
) -> Domain | str:
    """The domain after signing `policy`, or why the gateway could not have signed it next.

    Policies that no board took may lie between: then the domain may have been closed and stood so for any number of epochs.
    """
    if policy.term > domain.term:
        domain = replace(restored(domain, policy.term - 1), approved=())
        if domain.epoch == policy.epoch:
            same = (domain.mode, domain.groups, domain.seal) == (policy.mode, policy.groups, policy.seal)
            return domain if same else "a new term begins CLEAR and sealed"
    why = "its epoch follows too soon after the last"
    for unseen in range(policy.epoch - domain.epoch):
        start = replace(domain, approved=_before(policy, domain), epoch=domain.epoch + unseen)
        if unseen and domain.groups:
            start = replace(start, groups=(), residual=tuple(sorted({*start.residual, *domain.groups})))
        found, waiting = _pursued(start, policy, stands, separated, swept)
        if waiting is not None:
            why = _WORDS[waiting.what]
        elif found.epoch == policy.epoch:
            return found
    return why


def _pursued(
    domain: Domain, policy: ComponentPolicy, stands: _Stands, separated: frozenset[Pair], swept: frozenset[str]
) -> tuple[Domain, Waiting | None]:
    target = Target(policy.mode, policy.groups, policy.seal)
    waiting: Waiting | None = None
    for _ in range(_STEPS):
        ready = stands.under(domain)
        act = sweep_act(ready, stands.doors)
        if act is not None and act in swept:
            ready = replace(ready, approved=(*ready.approved, Approved(act, ready.epoch, ())))
        after, waiting = advance(ready, target, stands.doors, separated)
        if waiting is None or after.epoch == domain.epoch:
            return after, waiting
        domain = after
    return domain, waiting


def _before(policy: ComponentPolicy, domain: Domain) -> tuple[Approved, ...]:
    """The approvals that the gateway had: those that travel with what it signed, of this term."""
    return policy.approved if policy.term == domain.term else ()

