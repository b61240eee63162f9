"""What the shell tells the core, besides what drivers see (`edge.drivers.protocols`).

Whatever came over the network is verified before it becomes an event.
"""

from dataclasses import dataclass

from edge.core.journal import Body
from edge.drivers.protocols import CardRead, DeviceHealth, LineChanged, QrRead
from venue_model.door_policy import PolicyBody
from venue_model.ids import DeviceId, DoorId, LotId
from venue_model.wire import Desired, RoomScene


@dataclass(frozen=True, slots=True)
class Started:
    """The program runs.  Comes first, and once."""


@dataclass(frozen=True, slots=True)
class Stopping:
    """The program is about to end: nothing may stay half done."""


@dataclass(frozen=True, slots=True)
class Woken:
    """Time has passed."""


@dataclass(frozen=True, slots=True)
class SessionBegan:
    """The link to the broker is up, under a new session number."""

    session: int


@dataclass(frozen=True, slots=True)
class LinkLost:
    """The link to the broker is down."""


@dataclass(frozen=True, slots=True)
class GatewayHeard:
    """The gateway's retained status, or its last will."""

    on: bool
    epoch: int


@dataclass(frozen=True, slots=True)
class PolicyArrived:
    """A policy whose signature by the gateway's policy key has been verified."""

    body: PolicyBody


@dataclass(frozen=True, slots=True)
class LeaseArrived:
    """The leases of the policy that is named go on; its signature by the policy key has been verified."""

    session: int
    renewal: int
    lease_s: int
    policy: str  # `signed.policy_digest`


@dataclass(frozen=True, slots=True)
class DesiredArrived:
    """The full desired state of this board's devices."""

    desired: Desired


@dataclass(frozen=True, slots=True)
class SceneArrived:
    """The broadcast of a scene run in a room."""

    scene: RoomScene


@dataclass(frozen=True, slots=True)
class PulseArrived:
    """A command to let staff in once; its signature by the policy key has been verified."""

    id: str
    door: DoorId
    issued_utc_ns: int
    ttl_ms: int
    held_ns: int = 0  # how long this board may itself have kept it waiting: it stood still


@dataclass(frozen=True, slots=True)
class BadMessage:
    """Bytes from the network that were no message, or no genuine one.  `kind` is the topic's leaf."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class NonceDrawn:
    """The next challenge of a door."""

    door: DoorId
    nonce: str


@dataclass(frozen=True, slots=True)
class DeviceDone:
    """The outcome of an effect that had a ticket.  `text` is for the mechanic when it is not `ok`."""

    device: DeviceId
    ticket: int
    ok: bool
    text: str = ""


@dataclass(frozen=True, slots=True)
class LineFailed:
    """An output could not be driven."""

    line: str
    text: str


@dataclass(frozen=True, slots=True)
class LinesHealth:
    """The board that carries these lines came or went.  While it is away its outputs are inactive and its inputs unknown."""

    lines: frozenset[str]
    ok: bool
    detail: str
    active: frozenset[str] = frozenset()  # the inputs that are active at this moment


@dataclass(frozen=True, slots=True)
class DiskHealth:
    """The journal can, or cannot, be written."""

    ok: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Noted:
    """A line for the journal from a part that has its own machine, such as the recorder."""

    kind: str
    body: Body
    lot: LotId | None = None


Event = (
    Started | Stopping | Woken | SessionBegan | LinkLost | GatewayHeard | PolicyArrived | LeaseArrived | DesiredArrived | SceneArrived
    | PulseArrived | BadMessage | NonceDrawn | DeviceDone | LineFailed | LinesHealth | DiskHealth | Noted | CardRead | QrRead
    | LineChanged | DeviceHealth
)  # fmt: skip
