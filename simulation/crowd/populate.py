"""Puts the people of the day into the house and lets them live."""

from collections.abc import Callable

from gateway.core.parts import seat_of
from simulation.crowd.committee import member
from simulation.crowd.crowd import Crowd
from simulation.crowd.desk import Desk, draw_turns
from simulation.crowd.life import Act, live
from simulation.crowd.lots import phone_key
from simulation.crowd.misdeeds import draw_misdeeds
from simulation.crowd.parties import bidder, on_duty, organiser, staff_member
from simulation.crowd.timetable import Timetable, pace_of, timetable
from simulation.crowd.walker import Walker
from simulation.crowd.ways import Ways
from simulation.world.contract import Faults, House, World
from venue_model.groups import Role
from venue_model.ids import PersonKey
from venue_model.lots import Lot, Person

Life = Callable[[Walker, Lot, Timetable], Act[None]]
# Who has a day in the simulation.  Others of the roster (notary, press) hold passes and stay away.
LIVES: dict[Role, Life] = {
    Role.BID: bidder,
    Role.AGT: organiser,
    Role.OWN: organiser,
    Role.EXP: member,
    Role.OWN_C: member,
    Role.SUP: on_duty,
    Role.WIT: on_duty,
    Role.STF: staff_member,
}


def populate(house: House, lots: tuple[Lot, ...], world: World, faults: Faults, pace: float | None = None) -> None:
    """Schedule everybody of `lots`, and a desk for each lot.  Somebody who serves several lots lives once, for the last of them.

    `pace`: 1.0 for a day as it is; None for what the length of the run leaves.
    """
    crowd = Crowd(house, world, faults, Ways(house.venue), pace_of(house.venue, world.span_ns) if pace is None else pace)
    parts: dict[PersonKey, list[tuple[Person, Lot]]] = {}
    for lot in sorted(lots, key=lambda lot: (lot.opening_utc_ns, lot.id)):
        plan = timetable(lot.opening_utc_ns, house.venue, crowd.pace)
        rng = world.stream(f"desk {lot.id}")
        live(world, Desk(crowd, lot, plan, rng, draw_turns(rng)).day())
        for person in lot.people:
            if not person.withdrawn:
                parts.setdefault(person.person, []).append((person, lot))
    for played in parts.values():
        _begin(crowd, played)


def _begin(crowd: Crowd, played: list[tuple[Person, Lot]]) -> None:
    """One person's day: it begins with the first of their lots, and ends with the last."""
    person, last = played[-1]
    life = LIVES.get(person.role)
    if life is None:
        return
    me = Walker(
        crowd, person.person, person.role, last.id, crowd.world.stream(f"person {person.person}"), person.card,
        phone_key(person.person) if person.qr_key else b"", seat_of(crowd.house.venue, last, person),
    )  # fmt: skip
    me.misdeeds = draw_misdeeds(me)
    crowd.phase(last.id)  # whoever waits for a lot's calls finds its bell
    live(crowd.world, life(me, last, timetable(played[0][1].opening_utc_ns, crowd.house.venue, crowd.pace)))
