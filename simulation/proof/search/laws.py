"""The laws, as predicates over what a board or the gateway was and has become.  Each returns what is broken, in words, or None.

They know nothing of how the protocol works: approvals are verified here anew, with keys that only the search has.
"""

from collections.abc import Iterable
from functools import cache

from edge.core.door import DoorState
from edge.core.effects import Effect, SetLine
from edge.core.journal import Record
from edge.core.ledger import Direction
from edge.core.policy import Held
from edge.core.state import State
from gateway.core.clearing import Domain
from simulation.proof.search.hall import APPROVERS, NOW, ROOM, VENUE
from venue_model import signing
from venue_model.door_policy import Approval, ComponentPolicy
from venue_model.groups import Pair, Role, separated_pairs
from venue_model.profiles import DoorMode
from venue_model.signed import approval_bytes

Order = tuple[int, int]
NEVER: Order = (-1, -1)

APART = "Apart 分离"
NEVER_MORE = "Never more 不逾"
SEAL = "Seal 封闭"
OUT = "Out 放行"
MONOTONY = "Monotony 只增"
RECORD = "Record 先记"
LAWS = (APART, NEVER_MORE, SEAL, OUT, MONOTONY, RECORD)


def order_of(held: Held | None) -> Order:
    """The order that a board holds."""
    return held.policy.order if held else NEVER


@cache
def two_people_signed(approvals: tuple[Approval, ...], act: str, term: int, epoch: int) -> bool:
    """True when two people of two roles signed exactly this."""
    message = approval_bytes(VENUE, ROOM, term, act, epoch)
    known = {a.id: a for a in APPROVERS}
    roles = {
        known[a.approver].role
        for a in approvals
        if signing.verifies(bytes.fromhex(known[a.approver].public_key), message, bytes.fromhex(a.signature))
    }
    return len(roles) >= 2


def approved_since(policy: ComponentPolicy, act: str, since: Order) -> bool:
    """True when a policy carries two people's word for an act under the order `since` or a later one."""
    return any(
        a.act == act and (policy.term, a.epoch) >= since and two_people_signed(a.approvals, act, policy.term, a.epoch)
        for a in policy.approved
    )


# a board


def broken_by_state(state: State) -> str | None:
    """What may never be, in whatever way it came about."""
    held = state.held.get(ROOM)
    for id, door in state.doors.items():
        lasting = [g for g in door.ledger.pending if g.direction is Direction.IN and g.until_ns > NOW.mono_ns]
        if state.fire and door.online and state.site.doors[id].fire_release and not door.released:
            return f"{OUT}: the door stays locked while the fire input is active"
        if state.fire and lasting:
            return f"{NEVER_MORE}: the door is about to let somebody in although the fire input is active"
        for grant in lasting:
            group = grant.group or Role.STF
            if held is None or held.policy.mode is DoorMode.CLEAR or not _may_follow(grant.group, held.policy, state.site.separated):
                return f"{NEVER_MORE}: the door is about to let {group} in, which what it holds does not allow"
            if held.policy.seal:
                return f"{SEAL}: the door is about to let {group} into the sealed room"
        if door.released and not _why_released(state, door):
            return f"{RECORD}: the strike is released, and nothing on disk says for whom"
    return None


def _why_released(state: State, door: DoorState) -> bool:
    leaving = door.exit_pressed or door.exit_until_ns is not None or state.fire
    return leaving or door.open or bool(door.ledger.pending)


def broken_by_step(before: State, after: State, effects: Iterable[Effect]) -> str | None:
    """What no single event may do."""
    was, held = before.held.get(ROOM), after.held.get(ROOM)
    if order_of(held) < order_of(was):
        return f"{MONOTONY}: the board held {_words(order_of(was))} and now holds {_words(order_of(held))}"
    breached = was is not None and was.policy.seal and not before.fire and _passed(effects, Direction.OUT)
    if breached and not any(_is(e, "breach") for e in effects):
        return f"{SEAL}: somebody left the sealed room, and no breach is recorded"
    return _unrecorded(before, after, effects)


def released_by(before: State, after: State) -> Order | None:
    """When the seal fell: the latest order for which two people's word came with what is held now, or NEVER; None when it did not."""
    was, held = before.held.get(ROOM), after.held.get(ROOM)
    if was is None or not was.policy.seal or (held is not None and held.policy.seal):
        return None
    if held is None:
        return NEVER
    term, releases = held.policy.term, [a for a in held.policy.approved if a.act == "release"]
    return max(((term, a.epoch) for a in releases if two_people_signed(a.approvals, "release", term, a.epoch)), default=NEVER)


def broken_by_release(released: Order, sealed_at: Order) -> str | None:
    """A seal falls by a release of this very seal, or of a later one."""
    return None if released >= sealed_at else f"{SEAL}: the seal of {_words(sealed_at)} fell without two people's word for it"


def _unrecorded(before: State, after: State, effects: Iterable[Effect]) -> str | None:
    """A strike that lets somebody in moves after its grant is a line of the journal and part of what is stored."""
    effects = list(effects)
    for effect in effects:
        if isinstance(effect, SetLine) and effect.active and not effect.life_safety:
            door = next(d for id, d in after.doors.items() if after.site.doors[id].strike == effect.line)
            if not any(_is(e, "grant") for e in effects) or not (door.ledger.pending or door.open):
                return f"{RECORD}: {effect.line} is released without a stored grant"
    return None


