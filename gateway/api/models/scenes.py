"""The scene book, decisions about a held run, single devices in somebody's hands, overlays."""

from typing import Literal

from pydantic import BaseModel, Field

from gateway.api.models.words import NameOut


class ChoiceOut(BaseModel):
    """One of the templates that a cell may have."""

    value: bool | str
    name: NameOut


class CellOut(BaseModel):
    """One cell of a page: what staff may write otherwise about one part of a lot."""

    part: str
    part_name: NameOut
    what: str  # light, climate, sign, say
    builtin: bool | str  # as the table ships
    value: bool | str  # as the newest version has it
    choices: list[ChoiceOut]


class PageOut(BaseModel):
    """One scene in the book.  Version 0: nothing was ever written."""

    scene: str
    name: NameOut
    version: int
    by: str
    utc_ns: int
    note: str
    prepare_before_s: int | None  # of opening_preparation: how long before the opening; null elsewhere
    cells: list[CellOut]


class CellIn(BaseModel):
    """One cell as it shall be."""

    part: str = Field(max_length=64)
    what: str = Field(max_length=64)
    value: bool | str


class DraftIn(BaseModel):
    """A page as it shall be; cells that are not named are as the table ships."""

    cells: list[CellIn] = Field(default=[], max_length=64)
    prepare_before_s: int | None = Field(default=None, ge=0, le=2**31)


class PageIn(DraftIn):
    """A new version, and why."""

    note: str = Field(max_length=200)


class VersionOut(BaseModel):
    """A version that was written."""

    version: int
    by: str
    utc_ns: int
    note: str
    prepare_before_s: int | None
    cells: list[CellIn]


class DifferenceOut(BaseModel):
    """A device that a draft would have otherwise, in a lot of today."""

    device: str
    lot: str
    before: NameOut
    after: NameOut


class ReasonIn(BaseModel):
    """Why somebody decides so."""

    reason: str = Field(min_length=1, max_length=200)


class CommandIn(BaseModel):
    """One device otherwise than the scene: a light or climate on or off, a loudspeaker muted or playing a template."""

    on: bool | None = None
    say: str = Field(default="", max_length=64)
    reason: str = Field(default="", max_length=200)


class ClaimOut(BaseModel):
    """Who has a device, when it is not the scene."""

    device: str
    level: str  # life_safety, lockdown, local, supervisor, operator
    on: bool | None
    say: str
    by: str
    reason: str
    since_utc_ns: int


class OverlayOut(BaseModel):
    """What stands over the day: an emergency, or boards that nobody hears."""

    kind: Literal["emergency", "degraded"]
    name: NameOut
    rooms: list[str]
    by: str  # who called it; empty: the boards themselves
    reason: str
    since_utc_ns: int
