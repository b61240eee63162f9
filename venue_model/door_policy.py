"""What the doors of a separation domain may decide alone, and the decision itself.

`decide_entry` is the one function that says yes at a door.  It is pure: the agent gives policy, pass, time and what happened at this
door before, and journals the verdict.  It decides entry only: no code path here, or anywhere, decides about leaving (I11).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from venue_model.groups import Pair, Role, separated_pairs
from venue_model.ids import BoardId, ComponentId, LotId, PersonKey, VenueId
from venue_model.moments import Now, S
from venue_model.profiles import DoorMode
from venue_model.rules import RULES
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


@dataclass(frozen=True, slots=True)
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
class Admit:
    """Yes, for this pass."""

    entry: Pass


@dataclass(frozen=True, slots=True)
class Refuse:
    """No.  `rule` is a code of `rules.RULES`; `because` is for staff and journal."""

    rule: str
    because: str
    person: PersonKey | None = None
    group: Role | None = None
    lot: LotId | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What this door's board knows about a domain besides the policy."""

    policy: ComponentPolicy | None
    lease_until_mono_ns: int | None  # None: no lease in this session
    fire: bool = False
    entered: frozenset[str] = frozenset()  # digests that have entered since they were last authorised (I4)
    lockers: frozenset[PersonKey] = frozenset()  # people with a closed locker (I5)


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


def decide_entry(
    standing: Standing,
    zones: tuple[Zone, ...],
    digest: str,
    elsewhere: Mapping[str, Role],
    entry_window_s: int,
    now: Now,
) -> Admit | Refuse:
    """May the holder of `digest` enter this domain now?

    Fixed order: static law, fire, lease, identity, seal, CLEAR, phase, validity, I3, I4, I5; the first that fails is the reason.
    `elsewhere` maps the day's other passes to their groups.  Clock error counts in favour of the person (I3, validity): the pass
    was stamped by the gateway's clock and is read by the door's.
    """
    policy = standing.policy
    entry = next((p for p in policy.passes if p.digest == digest), None) if policy else None
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
    if policy.mode is DoorMode.CLEAR:
        return refuse("CLEAR")
    if entry.group not in policy.groups:
        return refuse("PHASE", f"{entry.group} in {policy.mode}")
    if now.utc_ns + now.utc_error_ns < entry.from_utc_ns:
        return refuse("PASS-EARLY")
    if now.utc_ns - now.utc_error_ns >= entry.until_utc_ns:
        return refuse("PASS-EXPIRED")
    if entry.window and entry.authorised_utc_ns is None:
        return refuse("I3", "not authorised yet")
    if entry.window and entry.authorised_utc_ns is not None:
        late_ns = now.utc_ns - entry.authorised_utc_ns - entry_window_s * S
        if late_ns > now.utc_error_ns:
            return refuse("I3", f"window of {entry_window_s} s closed {late_ns // S} s ago")
    if entry.once and entry.digest in standing.entered:
        return refuse("I4")
    if entry.locker and entry.person not in standing.lockers:
        return refuse("I5")
    return Admit(entry)
