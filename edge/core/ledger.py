"""What one door must never forget, and is on disk before its strike moves: how many went through, and who has been let in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from edge.core.journal import Record, alarm, credential_hint, who
from venue_model.commissioning import DoorRecord
from venue_model.groups import Role
from venue_model.ids import ComponentId, DoorId, LotId, PersonKey
from venue_model.moments import Now


class How(StrEnum):
    """By what right a leaf opened."""

    PASS = "pass"
    QR = "qr"
    PULSE = "pulse"  # staff, by a signed command
    EXIT = "exit"
    FORCED = "forced"
    FIRE = "fire"


class Direction(StrEnum):
    """Which way; in is to the side that the door guards."""

    IN = "in"
    OUT = "out"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Grant:
    """Somebody may pass, once, until the time is up."""

    direction: Direction
    how: How
    until_ns: int  # of this run of the program; the strike is released until then
    credential: str = ""
    person: PersonKey | None = None
    group: Role | None = None
    lot: LotId | None = None
    authorised_utc_ns: int | None = None
    beside: PersonKey | None = None  # the other person without whom it would not have been given
    withdrawn: str = ""  # why it ended early


@dataclass(frozen=True, slots=True)
class Ledger:
    """What a door must never forget: it is on disk before the strike moves."""

    net: Mapping[ComponentId, int] = field(default_factory=dict)  # passages in minus out, as each domain sees them
    suspect: bool = False  # something passed unseen
    pending: tuple[Grant, ...] = ()  # granted, not yet passed

    def entering(self, now: Now) -> tuple[Grant, ...]:
        """Who is let in at this moment.  A grant that was taken back only waits to see whether it was used."""
        return tuple(g for g in self.pending if g.direction is Direction.IN and now.mono_ns < g.until_ns)


@dataclass(frozen=True, slots=True)
class Passage:
    """Somebody went through.  The agent, who knows policies, makes the journal line of it."""

    door: DoorId
    direction: Direction
    how: How
    grant: Grant | None


def sides(record: DoorRecord, direction: Direction) -> tuple[ComponentId | None, ComponentId | None]:
    """(from, to) of a passage."""
    return (record.inside, record.outside) if direction is Direction.OUT else (record.outside, record.inside)


def passed(record: DoorRecord, ledger: Ledger, direction: Direction) -> Ledger:
    """Somebody went through: each side counts it."""
    if record.inside == record.outside:
        return ledger
    net = dict(ledger.net)
    went, came = sides(record, direction)
    if came is not None:
        net[came] = net.get(came, 0) + 1
    if went is not None:
        net[went] = net.get(went, 0) - 1
    return replace(ledger, net=net)


def taken_back(ledger: Ledger, why: Callable[[Grant], str], now: Now) -> Ledger:
    """End the entries for which `why` gives a reason.  They stay for their grace, because the leaf may have been pulled already."""

    def ended(grant: Grant) -> Grant:
        if grant.direction is not Direction.IN or now.mono_ns >= grant.until_ns or not (reason := why(grant)):
            return grant
        return replace(grant, until_ns=now.mono_ns, withdrawn=reason)

    pending = tuple(ended(grant) for grant in ledger.pending)
    return ledger if pending == ledger.pending else replace(ledger, pending=pending)


def resolve_unseen(record: DoorRecord, ledger: Ledger) -> tuple[Ledger, list[Record]]:
    """Settle grants whose end nobody saw, after a crash or an outage of the board.

    The person may have passed: the domain that was entered counts one more, the one that was left not one less, so that no
    domain is ever believed emptier than it is.
    """
    if not ledger.pending:
        return ledger, []
    net = dict(ledger.net)
    for grant in ledger.pending:
        entered = record.inside if grant.direction is Direction.IN else record.outside
        if entered is not None and record.inside != record.outside:
            net[entered] = net.get(entered, 0) + 1
    detail = f"{len(ledger.pending)} granted and not seen to pass; counted as inside until a sweep says otherwise"
    return Ledger(net, suspect=True), [alarm("unseen", record.id, detail, ledger.pending[0].lot, door=True)]


def no_entry(record: DoorRecord, grant: Grant) -> Record:
    """The line about somebody who was let in and did not come."""
    body = {
        "door": record.id, "direction": grant.direction.value, "how": grant.how.value, "because": grant.withdrawn or "nobody came",
        "credential": credential_hint(grant.credential), **who(grant.person, grant.group, grant.lot),
    }  # fmt: skip
    return Record("no_entry", body, grant.lot)
