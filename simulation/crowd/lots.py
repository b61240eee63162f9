"""The lots of a simulated day: what the platform would have booked, drawn so that rooms, committees and lockers suffice."""

import hashlib
import random
from dataclasses import dataclass, field

from simulation.crowd.timetable import MINUTE_NS, Timetable, pace_of, timetable
from simulation.world.contract import World
from venue_model import signing
from venue_model.groups import Role
from venue_model.ids import LotId, PersonKey, ProjectId, RoomId
from venue_model.lots import MIN_BIDDERS, Lot, Person
from venue_model.moments import S
from venue_model.venue import DeviceKind, Venue
from venue_model.zones import Zone

PLACES = 60  # how often a lot is tried at another time and in other rooms before the day counts as full
USED = 0.92  # of the run: late experts and repeated presses want some, too
ANYWHEN = 20  # tries at random times; the others go through the day in order
SHORT_OF_BIDDERS = 0.12  # lots that must fail
MISSED_CONFLICTS = 0.15
LOTS_A_WITNESS = 4  # one digital witness follows up to four lots (Zunyi, domain brief 1.1)
_HOUR_NS = 3_600 * S
_PROJECTS = ("县人民医院门诊楼改造工程", "城东小学课桌椅采购", "市政道路养护服务", "水库除险加固工程", "智慧社区平台采购", "污水处理厂扩建")


def phone_key(person: PersonKey) -> bytes:
    """The private key in a virtual person's phone.  Virtual people have no secrets."""
    return hashlib.sha256(b"bidhall virtual phone " + person.encode()).digest()


def draw_lots(venue: Venue, world: World, count: int, span_ns: int) -> tuple[Lot, ...]:
    """Up to `count` lots that fit into `span_ns` from now, as many as the venue has rooms and lockers for."""
    drawer = _Drawer(venue, world.stream("lots"), world.utc_ns, span_ns)
    found = [lot for number in range(1, count + 1) if (lot := drawer.lot(number)) is not None]
    return tuple(sorted(found, key=lambda lot: (lot.opening_utc_ns, lot.id)))


@dataclass(slots=True)
class _Busy:
    """When something is taken, and how many of it are."""

    spans: list[tuple[int, int, int]] = field(default_factory=list)

    def most(self, begin: int, end: int) -> int:
        """The greatest number in use at one moment between two times."""
        moments = [begin, *(b for b, _, _ in self.spans if begin < b < end)]
        return max(sum(n for b, e, n in self.spans if b <= moment < e) for moment in moments)


@dataclass(slots=True)
class _Drawer:
    venue: Venue
    rng: random.Random
    start: int
    span_ns: int
    rooms: dict[RoomId, _Busy] = field(default_factory=dict)
    lockers: _Busy = field(default_factory=_Busy)
    duty: list[Person] = field(default_factory=list)

    def lot(self, number: int) -> Lot | None:
        """The next lot, or None when the day is full."""
        committee = self.rng.choice((5, 5, 5, 7)) if self._lockers() >= 7 else 5
        for place in range(PLACES):
            plan = self._at(self.rng.random() if place < ANYWHEN else (place - ANYWHEN) / (PLACES - ANYWHEN - 1))
            opening = self._free(Zone.OPENING, plan.preparation, plan.intake)
            evaluation = self._free(Zone.EVALUATION, plan.opening_end, plan.over)
            if opening is not None and evaluation is not None and self._lockers_left(plan) >= committee:
                self.rooms[opening].spans.append((plan.preparation, plan.intake, 1))
                self.rooms[evaluation].spans.append((plan.opening_end, plan.over, 1))
                self.lockers.spans.append((plan.opening_end, plan.over, committee))
                return self._booked(number, opening, evaluation, plan, committee)
        return None

    def _at(self, share: float) -> Timetable:
        """The day of a lot that begins after this share of the time in which one can begin."""
        pace = pace_of(self.venue, self.span_ns)
        at_zero = timetable(0, self.venue, pace)
        earliest, latest = self.start + MINUTE_NS - at_zero.preparation, self.start + int(USED * self.span_ns) - at_zero.over
        opening = earliest + int(share * max(0, latest - earliest))
        return timetable(opening // S * S, self.venue, pace)

    def _free(self, zone: Zone, begin: int, end: int) -> RoomId | None:
        rooms = [room.id for room in self.venue.rooms_of(zone)]
        free = [room for room in rooms if not self.rooms.setdefault(room, _Busy()).most(begin, end)]
        return self.rng.choice(free) if free else None

    def _lockers(self) -> int:
        lockers = sum(device.kind is DeviceKind.LOCKER for device in self.venue.devices.values())
        return lockers or 2**31  # without lockers nobody asks for one

    def _lockers_left(self, plan: Timetable) -> int:
        return self._lockers() - self.lockers.most(plan.opening_end, plan.over)

    def _booked(self, number: int, opening: RoomId, evaluation: RoomId, plan: Timetable, committee: int) -> Lot:
        bidders = self.rng.randint(1, MIN_BIDDERS - 1) if self.rng.random() < SHORT_OF_BIDDERS else self.rng.randint(MIN_BIDDERS, 6)
        owners = 1 if self.rng.random() < 0.3 else 0  # the owner's representative in the committee: at most a third of it
        people = [
            *(self._person(Role.BID, self._reads_phones(opening)) for _ in range(bidders)),
            self._person(Role.AGT),
            self._person(Role.OWN),
            *(self._person(Role.EXP) for _ in range(committee - owners)),
            *(self._person(Role.OWN_C) for _ in range(owners)),
            *self._on_duty(number),
        ]
        return Lot(
            id=LotId(f"L{number:02d}"),
            project=ProjectId(f"P{number:02d}"),
            project_name=_PROJECTS[number % len(_PROJECTS)],
            name=f"{number}标段",
            opening_room=opening,
            evaluation_room=evaluation,
            opening_utc_ns=plan.opening,
            bidders=bidders,
            people=tuple(people),
            conflicts=self._conflicts(people),
        )

    def _conflicts(self, people: list[Person]) -> tuple[tuple[PersonKey, PersonKey], ...]:
        """A pair who should avoid each other, and whom the draw has missed (回避)."""
        one = self.rng.choice([p.person for p in people if p.role is Role.EXP])
        other = self.rng.choice([p.person for p in people if p.role is Role.BID])
        return ((one, other),) if self.rng.random() < MISSED_CONFLICTS else ()

    def _on_duty(self, number: int) -> list[Person]:
        """Supervisor, witness and staff of the house: the same people serve several lots, each with one card."""
        if (number - 1) % LOTS_A_WITNESS == 0:
            self.duty = [self._person(role) for role in (Role.SUP, Role.WIT, Role.STF)]
        return self.duty

    def _reads_phones(self, room: RoomId) -> bool:
        doors = {door.id for door in self.venue.doors.values() if door.inside == room}
        return any(device.kind is DeviceKind.QR_CAMERA and device.door in doors for device in self.venue.devices.values())

    def _person(self, role: Role, may_use_phone: bool = False) -> Person:
        key = PersonKey(f"k{self.rng.randbytes(6).hex()}")
        kind = self.rng.choice(("card", "phone", "both")) if may_use_phone else "card"
        card = self.rng.randbytes(self.rng.choice((4, 7))).hex() if kind != "phone" else ""  # a MIFARE UID, short or long
        phone = signing.public_key_of(phone_key(key)).hex() if kind != "card" else ""
        return Person(key, role, card, phone, self.start - _HOUR_NS, self.start + self.span_ns + 23 * _HOUR_NS)

