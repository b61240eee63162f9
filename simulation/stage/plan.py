"""How the virtual venue is attached: which board has which socket, serial line, kiosk port and camera.

One plan is read by both sides: the hardware process builds the far ends from it, the agents get their wiring from it.
"""

import hashlib
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from venue_model.commissioning import Commission
from venue_model.ids import BoardId, DeviceId
from venue_model.venue import DeviceKind, Venue

READERS_A_BUS = 4


@dataclass(frozen=True, slots=True)
class BusPlan:
    """One RS-485 line: reader device ids in order of their address."""

    id: str
    port: Path
    readers: tuple[DeviceId, ...]


@dataclass(frozen=True, slots=True)
class StagePlan:
    """Paths are under one run folder; Unix socket paths must stay short (108 bytes), so the folder should be."""

    venue: Venue
    folder: Path
    pace: float  # how fast people and door closers are: 1 is real time, 0.25 four times as fast

    def lines_socket(self, board: BoardId) -> Path:
        """Where a board's lines are."""
        return self.folder / f"{board}.lines"

    def sign_port(self, sign: DeviceId) -> Path:
        """A sign's serial port."""
        return self.folder / f"{sign}.tty"

    def buses(self, board: BoardId) -> tuple[BusPlan, ...]:
        """A board's reader lines, at most four readers each."""
        readers = [d.id for d in self.venue.devices_of_board(board) if d.kind is DeviceKind.READER]
        groups = [readers[i : i + READERS_A_BUS] for i in range(0, len(readers), READERS_A_BUS)]
        return tuple(BusPlan(f"{board}-bus{n}", self.folder / f"{board}-bus{n}.tty", tuple(g)) for n, g in enumerate(groups, 1))

    @property
    def cameras(self) -> tuple[DeviceId, ...]:
        """Everything that streams."""
        return tuple(d.id for d in self.venue.devices.values() if d.kind in (DeviceKind.CAMERA, DeviceKind.QR_CAMERA))


def free_ports(count: int) -> list[int]:
    """Ports that nobody holds at this moment."""
    held = [socket.socket() for _ in range(count)]
    for one in held:
        one.bind(("127.0.0.1", 0))
    ports = [int(one.getsockname()[1]) for one in held]
    for one in held:
        one.close()
    return ports


def reader_key(reader: DeviceId) -> bytes:
    """A virtual reader's secure-channel key.  Virtual readers are nobody's secret; real ones get `secrets.token_bytes(16)`."""
    return hashlib.sha256(b"bidhall virtual reader " + reader.encode()).digest()[:16]


def wiring(
    plan: StagePlan, board: BoardId, record: Commission, camera_urls: dict[str, str], kiosk_ports: dict[DeviceId, int], evidence: Path
) -> dict[str, Any]:
    """The `wiring` table of one agent's configuration."""
    from edge.core.site import input_lines, output_lines

    table: dict[str, Any] = {}
    fast = {door.exit_button for door in record.doors} | {d.id for d in record.devices if d.kind is DeviceKind.FIRE_INPUT}
    lines: dict[str, Any] = {name: {"direction": "out"} for name in output_lines(record)}
    lines |= {name: {"direction": "in", **({"fast_assert": True} if name in fast else {})} for name in input_lines(record)}
    if lines:
        table[f"{board}-lines"] = {"driver": "socket", "address": f"unix:{plan.lines_socket(board)}", "lines": lines}
    for bus in plan.buses(board):
        slots = [{"device": r, "address": n, "scbk": reader_key(r).hex()} for n, r in enumerate(bus.readers)]
        table[bus.id] = {"driver": "osdp", "port": str(bus.port), "baud": 115200, "readers": slots}
    cameras = {}
    for device in record.devices:
        match device.kind:
            case DeviceKind.SIGN:
                table[device.id] = {"driver": "sign", "port": str(plan.sign_port(device.id)), "columns": 40}
            case DeviceKind.KIOSK:
                table[device.id] = {"driver": "kiosk", "port": kiosk_ports[device.id], "page_required": False}
            case DeviceKind.QR_CAMERA:
                table[device.id] = {"driver": "qr", "url": camera_urls[device.id]}
            case DeviceKind.CAMERA:
                cameras[device.id] = camera_urls[device.id]
    if cameras:
        table[f"{board}-recorder"] = {"driver": "recorder", "evidence": str(evidence), "cameras": cameras}
    return table
