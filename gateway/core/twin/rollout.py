"""A rollout: another program or record for many boards, one first, then a few at a time; on the first failure all go back.  Pure.

Boards protect themselves: what does not pass its trial is gone back from by the board alone (edge/shell/launcher.py).  Here it is
decided who is told, and when: never a board in whose rooms a lot is at work, and first of all one that guards nobody.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from venue_model.ids import BoardId
from venue_model.moments import S

WORD_S = 600  # for a board to fetch (minutes over a bad line), restart and pass its trial (at most 180 s)
SOAK_S = 120  # the first board has to stay well for so long before others follow: four lease renewals, and a certificate check
AGAIN_S = 15  # an order is repeated until the board has said something about it; it is carried out once
MOST_BATCH = 50
NO_WORD = f"no word within {WORD_S} s"


class RolloutKind(StrEnum):
    """What is rolled out."""

    PROGRAM = "program"
    CONFIGURATION = "configuration"


class Course(StrEnum):
    """Where a rollout stands."""

    ASKED = "asked"
    CANARY = "canary"
    BATCHES = "batches"
    RETURNING = "returning"
    DONE = "done"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"


class Stand(StrEnum):
    """Where one board of a rollout stands."""

    WAITING = "waiting"
    ORDERED = "ordered"
    WELL = "well"
    FAILED = "failed"
    RETURNING = "returning"
    BACK = "back"
    STUCK = "stuck"


class Waits(StrEnum):
    """What an open rollout waits for, besides its boards."""

    NOTHING = ""
    APPROVAL = "approval"
    CANARY = "canary"
    LOTS = "lots"
    BOARDS = "boards"


OVER = frozenset({Course.DONE, Course.RETURNED, Course.WITHDRAWN})


@dataclass(frozen=True, slots=True)
class Row:
    """One board of a rollout."""

    board: BoardId
    digest: str  # what it shall hold
    stand: Stand = Stand.WAITING
    former: str = ""  # what it held when it was ordered
    ordered_utc_ns: int = 0  # the present order, forward or back
    told_utc_ns: int = 0  # when it was last sent
    since_utc_ns: int = 0  # in its present stand
    why: str = ""  # what went wrong; one row with it, and all go back


@dataclass(frozen=True, slots=True)
class Rollout:
    """One rollout, whole: what is stored is all that a restarted gateway needs."""

    id: str
    kind: RolloutKind
    version: str
    by: str
    asked_utc_ns: int
    batch: int
    rows: tuple[Row, ...]
    course: Course = Course.ASKED
    waits: Waits = Waits.NOTHING
    canary: BoardId | None = None
    why: str = ""  # it is going back
    approvers: tuple[str, ...] = ()

    @property
    def over(self) -> bool:
        """True once nothing more will come of it."""
        return self.course in OVER


@dataclass(frozen=True, slots=True)
class Seen:
    """A board as it tells of itself, for the kind that is rolled out."""

    online: bool
    digest: str = ""
    trial: bool = False
    order: str = ""
    outcome: str = ""  # of the last order that it took
    why: str = ""
    slots: bool = True  # it can take rollouts of this kind at all


@dataclass(frozen=True, slots=True)
class Around:
    """What goes on around the boards now."""

    busy: frozenset[BoardId] = frozenset()  # a lot is at work in a room of this board
    guarding: frozenset[BoardId] = frozenset()  # it guards a sealed or occupied domain


@dataclass(frozen=True, slots=True)
class Order:
    """Tell a board, again if need be, to take or to go back to `digest`."""

    board: BoardId
    order: str
    digest: str
    issued_utc_ns: int
    back: bool


Step = tuple[Rollout, tuple[Order, ...]]


def approved(rollout: Rollout, approvers: tuple[str, ...]) -> Rollout:
    """Whoever had to has agreed: it begins."""
    return replace(rollout, course=Course.CANARY, approvers=approvers, waits=Waits.NOTHING)


def give_up(rollout: Rollout, why: str) -> Rollout:
    """A person wants all boards back where they were."""
    if rollout.over or rollout.course is Course.RETURNING:
        return rollout
    return replace(rollout, course=Course.WITHDRAWN if rollout.course is Course.ASKED else Course.RETURNING, why=why, waits=Waits.NOTHING)


def step(rollout: Rollout, seen: Mapping[BoardId, Seen], around: Around, utc_ns: int) -> Step:
    """What follows from how the boards stand now.  Called at any time, as often as one likes."""
    if rollout.over:
        return rollout, ()
    if rollout.course is Course.ASKED:
        return replace(rollout, waits=Waits.APPROVAL), ()
    if rollout.course is not Course.RETURNING:
        rollout = replace(rollout, rows=tuple(_looked(rollout, row, seen.get(row.board), utc_ns) for row in rollout.rows))
        failed = next((row for row in rollout.rows if row.why), None)
        if failed is not None:
            rollout = replace(rollout, course=Course.RETURNING, why=f"{failed.board}: {failed.why}", waits=Waits.NOTHING)
    if rollout.course is Course.RETURNING:
        return _return(rollout, seen, around, utc_ns)
    return _forward(rollout, seen, around, utc_ns)


def order_id(rollout: Rollout, row: Row, *, back: bool) -> str:
    """An order's own id: by it a board knows a repetition, and the gateway an answer."""
    return f"{rollout.id}-{row.board}{'-back' if back else ''}"


