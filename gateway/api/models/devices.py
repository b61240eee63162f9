"""Device twins, quarantine, and rollouts of programs and records to boards."""

from typing import Literal

from pydantic import BaseModel, Field

from gateway.api.models.guard import SignatureIn
from gateway.api.models.words import NameOut


class DesiredOut(BaseModel):
    """What a twin should be, since when, and by whose word."""

    value: str
    generation: int
    since_utc_ns: int
    run: str
    by: str


class ReportedOut(BaseModel):
    """What it says it is."""

    value: str
    code: int
    text: str
    source: str  # "local": a hand at the switch
    since_utc_ns: int


class FindingOut(BaseModel):
    """What is wrong, in one sentence, and what to do about it."""

    wrong: str
    since_utc_ns: int
    name: NameOut
    remedy: NameOut


class TwinOut(BaseModel):
    """One device, door or board.  `online` null: never heard of."""

    id: str
    kind: str  # a kind of device, "door" or "board"
    name: NameOut
    room: str
    board: str
    online: bool | None
    online_utc_ns: int
    held: int
    desired: DesiredOut | None
    reported: ReportedOut | None
    quarantined_utc_ns: int | None
    finding: FindingOut | None


class TwinsOut(BaseModel):
    """All that fit, and how many there are that are not as they should be."""

    utc_ns: int
    twins: list[TwinOut]
    count: int
    wrong: int


class ProgramOut(BaseModel):
    """A program that boards can be given."""

    digest: str
    version: str
    number: int
    bytes: int
    by: str
    utc_ns: int


class RolloutIn(BaseModel):
    """Begin a rollout; no boards: all."""

    kind: Literal["program", "configuration"]
    digest: str = Field(default="", max_length=64)  # of a program
    boards: list[str] = Field(default=[], max_length=2000)
    batch: int = Field(default=5, ge=1, le=50)


class RolloutRowOut(BaseModel):
    """One board of a rollout."""

    board: str
    stand: str
    since_utc_ns: int
    why: str


class RolloutOut(BaseModel):
    """A rollout.  `text`: what two approvers sign while it waits for them, else empty."""

    id: str
    kind: str
    version: str
    by: str
    asked_utc_ns: int
    course: str
    course_name: NameOut
    waits: str
    waits_name: NameOut | None
    canary: str | None
    why: str
    approvers: list[str]
    batch: int
    rows: list[RolloutRowOut]
    text: str


class RolloutApprovalIn(BaseModel):
    """Two people's signatures under `text`."""

    approvals: list[SignatureIn] = Field(max_length=8)


class GiveUpIn(BaseModel):
    """Why all boards go back."""

    reason: str = Field(min_length=1, max_length=200)
