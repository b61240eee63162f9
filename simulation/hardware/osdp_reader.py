"""A card reader that is not there: libosdp's real peripheral side on a `SerialBus`, with lamp and buzzer one can look at.

Like a real reader it keeps a card that nobody fetched and hands it over when the line is back, minutes later if need be.
"""

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_COLOURS = ("off", "red", "green", "amber", "blue", "magenta", "cyan", "white")  # libosdp's CommandLEDColor
_UNIT_S = 0.1  # OSDP counts lamp and buzzer times in 100 ms


@dataclass(frozen=True, slots=True)
class Tone:
    """A buzzer command as it arrived."""

    on_s: float
    off_s: float
    repeats: int  # 0: until told otherwise


@dataclass(frozen=True, slots=True)
class _Flash:
    on: str
    off: str
    on_s: float
    off_s: float
    begun: float
    until: float

    def colour(self, now: float) -> str:
        period_s = self.on_s + self.off_s
        return self.on if not period_s or (now - self.begun) % period_s < self.on_s else self.off


class VirtualReader:
    """Attach it to a `SerialBus`.  `present` and `tamper` may be called from any thread.

    Without a key it is as it comes out of the box: it takes the public key SCBK-D, and any new key from anyone.
    """

    def __init__(self, address: int, scbk: bytes | None, serial_number: int = 1) -> None:
        import osdp_sys
        from osdp import Capability, Command, Event, LibFlag, PDCapabilities, PdId, PDInfo, StatusReportType

        self.address = address
        self.tones: deque[Tone] = deque(maxlen=32)
        self._resting = _Flash("off", "off", 0, 0, 0, 0)
        self._flash: _Flash | None = None
        self._led, self._buzzer = Command.LED, Command.Buzzer
        self._card_read, self._status, self._local = Event.CardRead, Event.Status, StatusReportType.Local
        self._waiting: deque[dict[str, object]] = deque(maxlen=8)
        self._heard = bytearray()
        self._said = bytearray()
        identity = PdId(1, 1, 0x00B1D0, serial_number, 0x010000)
        flags = [LibFlag.InstallMode if scbk is None else LibFlag.EnforceSecure]
        info = PDInfo(address, _Wire(self._heard, self._said), scbk, f"PD-{address}", flags, identity)
        abilities = PDCapabilities(
            [
                (Capability.CardDataFormat, 1, 1),
                (Capability.LEDControl, 1, 1),
                (Capability.AudibleControl, 1, 1),
                (Capability.CheckCharacter, 1, 1),
                (Capability.CommunicationSecurity, 1, 1),
                (Capability.Readers, 1, 1),
            ]
        )
        osdp_sys.set_loglevel(osdp_sys.LOG_EMERG)
        self._device: Any = osdp_sys.PeripheralDevice(info.get(), capabilities=abilities.get())
        self._device.set_command_callback(self.obey)

    @property
    def lamp(self) -> str:
        """The colour that a person sees at this moment; "off" between flashes."""
        now = time.monotonic()
        flash = self._flash
        return flash.colour(now) if flash and now < flash.until else self._resting.colour(now)

    @property
    def connected(self) -> bool:
        """The reader believes that it has a secure session."""
        return bool(self._device.is_sc_active())

    def present(self, card: bytes, bits: int) -> None:
        """Hold a card before the reader."""
        self._waiting.append(
            {
                "event": self._card_read,
                "reader_no": 0,
                "direction": 0,
                "format": 1 if bits % 8 else 0,  # Wiegand frames are no whole bytes
                "length": bits,
                "data": card,
            }
        )

    def tamper(self, active: bool) -> None:
        """Open or close the housing."""
        self._waiting.append({"event": self._status, "type": self._local, "report": bytes([active, 0])})

    def hear(self, data: bytes) -> bytes:
        while self._waiting and self._device.submit_event(self._waiting[0]):
            self._waiting.popleft()
        self._heard += data
        self._device.refresh()
        while self._heard:
            self._device.refresh()
        said = bytes(self._said)
        self._said.clear()
        return said

    def tick(self) -> None:
        """libosdp forgets half a command after 200 ms, if it is asked to look."""
        self._device.refresh()

    def obey(self, command: Mapping[str, Any]) -> tuple[int, None]:
        """Called by libosdp inside `refresh`, where nothing may be raised."""
        if command["command"] == self._led:
            self._light(command)
        elif command["command"] == self._buzzer:
            self.tones.append(Tone(command["on_count"] * _UNIT_S, command["off_count"] * _UNIT_S, command["rep_count"]))
        return 0, None

    def _light(self, command: Mapping[str, Any]) -> None:
        now = time.monotonic()
        lasting_s = command.get("timer_count", 0) * _UNIT_S
        flash = _Flash(
            _COLOURS[command["on_color"]],
            _COLOURS[command["off_color"]],
            command["on_count"] * _UNIT_S,
            command["off_count"] * _UNIT_S,
            now,
            now + lasting_s,
        )
        if command["temporary"]:
            self._flash = flash
        else:
            self._flash, self._resting = None, flash


class _Wire:
    """libosdp's view of the line: two buffers."""

    id = 1

    def __init__(self, heard: bytearray, said: bytearray) -> None:
        self._heard = heard
        self._said = said

    def read(self, max_bytes: int) -> bytes:
        taken = bytes(self._heard[:max_bytes])
        del self._heard[:max_bytes]
        return taken

    def write(self, data: bytes) -> int:
        self._said += data
        return len(data)

    def flush(self) -> None:
        """Called before each reply.  Nothing is thrown away: the panel speaks only when it has its answer."""
