"""May a new program or configuration stay?  It has to be well for a while, with the gateway knowing of it, and soon enough.  Pure."""

from dataclasses import dataclass, replace
from enum import StrEnum

from venue_model.moments import S

WELL_NS = 30 * S  # without a break; a link that comes and goes shows within two keep-alives of 10 s
SOON_NS = 180 * S  # a Pi needs 20 s to its first report; a broker or gateway that is just being restarted is back within a minute


class Fate(StrEnum):
    """What becomes of a slot on trial."""

    WAIT = "wait"
    KEEP = "keep"
    RETURN = "return"


@dataclass(frozen=True, slots=True)
class Watch:
    """What the launcher has heard of the agent on trial."""

    began_ns: int
    well_since_ns: int | None = None
    unwell: str = "it has not said anything yet"


def heard(watch: Watch, unwell: str, mono_ns: int) -> Watch:
    """The agent's own word: why it is not well, or nothing."""
    if unwell:
        return replace(watch, well_since_ns=None, unwell=unwell)
    return watch if watch.well_since_ns is not None else replace(watch, well_since_ns=mono_ns, unwell="")


def fate(watch: Watch, mono_ns: int, *, well_ns: int = WELL_NS, soon_ns: int = SOON_NS) -> Fate:
    """Now?  One who is well for long enough stays, also in the last moment."""
    if watch.well_since_ns is not None and mono_ns - watch.well_since_ns >= well_ns:
        return Fate.KEEP
    return Fate.RETURN if mono_ns - watch.began_ns >= soon_ns else Fate.WAIT
