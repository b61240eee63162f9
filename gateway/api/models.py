"""Shapes of the HTTP API, version 1.  The dashboard's types are generated from these, so they are the contract.

Times are UTC nanoseconds as integers (`…_utc_ns`); a browser divides by 10^6 and loses nothing that it could show.
Nobody's name is in here: people are pseudonymous keys with a role (I9).
"""

from typing import Any, Literal

from pydantic import BaseModel, Field

from venue_model.groups import Role


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
    role: Literal["staff", "supervisor", "witness", "integrator"]


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
    opening_room: str | None  # None: opened at another venue
    evaluation_rooms: list[str]  # the lot's room, or one for each seat; empty: evaluated at another venue
    in_use: list[str]  # the rooms that are this lot's alone now
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
    acts: list[str]  # what two people may sign now to bring it on; the texts are at `/components/{component}/approvals`


class LockdownOut(BaseModel):
    """The lockdown that stands, if any."""

    on: bool
    components: list[str]
    by: str
    reason: str
    since_utc_ns: int | None


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


class StateOut(BaseModel):
    """The venue now.  `GET /api/v1/state` and the first message of the WebSocket."""

    kind: Literal["state"] = "state"
    seq: int
    utc_ns: int
    broker_ok: bool
    platform: PlatformState
    lockdown: LockdownOut
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


class ActToApprove(BaseModel):
    """An act on a domain that two people may sign now: lift a seal, admit a separated group, or a sweep."""

    act: str
    text: str
    name: NameOut


class ApprovalsOut(BaseModel):
    """What a domain waits for, and which acts would bring it on."""

    waiting: NameOut | None
    commands: list[ActToApprove]


class SignatureIn(BaseModel):
    """One approver's Ed25519 signature (hex) over the text of an act."""

    approver: str
    signature: str = Field(max_length=128)


class ActIn(BaseModel):
    """Two people's word for an act."""

    act: str = Field(max_length=64)
    approvals: list[SignatureIn] = Field(max_length=8)


class LockdownIn(BaseModel):
    """Close domains to everybody; all of them when none is named."""

    components: list[str] = Field(default=[], max_length=1000)
    reason: str = Field(min_length=1, max_length=200)


class ExceptionIn(BaseModel):
    """A pass for somebody who has no part in the day.  `person` is a pseudonym, never a name (I9)."""

    person: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    role: Role
    card: str = Field(pattern=r"^([0-9a-f]{2}){1,32}$")
    rooms: list[str] = Field(min_length=1, max_length=20)
    lot: str
    reason: str = Field(min_length=1, max_length=200)
    escort: list[Role] = Field(min_length=1, max_length=5)
    minutes: int = Field(ge=1, le=480)


class ExceptionOut(BaseModel):
    """An exception pass, without its card number."""

    id: str
    person: str
    role: str
    rooms: list[str]
    lot: str
    reason: str
    approver: str
    escort: list[str]
    from_utc_ns: int
    until_utc_ns: int


class CreatedOut(BaseModel):
    """The id of what was made."""

    id: str


class PreviewOut(BaseModel):
    """What pressing a scene would do, before it is pressed."""

    scene: str
    allowed: bool
    why_not: NameOut | None
    members: list[MemberOut]
    doors: list[NameOut]  # who may enter where, in words
    approvals: list[CommandToApprove]
    warning: NameOut | None = None  # who seems to be still inside, and whose phone is still locked away


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


class WhereaboutsOut(BaseModel):
    """Where a person is, and how sure that is: `inside`, `unknown` (somebody unnamed has left since), `counted` (the doors have counted
    nobody there since), `left`."""

    person: str
    role: str | None
    lot: str | None
    component: str  # "" outside all guarded rooms
    sure: str
    since_utc_ns: int
    door: str
    needs_checkout: bool = False  # leaves after staff's word, which has not been given (I15)


class MusterDomainOut(BaseModel):
    """One separation domain: whom the doors know inside, and what they count."""

    component: str
    name: NameOut
    net: int
    suspect: list[NameOut]  # doors through which something passed unseen
    silent: list[NameOut]  # doors whose board is away: the count is that of before
    people: list[WhereaboutsOut]


class AccountedOut(BaseModel):
    """Somebody who was, or may have been, inside when a fire began, or came in since."""

    was: WhereaboutsOut
    place: NameOut
    safe: str  # "door": seen leaving; "staff": ticked off; "": nobody has seen them outside
    safe_utc_ns: int | None


class FireOut(BaseModel):
    """The fire that lasts, or the last one."""

    from_utc_ns: int
    until_utc_ns: int | None
    devices: list[NameOut]
    people: list[AccountedOut]


class MusterOut(BaseModel):
    """Who is where now, and after a fire who is still missing."""

    utc_ns: int
    domains: list[MusterDomainOut]
    counted_out: list[WhereaboutsOut]  # gone by the doors' counts alone: no door saw them leave by name
    misplaced: list[WhereaboutsOut]  # inside where nobody of their role belongs in this phase
    fire: FireOut | None


class MusterIn(BaseModel):
    """A person was seen outside; false takes that back."""

    outside: bool = True


class PhoneOut(BaseModel):
    """A locker that holds a phone."""

    locker: str
    name: NameOut
    person: str
    since_utc_ns: int


class LeavingOut(BaseModel):
    """What stands between a lot and its empty rooms."""

    lot: str
    inside: list[WhereaboutsOut]
    phones: list[PhoneOut]
    counts: dict[str, int]  # domain of the lot's rooms → net count by its doors
    warning: NameOut | None


class FootageOut(BaseModel):
    """Where a recording shows a moment: so far into this segment."""

    project: str
    lot: str
    track: str
    name: NameOut
    seq: int
    offset_ns: int
    url: str


class StepOut(BaseModel):
    """One event of a person's way: `passage`, `refusal`, `muster` (seen outside by staff) or `unseen` (left, no door knows who)."""

    utc_ns: int
    kind: str
    door: NameOut | None
    from_room: NameOut | None
    to_room: NameOut | None
    direction: str
    how: str
    rule: str
    because: NameOut | None
    lot: str | None
    stay_ns: int | None
    certain: bool
    agent: str | None  # with `seq`: the line of the venue's journal
    seq: int | None
    footage: list[FootageOut]


class TrajectoryOut(BaseModel):
    """A person's way through one day."""

    person: str
    role: str | None
    lots: list[str]
    day: str
    now: WhereaboutsOut | None
    steps: list[StepOut]
