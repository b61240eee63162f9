"""What people do wrong, by accident or on purpose.  Each deed has a name among the kinds of `simulation.world.faults.PEOPLE`.

The house must stand all of it: some of these let a body in where no software can notice, and then alarm or evidence must say so.
"""

from collections.abc import Callable

from simulation.crowd.life import Act
from simulation.crowd.walker import Result, Walker
from simulation.world.contract import House
from simulation.world.faults import PEOPLE
from venue_model.ids import DoorId, RoomId
from venue_model.moments import S
from venue_model.venue import Lock

# How many of those who could do it do it, at full rate: a house full of tailgaters shows less than one among honest people.
SHARE = {"try-every-door": 0.05, "fire-door": 0.04, "prop": 0.05}
USUAL_SHARE = 0.15


def draw_misdeeds(me: Walker) -> frozenset[str]:
    """What this person will do wrong today."""
    drawn = {kind.name: me.rng.random() for kind in PEOPLE}  # everyone draws for each, so that rates do not shift the rest
    rate = me.crowd.faults.rate
    return frozenset(name for name, luck in drawn.items() if luck < rate(name) * SHARE.get(name, USUAL_SHARE))


def before_the_door(me: Walker, room: RoomId) -> Act[None]:
    """On the way to a room that is one's own."""
    if me.does("lost"):
        yield from _tries_another(me, room)
    if me.does("try-every-door"):
        yield from _tries_every_door(me)
    if me.does("lend-card"):
        yield from _uses_somebody_elses(me, room)
    if me.does("replay-qr"):
        yield from _shows_a_photograph(me, room)


def once_inside(me: Walker, room: RoomId) -> Act[None]:
    """In a room where one may be."""
    if me.does("prop"):
        yield from _wedges(me, room)
    if me.does("fire-door"):
        yield from _breaks_the_glass(me)


def after_leaving(me: Walker, room: RoomId) -> Act[None]:
    """Outside again, and not meant to come back."""
    if me.does("return"):
        yield me.some_s(20, 120)
        yield from me.goes(room)
        if me.room == room:
            yield me.some_s(10, 60)
    if me.does("try-every-door"):
        yield from _tries_every_door(me)


def at_the_gate(me: Walker, room: RoomId) -> Act[None]:
    """A member of a committee, in the intake, before the phone is locked away."""
    if me.does("forget"):
        yield from me.goes(room)
    if me.does("lend-card"):
        yield from _uses_somebody_elses(me, room)


def swaps_rooms(me: Walker, room: RoomId) -> Act[None]:
    """A member of a committee at the door of another committee's room."""
    if me.does("swap-rooms") or me.does("lost"):
        yield from _tries_another(me, room)


def breaks_out(me: Walker, room: RoomId) -> Act[None]:
    """Leave an evaluation room when it pleases one, and try to come back: leaving is free and a breach, coming back is refused."""
    yield me.some_s(60, 1200 * me.crowd.pace + 60)
    doors = [door for door in me.house.venue.doors.values() if door.inside == room and door.lock is not Lock.NONE]
    yield from me.leaves(me.rng.choice(doors).id)
    yield me.some_s(20, 240)
    yield from me.goes(room)


def _tries_another(me: Walker, room: RoomId) -> Act[None]:
    """The wrong door of the right kind."""
    venue = me.house.venue
    others = [other.id for other in venue.rooms_of(venue.rooms[room].zone) if other.id != room]
    if others:
        yield from me.goes(me.rng.choice(others))
        yield me.some_s(3, 20)
        if me.room in others:  # let in by mistake of somebody who lent a hand, or by luck: out again
            yield from me.goes(room)


def _tries_every_door(me: Walker) -> Act[None]:
    """Present the card at every reader that can be walked up to."""
    for door in me.house.venue.doors.values():
        if not me.does("try-every-door"):
            return
        if door.lock is Lock.NONE or not me.crowd.ways.credential_devices(door.id, *me.carries()):
            continue
        if not me.house.venue.is_open(door.outside) or (yield from me.goes_before(door.id)) is not Result.THERE:
            continue
        if (yield from me.enters(door.id)) is Result.THERE:
            yield me.some_s(10, 40)
            yield from me.leaves(door.id)


def _uses_somebody_elses(me: Walker, room: RoomId) -> Act[None]:
    """Go in on a card that another person of the day has lent."""
    lots = me.house.lots
    cards = [p.card for lot in lots.values() for p in lot.people if p.card and p.person != me.key]
    if not cards:
        return
    own, me.card = me.card, me.rng.choice(cards)
    if (yield from me.goes(room)) is Result.THERE:
        yield me.some_s(30, 120)
    me.card = own


def _shows_a_photograph(me: Walker, room: RoomId) -> Act[None]:
    """Hold up a picture of the code that somebody else showed a while ago."""
    for door in (door for door in me.house.venue.doors.values() if door.inside == room):
        camera, photograph = me.house.qr_of(door.id), me.crowd.photographs.get(door.id)
        if camera is None or photograph is None or (yield from me.goes_before(door.id)) is not Result.THERE:
            continue
        if (yield from me.stands_in_line(door.id)):
            me.house.show_qr(camera, photograph, me.key)
            green = yield from me.awaits_answer(camera)
            served = green is True and (yield from me.pulls(door.id))
            me.steps_out_of_line(door.id, served=served)


def _wedges(me: Walker, room: RoomId) -> Act[None]:
    """Put a wedge under the leaf "for the others"; a guard takes it away."""
    for door in (door for door in me.house.venue.doors.values() if door.inside == room and door.lock is not Lock.NONE):
        if me.house.prop(door.id, True):
            me.crowd.world.after(me.some_s(40, 400), _guard(me.house, door.id))
    yield me.some_s(1, 3)


def _guard(house: House, door: DoorId) -> Callable[[], None]:
    """Somebody of the house who takes a wedge away."""

    def comes_by() -> None:
        house.prop(door, False)

    return comes_by


def _breaks_the_glass(me: Walker) -> Act[None]:
    """Out by the emergency way, or through the door with a shoulder."""
    yield me.some_s(30, 600 * me.crowd.pace + 30)
    doors = [door for door in me.house.venue.doors.values() if door.inside == me.room and door.lock is not Lock.NONE]
    if not doors or not me.does("fire-door"):
        return
    door = me.rng.choice(doors)
    if me.rng.random() < 0.6:
        me.house.break_glass(door.id, me.key)
    else:
        me.house.force(door.id, me.key)
    yield 1 * S
    me.house.walk(me.key, door.id)
