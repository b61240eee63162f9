"""What most people do with a room: get in while it is their time, stay, leave; and what they do when a door says no."""

from collections.abc import Iterable

from simulation.crowd.life import Act, Wait
from simulation.crowd.walker import Result, Walker
from venue_model.ids import DeviceId, RoomId
from venue_model.lots import Phase
from venue_model.moments import MS, S
from venue_model.venue import DeviceKind

ASK_AGAIN_S = (25, 70)  # a person whom a lamp has refused asks around before the next try
HOLD_OUT_NS = 15 * 60 * S  # how long somebody waits for a word before looking again
LOCKER_LOOKS = 12


def waits_for(me: Walker, phases: Iterable[Phase]) -> Act[None]:
    """Until the lot's day stands at one of these."""
    wanted = frozenset(phases)
    while me.phase not in wanted:
        yield Wait(me.crowd.calls[me.lot].changed, HOLD_OUT_NS)


def gets_into(me: Walker, room: RoomId, during: Iterable[Phase], over: Iterable[Phase]) -> Act[bool]:
    """Try until the door lets in; wait while it is not time, give up when it is over or there is no way."""
    times, too_late = frozenset(during), frozenset(over)
    while True:
        yield from waits_for(me, times | too_late)
        if me.phase in too_late:
            return False
        result = yield from me.goes(room)
        if result is Result.THERE:
            return True
        if result is Result.NO_WAY:
            return False
        yield me.some_s(*ASK_AGAIN_S)


def stays_until(me: Walker, phases: Iterable[Phase]) -> Act[None]:
    """Sit, and get up some moments after the word has come."""
    yield from waits_for(me, phases)
    yield me.some_s(5, 90 * me.crowd.pace + 10)


def locker_reader(me: Walker) -> DeviceId | None:
    """The reader of the lockers in this room, or None."""
    readers = [d for d in me.house.venue.devices_in(me.room, DeviceKind.READER) if d.door is None]
    return readers[0].id if readers and me.house.venue.devices_in(me.room, DeviceKind.LOCKER) else None


def locks_phone_away(me: Walker) -> Act[bool]:
    """Badge at the lockers, lay the phone into the one that opens, push it shut."""
    opened = yield from _opens_locker(me)
    if opened is None:
        return False
    yield me.some_s(1, 4)
    done = me.house.put_phone(opened)
    if done:
        me.crowd.lockers[me.key] = opened
    yield me.some_s(1.5, 2.5)  # until the door is shut and nobody takes it for the next one's
    _steps_back(me)
    return done


def fetches_phone(me: Walker) -> Act[bool]:
    """Badge at the lockers and take the phone out of the one that opens."""
    opened = yield from _opens_locker(me)
    if opened is None:
        return False
    yield me.some_s(1, 3)
    done = me.house.take_phone(opened)
    if done:
        me.crowd.lockers.pop(me.key, None)
    yield me.some_s(1.5, 2.5)
    _steps_back(me)
    return done


def _opens_locker(me: Walker) -> Act[DeviceId | None]:
    """The locker that opens for this person; leaves the queue when none does."""
    reader = locker_reader(me)
    if reader is None or not me.card or not (yield from me.stands_in_line(reader)):
        return None
    open_before = frozenset(me.house.open_lockers(me.room))
    me.house.present_card(reader, me.card, me.key)
    for _ in range(LOCKER_LOOKS):
        yield 250 * MS
        found = [locker for locker in me.house.open_lockers(me.room) if locker not in open_before]
        if found:
            return found[0]
    me.steps_out_of_line(reader, served=False)
    return None


def _steps_back(me: Walker) -> None:
    reader = locker_reader(me)
    if reader is not None:
        me.steps_out_of_line(reader, served=True)
