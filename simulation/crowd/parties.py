"""Bidders, owner and agent, and those who are on duty: the people around an opening."""

from simulation.crowd.life import Act
from simulation.crowd.misdeeds import after_leaving, before_the_door, once_inside
from simulation.crowd.phases import AFTER_INTAKE, AFTER_OPENING, DECIDED, OVER
from simulation.crowd.timetable import MINUTE_NS, Timetable
from simulation.crowd.visits import gets_into, stays_until, waits_for
from simulation.crowd.walker import Result, Walker
from venue_model.groups import Role
from venue_model.ids import RoomId
from venue_model.lots import Lot, Phase
from venue_model.profiles import DoorMode
from venue_model.zones import Serves, Zone

CALLED_BACK = frozenset({Phase.SECOND_ROUND, Phase.INQUIRY})


def bidder(me: Walker, lot: Lot, plan: Timetable) -> Act[None]:
    """Comes in time, or not; signs in, sits through the opening, goes to wait or home."""
    room, pace = lot.opening_room, me.crowd.pace
    if room is None:
        return  # opened at another venue
    late = me.rng.random() < 0.08
    early_ns, late_ns = plan.check_in - int(5 * MINUTE_NS * pace), plan.opening - int(2 * MINUTE_NS * pace)
    yield from _comes_at(me, me.rng.randrange(early_ns, late_ns) if not late else plan.opening + me.some_s(5, 300 * pace + 10))
    yield from before_the_door(me, room)
    inside = yield from gets_into(me, room, (Phase.CHECK_IN, *((Phase.OPENING,) if late else ())), AFTER_OPENING)
    if inside:
        yield from once_inside(me, room)
        if me.rng.random() < 0.1:
            yield me.some_s(30, 300 * pace + 60)  # called away
        else:
            yield from stays_until(me, AFTER_OPENING)
        yield from _goes_out(me, room)
        yield from after_leaving(me, room)
    if inside and me.rng.random() < 0.7:
        yield from _stays_about(me, room)
    yield from me.goes_home()


def organiser(me: Walker, lot: Lot, plan: Timetable) -> Act[None]:
    """Owner or agent: prepares the opening room, sits through the opening; the agent may prepare the evaluation, too."""
    room = lot.opening_room
    if room is None:
        return
    yield from _comes_at(me, plan.preparation + me.some_s(10, 600 * me.crowd.pace + 20))
    yield from before_the_door(me, room)
    inside = yield from gets_into(me, room, (Phase.PREPARATION, Phase.CHECK_IN, Phase.OPENING), AFTER_OPENING)
    if inside:
        yield from once_inside(me, room)
        yield from stays_until(me, AFTER_OPENING)
        yield from _goes_out(me, room)
    if me.role is Role.AGT and lot.evaluation_room is not None and _may_prepare(me) and me.rng.random() < 0.4:
        yield from _prepares_evaluation(me, lot.evaluation_room)
    elif inside:
        yield from _stays_about(me, room)
    yield from me.goes_home()


def on_duty(me: Walker, lot: Lot, plan: Timetable) -> Act[None]:
    """Supervisor or witness: watches from the monitor room where there is one, else from the opening room."""
    yield from _comes_at(me, plan.preparation + me.some_s(5, 300 * me.crowd.pace + 20))
    room = _post(me, lot)
    during = tuple(phase for phase in Phase if phase not in OVER)
    if room is not None and (yield from gets_into(me, room, during, OVER)):
        if me.rng.random() < 0.3 and me.house.venue.rooms[room].zone is Zone.MONITOR:
            yield me.some_s(300 * me.crowd.pace, 1800 * me.crowd.pace)
            yield from _goes_out(me, room)  # tea
            yield me.some_s(60, 300)
            yield from gets_into(me, room, during, OVER)
        watching = me.house.venue.rooms[room].zone is Zone.MONITOR
        yield from stays_until(me, OVER if watching else AFTER_OPENING)
        yield from _goes_out(me, room)
    yield from me.goes_home()


def staff_member(me: Walker, lot: Lot, plan: Timetable) -> Act[None]:
    """Sets up the opening room before the others come, and helps people out when the report is signed."""
    yield from _comes_at(me, plan.preparation + me.some_s(1, 30))
    room = lot.opening_room
    sets_up = Role.STF in me.house.venue.profile.groups(DoorMode.PREPARATION, Zone.OPENING)
    too_late = (Phase.CHECK_IN, Phase.OPENING, *AFTER_OPENING)
    if sets_up and room is not None and (yield from gets_into(me, room, (Phase.PREPARATION,), too_late)):
        yield me.some_s(30, 120)
        yield from _goes_out(me, room)
    yield from stays_until(me, OVER)
    yield from me.goes_home()


def _comes_at(me: Walker, utc_ns: int) -> Act[None]:
    yield max(0, utc_ns - me.crowd.world.utc_ns)
    me.arrives()


def _goes_out(me: Walker, room: RoomId) -> Act[None]:
    """Leave one room by its own way, to whatever lies before it."""
    street = me.crowd.ways.street()
    while me.room == room:
        way = me.crowd.ways.between(room, street, me.role, me.carries())
        if way is None:
            return
        if (yield from me.goes(me.crowd.ways.beyond(way[0]))) is Result.THERE:
            return
        yield me.some_s(5, 15)


def _stays_about(me: Walker, opening_room: RoomId) -> Act[None]:
    """Wait where bidders wait, until it is decided; come when called for another quote or to an inquiry."""
    waiting = me.house.venue.rooms_of(Zone.WAITING)
    while True:
        if waiting and me.room != waiting[0].id:
            yield from me.goes(waiting[0].id)
        yield from waits_for(me, CALLED_BACK | DECIDED)
        if me.phase not in CALLED_BACK:
            return
        room = opening_room if me.phase is Phase.SECOND_ROUND else _parties_room(me)
        called = me.phase
        wanted = me.role is Role.BID or called is Phase.INQUIRY
        if wanted and room is not None and (yield from gets_into(me, room, (called,), AFTER_INTAKE - {called})):
            yield from stays_until(me, frozenset(Phase) - {called})
            yield from _goes_out(me, room)
        yield from waits_for(me, frozenset(Phase) - {called})


def _parties_room(me: Walker) -> RoomId | None:
    """The parties' inquiry room that the lot was given."""
    state = me.house.lot_state(me.lot)
    return next((room for room in state.inquiry if me.house.venue.rooms[room].serves is Serves.PARTIES), None) if state else None


def _may_prepare(me: Walker) -> bool:
    return me.role in me.house.venue.profile.groups(DoorMode.INTAKE, Zone.EVALUATION)


def _prepares_evaluation(me: Walker, room: RoomId) -> Act[None]:
    """The agent brings the papers; out again before the seal, or stays with the committee until it is lifted."""
    if (yield from gets_into(me, room, (Phase.INTAKE,), AFTER_INTAKE)):
        if me.rng.random() < 0.5:
            yield me.some_s(30, 90)
        else:
            yield from stays_until(me, DECIDED)


def _post(me: Walker, lot: Lot) -> RoomId | None:
    venue = me.house.venue
    if me.role in venue.profile.groups(DoorMode.DUTY, Zone.MONITOR):
        for room in venue.rooms_of(Zone.MONITOR):
            if me.crowd.ways.between(me.crowd.ways.street(), room.id, me.role, me.carries()) is not None:
                return room.id
    return lot.opening_room if me.role in venue.profile.groups(DoorMode.OPENING, Zone.OPENING) else None
