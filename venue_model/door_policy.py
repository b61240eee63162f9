"""What the doors of a separation domain may decide alone, and the decision itself.

`decide_entry` is the one function that says yes at a door.  It is pure: the agent gives policy, pass, time and what happened at this
door before, and journals the verdict.  It decides entry only: no code path here, or anywhere, decides about leaving (I11).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from venue_model.groups import ALWAYS_SEPARATED, Pair, Role, pair, separated_pairs
from venue_model.ids import BoardId, ComponentId, LotId, PersonKey, VenueId
from venue_model.moments import Now, S
from venue_model.profiles import DoorMode
from venue_model.rules import RULES
from venue_model.venue import AntiPassback
from venue_model.zones import Zone, never_admits


@dataclass(frozen=True, slots=True)
class Pass:
    """One credential that a domain admits, with the conditions that this door checks."""

    digest: str
    person: PersonKey
    group: Role
    lot: LotId
    from_utc_ns: int
    until_utc_ns: int
    window: bool = False  # I3: must be authorised first, and enter within the entry window
    authorised_utc_ns: int | None = None
    once: bool = False  # I4: enters once
    locker: bool = False  # I5: a closed locker must be bound to the person first
    escort: tuple[Role, ...] = ()  # enters only beside somebody of one of these roles, who presents a pass at the same door
    duress: bool = False  # presented under threat: it opens as ever, and calls for help without a sound
    # What the gateway knows of this person beyond this board, as of the policy's issue; the board's own doors know better and later.
    spent: bool = False  # I4: has entered since last authorised
    inside: ComponentId | None = None  # where the person was last seen to go in; None: outside, or not seen
    seen_utc_ns: int = 0  # when


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A credential that is known today but has no business here: it lets the door give the right reason."""

    digest: str
    group: Role


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's signature under an exact command (see `approval_command`)."""

    approver: str
    signature: str  # hex


@dataclass(frozen=True, slots=True)
class Approved:
    """A dangerous act that two people signed: it travels with every later policy, so that a door that slept can check it."""

    act: str  # "release": lift the seal that was set at `epoch`; "open": admit a group separated from the last one
    epoch: int
    approvals: tuple[Approval, ...]


@dataclass(frozen=True)
class ComponentPolicy:
    """Who may enter one separation domain.  (term, epoch) only ever grow; CLEAR is a policy without groups."""

    component: ComponentId
    term: int
    epoch: int
    mode: DoorMode
    groups: tuple[Role, ...]
    seal: bool
    passes: tuple[Pass, ...] = ()
    approved: tuple[Approved, ...] = ()
    limit: int | None = None  # how many people may be inside; None: no limit
    others: int = 0  # net count of people inside by the doors of other boards, as last reported to the gateway

    @property
    def order(self) -> tuple[int, int]:
        """What makes one policy newer than another."""
        return (self.term, self.epoch)

    @cached_property
    def by_digest(self) -> Mapping[str, Pass]:
        """The passes by credential; of two for one credential the first counts."""
        return {entry.digest: entry for entry in reversed(self.passes)}

    @cached_property
    def escorts(self) -> frozenset[Role]:
        """The roles that somebody here may only come in beside."""
        return frozenset(role for entry in self.passes for role in entry.escort)


@dataclass(frozen=True, slots=True)
class PolicyBody:
    """What the gateway signs for one agent.  Bound to the agent's session, so that a broker's stale copy is worth nothing."""

    venue: VenueId
    agent: BoardId
    session: int
    renewal: int
    issued_utc_ns: int
    lease_s: int
    salt: str  # hex; for `passes.card_digest`
    components: tuple[ComponentPolicy, ...]
    elsewhere: tuple[Elsewhere, ...] = ()


def approval_command(venue: VenueId, component: ComponentId, term: int, act: str, epoch: int) -> dict[str, object]:
    """The exact command that an approver signs, as canonical bytes.  A signature fits one act on one epoch and nothing else."""
    return {"act": act, "component": component, "epoch": epoch, "kind": "bidhall-approval-1", "term": term, "venue": venue}


@dataclass(frozen=True, slots=True)
class Entrance:
    """The rules of one door, as the venue file gives them.  The default is a door without rules of its own."""

    before: ComponentId | None = None  # the domain that it leads from; None: an open zone
    antipassback: AntiPassback = AntiPassback.NONE
    antipassback_s: int = 300
    two_person: bool = False
    companion_s: int = 10
    separated: frozenset[Pair] = ALWAYS_SEPARATED


