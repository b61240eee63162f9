"""The metal on one board: leaves, strikes, bars, lockers, the fire contact; and the levels of its lines, bounce and all."""

from collections.abc import Callable
from dataclasses import dataclass, field

from edge.core.site import closed_line, lock_line
from simulation.hardware.door import VirtualDoor
from simulation.hardware.locker import VirtualLocker
from simulation.hardware.mechanics import Edge
from simulation.world.contract import Faults, See
from simulation.world.kernel import Alarm, Trace, World
from venue_model.ids import BoardId, DeviceId, DoorId, PersonKey
from venue_model.moments import MS, S
from venue_model.venue import DeviceKind, Door, Lock, Venue

GLASS_NS = 60 * S  # until somebody resets a broken green box
NOBODY = PersonKey("")
OnEdge = Callable[[str, bool], None]


@dataclass(slots=True)
class Leaf:
    """One door of metal, and why it stands open."""

    door: Door
    metal: VirtualDoor
    alarm: Alarm
    open: bool = False
    how: str = ""  # of the present opening
    by: PersonKey = NOBODY
    power_cut: bool = False
    glass_until_ns: int = 0
    propped: bool = False
    disturbed_ns: int | None = None  # when the lock was last without power, forced or wedged


@dataclass(slots=True)
class Cabinet:
    """One locker of metal."""

    device: DeviceId
    metal: VirtualLocker
    alarm: Alarm
    seen: tuple[bool, bool] = (False, False)


