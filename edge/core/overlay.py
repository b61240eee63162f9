"""What stands over a scene at the board itself: an emergency, a hand at the switch, the mark of a board that is alone.

The board needs nobody for it.  Life safety goes before the hand at the switch, and that before every scene (`gateway.core.priority`).
"""

from dataclasses import dataclass, replace

from venue_model.commissioning import DeviceRecord
from venue_model.templates import EVACUATION, OFFLINE_MARK
from venue_model.venue import DeviceKind
from venue_model.wire import Want

EMERGENCY = "emergency"  # the word of `Desired.overlay`
LOCAL = "local"
TEXT_KINDS = (DeviceKind.SIGN, DeviceKind.KIOSK)
SWITCHED_KINDS = (DeviceKind.LIGHT, DeviceKind.CLIMATE)  # may have a switch on the wall

EVACUATE = Want(lines=EVACUATION, colour="red")
CALL_OUT = Want(on=True, say="evacuation")


@dataclass(frozen=True, slots=True)
class Overlay:
    """What stands over all devices of a board."""

    emergency: bool = False  # its own fire input, or the gateway's word
    alone: bool = False  # nobody has been heard for a while: what signs show may be old


def target(record: DeviceRecord, want: Want | None, achieved: Want | None, overlay: Overlay, local: bool | None) -> Want | None:
    """What a device should be now; None when nobody has ever wanted anything of it."""
    if overlay.emergency and (urgent := _in_emergency(record, want, achieved)) is not None:
        return urgent
    if local is not None and record.kind in SWITCHED_KINDS:
        return Want(on=local)
    if want is None:
        return None if achieved is None else _idle(record)
    if overlay.alone and record.kind in TEXT_KINDS and want.lines:
        return replace(want, lines=(want.lines[0] + OFFLINE_MARK, *want.lines[1:]))
    return want


def source(record: DeviceRecord, want: Want | None, aim: Want | None, overlay: Overlay, local: bool | None) -> str:
    """Who has the device when it is not as the scene wants it; empty: the scene, or nobody."""
    if aim == want or aim is None:
        return ""
    if overlay.emergency and aim == _in_emergency(record, want, aim):
        return EMERGENCY
    return LOCAL if local is not None and record.kind in SWITCHED_KINDS else ""


def _in_emergency(record: DeviceRecord, want: Want | None, achieved: Want | None) -> Want | None:
    """Signs and loudspeakers see people out, lights shine for them, no fan feeds a fire, and no recording ends (domain brief 2.4)."""
    match record.kind:
        case DeviceKind.SIGN | DeviceKind.KIOSK:
            return EVACUATE
        case DeviceKind.LIGHT:
            return Want(on=True)
        case DeviceKind.CLIMATE:
            return Want(on=False)
        case DeviceKind.SPEAKER:
            return CALL_OUT
        case DeviceKind.CAMERA if achieved is not None and achieved.record is not None and (want is None or want.record is None):
            return achieved
        case _:
            return None


def _idle(record: DeviceRecord) -> Want:
    """What a device comes back to that only an emergency ever wanted something of."""
    return Want(lines=()) if record.kind in TEXT_KINDS else Want(on=record.kind is DeviceKind.SPEAKER)
