"""The whole venue: its machines, its metal, its people; what `contract.House` promises to people and checkers."""

import hashlib
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from gateway.core.day import LotState, Refusal
from gateway.core.scene_run import Run
from gateway.shell.coordinator import Coordinator
from simulation.world.board import BoardHost
from simulation.world.contract import Body, Holding, See, Violation
from simulation.world.faults import FaultOptions
from simulation.world.gateway import GatewayHost
from simulation.world.kernel import Trace, World
from simulation.world.metal import NOBODY, MetalBoard
from simulation.world.network import Broker
from simulation.world.platform import VirtualPlatform
from venue_model import signing
from venue_model.commissioning import commission
from venue_model.door_policy import Approval
from venue_model.groups import Role
from venue_model.ids import BoardId, ComponentId, DeviceId, DoorId, LotId, PersonKey, RoomId
from venue_model.lots import Lot
from venue_model.moments import S
from venue_model.passes import make_badge, parse_challenge
from venue_model.venue import Approver, DeviceKind, Lock, Side, Venue
from venue_model.wire import Want

APPROVERS = (("zhang", "SUP"), ("li", "WIT"))
BROKEN = frozenset({"force", "glass", "cut"})
SAME_READ_MS = (100, 900)  # a reader that reads twice does so while the card still lies there


@dataclass(slots=True)
class Options:
    """How a house is built, besides its faults."""

    segment_ns: int = 300 * S


