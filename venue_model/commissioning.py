"""What one board is told once, when the venue is commissioned: its doors, the law it enforces, and whose signatures it believes.

The separation matrix is compiled in here, so that even a validly signed policy that mixes separated groups is refused at the door.
"""

from dataclasses import dataclass

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

from venue_model.groups import Pair, Role
from venue_model.ids import BoardId, ComponentId, DeviceId, DoorId, RoomId, VenueId
from venue_model.venue import AntiPassback, DeviceKind, Name, Side, Venue
from venue_model.zones import Zone


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True)
class DoorRecord:
    """A door of this board.  A side without a component is an open zone."""

    id: DoorId
    name: Name
    outside: ComponentId | None
    inside: ComponentId | None
    strike: DeviceId
    contact: DeviceId
    exit_button: DeviceId
    fire_release: bool
    pull_s: int
    held_s: int
    antipassback: AntiPassback = AntiPassback.NONE
    two_person: bool = False
    interlock: tuple[DoorId, ...] = ()  # doors of this board of which none may be open, or granted, when this one is granted


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True)
class DeviceRecord:
    """A device of this board."""

    id: DeviceId
    kind: DeviceKind
    room: RoomId
    component: ComponentId | None
    name: Name
    door: DoorId | None
    side: Side


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True)
class Commission:
    """Everything static that one agent needs."""

    venue: VenueId
    agent: BoardId
    name: Name
    policy_key: str  # Ed25519 public key of the gateway's policy signer, hex
    approvers: dict[str, tuple[str, str]]  # approver → (role, public key hex)
    separated: tuple[tuple[Role, Role], ...]
    zones: dict[ComponentId, tuple[Zone, ...]]
    doors: tuple[DoorRecord, ...]
    devices: tuple[DeviceRecord, ...]
    entry_window_s: int
    companion_s: int = 10
    antipassback_s: int = 300

    @property
    def separated_pairs(self) -> frozenset[Pair]:
        """The matrix in the form the decisions use."""
        return frozenset(frozenset(both) for both in self.separated)


_ADAPTER = TypeAdapter(Commission)


def commission(venue: Venue, agent: BoardId, policy_key: str) -> Commission:
    """The record of one board of the venue."""
    doors = tuple(
        DoorRecord(
            d.id, d.name, venue.component_of.get(d.outside), venue.component_of.get(d.inside), d.strike, d.contact, d.exit_button,
            d.fire_release, d.pull_s, d.held_s, d.antipassback, d.two_person, venue.interlocked_with(d.id),
        )
        for d in venue.doors_of_board(agent)
    )  # fmt: skip
    devices = tuple(
        DeviceRecord(d.id, d.kind, d.room, venue.component_of.get(d.room), d.name, d.door, d.side)
        for d in venue.devices_of_board(agent)
    )
    touched = {c for d in doors for c in (d.outside, d.inside) if c} | {d.component for d in devices if d.component}
    return Commission(
        venue.id, agent, venue.boards[agent].name, policy_key,
        {a.id: (a.role, a.public_key) for a in venue.approvers},
        tuple(sorted(tuple(sorted(both)) for both in venue.profile.separated)),  # type: ignore[misc]
        {component: venue.zones_of(component) for component in sorted(touched)},
        doors, devices, venue.entry_window_s, venue.companion_s, venue.antipassback_s,
    )  # fmt: skip


def encode_commission(record: Commission) -> bytes:
    """The file that is copied to the board."""
    return _ADAPTER.dump_json(record, indent=1)


def decode_commission(data: bytes, source: str) -> Commission:
    """The record in a commissioning file.  Raises ValueError naming file and field."""
    try:
        return _ADAPTER.validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "file"
        raise ValueError(f"{source}: {place}: {first['msg']}; commission the board again") from None
