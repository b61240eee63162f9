"""Lots, scene runs, and what a press would do."""

from pydantic import BaseModel

from gateway.api.models.guard import ApprovalIn, CommandToApprove
from gateway.api.models.words import NameOut


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
    on_fail: str = "retry"  # ignore, retry, hold, compensate
    waived: str = ""  # who went on without it, and why


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
    held: list[str] = []  # the members that a stage is held by: a person tries again, or goes on without them
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


class SceneIn(BaseModel):
    """Press a scene."""

    scene: str
    approvals: list[ApprovalIn] = []


class PreviewOut(BaseModel):
    """What pressing a scene would do, before it is pressed."""

    scene: str
    allowed: bool
    why_not: NameOut | None
    members: list[MemberOut]
    doors: list[NameOut]  # who may enter where, in words
    approvals: list[CommandToApprove]
    warning: NameOut | None = None  # who seems to be still inside, and whose phone is still locked away
