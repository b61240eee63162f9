"""Facts for others: seat-time, conduct, co-presence, reports, webhooks, health."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from gateway.api.models.guard import SignatureIn
from gateway.api.models.words import NameOut

Day = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")


class RefOut(BaseModel):
    """A line of the venue's journal that shows something."""

    agent: str
    seq: int
    utc_ns: int


class SpanOut(BaseModel):
    """A time in the room, or away from it.  Not `certain`: at most so long, because a door could not name who left."""

    from_utc_ns: int
    until_utc_ns: int
    minutes: float
    certain: bool
    evidence: list[RefOut]


class SeatOut(BaseModel):
    """One committee member's time in the evaluation room."""

    person: str
    role: str
    in_room_minutes: float
    deviation_minutes: float | None  # from the committee's median; null when nobody else was there
    certain: bool
    still_inside: bool
    spans: list[SpanOut]
    absences: list[SpanOut]


class SeatsOut(BaseModel):
    """A lot's committee."""

    lot: str
    project: str
    day: str | None  # null: over the whole of the lot
    median_minutes: float | None
    seats: list[SeatOut]


class ConductOut(BaseModel):
    """One thing that doors or lockers saw of a committee member: a fact, no judgement."""

    kind: Literal["late", "phone", "refused", "left", "re-entry"]
    name: NameOut
    person: str
    utc_ns: int
    door: str
    rule: str
    certain: bool
    evidence: list[RefOut]


class CompanyAskIn(BaseModel):
    """A look into who was with whom: one lot, one day, and why."""

    day: str = Day
    reason: str = Field(min_length=1, max_length=500)


class CompanyAskOut(BaseModel):
    """What two approvers of two roles are to sign."""

    challenge: str
    text: str
    for_s: int


class CompanyIn(BaseModel):
    """The signatures under the text of a request."""

    approvals: list[SignatureIn] = Field(max_length=8)


class TogetherOut(BaseModel):
    """Two people in one domain at the same time."""

    one: str
    other: str
    component: str
    from_utc_ns: int
    until_utc_ns: int
    certain: bool
    evidence: list[RefOut]


class CompanyOut(BaseModel):
    """Who was with whom."""

    lot: str
    day: str
    approvers: list[str]
    pairs: list[TogetherOut]


class WebhookIn(BaseModel):
    """Where to send what.  `kinds`: of journal lines, or lot, run, domain, authorisation; empty: all."""

    url: str = Field(max_length=1000)
    kinds: list[str] = Field(default=[], max_length=64)


class WebhookOut(BaseModel):
    """A subscription and how it fares."""

    id: str
    url: str
    kinds: list[str]
    made_by: str
    made_utc_ns: int
    on: bool
    behind: int  # facts that it has not taken
    attempts: int
    failing_utc_ns: int | None
    last_error: str
    dead: int


class WebhookMade(BaseModel):
    """A new subscription, and its secret: shown this once."""

    webhook: WebhookOut
    secret: str


class DeadFactOut(BaseModel):
    """What a receiver refused for good."""

    fact: int
    utc_ns: int
    why: str


class ResentOut(BaseModel):
    """What became of a dead letter that was tried again; `why` is empty when it has arrived."""

    arrived: bool
    why: str


class HealthPartOut(BaseModel):
    """One part: how it is, and what to do."""

    name: str
    level: Literal["ok", "warn", "fail"]
    said: NameOut
    remedy: NameOut


class HealthOut(BaseModel):
    """The venue's health; 503 when `level` is fail."""

    level: Literal["ok", "warn", "fail"]
    parts: list[HealthPartOut]


class FailedDeviceOut(BaseModel):
    """A member of a scene that did not become what it should be."""

    id: str
    name: NameOut
    room: NameOut
    code: int
    why: str
    required: bool


class SceneRowOut(BaseModel):
    """One press and what came of it."""

    utc_ns: int
    lot: str
    scene: NameOut
    by: str
    approvers: list[str]
    result: str
    took_ms: int | None
    devices: int
    failed: list[FailedDeviceOut]


class ArrivalRowOut(BaseModel):
    """How many of a role came."""

    role: str
    name: NameOut
    expected: int
    arrived: int
    first_utc_ns: int | None
    last_utc_ns: int | None


class AlarmRowOut(BaseModel):
    """An alarm from its first line to its end."""

    utc_ns: int
    code: str
    name: NameOut
    place: str
    level: str
    ended_utc_ns: int | None
    ended: str
    by: str


class GapLineOut(BaseModel):
    """A time that was not recorded."""

    track: str
    name: NameOut
    from_utc_ns: int
    to_utc_ns: int
    cause: str


class ActRowOut(BaseModel):
    """What somebody did outside the scenes."""

    utc_ns: int
    kind: str
    name: NameOut
    by: str
    approvers: list[str]
    what: str


class RefusalRowOut(BaseModel):
    """How often doors said no."""

    rule: str
    name: NameOut
    count: int


class PackageLineOut(BaseModel):
    """A sealed package, by its hash."""

    project: str
    seal: int
    sealed_utc_ns: int
    tagmanifest_sha256: str


class ReportLotOut(BaseModel):
    """A lot of the day."""

    id: str
    project: str
    name: str
    project_name: str
    opening_room: str | None
    evaluation_room: str | None
    opening_utc_ns: int
    phase: NameOut


class ReportOut(BaseModel):
    """A daily report: of one lot, or of the house (`lot` null).  Counts of people, no keys."""

    venue: NameOut
    lot: str | None
    from_utc_ns: int
    until_utc_ns: int
    lots: list[ReportLotOut]
    scenes: list[SceneRowOut]
    arrivals: list[ArrivalRowOut]
    refusals: list[RefusalRowOut]
    alarms: list[AlarmRowOut]
    gaps: list[GapLineOut]
    acts: list[ActRowOut]
    packages: list[PackageLineOut]


class LineFactOut(BaseModel):
    """A line of the export that is a line of the journal."""

    cursor: str
    kind: Literal["line"]
    line: dict[str, Any]


class StateFactOut(BaseModel):
    """A line of the export that tells what the state of something became; null: it is gone."""

    cursor: str
    kind: Literal["lot", "run", "domain", "authorisation"]
    of: str
    state: dict[str, Any] | None
