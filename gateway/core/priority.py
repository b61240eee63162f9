"""Whose word counts for a device when several want something of it, and when a word ends.

An array of claims, the strongest level in force, as BACnet's command priority; a claim that is given back lets the next one through.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from venue_model.ids import DeviceId
from venue_model.wire import Want


class Level(StrEnum):
    """Who speaks, strongest first (domain brief 2.4)."""

    LIFE_SAFETY = "life_safety"  # fire, evacuation: boards act on it alone
    LOCKDOWN = "lockdown"
    LOCAL = "local"  # somebody stands there and has switched it by hand
    SUPERVISOR = "supervisor"
    OPERATOR = "operator"  # staff, for one device
    SCENE = "scene"
    SCHEDULE = "schedule"


STRENGTH: Mapping[Level, int] = {level: place for place, level in enumerate(Level)}  # 0 is the strongest
_WITH_THE_PHASE = frozenset({Level.SUPERVISOR, Level.OPERATOR})  # end with the phase that they were made in


@dataclass(frozen=True, slots=True)
class Claim:
    """One word for one device."""

    device: DeviceId
    level: Level
    want: Want
    by: str = ""
    reason: str = ""
    since_utc_ns: int = 0


Claims = Mapping[DeviceId, tuple[Claim, ...]]  # at most one of each level


def in_force(claims: Iterable[Claim]) -> Claim | None:
    """The claim that counts: of the strongest level; within one level the newest."""
    return min(claims, key=lambda claim: (STRENGTH[claim.level], -claim.since_utc_ns, claim.by), default=None)


def wanted(scene: Mapping[DeviceId, Want], claims: Claims) -> dict[DeviceId, Want]:
    """What every device should be: what the scenes ask, and the stronger claims over it.  Only devices that scenes drive are told."""
    found = dict(scene)
    for device, made in claims.items():
        if device in found:
            strongest = in_force((*made, Claim(device, Level.SCENE, found[device])))
            assert strongest is not None, "the scene's own claim is among them"
            found[device] = strongest.want
    return found


def claimed(claims: Claims, claim: Claim) -> dict[DeviceId, tuple[Claim, ...]]:
    """With one more; it takes the place of an earlier one of its level."""
    others = tuple(c for c in claims.get(claim.device, ()) if c.level is not claim.level)
    return {**claims, claim.device: (*others, claim)}


def relinquished(claims: Claims, device: DeviceId, level: Level) -> dict[DeviceId, tuple[Claim, ...]]:
    """Without the claim of one level; the next weaker one is in force again."""
    return _without(claims, device, frozenset({level}))


def phase_changed(claims: Claims, devices: Iterable[DeviceId]) -> dict[DeviceId, tuple[Claim, ...]]:
    """After a press: what was said about these devices in the phase before has ended."""
    found = dict(claims)
    for device in devices:
        found = _without(found, device, _WITH_THE_PHASE)
    return found


def _without(claims: Claims, device: DeviceId, levels: frozenset[Level]) -> dict[DeviceId, tuple[Claim, ...]]:
    left = tuple(c for c in claims.get(device, ()) if c.level not in levels)
    others = {d: made for d, made in claims.items() if d != device}
    return {**others, device: left} if left else others
