"""A want in the terms of one kind of device: the effect that brings it about, or why this device cannot be asked for it."""

from dataclasses import dataclass

from edge.core.effects import Effect, ShowText, Speak, StartRecording, StopRecording, SwitchLight
from edge.core.overlay import CALL_OUT, EVACUATE, TEXT_KINDS
from edge.core.site import Site, switch_line
from venue_model.commissioning import DeviceRecord
from venue_model.templates import ANNOUNCEMENTS
from venue_model.venue import DeviceKind
from venue_model.wire import INTERLOCK, UNSUPPORTED, Want
from venue_model.zones import Zone

_COMMITTEE = frozenset({Zone.EVALUATION, Zone.REST})  # where a committee sits apart: spoken to in danger only (T16)
_SWITCHES = {
    DeviceKind.LIGHT: "a light is on or off",
    DeviceKind.NETWORK: "a network is cut (on) or whole (off)",
    DeviceKind.CLIMATE: "climate is on or off",
    DeviceKind.SPEAKER: "a loudspeaker may be heard (on) or not (off)",
}


@dataclass(frozen=True, slots=True)
class Denied:
    """Why an order is not taken."""

    code: int
    text: str


def demand(record: DeviceRecord, want: Want, ticket: int) -> Effect:
    """The effect that brings a want about."""
    if record.kind is DeviceKind.CAMERA:
        return StopRecording(record.id, ticket) if want.record is None else StartRecording(record.id, want.record, ticket)
    if record.kind is DeviceKind.SPEAKER:
        return Speak(record.id, want.say if want.on else "", bool(want.on), want == CALL_OUT, ticket)
    if (line := switch_line(record)) is not None:
        return SwitchLight(record.id, line, bool(want.on), ticket)
    return ShowText(record.id, want.lines or (), want.colour, ticket, urgent=want == EVACUATE)


def denied(record: DeviceRecord, site: Site, want: Want) -> Denied | None:
    """Why this device cannot, or must not, be asked for this; None when it can."""
    if record.kind in TEXT_KINDS:
        return None if want.lines is not None else Denied(UNSUPPORTED, f"a {record.kind} shows lines, and none are given")
    if record.kind is DeviceKind.CAMERA:
        other = want.lines is not None or want.on is not None
        return Denied(UNSUPPORTED, "a camera records, and can do nothing else") if other else None
    if record.kind not in _SWITCHES:
        return Denied(UNSUPPORTED, f"a {record.kind} has no state to be wanted")
    if want.on is None:
        return Denied(UNSUPPORTED, f"{_SWITCHES[record.kind]}, and neither is given")
    return _unspeakable(record, site, want) if want.say else None


def _unspeakable(record: DeviceRecord, site: Site, want: Want) -> Denied | None:
    """Nothing is ever said but what was recorded for it, and nothing but an alarm where a committee sits: whoever has the gateway."""
    if record.kind is not DeviceKind.SPEAKER:
        return Denied(UNSUPPORTED, f"a {record.kind} says nothing")
    said = ANNOUNCEMENTS.get(want.say)
    if said is None:
        return Denied(UNSUPPORTED, f"there is no announcement {want.say[:40]!r}; free text is never spoken")
    zones = site.commission.zones.get(record.component, ()) if record.component is not None else ()
    if not said.life_safety and _COMMITTEE.intersection(zones):
        return Denied(INTERLOCK, "a room where a committee sits is not spoken to")
    return None
