"""A small house in virtual time for tests: the county hall, one lot, and two or three people who walk as they are told."""

import hashlib
from collections.abc import Iterable

from simulation.world.contract import See, Seen
from simulation.world.faults import draw
from simulation.world.house import House, Options, build, power_on
from simulation.world.kernel import START_UTC_NS, Trace, World
from venue_model.groups import Role
from venue_model.ids import DoorId, LotId, PersonKey, ProjectId, RoomId
from venue_model.lots import Lot, Person
from venue_model.moments import S
from venue_model.tools.files import example, read_venue
from venue_model.venue import Side

VENUE = read_venue(example("county_hall"))
L1 = LotId("L1")
AGENT, EXPERT, SECOND = PersonKey("agt-1"), PersonKey("exp-1"), PersonKey("exp-2")
BIDDERS = tuple(PersonKey(f"bid-{n}") for n in (1, 2, 3))
UP_TO_EVALUATION = ("opening_preparation", "check_in", "opening", "opening_end", "intake", "evaluation")


def card(person: str) -> str:
    return hashlib.sha256(person.encode()).hexdigest()[:8]


def _person(key: PersonKey, role: Role) -> Person:
    return Person(key, role, card=card(key))


LOT = Lot(
    L1, ProjectId("P1"), "小学改造", "标段一", RoomId("o1"), RoomId("e1"), START_UTC_NS + 600 * S, bidders=3,
    people=(_person(AGENT, Role.AGT), _person(EXPERT, Role.EXP), _person(SECOND, Role.EXP), *(_person(b, Role.BID) for b in BIDDERS)),
)  # fmt: skip


def a_house(seed: int = 1, faults: Iterable[str] = ()) -> House:
    """A house whose machines are on and know the lot."""
    world = World(seed, 3_600 * S)
    trace = Trace(world)
    house = build(VENUE, world, trace, draw(faults, False, world.stream), Options())
    house.platform.tell_lot(LOT)
    power_on(house)
    later(house, 8)
    return house


def later(house: House, seconds: float) -> None:
    house.world.run_until(house.world.now_ns + int(seconds * S))


def press(house: House, *scenes: str) -> None:
    for scene in scenes:
        house.press_scene(L1, scene)
        later(house, 8)


def arrive(house: House, person: PersonKey, room: str) -> None:
    role = next(p.role for p in LOT.people if p.person == person)
    house.arrive(person, RoomId(room), role, L1)


def badge(house: House, person: PersonKey, door: str) -> None:
    reader = house.reader_of(DoorId(door))
    assert reader is not None, f"{door} has a reader"
    house.present_card(reader, card(person), person)
    later(house, 0.5)


def enter(house: House, person: PersonKey, door: str) -> bool:
    """Badge, pull, walk, and let the leaf fall shut; False when the door stays shut."""
    badge(house, person, door)
    walked = house.pull(DoorId(door), Side.OUTSIDE, person) and house.walk(person, DoorId(door))
    later(house, 7)
    return walked


def leave(house: House, person: PersonKey, door: str) -> bool:
    """Push the bar, and go."""
    house.press_exit(DoorId(door), person)
    walked = house.walk(person, DoorId(door))
    later(house, 7)
    return walked


def seen(house: House, kind: See, **fields: object) -> list[Seen]:
    return [s for s in house.trace.events if s.kind is kind and all(s.fields.get(name) == value for name, value in fields.items())]


def lines(house: House, board: str, kind: str) -> list[dict[str, object]]:
    return [dict(s.fields["body"]) for s in seen(house, See.LINE, board=board, line=kind)]
