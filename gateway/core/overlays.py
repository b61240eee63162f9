"""The overlays that stand over the day: an emergency, and boards that nobody hears.  Lots stay where they are underneath."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from venue_model.ids import BoardId, RoomId
from venue_model.venue import DeviceKind, Venue
from venue_model.wire import Reported


class Over(StrEnum):
    """Kinds of overlay (domain brief 2.2)."""

    EMERGENCY = "emergency"
    DEGRADED = "degraded"


OVERLAY_NAMES: dict[Over, tuple[str, str]] = {
    Over.EMERGENCY: ("紧急疏散", "emergency"),
    Over.DEGRADED: ("离线降级", "degraded"),
}


@dataclass(frozen=True, slots=True)
class Overlay:
    """One overlay, where it stands and since when.  `by` and `reason` when a person called it."""

    kind: Over
    rooms: tuple[RoomId, ...]
    since_utc_ns: int
    by: str = ""
    reason: str = ""


def burning(venue: Venue, board: BoardId, reported: Reported | None) -> bool:
    """True while a fire input of the board is active, as the board says: it has opened its doors and calls people out."""
    if reported is None:
        return False
    said = (venue.devices[d] for d, r in reported.devices.items() if r.state.get("active") is True and d in venue.devices)
    return any(d.kind is DeviceKind.FIRE_INPUT and d.board == board for d in said) or any(door.fire for door in reported.doors.values())


def rooms_of(venue: Venue, boards: Iterable[BoardId]) -> tuple[RoomId, ...]:
    """The rooms in which these boards have doors or devices."""
    named = set(boards)
    found = {d.room for d in venue.devices.values() if d.board in named}
    found |= {d.inside for d in venue.doors.values() if d.board in named}
    return tuple(room for room in venue.rooms if room in found)


def overlays(
    venue: Venue, fires: Mapping[BoardId, int], away: Mapping[BoardId, int], called: Overlay | None = None
) -> tuple[Overlay, ...]:
    """All that stand: `fires` and `away` say since when.  Whoever called the whole house out goes first."""
    found = [called] if called is not None else []
    if fires:
        found.append(Overlay(Over.EMERGENCY, rooms_of(venue, fires), min(fires.values())))
    if away:
        found.append(Overlay(Over.DEGRADED, rooms_of(venue, away), min(away.values())))
    return tuple(found)
