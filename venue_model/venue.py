"""The whole venue as one immutable value: rooms, doors as edges between them, boards and devices, and look-ups over them."""

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from venue_model.ids import BoardId, ComponentId, DeviceId, DoorId, RoomId, VenueId
from venue_model.profiles import Profile
from venue_model.zones import OPEN_ZONES, Serves, Zone


@dataclass(frozen=True, slots=True)
class Name:
    """Text that people see: Chinese first, English beside it."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Room:
    """A space with walls: a hall, a corridor, an opening room.  Or the open air, where nobody is kept apart."""

    id: RoomId
    zone: Zone
    name: Name
    number: str = ""  # as written on the door
    outdoor: bool = False  # the open air: what everybody must be able to reach (I11)
    serves: Serves = Serves.NOBODY
    limit: int | None = None  # how many people a door lets in at most; the limits of joined rooms add up


class Side(StrEnum):
    """A door's two sides.  The inside is what the door guards."""

    OUTSIDE = "outside"
    INSIDE = "inside"


class AntiPassback(StrEnum):
    """What a door does about a pass that enters again without having left."""

    NONE = "none"
    SOFT = "soft"  # lets it in, and tells staff
    HARD = "hard"  # refuses until the pass has left
    TIMED = "timed"  # refuses for `Venue.antipassback_s`
    AREA = "area"  # refuses who was not seen to enter the area that the door leads from


class Lock(StrEnum):
    """What holds the leaf.  Every lock here opens from the inside by hardware alone (I11, GB 50396 9.0.1)."""

    FAIL_SAFE = "fail_safe"  # opens when power goes: maglock, reversed strike
    FAIL_SECURE = "fail_secure"  # outside handle stays dead without power; the inside handle always works
    NONE = "none"  # a passage without a lock


@dataclass(frozen=True, slots=True)
class Door:
    """An edge of the venue graph.  Exactly one board controls it, unless it has no lock."""

    id: DoorId
    name: Name
    outside: RoomId
    inside: RoomId
    lock: Lock
    board: BoardId | None = None
    escape: bool = True  # people inside may leave through it
    fire_release: bool = True  # the fire contact drops the lock in hardware
    pull_s: int = 5  # how long a grant holds the strike: time to pull a leaf from a wheelchair
    held_s: int = 30  # open longer than this is an alarm
    antipassback: AntiPassback = AntiPassback.NONE
    two_person: bool = False  # nobody enters an empty room alone (IEC 60839-11-1 table 2, grade 4)

    @property
    def strike(self) -> DeviceId:
        """The output line that releases the leaf."""
        return DeviceId(f"{self.id}.strike")

    @property
    def contact(self) -> DeviceId:
        """The input line that is active while the leaf is open."""
        return DeviceId(f"{self.id}.contact")

    @property
    def exit_button(self) -> DeviceId:
        """The input line that is active while somebody uses the exit hardware (request to exit)."""
        return DeviceId(f"{self.id}.exit")


class DeviceKind(StrEnum):
    """Everything that hangs in a room besides the lines of its doors."""

    READER = "reader"
    QR_CAMERA = "qr_camera"
    CAMERA = "camera"
    SIGN = "sign"
    KIOSK = "kiosk"
    LOCKER = "locker"
    LIGHT = "light"
    FIRE_INPUT = "fire_input"
    NETWORK = "network"  # a relay that cuts the evaluation side off the platform's network at curfew (I12)
    SPEAKER = "speaker"  # public address: plays recorded announcements, never free speech (T16)
    CLIMATE = "climate"  # a relay that switches heating, cooling and fresh air


# What scenes tell something: members of a run.
DRIVEN = frozenset(
    {
        DeviceKind.CAMERA, DeviceKind.SIGN, DeviceKind.KIOSK, DeviceKind.LIGHT, DeviceKind.NETWORK, DeviceKind.SPEAKER,
        DeviceKind.CLIMATE,
    }
)  # fmt: skip


