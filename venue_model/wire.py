"""Topics and messages between agents and the gateway, version 1.

Unknown fields are ignored, so that an older program understands a newer one; a changed meaning takes a new topic version.
State is retained and repeatable; acts are never retained.  `decode` turns bytes into a message or one clear `WireError`.
"""

from dataclasses import asdict, dataclass, field
from typing import Annotated, Any, TypeVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, with_config

from venue_model.door_policy import PolicyBody
from venue_model.ids import BoardId, ComponentId, DeviceId, DoorId, LotId, RoomId, RunId, VenueId

MAX_BYTES = 262_144  # refuse before parsing: no honest message of ours comes near
_LAX = ConfigDict(extra="ignore")
# What a database column and every JSON reader hold: a number beyond is refused here, and not deep inside a desk.
Count = Annotated[int, Field(ge=0, le=2**53 - 1)]
UtcNs = Annotated[int, Field(ge=0, le=2**63 - 1)]
Net = Annotated[int, Field(ge=-(2**31), le=2**31 - 1)]


@dataclass(frozen=True, slots=True)
class Topics:
    """All topics of one venue."""

    venue: VenueId

    @property
    def root(self) -> str:
        """Everything of this venue."""
        return f"bidhall/v1/{self.venue}"

    def agent(self, agent: BoardId | str, leaf: str) -> str:
        """`leaf` is meta, status, desired, reported, policy, command, event, renewal or certificate; `agent` may be `+`."""
        return f"{self.root}/agent/{agent}/{leaf}"

    def room_scene(self, room: RoomId | str) -> str:
        """The broadcast of a scene run in one room."""
        return f"{self.root}/room/{room}/scene"

    @property
    def gateway(self) -> str:
        """Whether the gateway is there."""
        return f"{self.root}/gateway"

    def parse_agent(self, topic: str) -> tuple[BoardId, str] | None:
        """Agent and leaf of a topic under `agent/`, or None for any other topic."""
        prefix = f"{self.root}/agent/"
        agent, slash, leaf = topic.removeprefix(prefix).partition("/")
        return (BoardId(agent), leaf) if topic.startswith(prefix) and slash and "/" not in leaf else None


@with_config(_LAX)
@dataclass(frozen=True, slots=True)
class Status:
    """Retained birth and last will.  A late will of an older session must not bury a living one: compare `session`."""

    on: bool
    session: Count
    why: str = ""
    v: int = 1


@with_config(_LAX)
@dataclass(frozen=True, slots=True)
class SlotReport:
    """What a board holds of one kind: its program, or its commissioning record."""

    digest: str  # SHA-256 of what was fetched; empty: it came by hand
    version: str
    number: Count
    former: str  # what ran before and can be returned to; empty: nothing
    trial: bool


@with_config(_LAX)
@dataclass(frozen=True, slots=True)
class RolloutReport:
    """A board's slots, and how its last order for another program or record went."""

    slots: dict[str, SlotReport] = field(default_factory=dict)  # kind → what is held; empty: the board has no slots
    order: str = ""
    outcome: str = ""  # "fetching", "trial", "kept", "refused", "returned"; empty: nothing was ordered yet
    why: str = ""


@with_config(_LAX)
@dataclass(frozen=True, slots=True)
class Meta:
    """Retained self-description."""

    agent: BoardId
    version: str
    devices: tuple[DeviceId, ...]
    doors: tuple[DoorId, ...]
    commissioned: str  # SHA-256 of the commissioning record this agent runs on
    rollout: RolloutReport = field(default_factory=RolloutReport)
    v: int = 1


@with_config(_LAX)
@dataclass(frozen=True, slots=True)
class Binding:
    """Whose recording this is.  A segment belongs to exactly one binding."""

    project: str
    lot: str
    room: str
    track: str
    run: str


@with_config(_LAX)
@dataclass(frozen=True, slots=True)
class Want:
    """What one device should be.  Only the field of its kind is set."""

    lines: tuple[str, ...] | None = None  # sign, kiosk: text, largest first
    colour: str = "green"
    record: Binding | None = None  # camera: None means stop
    on: bool | None = None  # light, climate: on; network cutter: cut; speaker: may be heard
    say: str = ""  # speaker: the announcement to play once, by its id; empty: none
    since_utc_ns: UtcNs = 0  # speaker: since when it is wanted; what was due long ago is not said any more


@with_config(_LAX)
@dataclass(frozen=True, slots=True)
class Desired:
    """Retained full desired state of one agent.  (epoch, generation) only grow; an equal pair is acknowledged again, an older refused."""

    epoch: Count  # the gateway's incarnation
    generation: Count  # per agent
    run: RunId | None
    issued_utc_ns: UtcNs
    devices: dict[DeviceId, Want]
    overlay: str = ""  # "emergency": signs, lights and loudspeakers see people out, whatever `devices` says
    relinquish: tuple[DeviceId, ...] = ()  # what was switched by hand at the board follows the scene again
    v: int = 1


@with_config(_LAX)
@dataclass(frozen=True, slots=True)
class RoomScene:
    """Retained broadcast of a run: the fast path.  Each agent takes its own part and answers for it; its `desired` follows and is the
    truth."""

    epoch: Count
    run: RunId
    room: RoomId
    scene: str
    members: dict[BoardId, Count]  # agent → generation of the desired document that follows
    devices: dict[DeviceId, Want]
    v: int = 1


# Codes of a device report, as in HTTP so that nobody has to learn them.
APPLIED, ACCEPTED, STALE, EXPIRED, INTERLOCK, UNSUPPORTED, OVERRIDDEN, FAULT = 200, 202, 409, 410, 412, 422, 423, 500


