"""CLEAR-first: how a separation domain changes who may enter, so that separated groups never meet in it (law Apart).

Nothing here knows rooms or lots: a domain has doors, doors report, policies are numbered.  The rules (design.md 3):

1. Before other groups may enter, CLEAR is signed for all doors of the domain: nobody enters, everybody may leave.
2. Each door reports (term, epoch, net count) once it is CLEAR, closed and locked.  Reports of other epochs count for nothing,
   so a silent door keeps the domain CLEAR.
3. New groups are signed only when every door has reported this CLEAR, and either the counts add up to zero or nobody who can
   still be inside is separated from the newcomers (`residual`: the groups admitted since the domain was last proven empty).
   A count that may be wrong (`suspect`: a door was forced, burnt open, or lost its board in the middle of a passage) proves nothing:
   then two people who looked say that the room is empty (`sweep_act`).  What the doors counted up to then may still be on its way,
   so CLEAR is signed once more, and what every door reports of that one is what an empty room counts.
   Groups separated from the last ones, and the lifting of a seal, need two people's approvals, which the doors verify themselves.
4. Epochs only grow.  5. The seal is a bit of its own: CLEAR keeps it, only an approved release lifts it.
6. A restored gateway starts a new term in CLEAR with the seal assumed set (`restored`).

The one refinement of design.md 3 is `residual`: without it an agent who prepares a room would have to leave before bidders may
come in.  It is as safe: the groups that can be inside are a subset of `residual`, which never holds a separated pair.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from venue_model.door_policy import Approved
from venue_model.groups import Pair, Role, separated_pairs
from venue_model.ids import ComponentId, DoorId
from venue_model.profiles import DoorMode

_SWEEP = "sweep"


@dataclass(frozen=True, slots=True)
class DoorStand:
    """The last report of one door about this domain."""

    term: int
    epoch: int
    net: int
    settled: bool
    suspect: bool = False  # somebody may have passed unseen since the last admission


@dataclass(frozen=True, slots=True)
class Target:
    """What the day asks of the domain."""

    mode: DoorMode
    groups: tuple[Role, ...]
    seal: bool


@dataclass(frozen=True, slots=True)
class Domain:
    """What was last signed for a domain, and what its doors said.  Durable before anything is sent."""

    component: ComponentId
    term: int = 1
    epoch: int = 0
    mode: DoorMode = DoorMode.CLEAR
    groups: tuple[Role, ...] = ()
    seal: bool = False
    seal_epoch: int = 0  # of the last sealed policy: what a release must name, so that the word for an earlier seal lifts no later one
    residual: tuple[Role, ...] = ()  # groups that may still be inside
    last_groups: tuple[Role, ...] = ()  # the last groups admitted
    approved: tuple[Approved, ...] = ()  # travel with every later policy
    swept: bool = False  # two people found nobody inside before this CLEAR was signed
    correction: int = 0  # what sweeps have added to the doors' counts
    unsure: bool = False  # a doubt that no sweep has settled, or corrections lost with a newer database: no count proves anything
    reports: Mapping[DoorId, DoorStand] = field(default_factory=dict)


class Waits(StrEnum):
    """What a domain waits for."""

    DOORS = "doors"  # some doors have not reported this CLEAR
    EMPTY = "empty"  # somebody is still inside
    SWEEP = "sweep"  # the count may be wrong: two people must look
    RELEASE = "release"  # two approvals to lift the seal
    OPEN = "open"  # two approvals to admit a separated group


@dataclass(frozen=True, slots=True)
class Waiting:
    """Why the target is not reached yet."""

    what: Waits
    doors: tuple[DoorId, ...] = ()
    people: int = 0


def occupancy(domain: Domain, doors: Iterable[DoorId]) -> int:
    """Net count of people inside, by the doors' last reports and the last sweep.  Tailgating makes it wrong; cameras answer for that."""
    return sum(domain.reports[door].net for door in doors if door in domain.reports) + domain.correction


def proven_empty(domain: Domain, doors: tuple[DoorId, ...]) -> bool:
    """True when every door has reported the present CLEAR, no count is in doubt, and they add up to zero.

    An older report would not do: whoever has come in since is not in it.
    """
    return not _doubt(domain, doors) and not domain.groups and not unheard(domain, doors) and occupancy(domain, doors) == 0


def sweep_act(domain: Domain, doors: tuple[DoorId, ...]) -> str | None:
    """The act that two people sign who have found the domain empty; None while somebody may still enter.

    It names the count that it corrects, so that it is void when anybody is counted between the look and the signature.
    """
    if domain.groups or unheard(domain, doors):
        return None
    return f"{_SWEEP} {occupancy(domain, doors)}"


def reported(domain: Domain, door: DoorId, stand: DoorStand) -> Domain:
    """Take a door's report.  An older one than the last is dropped: the broker may repeat and reorder."""
    last = domain.reports.get(door)
    if last is not None and (stand.term, stand.epoch) < (last.term, last.epoch):
        return domain
    if last == stand:
        return domain
    return replace(domain, reports={**domain.reports, door: stand})


def walked_in(domain: Domain, doors: Iterable[DoorId], groups: Iterable[Role]) -> Domain:
    """Reckon with `groups` too, who may come in from next door by a free exit, while the count says that somebody is inside."""
    residual = tuple(sorted({*domain.residual, *groups}))
    if residual == domain.residual or (occupancy(domain, doors) == 0 and not _doubt(domain, doors)):
        return domain
    return replace(domain, residual=residual)


