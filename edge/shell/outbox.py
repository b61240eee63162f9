"""Which journal lines to send now.  Pure: lines are repeated until the gateway has acknowledged them with its signature.

One batch is under way at a time, and it begins right after the last acknowledged line.  So an acknowledgement can never cover a
line that the broker has lost, whatever the gateway makes of the numbers.
"""

from dataclasses import dataclass, replace

from venue_model.moments import S

BATCH = 200  # lines in a message; a line has some 300 bytes
REPEAT_NS = 3 * S
REPEAT_MOST_NS = 60 * S  # a gateway that is away for hours is not flooded with what it will ask for anyway


@dataclass(frozen=True, slots=True)
class Outbox:
    """How far sending has come."""

    acknowledged: int = 0
    up: bool = False
    repeat_at_ns: int | None = None  # while a batch is under way
    wait_ns: int = REPEAT_NS


def connected(outbox: Outbox) -> Outbox:
    """A new connection: whatever was under way may be lost."""
    return Outbox(outbox.acknowledged, up=True)


def disconnected(outbox: Outbox) -> Outbox:
    """Nothing is sent until the next connection."""
    return Outbox(outbox.acknowledged)


def acknowledged(outbox: Outbox, through: int) -> Outbox:
    """The gateway has lines up to `through`; the next batch may go."""
    return replace(outbox, acknowledged=through, repeat_at_ns=None, wait_ns=REPEAT_NS) if through > outbox.acknowledged else outbox


def rewound(outbox: Outbox, through: int) -> Outbox:
    """The gateway has lost what it had acknowledged beyond `through`: send from there again, at once."""
    return replace(outbox, acknowledged=through, repeat_at_ns=None, wait_ns=REPEAT_NS) if through < outbox.acknowledged else outbox


def due(outbox: Outbox, last_seq: int, now_ns: int) -> tuple[Outbox, bool]:
    """Whether to send a batch of at most `BATCH` lines after `acknowledged` now."""
    if not outbox.up or last_seq <= outbox.acknowledged:
        return outbox, False
    if outbox.repeat_at_ns is None:
        return replace(outbox, repeat_at_ns=now_ns + outbox.wait_ns), True
    if now_ns < outbox.repeat_at_ns:
        return outbox, False
    wait_ns = min(2 * outbox.wait_ns, REPEAT_MOST_NS)
    return replace(outbox, wait_ns=wait_ns, repeat_at_ns=now_ns + wait_ns), True


def wake_ns(outbox: Outbox) -> int | None:
    """When lines are to be repeated, if nothing is acknowledged before."""
    return outbox.repeat_at_ns if outbox.up else None
