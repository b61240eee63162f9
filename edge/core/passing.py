"""What a passage means for domains: its journal line, who has entered where, and whether a seal was broken."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from edge.core import door, presence
from edge.core.door import Outcome
from edge.core.effects import Effect
from edge.core.journal import Record, who
from edge.core.ledger import Direction, Grant, Passage, sides
from edge.core.state import State, Visit, Visits
from venue_model.canonical import Plain
from venue_model.commissioning import DoorRecord
from venue_model.ids import ComponentId, LotId, PersonKey
from venue_model.moments import Now


def moved(state: State, outcomes: Iterable[Outcome], now: Now) -> tuple[State, list[Effect]]:
    """Turn a door's outcomes into effects, in their order; passages become lines, visits and breaches."""
    effects: list[Effect] = []
    for outcome in outcomes:
        if isinstance(outcome, Passage):
            state, lines = _passed(state, outcome, now)
            effects += lines
        else:
            effects.append(outcome)
    return state, effects


def granted(state: State, record: DoorRecord, grant: Grant, now: Now) -> tuple[State, list[Effect]]:
    """Let the holder of a grant pass."""
    after, outcomes = door.step_granted(record, state.doors[record.id], grant, now)
    return moved(replace(state, doors={**state.doors, record.id: after}), outcomes, now)


def lot_of(state: State, component: ComponentId | None) -> LotId | None:
    """The lot of a domain that only one lot uses; None where several share it, or none does."""
    held = state.held.get(component) if component is not None else None
    lots = {entry.lot for entry in held.policy.passes} if held else set()
    return lots.pop() if len(lots) == 1 else None


def _passed(state: State, passage: Passage, now: Now) -> tuple[State, list[Record]]:
    record = state.site.doors[passage.door]
    grant = passage.grant or Grant(passage.direction, passage.how, now.mono_ns)
    went, came = sides(record, passage.direction)
    known = passage.direction is not Direction.UNKNOWN
    lot = grant.lot or lot_of(state, record.inside)
    body: dict[str, Plain] = {
        "door": record.id, "from": (went or "") if known else "", "to": (came or "") if known else "",
        "direction": passage.direction.value, "how": passage.how.value, "policy": _policy(state, record.inside),
        **who(grant.person, grant.group, lot),
    }  # fmt: skip
    if grant.beside is not None:
        body["beside"] = grant.beside
    lines = [Record("passage", body, lot)]
    left = state.held.get(went) if known and went is not None and went != came else None
    breach = left is not None and left.policy.seal and not state.fire
    if left is not None and breach:
        assert went is not None, "only a domain can be left"
        sealed_lot = lot_of(state, went) or lot
        lines.append(Record("breach", {**body, "component": went, "lot": sealed_lot}, sealed_lot))
        state = replace(state, barred=_visit(state.barred, went, grant, now))
    if passage.direction is Direction.IN and came is not None:
        state = replace(state, entered=_visit(state.entered, came, grant, now))
    return presence.moved(state, record, passage, now), lines


def _policy(state: State, component: ComponentId | None) -> dict[str, Plain]:
    held = state.held.get(component) if component is not None else None
    term, epoch = held.policy.order if held else (0, 0)
    return {"component": component or "", "term": term, "epoch": epoch}


def _visit(visits: Visits, component: ComponentId, grant: Grant, now: Now) -> Visits:
    if grant.person is None:
        return visits
    here: Mapping[PersonKey, Visit] = visits.get(component, {})
    kept = {person: visit for person, visit in here.items() if now.utc_ns - visit.utc_ns < presence.KEPT_NS}
    return {**visits, component: {**kept, grant.person: Visit(grant.authorised_utc_ns or 0, now.utc_ns)}}
