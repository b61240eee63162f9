"""Experts and the owner's representative among them: called, checked in, phone locked away, seated, sealed, let go."""

from simulation.crowd.life import Act
from simulation.crowd.misdeeds import at_the_gate, breaks_out, swaps_rooms
from simulation.crowd.phases import AFTER_INTAKE, CALLED, DECIDED
from simulation.crowd.timetable import INTAKE_NS, Timetable
from simulation.crowd.visits import fetches_phone, gets_into, locker_reader, locks_phone_away, stays_until, waits_for
from simulation.crowd.walker import Result, Walker
from venue_model.ids import RoomId
from venue_model.lots import Lot, Phase
from venue_model.zones import Serves, Zone

ASKS_STAFF_S = (20, 60)
INQUIRY_S = (90, 300)  # how long the committee asks


def member(me: Walker, lot: Lot, plan: Timetable) -> Act[None]:
    """One member's day, from the street to the street."""
    room = me.seat
    if room is None:
        return  # evaluated at another venue
    spread_ns = int(INTAKE_NS * me.crowd.pace * (1.3 if me.rng.random() < 0.1 else 0.6))
    yield max(0, plan.intake + me.rng.randrange(spread_ns) - me.crowd.world.utc_ns)
    yield from waits_for(me, CALLED | AFTER_INTAKE)
    if me.phase in AFTER_INTAKE:
        return
    yield me.some_s(5, 60)
    me.arrives()
    seated = yield from _takes_seat(me, room)
    if seated:
        if me.does("unbadged-exit"):
            yield from breaks_out(me, room)
        yield from _sits(me, room)
    yield from _leaves(me)


def _sits(me: Walker, room: RoomId) -> Act[None]:
    """Stay until it is decided; in between to the inquiry and back, when the committee asks for one."""
    while True:
        yield from stays_until(me, DECIDED | {Phase.INQUIRY})
        if me.phase is not Phase.INQUIRY:
            return
        asked = _committee_room(me)
        if asked is not None and (yield from me.goes(asked)) is Result.THERE:
            yield me.some_s(*INQUIRY_S)
        yield from _goes_in(me, room, frozenset({Phase.INQUIRY}))
        yield from waits_for(me, frozenset(Phase) - {Phase.INQUIRY})


def _committee_room(me: Walker) -> RoomId | None:
    """The committee's inquiry room that the lot was given."""
    state = me.house.lot_state(me.lot)
    return next((room for room in state.inquiry if me.house.venue.rooms[room].serves is Serves.COMMITTEE), None) if state else None


def _takes_seat(me: Walker, room: RoomId) -> Act[bool]:
    """By way of the intake, where there is one: identity first, then the phone, then the gate."""
    intake = _intake(me)
    if intake is not None:
        if not (yield from gets_into(me, intake, CALLED, AFTER_INTAKE)):
            return False
        yield from at_the_gate(me, room)
        while locker_reader(me) is not None and me.key not in me.crowd.lockers and me.phase in CALLED:
            if not (yield from locks_phone_away(me)):
                yield me.some_s(10, 30)
        if me.does("dawdle"):
            yield me.some_s(me.house.venue.entry_window_s + 20, me.house.venue.entry_window_s + 200)
        yield from swaps_rooms(me, room)
    return (yield from _goes_in(me, room, CALLED))


def _goes_in(me: Walker, room: RoomId, during: frozenset[Phase]) -> Act[bool]:
    """To one's own seat; whoever is refused calls the staff, who look at the roster and authorise anew."""
    while me.phase in during:
        result = yield from me.goes(room)
        if result is Result.THERE:
            return True
        if result is Result.NO_WAY:
            return False
        if result is Result.REFUSED:
            me.crowd.call_desk(me.lot, me.key)  # by the intercom
        yield me.some_s(*ASKS_STAFF_S)
    return me.room == room


def _leaves(me: Walker) -> Act[None]:
    """Back through the intake for the phone, and home."""
    intake = _intake(me)
    if intake is not None and me.key in me.crowd.lockers:
        for _ in range(20):
            there = me.room == intake or (yield from me.goes(intake)) is Result.THERE
            if there and (yield from fetches_phone(me)):
                break
            yield me.some_s(10, 30)
    yield from me.goes_home()


def _intake(me: Walker) -> RoomId | None:
    rooms = me.house.venue.rooms_of(Zone.INTAKE)
    return rooms[0].id if rooms else None