# forward


def _looked(rollout: Rollout, row: Row, board: Seen | None, utc_ns: int) -> Row:
    """Read into a row what its board says."""
    if board is None:
        board = Seen(online=False)
    if row.stand is Stand.WAITING:
        has_it = board.digest == row.digest and not board.trial
        return replace(row, stand=Stand.WELL, former=row.digest, since_utc_ns=utc_ns) if has_it else row
    if row.stand is Stand.WELL:
        # The first board is watched on: it is there to show what a trial of half a minute does not.
        soaking = row.board == rollout.canary and rollout.course is Course.CANARY
        if soaking and not board.online:
            return _to_be_returned(row, utc_ns, "it went offline after its trial")
        if soaking and board.digest != row.digest:
            return _to_be_returned(row, utc_ns, "it does not hold what it had taken")
        return row
    if row.stand is not Stand.ORDERED:
        return row
    answered = board.order == order_id(rollout, row, back=False)
    if answered and board.outcome in ("refused", "returned"):
        return replace(row, stand=Stand.FAILED, since_utc_ns=utc_ns, why=f"{board.outcome}: {board.why}")
    if board.online and board.digest == row.digest and not board.trial:
        return replace(row, stand=Stand.WELL, since_utc_ns=utc_ns)
    if utc_ns - row.ordered_utc_ns > WORD_S * S:
        return _to_be_returned(row, utc_ns, NO_WORD)
    return row


def _to_be_returned(row: Row, utc_ns: int, why: str) -> Row:
    return replace(row, stand=Stand.RETURNING, ordered_utc_ns=0, told_utc_ns=0, since_utc_ns=utc_ns, why=why)


def _forward(rollout: Rollout, seen: Mapping[BoardId, Seen], around: Around, utc_ns: int) -> Step:
    waiting = [row for row in rollout.rows if row.stand is Stand.WAITING]
    if any(row.stand is Stand.ORDERED for row in rollout.rows):
        return _told(replace(rollout, waits=Waits.NOTHING), utc_ns)
    if rollout.course is Course.CANARY and rollout.canary is not None:
        canary = next(row for row in rollout.rows if row.board == rollout.canary)
        if utc_ns - canary.since_utc_ns < SOAK_S * S:
            return replace(rollout, waits=Waits.NOTHING), ()
        rollout = replace(rollout, course=Course.BATCHES)
    if not waiting:
        return replace(rollout, course=Course.DONE, waits=Waits.NOTHING), ()
    reachable = [row for row in waiting if (board := seen.get(row.board)) is not None and board.online and board.slots and not board.trial]
    free = [row for row in reachable if row.board not in around.busy]
    if rollout.course is Course.CANARY:
        free = [row for row in free if row.board not in around.guarding]
        if not free:
            return replace(rollout, waits=Waits.CANARY), ()
        chosen = free[:1]
        rollout = replace(rollout, canary=chosen[0].board)
    else:
        chosen = free[: rollout.batch]
        if not chosen:
            return replace(rollout, waits=Waits.LOTS if reachable else Waits.BOARDS), ()
    boards = {row.board for row in chosen}
    rows = tuple(
        replace(row, stand=Stand.ORDERED, former=seen[row.board].digest, ordered_utc_ns=utc_ns, since_utc_ns=utc_ns)
        if row.board in boards
        else row
        for row in rollout.rows
    )
    return _told(replace(rollout, rows=rows, waits=Waits.NOTHING), utc_ns)


