"""What a seal is made from: plain values, so that neither a database nor a recorder has to be there."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from venue_model.manifest import Gap

HEX_HASH = re.compile(r"[0-9a-f]{64}")


class EvidenceError(ValueError):
    """Evidence cannot be sealed or kept as asked.  The text names the place, the fault and the way out."""


@dataclass(frozen=True, slots=True)
class SegmentRef:
    """A closed media file of the recorder.  Size and hashes come from its sidecar: the file is not read again."""

    path: Path
    sha256: str
    sm3: str
    bytes: int
    project: str
    track: str
    seq: int
    begin_utc_ns: int
    end_utc_ns: int
    clock: Mapping[str, object] = field(default_factory=dict)  # offset_ns, error_ns, drift_ppb … as the recorder knew


@dataclass(frozen=True, slots=True)
class Dossier:
    """One project as it is to be sealed.

    A track is a dict with `track`, `begin_utc`, `end_utc` (RFC 3339: the span for which the project wanted it) and
    whatever is known of the device.  An event has `utc` and `event`; a `person` in it is a pseudonym.
    """

    project: str
    title: str  # 题名
    venue: str
    organisation: str  # who runs the venue, 立档单位
    begin_utc_ns: int
    end_utc_ns: int
    tracks: Sequence[Mapping[str, object]]
    segments: Sequence[SegmentRef]
    gaps: Sequence[Gap] = ()
    events: Sequence[Mapping[str, object]] = ()
    trajectories: Sequence[Mapping[str, object]] = ()  # one for each person of its lots: who, and the steps of their way
    access: Sequence[Mapping[str, object]] = ()  # who read the recordings before this seal: who, role, utc, why, range
    rooms: Sequence[str] = ()
    lots: Sequence[str] = ()
    description: str = ""
    retention: str = "15年"  # procurement files are kept 15 years from the end (order 87 art. 39)
    person: str | None = None  # pseudonym, when the package was cut for one person
