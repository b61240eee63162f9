"""What can be known of bookings before anybody moves: rooms booked twice, people in two places, groups that would have to meet."""

from collections.abc import Iterator, Mapping
from itertools import combinations

from gateway.core.day import LotState, ask, parts
from simulation.crowd.timetable import Timetable, timetable
from simulation.rehearsal.report import Conflict
from venue_model.groups import Role, pair, separated_pairs
from venue_model.ids import ComponentId, LotId, PersonKey, RoomId
from venue_model.lots import Lot, Person, Phase
from venue_model.moments import utc_ns, utc_text
from venue_model.venue import DeviceKind, Name, Venue
from venue_model.zones import Zone

COMMITTEE = frozenset({Role.EXP, Role.OWN_C})
LEAST = 5  # members of a committee, an odd number, owner's representatives at most a third (domain brief 1.1)
Span = tuple[int, int]


def find_conflicts(lots: tuple[Lot, ...], venue: Venue) -> tuple[Conflict, ...]:
    """Everything that staff should settle the day before."""
    plans = {lot.id: timetable(lot.opening_utc_ns, venue, 1.0) for lot in lots}
    found = [conflict for lot in lots for conflict in _of_one(lot, venue)]
    for one, other in combinations(sorted(lots, key=lambda lot: (lot.opening_utc_ns, lot.id)), 2):
        found += _of_two(one, other, plans[one.id], plans[other.id], venue)
    return (*found, *_lockers(lots, plans, venue))


def _of_one(lot: Lot, venue: Venue) -> Iterator[Conflict]:
    for room, zone in ((lot.opening_room, Zone.OPENING), (lot.evaluation_room, Zone.EVALUATION)):
        if room is not None and (room not in venue.rooms or venue.rooms[room].zone is not zone):
            yield Conflict("unknown-room", (lot.id,), room, Name(f"场地没有这间房:{room}", f"the venue has no such room: {room}"))
    members = [p for p in lot.people if p.role in COMMITTEE and not p.withdrawn]
    owners = sum(p.role is Role.OWN_C for p in members)
    if lot.evaluation_room is not None and (len(members) < LEAST or len(members) % 2 == 0 or 3 * owners > len(members)):
        zh = f"评标委员会 {len(members)} 人(业主代表 {owners}),应为五人以上单数,业主代表不超过三分之一"
        en = f"a committee of {len(members)}, {owners} of them the owner's: it takes an odd number from {LEAST} up, a third at most theirs"
        yield Conflict("committee", (lot.id,), lot.evaluation_room, Name(zh, en))
    here = {p.person: p for p in lot.people if not p.withdrawn}
    for one, other in lot.conflicts:
        if one in here and other in here:
            zh, en = f"回避名单:{one} 与 {other} 同在本标段", f"conflict list: {one} and {other} are both of this lot"
            yield Conflict("avoid", (lot.id,), one, Name(zh, en))


def _of_two(one: Lot, other: Lot, first: Timetable, second: Timetable, venue: Venue) -> Iterator[Conflict]:
    both = (one.id, other.id)
    for room, span, other_room, other_span in (
        (one.opening_room, (first.preparation, first.intake), other.opening_room, (second.preparation, second.intake)),
        (one.evaluation_room, (first.intake, first.over), other.evaluation_room, (second.intake, second.over)),
    ):
        if room is not None and room == other_room and (shared := _overlap(span, other_span)) is not None:
            zh, en = f"{_clock(shared[0])}–{_clock(shared[1])} 重复占用", f"booked twice from {_clock(shared[0])} to {_clock(shared[1])}"
            yield Conflict("room-twice", both, room, Name(zh, en))
    yield from _people(one, other, first, second, venue)
    yield from _mixed(one, other, first, second, venue)


def _people(one: Lot, other: Lot, first: Timetable, second: Timetable, venue: Venue) -> Iterator[Conflict]:
    theirs = {p.person: p for p in other.people if not p.withdrawn}
    for person in one.people:
        twin = theirs.get(person.person)
        if twin is None or person.withdrawn:
            continue
        if pair(person.role, twin.role) in venue.profile.separated:
            zh, en = f"{person.role} 与 {twin.role} 为同一人", f"the same person is {person.role} here and {twin.role} there"
            yield Conflict("person-twice", (one.id, other.id), person.person, Name(zh, en))
        elif (shared := _overlap(_busy(person, first), _busy(twin, second))) is not None and person.role in COMMITTEE:
            zh, en = f"{_clock(shared[0])} 起同时在两个委员会", f"in two committees at once from {_clock(shared[0])}"
            yield Conflict("person-twice", (one.id, other.id), person.person, Name(zh, en))


