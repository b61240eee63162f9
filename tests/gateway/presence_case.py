"""Journal lines of people at the county venue's doors, and the ways they walk there."""

from typing import Any

from day_case import OPENING_NS, county

from gateway.core.presence.sightings import Sighting, sighting_of
from gateway.core.presence.state import Presence, rebuilt
from gateway.core.presence.ways import Ways
from venue_model.ids import DoorId
from venue_model.moments import MS

VENUE = county()
WAYS = Ways(VENUE)
T0 = OPENING_NS
GROUPS = {"exp": "EXP", "bid": "BID", "agt": "AGT", "stf": "STF", "sec": "SEC", "own": "OWN"}


def at(seconds: float) -> int:
    """So many seconds after the beginning."""
    return T0 + round(seconds * 1000) * MS


def line(kind: str, seconds: float, seq: int, agent: str, person: str | None = None, lot: str | None = None, **body: Any) -> dict[str, Any]:
    """A journal line as the gateway keeps it."""
    who = {"person": person, "group": GROUPS.get((person or "").split("-")[0]), "lot": lot}
    return {"agent": agent, "seq": seq, "utc_ns": at(seconds), "kind": kind, "lot": lot, "body": {**body, **who}}


def through(seconds: float, door: str, person: str | None = None, direction: str = "in", seq: int = 0, lot: str = "L1") -> dict[str, Any]:
    """Somebody passes a door; without a name it is by the exit button."""
    found = VENUE.doors[DoorId(door)]
    came, went = VENUE.component_of.get(found.inside, ""), VENUE.component_of.get(found.outside, "")
    origin, to = (went, came) if direction == "in" else (came, went) if direction == "out" else ("", "")
    body = {"door": door, "from": origin, "to": to, "direction": direction, "how": "pass" if person else "exit"}
    return line("passage", seconds, seq or round(seconds * 1000) + 1, str(found.board), person, lot, **body)


def refused(seconds: float, door: str, person: str | None, rule: str = "I2", credential: str = "") -> dict[str, Any]:
    """A door says no."""
    seq = round(seconds * 1000) + 1
    return line("refusal", seconds, seq, str(VENUE.doors[DoorId(door)].board), person, "L1", door=door, rule=rule, credential=credential)


def emptied(seconds: float, component: str) -> dict[str, Any]:
    """The doors of a domain count nobody."""
    return line("emptied", seconds, round(seconds * 1000) + 2, "", component=component)


def sighting(told: dict[str, Any]) -> Sighting:
    found = sighting_of(told, WAYS)
    assert found is not None
    return found


def walked(*lines: dict[str, Any]) -> Presence:
    """What is known after these lines."""
    return rebuilt((sighting(told) for told in lines), WAYS)
