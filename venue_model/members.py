"""The members of a scene as data: how long each kind of device has, what its failure means, and what is then done about it.

A device may say otherwise for itself in the venue file (`required`, `on_fail`).
"""

from collections.abc import Mapping
from enum import StrEnum

from venue_model.lots import Phase
from venue_model.scenes import SceneId
from venue_model.venue import Device, DeviceKind, OnFail

DOOR = "door"  # the kind of a member that is no device: it is done when it holds the policy of its domain


class Undo(StrEnum):
    """How a scene is brought back to a defined state when a member of it must not fail.  Nothing is rolled back: devices are told anew."""

    NEVER = "never"  # there is no state that would be better than going on
    SUSPEND = "suspend"  # by the scene of that name: nobody enters, seals stay, recordings go on
    BEFORE = "before"  # by what the lot asked before the press


# How long a member has from the beginning of its stage.  A sign answers in a fifth of a second, a camera that must connect anew
# takes up to 10 s, and a door waits until its domain is clear.
LIMIT_MS: Mapping[str, int] = {DeviceKind.CAMERA: 12_000, DOOR: 8_000}
COMMON_LIMIT_MS = 2_000
# A board that is known to be away is named at once, and waited for no longer than the others.
AWAY_LIMIT_MS = 2_000

# What is comfort, the scene can do without; a venue file may require it.
OPTIONAL = frozenset({DeviceKind.CLIMATE, DeviceKind.SPEAKER})
# Once the lot is over, a dark sign is a matter for the mechanic.
OPTIONAL_IN: Mapping[Phase, frozenset[str]] = {
    phase: frozenset({DeviceKind.SIGN, DeviceKind.KIOSK, DeviceKind.LIGHT}) for phase in (Phase.CLOSED, Phase.ABORTED)
}

ON_FAIL: Mapping[str, OnFail] = {
    DeviceKind.SPEAKER: OnFail.IGNORE,  # said too late is worse than not said
    DeviceKind.CLIMATE: OnFail.IGNORE,
}
ON_FAIL_IN: Mapping[tuple[str, Phase], OnFail] = {
    (DeviceKind.NETWORK, Phase.OVERNIGHT): OnFail.HOLD,  # I12: staff decide whether a night may begin with the network whole
}

UNDO: Mapping[SceneId, Undo] = {
    SceneId.OPENING_PREPARATION: Undo.BEFORE,
    SceneId.CHECK_IN: Undo.SUSPEND,
    SceneId.OPENING: Undo.SUSPEND,
    SceneId.INTAKE: Undo.SUSPEND,
    SceneId.EVALUATION: Undo.SUSPEND,
    SceneId.INQUIRY: Undo.SUSPEND,
    SceneId.SECOND_ROUND: Undo.SUSPEND,
}


def limit_ms(kind: str) -> int:
    """How long a kind of member has in its stage."""
    return LIMIT_MS.get(kind, COMMON_LIMIT_MS)


def required(device: Device, phase: Phase | None = None) -> bool:
    """True when a scene that leads to this phase is `partial` without the device, and not merely `degraded`."""
    if device.required is not None:
        return device.required
    return device.kind not in OPTIONAL and (phase is None or device.kind not in OPTIONAL_IN.get(phase, ()))


def on_fail(kind: str, scene: SceneId, phase: Phase, own: OnFail | None = None) -> OnFail:
    """What is done when such a member does not come to what the scene wants.  Where nothing can be brought back, it is tried again."""
    found = own or ON_FAIL_IN.get((kind, phase)) or ON_FAIL.get(kind, OnFail.RETRY)
    return OnFail.RETRY if found is OnFail.COMPENSATE and undo(scene) is Undo.NEVER else found


def undo(scene: SceneId) -> Undo:
    """How a scene is brought back."""
    return UNDO.get(scene, Undo.NEVER)