@dataclass(slots=True)
class House:
    """See `contract.House`."""

    venue: Venue
    world: World
    trace: Trace
    faults: FaultOptions
    broker: Broker
    platform: VirtualPlatform
    gateway: GatewayHost
    boards: dict[BoardId, BoardHost]
    approver_keys: dict[str, bytes]
    people: dict[PersonKey, Body] = field(default_factory=dict)
    violations: list[Violation] = field(default_factory=list)
    calm: bool = False
    _boards_of_devices: dict[DeviceId, BoardHost] = field(default_factory=dict)
    _metal_of_doors: dict[DoorId, MetalBoard] = field(default_factory=dict)

    # where people are

    def arrive(self, person: PersonKey, room: RoomId, role: Role | None = None, lot: LotId | None = None) -> None:
        """Somebody comes into being in an open room."""
        assert self.venue.is_open(room), f"nobody appears in {room}: it is not an open room"
        body = self.people[person] = Body(person, role, lot, room)
        self._moved(body, RoomId(""), room, DoorId(""), "")

    def leave(self, person: PersonKey) -> None:
        """Somebody in an open room goes home."""
        body = self.people[person]
        assert self.venue.is_open(body.room), f"{person} vanishes out of {body.room}: it is not an open room"
        del self.people[person]
        self._moved(body, body.room, RoomId(""), DoorId(""), "")

    def room_of(self, person: PersonKey) -> RoomId:
        """Where somebody truly is."""
        return self.people[person].room

    def walk(self, person: PersonKey, door: DoorId) -> bool:
        """Through an open leaf, or a passage without a lock."""
        body, edge = self.people[person], self.venue.doors[door]
        assert body.room in (edge.outside, edge.inside), f"{person} is in {body.room}, not at {door}"
        how = ""
        metal = self._metal_of_doors.get(door)
        if metal is not None:
            leaf = metal.leaves[door]
            if not leaf.open:
                return False
            how = leaf.how
            metal.pull(door)  # whoever walks through holds the leaf: its closer begins anew
        before, body.room = body.room, edge.inside if body.room == edge.outside else edge.outside
        self._moved(body, before, body.room, door, how)
        return True

    def _moved(self, body: Body, before: RoomId, after: RoomId, door: DoorId, how: str) -> None:
        fields = {
            "person": body.person, "role": body.role.value if body.role else "", "lot": body.lot or "", "from": before, "to": after,
            "door": door, "how": how, "force": how in BROKEN,
        }  # fmt: skip
        self.trace.see_fields(See.MOVED, fields)

    def queue(self, place: str, person: PersonKey, act: str) -> None:
        """Somebody joins a queue, passes, or gives up."""
        self.trace.see(See.QUEUE, place=place, person=person, act=act)

    # doors

    def pull(self, door: DoorId, side: Side, by: PersonKey = NOBODY) -> bool:
        """Try the leaf."""
        if self.venue.doors[door].lock is Lock.NONE:
            return True
        return self._metal_of_doors[door].pull(door, by)

    def press_exit(self, door: DoorId, by: PersonKey = NOBODY) -> bool:
        """Push the bar on the inside."""
        if door in self._metal_of_doors:
            self._metal_of_doors[door].press_exit(door, by)
        return True

    def prop(self, door: DoorId, propped: bool) -> bool:
        """Wedge an open leaf, or take the wedge away."""
        return door in self._metal_of_doors and self._metal_of_doors[door].prop(door, propped)

    def force(self, door: DoorId, by: PersonKey = NOBODY) -> None:
        """A crowbar."""
        if door in self._metal_of_doors:
            self._metal_of_doors[door].force(door, by)

    def break_glass(self, door: DoorId, by: PersonKey = NOBODY) -> None:
        """The green box."""
        if door in self._metal_of_doors:
            self._metal_of_doors[door].break_glass(door, by)

    def is_open(self, door: DoorId) -> bool:
        """True for a leaf that stands open, and for a passage without a lock."""
        return door not in self._metal_of_doors or self._metal_of_doors[door].leaves[door].open

    def others_at(self, door: DoorId) -> tuple[PersonKey, ...]:
        """Who is on either side."""
        edge = self.venue.doors[door]
        return tuple(body.person for body in self.people.values() if body.room in (edge.outside, edge.inside))

    # readers, kiosks, lockers

    def present_card(self, device: DeviceId, card: str, by: PersonKey = NOBODY) -> None:
        """Hold a card to a reader."""
        host = self._boards_of_devices[device]
        self.trace.see(See.READ, device=device, door=self.venue.devices[device].door or "", person=by, what="card")
        host.read_card(device, bytes.fromhex(card))
        if self.faults.chance("double-read"):
            delay_ms = self.world.stream("fault double-read").randint(*SAME_READ_MS)
            self.world.after(delay_ms * 1_000_000, lambda: host.read_card(device, bytes.fromhex(card)))

    def make_badge(self, door: DoorId, key: bytes) -> str | None:
        """Scan the challenge on the door's kiosk, and answer it."""
        for device in self.venue.devices.values():
            if device.kind is DeviceKind.KIOSK and device.door == door:
                text = self._boards_of_devices[device.id].furniture.screens[device.id].challenge
                found = parse_challenge(text) if text else None
                if found is not None:
                    return make_badge(*found, key)
        return None

    def show_qr(self, device: DeviceId, text: str, by: PersonKey = NOBODY) -> None:
        """Hold a phone before a camera."""
        self.trace.see(See.READ, device=device, door=self.venue.devices[device].door or "", person=by, what="qr")
        self._boards_of_devices[device].read_qr(device, text)

    def reader_of(self, door: DoorId, side: Side = Side.OUTSIDE) -> DeviceId | None:
        """The reader on one side of a door."""
        return self._device_at(door, side, DeviceKind.READER)

    def qr_of(self, door: DoorId) -> DeviceId | None:
        """The QR camera of a door."""
        return self._device_at(door, Side.OUTSIDE, DeviceKind.QR_CAMERA)

    def _device_at(self, door: DoorId, side: Side, kind: DeviceKind) -> DeviceId | None:
        devices = self.venue.devices.values()
        return next((d.id for d in devices if d.kind is kind and d.door == door and d.side is side), None)

    def reader_answer(self, device: DeviceId) -> tuple[bool, int] | None:
        """The last answer that a reader showed, and when."""
        return self._boards_of_devices[device].furniture.lamps[device].answer

    def kiosk_text(self, device: DeviceId) -> tuple[str, ...]:
        """What a screen shows."""
        return self._boards_of_devices[device].furniture.screens[device].lines

    def open_lockers(self, room: RoomId) -> tuple[DeviceId, ...]:
        """The lockers of a room whose doors stand open."""
        lockers = self.venue.devices_in(room, DeviceKind.LOCKER)
        return tuple(d.id for d in lockers if self._boards_of_devices[d.id].metal.cabinets[d.id].metal.is_open)

    def has_phone(self, locker: DeviceId) -> bool:
        """True while something lies inside."""
        return self._boards_of_devices[locker].metal.cabinets[locker].metal.phone_inside

    def put_phone(self, locker: DeviceId) -> bool:
        """Lay a phone in and push the door shut."""
        return self._boards_of_devices[locker].metal.put(locker, True)

    def take_phone(self, locker: DeviceId) -> bool:
        """Take the phone out and push the door shut."""
        return self._boards_of_devices[locker].metal.put(locker, False)

    # staff

    @property
    def lots(self) -> Mapping[LotId, Lot]:
        """The lots as the platform knows them now."""
        return self.platform.lots

    def lot_state(self, lot: LotId) -> LotState | None:
        """The lot as the gateway has it."""
        return self.coordinator.day.get(lot) if self.coordinator is not None else None

    def press_scene(self, lot: LotId, scene: str, by: str = "staff", approvers: int = 2) -> Run | Refusal | None:
        """Press a scene with the words of so many approvers."""
        found = self.gateway.call("press", lambda c: self._press(c, lot, scene, by, approvers))
        if found is not None:
            self.trace.see(See.PRESSED, lot=lot, scene=scene, by=by, result=found.code if isinstance(found, Refusal) else "run")
        return found

    def _press(self, coordinator: Coordinator, lot: LotId, scene: str, by: str, approvers: int) -> Run | Refusal:
        approvals = {}
        if lot in coordinator.day:
            for component in coordinator.seals_lifted_by(lot, scene):
                approvals[component] = self._sign(coordinator.warden.release_text(component).encode(), approvers)
        return coordinator.press(lot, scene, by, approvals, self.gateway.clock.now())

    def approve(self, component: ComponentId, act: str, approvers: int = 2) -> bool:
        """So many people's word for an act that a domain waits for."""

        def sign(coordinator: Coordinator) -> bool:
            words = self._sign(coordinator.warden.act_text(component, act).encode(), approvers)
            return coordinator.guard.approve(component, act, words, "staff", self.gateway.clock.now()) is None

        return self.gateway.call("approve", sign) or False

    def _sign(self, message: bytes, approvers: int) -> tuple[Approval, ...]:
        names = [name for name, _ in APPROVERS][:approvers]
        return tuple(Approval(name, signing.sign(self.approver_keys[name], message).hex()) for name in names)

    def authorise(self, lot: LotId, person: PersonKey, by: str = "staff") -> bool:
        """Open a person's entry window anew."""
        return self.gateway.call("authorise", lambda c: c.authorise(lot, person, by, self.gateway.clock.now())) or False

    def pulse(self, door: DoorId, by: str = "staff") -> bool:
        """Open one door once."""
        return self.gateway.call("pulse", lambda c: c.pulse(door, by, self.gateway.clock.now()) is None) or False

    # life safety

    def fire(self, board: BoardId, active: bool) -> None:
        """The fire contact of a board."""
        self.boards[board].metal.fire(active)

    # glass walls

    @property
    def coordinator(self) -> Coordinator | None:
        """The real gateway; None while it is down."""
        return self.gateway.coordinator

    def holding(self, board: BoardId) -> Holding:
        """What one board holds and drives."""
        host = self.boards[board]
        strikes = {door: host.metal.outputs.get(leaf.door.strike, False) for door, leaf in host.metal.leaves.items()}
        return Holding(board, host.agent is not None, host.agent.state if host.agent is not None else None, strikes)

    def wanted(self, device: DeviceId) -> Want | None:
        """What the gateway wants of a device now."""
        return self.coordinator.scenes.wants.get(device) if self.coordinator is not None else None

    def footage(self, project: str) -> Sequence[tuple[DeviceId, LotId, int, int]]:
        """What was truly filmed for a project."""
        reels = (reel for host in self.boards.values() for reel in host.furniture.reels.values())
        return [(reel.camera, LotId(lot), a, b) for reel in reels for p, lot, a, b in reel.filmed if p == project]

    def clock_offset_ns(self, machine: str) -> int:
        """By how much a machine's UTC is wrong."""
        return (self.gateway if machine == "gateway" else self.boards[BoardId(machine)]).clock.offset_ns

    def was_cut(self, door: DoorId, within_ns: int) -> bool:
        """True when a lock was without power, forced or wedged lately."""
        return door in self._metal_of_doors and self._metal_of_doors[door].was_cut(door, within_ns)

    # faults of the product's own

    def broken(self, where: str, error: Exception) -> None:
        """Something of the product raised: no run may hide that."""
        frames = [f"{f.filename.rpartition('/')[2]}:{f.lineno} {f.name}" for f in traceback.extract_tb(error.__traceback__)[-4:]]
        text = f"{where}: {type(error).__name__}: {error} ({' < '.join(reversed(frames))})"
        self.violations.append(Violation("Sound", text, self.world.now_ns))


