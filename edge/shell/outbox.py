"""Which journal lines to send now.  Pure: lines are repeated until the gateway has acknowledged them with its signature."""

from dataclasses import dataclass, replace

from venue_model.moments import S

BATCH = 200  # lines in a message; a line has some 300 bytes
WINDOW = 1_000  # lines on their way without an acknowledgement
REPEAT_NS = 3 * S
REPEAT_MOST_NS = 60 * S  # a gateway that is away for hours is not flooded with what it will ask for anyway


@dataclass(frozen=True, slots=True)
class Outbox:
    """How far sending has come."""

    acknowledged: int = 0
    sent: int = 0
    up: bool = False
    repeat_at_ns: int = 0
    wait_ns: int = REPEAT_NS


def connected(outbox: Outbox, now_ns: int) -> Outbox:
    """A new connection: whatever was under way may be lost."""
    return replace(outbox, up=True, sent=outbox.acknowledged, wait_ns=REPEAT_NS, repeat_at_ns=now_ns + REPEAT_NS)


def acknowledged(outbox: Outbox, through: int, now_ns: int) -> Outbox:
    """The gateway has lines up to `through`."""
    if through <= outbox.acknowledged:
        return outbox
    return replace(
        outbox, acknowledged=through, sent=max(through, outbox.sent), wait_ns=REPEAT_NS, repeat_at_ns=now_ns + REPEAT_NS
    )  # fmt: skip


def due(outbox: Outbox, last_seq: int, now_ns: int) -> tuple[Outbox, tuple[int, int] | None]:
    """The next batch as (after, limit), or None.  Call again until it is None."""
    if not outbox.up:
        return outbox, None
    if outbox.sent > outbox.acknowledged and now_ns >= outbox.repeat_at_ns:
        wait_ns = min(2 * outbox.wait_ns, REPEAT_MOST_NS)
        outbox = replace(outbox, sent=outbox.acknowledged, wait_ns=wait_ns, repeat_at_ns=now_ns + wait_ns)
    limit = min(BATCH, last_seq - outbox.sent, outbox.acknowledged + WINDOW - outbox.sent)
    if limit <= 0:
        return outbox, None
    first = outbox.sent == outbox.acknowledged
    after = outbox.sent
    repeat_at_ns = now_ns + outbox.wait_ns if first else outbox.repeat_at_ns
    return replace(outbox, sent=after + limit, repeat_at_ns=repeat_at_ns), (after, limit)


def sent(outbox: Outbox, through: int) -> Outbox:
    """The last batch ended earlier than asked, because a message has a size."""
    return replace(outbox, sent=through)


def wake_ns(outbox: Outbox) -> int | None:
    """When lines are to be repeated, if nothing is acknowledged before."""
    return outbox.repeat_at_ns if outbox.up and outbox.sent > outbox.acknowledged else None
