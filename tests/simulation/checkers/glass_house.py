"""A house of glass without a house: just what a checker may look at, and a way to feed it a trace by hand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

from simulation.world.contract import Body, Checker, House, See, Seen, Violation
from venue_model.groups import Role
from venue_model.ids import DeviceId, DoorId, LotId, PersonKey, ProjectId, RoomId
from venue_model.lots import Lot, Person
from venue_model.moments import S
from venue_model.tools.files import example, read_venue
from venue_model.venue import Venue
from venue_model.wire import Want

START_UTC_NS = 1_800_000_000 * S
COUNTY = read_venue(example("county_hall"))
EXP, BID, SUP = PersonKey("kexp000000001"), PersonKey("kbid000000001"), PersonKey("ksup000000001")
LOT = Lot(
    LotId("L1"), ProjectId("P1"), "门诊楼", "一标段", RoomId("o1"), RoomId("e1"), START_UTC_NS + 3600 * S, bidders=3,
    people=(Person(EXP, Role.EXP, "a1b2c3d4e5f607"), Person(BID, Role.BID, "0102030405aa07"), Person(SUP, Role.SUP, "99020304")),
)  # fmt: skip


@dataclass
class GlassHouse:
    """Only what checkers ask for.  Times are seconds where the name says so."""

    venue: Venue = COUNTY
    now_s: float = 0
    people: dict[PersonKey, Body] = field(default_factory=dict)
    lots: dict[LotId, Lot] = field(default_factory=lambda: {LOT.id: LOT})
    states: dict[LotId, Any] = field(default_factory=dict)
    coordinator: Any = None
    rates: dict[str, float] = field(default_factory=dict)
    cut: set[str] = field(default_factory=set)
    films: list[tuple[DeviceId, LotId, int, int]] = field(default_factory=list)
    wants: dict[str, Want] = field(default_factory=dict)
    offsets_s: dict[str, float] = field(default_factory=dict)
    alive: set[str] | None = None
    calm: bool = False

    @property
    def world(self) -> Any:
        now_ns = int(self.now_s * S)
        return SimpleNamespace(now_ns=now_ns, utc_ns=START_UTC_NS + now_ns)

    @property
    def faults(self) -> Any:
        return SimpleNamespace(rate=lambda name: self.rates.get(name, 0.0))

    def was_cut(self, door: DoorId, within_ns: int) -> bool:
        return door in self.cut

    def lot_state(self, lot: LotId) -> Any:
        return self.states.get(lot)

    def footage(self, project: str) -> list[tuple[DeviceId, LotId, int, int]]:
        return self.films

    def wanted(self, device: DeviceId) -> Want | None:
        return self.wants.get(device)

    def clock_offset_ns(self, machine: str) -> int:
        return int(self.offsets_s.get(machine, 0) * S)


Event = tuple[float, See, Mapping[str, Any]]


def judge(new: Callable[[Any], Checker], events: list[Event], house: GlassHouse | None = None, *, end_s: float = 10_000) -> list[str]:
    """Feed a trace to a checker; what it says, at the events and at the end."""
    house = house or GlassHouse()
    checker = new(house)
    found: list[Violation] = []
    for number, (time_s, kind, fields) in enumerate(events, 1):
        house.now_s = time_s
        if not checker.kinds or kind in checker.kinds:
            found += checker.on(Seen(number, int(time_s * S), kind, fields), _typed(house))
    house.now_s = end_s
    found += checker.at_end(_typed(house))
    assert all(violation.law == checker.law for violation in found)
    return [violation.text for violation in found]


def _typed(house: GlassHouse) -> House:
    return house  # type: ignore[return-value]


# events, short enough to read


def moved(time_s: float, person: PersonKey, role: str, before: str, after: str, door: str, *, force: bool = False) -> Event:
    """Somebody went through a door."""
    fields = {"person": person, "role": role, "lot": "L1", "from": before, "to": after, "door": door, "how": "", "force": force}
    return time_s, See.MOVED, fields


def leaf(time_s: float, door: str, how: str, by: str = "", *, is_open: bool = True) -> Event:
    """A leaf opened or shut."""
    return time_s, See.LEAF, {"door": door, "open": is_open, "by": by, "how": how}


def line(time_s: float, board: str, kind: str, body: dict[str, Any], seq: int = 1) -> Event:
    """A line on a board's disk."""
    return time_s, See.LINE, {"board": board, "seq": seq, "line": kind, "body": body, "lot": "L1", "utc_ns": START_UTC_NS + int(time_s * S)}


def taken(time_s: float, agent: str, kind: str, body: dict[str, Any], seq: int = 1, lot: str | None = "L1") -> Event:
    """A line in the gateway's database."""
    utc_ns = START_UTC_NS + int(time_s * S)
    return time_s, See.TAKEN, {"agent": agent, "line": kind, "body": body, "lot": lot, "project": "P1", "utc_ns": utc_ns, "seq": seq}


def read(time_s: float, device: str, person: str) -> Event:
    """Somebody holds a card up."""
    return time_s, See.READ, {"device": device, "door": "", "person": person, "what": "card"}


def grant(time_s: float, door: str, person: str, group: str, device: str = "reader", board: str = "opening") -> Event:
    """A board lets somebody in."""
    body = {"device": device, "door": door, "direction": "in", "how": "pass", "person": person, "group": group, "lot": "L1"}
    return line(time_s, board, "grant", body)


def let_in(time_s: float, door: str, person: PersonKey, group: str, before: str, after: str, *, card_of: str = "") -> list[Event]:
    """Card, grant, and a step through the door."""
    return [
        read(time_s, "reader", person),
        grant(time_s + 0.1, door, card_of or person, group),
        moved(time_s + 1, person, group, before, after, door),
    ]


def held(
    time_s: float, board: str, component: str, *, epoch: int = 2, mode: str = "check_in", groups: tuple[str, ...] = (), seal: bool = False
) -> Event:
    """A board takes a policy."""
    part = {"component": component, "term": 1, "epoch": epoch, "mode": mode, "groups": groups, "seal": seal}
    return time_s, See.HELD, {"board": board, **part}


def signed(event: Event) -> Event:
    """The same policy, as the gateway began to sign it."""
    fields = {key: value for key, value in event[2].items() if key != "board"}
    return event[0] - 0.1, See.SIGNED, fields


def crash(time_s: float, board: str) -> Event:
    """A board's program dies."""
    return time_s, See.CRASH, {"part": "agent", "id": board}


def with_lot(**changes: Any) -> dict[LotId, Lot]:
    """The lot of these tests, otherwise."""
    return {LOT.id: replace(LOT, **changes)}
