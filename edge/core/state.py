"""Everything that one agent knows, as one value, and which parts of it outlive the program."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from edge.core.company import Callers
from edge.core.contact import Contact
from edge.core.credentials import Challenge
from edge.core.door import DoorState
from edge.core.ledger import Ledger
from edge.core.locker import Lockers, Owner
from edge.core.policy import Held
from edge.core.scene import Scene
from edge.core.site import Site
from venue_model.door_policy import Seen
from venue_model.groups import Role
from venue_model.ids import ComponentId, DeviceId, DoorId, PersonKey
from venue_model.wire import Desired


@dataclass(frozen=True, slots=True)
class Visit:
    """A person's last entry into a domain (I4), or departure from a sealed one."""

    authorised_utc_ns: int  # as the pass said then; a newer authorisation lifts the bar
    utc_ns: int


@dataclass(frozen=True, slots=True)
class Day:
    """What the last policy said about the day besides domains."""

    salt: str = ""
    elsewhere: Mapping[str, Role] = field(default_factory=dict)  # digest → group


@dataclass(frozen=True, slots=True)
class ReaderState:
    """What a reader saw last."""

    credential: str = ""
    at_ns: int = 0
    refusals: int = 0  # in a row


@dataclass(frozen=True, slots=True)
class Nuisance:
    """Messages of one kind that were none."""

    count: int = 0  # since the last line about them
    told_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """What a device's driver said last."""

    ok: bool
    code: str
    detail: str


Visits = Mapping[ComponentId, Mapping[PersonKey, Visit]]


@dataclass(frozen=True, slots=True)
class State:
    """Mappings are never changed, only replaced: the shell stores what is not the same object as before."""

    site: Site
    session: int | None = None  # None until the first connection of this run
    renewal: int = 0  # the last one taken in this session
    policy: str = ""  # the digest of the last body taken in this session …
    granted: tuple[ComponentId, ...] = ()  # … and the domains for which it was accepted
    day: Day = Day()
    held: Mapping[ComponentId, Held] = field(default_factory=dict)
    leases: Mapping[ComponentId, int] = field(default_factory=dict)  # until, monotonic; never stored
    refused: Mapping[ComponentId, str] = field(default_factory=dict)  # why the last policy was not accepted
    doors: Mapping[DoorId, DoorState] = field(default_factory=dict)
    entered: Visits = field(default_factory=dict)
    barred: Visits = field(default_factory=dict)  # left a sealed domain without a release
    seen: Mapping[PersonKey, Seen] = field(default_factory=dict)  # where this board's doors saw people go (anti-passback)
    callers: Mapping[DoorId, Callers] = field(default_factory=dict)  # who presented a good pass just now; never stored
    readers: Mapping[DeviceId, ReaderState] = field(default_factory=dict)
    challenges: Mapping[DoorId, Challenge] = field(default_factory=dict)
    pulses: Mapping[str, int] = field(default_factory=dict)  # ids of commands taken → until when they are remembered (UTC)
    lockers: Lockers = field(default_factory=Lockers)
    scene: Scene = field(default_factory=Scene)
    health: Mapping[str, Health] = field(default_factory=dict)
    fires: frozenset[DeviceId] = frozenset()  # active fire inputs
    contact: Contact = field(default_factory=Contact)
    recordable: bool = True  # the journal takes lines
    nuisances: Mapping[str, Nuisance] = field(default_factory=dict)

    @property
    def fire(self) -> bool:
        """Any fire input of the board counts for all its doors: they are wired together."""
        return bool(self.fires)


_ONE = ""

# What outlives the program, by kind.  What is not here is gone after a restart, and has to be.
SLICE_TYPES: Mapping[str, object] = {
    "held": Held,
    "ledger": Ledger,
    "entered": dict[PersonKey, Visit],
    "barred": dict[PersonKey, Visit],
    "seen": dict[PersonKey, Seen],
    "owners": dict[DeviceId, Owner],
    "pulses": dict[str, int],
    "desired": Desired,
    "day": Day,
}


def slices(state: State) -> dict[tuple[str, str], object]:
    """The parts that must be on disk before anything moves: (kind, id) → value.  Equal objects need no writing."""
    found: dict[tuple[str, str], object] = {
        **{("held", c): held for c, held in state.held.items()},
        **{("ledger", d): door.ledger for d, door in state.doors.items()},
        **{("entered", c): visits for c, visits in state.entered.items()},
        **{("barred", c): visits for c, visits in state.barred.items()},
        ("seen", _ONE): state.seen,
        ("owners", _ONE): state.lockers.owners,
        ("pulses", _ONE): state.pulses,
        ("day", _ONE): state.day,
    }
    if state.scene.desired is not None:
        found["desired", _ONE] = state.scene.desired
    return found


def restored(site: Site, kept: Mapping[tuple[str, str], object]) -> State:
    """The state after a restart: what was kept, no session, no lease, and nothing known of the lines."""

    def of_kind(kind: str) -> dict[str, object]:
        return {key: value for (found, key), value in kept.items() if found == kind}

    ledgers = of_kind("ledger")
    state: Callable[..., State] = State  # the values were checked against SLICE_TYPES when they were read
    return state(
        site,
        day=kept.get(("day", _ONE), Day()),
        held=of_kind("held"),
        # A door that remembers nothing counts from zero, whoever is inside: its board's disk may be a new one.
        doors={door: DoorState(ledgers.get(door, Ledger(suspect=True))) for door in site.doors},  # type: ignore[arg-type]
        entered=of_kind("entered"),
        barred=of_kind("barred"),
        seen=kept.get(("seen", _ONE), {}),
        pulses=kept.get(("pulses", _ONE), {}),
        lockers=Lockers(kept.get(("owners", _ONE), {})),  # type: ignore[arg-type]
        scene=Scene(kept.get(("desired", _ONE))),  # type: ignore[arg-type]
    )
