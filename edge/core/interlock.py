"""Pairs of doors of which a grant opens only one at a time.  Leaving is never held: who leaves may open both, and that is an alarm."""

from edge.core import door
from edge.core.journal import Record, alarm_clear
from edge.core.state import State
from venue_model.commissioning import DoorRecord
from venue_model.ids import DoorId

Pair = tuple[DoorId, DoorId]


def held_by(state: State, record: DoorRecord) -> DoorId | None:
    """The partner because of which nobody may be let in here: not known to be shut, locked and without anything under way."""
    return next((id for id in record.interlock if id not in state.doors or not door.settled(state.doors[id])), None)


def broken(state: State) -> frozenset[Pair]:
    """The pairs of which both leaves stand open.  In a fire that is as it should be."""
    if state.fire:
        return frozenset()
    return frozenset((one, other) for one, other in state.site.interlocked if state.doors[one].open and state.doors[other].open)


def alarms(before: State, state: State) -> list[Record]:
    """What there is to tell about pairs: broken, with how each leaf came to be open; and whole again."""
    was, now_broken = broken(before), broken(state)
    lines = []
    for one, other in sorted(now_broken - was):
        how = ", ".join(f"{id} {state.doors[id].opening}" for id in (one, other))
        body = {"code": "interlock-broken", "door": one, "partner": other, "detail": f"both leaves stand open: {how}; shut one"}
        lines.append(Record("alarm", body))
    return [*lines, *(alarm_clear("interlock-broken", one, door=True) for one, _ in sorted(was - now_broken))]
