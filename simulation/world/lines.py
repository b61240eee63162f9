"""The driver of a board's lines in virtual time: the real debouncing over the metal's edges, and a board that may vanish."""

from edge.core.debounce import DebouncedLine, SettleRule, step_level, wake_ns
from edge.drivers.protocols import DeviceError, DeviceHealth, Emit, LineChanged
from simulation.world.clocks import MachineClock
from simulation.world.contract import Faults, See
from simulation.world.kernel import Alarm, Trace, World
from simulation.world.metal import MetalBoard

SETTLE = SettleRule()
FAST = SettleRule(fast_assert=True)


class PowerCut(BaseException):
    """The machine loses power at this very line of the program.  Nothing in the product may catch it."""


class VirtualLines:
    """One life of the driver (`edge.drivers.protocols.Lines`) over metal that stays."""

    def __init__(self, world: World, trace: Trace, faults: Faults, clock: MachineClock, metal: MetalBoard, device: str) -> None:
        self.device = device
        self.away = False
        self.cut_at_next_set = False
        self._world = world
        self._trace = trace
        self._faults = faults
        self._clock = clock
        self._metal = metal
        self._emit: Emit = lambda _: None
        self._stuck: set[str] = set()
        self._lost: dict[str, int] = {}  # lines of which the last change was not told → how often they must be read to be believed
        fast = {*metal.fire_lines, *(leaf.door.exit_button for leaf in metal.leaves.values())}
        self._rules = {line: FAST if line in fast else SETTLE for line in metal.levels}
        self._lines = {line: DebouncedLine(level, level) for line, level in metal.levels.items()}
        self._alarms = {line: Alarm(world, lambda name=line: self._look(name, False)) for line in metal.levels}  # type: ignore[misc]

    @property
    def names(self) -> frozenset[str]:
        """The inputs; outputs are added by who wires the board."""
        return frozenset(self._lines)

    @property
    def doubtful(self) -> bool:
        """True while an input is otherwise than told: the agent finds it by reading again."""
        return bool(self._lost) and not self.away

    # what the agent asks

    def start(self, emit: Emit) -> None:
        self._emit = emit
        self._metal.on_edge = lambda line, _: self._look(line, True)
        self._health()

    def stop(self) -> None:
        self._metal.on_edge = lambda line, active: None
        for alarm in self._alarms.values():
            alarm.clear()
        self._metal.drop_outputs()

    def set(self, output: str, active: bool) -> None:
        if self.cut_at_next_set:
            raise PowerCut
        if self.away:
            raise DeviceError(f"line {output}: the board does not answer; check its cable")
        self._metal.drive(output, active)

    def read(self, input_line: str) -> bool:
        if self.away or input_line not in self._lines:
            raise DeviceError(f"{input_line} cannot be read")
        if input_line in self._lost:
            self._lost[input_line] -= 1
            if not self._lost[input_line]:
                del self._lost[input_line]
                self._trace.see(See.FAULT, fault="bounce", at=input_line, on=False)
        return self._lines[input_line].settled

    # what happens to it

    def vanish(self) -> None:
        """The board drops off: its relays fall back at once, the agent hears of it a moment later."""
        self.away = True
        self._metal.drop_outputs()
        self._world.after(self._world.stream("fault lines-lost").randint(200, 1_500) * 1_000_000, self._health)

    def come_back(self) -> None:
        """It answers again, with its inputs as they are now."""
        self.away = False
        self._lines = {line: DebouncedLine(level, level) for line, level in self._metal.levels.items()}
        self._health()

    def stick(self, line: str) -> None:
        """A contact does not move any more."""
        self._stuck.add(line)

    def loosen(self, line: str) -> None:
        """It moves again: its level is what it should be."""
        self._stuck.discard(line)
        self._look(line, True)

    def _health(self) -> None:
        code, detail = ("offline", "no answer") if self.away else ("online", "answers")
        self._emit(DeviceHealth(self.device, not self.away, code, detail, self._clock.now().mono_ns))

    def _look(self, line: str, edge: bool) -> None:
        if self.away or line in self._stuck:
            return
        now_ns = self._world.now_ns
        before = self._lines[line]
        after, changed = step_level(before, self._rules[line], self._metal.levels[line], now_ns, edge=edge)
        self._lines[line] = after
        if changed:
            if self._faults.rate("bounce") and self._world.stream("fault lost edge").random() < 0.05 * self._faults.rate("bounce"):
                self._lost[line] = 2
                self._trace.see(See.FAULT, fault="bounce", at=line, on=True)
            else:
                self._emit(LineChanged(line, after.settled, self._clock.now().mono_ns))
        moment_ns = wake_ns(after, self._rules[line])
        if moment_ns is not None:
            self._alarms[line].set(max(moment_ns, now_ns + 1))
