"""One reader of a bus: its place on the line, what is known of it, and what waits to be said to it."""

import time
from collections import deque
from dataclasses import dataclass, field

from edge.drivers.osdp_answer import GRANTED, REFUSED, Answer
from edge.drivers.osdp_frames import CCRYPT, Frame
from edge.drivers.osdp_watch import Link, new_link, note_asked, note_heard, note_misheard
from edge.drivers.protocols import DeviceError, Emit

_SCBK_D = bytes(range(0x30, 0x40))  # the key that every reader ships with
_MAX_ADDRESS = 126  # 127 is the broadcast address
_ANSWERS_WAITING = 4


@dataclass(frozen=True, slots=True)
class ReaderSlot:
    """A reader as the venue file has it.  The key is its own, written into it when it was provisioned."""

    device: str
    address: int
    scbk: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not 0 <= self.address <= _MAX_ADDRESS:
            raise ValueError(f"{self.device}: OSDP address {self.address} is not in 0…{_MAX_ADDRESS}")
        if len(self.scbk) != 16:
            raise ValueError(f"{self.device}: an SCBK has 16 bytes, not {len(self.scbk)}")
        if self.scbk == _SCBK_D or len(set(self.scbk)) == 1:
            raise ValueError(f"{self.device}: this SCBK is public knowledge; make one with secrets.token_bytes(16)")


class SlotState:
    """The living side of a slot.  Only the bus thread writes `link`; other threads may look at it and leave answers."""

    def __init__(self, slot: ReaderSlot) -> None:
        self.slot = slot
        self.link: Link = new_link(time.monotonic_ns())
        self.answers: deque[tuple[int, Answer]] = deque(maxlen=_ANSWERS_WAITING)
        self.tampered = False

    def forget(self) -> None:
        """The line is released: the reader is not connected, and its next connection is news."""
        self.link = new_link(time.monotonic_ns())
        self.answers.clear()
        self.tampered = False

    def asked(self) -> None:
        self.link = note_asked(self.link, time.monotonic_ns())

    def heard(self, frame: Frame) -> None:
        if frame.reply and frame.address == self.slot.address:
            self.link = note_heard(self.link, frame.code == CCRYPT, time.monotonic_ns())

    def misheard(self) -> None:
        self.link = note_misheard(self.link)

    def say(self, answer: Answer) -> None:
        self.answers.append((time.monotonic_ns(), answer))


class OsdpReader:
    """The `Reader` that the agent holds.  It lives and dies with its bus, so `start` and `stop` have nothing to do."""

    def __init__(self, state: SlotState) -> None:
        self._state = state

    def start(self, emit: Emit) -> None:
        """Reads are emitted by the bus."""

    def stop(self) -> None:
        """The bus releases the line."""

    def answer(self, granted: bool) -> None:
        if not self._state.link.secure:
            raise DeviceError(f"{self._state.slot.device}: not connected, so its lamp cannot be set; see the reader's health for the cause")
        self._state.say(GRANTED if granted else REFUSED)
