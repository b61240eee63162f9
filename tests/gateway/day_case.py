"""One lot of the county venue with its people, and the venue with two approvers: what the gateway's tests play with."""

import hashlib
from dataclasses import replace

from gateway.core.day import LotState
from venue_model import signing
from venue_model.groups import Role
from venue_model.ids import LotId, PersonKey, ProjectId, RoomId
from venue_model.lots import Lot, Person, Phase
from venue_model.moments import S
from venue_model.tools.files import example, read_venue
from venue_model.venue import Approver, Venue

OPENING_NS = 1_800_000_000 * S
SALT = b"salt"
APPROVER_KEYS = {name: hashlib.sha256(name.encode()).digest() for name in ("zhang", "li", "zhao")}
_ROLES = {"zhang": "SUP", "li": "WIT", "zhao": "SUP"}


def county() -> Venue:
    """The county venue; zhang and zhao are supervisors, li is a witness."""
    approvers = tuple(Approver(name, _ROLES[name], signing.public_key_of(key).hex()) for name, key in APPROVER_KEYS.items())
    return replace(read_venue(example("county_hall")), approvers=approvers)


def card(person: str) -> str:
    """A card number of its own for each person."""
    return hashlib.sha256(person.encode()).hexdigest()[:8]


def person(name: str, role: Role) -> Person:
    return Person(PersonKey(name), role, card=card(name))


PEOPLE = (
    person("bid-1", Role.BID), person("bid-2", Role.BID), person("agt-1", Role.AGT), person("exp-1", Role.EXP),
    person("exp-2", Role.EXP), person("sup-1", Role.SUP), person("stf-1", Role.STF),
)  # fmt: skip


def lot(name: str = "L1", opening: str = "o1", evaluation: str | None = "e1", bidders: int | None = 3) -> Lot:
    return Lot(
        LotId(name), ProjectId(f"P-{name}"), f"{name}工程", f"标段{name}", RoomId(opening), RoomId(evaluation) if evaluation else None,
        OPENING_NS, bidders=bidders, people=PEOPLE,
    )  # fmt: skip


def at(phase: Phase, name: str = "L1", **of_lot: object) -> LotState:
    """A lot in a phase, with its doors in step.  `inquiry`: its inquiry rooms, if it has been given others than the first."""
    rooms = of_lot.pop("inquiry", ("q-experts", "q-bidders") if phase is Phase.INQUIRY else ())
    return LotState(replace(lot(name), **of_lot), phase, OPENING_NS, phase, inquiry=rooms)  # type: ignore[arg-type]


def day(*states: LotState) -> dict[LotId, LotState]:
    return {state.lot.id: state for state in states}
