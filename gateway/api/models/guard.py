"""Guarded domains: approvals of two people, lockdown, exception passes."""

from pydantic import BaseModel, Field

from gateway.api.models.words import NameOut
from venue_model.groups import Role


class ApprovalIn(BaseModel):
    """One approver's Ed25519 signature (hex) over the canonical bytes of the command, as `GET …/approvals` lists them."""

    component: str
    approver: str
    signature: str = Field(max_length=128)


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


class LockdownOut(BaseModel):
    """The lockdown that stands, if any."""

    on: bool
    components: list[str]
    by: str
    reason: str
    since_utc_ns: int | None


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
