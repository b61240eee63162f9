"""Is this reader to be believed, and when must its link be renewed?  Pure: the bus reports what it sees and does what is answered.

Left alone, libosdp takes a reader away for 300 s after one broken answer, and hands over a card that was presented while
the line was down as if it had just been shown.  So a reader that dropped is renewed at once (then ever more slowly),
and after every gap its cards do not count for a while: OSDP card reads carry no time, a late one opens a door for a ghost.
"""

from dataclasses import dataclass, replace
from enum import Enum, StrEnum

S = 1_000_000_000  # nanoseconds in a second

# libosdp repeats a lost exchange after 200 + 800 ms, and four readers at 9600 baud are asked every 0.2 s:
# a longer silence means that at least one exchange was lost.
GAP_S = 0.9
QUARANTINE_S = 2.0  # a reader empties its queue of four reads, one per poll, in a quarter of this
GRACE_S = 2.0  # a renewed link is back in 0.1 to 1.2 s; the operator's screen need not flash for that
IDLE_S = 1.5  # libosdp asks a silent reader every 1.0 s; when it asks no more, it is serving its 300 s
RENEWAL_SPACING_S = 1.0
FIRST_BACKOFF_S = 5.0
MAX_BACKOFF_S = 30.0
NOTICE_SPACING_S = 10.0  # a line that breaks every second must not fill the journal


class State(StrEnum):
    """What is known of a reader; the values are `DeviceHealth.code`."""

    ONLINE = "online"
    NO_PORT = "no-port"
    NO_ANSWER = "offline"
    GARBLED = "garbled"
    WRONG_KEY = "wrong-key"
    NO_SECURE_CHANNEL = "no-secure-channel"
    SECURE_CHANNEL_LOST = "secure-channel-lost"


class Notice(StrEnum):
    """What happens to a reader that stays; the values are `DeviceHealth.code` too."""

    BAD_FRAME = "bad-frame"
    RENEWED = "renewed"


class Renewal(Enum):
    """The two halves of a link renewal.  libosdp ignores the second while the first is pending."""

    DISABLE = "disable"
    ENABLE = "enable"


@dataclass(frozen=True, slots=True)
class Report:
    code: State | Notice
    count: int = 0  # broken frames since the last report, where the code is BAD_FRAME