@dataclass(frozen=True, slots=True)
class Seen:
    """Where somebody was last seen to go.  `inside` None: out of every domain, or nobody knows."""

    inside: ComponentId | None = None
    utc_ns: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """What this door's board knows about a domain, and about the holder of the pass, besides the policy."""

    policy: ComponentPolicy | None
    lease_until_mono_ns: int | None  # None: no lease in this session
    fire: bool = False
    entered: frozenset[str] = frozenset()  # digests that have entered since they were last authorised (I4)
    lockers: frozenset[PersonKey] = frozenset()  # people with a closed locker (I5)
    seen: Seen = Seen()  # where this board's doors saw the holder go
    inside: int = 0  # net count of people in the domain by this board's doors
    coming: int = 0  # let in by this board's doors, and not through yet
    company: tuple[Pass, ...] = ()  # good passes that others presented at this very door, within `Entrance.companion_s`


@dataclass(frozen=True, slots=True)
class Admit:
    """Yes, for this pass."""

    entry: Pass
    beside: PersonKey | None = None  # the other person without whom it would be no
    passback: bool = False  # seems to be inside already: a soft door lets in, and tells staff


@dataclass(frozen=True, slots=True)
class Await:
    """Not alone: yes as soon as the right second person presents a pass at the same door."""

    rule: str  # "ESCORT" or "PAIR"
    entry: Pass
    until_mono_ns: int


@dataclass(frozen=True, slots=True)
class Refuse:
    """No.  `rule` is a code of `rules.RULES`; `because` is for staff and journal."""

    rule: str
    because: str
    person: PersonKey | None = None
    group: Role | None = None
    lot: LotId | None = None


Verdict = Admit | Await | Refuse
_Reason = tuple[str, str]  # rule and detail


def illegal_groups(zones: tuple[Zone, ...], groups: tuple[Role, ...], separated: frozenset[Pair]) -> str | None:
    """Why a policy may not admit `groups` together to a domain of `zones`, or None.

    This is the matrix that is compiled into each edge when the venue is commissioned: even a validly signed policy that breaks
    it is refused there.
    """
    for zone in zones:
        for group in groups:
            if never_admits(zone, group):
                return f"{group} is never admitted to {zone} (I1)"
    for one, other in separated_pairs(groups, separated):
        return f"{one} and {other} must never meet"
    return None


def illegal_escorts(passes: Iterable[Pass], separated: frozenset[Pair]) -> str | None:
    """Why a policy may not ask for these escorts, or None: nobody is walked in by a group that he must never meet."""
    for entry in passes:
        for role in entry.escort:
            if pair(role, entry.group) in separated:
                return f"{role} would escort {entry.group}, and they must never meet"
    return None


def decide_entry(
    standing: Standing,
    zones: tuple[Zone, ...],
    digest: str,
    elsewhere: Mapping[str, Role],
    entry_window_s: int,
    now: Now,
    door: Entrance = Entrance(),
) -> Verdict:
    """May the holder of `digest` enter this domain now, by this door?

    Fixed order; the first that fails is the reason: static law (I1), FIRE, LEASE, identity (PASS-UNKNOWN), seal (I8), another's room
    (I2), LOCKDOWN, CLEAR, PHASE, validity (PASS-EARLY, PASS-EXPIRED), I3, I4, I5; then the rules of the door: APB or APB-AREA, FULL,
    ESCORT, PAIR.  `elsewhere` maps the day's other passes to their groups.  Clock error counts in favour of the person (I3, validity,
    timed anti-passback): the times were stamped by another clock than the door's.
    """
    policy = standing.policy
    entry = policy.by_digest.get(digest) if policy else None
    group = entry.group if entry else elsewhere.get(digest)

    def refuse(rule: str, detail: str = "") -> Refuse:
        because = f"{RULES[rule].because}: {detail}" if detail else RULES[rule].because
        return Refuse(rule, because, entry.person if entry else None, group, entry.lot if entry else None)

    if group is not None and any(never_admits(zone, group) for zone in zones):
        return refuse("I1", f"{group} in {'/'.join(zones)}")
    if standing.fire:
        return refuse("FIRE")
    if policy is None or standing.lease_until_mono_ns is None or now.mono_ns >= standing.lease_until_mono_ns:
        return refuse("LEASE")
    if group is None:
        return refuse("PASS-UNKNOWN")
    if policy.seal:
        return refuse("I8")
    if entry is None:
        return refuse("I2")
    if policy.mode in (DoorMode.LOCKDOWN, DoorMode.CLEAR):
        return refuse(policy.mode.name)
    if entry.group not in policy.groups:
        return refuse("PHASE", f"{entry.group} in {policy.mode}")
    against = _check_pass(entry, standing, entry_window_s, now) or _check_place(entry, policy, standing, door, now)
    if against is not None:
        return refuse(*against)
    return _decide_company(entry, policy, standing, door, now)


