"""The exchange with the trading platform, for people: how it goes, what was not understood, what it will not take."""

from typing import Literal

from pydantic import BaseModel, Field


class NoticeOut(BaseModel):
    """Something that the platform told and the venue did not understand (rejected), or took with a doubt (warning).  Never a value."""

    kind: Literal["rejected", "warning"]
    ref: str
    text: str
    utc_ns: int


class CallsOut(BaseModel):
    """Calls that the platform, or somebody in its name, made since the gateway started."""

    taken: int
    refused: int
    refused_utc_ns: int | None
    refused_why: str


class PlatformOut(BaseModel):
    """The exchange now.  `kind` empty: no platform is configured."""

    kind: str
    ok: bool
    away_since_utc_ns: int | None
    detail: str
    pulled_utc_ns: int | None
    waiting: int
    oldest_utc_ns: int | None
    apart: int
    dead: int
    calls: CallsOut
    notices: list[NoticeOut]


class LetterOut(BaseModel):
    """An item that the platform refuses (dead), or does not take though it takes others (apart: still tried)."""

    key: str
    kind: str
    lot: str
    project: str
    created_utc_ns: int
    state: Literal["dead", "apart"]
    attempts: int
    why: str


class ResendIn(BaseModel):
    """Which dead letters to try once more; all when none is named."""

    keys: list[str] = Field(default=[], max_length=1000)


class PutBackOut(BaseModel):
    """How many were put back."""

    count: int


class RejectedEventOut(BaseModel):
    """An event of a call that was not understood."""

    event: str
    why: str


class HeardOut(BaseModel):
    """What became of a call: events that were new, that were known already, that were not understood."""

    new: int
    known: int
    rejected: list[RejectedEventOut]