Action = Renewal | Report


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at libosdp and the port."""

    mono_ns: int
    port_open: bool
    enabled: bool
    secure: bool  # online with an active secure channel


@dataclass(frozen=True, slots=True)
class Link:
    """What the watch remembers of one reader."""

    well_ns: int  # the last moment when its cards could be read, or the start
    attempt_ns: int  # the start of the present attempt to connect
    asked_ns: int  # the last command to it
    heard_ns: int  # the last whole frame from it, or the start
    port_open: bool = False
    secure: bool = False
    trusted_from_ns: int | None = None  # cards count from here on
    quarantine_told: bool = True
    resting: bool = False  # libosdp has given the attempt up
    disabling: bool = False
    renewals: int = 0  # in a row, without success
    renewal_due_ns: int = 0
    # Evidence of the present attempt to connect.
    answered: bool = False
    challenged: bool = False
    broken: int = 0
    # What people were told.
    known: State | None = None  # the finding of the last attempt that ended
    told: State | None = None
    broken_untold: int = 0
    renewed_due_ns: int = 0  # earliest moments for the next notice of each kind
    noise_due_ns: int = 0
    was_secure: bool = False


def new_link(now_ns: int) -> Link:
    return Link(well_ns=now_ns, attempt_ns=now_ns, asked_ns=now_ns, heard_ns=now_ns)


def note_asked(link: Link, now_ns: int) -> Link:
    return replace(link, asked_ns=now_ns)


def note_heard(link: Link, challenged: bool, now_ns: int) -> Link:
    """A whole frame arrived.  After a gap the quarantine begins before the frame itself is acted upon."""
    link = replace(link, answered=True, challenged=link.challenged or challenged)
    if not link.secure:
        return replace(link, heard_ns=now_ns)
    if now_ns - link.heard_ns > GAP_S * S:
        link = _quarantine(link, now_ns)
    return replace(link, heard_ns=now_ns, well_ns=now_ns)


def note_misheard(link: Link) -> Link:
    return replace(link, broken=link.broken + 1, broken_untold=link.broken_untold + 1)


def admits_card(link: Link, now_ns: int) -> bool:
    return link.secure and link.trusted_from_ns is not None and now_ns >= link.trusted_from_ns


def look(link: Link, seen: Seen) -> tuple[Link, tuple[Action, ...]]:
    """Decide what to do now and what to tell.  Looking often is normal and repeats nothing."""
    link, renewals = _renew(link, seen)
    link, reports = _tell(link, seen)
    return link, renewals + reports


def _quarantine(link: Link, now_ns: int) -> Link:
    return replace(link, trusted_from_ns=now_ns + int(QUARANTINE_S * S), quarantine_told=False)


def _renew(link: Link, seen: Seen) -> tuple[Link, tuple[Action, ...]]:
    now_ns = seen.mono_ns
    if not seen.port_open:
        return replace(link, port_open=False, secure=False), ()
    if not link.port_open:  # whatever libosdp concluded without a port counts for nothing
        link = replace(link, port_open=True, secure=False, attempt_ns=now_ns, renewals=0, known=None)
        return _begin_renewal(link, now_ns)
    if link.disabling:
        if seen.enabled:
            return link, ()
        link = replace(link, disabling=False, resting=False, attempt_ns=now_ns, asked_ns=now_ns)
        return replace(link, answered=False, challenged=False, broken=0), (Renewal.ENABLE,)
    if seen.secure:
        if not link.secure:
            due_ns = now_ns + int(RENEWAL_SPACING_S * S)
            link = replace(link, secure=True, was_secure=True, well_ns=now_ns, renewals=0, renewal_due_ns=due_ns)
            link = _quarantine(link, now_ns)
        return link, ()
    if link.secure:
        silent = now_ns - link.heard_ns > GAP_S * S
        known = State.NO_ANSWER if silent else State.SECURE_CHANNEL_LOST
        link = replace(link, secure=False, resting=True, known=known)
    elif not link.resting and now_ns - link.asked_ns >= IDLE_S * S:
        link = replace(link, resting=True, known=_judge(link))
    if not link.resting or now_ns < link.renewal_due_ns:
        return link, ()
    return _begin_renewal(link, now_ns)


def _begin_renewal(link: Link, now_ns: int) -> tuple[Link, tuple[Action, ...]]:
    renewals = link.renewals + 1
    due_ns = now_ns + int(_pause_s(link, renewals) * S)
    return replace(link, disabling=True, renewals=renewals, renewal_due_ns=due_ns), (Renewal.DISABLE,)


def _pause_s(link: Link, renewals: int) -> float:
    """How long to wait before the next renewal.  A silent reader may be powered up at any moment and libosdp asks it
    gently; a reader that refuses costs its neighbours a handshake each time."""
    if renewals == 1:
        return RENEWAL_SPACING_S
    if link.known is State.NO_ANSWER:
        return FIRST_BACKOFF_S
    return min(FIRST_BACKOFF_S * 2.0 ** (renewals - 2), MAX_BACKOFF_S)


def _judge(link: Link) -> State:
    """Why did this attempt to connect fail?"""
    if link.broken:
        return State.GARBLED
    if not link.answered:
        return State.NO_ANSWER
    if link.challenged:
        return State.SECURE_CHANNEL_LOST if link.was_secure else State.WRONG_KEY
    return State.NO_SECURE_CHANNEL


def _tell(link: Link, seen: Seen) -> tuple[Link, tuple[Action, ...]]:
    now_ns = seen.mono_ns
    silent = now_ns - link.heard_ns > GAP_S * S
    if link.port_open and link.secure and not silent:
        return _tell_well(link, now_ns)
    state = _finding(link, seen, silent)
    if state is None or state is link.told or now_ns - link.well_ns < GRACE_S * S:
        return link, ()
    return replace(link, told=state, broken_untold=0), (Report(state),)


def _finding(link: Link, seen: Seen, silent: bool) -> State | None:
    if not link.port_open:
        return State.NO_PORT
    if link.known is not None and not link.secure:
        return link.known
    if not silent or seen.mono_ns - link.attempt_ns < GRACE_S * S:
        return None
    # A reader that has said something in this attempt is judged when the attempt ends.
    return State.NO_ANSWER if link.secure or not (link.answered or link.broken) else None


def _tell_well(link: Link, now_ns: int) -> tuple[Link, tuple[Action, ...]]:
    reports: list[Action] = []
    next_ns = now_ns + int(NOTICE_SPACING_S * S)
    if link.told is not State.ONLINE:
        reports.append(Report(State.ONLINE))
        link = replace(link, told=State.ONLINE, quarantine_told=True)
    elif not link.quarantine_told:
        link = replace(link, quarantine_told=True)
        if now_ns >= link.renewed_due_ns:
            reports.append(Report(Notice.RENEWED))
            link = replace(link, renewed_due_ns=next_ns)
    if link.broken_untold and now_ns >= link.noise_due_ns:
        reports.append(Report(Notice.BAD_FRAME, link.broken_untold))
        link = replace(link, broken_untold=0, noise_due_ns=next_ns)
    return link, tuple(reports)