class OnFail(StrEnum):
    """What a scene does about a member that does not come to what it wants."""

    IGNORE = "ignore"  # told once, and not waited for beyond its stage
    RETRY = "retry"  # told again until its time is up, then named
    HOLD = "hold"  # the stage does not pass until it has answered, or a person goes on without it and says why
    COMPENSATE = "compensate"  # the lot is brought to a defined state instead (`members.UNDO`)


@dataclass(frozen=True, slots=True)
class Device:
    """One thing with an address.  `door` and `side` say where a reader, QR camera or kiosk stands."""

    id: DeviceId
    kind: DeviceKind
    room: RoomId
    board: BoardId
    name: Name
    door: DoorId | None = None
    side: Side = Side.OUTSIDE
    required: bool | None = None  # a scene that cannot reach it is `partial`, not merely `degraded`; None: by its kind (`members`)
    on_fail: OnFail | None = None  # None: by its kind and the phase


@dataclass(frozen=True, slots=True)
class Board:
    """A Raspberry Pi-class computer that runs one agent."""

    id: BoardId
    name: Name
    room: RoomId


@dataclass(frozen=True, slots=True)
class Approver:
    """A person whose signature counts towards a two-person approval; the private key never enters the venue's machines."""

    id: str
    role: str
    public_key: str  # Ed25519, 64 hex digits


