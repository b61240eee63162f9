"""Wiring names → driver classes, imported on first use, because hardware libraries are slow or absent off a Pi."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

Kind = Literal["lines", "osdp", "display", "qr", "speaker", "recorder"]


@dataclass(frozen=True, slots=True)
class Wiring:
    """How one word of the wiring file is understood."""

    kind: Kind
    target: str  # module:Class
    options: tuple[str, ...]  # besides the device id, which always comes first
    required: tuple[str, ...]


WIRINGS: Mapping[str, Wiring] = {
    "gpio": Wiring("lines", "edge.drivers.lines_gpio:GpioLines", ("lines", "poll_s"), ("lines",)),
    "socket": Wiring(
        "lines", "edge.drivers.lines_socket:SocketLines", ("address", "lines", "poll_s", "answer_s", "retry_s"), ("address", "lines")
    ),
    "osdp": Wiring("osdp", "edge.drivers.osdp_bus:OsdpBus", ("port", "readers", "baud"), ("port", "readers")),
    "sign": Wiring(
        "display", "edge.drivers.sign_serial:SerialSign", ("port", "address", "baud", "columns", "answer_s", "ping_s"), ("port",)
    ),
    "kiosk": Wiring("display", "edge.drivers.kiosk_http:HttpKiosk", ("host", "port", "page_required"), ()),
    "qr": Wiring(
        "qr", "edge.drivers.qr_camera:QrCamera", ("url", "fps", "keyframes_only", "forget_s", "stall_s", "retry_s"), ("url",)
    ),
    "speaker": Wiring("speaker", "edge.drivers.speaker_player:PlayerSpeaker", ("folder", "player", "suffix"), ("folder",)),
    "recorder": Wiring("recorder", "edge.recording:RecorderPool", ("evidence", "cameras"), ("evidence", "cameras")),
}  # fmt: skip


class WiringError(ValueError):
    """One entry of the wiring cannot be used.  The text has place, fault and remedy; the caller adds the file."""


def check_wiring(device: str, entry: object) -> tuple[Wiring, dict[str, Any]]:
    """The wiring and options of one entry.  Raises WiringError."""
    place = f"wiring.{device}"
    if not isinstance(entry, dict):
        raise WiringError(f'{place}: this is no table; write {{"driver": …}}')
    options = {key: value for key, value in entry.items() if key != "driver"}
    wiring = WIRINGS.get(str(entry.get("driver")))
    if wiring is None:
        raise WiringError(f"{place}.driver: {entry.get('driver')!r} is no driver; drivers: {', '.join(WIRINGS)}")
    for option in options:
        if option not in wiring.options:
            known = ", ".join(wiring.options)
            raise WiringError(f"{place}.{option}: driver {entry['driver']} has no such option; options: {known}")
    for option in wiring.required:
        if option not in options:
            raise WiringError(f"{place}: {option} is missing; driver {entry['driver']} needs {', '.join(wiring.required)}")
    return wiring, options


def load_class(wiring: Wiring) -> Callable[..., Any]:
    """The driver's class."""
    module, _, name = wiring.target.partition(":")
    found: Callable[..., Any] = getattr(import_module(module), name)
    return found


def build(device: str, wiring: Wiring, options: Mapping[str, Any]) -> Any:
    """The driver of one entry.  Raises WiringError for options that it does not take."""
    place = f"wiring.{device}"
    options = dict(options)
    driver = load_class(wiring)
    try:
        if wiring.kind == "osdp":
            options["readers"] = [_reader_slot(place, index, reader) for index, reader in enumerate(options["readers"])]
        if "retry_s" in options:
            options["retry_s"] = tuple(options["retry_s"])
        inspect.signature(driver).bind(device, **options)
        return driver(device, **options)
    except WiringError:
        raise
    except (TypeError, ValueError) as fault:
        raise WiringError(f"{place}: {fault}; mend the entry") from fault


def _reader_slot(place: str, index: int, reader: Any) -> Any:
    from edge.drivers.osdp_slot import ReaderSlot

    where = f"{place}.readers[{index}]"
    try:
        return ReaderSlot(reader["device"], reader["address"], bytes.fromhex(reader["scbk"]))
    except (KeyError, TypeError) as fault:
        raise WiringError(f"{where}: {fault} is missing or of the wrong kind; write device, address and scbk (32 hex digits)") from None
    except ValueError as fault:
        raise WiringError(f"{where}: {fault}") from None
