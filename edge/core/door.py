"""The door machine: strike, leaf, exit hardware and fire input of one door, and what passes through it.

    closed and locked ─grant or exit→ released ─leaf opens→ open ─leaf closes→ closed and locked
                                          └─ nobody came: no_entry      └─ too long: held

Occupancy commits when the leaf opens, not when the grant is given.  Nothing here decides about leaving (I11): the exit button
releases the strike in every state, and whatever is being left is secured only after its time.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum

from edge.core.effects import SetLine
from edge.core.journal import Record, alarm, alarm_clear
from edge.core.ledger import Direction, Grant, How, Ledger, Passage, no_entry, passed, resolve_unseen, taken_back
from venue_model.commissioning import DoorRecord
from venue_model.moments import MS, Now, S

# How long after its strike is secured a leaf may still turn out to have been pulled in time: a bolt travels up to 80 ms, a contact
# bounces for 20 and settles in 30.  Without it a CLEAR could report a count that lacks the person in the doorway.
GRACE_NS = 500 * MS
# A leaf that opens by itself is forced, unless the exit hardware is heard of this soon: the bar moves first, but lines settle in any order.
EXPLAIN_NS = 200 * MS
FOUND_NS = 1 * S  # a leaf that shows as open this soon after its board came online was open before
RETRY_NS = 1 * S  # for a strike that did not obey
REPEAT_ALARM_NS = 60 * S


class Opening(StrEnum):
    """Why the leaf stands open."""

    SHUT = ""
    AUTHORISED = "authorised"
    EXIT = "exit"
    UNEXPLAINED = "unexplained"
    FORCED = "forced"
    FIRE = "fire"
    FOUND = "found"


@dataclass(frozen=True, slots=True)
class DoorState:
    """One door."""

    ledger: Ledger = field(default_factory=Ledger)
    online: bool = False  # the board that carries its lines answers
    found_until_ns: int = 0
    open: bool = False
    opening: Opening = Opening.SHUT
    open_since_ns: int = 0
    held: bool = False
    passing_until_ns: int | None = None  # an opened leaf keeps its strike released until it closes, or until then
    exit_pressed: bool = False
    exit_since_ns: int = 0
    exit_until_ns: int | None = None  # somebody asked to leave and has not opened yet
    exit_counted: bool = False  # in this opening
    exit_stuck: bool = False
    fire: bool = False
    released: bool = False  # what the strike was last told
    retry_ns: int | None = None  # the strike did not obey, and is told again then
    strike_alarm_ns: int | None = None


Outcome = SetLine | Record | Passage
Step = tuple[DoorState, list[Outcome]]


def step_woken(record: DoorRecord, door: DoorState, now: Now) -> Step:
    """Whatever time brings: grants lapse, leaves are held too long, a strike is told again.  Waking early changes nothing."""
    out: list[Outcome] = []
    lapsed = tuple(g for g in door.ledger.pending if now.mono_ns >= g.until_ns + GRACE_NS)
    if lapsed:
        out += [no_entry(record, grant) for grant in lapsed]
        door = _with_pending(door, tuple(g for g in door.ledger.pending if g not in lapsed))
    if door.exit_until_ns is not None and now.mono_ns >= door.exit_until_ns + GRACE_NS:
        door = replace(door, exit_until_ns=None)
    if door.opening is Opening.UNEXPLAINED and now.mono_ns >= door.open_since_ns + EXPLAIN_NS:
        door = _forced(record, door, out)
    if door.open and not door.held and not door.fire and now.mono_ns >= door.open_since_ns + record.held_s * S:
        door = replace(door, held=True)
        out.append(alarm("held", record.id, f"open for more than {record.held_s} s; close the door", door=True))
    if door.exit_pressed and not door.exit_stuck and now.mono_ns >= door.exit_since_ns + record.held_s * S:
        door = replace(door, exit_stuck=True)
        out.append(alarm("exit-stuck", record.id, f"exit button active for more than {record.held_s} s; the door is unlocked", door=True))
    return _finish(record, door, now, out)


def step_granted(record: DoorRecord, door: DoorState, grant: Grant, now: Now) -> Step:
    """Let the holder pass.  Through a leaf that stands open the passage is taken for made."""
    if door.open:
        passing = max(grant.until_ns, door.passing_until_ns or 0)
        door, passage = _commit(record, replace(door, passing_until_ns=passing), grant.direction, grant.how, grant)
        if door.exit_counted and grant.direction is Direction.IN:
            door = _suspected(door)
        return _finish(record, door, now, [passage])
    others = tuple(g for g in door.ledger.pending if not g.credential or g.credential != grant.credential)
    return _finish(record, _with_pending(door, (*others, grant)), now, [])


def step_contact(record: DoorRecord, door: DoorState, is_open: bool, now: Now) -> Step:
    """The leaf moved."""
    if is_open == door.open:
        return door, []
    out: list[Outcome] = []
    door = _opened(record, door, now, out) if is_open else _closed(record, door, out)
    return _finish(record, door, now, out)


def step_exit(record: DoorRecord, door: DoorState, pressed: bool, now: Now) -> Step:
    """The exit hardware is used, or let go.  It opens the door by itself; here the strike follows, in every state."""
    out: list[Outcome] = []
    if not pressed:
        if door.exit_stuck:
            out.append(alarm_clear("exit-stuck", record.id, door=True))
        return _finish(record, replace(door, exit_pressed=False, exit_stuck=False), now, out)
    until_ns = now.mono_ns + record.pull_s * S
    door = replace(door, exit_pressed=True, exit_since_ns=now.mono_ns, released=True)
    # An open leaf is theirs already.  A press that waited for the next opening would count the same departure twice.
    passing_until_ns = max(until_ns, door.passing_until_ns or 0)
    door = replace(door, passing_until_ns=passing_until_ns) if door.open else replace(door, exit_until_ns=until_ns)
    out.append(SetLine(record.strike, True, life_safety=True))  # said each time: repeating costs nothing
    if door.open and not door.exit_counted:
        if door.opening is Opening.UNEXPLAINED:
            door = replace(door, opening=Opening.EXIT)
        if door.opening is Opening.AUTHORISED:
            door = _suspected(door)
        door, passage = _commit(record, replace(door, exit_counted=True), Direction.OUT, How.FIRE if door.fire else How.EXIT, None)
        out.append(passage)
    return _finish(record, door, now, out)


def step_fire(record: DoorRecord, door: DoorState, active: bool, now: Now) -> Step:
    """The fire input of the board.  Hardware has released the lock already; nobody is let in, and no alarm distracts."""
    if active == door.fire:
        return door, []
    if not active:
        return _finish(record, replace(door, fire=False, open_since_ns=now.mono_ns), now, [])
    out: list[Outcome] = [alarm_clear("held", record.id, door=True)] if door.held else []
    if door.opening is Opening.UNEXPLAINED:
        out.append(Passage(record.id, Direction.UNKNOWN, How.FIRE, None))
        door = _suspected(replace(door, opening=Opening.FIRE))
    door = _withdrawn(replace(door, fire=True, held=False), lambda _: "FIRE", now)
    return _finish(record, door, now, out)


def step_lines(record: DoorRecord, door: DoorState, online: bool, now: Now) -> Step:
    """The board that carries the lines came or went.  Away, it secures its outputs by itself, and nobody sees who passes."""
    if online:
        return _finish(record, replace(door, online=True, found_until_ns=now.mono_ns + FOUND_NS), now, [])
    unseen = replace(door.ledger, suspect=True) if door.open else door.ledger
    ledger, told = resolve_unseen(record, unseen)
    return DoorState(ledger, fire=door.fire), [*told, *([alarm_clear("held", record.id, door=True)] if door.held else [])]


def step_strike_failed(record: DoorRecord, door: DoorState, text: str, now: Now) -> Step:
    """The strike did not obey.  It is told again each second until it does."""
    door = _withdrawn(replace(door, retry_ns=now.mono_ns + RETRY_NS), lambda _: "strike failed", now)
    if door.strike_alarm_ns is not None and now.mono_ns < door.strike_alarm_ns + REPEAT_ALARM_NS:
        return door, []
    return replace(door, strike_alarm_ns=now.mono_ns), [alarm("strike", record.id, text, door=True)]


def withdraw(record: DoorRecord, door: DoorState, why: Callable[[Grant], str], now: Now) -> Step:
    """Take back the pending entries for which `why` gives a reason, and secure the strike at once.  Exits stay."""
    changed = _withdrawn(door, why, now)
    return (door, []) if changed is door else _finish(record, changed, now, [])


def settled(door: DoorState) -> bool:
    """Closed, locked, and nothing under way: only then does a count stand."""
    quiet = not door.ledger.pending and door.exit_until_ns is None and not door.exit_pressed
    return door.online and not door.open and not door.released and not door.fire and door.retry_ns is None and quiet


def position(door: DoorState) -> str:
    """As `wire.DoorReport` names it; "unknown" while the board is away."""
    if not door.online:
        return "unknown"
    if not door.open:
        return "closed"
    if door.opening in (Opening.FORCED, Opening.UNEXPLAINED):
        return "forced"
    return "held" if door.held else "open"


def wake_ns(record: DoorRecord, door: DoorState) -> int | None:
    """When time will change something here."""
    moving = door.open or door.exit_pressed or door.passing_until_ns is not None or door.exit_until_ns is not None
    if not (moving or door.ledger.pending or door.retry_ns is not None):
        return None
    moments = [moment for g in door.ledger.pending for moment in (g.until_ns, g.until_ns + GRACE_NS)]
    if door.exit_until_ns is not None:
        moments += [door.exit_until_ns, door.exit_until_ns + GRACE_NS]
    if door.passing_until_ns is not None:
        moments.append(door.passing_until_ns)
    if door.open and not door.held and not door.fire:
        moments.append(door.open_since_ns + record.held_s * S)
    if door.opening is Opening.UNEXPLAINED:
        moments.append(door.open_since_ns + EXPLAIN_NS)
    if door.exit_pressed and not door.exit_stuck:
        moments.append(door.exit_since_ns + record.held_s * S)
    if door.retry_ns is not None:
        moments.append(door.retry_ns)
    return min(moments, default=None)


def _opened(record: DoorRecord, door: DoorState, now: Now, out: list[Outcome]) -> DoorState:
    grants = door.ledger.pending
    leaving = door.exit_pressed or door.exit_until_ns is not None
    until_ns = max((door.exit_until_ns or 0, *(g.until_ns for g in grants)))
    door = replace(door, open=True, open_since_ns=now.mono_ns, passing_until_ns=until_ns, exit_until_ns=None, exit_counted=leaving)
    if leaving:
        door, passage = _commit(record, door, Direction.OUT, How.FIRE if door.fire else How.EXIT, None)
        out.append(passage)
    for grant in grants:
        door, passage = _commit(record, door, grant.direction, grant.how, grant)
        out.append(passage)
    door = _with_pending(door, ())
    if grants and leaving:
        door = _suspected(door)
    if door.fire:
        if not grants and not leaving:
            out.append(Passage(record.id, Direction.UNKNOWN, How.FIRE, None))
        return _suspected(replace(door, opening=Opening.FIRE))
    if grants:
        return replace(door, opening=Opening.AUTHORISED)
    if leaving:
        return replace(door, opening=Opening.EXIT)
    if now.mono_ns < door.found_until_ns:
        out.append(alarm("found-open", record.id, "open when its board came online; who passed before is unknown", door=True))
        return _suspected(replace(door, opening=Opening.FOUND))
    return replace(door, opening=Opening.UNEXPLAINED)


def _forced(record: DoorRecord, door: DoorState, out: list[Outcome]) -> DoorState:
    out.append(alarm("forced", record.id, "opened without a grant; look at the door and count the people", door=True))
    out.append(Passage(record.id, Direction.UNKNOWN, How.FORCED, None))
    return _suspected(replace(door, opening=Opening.FORCED))


def _closed(record: DoorRecord, door: DoorState, out: list[Outcome]) -> DoorState:
    if door.opening is Opening.UNEXPLAINED:
        door = _forced(record, door, out)
    if door.held:
        out.append(alarm_clear("held", record.id, door=True))
    if door.opening is Opening.FORCED:
        out.append(alarm_clear("forced", record.id, door=True))
    return replace(door, open=False, opening=Opening.SHUT, held=False, passing_until_ns=None, exit_counted=False)


def _commit(record: DoorRecord, door: DoorState, direction: Direction, how: How, grant: Grant | None) -> tuple[DoorState, Passage]:
    return replace(door, ledger=passed(record, door.ledger, direction)), Passage(record.id, direction, how, grant)


def _withdrawn(door: DoorState, why: Callable[[Grant], str], now: Now) -> DoorState:
    ledger = taken_back(door.ledger, why, now)
    return door if ledger is door.ledger else replace(door, ledger=ledger)


def _with_pending(door: DoorState, pending: tuple[Grant, ...]) -> DoorState:
    return door if pending == door.ledger.pending else replace(door, ledger=replace(door.ledger, pending=pending))


def _suspected(door: DoorState) -> DoorState:
    """The count may be wrong: nobody knows who passed.  So it is when one opening serves a grant and the exit button, too.

    Whoever pressed may have stayed and only opened for the other; the room would be believed emptier than it is.
    """
    return replace(door, ledger=replace(door.ledger, suspect=True))


def _finish(record: DoorRecord, door: DoorState, now: Now, out: list[Outcome]) -> Step:
    """Bring the strike to where the state wants it.  An absent board has secured it by itself."""
    if not door.online:
        return door, out
    if door.passing_until_ns is not None and now.mono_ns >= door.passing_until_ns:
        door = replace(door, passing_until_ns=None)
    leaving = door.exit_pressed or _lasts(door.exit_until_ns, now) or (door.fire and record.fire_release)
    leaving = leaving or any(g.direction is Direction.OUT and _lasts(g.until_ns, now) for g in door.ledger.pending)
    wanted = leaving or door.passing_until_ns is not None or any(_lasts(g.until_ns, now) for g in door.ledger.pending)
    retry = door.retry_ns is not None and now.mono_ns >= door.retry_ns
    if wanted != door.released or retry:
        out.append(SetLine(record.strike, wanted, life_safety=leaving))
        door = replace(door, released=wanted, retry_ns=None)
    return door, out


def _lasts(until_ns: int | None, now: Now) -> bool:
    return until_ns is not None and now.mono_ns < until_ns