def build(venue: Venue, world: World, trace: Trace, faults: FaultOptions, options: Options) -> House:
    """A house with everything off.  `power_on` starts it."""
    keys = {name: _key(world, f"approver {name}") for name, _ in APPROVERS}
    approvers = tuple(Approver(name, role, signing.public_key_of(keys[name]).hex()) for name, role in APPROVERS)
    venue = replace(venue, approvers=approvers)
    policy_key = _key(world, "policy")
    public = signing.public_key_of(policy_key).hex()
    broker = Broker(world, trace, faults)
    platform = VirtualPlatform(trace)
    gateway = GatewayHost(world, trace, broker, venue, policy_key, platform, lambda where, error: house.broken(where, error))
    boards = {}
    for board in venue.boards:
        metal = MetalBoard.of(world, trace, faults, venue, board)
        boards[board] = BoardHost(
            world, trace, faults, broker, commission(venue, board, public), metal, options.segment_ns,
            lambda where, error: house.broken(where, error),
        )  # fmt: skip
    house = House(venue, world, trace, faults, broker, platform, gateway, boards, keys)
    house._boards_of_devices = {device.id: boards[device.board] for device in venue.devices.values()}
    house._metal_of_doors = {door: host.metal for host in boards.values() for door in host.metal.leaves}
    return house


def power_on(house: House) -> None:
    """The house in the morning: gateway first, then the boards, each in its own time."""
    house.gateway.start()
    rng = house.world.stream("boot")
    for host in house.boards.values():
        house.world.after(rng.randint(0, 3 * S), host.start)


def _key(world: World, name: str) -> bytes:
    return hashlib.sha256(f"{world.seed}/{name}".encode()).digest()
