"""Shapes of the HTTP API, version 1.  The dashboard's types are generated from these, so they are the contract.

Times are UTC nanoseconds as integers (`…_utc_ns`); a browser divides by 10^6 and loses nothing that it could show.
Nobody's name is in here: people are pseudonymous keys with a role (I9).
"""

from typing import Any, Literal

from pydantic import BaseModel, Field


class NameOut(BaseModel):
    """Chinese first, English beside it."""

    zh: str
    en: str


class ErrorBody(BaseModel):
    """What went wrong, for a program (`code`) and for a person."""

    code: str
    zh: str
    en: str


class ErrorOut(BaseModel):
    """Every 4xx answer."""

    error: ErrorBody


class SignIn(BaseModel):
    """Account and password."""

    account: str = Field(max_length=64)
    password: str = Field(max_length=256)


class SessionOut(BaseModel):
    """Who is signed in."""

    account: str
    role: Literal["staff", "supervisor", "integrator"]


class RoomOut(BaseModel):
    """A room as drawn: `component` is its separation domain, null where people walk in without a badge."""

    id: str
    zone: str
    zone_name: NameOut
    name: NameOut
    number: str
    component: str | None


class DoorOut(BaseModel):
    """An edge between two rooms."""

    id: str
    name: NameOut
    outside: str
    inside: str
    lock: str
    board: str | None


class DeviceOut(BaseModel):
    """A thing in a room."""

    id: str
    kind: str
    room: str
    board: str
    name: NameOut
    door: str | None
    required: bool


class BoardOut(BaseModel):
    """A computer that runs one agent."""

    id: str
    name: NameOut
    room: str


class SceneOut(BaseModel):
    """A scene that can be pressed."""

    id: str
    name: NameOut
    leads_to: str
    allowed_from: list[str]
    two_person: bool


class RuleOut(BaseModel):
    """A reason for refusal."""

    code: str
    because: str
    name: NameOut


class ApproverOut(BaseModel):
    """Somebody who may sign a two-person approval."""

    id: str
    role: str
    public_key: str


class VenueOut(BaseModel):
    """Everything static."""

    id: str
    name: NameOut
    profile: NameOut
    rooms: list[RoomOut]
    doors: list[DoorOut]
    boards: list[BoardOut]
    devices: list[DeviceOut]
    scenes: list[SceneOut]
    phases: dict[str, NameOut]
    roles: dict[str, NameOut]
    rules: list[RuleOut]
    approvers: list[ApproverOut]


class MemberOut(BaseModel):
    """One row of a scene run: a device, or a door (`kind` "door": it is done when it holds the policy of this scene)."""

    id: str
    kind: str
    room: str
    stage: int
    required: bool
    code: int  # 200 applied, 202 in progress, 4xx and 5xx failed, 0 silent
    text: str
    attempts: int
    latency_ms: int | None


class RunOut(BaseModel):
    """One press of a scene."""

    id: str
    lot: str
    scene: str
    by: str
    began_utc_ns: int
    ended_utc_ns: int | None
    result: str | None  # null while it runs; ok, degraded, partial, compensated, superseded, failed
    waiting: NameOut | None = None  # what the run waits for, in words
    members: list[MemberOut]


class PackageOut(BaseModel):
    """A sealed package."""

    seal: int
    sealed_utc_ns: int
    bytes: int
    url: str
    tagmanifest_sha256: str


class LotOut(BaseModel):
    """A lot and where it stands."""

    id: str
    project: str
    project_name: str
    name: str
    lot_code: str
    phase: str
    phase_utc_ns: int
    opening_room: str
    evaluation_room: str | None
    opening_utc_ns: int
    bidders: int | None
    expected: dict[str, int]  # role → people on the roster
    arrived: dict[str, int]  # role → people who have come in
    next_scenes: list[str]
    warning: NameOut | None  # e.g. fewer than 3 bidders
    run: RunOut | None  # the latest


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


class AlarmOut(BaseModel):
    """Something a person must see, until it clears or is acknowledged."""

    id: str
    code: str
    level: Literal["info", "warning", "alarm"]
    name: NameOut
    room: str | None
    since_utc_ns: int


class PlatformState(BaseModel):
    """The link to the trading platform."""

    ok: bool
    away_since_utc_ns: int | None
    waiting: int
    dead: int
    detail: str


class StateOut(BaseModel):
    """The venue now.  `GET /api/v1/state` and the first message of the WebSocket."""

    kind: Literal["state"] = "state"
    seq: int
    utc_ns: int
    broker_ok: bool
    platform: PlatformState
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
    boards: dict[str, BoardState] = {}
    devices: dict[str, DeviceState] = {}
    doors: dict[str, DoorState] = {}
    components: dict[str, ComponentState] = {}
    lots: dict[str, LotOut | None] = {}
    alarms: dict[str, AlarmOut | None] = {}
    events: list["EventOut"] = []


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


class ApprovalIn(BaseModel):
    """One approver's Ed25519 signature (hex) over the canonical bytes of the command, as `GET …/approvals` lists them."""

    component: str
    approver: str
    signature: str = Field(max_length=128)


class SceneIn(BaseModel):
    """Press a scene."""

    scene: str
    approvals: list[ApprovalIn] = []


class CommandToApprove(BaseModel):
    """What two people must sign: `text` is the exact canonical bytes as UTF-8 text."""

    component: str
    text: str
    name: NameOut


class PreviewOut(BaseModel):
    """What pressing a scene would do, before it is pressed."""

    scene: str
    allowed: bool
    why_not: NameOut | None
    members: list[MemberOut]
    doors: list[NameOut]  # who may enter where, in words
    approvals: list[CommandToApprove]


class ProjectRow(BaseModel):
    """A hit of the project search."""

    project: str
    project_name: str
    project_code: str
    lots: list[str]
    phase: dict[str, str]


class SegmentOut(BaseModel):
    """A sealed piece of a recording; `url` serves byte ranges."""

    seq: int
    from_utc_ns: int
    to_utc_ns: int
    bytes: int
    sha256: str
    url: str


class GapOut(BaseModel):
    """What was not recorded, and why."""

    from_utc_ns: int
    to_utc_ns: int
    cause: str


class TrackOut(BaseModel):
    """One camera's recording of one lot."""

    lot: str
    track: str
    room: str
    name: NameOut
    segments: list[SegmentOut]
    gaps: list[GapOut]


class ProjectOut(BaseModel):
    """One project's day on one timeline."""

    project: str
    project_name: str
    project_code: str
    from_utc_ns: int | None
    to_utc_ns: int | None
    lots: list[LotOut]
    tracks: list[TrackOut]
    runs: list[RunOut]
    events: list[EventOut]
    packages: list[PackageOut]
