"""The hardware process: everything that a venue's boards are wired to, but the cameras, under one control socket.

`python -m simulation.stage.hardware VENUE FOLDER [--pace P]` prints one JSON line when all of it is there.  Control: JSON lines on
`FOLDER/hardware.sock`, one answer a line: the commands of `HardwareRack`, and `card {reader, card, bits}`, `lamp {reader}`,
`cut {bus, seconds}`, `corrupt {bus}`, `truncate {bus}`.
"""

import argparse
import asyncio
import json
import random
import signal
import sys
from pathlib import Path
from typing import Any

from simulation.hardware.board import VirtualBoard
from simulation.hardware.door import VirtualDoor
from simulation.hardware.led_sign import VirtualSign
from simulation.hardware.locker import VirtualLocker
from simulation.hardware.osdp_reader import VirtualReader
from simulation.hardware.rack import HardwareRack
from simulation.hardware.serial_bus import SerialBus
from simulation.stage.plan import StagePlan, reader_key
from venue_model.ids import BoardId
from venue_model.tools.files import read_venue
from venue_model.venue import DeviceKind, Lock

CONTROL = "hardware.sock"


class Bus:
    """A reader line in the rack."""

    def __init__(self, line: SerialBus) -> None:
        self.line = line

    def stop(self) -> None:
        """Unplug it for good."""
        self.line.close()


class Reader:
    """A reader in the rack."""

    def __init__(self, reader: VirtualReader) -> None:
        self.reader = reader

    def state(self) -> dict[str, Any]:
        """What a person at the door sees."""
        return {"lamp": self.reader.lamp, "connected": self.reader.connected}


class Sign(VirtualSign):
    """A sign with a stable port name."""

    def __init__(self, name: str, link: Path) -> None:
        super().__init__(name)
        self._link = link

    def start(self) -> None:
        """Power on and plug in."""
        super().start()
        self._link.unlink(missing_ok=True)
        self._link.symlink_to(self.port)


def build(plan: StagePlan, rng: random.Random) -> HardwareRack:
    """The rack of a venue."""
    rack = HardwareRack()
    for board in plan.venue.boards:
        _add_board(rack, plan, board, rng)
        for bus in plan.buses(board):
            line = SerialBus(bus.port)
            rack.add("bus", bus.id, Bus(line))
            for address, name in enumerate(bus.readers):
                reader = VirtualReader(address, reader_key(name), address + 1)
                line.attach(reader)
                rack.add("reader", name, Reader(reader))
    for device in plan.venue.devices.values():
        if device.kind is DeviceKind.SIGN:
            rack.add("sign", device.id, Sign(device.id, plan.sign_port(device.id)))
    rack.teach("card", "reader", lambda r, c: r.reader.present(bytes.fromhex(c["card"]), int(c.get("bits", len(c["card"]) * 4))))
    rack.teach("lamp", "reader", lambda r, c: r.state())
    rack.teach("cut", "bus", lambda b, c: b.line.cut(float(c["seconds"])))
    rack.teach("corrupt", "bus", lambda b, c: b.line.corrupt_reply())
    rack.teach("truncate", "bus", lambda b, c: b.line.truncate_reply())
    return rack


def _add_board(rack: HardwareRack, plan: StagePlan, board: BoardId, rng: random.Random) -> None:
    venue = plan.venue
    devices = venue.devices_of_board(board)
    doors = venue.doors_of_board(board)
    fire = next((d.id for d in devices if d.kind is DeviceKind.FIRE_INPUT), None)
    box = VirtualBoard(f"{board}-lines", f"unix:{plan.lines_socket(board)}", fire_line=fire)
    for door in doors:
        metal = VirtualDoor(rng, fail_safe=door.lock is Lock.FAIL_SAFE and door.fire_release, pace=plan.pace)
        box.wire(metal, {"strike": door.strike, "contact": door.contact, "exit": door.exit_button})
        rack.add("door", door.id, metal)
    for device in devices:
        if device.kind is DeviceKind.LOCKER:
            locker = VirtualLocker(rng, pace=plan.pace)
            box.wire(locker, {"lock": f"{device.id}.lock", "contact": f"{device.id}.closed"}, inverted=["contact"])
            rack.add("locker", device.id, locker)
        if device.kind is DeviceKind.LIGHT:
            box.add_lamp(f"{device.id}.on")
        if device.kind is DeviceKind.NETWORK:
            box.add_lamp(f"{device.id}.cut")
    rack.add("board", board, box)


async def serve(plan: StagePlan, seed: int) -> None:
    """Run until SIGTERM."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    rack = build(plan, random.Random(seed))
    await rack.start()
    path = plan.folder / CONTROL
    path.unlink(missing_ok=True)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(json.dumps(await _obey(rack, line), ensure_ascii=False).encode() + b"\n")
                await writer.drain()
        except ConnectionError:
            pass  # whoever asked has gone
        finally:
            writer.close()

    server = await asyncio.start_unix_server(talk, path)
    print(json.dumps({"control": str(path)}), flush=True)
    await stop.wait()
    server.close()
    await rack.stop()


async def _obey(rack: HardwareRack, line: bytes) -> dict[str, Any]:
    try:
        command = json.loads(line)
        return await rack.do(command if isinstance(command, dict) else {})
    except (ValueError, KeyError, TypeError) as error:
        return {"ok": False, "error": f"{type(error).__name__}: {error}"}


def main(argv: list[str] | None = None) -> int:
    """The process."""
    parser = argparse.ArgumentParser(prog="python -m simulation.stage.hardware", description=__doc__)
    parser.add_argument("venue", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pace", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(argv)
    asyncio.run(serve(StagePlan(read_venue(options.venue), options.folder, options.pace), options.seed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
