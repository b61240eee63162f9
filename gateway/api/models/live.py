"""The venue now: the state of every part, and the patches of the live feed."""

from typing import Any, Literal

from pydantic import BaseModel

from gateway.api.models.guard import LockdownOut
from gateway.api.models.lots import LotOut
from gateway.api.models.scenes import OverlayOut
from gateway.api.models.words import NameOut


class DoorState(BaseModel):
    """A door now."""

    position: str  # closed, open, held, forced, unknown
    released: bool
    fire: bool
    mode: str  # of the domain it guards
    seal: bool
    lease_left_s: int
    refused: str


class DeviceState(BaseModel):
    """A device now."""

    online: bool
    code: int
    text: str
    state: dict[str, Any]


class BoardState(BaseModel):
    """An agent now."""

    online: bool
    session: int
    since_utc_ns: int


class ComponentState(BaseModel):
    """A separation domain now."""

    mode: str
    seal: bool
    groups: list[str]
    term: int
    epoch: int
    occupancy: int
    steady: bool
    waiting: NameOut | None
    acts: list[str]  # what two people may sign now to bring it on; the texts are at `/components/{component}/approvals`


class AlarmOut(BaseModel):
    """Something a person must see, until it clears or is acknowledged."""

    id: str
    code: str
    level: Literal["info", "warning", "alarm"]
    name: NameOut
    room: str | None
    since_utc_ns: int
    audience: list[str]  # the account roles that may know of it; empty: all


class PlatformState(BaseModel):
    """The link to the trading platform."""

    ok: bool
    away_since_utc_ns: int | None
    waiting: int
    dead: int
    detail: str


class EventOut(BaseModel):
    """A line of the venue's journal.  Kinds: passage, grant, refusal, alarm, breach, scene, policy, segment, gap, …"""

    agent: str
    seq: int
    utc_ns: int
    kind: str
    lot: str | None
    project: str | None
    room: str | None
    person: str | None
    body: dict[str, Any]


class StateOut(BaseModel):
    """The venue now.  `GET /api/v1/state` and the first message of the WebSocket."""

    kind: Literal["state"] = "state"
    seq: int
    utc_ns: int
    broker_ok: bool
    platform: PlatformState
    lockdown: LockdownOut
    overlays: list[OverlayOut] = []
    boards: dict[str, BoardState]
    devices: dict[str, DeviceState]
    doors: dict[str, DoorState]
    components: dict[str, ComponentState]
    lots: dict[str, LotOut]
    alarms: dict[str, AlarmOut]


class PatchOut(BaseModel):
    """What changed since the message before: each map holds whole new values, null for a thing that is gone.

    A `seq` that does not follow means that something was dropped: ask for the state again.
    """

    kind: Literal["patch"] = "patch"
    seq: int
    utc_ns: int
    broker_ok: bool
    platform: PlatformState | None = None
    lockdown: LockdownOut | None = None  # null: as it was; `on` false: lifted
    overlays: list[OverlayOut] | None = None  # null: as they were
    boards: dict[str, BoardState] = {}
    devices: dict[str, DeviceState] = {}
    doors: dict[str, DoorState] = {}
    components: dict[str, ComponentState] = {}
    lots: dict[str, LotOut | None] = {}
    alarms: dict[str, AlarmOut | None] = {}
    twins: list[str] = []  # devices, doors and boards whose twin is otherwise: ask for it
    rollouts: list[str] = []
    events: list["EventOut"] = []