def broken_by_grant(before: State, group: Role, *, pulse: bool) -> str | None:
    """Why `before` may not let a person in.  Called when it has."""
    held = before.held.get(ROOM)
    if before.fire:
        return f"{NEVER_MORE}: {group} is let in although the fire input is active"
    if held is None or before.leases.get(ROOM, 0) <= NOW.mono_ns:
        return f"{NEVER_MORE}: {group} is let in without a live lease"
    if held.policy.seal:
        return f"{SEAL}: {group} is let into the sealed room"
    if held.policy.mode is DoorMode.CLEAR or not _may_follow(None if pulse else group, held.policy, before.site.separated):
        return f"{NEVER_MORE}: {group} is let in, which {_words(held.policy.order)} does not allow"
    return None


def _may_follow(group: Role | None, policy: ComponentPolicy, separated: frozenset[Pair]) -> bool:
    """Whether a policy lets a group in by pass; or staff by command (None), who come where nobody they must not meet may come."""
    return not separated_pairs((Role.STF, *policy.groups), separated) if group is None else group in policy.groups


def broken_by_taking(before: State, after: State, separated: frozenset[Pair]) -> str | None:
    """Whether a policy that was taken opens the room to a separated group without two people's word."""
    was, held = before.held.get(ROOM), after.held.get(ROOM)
    if was is None or held is None or not separated_pairs((*was.admitted, *held.policy.groups), separated):
        return None
    term, epoch = was.admitted_at
    if approved_since(held.policy, "open", (term, epoch + 1)):
        return None
    return f"{NEVER_MORE}: the door believes {_words(held.policy.order)}, which two people did not sign"


def broken_by_copy(before: State, after: State, copy: str) -> str | None:
    """A copy that is not this board's, not of this session, taken already, or not by the gateway gives nothing."""
    if (before.held, before.leases) == (after.held, after.leases):
        return None
    return f"{NEVER_MORE}: a {copy} copy of a policy gave the board what no policy for it, now, had given"


def broken_by_renewal(before: State, after: State, named: Order) -> str | None:
    """A lease that names a policy goes on with that policy alone."""
    if before.held == after.held and (before.leases == after.leases or order_of(before.held.get(ROOM)) == named):
        return None
    return f"{NEVER_MORE}: a lease of {_words(named)} gave the board more than that policy"


# the gateway


def broken_by_signing(
    last: Domain, new: Domain, signed: Iterable[Order], separated: frozenset[Pair], *, after_restore: bool
) -> str | None:
    """What may never be signed after `last`.  `signed`: all orders that ever were."""
    order = (new.term, new.epoch)
    content = (new.mode, new.groups, new.seal)
    same = order == (last.term, last.epoch)
    if same and content != (last.mode, last.groups, last.seal):
        return f"{MONOTONY}: {_words(order)} is signed twice, with different content"
    if not same and any(order <= known for known in signed):
        return f"{MONOTONY}: {_words(order)} is signed after {_words(max(signed))}"
    policy = ComponentPolicy(ROOM, new.term, new.epoch, new.mode, new.groups, new.seal, (), new.approved)
    if after_restore and not new.seal:
        return f"{SEAL}: a restored gateway signs an unsealed room, and cannot know"
    if last.seal and not new.seal and not approved_since(policy, "release", (last.term, last.seal_epoch)):
        return f"{SEAL}: the gateway lifts the seal without two people's word"
    if separated_pairs((*last.groups, *new.groups), separated):
        # A board that is away holds a policy for as long as its lease, while others hold the next one.
        return f"{APART}: {_words(order)} follows {_words((last.term, last.epoch))} with no CLEAR between, and doors may hold either"
    opened = new.groups != last.groups and separated_pairs((*last.last_groups, *new.groups), separated)
    if opened and not approved_since(policy, "open", (last.term, last.epoch)):
        return f"{NEVER_MORE}: the gateway opens the room to a separated group without two people's word"
    return None


def broken_by_meeting(inside: Iterable[Role], separated: frozenset[Pair]) -> str | None:
    """Whether separated people are in the room together."""
    pairs = separated_pairs(inside, separated)
    return f"{APART}: {pairs[0][0]} and {pairs[0][1]} are in the room together" if pairs else None


def press_frees(effects: Iterable[Effect], strike: str) -> bool:
    """True when pressing the exit button released the strike, before anything else was waited for."""
    return any(isinstance(e, SetLine) and e.line == strike and e.active and e.life_safety for e in effects)


def _passed(effects: Iterable[Effect], direction: Direction) -> bool:
    return any(isinstance(e, Record) and e.kind == "passage" and e.body["direction"] == direction for e in effects)


def _is(effect: Effect, kind: str) -> bool:
    return isinstance(effect, Record) and effect.kind == kind


def _words(order: Order) -> str:
    return "nothing" if order == NEVER else f"epoch {order[1]} of term {order[0]}"