def _busy(person: Person, plan: Timetable) -> Span:
    return (plan.intake, plan.over) if person.role in COMMITTEE else (plan.preparation, plan.opening_end)


def _mixed(one: Lot, other: Lot, first: Timetable, second: Timetable, venue: Venue) -> Iterator[Conflict]:
    """Domains that both lots use, and whose groups of the same hour are separated: the gateway would have to keep them closed."""
    theirs = list(_uses(other, second, venue))
    told: dict[ComponentId, bool] = {}
    for component, span, groups in _uses(one, first, venue):
        for their_component, their_span, their_groups in theirs:
            if component != their_component or told.get(component) or (shared := _overlap(span, their_span)) is None:
                continue
            clash = separated_pairs((*groups, *their_groups), venue.profile.separated)
            if clash:
                told[component] = True
                zh = f"{_clock(shared[0])} 起 {clash[0][0]} 与 {clash[0][1]} 须同用此区,门将保持关闭"
                en = f"from {_clock(shared[0])} {clash[0][0]} and {clash[0][1]} would need it at once: its doors will stay shut"
                yield Conflict("separated", (one.id, other.id), component, Name(zh, en))


def _uses(lot: Lot, plan: Timetable, venue: Venue) -> Iterator[tuple[ComponentId, Span, tuple[Role, ...]]]:
    """The domains that a lot uses, when, and by which groups."""
    for phase, span in _phases(plan):
        state = LotState(lot, phase, 0, phase)
        for part, room in parts(venue, state):
            component = venue.component_of.get(RoomId(room))
            zones = venue.zones_of(component) if component is not None else ()
            groups = tuple(group for zone in zones for group in venue.profile.groups(ask(phase, part).mode, zone))
            if component is not None and groups:
                yield component, span, groups


def _phases(plan: Timetable) -> tuple[tuple[Phase, Span], ...]:
    return (
        (Phase.PREPARATION, (plan.preparation, plan.check_in)),
        (Phase.CHECK_IN, (plan.check_in, plan.opening)),
        (Phase.OPENING, (plan.opening, plan.opening_end)),
        (Phase.INTAKE, (plan.intake, plan.evaluation)),
        (Phase.EVALUATION, (plan.evaluation, plan.report)),
        (Phase.REPORT_SIGNED, (plan.report, plan.over)),
    )


def _lockers(lots: tuple[Lot, ...], plans: Mapping[LotId, Timetable], venue: Venue) -> Iterator[Conflict]:
    there = sum(device.kind is DeviceKind.LOCKER for device in venue.devices.values())
    if not there:
        return
    called: dict[str, tuple[Span, frozenset[PersonKey]]] = {}
    for lot in lots:
        members = frozenset(p.person for p in lot.people if p.role in COMMITTEE and not p.withdrawn)
        called[lot.id] = ((plans[lot.id].intake, plans[lot.id].over), members)
    worst: tuple[int, int, tuple[str, ...]] = (0, 0, ())
    for (begin, _), _ in called.values():
        now = {lot: members for lot, (span, members) in called.items() if span[0] <= begin < span[1]}
        needed = sum(len(members) for members in now.values())
        worst = max(worst, (needed, -begin, tuple(sorted(now))))
    if worst[0] > there:
        at = _clock(-worst[1])
        words = Name(f"{at} 需 {worst[0]} 个储物柜,只有 {there} 个", f"{worst[0]} lockers are needed at {at}, there are {there}")
        yield Conflict("lockers", worst[2], "", words)


def _overlap(one: Span, other: Span) -> Span | None:
    begin, end = max(one[0], other[0]), min(one[1], other[1])
    return (begin, end) if begin < end else None


def _clock(moment_utc_ns: int) -> str:
    """Wall time in China."""
    return utc_text(moment_utc_ns + utc_ns("1970-01-01T08:00:00Z"))[11:16]
