"""Accounts, sessions, tokens, requests that wait for a second person, watch list, audit."""

from pydantic import BaseModel, Field

from gateway.api.models.words import NameOut
from gateway.core.rights import AccountRole, Action
from gateway.core.watch_list import WatchReason
from gateway.people.patterns import ACCOUNT

PERSON = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"


class SignIn(BaseModel):
    """Account and password, and the code of the second factor where there is one."""

    account: str = Field(max_length=64)
    password: str = Field(max_length=256)
    code: str = Field(default="", max_length=32)


class SessionOut(BaseModel):
    """Who is signed in."""

    account: str
    role: AccountRole
    must_change: bool  # set a password of your own first
    second_factor: bool
    second_wanted: bool  # set up a second factor first
    limited: bool  # to some lots
    export_needs_two: bool  # a package is taken only after another person has released it
    actions: list[Action]  # what the role may do


class WaysOut(BaseModel):
    """How one may sign in here besides by password."""

    oidc: str | None  # what the button says


class CodeIn(BaseModel):
    """A code of the second factor, or a recovery code."""

    code: str = Field(min_length=1, max_length=32)


class PasswordIn(BaseModel):
    """The password that one has, and the one that one wants."""

    old: str = Field(max_length=256)
    new: str = Field(max_length=256)


class SecretIn(BaseModel):
    """The password again: an unattended page must not be enough.  Empty where the account signs in elsewhere."""

    password: str = Field(default="", max_length=256)


class EnrolmentOut(BaseModel):
    """A new second factor, shown once: for the phone's camera, and to type."""

    secret: str
    uri: str
    svg: str


class RecoveryOut(BaseModel):
    """Codes for the day the phone is lost; each is good once, and shown this once."""

    codes: list[str]


class OpenSessionOut(BaseModel):
    """Somewhere an account is signed in."""

    id: str
    account: str
    began_utc_ns: int
    seen_utc_ns: int
    place: str
    own: bool  # the one that asks


class TokenIn(BaseModel):
    """A new API token."""

    name: str = Field(min_length=1, max_length=64)
    actions: list[Action] = Field(min_length=1, max_length=64)
    days: int = Field(ge=1, le=366)
    password: str = Field(default="", max_length=256)


class TokenOut(BaseModel):
    """An API token, without what it is shown by."""

    id: str
    name: str
    actions: list[Action]
    made_utc_ns: int
    until_utc_ns: int
    used_utc_ns: int | None


class TokenMadeOut(BaseModel):
    """The token itself, shown this once."""

    id: str
    token: str


class AccountOut(BaseModel):
    """An account as administrators see it."""

    account: str
    role: AccountRole
    role_name: NameOut
    lots: list[str] | None  # null: not held to lots
    industries: list[str] | None
    disabled: bool
    must_change: bool
    second_factor: bool
    elsewhere: bool  # signs in by OIDC
    rests_s: int  # after wrong passwords
    sessions: int
    seen_utc_ns: int | None


class RightsIn(BaseModel):
    """What an account may do, and in which lots."""

    role: AccountRole
    lots: list[str] | None = Field(default=None, max_length=1000)
    industries: list[str] | None = Field(default=None, max_length=100)


class AccountIn(RightsIn):
    """A new account."""

    account: str = Field(pattern=ACCOUNT)


class OutcomeOut(BaseModel):
    """Done, or waiting for a second person."""

    done: bool
    asked: str | None  # the request that another person must confirm
    first_password: str | None = None  # shown this once; its owner must change it


class AskedOut(BaseModel):
    """A request that waits for a second person."""

    id: str
    kind: str
    name: NameOut
    subject: str
    asked_by: str
    asked_utc_ns: int
    until_utc_ns: int
    role: AccountRole | None
    lots: list[str] | None
    industries: list[str] | None
    mine: bool  # asked by whoever looks
    confirmable: bool  # by whoever looks


class WatchIn(BaseModel):
    """Somebody to be told of.  Pseudonyms, never names (I9)."""

    person: str = Field(pattern=PERSON)
    avoids: str | None = Field(default=None, pattern=PERSON)
    reason: WatchReason
    days: int = Field(ge=1, le=366)


class WatchOut(BaseModel):
    """An entry of the watch list, or with `avoids` of the avoidance list."""

    id: str
    person: str
    avoids: str | None
    reason: WatchReason
    reason_name: NameOut
    by: str
    from_utc_ns: int
    until_utc_ns: int


class AuditOut(BaseModel):
    """A row of the audit chain."""

    seq: int
    utc_ns: int
    account: str
    action: str
    subject: str
    outcome: str
    line: int  # of the gateway's own journal; 0: none
    sha256: str


class AuditCheckOut(BaseModel):
    """Does the chain hold?"""

    holds: bool
    rows: int  # that hold, from the first
    checkpoints: int
    first_break: int | None
    why: NameOut | None