def decide_together(digests: Sequence[str], decide: Callable[[str, Sequence[str], int], Verdict]) -> dict[str, Verdict]:
    """The verdicts on people who stand at one door and count on each other.

    `decide(digest, others, before)` judges one of them beside `others`, when `before` of them go in first.  Whoever stays out counts
    for nobody: those who are left are asked again without him, so that nobody goes in on the strength of somebody who does not.
    """
    verdicts: dict[str, Verdict] = {}
    group = tuple(digests)
    while group:
        verdicts |= {one: decide(one, [other for other in group if other != one], before) for before, one in enumerate(group)}
        let_in = tuple(one for one in group if isinstance(verdicts[one], Admit))
        if let_in == group:
            break
        group = let_in
    return verdicts


def _check_pass(entry: Pass, standing: Standing, entry_window_s: int, now: Now) -> _Reason | None:
    """The conditions that the pass carries."""
    if now.utc_ns + now.utc_error_ns < entry.from_utc_ns:
        return "PASS-EARLY", ""
    if now.utc_ns - now.utc_error_ns >= entry.until_utc_ns:
        return "PASS-EXPIRED", ""
    if entry.window and entry.authorised_utc_ns is None:
        return "I3", "not authorised yet"
    if entry.window and entry.authorised_utc_ns is not None:
        late_ns = now.utc_ns - entry.authorised_utc_ns - entry_window_s * S
        if late_ns > now.utc_error_ns:
            return "I3", f"window of {entry_window_s} s closed {late_ns // S} s ago"
    if entry.once and entry.digest in standing.entered:
        return "I4", ""
    if entry.once and entry.spent:
        return "I4", "by a door of another board"
    if entry.locker and entry.person not in standing.lockers:
        return "I5", ""
    return None


def _check_place(entry: Pass, policy: ComponentPolicy, standing: Standing, door: Entrance, now: Now) -> _Reason | None:
    """Where the holder seems to be, and whether there is room.  A door within the domain lets nobody into it."""
    if door.before == policy.component:
        return None
    seen = _last_seen(entry, standing.seen)
    again = seen.inside == policy.component
    age_ns = abs(now.utc_ns - seen.utc_ns)  # a stamp from ahead of this clock is as doubtful as it is far ahead
    match door.antipassback:
        case AntiPassback.AREA if door.before is not None:
            if seen.inside != door.before:
                return "APB-AREA", f"last seen in {seen.inside or 'no domain'}, and the door leads from {door.before}"
        # Nobody is seen to enter an open zone: there, an area door can only ask that the person is not inside already.
        case AntiPassback.HARD | AntiPassback.AREA if again:
            return "APB", ""
        case AntiPassback.TIMED if again and age_ns + now.utc_error_ns < door.antipassback_s * S:
            return "APB", f"for {door.antipassback_s} s"
    if policy.limit is not None and standing.inside + policy.others + standing.coming >= policy.limit:
        return "FULL", f"limit {policy.limit}"
    return None


def _decide_company(entry: Pass, policy: ComponentPolicy, standing: Standing, door: Entrance, now: Now) -> Verdict:
    """Beside whom?  Whoever needs an escort cannot be one."""
    company = [
        other for other in standing.company if other.person != entry.person and pair(other.group, entry.group) not in door.separated
    ]
    until_ns = now.mono_ns + door.companion_s * S
    passback = door.antipassback is AntiPassback.SOFT and _last_seen(entry, standing.seen).inside == policy.component
    if entry.escort:
        escort = next((other for other in company if other.group in entry.escort and not other.escort), None)
        return Admit(entry, escort.person, passback) if escort else Await("ESCORT", entry, until_ns)
    if door.two_person and door.before != policy.component and standing.inside + policy.others <= 0:
        return Admit(entry, company[0].person, passback) if company else Await("PAIR", entry, until_ns)
    return Admit(entry, passback=passback)


def _last_seen(entry: Pass, own: Seen) -> Seen:
    """By this board's doors or by the gateway, whichever is later."""
    return own if own.utc_ns >= entry.seen_utc_ns else Seen(entry.inside, entry.seen_utc_ns)
