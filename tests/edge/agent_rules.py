"""The evaluation room of the small venue with rules at its doors, and people who badge and walk."""

from dataclasses import replace

from agent_hall import AGENT, EXPERT, SECOND_EXPERT, SUPERVISOR, Hall, admit, entry_of

from edge.core.journal import Record
from edge.core.site import Site
from edge.core.state import restored
from venue_model.door_policy import ComponentPolicy, Pass
from venue_model.groups import Role

GROUPS = (Role.EXP, Role.SUP, Role.AGT)
PASSES = (entry_of(EXPERT), entry_of(SECOND_EXPERT), entry_of(SUPERVISOR), entry_of(AGENT))


def e1(*passes: Pass, epoch: int = 2, **rules: object) -> ComponentPolicy:
    return replace(admit("e1", epoch, GROUPS, *(passes or PASSES)), **rules)  # type: ignore[arg-type]


def hall_of(*policies: ComponentPolicy, site: Site) -> Hall:
    hall = Hall(restored(site, {}))
    hall.policy(*(policies or (e1(), admit("wing", 2, GROUPS, *PASSES))))
    hall.effects.clear()
    return hall


def enters(hall: Hall, card: bytes, reader: str = "e1-reader", door: str = "e1-door") -> str:
    """Badge and walk through.  The rule of the refusal or of the wait, or "" when it went well."""
    hall.later(1)
    before = len(hall.effects)
    hall.card(reader, card)
    said = [e for e in hall.effects[before:] if isinstance(e, Record) and e.kind in ("refusal", "await")]
    if said:
        return str(said[0].body["rule"])
    hall.pass_through(door)
    return ""


def leaves_by_button(hall: Hall, door: str = "e1-door") -> None:
    hall.line(f"{door}.exit", True)
    hall.line(f"{door}.exit", False)
    hall.pass_through(door)
