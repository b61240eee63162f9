"""When two states of a board are the same state to the search, and a key by which it finds them."""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from functools import cache
from operator import attrgetter
from typing import Any

from edge.core.door import GRACE_NS, DoorState, Opening
from edge.core.ledger import Grant
from edge.core.state import State
from simulation.proof.search.hall import LEASE_S, NOW, PULL_S, SESSION, TAKEN
from venue_model.moments import Now, S

LEASED_NS = NOW.mono_ns + LEASE_S * S
PULL_NS = NOW.mono_ns + PULL_S * S
LATER = Now(PULL_NS + GRACE_NS, NOW.utc_ns + PULL_S * S + GRACE_NS)  # short timers are over, a lease is not
WITHOUT_SITE = frozenset({"site"})
_EXPLAINED = (Opening.EXIT, Opening.FIRE, Opening.FOUND)  # why a leaf stands open: told, not acted upon

Key = Any  # hashable
_AS_THEY_ARE = frozenset({type(None), str, int, bool, bytes, frozenset})


def comparable(state: State, newborn: State, named: str, at: Now) -> State:
    """`state` as of `at`, with timers live or over, and of all that a board knows what gives somebody a right; `newborn` has the rest.

    The rest (who is barred, who was seen where, who waits for whom, lamps, texts) only refuses more, or is told; approvals were
    looked at when their order was new.  `named`: the policy that a lease may name, "" for none.
    """
    return replace(
        newborn, session=SESSION, renewal=TAKEN, policy=named, granted=state.granted if named else (),
        fires=state.fires, recordable=state.recordable,
        held={c: replace(held, policy=replace(held.policy, approved=())) for c, held in state.held.items()},
        leases={c: LEASED_NS for c, until_ns in state.leases.items() if until_ns > at.mono_ns},
        doors={id: _at_rest(door, at) for id, door in state.doors.items()},
    )  # fmt: skip


def _at_rest(door: DoorState, at: Now) -> DoorState:
    def waiting(grant: Grant) -> Grant:
        return replace(grant, until_ns=_still(grant.until_ns, at) or NOW.mono_ns, withdrawn="")

    pending = tuple(sorted(map(waiting, door.ledger.pending), key=lambda grant: grant.credential))
    ledger = replace(door.ledger, net={c: net for c, net in door.ledger.net.items() if net}, pending=pending)
    return replace(
        door, ledger=ledger, opening=Opening.AUTHORISED if door.opening in _EXPLAINED else door.opening, found_until_ns=0,
        open_since_ns=NOW.mono_ns if door.open else 0, exit_since_ns=NOW.mono_ns if door.exit_pressed else 0,
        passing_until_ns=_still(door.passing_until_ns, at), exit_until_ns=_still(door.exit_until_ns, at),
    )  # fmt: skip


def _still(moment_ns: int | None, at: Now) -> int | None:
    return PULL_NS if moment_ns is not None and moment_ns > at.mono_ns else None


@cache
def _reader(kind: Any, leave_out: frozenset[str]) -> Callable[[Any], Any] | None:
    names = [f.name for f in fields(kind) if f.name not in leave_out] if is_dataclass(kind) else []
    return attrgetter(*names) if len(names) > 1 else (lambda value: (getattr(value, names[0]),)) if names else None


def frozen(value: Any, leave_out: frozenset[str] = frozenset()) -> Key:
    """`value` with all mappings inside it made hashable; fields named in `leave_out` do not count."""
    kind: Any = type(value)
    if kind in _AS_THEY_ARE:
        return value
    if kind is tuple:
        return tuple([frozen(item, leave_out) for item in value]) if value else value
    if kind is dict or isinstance(value, Mapping):
        return frozenset([(key, frozen(item, leave_out)) for key, item in value.items()])
    read = _reader(kind, leave_out)
    return value if read is None else (kind, *[frozen(item, leave_out) for item in read(value)])