@with_config(_LAX)
@dataclass(frozen=True, slots=True)
class DeviceReport:
    """What one device achieved of a desired generation."""

    code: int
    run: RunId | None = None
    text: str = ""  # for the mechanic, when the code is not 200
    took_ms: Count = 0
    online: bool = True
    state: dict[str, Any] = field(default_factory=dict)
    ahead: tuple[Count, Count] | None = None  # (epoch, generation) of the room's broadcast that it follows, until `desired` has come


@with_config(_LAX)
@dataclass(frozen=True, slots=True)
class ComponentReport:
    """How a door stands towards one separation domain: the policy it holds and its net count of people through it."""

    term: Count
    epoch: Count
    net: Net  # passages in minus out through this door, as seen by this domain
    settled: bool  # closed and locked, nothing pending: only then does the report count in a CLEAR


@with_config(_LAX)
@dataclass(frozen=True, slots=True)
class DoorReport:
    """A door as its agent sees it."""

    position: str  # "closed", "open", "held", "forced"
    released: bool
    fire: bool
    components: dict[ComponentId, ComponentReport]
    lease_left_s: Count
    refused: str = ""  # why the last policy was not accepted
    suspect: bool = False  # the counts may be wrong since something passed unseen; the next admission clears it


@with_config(_LAX)
@dataclass(frozen=True, slots=True)
class Reported:
    """Retained achieved state of one agent."""

    session: Count
    epoch: Count
    generation: Count
    devices: dict[DeviceId, DeviceReport]
    doors: dict[DoorId, DoorReport]
    policy: str = ""  # `signed.policy_digest` of the last body taken in this session: its leases are renewed by naming it
    v: int = 1


@with_config(_LAX)
@dataclass(frozen=True, slots=True)
class JournalEvent:
    """One line of an agent's journal."""

    seq: Count
    utc_ns: UtcNs
    kind: str  # "passage", "refusal", "alarm", "segment" …
    body: dict[str, Any]
    lot: LotId | None = None


@with_config(_LAX)
@dataclass(frozen=True, slots=True)
class Events:
    """Journal lines on their way to the gateway.  The agent repeats them until the signed acknowledgement."""

    journal: str  # identity of the journal file: a lost disk starts a new one
    events: tuple[JournalEvent, ...]
    v: int = 1


@with_config(_LAX)
@dataclass(frozen=True, slots=True)
class Command:
    """A one-shot act, never retained.  `kind` is "ack", "held", "lease", "pulse" or "rollout"."""

    id: str
    kind: str
    issued_utc_ns: UtcNs
    ttl_ms: Count
    body: dict[str, Any] = field(default_factory=dict)
    signature: str = ""  # hex, over `signed.ack_bytes`, `held_bytes`, `lease_bytes`, `pulse_bytes` or `rollout_bytes`
    v: int = 1


@with_config(_LAX)
@dataclass(frozen=True, slots=True)
class SignedPolicy:
    """Retained door policies of one agent."""

    body: PolicyBody
    signature: str  # hex, over `signed.policy_bytes`
    v: int = 1


@with_config(_LAX)
@dataclass(frozen=True, slots=True)
class Renewal:
    """Which certificate an agent uses, and what it would have signed as the next.  Not retained: repeated, answered when one is due."""

    certificate: str  # PEM
    request: str  # PEM signing request
    v: int = 1


@with_config(_LAX)
@dataclass(frozen=True, slots=True)
class Certificate:
    """An agent's next certificate.  Not retained: it speaks for itself, by the authority's signature."""

    certificate: str  # PEM
    v: int = 1


@with_config(_LAX)
@dataclass(frozen=True, slots=True)
class GatewayStatus:
    """Retained: is the gateway there, and which incarnation."""

    on: bool
    epoch: Count
    v: int = 1


Message = (
    Status | Meta | Desired | RoomScene | Reported | Events | Command | SignedPolicy | Renewal | Certificate | GatewayStatus
)  # fmt: skip
M = TypeVar("M", bound=Message)


class WireError(ValueError):
    """Bytes that are no message of the expected kind.  The text names kind, field and fault."""


_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {}


def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    adapter = _ADAPTERS.get(kind)
    if adapter is None:
        adapter = _ADAPTERS[kind] = TypeAdapter(kind)
    return adapter


def encode(message: Message) -> bytes:
    """The bytes of a message.

    >>> encode(Status(on=True, session=7))
    b'{"on":true,"session":7,"why":"","v":1}'
    """
    # Not json over `plain`: a scene encodes a thousand of these while people wait, and copying them was a quarter of its cost.
    return _adapter(type(message)).dump_json(message, warnings=False)


def plain(message: Any) -> dict[str, Any]:
    """A dataclass as plain JSON values: what is signed is the canonical form of exactly this."""
    return asdict(message)


def decode(kind: type[M], data: bytes) -> M:
    """The message of `kind` in `data`.  Raises WireError, and nothing else, for anything that is not one.

    >>> decode(Status, b'{"on":true}')
    Traceback (most recent call last):
    ...
    venue_model.wire.WireError: Status: session: Field required
    """
    if len(data) > MAX_BYTES:
        raise WireError(f"{kind.__name__}: {len(data)} bytes, at most {MAX_BYTES} are accepted")
    try:
        return _adapter(kind).validate_json(data)  # type: ignore[no-any-return]
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "message"
        raise WireError(f"{kind.__name__}: {place}: {first['msg']}") from None
    except RecursionError:
        raise WireError(f"{kind.__name__}: nested too deeply") from None
