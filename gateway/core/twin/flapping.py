"""When is a device that comes and goes no longer counted on?  Pure: a function of what was seen, and when.

A device in quarantine is still told what to be; it is only not waited for, and not believed: a camera in quarantine does not record, a
door stays under its policy.  It takes a person, or an hour without a change, to trust it again.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from venue_model.moments import S

WINDOW_S = 600  # longer than any back-off of ours (a link waits 30 s at most), so that one loose plug counts as one trouble
MOST_CHANGES = 6  # three outages: a mechanic who changes a device causes one, who tries it again two
CALM_S = 3_600  # a contact that works loose with the heating does so within the hour


class Health(StrEnum):
    """How a device stands, as far as flapping goes."""

    OK = "ok"
    FAULT = "fault"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class Flap:
    """One device.  `health` None: not heard of since the gateway began."""

    health: Health | None = None
    changes: tuple[int, ...] = ()  # monotonic moments, the newest `MOST_CHANGES` of the window
    quarantined_utc_ns: int | None = None  # since when
    calm_from_ns: int = 0  # of a device in quarantine: its last change, or when the gateway began

    @property
    def quarantined(self) -> bool:
        """True while nobody counts on it."""
        return self.quarantined_utc_ns is not None


def seen(flap: Flap, health: Health, mono_ns: int, utc_ns: int) -> Flap:
    """It says how it is.  What is heard first after a start is no change; a change in quarantine prolongs it and is no second one."""
    if health is flap.health:
        return flap
    if flap.health is None:
        return replace(flap, health=health)
    if flap.quarantined:
        return replace(flap, health=health, calm_from_ns=mono_ns)
    changes = (*(at_ns for at_ns in flap.changes if mono_ns - at_ns < WINDOW_S * S), mono_ns)
    if len(changes) < MOST_CHANGES:
        return replace(flap, health=health, changes=changes)
    return Flap(health, (), utc_ns, mono_ns)


def restored(quarantined_utc_ns: int, mono_ns: int) -> Flap:
    """After a restart of the gateway: nobody knows how calm it was meanwhile."""
    return Flap(quarantined_utc_ns=quarantined_utc_ns, calm_from_ns=mono_ns)


def is_calm(flap: Flap, mono_ns: int) -> bool:
    """Has a device in quarantine been well, without a change, for long enough?  One that is merely dead is not."""
    return flap.quarantined and flap.health is Health.OK and mono_ns - flap.calm_from_ns >= CALM_S * S


def released(flap: Flap) -> Flap:
    """Trusted again: what it did before is forgotten."""
    return Flap(flap.health)
