"""Who seems to be where, and how many, as far as this board's doors and the policies tell (anti-passback, limits, two-person rooms).

A named passage moves a person.  An exit by button names nobody and moves nobody by name; but a domain that counts nobody any more
holds none of those who were seen to enter it.
"""

from collections.abc import Container
from dataclasses import replace

from edge.core.ledger import Direction, Passage, sides
from edge.core.state import State
from venue_model.commissioning import DoorRecord
from venue_model.door_policy import Seen
from venue_model.ids import ComponentId, DoorId, PersonKey
from venue_model.moments import Now, S

KEPT_NS = 7 * 86_400 * S  # passes of a day are worth nothing a week later


def inside(state: State, component: ComponentId) -> int:
    """Net count of people in a domain by this board's doors."""
    return sum(door.ledger.net.get(component, 0) for door in state.doors.values())


def occupancy(state: State, component: ComponentId) -> int:
    """By all doors, those of other boards as of the last policy."""
    held = state.held.get(component)
    return inside(state, component) + (held.policy.others if held else 0)


def coming(state: State, component: ComponentId, but: Container[tuple[DoorId, str]] = ()) -> int:
    """Who was granted a way into a domain by this board's doors and was not seen to go yet; `but` these credentials at these doors."""
    found = 0
    for record in state.site.doors.values():
        for grant in state.doors[record.id].ledger.pending:
            went, came = sides(record, grant.direction)
            found += came == component and went != component and (record.id, grant.credential) not in but
    return found


def moved(state: State, record: DoorRecord, passage: Passage, now: Now) -> State:
    """Somebody went through."""
    if passage.direction is Direction.UNKNOWN or record.inside == record.outside:
        return state
    went, came = sides(record, passage.direction)
    person = passage.grant.person if passage.grant else None
    if person is not None:
        state = replace(state, seen={**_lately(state, now), person: Seen(came, now.utc_ns)})
    return state if went is None else emptied(state, went, came, now)


def emptied(state: State, component: ComponentId, to: ComponentId | None, now: Now) -> State:
    """Nobody whom a door saw enter `component` is in it, once it counts nobody; `to` is where the last one went."""
    doubted = any(
        state.doors[record.id].ledger.suspect for record in state.site.doors.values() if component in (record.inside, record.outside)
    )
    if doubted or occupancy(state, component) > 0:
        return state
    left = [person for person, seen in state.seen.items() if seen.inside == component]
    if not left:
        return state
    # Of one person it is known where; several may have left by different doors.
    seen = Seen(to if len(left) == 1 else None, now.utc_ns)
    return replace(state, seen={**_lately(state, now), **dict.fromkeys(left, seen)})


def alone(state: State) -> frozenset[DoorId]:
    """The two-person doors behind which one person is alone.  In a fire that is no news."""
    if state.fire:
        return frozenset()
    return frozenset(door for component, door in state.site.two_person.items() if occupancy(state, component) == 1)


def _lately(state: State, now: Now) -> dict[PersonKey, Seen]:
    return {person: seen for person, seen in state.seen.items() if now.utc_ns - seen.utc_ns < KEPT_NS}
