"""What an event at one door means for the others of its board: grants that it takes back, and what staff must know."""

from edge.core import authority, interlock, presence
from edge.core.effects import Effect
from edge.core.journal import alarm, alarm_clear
from edge.core.state import State
from venue_model.moments import Now


def step_between(before: State, state: State, now: Now) -> tuple[State, list[Effect]]:
    """`before` the event, and after it.  Whoever went through somewhere changes who may still go in: counts, company, presence."""
    if state.doors is before.doors and state.held is before.held and state.fires is before.fires:
        return state, []
    effects: list[Effect] = []
    stirred = {id for pair in state.site.interlocked for id in pair if state.doors[id] is not before.doors[id]}
    if any(state.doors[id].ledger.net is not door.ledger.net for id, door in before.doors.items()):
        state, effects = authority.recheck(state, now)
    elif stirred:
        state, effects = authority.recheck(state, now, sorted({partner for id in stirred for partner in state.site.doors[id].interlock}))
    effects += interlock.alarms(before, state)
    was_alone, is_alone = presence.alone(before), presence.alone(state)
    effects += [alarm("alone", id, "one person is where nobody may be alone", door=True) for id in sorted(is_alone - was_alone)]
    effects += [alarm_clear("alone", id, door=True) for id in sorted(was_alone - is_alone)]
    return state, effects
