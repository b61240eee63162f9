"""`VirtualSign`: an LED sign on a pseudo terminal.  It reads real bytes, answers them, and can be photographed."""

import os
import random
import select
import threading
import tty

from edge.drivers.sign_frames import Command, Frame, FrameReader, Reason, Show, decode_show, encode_frame
from simulation.hardware.led_picture import draw_sign


class VirtualSign:
    """`port` is what a driver opens.  Faults: `mute` gives no answer at all, `garble` flips a bit in each."""

    def __init__(self, name: str, *, address: int = 1, rng: random.Random | None = None) -> None:
        self.name = name
        self.shown = Show(())
        self.mute = False
        self.garble = False
        self.frames = 0  # taken, repeats included
        self.port = ""
        self._address = address
        self._rng = rng or random.Random(0)
        self._done: int | None = None  # sequence of the last SHOW: its repetition changes nothing
        self._master = self._slave = -1
        self._bell = (-1, -1)
        self._thread: threading.Thread | None = None

    @property
    def text(self) -> tuple[str, ...]:
        return self.shown.lines

    @property
    def colour(self) -> str:
        return self.shown.colour.name.lower()

    def state(self) -> dict[str, object]:
        return {
            "text": list(self.text),
            "colour": self.colour,
            "mode": self.shown.mode.name.lower(),
            "mute": self.mute,
            "garble": self.garble,
        }

    def start(self) -> None:
        self._master, self._slave = os.openpty()  # our own hold on the far end keeps the line up between two drivers
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)
        self._bell = os.pipe()
        self._thread = threading.Thread(target=self._run, name=f"virtual sign {self.name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Power off and unplug: a driver's port breaks."""
        if self._thread is None:
            return
        os.write(self._bell[1], b"x")
        self._thread.join()
        self._thread = None
        for end in (self._master, self._slave, *self._bell):
            os.close(end)

    def picture(self) -> bytes:
        """A PNG of what a passer-by sees."""
        return draw_sign(self.shown)

    def _run(self) -> None:
        reader = FrameReader()
        while True:
            ready, _, _ = select.select([self._master, self._bell[0]], [], [])
            if self._bell[0] in ready:
                return
            bad_before = reader.bad_frames
            for frame in reader.feed(os.read(self._master, 4096)):
                if frame.address == self._address:
                    self._answer(self._take(frame))
            if reader.bad_frames > bad_before:
                self._answer(Frame(self._address, 0, Command.NAK, bytes((Reason.BAD_FRAME,))))

    def _take(self, frame: Frame) -> Frame:
        self.frames += 1
        refused = Frame(frame.address, frame.sequence, Command.NAK, bytes((Reason.BAD_CONTENT,)))
        if frame.command == Command.SHOW and frame.sequence != self._done:
            try:
                self.shown = decode_show(frame.payload)
            except ValueError:
                return refused
            self._done = frame.sequence
        elif frame.command not in (Command.SHOW, Command.PING):
            return refused
        return Frame(frame.address, frame.sequence, Command.ACK)

    def _answer(self, frame: Frame) -> None:
        if self.mute:
            return
        data = bytearray(encode_frame(frame))
        if self.garble:
            data[self._rng.randrange(len(data))] ^= 1 << self._rng.randrange(8)
        os.write(self._master, data)
