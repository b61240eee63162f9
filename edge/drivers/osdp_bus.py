"""The driver of one RS-485 line with one to four OSDP readers: start, stop, and the thread that survives everything."""

import logging
import threading
from collections.abc import Sequence

from edge.drivers.osdp_session import OsdpSession, require_libosdp
from edge.drivers.osdp_slot import OsdpReader, ReaderSlot, SlotState
from edge.drivers.protocols import Emit

log = logging.getLogger(__name__)

MAX_READERS = 4  # with more, one lost exchange delays the others' cards by over a second
_RESTART_S = 1.0


class OsdpBus:
    """Serial port, control panel and readers, run by one thread.  `device` names the line itself in health events."""

    def __init__(self, device: str, port: str, readers: Sequence[ReaderSlot], baud: int = 9600) -> None:
        if not 1 <= len(readers) <= MAX_READERS:
            raise ValueError(f"{device}: {len(readers)} readers on one OSDP line, 1…{MAX_READERS} work; use a second line")
        _require_distinct(device, "address", [str(reader.address) for reader in readers])
        _require_distinct(device, "device id", [reader.device for reader in readers])
        self._device = device
        self._port = port
        self._baud = baud
        self._states = [SlotState(slot) for slot in readers]
        self._readers = {state.slot.device: OsdpReader(state) for state in self._states}
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def reader(self, device: str) -> OsdpReader:
        """The reader with this device id; KeyError when the line has none such."""
        return self._readers[device]

    def start(self, emit: Emit) -> None:
        """Raises `DeviceError` when libosdp is not installed; everything else is told by `DeviceHealth`."""
        if self._thread is not None:
            return
        require_libosdp(self._device)
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, args=(emit,), name=f"osdp {self._device}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        if self._thread is None:
            return
        self._stopping.set()
        self._thread.join()
        self._thread = None
        for state in self._states:
            state.forget()

    def _run(self, emit: Emit) -> None:
        """Serve until stopped.  A fault of our own costs a second and a fresh session, never the thread."""
        while not self._stopping.is_set():
            session = None
            try:
                session = OsdpSession(self._device, self._port, self._baud, self._states, emit)
                while not self._stopping.is_set():
                    session.turn()
            except Exception:
                log.exception("%s: restarting the OSDP session in %s s", self._device, _RESTART_S)
                self._stopping.wait(_RESTART_S)
            finally:
                if session is not None:
                    session.close()


def _require_distinct(device: str, noun: str, values: Sequence[str]) -> None:
    doubled = {value for value in values if values.count(value) > 1}
    if doubled:
        raise ValueError(f"{device}: two readers have the {noun} {', '.join(sorted(doubled))}; give each its own")
