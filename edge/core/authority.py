"""A signed policy arrives: what it changes at the doors of its domains."""

from collections.abc import Iterable
from dataclasses import replace

from edge.core import door, presence
from edge.core.admission import not_any_more
from edge.core.effects import Announce, Effect
from edge.core.events import LeaseArrived
from edge.core.journal import Record
from edge.core.passing import moved
from edge.core.policy import Accepted, Rejected, accept, check_body
from edge.core.state import Day, State
from venue_model.door_policy import Approved, ComponentPolicy, PolicyBody
from venue_model.ids import ComponentId, DoorId
from venue_model.moments import Now, S
from venue_model.signed import policy_digest

Step = tuple[State, list[Effect]]


def step_policy(state: State, body: PolicyBody, now: Now) -> Step:
    """Take a body whose signature is verified.  Each domain is judged by itself; a refused one keeps what it has."""
    commission = state.site.commission
    fault = check_body(body, commission, state.session, state.renewal)
    if fault is not None:
        return state, _answered(state, fault)
    day = Day(body.salt, {entry.digest: entry.group for entry in body.elsewhere})
    state = replace(state, renewal=body.renewal, day=state.day if state.day == day else day)
    lines: list[Effect] = []
    for offered in body.components:
        verdict = accept(state.held.get(offered.component), offered, body.salt, commission)
        state = _taken(state, offered, verdict, body.lease_s, now, lines)
    accepted = tuple(offered.component for offered in body.components if offered.component not in state.refused)
    state, effects = recheck(replace(state, policy=policy_digest(body), granted=accepted), now)
    return state, [*lines, *effects]


def _answered(state: State, fault: Rejected) -> list[Effect]:
    """Why it was not taken goes into the journal, unless it happens in the ordinary course of things.

    A policy for another session is what a broker still retains, or what a gateway signs that has taken a late copy of an earlier
    birth for the newest: without being told it would do so for ever, and the doors would stay shut.
    """
    if fault.code == "session" and state.session is not None:
        return [Announce()]
    return [] if fault.ordinary else [_line(None, fault)]


def step_lease(state: State, lease: LeaseArrived, now: Now) -> Step:
    """Go on under the policy that is held, if it is the one that is named: worth exactly as much as the same body once more."""
    if lease.session != state.session or lease.renewal <= state.renewal or lease.policy != state.policy:
        return state, []
    until_ns = now.mono_ns + lease.lease_s * S
    leases = {**state.leases, **dict.fromkeys(state.granted, until_ns)}
    return replace(state, renewal=lease.renewal, leases=leases), []


def recheck(state: State, now: Now, doors: Iterable[DoorId] | None = None) -> Step:
    """Withdraw every pending grant that would not be given any more, at some doors or at all."""
    effects: list[Effect] = []
    for id in state.site.doors if doors is None else doors:
        record, before = state.site.doors[id], state.doors[id]
        if not (entering := before.ledger.entering(now)):
            continue
        why = not_any_more(state, record, entering, now)
        after, outcomes = door.withdraw(record, before, lambda grant, why=why: why.get(grant.credential, ""), now)  # type: ignore[misc]
        state, seen = moved(replace(state, doors={**state.doors, id: after}), outcomes, now)
        effects += seen
    return state, effects


def _taken(
    state: State, offered: ComponentPolicy, verdict: Accepted | Rejected, lease_s: int, now: Now, lines: list[Effect]
) -> State:
    component = offered.component
    if isinstance(verdict, Rejected):
        text = f"{verdict.code}: {verdict.because}"
        if state.refused.get(component) != text:
            lines.append(_line(offered, verdict))
        return replace(state, refused={**state.refused, component: text})
    before = state.held.get(component)
    leases = {**state.leases, component: now.mono_ns + lease_s * S}
    state = replace(state, leases=leases, refused={c: why for c, why in state.refused.items() if c != component})
    if verdict.held is before:
        return state
    state = presence.emptied(replace(state, held={**state.held, component: verdict.held}), component, None, now)
    if verdict.changed:
        lines.append(_line(offered, verdict))
        if offered.groups:
            state = _trusted(state, component)
    return state


def _trusted(state: State, component: ComponentId) -> State:
    """Whoever admits people to a domain has answered for its counts."""
    doors = {
        id: replace(d, ledger=replace(d.ledger, suspect=False))
        for id, d in state.doors.items()
        if d.ledger.suspect and component in (state.site.doors[id].inside, state.site.doors[id].outside)
    }
    return replace(state, doors={**state.doors, **doors}) if doors else state


def _line(offered: ComponentPolicy | None, verdict: Accepted | Rejected) -> Record:
    body: dict[str, object] = {}
    if offered is not None:
        body |= {
            "component": offered.component, "term": offered.term, "epoch": offered.epoch, "mode": offered.mode.value,
            "groups": [group.value for group in offered.groups], "seal": offered.seal,
        }  # fmt: skip
        if offered.approved:  # the signatures themselves: the line alone shows who lifted a seal
            body["approved"] = [_signed_act(approved) for approved in offered.approved]
    if isinstance(verdict, Rejected):
        body |= {"result": "rejected", "code": verdict.code, "because": verdict.because}
    else:
        body |= {"result": "accepted"}
    lots = {entry.lot for entry in offered.passes} if offered else set()
    return Record("policy", body, lots.pop() if len(lots) == 1 else None)  # type: ignore[arg-type]


def _signed_act(approved: Approved) -> dict[str, object]:
    signatures = [{"approver": approval.approver, "signature": approval.signature} for approval in approved.approvals]
    return {"act": approved.act, "epoch": approved.epoch, "approvals": signatures}