@dataclass(frozen=True)
class Venue:
    """Everything static.  Built by `load.load_venue`, which checks it; states and grants refer to it by id."""

    id: VenueId
    name: Name
    profile: Profile
    rooms: dict[RoomId, Room]
    doors: dict[DoorId, Door]
    boards: dict[BoardId, Board]
    devices: dict[DeviceId, Device]
    sight: tuple[tuple[RoomId, RoomId], ...] = ()
    approvers: tuple[Approver, ...] = ()
    entry_window_s: int = 300  # I3: Dongtai gives an expert 5 minutes from authorisation to the seat
    lease_s: int = 60
    prepare_before_s: int = 3600
    interlocks: tuple[tuple[DoorId, DoorId], ...] = ()  # pairs of doors of which a grant opens only one at a time
    companion_s: int = 10  # the second badge of a pair, or of an escort, comes within this time
    antipassback_s: int = 300  # for timed anti-passback
    curfew: str = ""  # local time such as "21:00" from which an unfinished evaluation is held over night (I12: Dongtai 21:00)
    walk_s: int = 2  # the least time from one door of a room to another; nobody is faster (I13)
    linger_s: int = 600  # longer than this in a corridor, passage or intake, and staff are told
    source: str = field(default="", compare=False)

    @cached_property
    def component_of(self) -> dict[RoomId, ComponentId]:
        """Room → separation domain: rooms joined by sight, or by a passage without a lock, are one domain.

        Open zones belong to no domain: nothing guards them.
        """
        parent = {room: room for room in self.rooms}

        def root(room: RoomId) -> RoomId:
            while parent[room] != room:
                room = parent[room]
            return room

        joined = [*self.sight, *((d.outside, d.inside) for d in self.doors.values() if d.lock is Lock.NONE)]
        for one, other in joined:
            if self.is_open(one) or self.is_open(other):
                continue
            first, second = sorted((root(one), root(other)))
            parent[second] = first
        return {room: ComponentId(root(room)) for room in self.rooms if not self.is_open(room)}

    @cached_property
    def components(self) -> dict[ComponentId, tuple[RoomId, ...]]:
        """Separation domain → its rooms."""
        found: dict[ComponentId, list[RoomId]] = {}
        for room, component in self.component_of.items():
            found.setdefault(component, []).append(room)
        return {component: tuple(sorted(rooms)) for component, rooms in sorted(found.items())}

    def is_open(self, room: RoomId) -> bool:
        """True for rooms that people enter without a badge."""
        return self.rooms[room].zone in OPEN_ZONES

    def name_of(self, member: str) -> Name:
        """The name of a device or a door."""
        device = self.devices.get(DeviceId(member))
        return device.name if device is not None else self.doors[DoorId(member)].name

    def doors_of(self, component: ComponentId) -> tuple[Door, ...]:
        """The locked doors on the border of a domain, whichever side of them it lies on."""
        return self._borders.get(component, ())

    @cached_property
    def _borders(self) -> dict[ComponentId, tuple[Door, ...]]:
        found: dict[ComponentId, tuple[Door, ...]] = {}
        for door in self.doors.values():
            sides = dict.fromkeys((self.component_of.get(door.outside), self.component_of.get(door.inside)))
            for component in sides if door.lock is not Lock.NONE and len(sides) == 2 else ():
                if component is not None:
                    found[component] = (*found.get(component, ()), door)
        return found

    @cached_property
    def ways_out(self) -> dict[ComponentId, frozenset[ComponentId]]:
        """Domain → the domains that its people come into when they leave it by an escape door, which nothing can hold shut (I11)."""
        found: dict[ComponentId, set[ComponentId]] = {component: set() for component in self.components}
        for door in self.doors.values():
            left, reached = self.component_of.get(door.inside), self.component_of.get(door.outside)
            if door.escape and left is not None and reached is not None and left != reached:
                found[left].add(reached)
        return {component: frozenset(reached) for component, reached in found.items()}

    @cached_property
    def passages_to(self) -> dict[RoomId, tuple[RoomId, ...]]:
        """Room → the shared passages (Z12) on the ways to it: those that it borders and those beyond them.

        A passage that borders no guarded room but passages is an entrance: it is on everybody's way.
        """
        beside: dict[RoomId, set[RoomId]] = {room: set() for room in self.rooms}
        for door in self.doors.values():
            beside[door.outside].add(door.inside)
            beside[door.inside].add(door.outside)
        passages = {room.id for room in self.rooms_of(Zone.PASSAGE)}
        reach = {passage: _walked(passage, beside, passages) for passage in passages}
        leads_to = {p: {r for q in reach[p] for r in beside[q] if r not in passages and not self.is_open(r)} for p in passages}
        return {room: tuple(p for p in self.rooms if p in passages and (room in leads_to[p] or not leads_to[p])) for room in self.rooms}

    def interlocked_with(self, door: DoorId) -> tuple[DoorId, ...]:
        """The doors of which none may be open when this one is granted."""
        return tuple(two if one == door else one for one, two in self.interlocks if door in (one, two))

    def limit_of(self, component: ComponentId) -> int | None:
        """How many people a domain's doors let in at most: its rooms' limits together, or None when a room has none."""
        limits = [self.rooms[room].limit for room in self.components[component]]
        return None if None in limits else sum(limit for limit in limits if limit is not None)

    def zones_of(self, component: ComponentId) -> tuple[Zone, ...]:
        """The kinds of room that a domain is made of."""
        return tuple(sorted({self.rooms[room].zone for room in self.components[component]}))

    def rooms_of(self, zone: Zone) -> tuple[Room, ...]:
        """All rooms of one kind, in file order."""
        return tuple(room for room in self.rooms.values() if room.zone is zone)

    def devices_in(self, room: RoomId, *kinds: DeviceKind) -> tuple[Device, ...]:
        """The devices of a room, in file order; all kinds when none is named."""
        return tuple(d for d in self.devices.values() if d.room == room and (not kinds or d.kind in kinds))

    def devices_of_board(self, board: BoardId) -> tuple[Device, ...]:
        """What one agent drives, besides the lines of its doors."""
        return tuple(d for d in self.devices.values() if d.board == board)

    def doors_of_board(self, board: BoardId) -> tuple[Door, ...]:
        """The doors that one agent decides for."""
        return tuple(d for d in self.doors.values() if d.board == board)


def _walked(start: RoomId, beside: dict[RoomId, set[RoomId]], through: set[RoomId]) -> set[RoomId]:
    """The rooms of `through` that can be walked to from `start` without leaving it."""
    found, waiting = {start}, [start]
    while waiting:
        more = (beside[waiting.pop()] & through) - found
        found |= more
        waiting += sorted(more)
    return found
