"""The agent's own file: where its commissioning record, data and broker are, and how its devices are attached.

    {"commission": "commission.json", "data": "data",
     "broker": {"host": "10.0.0.2", "port": 8883, "user": "front", "identity": "."},
     "wiring": {"front-io": {"driver": "socket", "address": "unix:/run/io.sock", "lines": {"d1.strike": {"direction": "out"}, …}}}}

`identity` is the commissioning folder with the board's first key; on a broker of this machine alone, `password` stands in its place.
Paths are relative to the file.  Every error names the file, the place, the fault and the way out.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge.core.site import input_lines, output_lines
from edge.shell.drivers import Wiring, WiringError, check_wiring
from venue_model.commissioning import Commission, decode_commission
from venue_model.venue import DeviceKind


class ConfigError(ValueError):
    """The agent cannot start with this file."""


@dataclass(frozen=True, slots=True)
class Broker:
    """The way to the venue's broker."""

    host: str
    port: int
    user: str
    password: str = field(default="", repr=False)
    identity: Path | None = None  # commissioning folder: TLS with a certificate


@dataclass(frozen=True, slots=True)
class EdgeConfig:
    """Everything from outside that an agent runs on."""

    source: str
    commission: Commission
    commissioned: str  # SHA-256 of the commissioning file
    data: Path
    broker: Broker
    wiring: Mapping[str, tuple[Wiring, Mapping[str, Any]]]
    record: bytes = field(default=b"", repr=False)  # the commissioning file itself


def load_config(path: Path, commission: Path | None = None) -> EdgeConfig:
    """Read and check the file and the commissioning record; `commission` stands in the place of the one that the file names.

    Raises ConfigError.
    """
    raw = _read_json(path)
    known = {"commission", "data", "broker", "wiring"}
    for key in raw:
        if key not in known:
            raise ConfigError(f"{path}: {key}: no such entry; entries: {', '.join(sorted(known))}")
    commission_path = commission or path.parent / _text(path, raw, "commission", "the path of the commissioning record")
    try:
        record = commission_path.read_bytes()
    except OSError as fault:
        raise ConfigError(f"{path}: commission: {commission_path} cannot be read ({fault.strerror}); commission the board") from None
    try:
        held = decode_commission(record, str(commission_path))
    except ValueError as fault:
        raise ConfigError(str(fault)) from None
    broker = _broker(path, raw.get("broker"))
    if broker.user != held.agent:
        raise ConfigError(f"{path}: broker.user: {broker.user!r} is not the agent's id; write {held.agent!r}")
    data = path.parent / _text(path, raw, "data", "the folder for the journal")
    wiring = _wiring(path, raw.get("wiring", {}))
    check_lines(path, held, wiring)
    prompt_lines(held, wiring)
    return EdgeConfig(str(path), held, hashlib.sha256(record).hexdigest(), data, broker, wiring, record)


def check_lines(path: Path, commission: Commission, wiring: Mapping[str, tuple[Wiring, Mapping[str, Any]]]) -> None:
    """Every line of the board's doors and devices is wired exactly once, in the right direction."""
    wired: dict[str, tuple[str, str]] = {}
    for device, (kind, options) in wiring.items():
        if kind.kind != "lines":
            continue
        lines = options["lines"]
        if not isinstance(lines, dict):
            raise ConfigError(f"{path}: wiring.{device}.lines: this is no table; name each line with its direction")
        for line, entry in lines.items():
            if line in wired:
                raise ConfigError(f"{path}: wiring.{device}.lines.{line}: already wired by {wired[line][0]}; remove one of them")
            wired[line] = (device, str(entry.get("direction", "")) if isinstance(entry, dict) else "")
    needed = [(line, "out") for line in output_lines(commission)] + [(line, "in") for line in input_lines(commission)]
    for line, direction in needed:
        if line not in wired:
            raise ConfigError(f'{path}: wiring: line {line} of board {commission.agent} is not wired; add it with direction "{direction}"')
        device, found = wired[line]
        if found != direction:
            raise ConfigError(f'{path}: wiring.{device}.lines.{line}.direction: {found!r} is wrong for this line; write "{direction}"')


def prompt_lines(commission: Commission, wiring: Mapping[str, tuple[Wiring, Mapping[str, Any]]]) -> None:
    """Exit buttons and fire inputs count from their first edge, unless the file says otherwise: a person or a fire must not wait."""
    prompt = {door.exit_button for door in commission.doors} | {d.id for d in commission.devices if d.kind is DeviceKind.FIRE_INPUT}
    for kind, options in wiring.values():
        if kind.kind == "lines":
            for line in prompt & options["lines"].keys():
                options["lines"][line].setdefault("fast_assert", True)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        raw = json.loads(path.read_text("utf-8"))
    except OSError as fault:
        raise ConfigError(f"{path}: cannot be read ({fault.strerror}); give the right file with --config") from None
    except ValueError as fault:
        raise ConfigError(f"{path}: not JSON ({fault}); mend the line") from None
    if not isinstance(raw, dict):
        raise ConfigError(f"{path}: file: a table is expected; begin with {{")
    return raw


def _text(path: Path, raw: Mapping[str, Any], key: str, what: str) -> str:
    value = raw.get(key)
    if not isinstance(value, str) or not value:
        raise ConfigError(f"{path}: {key}: missing or no text; write {what}")
    return value


def _broker(path: Path, raw: object) -> Broker:
    if not isinstance(raw, dict):
        raise ConfigError(f"{path}: broker: missing; write host, port, user and identity")
    port = raw.get("port", 8883 if "identity" in raw else 1883)
    if type(port) is not int or not 0 < port < 65_536:
        raise ConfigError(f"{path}: broker.port: {port!r} is no port; write a number from 1 to 65535")
    needed = ("host", "user", "identity" if "identity" in raw else "password")
    for key in needed:
        if not isinstance(raw.get(key), str):
            raise ConfigError(f"{path}: broker.{key}: missing or no text; write it")
    host, user, secret = (str(raw[key]) for key in needed)
    if "identity" in raw:
        return Broker(host, port, user, identity=path.parent / secret)
    return Broker(host, port, user, secret)


def _wiring(path: Path, raw: object) -> dict[str, tuple[Wiring, Mapping[str, Any]]]:
    if not isinstance(raw, dict):
        raise ConfigError(f"{path}: wiring: this is no table; name each device with its driver")
    try:
        return {device: check_wiring(device, entry) for device, entry in raw.items()}
    except WiringError as fault:
        raise ConfigError(f"{path}: {fault}") from None
