"""A multidrop serial line made of a pty: the edge opens `port` as it would a USB adapter, stations listen on the other side.

Everyone on the line hears everything, two who speak at once spoil each other's bytes, and hooks make the line as bad as
real ones are.
"""

import os
import select
import termios
import threading
import time
import tty
from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count, zip_longest
from pathlib import Path
from typing import Protocol

BITS_PER_BYTE = 10  # start bit, eight data bits, stop bit
_TICK_S = 0.1

Spoil = Callable[[bytes], bytes]


class Station(Protocol):
    """Something that listens on the line.  Called from the line's thread only."""

    def hear(self, data: bytes) -> bytes:
        """Take in what was on the line; return what the station says to it."""

    def tick(self) -> None:
        """Called about ten times a second, for time-outs."""


class SerialBus:
    """One line.  `port` is a stable path (a symbolic link); `baud` paces the bytes as a real line would, None does not."""

    def __init__(self, port: Path, baud: int | None = None) -> None:
        self.port = port
        self._baud = baud
        self._stations: tuple[Station, ...] = ()
        self._spoils: deque[tuple[int, Spoil]] = deque()
        self._cut_until = 0.0
        self._lock = threading.Lock()
        self._ends: tuple[int, int] | None = None
        self._transit: list[tuple[float, int, Station | None, bytes]] = []
        self._order = count()
        self._free_at = 0.0
        self._wake_read, self._wake_write = os.pipe()
        self._running = True
        self.plug()
        self._thread = threading.Thread(target=self._run, name=f"serial bus {port.name}", daemon=True)
        self._thread.start()

    def attach(self, station: Station) -> None:
        self._stations = (*self._stations, station)

    def detach(self, station: Station) -> None:
        """The wire of this station is off; it hears and says nothing more."""
        self._stations = tuple(other for other in self._stations if other is not station)

    def plug(self) -> None:
        """Plug the adapter in: `port` appears."""
        with self._lock:
            if self._ends is not None:
                return
            # The far end stays open here too; otherwise this end reads EIO between two openings by the edge.
            near, far = os.openpty()
            tty.setraw(far, termios.TCSANOW)
            os.set_blocking(near, False)
            fresh = self.port.with_name(f"{self.port.name}.new")
            fresh.unlink(missing_ok=True)
            fresh.symlink_to(os.ttyname(far))
            fresh.replace(self.port)
            self._ends = near, far
        self._wake()

    def unplug(self) -> None:
        """Pull the adapter out: `port` is gone, and who has it open gets errors."""
        with self._lock:
            if self._ends is None:
                return
            self.port.unlink(missing_ok=True)
            for end in self._ends:
                os.close(end)
            self._ends = None
        self._wake()

    def close(self) -> None:
        self._running = False
        self._wake()
        self._thread.join()
        self.unplug()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def cut(self, seconds: float) -> None:
        """Nothing passes, in either direction, for so long."""
        self._cut_until = time.monotonic() + seconds

    def corrupt_reply(self, longer_than: int = 0) -> None:
        """Flip a bit of the next reply that has more than `longer_than` bytes (a card read is longer than an acknowledgement)."""
        self._spoils.append((longer_than, lambda data: _flip(data, len(data) // 2)))

    def truncate_reply(self, longer_than: int = 0) -> None:
        self._spoils.append((longer_than, lambda data: data[: len(data) // 2]))

    def drop_reply(self, longer_than: int = 0) -> None:
        self._spoils.append((longer_than, lambda _: b""))

    @property
    def spoiled(self) -> bool:
        """All ordered faults have happened."""
        return not self._spoils

    def _wake(self) -> None:
        os.write(self._wake_write, b"w")

    def _run(self) -> None:
        tick_at = time.monotonic() + _TICK_S
        while self._running:
            due = min(tick_at, self._transit[0][0]) if self._transit else tick_at
            self._pass_on(self._listen(max(0.0, due - time.monotonic())))
            now = time.monotonic()
            while self._transit and self._transit[0][0] <= now:
                _, _, speaker, data = heappop(self._transit)
                self._arrive(speaker, data)
            if now >= tick_at:
                tick_at = now + _TICK_S
                for station in self._stations:
                    station.tick()

    def _listen(self, timeout_s: float) -> bytes:
        """What the edge sends, if anything within this time."""
        with self._lock:
            near = None if self._ends is None else self._ends[0]
        ends = [self._wake_read] if near is None else [near, self._wake_read]
        try:
            ready, _, _ = select.select(ends, [], [], timeout_s)
        except OSError:
            return b""  # unplugged just now
        if self._wake_read in ready:
            os.read(self._wake_read, 64)
        with self._lock:
            if near not in ready or self._ends is None or self._ends[0] != near:
                return b""
            try:
                return os.read(near, 4096)
            except OSError:
                return b""  # the edge is closing its end

    def _pass_on(self, data: bytes, speaker: Station | None = None) -> None:
        """Put bytes on the line; they arrive when the last of them has passed at the line's pace."""
        if not data or time.monotonic() < self._cut_until:
            return
        lasting_s = len(data) * BITS_PER_BYTE / self._baud if self._baud else 0.0
        self._free_at = max(self._free_at, time.monotonic()) + lasting_s
        heappush(self._transit, (self._free_at, next(self._order), speaker, data))

    def _arrive(self, speaker: Station | None, data: bytes) -> None:
        if time.monotonic() < self._cut_until:
            return
        if speaker is not None:
            self._write(data)
        answers = [(station, station.hear(data)) for station in self._stations if station is not speaker]
        spoken = [(station, said) for station, said in answers if said]
        if spoken:
            self._pass_on(self._spoil(_collide([said for _, said in spoken])), spoken[0][0])

    def _spoil(self, reply: bytes) -> bytes:
        if self._spoils and len(reply) > self._spoils[0][0]:
            return self._spoils.popleft()[1](reply)
        return reply

    def _write(self, data: bytes) -> None:
        with self._lock:
            if self._ends is None:
                return
            try:
                os.write(self._ends[0], data)
            except OSError:
                pass  # nobody reads and the pty is full: a wire would lose the bytes too


def _flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :]


def _collide(replies: list[bytes]) -> bytes:
    """Who drives the line low wins, bit by bit; the line rests high."""
    if len(replies) == 1:
        return replies[0]
    mixed = bytearray()
    for column in zip_longest(*replies, fillvalue=0xFF):
        byte = 0xFF
        for spoken in column:
            byte &= spoken
        mixed.append(byte)
    return bytes(mixed)
