"""What every province's adapter promises, in neutral words.

Inside the gateway there are only `venue_model.lots` objects, phase events and outbox items; field names of a province live in
its adapter alone.  A contract suite (tests/contract/test_platform_adapters.py) holds every adapter to this page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias

from venue_model.ids import LotId, PersonKey, ProjectId
from venue_model.lots import Lot

Json: TypeAlias = bool | int | str | Sequence["Json"] | Mapping[str, "Json"] | None


class EventKind(StrEnum):
    """What the platform may announce about a lot between two versions of it."""

    REPORT_SIGNED = "report_signed"  # the committee has signed: the seal may be lifted by two people
    WITHDRAWN = "withdrawn"  # `person` takes no further part
    BIDDER_COUNT = "bidder_count"  # `bidders` bids were received
    ROSTER = "roster"  # the roster has changed: 补抽, a late expert
    FAILED = "failed"  # 流标, declared by the platform
    SUSPENDED = "suspended"
    ABORTED = "aborted"


@dataclass(frozen=True, slots=True)
class PhaseEvent:
    """Something that happened on the platform's side of a lot's day.  `id` is the platform's and never used twice."""

    id: str
    project: ProjectId
    lot: LotId
    kind: EventKind
    utc_ns: int
    bidders: int | None = None
    person: PersonKey | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """An item of a pull that was not understood.  It changed nothing; the rest of the pull stands."""

    ref: str  # the item's own id when it has one, else its place in the answer
    why: str  # names the field and the fault, never the value: it may be a person's


@dataclass(frozen=True, slots=True)
class LotWarning:
    """Something odd about a lot that was taken all the same."""

    lot: LotId
    text: str


@dataclass(frozen=True, slots=True)
class Pulled:
    """One page of changes.  `cursor` is opaque: hand it back to go on from here."""

    lots: tuple[Lot, ...]
    phase_events: tuple[PhaseEvent, ...]
    cursor: str
    more: bool = False  # another page waits already
    rejected: tuple[Rejected, ...] = ()
    warnings: tuple[LotWarning, ...] = ()


class ItemKind(StrEnum):
    """What the venue tells the platform (domain brief 5.2).  Bodies use neutral keys; times are `…utc_ns`; names never appear."""

    ARRIVAL = "arrival"  # project, lot, person, role, zone, direction, method, device, utc_ns
    SCENE = "scene"  # project, lot, scene, run, result, began_utc_ns, ended_utc_ns, devices
    EVIDENCE = "evidence"  # project, seal, tagmanifest_sha256, sealed_utc_ns
    ANOMALY = "anomaly"  # project, lot, code, name, info, level, zone, utc_ns
    ROOM_STATUS = "room_status"  # room, number, zone, status, utc_ns; free, booked, preparing, opening, evaluating, sealed, fault
    # Each also carries `codes`: the unified codes of its lot (or of all lots of its project) by the names of `Lot`, unchanged.


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """One message to the platform.  `key` makes it idempotent: the platform takes a key once."""

    key: str
    kind: ItemKind
    body: Mapping[str, Json]
    created_utc_ns: int

    @property
    def lane(self) -> str:
        """Items of one lane arrive in order: those of a lot, or of a project as a whole."""
        return str(self.body.get("lot") or self.body.get("project") or "")


class PlatformError(RuntimeError):
    """The platform did not do what was asked."""


class PlatformAway(PlatformError):
    """Absent, overloaded, or answering nonsense: nothing was understood, the same call may be repeated later."""


class PlatformRefused(PlatformError):
    """The platform understood and will never take some items.  All others of the same push were taken."""

    def __init__(self, why: Mapping[str, str]) -> None:
        self.why = dict(why)  # key of the item → the platform's reason
        super().__init__("; ".join(f"{key}: {reason}" for key, reason in self.why.items()))

    @property
    def keys(self) -> tuple[str, ...]:
        """The refused items."""
        return tuple(self.why)


class Platform(Protocol):
    """A trading platform.  Every call may be repeated; every call raises PlatformAway when there is no usable answer."""

    async def pull_lots(self, cursor: str) -> Pulled:
        """The changes after `cursor`; "" asks for everything.  A malformed item is in `rejected`, never an exception."""

    async def push(self, items: Sequence[OutboxItem]) -> None:
        """Hand over `items` in order.  Returns when all are durable there; raises PlatformRefused for dead letters."""

    async def close(self) -> None:
        """Let go of connections."""
