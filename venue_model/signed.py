"""The exact bytes under each signature of the venue.  Gateway and edge both call these, so that they cannot differ.

All are canonical JSON.  Nanoseconds since 1970 do not fit its integers and are written as decimal text.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import fields, replace
from functools import lru_cache
from typing import Any

from venue_model.canonical import EXACT_LIMIT, Plain, canonical_bytes, plain
from venue_model.door_policy import ComponentPolicy, Elsewhere, Pass, PolicyBody, approval_command
from venue_model.ids import BoardId, ComponentId, DoorId, VenueId

# Fields that came after the first release.  At their default they are not among the signed bytes, so that a door of either age
# verifies what the other signs; with a value, a door that does not know the field, and so could not obey it, refuses the policy.
_LATER: dict[str, Plain] = {
    "escort": [], "duress": False, "spent": False, "inside": None, "seen_utc_ns": 0,  # of a pass
    "limit": None, "others": 0,  # of a domain's policy
}  # fmt: skip


# A lease is renewed every twenty seconds, mostly with nothing else changed: the text of each domain's newest policy, and of the
# day's other passes, is made once.  A stale entry costs time and nothing else, because it is compared before it is used.
_policies: dict[ComponentId, tuple[ComponentPolicy, str]] = {}
_elsewhere: dict[VenueId, tuple[tuple[Elsewhere, ...], str]] = {}


def policy_bytes(body: PolicyBody) -> bytes:
    """What the gateway's policy key signs: `SignedPolicy.signature`."""
    return _policy_bytes(body, ())


def policy_digest(body: PolicyBody) -> str:
    """What a body says, whenever it was issued: a lease is renewed by naming it."""
    return hashlib.sha256(_policy_bytes(body, ("issued_utc_ns", "renewal"))).hexdigest()


def lease_bytes(agent: BoardId, session: int, renewal: int, issued_utc_ns: int, lease_s: int, policy: str) -> bytes:
    """What the policy key signs to renew the leases of a policy that the agent holds: `Command.signature` of a "lease".

    >>> lease_bytes(BoardId("front"), 3, 4, 1_800_000_000_000_000_000, 60, "ab").decode()
    '{"agent":"front","issued_utc_ns":"1800000000000000000","kind":"bidhall-lease-1","lease_s":60,"policy":"ab","renewal":4,"session":3}'
    """
    record = {"agent": agent, "session": session, "renewal": renewal, "issued_utc_ns": issued_utc_ns, "lease_s": lease_s}
    return _signed({**record, "policy": policy, "kind": "bidhall-lease-1"})


def _policy_bytes(body: PolicyBody, without: tuple[str, ...]) -> bytes:
    texts = {"components": f"[{','.join(map(_policy_text, body.components))}]", "elsewhere": _elsewhere_text(body)}
    names = [field.name for field in fields(body) if field.name not in without]
    return _object({name: texts[name] if name in texts else _signed(getattr(body, name)).decode() for name in names}).encode()


def _policy_text(policy: ComponentPolicy) -> str:
    known = _policies.get(policy.component)
    if known is not None and known[0] == policy:
        return known[1]
    others: Any = plain(replace(policy, passes=()))
    members = {name: _signed(value).decode() for name, value in _without_later(others).items()}
    members["passes"] = f"[{','.join(map(_pass_text, policy.passes))}]"
    text = _object(members)
    _policies[policy.component] = policy, text
    return text


@lru_cache(65_536)
def _pass_text(entry: Pass) -> str:
    """When somebody is authorised, one pass of a hundred changes."""
    record: Any = plain(entry)
    return canonical_bytes(exact(_without_later(record))).decode()


def _object(members: dict[str, str]) -> str:
    """Members, each already as its canonical text."""
    return "{" + ",".join(f'"{name}":{members[name]}' for name in sorted(members)) + "}"


def _elsewhere_text(body: PolicyBody) -> str:
    known = _elsewhere.get(body.venue)
    if known is not None and known[0] == body.elsewhere:
        return known[1]
    text = _signed(body.elsewhere).decode()
    _elsewhere[body.venue] = body.elsewhere, text
    return text


def _without_later(record: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key not in _LATER or value != _LATER[key]}


def approval_bytes(venue: VenueId, component: ComponentId, term: int, act: str, epoch: int) -> bytes:
    """What each of two approvers signs: `Approval.signature`."""
    return _signed(approval_command(venue, component, term, act, epoch))


def ack_bytes(agent: BoardId, journal: str, through: int) -> bytes:
    """What the policy key signs once lines up to `through` are committed: `Command.signature` of an "ack"."""
    return _signed({"agent": agent, "journal": journal, "kind": "bidhall-ack-1", "through": through})


def held_bytes(agent: BoardId, journals: Mapping[str, int], issued_utc_ns: int) -> bytes:
    """What the policy key signs to say which lines it holds of each journal of an agent: `Command.signature` of a "held".

    >>> held_bytes(BoardId("front"), {"j1": 7}, 1_800_000_000_000_000_000).decode()
    '{"agent":"front","issued_utc_ns":"1800000000000000000","journals":{"j1":7},"kind":"bidhall-held-1"}'
    """
    return _signed({"agent": agent, "issued_utc_ns": issued_utc_ns, "journals": dict(journals), "kind": "bidhall-held-1"})


def pulse_bytes(agent: BoardId, door: DoorId, command: str, issued_utc_ns: int) -> bytes:
    """What the policy key signs to open one door once, for staff: `Command.signature` of a "pulse".

    >>> pulse_bytes(BoardId("front"), DoorId("d1"), "c7", 1_800_000_000_000_000_000).decode()
    '{"agent":"front","door":"d1","id":"c7","issued_utc_ns":"1800000000000000000","kind":"bidhall-pulse-1"}'
    """
    return _signed({"agent": agent, "door": door, "id": command, "issued_utc_ns": issued_utc_ns, "kind": "bidhall-pulse-1"})


def rollout_bytes(agent: BoardId, order: str, issued_utc_ns: int, body: Mapping[str, Plain]) -> bytes:
    """What the policy key signs to have one board take, or return to, a program or a configuration: `Command.signature` of a "rollout".

    >>> rollout_bytes(BoardId("front"), "r1", 1_800_000_000_000_000_000, {"back": False, "digest": "ab"}).decode()
    '{"agent":"front","body":{"back":false,"digest":"ab"},"id":"r1","issued_utc_ns":"1800000000000000000","kind":"bidhall-rollout-1"}'
    """
    record = {"agent": agent, "body": dict(body), "id": order, "issued_utc_ns": issued_utc_ns, "kind": "bidhall-rollout-1"}
    return _signed(record)


def _signed(record: object) -> bytes:
    return canonical_bytes(exact(plain(record)))


def exact(value: Plain) -> Plain:
    """`value` with the integers that a double would round written as decimal text, so that it has a canonical form."""
    if type(value) is int:
        return str(value) if abs(value) > EXACT_LIMIT else value
    if isinstance(value, dict):
        return {key: exact(item) for key, item in value.items()}
    if isinstance(value, list):
        return [exact(item) for item in value]
    return value
