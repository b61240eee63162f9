"""`bidhall device test`: does the thing on the desk keep what its driver promises (edge/drivers/protocols.py)?  Each promise is one check.

It runs with the very driver and options of the agent's file, so a mechanic learns at the desk what would fail in the corridor.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, cast

from edge.drivers.protocols import DeviceError, DeviceEvent, DeviceHealth, Display, Driver, Lines, Reader
from edge.shell.drivers import Wiring, WiringError, build

QUICK_S = 2.0  # "returns quickly": a door's agent starts all its drivers one after the other
THERE_S = 15.0  # an RTSP camera takes up to 10 s for its first picture, an OSDP reader 3 s for its secure channel
STOP_S = 10.0
PULSE_S = 0.5
SHOWN = (("标厅 bidhall", "设备测试 device test"), ("开标室 1", "Opening room 1", "12:34"))


@dataclass(frozen=True, slots=True)
class Check:
    """One promise, and what came of it; `fault` empty: kept."""

    promise: str
    fault: str = ""


def check_device(device: str, wiring: Wiring, options: Mapping[str, Any], *, drive: bool = False) -> Iterator[Check]:
    """Try one entry of the wiring.  `drive`: outputs are switched on for half a second, so that a strike can be heard."""
    if wiring.kind == "recorder":
        yield Check("录像机没有驱动约定 a recorder has no driver contract", "test each camera's RTSP address as a qr entry")
        return
    try:
        driver: Driver = build(device, wiring, options)
    except (WiringError, DeviceError, OSError) as fault:
        yield Check("可以建立 can be built", str(fault))
        return
    ear = _Ear()
    began_s = time.monotonic()
    try:
        driver.start(ear.queue.put)
    except Exception as fault:
        yield Check("启动不抛出异常 start raises nothing", f"{type(fault).__name__}: {fault}")
        return
    try:
        took_s = time.monotonic() - began_s
        yield Check("启动很快返回 start returns quickly", f"it took {took_s:.1f} s" if took_s > QUICK_S else "")
        names = {device, *(str(reader["device"]) for reader in options.get("readers", ()))}
        yield from _present(names, ear)
        match wiring.kind:
            case "lines":
                yield from _lines(cast(Lines, driver), options["lines"], drive)
            case "display":
                yield from _display(cast(Display, driver))
            case "osdp":
                yield from _readers(driver, options["readers"])
            case _:
                pass  # what a camera sees or a loudspeaker says, a person must judge: it is there, or it is not
        yield _stamped(ear.all(), names | set(options.get("lines", ())))
    finally:
        yield _stopped(driver)


class _Ear:
    """Everything that a driver has told, kept."""

    def __init__(self) -> None:
        self.queue: SimpleQueue[DeviceEvent] = SimpleQueue()
        self._kept: list[DeviceEvent] = []

    def heard(self, fits: Callable[[DeviceEvent], bool], within_s: float) -> DeviceEvent | None:
        """The first that fits, waiting for it; None when none came in time."""
        until_s = time.monotonic() + within_s
        while True:
            found = next((event for event in self._kept if fits(event)), None)
            if found is not None:
                return found
            try:
                self._kept.append(self.queue.get(timeout=max(0.0, until_s - time.monotonic())))
            except Empty:
                return None

    def all(self) -> list[DeviceEvent]:
        """What was told up to now."""
        while not self.queue.empty():
            self._kept.append(self.queue.get())
        return self._kept


def _present(names: set[str], ear: _Ear) -> Iterator[Check]:
    """Everything of this entry says that it is there; what is absent says so, and why, instead of staying silent."""
    for name in sorted(names):
        well = ear.heard(partial(_is_well, name), THERE_S)
        if well is not None:
            yield Check(f"{name} 在线 is there")
            continue
        said = ear.heard(partial(_speaks_of, name), 0.0)
        if isinstance(said, DeviceHealth):
            yield Check(f"{name} 在线 is there", f"{said.code}: {said.detail}")
        elif len(names) == 1 or not name.endswith("bus"):
            yield Check(f"{name} 在线 is there", f"it has said nothing within {THERE_S:.0f} s; look at its supply and wires")


def _lines(lines: Lines, table: Mapping[str, Any], drive: bool) -> Iterator[Check]:
    for name, entry in table.items():
        direction = entry["direction"] if isinstance(entry, Mapping) else entry.direction
        if direction == "in":
            yield _tried(f"{name} 可读 can be read", partial(lines.read, name))
            continue
        yield _tried(f"{name} 可重复置低 can be made inactive, twice", partial(_secure_twice, lines, name))
        if drive:
            yield _tried(f"{name} 动作半秒 is active for half a second", partial(_pulse, lines, name))
    try:
        lines.set("no-such-line", False)
    except (DeviceError, ValueError, KeyError):
        yield Check("未接的线会被拒绝 a line that is not wired is refused")
    else:
        yield Check("未接的线会被拒绝 a line that is not wired is refused", "set('no-such-line') raised nothing")


def _is_well(name: str, event: DeviceEvent) -> bool:
    return isinstance(event, DeviceHealth) and event.device == name and event.ok


def _speaks_of(name: str, event: DeviceEvent) -> bool:
    return isinstance(event, DeviceHealth) and event.device == name


def _secure_twice(lines: Lines, name: str) -> None:
    lines.set(name, False)
    lines.set(name, False)


def _pulse(lines: Lines, name: str) -> None:
    lines.set(name, True)
    time.sleep(PULSE_S)
    lines.set(name, False)


def _display(display: Display) -> Iterator[Check]:
    for shown in SHOWN:
        yield _tried(f"显示 shows {' | '.join(shown)}", partial(display.show, shown, colour="green"))
    yield _tried("红色并闪烁 shows red, urgently", partial(display.show, SHOWN[0], colour="red", urgent=True))


def _readers(bus: Any, slots: Any) -> Iterator[Check]:
    for slot in slots:
        reader = cast(Reader, bus.reader(slot["device"]))
        for granted in (True, False):
            word = "绿灯 green" if granted else "红灯 red"
            yield _tried(f"{slot['device']} {word}", partial(reader.answer, granted))


def _tried(promise: str, act: Callable[[], object]) -> Check:
    try:
        act()
    except DeviceError as fault:
        return Check(promise, str(fault))
    except Exception as fault:
        return Check(promise, f"{type(fault).__name__} instead of a DeviceError: {fault}")
    return Check(promise)


def _stamped(events: list[DeviceEvent], names: set[str]) -> Check:
    """Every event names a device of this entry and a moment that has been."""
    promise = "事件带本机单调时钟 events carry this board's monotonic time"
    for event in events:
        if event.mono_ns > time.monotonic_ns():
            return Check(promise, f"{type(event).__name__} of {event.device} is {(event.mono_ns - time.monotonic_ns()) / 1e9:.1f} s ahead")
        if event.device not in names:
            return Check(promise, f"{type(event).__name__} names {event.device}, which this entry does not have")
    return Check(promise)


def _stopped(driver: Driver) -> Check:
    promise = "停止及时,可重复 stop returns in time, and twice"
    began_s = time.monotonic()
    try:
        driver.stop()
        driver.stop()
    except Exception as fault:
        return Check(promise, f"{type(fault).__name__}: {fault}")
    took_s = time.monotonic() - began_s
    return Check(promise, f"it took {took_s:.1f} s" if took_s > STOP_S else "")
