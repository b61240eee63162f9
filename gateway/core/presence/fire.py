"""When fires began and ended, from the lines of the fire contacts; and who was inside then."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from gateway.core.presence.state import MOVES, Presence, effective
from gateway.core.presence.whereabouts import Sure, Whereabouts, everybody


@dataclass(frozen=True, slots=True, order=True)
class FireLine:
    """A fire contact closed or opened."""

    utc_ns: int
    agent: str
    seq: int
    device: str
    active: bool


@dataclass(frozen=True, slots=True)
class Fire:
    """From the first contact that closed to the last that opened; `until_utc_ns` None while it lasts."""

    from_utc_ns: int
    until_utc_ns: int | None
    devices: tuple[str, ...]


def last_fire(lines: Iterable[FireLine]) -> Fire | None:
    """The fire that lasts, or the last one; None when there never was one.  Lines may come in any order, and twice."""
    fire: Fire | None = None
    active: set[str] = set()
    for line in sorted(set(lines)):
        if line.active:
            began = fire.from_utc_ns if fire and active else line.utc_ns
            devices = (*fire.devices, line.device) if fire and active else (line.device,)
            active.add(line.device)
            fire = Fire(began, None, tuple(dict.fromkeys(devices)))
        elif line.device in active:
            active.discard(line.device)
            if not active and fire is not None:
                fire = Fire(fire.from_utc_ns, line.utc_ns, fire.devices)
    return fire


class Safe(StrEnum):
    """Why somebody counts as outside after a fire."""

    NOT_YET = ""  # nobody has seen them outside
    DOOR = "door"  # a door saw them leave by name
    STAFF = "staff"  # ticked off the list


@dataclass(frozen=True, slots=True)
class Accounted:
    """A person who was, or may have been, inside when the fire began."""

    was: Whereabouts  # at the beginning
    safe: Safe
    safe_utc_ns: int | None


def roll(presence: Presence, fire: Fire) -> list[Accounted]:
    """Who was inside when the fire began, or came in while it lasted, and which of them have been seen outside.

    A count of nobody is not enough here: somebody must have seen the person.  After its end whoever passes any door by name is alive
    and well: people come back to their rooms.
    """
    end = everybody(presence, fire.until_utc_ns)
    people = {p: w for moment in (end, everybody(presence, fire.from_utc_ns)) for p, w in moment.items() if w.maybe_inside}
    found = []
    for person, was in people.items():
        row = effective(presence.people[person])
        if end[person].sure is Sure.LEFT:
            out = next((s for s in row if s.ref == end[person].ref), None)
        else:
            out = next((s for s in row if fire.until_utc_ns is not None and s.utc_ns > fire.until_utc_ns and s.kind in MOVES), None)
        safe = Safe.NOT_YET if out is None else Safe.STAFF if out.kind == "muster" else Safe.DOOR
        found.append(Accounted(was, safe, out.utc_ns if out else None))
    return sorted(found, key=lambda a: (a.safe is not Safe.NOT_YET, a.was.component, a.was.person))