@dataclass(slots=True)
class MetalBoard:
    """Everything that moves on the lines of one board.  It outlives programs and power."""

    world: World
    trace: Trace
    faults: Faults
    board: BoardId
    leaves: dict[DoorId, Leaf] = field(default_factory=dict)
    cabinets: dict[DeviceId, Cabinet] = field(default_factory=dict)
    levels: dict[str, bool] = field(default_factory=dict)  # input line → what a meter would show
    fire_lines: tuple[str, ...] = ()
    outputs: dict[str, bool] = field(default_factory=dict)
    on_edge: OnEdge = lambda line, active: None  # the driver that reads the lines now
    burning: bool = False

    @classmethod
    def of(cls, world: World, trace: Trace, faults: Faults, venue: Venue, board: BoardId) -> "MetalBoard":
        """The metal that the venue file puts on a board."""
        rng = world.stream(f"metal {board}")
        made = cls(world, trace, faults, board)
        for door in venue.doors_of_board(board):
            leaf = Leaf(door, VirtualDoor(rng, fail_safe=door.lock is Lock.FAIL_SAFE), Alarm(world, lambda d=door.id: made.advance(d)))  # type: ignore[misc]
            made.leaves[door.id] = leaf
            made.levels |= {door.contact: False, door.exit_button: False}
        devices = venue.devices_of_board(board)
        for device in devices:
            if device.kind is DeviceKind.LOCKER:
                alarm = Alarm(world, lambda d=device.id: made.advance_locker(d))  # type: ignore[misc]
                made.cabinets[device.id] = Cabinet(device.id, VirtualLocker(rng), alarm)
                made.levels[closed_line(device.id)] = True
        made.fire_lines = tuple(device.id for device in devices if device.kind is DeviceKind.FIRE_INPUT)
        made.levels |= dict.fromkeys(made.fire_lines, False)
        return made

    # what the board does

    def drive(self, line: str, active: bool) -> None:
        """An output of the board."""
        if self.outputs.get(line, False) == active:
            return
        self.outputs[line] = active
        door_id, dot, what = line.rpartition(".")
        if dot and what == "strike" and door_id in self.leaves:
            leaf = self.leaves[DoorId(door_id)]
            leaf.metal.drive("strike", active, self.world.now_ns)
            self.trace.see(See.STRIKE, door=leaf.door.id, released=active)
        elif dot and what == "lock" and door_id in self.cabinets:
            self.cabinets[DeviceId(door_id)].metal.drive("lock", active, self.world.now_ns)
            assert line == lock_line(DeviceId(door_id)), "a locker has one lock"
            self.advance_locker(DeviceId(door_id))
        else:
            self.trace.see(See.LIGHT, device=door_id, on=active)

    def drop_outputs(self) -> None:
        """Whoever drives the lines is gone: relays fall back, as a watchdog or the socket board's own timer makes them."""
        for line, active in list(self.outputs.items()):
            if active:
                self.drive(line, False)

    # what people do

    def pull(self, door: DoorId, by: PersonKey = NOBODY) -> bool:
        """Try the leaf."""
        leaf = self.leaves[door]
        before = leaf.open
        opened = leaf.metal.pull(self.world.now_ns)
        if opened and not before:
            driven = self.outputs.get(leaf.door.strike, False)
            leaf.how, leaf.by = ("pull" if driven or not leaf.power_cut else "cut"), by
        self.advance(door)
        return opened

    def press_exit(self, door: DoorId, by: PersonKey = NOBODY) -> None:
        """Push the bar."""
        self._open(door, "bar", by, lambda leaf: leaf.metal.push_exit(self.world.now_ns))

    def force(self, door: DoorId, by: PersonKey = NOBODY) -> None:
        """A crowbar."""
        self.leaves[door].disturbed_ns = self.world.now_ns
        self._open(door, "force", by, lambda leaf: leaf.metal.force(self.world.now_ns))

    def break_glass(self, door: DoorId, by: PersonKey = NOBODY) -> None:
        """The green box."""
        leaf = self.leaves[door]
        leaf.glass_until_ns = self.world.now_ns + GLASS_NS
        self._power(leaf)
        self.world.at(leaf.glass_until_ns, lambda: self._power(leaf))
        self._open(door, "glass", by, lambda leaf: leaf.metal.force(self.world.now_ns))

    def prop(self, door: DoorId, propped: bool) -> bool:
        """Wedge an open leaf, or take the wedge away."""
        leaf = self.leaves[door]
        done = leaf.metal.prop(propped, self.world.now_ns)
        if done:
            leaf.propped = propped
            leaf.disturbed_ns = self.world.now_ns
        self.advance(door)
        return done

    def fire(self, active: bool) -> None:
        """The fire contact: it cuts the locks' power by itself, and tells the board on a line."""
        if active == self.burning:
            return
        self.burning = active
        self.trace.see(See.FIRE, board=self.board, active=active)
        for leaf in self.leaves.values():
            self._power(leaf)
        for line in self.fire_lines:
            self._edge(line, active)

    def put(self, locker: DeviceId, phone: bool) -> bool:
        """Lay a phone in, or take it, and push the door shut."""
        metal = self.cabinets[locker].metal
        done = metal.put(self.world.now_ns) if phone else metal.take(self.world.now_ns)
        self.advance_locker(locker)
        return done

    # time

    def advance(self, door: DoorId) -> None:
        """Let the metal of a door move up to now."""
        leaf, now_ns = self.leaves[door], self.world.now_ns
        edges = leaf.metal.advance(now_ns)
        if leaf.metal.is_open != leaf.open:
            leaf.open = leaf.metal.is_open
            self.trace.see(See.LEAF, door=door, open=leaf.open, by=leaf.by, how=leaf.how if leaf.open else "closer")
            leaf.propped = leaf.propped and leaf.open
        self._edges(edges, {"contact": leaf.door.contact, "exit": leaf.door.exit_button})
        wake_ns = leaf.metal.wake_ns(now_ns)
        if wake_ns is not None:
            leaf.alarm.set(wake_ns)

    def advance_locker(self, locker: DeviceId) -> None:
        """Let the metal of a locker move up to now."""
        cabinet, now_ns = self.cabinets[locker], self.world.now_ns
        for edge in cabinet.metal.advance(now_ns):
            if edge.terminal == "contact":
                self._edge(closed_line(locker), not edge.active)
        state = (cabinet.metal.is_open, cabinet.metal.phone_inside)
        if state != cabinet.seen:
            cabinet.seen = state
            self.trace.see(See.LOCKER, device=locker, open=state[0], phone=state[1])
        wake_ns = cabinet.metal.wake_ns(now_ns)
        if wake_ns is not None:
            cabinet.alarm.set(max(wake_ns, now_ns + 1))

    def was_cut(self, door: DoorId, within_ns: int) -> bool:
        """True when the lock was without power, forced or wedged lately."""
        leaf = self.leaves[door]
        if leaf.power_cut or leaf.propped:
            return True
        return leaf.disturbed_ns is not None and self.world.now_ns - leaf.disturbed_ns <= within_ns

    def _open(self, door: DoorId, how: str, by: PersonKey, act: Callable[[Leaf], None]) -> None:
        leaf = self.leaves[door]
        if not leaf.open:
            leaf.how, leaf.by = how, by
        act(leaf)
        self.advance(door)

    def _power(self, leaf: Leaf) -> None:
        by_fire = self.burning and leaf.door.fire_release
        cut = leaf.door.lock is Lock.FAIL_SAFE and (by_fire or leaf.glass_until_ns > self.world.now_ns)
        if cut == leaf.power_cut:
            return
        leaf.power_cut = cut
        leaf.disturbed_ns = self.world.now_ns
        leaf.metal.fire(cut, self.world.now_ns)
        self.trace.see(See.POWER, door=leaf.door.id, cut=cut)
        self.advance(leaf.door.id)

    def _edges(self, edges: list[Edge], lines: dict[str, str]) -> None:
        for edge in edges:
            self._edge(lines[edge.terminal], edge.active)
        if edges and self.faults.chance("bounce"):
            line, level = lines[edges[-1].terminal], edges[-1].active
            rng = self.world.stream("fault bounce")
            self.trace.see(See.FAULT, fault="bounce", at=line, on=True)
            for at_ms in sorted(rng.sample(range(20, 400), 6)):
                self.world.after(at_ms * MS, lambda: self._edge(line, not self.levels[line]))
            self.world.after(401 * MS, lambda: self._end_bounce(line, level))

    def _end_bounce(self, line: str, level: bool) -> None:
        self._edge(line, self._true_level(line, level))
        self.trace.see(See.FAULT, fault="bounce", at=line, on=False)

    def _true_level(self, line: str, otherwise: bool) -> bool:
        for leaf in self.leaves.values():
            if line == leaf.door.contact:
                return leaf.open
            if line == leaf.door.exit_button:
                return False
        return otherwise

    def _edge(self, line: str, active: bool) -> None:
        if self.levels[line] != active:
            self.levels[line] = active
            self.on_edge(line, active)
