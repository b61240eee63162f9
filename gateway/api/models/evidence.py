"""Projects, their tracks, segments and gaps."""

from pydantic import BaseModel

from gateway.api.models.live import EventOut
from gateway.api.models.lots import LotOut, PackageOut, RunOut
from gateway.api.models.words import NameOut


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
