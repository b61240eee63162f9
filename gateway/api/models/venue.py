"""Everything static: rooms, doors, boards, devices, and the words of scenes, phases, roles and reasons."""

from pydantic import BaseModel

from gateway.api.models.words import NameOut


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
