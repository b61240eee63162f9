"""`PlayerSpeaker`: a loudspeaker at the board's sound output that plays recordings, and nothing else.

The recordings are files in a folder, named by their announcement (`check-in.wav`).  Whoever can write there can speak to rooms: the
folder belongs to root.  Nothing that came over the network becomes part of a command but an id that names such a file.
"""

import logging
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from edge.drivers.protocols import DeviceError, DeviceHealth, Emit
from venue_model.templates import ANNOUNCEMENTS

log = logging.getLogger(__name__)

BEGUN_S = 0.3  # a player that has no sound card ends at once: one that lives so long is heard
END_S = 2.0


class PlayerSpeaker:
    """One loudspeaker.  `player` is the command that plays a file which is added to it; it ends when the recording does."""

    def __init__(self, device: str, folder: str, *, player: Sequence[str] = ("aplay", "-q"), suffix: str = ".wav") -> None:
        self.device = device
        self._folder = Path(folder)
        self._player = tuple(player)
        self._suffix = suffix
        self._turn = threading.Lock()  # one recording at a time; guards the three below
        self._playing: subprocess.Popen[bytes] | None = None
        self._again = threading.Event()
        self._repeats: threading.Thread | None = None

    def start(self, emit: Emit) -> None:
        """Say which recordings are missing, before anybody needs them."""
        missing = [id for id in ANNOUNCEMENTS if not self._file(id).is_file()]
        detail = f"no recording of {', '.join(missing)} in {self._folder}; put them there" if missing else f"plays from {self._folder}"
        emit(DeviceHealth(self.device, True, "incomplete" if missing else "online", detail, time.monotonic_ns()))

    def stop(self) -> None:
        with self._turn:
            self._quiet()

    def announce(self, say: str, *, heard: bool, repeat: bool) -> None:
        """Play a recording, or be quiet.  Returns when it can be heard."""
        with self._turn:
            self._quiet()
            if not heard or not say:
                return
            self._play(say)
            if repeat:
                self._again.set()
                self._repeats = threading.Thread(target=self._repeat, args=(say,), name=f"speaker {self.device}", daemon=True)
                self._repeats.start()

    def _file(self, say: str) -> Path:
        return self._folder / f"{say}{self._suffix}"

    def _play(self, say: str) -> None:
        file = self._file(say)
        if say not in ANNOUNCEMENTS or not file.is_file():
            raise DeviceError(f"speaker {self.device}: there is no recording {file}; put it there")
        try:
            silent = subprocess.DEVNULL
            playing = subprocess.Popen([*self._player, str(file)], stdin=silent, stdout=silent, stderr=silent)
        except OSError as fault:
            raise DeviceError(f"speaker {self.device}: {self._player[0]} cannot be started ({fault}); install it") from fault
        self._playing = playing
        try:
            ended = playing.wait(BEGUN_S)
        except subprocess.TimeoutExpired:
            return
        if ended != 0:
            self._playing = None
            raise DeviceError(f"speaker {self.device}: {self._player[0]} ended with {ended}; check the sound card and its wires")

    def _repeat(self, say: str) -> None:
        """Again and again: an evacuation lasts until it is over."""
        while self._again.is_set():
            playing = self._playing
            if playing is not None:
                playing.wait()
            if not self._again.is_set():
                return
            try:
                self._play(say)
            except DeviceError as fault:
                log.error("%s", fault)
                self._again.clear()

    def _quiet(self) -> None:
        self._again.clear()
        playing, repeats = self._playing, self._repeats
        self._playing, self._repeats = None, None
        if playing is not None and playing.poll() is None:
            playing.terminate()
            try:
                playing.wait(END_S)
            except subprocess.TimeoutExpired:
                playing.kill()
                playing.wait()
        if repeats is not None:
            repeats.join(END_S)