def _told(rollout: Rollout, utc_ns: int) -> Step:
    """Say again what is ordered and not answered."""
    orders = []
    rows = []
    for row in rollout.rows:
        back = row.stand is Stand.RETURNING
        if (back or row.stand is Stand.ORDERED) and row.ordered_utc_ns and utc_ns - row.told_utc_ns >= AGAIN_S * S:
            digest = row.former if back else row.digest
            orders.append(Order(row.board, order_id(rollout, row, back=back), digest, row.ordered_utc_ns, back))
            row = replace(row, told_utc_ns=utc_ns)
        rows.append(row)
    return replace(rollout, rows=tuple(rows)), tuple(orders)


# back


def _return(rollout: Rollout, seen: Mapping[BoardId, Seen], around: Around, utc_ns: int) -> Step:
    rows = tuple(_going_back(rollout, row, seen.get(row.board, Seen(online=False)), around, utc_ns) for row in rollout.rows)
    rollout = replace(rollout, rows=rows)
    left = [row for row in rows if row.stand in (Stand.ORDERED, Stand.RETURNING)]
    if not left:
        return replace(rollout, course=Course.RETURNED, waits=Waits.NOTHING), ()
    held_up = all(row.stand is Stand.RETURNING and not row.ordered_utc_ns for row in left)
    return _told(replace(rollout, waits=Waits.LOTS if held_up else Waits.BOARDS), utc_ns)


def _going_back(rollout: Rollout, row: Row, board: Seen, around: Around, utc_ns: int) -> Row:
    if row.stand is Stand.ORDERED:
        return _recalled(rollout, row, board, utc_ns)
    if row.stand is Stand.WELL and row.former != row.digest:
        return _to_be_returned(row, utc_ns, row.why)
    if row.stand is not Stand.RETURNING:
        return row
    answered = board.order == order_id(rollout, row, back=True)
    if answered and board.digest == row.former and not board.trial:
        # Its own answer, and not only that it holds the former: whoever has this order obeys no older one that is still on its way.
        return replace(row, stand=Stand.BACK, since_utc_ns=utc_ns)
    if row.ordered_utc_ns == 0:
        if board.online and not board.trial and row.board not in around.busy:
            return replace(row, ordered_utc_ns=utc_ns)
        gone = not board.online and utc_ns - row.since_utc_ns > WORD_S * S
        return replace(row, stand=Stand.STUCK, since_utc_ns=utc_ns, why=row.why or NO_WORD) if gone else row
    if answered and board.outcome in ("refused", "returned"):
        return replace(row, stand=Stand.STUCK, since_utc_ns=utc_ns, why=f"{board.outcome}: {board.why}")
    if utc_ns - row.ordered_utc_ns > WORD_S * S:
        return replace(row, stand=Stand.STUCK, since_utc_ns=utc_ns, why=row.why or NO_WORD)
    return row


def _recalled(rollout: Rollout, row: Row, board: Seen, utc_ns: int) -> Row:
    """Its order was on the way when another board failed.  It is let to its end: a board takes no second order in between."""
    answered = board.order == order_id(rollout, row, back=False)
    if answered and board.outcome in ("refused", "returned"):
        return replace(row, stand=Stand.FAILED, since_utc_ns=utc_ns, why=f"{board.outcome}: {board.why}")
    if board.digest == row.digest and not board.trial:
        return _to_be_returned(row, utc_ns, "")
    if utc_ns - row.ordered_utc_ns > WORD_S * S:
        return replace(row, stand=Stand.STUCK, since_utc_ns=utc_ns, why=NO_WORD)
    return row