def unheard(domain: Domain, doors: Iterable[DoorId]) -> tuple[DoorId, ...]:
    """The doors that have not reported the present policy while closed and locked."""

    def heard(stand: DoorStand | None) -> bool:
        return stand is not None and (stand.term, stand.epoch) == (domain.term, domain.epoch) and stand.settled

    return tuple(door for door in doors if not heard(domain.reports.get(door)))


def advance(domain: Domain, target: Target, doors: tuple[DoorId, ...], separated: frozenset[Pair]) -> tuple[Domain, Waiting | None]:
    """One step towards `target`.  A changed epoch means: sign and send.  Call again after every report and approval.

    Returns the domain and what it waits for, or None when the target is reached.
    """
    if (domain.mode, domain.groups, domain.seal) == (target.mode, target.groups, target.seal):
        return _swept_at_rest(domain, doors), None
    if domain.groups:
        # Closing comes first, and asks nobody.  A target without groups is itself a CLEAR.
        mode = DoorMode.CLEAR if target.groups or (target.seal != domain.seal and domain.seal) else target.mode
        return advance(_issue(domain, mode, (), domain.seal or target.seal), target, doors, separated)
    if domain.seal and not target.seal:
        if not _has(domain, "release", domain.seal_epoch):
            return domain, Waiting(Waits.RELEASE)
        return advance(_issue(domain, DoorMode.CLEAR, (), False), target, doors, separated)
    if not target.groups:
        return _issue(domain, target.mode, (), target.seal), None
    missing = unheard(domain, doors)
    if missing:
        return domain, Waiting(Waits.DOORS, missing)
    counted = occupancy(domain, doors)
    residual = () if domain.swept or not (counted or _doubt(domain, doors)) else domain.residual
    comers = _comers(target.groups, separated)
    if separated_pairs({*residual, *comers}, separated):
        if _has(domain, sweep_act(domain, doors), domain.epoch):
            return advance(_issue(replace(domain, swept=True), domain.mode, (), domain.seal), target, doors, separated)
        return domain, Waiting(Waits.EMPTY, people=counted) if counted else Waiting(Waits.SWEEP)
    newcomers = separated_pairs({*domain.last_groups, *target.groups}, separated)
    if newcomers and not _has(domain, "open", domain.epoch):
        return domain, Waiting(Waits.OPEN)
    correction = domain.correction - counted if domain.swept else domain.correction
    unsure = _doubt(domain, doors) and not domain.swept  # whoever comes in now looks at nobody: a doubt outlives an admission
    cleared = replace(domain, residual=tuple(sorted({*residual, *comers})), swept=False, correction=correction, unsure=unsure)
    return _issue(cleared, target.mode, target.groups, target.seal), None


def _swept_at_rest(domain: Domain, doors: tuple[DoorId, ...]) -> Domain:
    """A sweep of a domain that has nowhere to go: it no longer keeps its neighbours waiting for people who are not there."""
    if _has(domain, sweep_act(domain, doors), domain.epoch):
        return _issue(replace(domain, swept=True), domain.mode, (), domain.seal)
    if not domain.swept or unheard(domain, doors):
        return domain
    correction = domain.correction - occupancy(domain, doors)
    return replace(domain, swept=False, unsure=False, residual=(), correction=correction)


def _doubt(domain: Domain, doors: Iterable[DoorId]) -> bool:
    """True when the counts may be wrong."""
    return domain.unsure or any(stand.suspect for door, stand in domain.reports.items() if door in doors)


def _comers(groups: tuple[Role, ...], separated: frozenset[Pair]) -> set[Role]:
    """Who may come while `groups` are admitted: staff too, by command, unless they must not meet them (`refuse_staff` of the edge)."""
    return {*groups} if separated_pairs((Role.STF, *groups), separated) else {*groups, Role.STF}


def _issue(domain: Domain, mode: DoorMode, groups: tuple[Role, ...], seal: bool) -> Domain:
    epoch = domain.epoch + 1
    return replace(
        domain,
        epoch=epoch,
        mode=mode,
        groups=groups,
        seal=seal,
        seal_epoch=epoch if seal else domain.seal_epoch,
        residual=tuple(sorted({*domain.residual, *groups})),
        last_groups=groups or domain.last_groups,
        approved=tuple(a for a in domain.approved if not (seal and a.act == "release") and not a.act.startswith(_SWEEP)),
    )


def _has(domain: Domain, act: str | None, epoch: int) -> bool:
    return any(a.act == act and a.epoch == epoch for a in domain.approved)


def approve(domain: Domain, approved: Approved) -> Domain:
    """Add an act that two people signed.  The caller has verified the signatures; the doors verify them again."""
    others = tuple(a for a in domain.approved if a.act != approved.act)
    return replace(domain, approved=(*others, approved))


def restored(domain: Domain, floor_term: int) -> Domain:
    """After a restore from backup: a new term above everything the doors report, CLEAR, the seal assumed set, the counts unsure."""
    term = max(domain.term, floor_term) + 1
    everyone = tuple(sorted(Role))
    return Domain(
        domain.component, term, 1, DoorMode.CLEAR, (), True, seal_epoch=1, residual=everyone, last_groups=domain.last_groups,
        unsure=True,
    )  # fmt: skip
