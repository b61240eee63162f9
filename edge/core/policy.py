"""Which policies this board believes.  Pure; the law is CLEAR-first (design.md 3), and the board checks its half alone.

A policy that is signed is not yet law here: it must be meant for this session, grow, respect the matrix that was compiled in at
commissioning, and carry two people's approvals where it lifts a seal or opens a room to a separated group.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from venue_model import signing
from venue_model.commissioning import Commission
from venue_model.door_policy import Approval, ComponentPolicy, PolicyBody, illegal_escorts, illegal_groups
from venue_model.groups import Role, separated_pairs
from venue_model.signed import approval_bytes, policy_bytes
from venue_model.wire import SignedPolicy

Order = tuple[int, int]  # (term, epoch)
_NEVER: Order = (-1, -1)


@dataclass(frozen=True, slots=True)
class Held:
    """What this board holds of one domain.  All of it is on disk before anything moves; the lease is kept elsewhere, in memory."""

    policy: ComponentPolicy
    salt: str  # hex; the digests of `policy.passes` are made with it
    admitted: tuple[Role, ...] = ()  # the last groups that were let in; they may be inside still
    admitted_at: Order = _NEVER


@dataclass(frozen=True, slots=True)
class Accepted:
    """The policy is law here from now on, for the length of its lease."""

    held: Held
    changed: bool  # False: a renewal


@dataclass(frozen=True, slots=True)
class Rejected:
    """What was held stays in force, until its lease ends.  `ordinary`: the broker repeating itself, no news for anybody."""

    code: str
    because: str
    ordinary: bool = False


def verify_signed(signed: SignedPolicy, commission: Commission) -> bool:
    """True when the gateway's policy key has signed exactly this body."""
    return signing.verifies(bytes.fromhex(commission.policy_key), policy_bytes(signed.body), _hex(signed.signature))


def check_body(body: PolicyBody, commission: Commission, session: int | None, renewal: int) -> Rejected | None:
    """Why a verified body is not for this board at this time, or None.  `renewal` is the last one taken in this session."""
    if body.venue != commission.venue:
        return Rejected("venue", f"signed for venue {body.venue}, this is {commission.venue}")
    if body.agent != commission.agent:
        return Rejected("agent", f"signed for {body.agent}, this is {commission.agent}")
    if body.session != session:
        return Rejected("session", f"signed for session {body.session}, this is {session}", ordinary=True)
    if body.renewal <= renewal:
        return Rejected("renewal", f"renewal {body.renewal} after {renewal}", ordinary=True)
    return None


def accept(held: Held | None, offered: ComponentPolicy, salt: str, commission: Commission) -> Accepted | Rejected:
    """May `offered` replace what is held for its domain?"""
    zones = commission.zones.get(offered.component)
    if zones is None:
        return Rejected("component", f"{offered.component} does not border this board")
    if (illegal := illegal_escorts(offered.passes, commission.separated_pairs)) is not None:
        return Rejected("matrix", illegal)
    if held is not None and offered.order < held.policy.order:
        return Rejected("stale", f"{_words(offered)} is older than {_words(held.policy)}")
    if held is not None and offered.order == held.policy.order:
        return _renew(held, offered, salt)
    if (illegal := illegal_groups(zones, offered.groups, commission.separated_pairs)) is not None:
        return Rejected("matrix", illegal)
    if held is not None and held.policy.seal and not offered.seal and not _two_approve(offered, "release", held.policy.order, commission):
        return Rejected("unapproved-release", f"{_words(offered)} lifts the seal without two approvers' word")
    if held is not None and (refusal := _check_opening(held, offered, commission)):
        return refusal
    admitted, admitted_at = (held.admitted, held.admitted_at) if held else ((), _NEVER)
    if offered.groups:
        admitted, admitted_at = offered.groups, offered.order
    return Accepted(Held(offered, salt, admitted, admitted_at), changed=True)


def _renew(held: Held, offered: ComponentPolicy, salt: str) -> Accepted | Rejected:
    known = held.policy
    if (offered.mode, set(offered.groups), offered.seal) != (known.mode, set(known.groups), known.seal):
        return Rejected("conflict", f"{_words(offered)} came twice with different content")
    if offered == known and salt == held.salt:
        return Accepted(held, changed=False)
    return Accepted(replace(held, policy=offered, salt=salt), changed=False)


def _check_opening(held: Held, offered: ComponentPolicy, commission: Commission) -> Rejected | None:
    """A separated group may only follow a CLEAR that this very door has held, and two people's word."""
    clashes = separated_pairs((*held.admitted, *offered.groups), commission.separated_pairs) if offered.groups else []
    if not clashes:
        return None
    one, other = clashes[0]
    if held.policy.groups:
        return Rejected("not-clear", f"{one} and {other} must not meet, and this door was not CLEAR between them")
    term, epoch = held.admitted_at
    if not _two_approve(offered, "open", (term, epoch + 1), commission):  # an approval opens once: the next admission outdates it
        return Rejected("unapproved-open", f"{one} and {other} must not meet: two approvers must open the room to the other")
    return None


def _two_approve(offered: ComponentPolicy, act: str, since: Order, commission: Commission) -> bool:
    """True when two people of two roles signed this act, under the order `since` or a later one, up to the offered one.

    For a release `since` is the sealed policy that this door holds: the word that lifted an earlier seal, of which the door may not
    even have heard, lifts no later one.
    """
    return any(
        _two_roles(approved.approvals, approval_bytes(commission.venue, offered.component, offered.term, act, approved.epoch), commission)
        for approved in offered.approved
        if approved.act == act and since <= (offered.term, approved.epoch) <= offered.order
    )


def _two_roles(approvals: Iterable[Approval], message: bytes, commission: Commission) -> bool:
    keys, roles = set(), set()
    for approval in approvals:
        role, key = commission.approvers.get(approval.approver, ("", ""))
        if key and signing.verifies(_hex(key), message, _hex(approval.signature)):
            keys.add(key)
            roles.add(role)
    return len(keys) >= 2 and len(roles) >= 2


def _words(policy: ComponentPolicy) -> str:
    return f"epoch {policy.epoch} of term {policy.term}"


def _hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""
