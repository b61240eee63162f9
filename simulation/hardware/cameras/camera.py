"""One virtual camera: it films while somebody watches, hands packets to its carrier, and misbehaves on request."""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from simulation.hardware.cameras.beeps import RATE_HZ
from simulation.hardware.cameras.clock import CameraClock, S
from simulation.hardware.cameras.encoding import VIDEO_CLOCK_HZ, AudioEncoder, VideoEncoder
from simulation.hardware.cameras.picture import Patch, Picture, held_png, held_qr
from simulation.hardware.cameras.reel import Reel, Shot, Unit
from simulation.hardware.cameras.rtp import RtpTrack
from simulation.hardware.cameras.spec import CameraError, CameraSpec

LATE_MAX_NS = 2 * S  # a camera that is further behind leaves frames out instead of catching up


class Fault(StrEnum):
    STALL = "stall"
    FREEZE = "freeze"
    BLACK = "black"
    AWAY = "away"


@dataclass(frozen=True, slots=True)
class CameraStatus:
    camera: str
    name: str
    watchers: int
    frames_filmed: int
    frames_skipped: int  # left out because this machine was too slow
    cpu_s: float  # of the camera's thread: drawing, encoding, packing; sending is the server's
    clock_offset_ms: int
    faults: tuple[str, ...]


class VirtualCamera:
    """Every method may be called from any thread.

    `deliver` gets each moment's units on the camera's own thread; `drop` is called when connections must end.  Who
    carries the packets sets both before `start`.
    """

    def __init__(self, spec: CameraSpec) -> None:
        self.spec = spec
        self.clock = CameraClock(spec.camera)
        self.deliver: Callable[[list[Unit]], None] = lambda units: None
        self.drop: Callable[[], None] = lambda: None
        draw = random.SystemRandom().getrandbits
        self.tracks = (
            RtpTrack(96, VIDEO_CLOCK_HZ, ssrc=draw(32), timestamp_base=draw(32), sequence=draw(16)),
            RtpTrack(97, RATE_HZ, ssrc=draw(32), timestamp_base=draw(32), sequence=draw(16)),
        )
        self._turn = threading.Condition()  # guards all below
        self._watchers = 0
        self._closing = False
        self._key_wanted = False
        self._ends_mono_ns: dict[Fault, int] = {}
        self._held: tuple[Patch, int] | None = None  # and until when, monotonic
        self._filmed = self._skipped = 0
        self._cpu_s = 0.0
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._picture = Picture(self.spec)
        self.parameter_sets = VideoEncoder(self.spec).parameter_sets
        self.audio_config = AudioEncoder().config
        self._thread = threading.Thread(target=self._run, name=f"camera {self.spec.camera}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        with self._turn:
            self._closing = True
            self._turn.notify_all()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    # What somebody in the room, or fate, does to it.

    def show(self, picture: str | bytes, seconds: float) -> None:
        """Hold a phone into the picture: a text as QR code, or a PNG."""
        held = held_qr(self.spec, picture) if isinstance(picture, str) else held_png(self.spec, picture)
        ends_mono_ns = self._ends(seconds)
        with self._turn:
            self._held = (held, ends_mono_ns)

    def stall(self, seconds: float) -> None:
        """Keep connections, send nothing, answer nothing.  Zero seconds end this and each other fault."""
        self._suffer(Fault.STALL, seconds)

    def freeze(self, seconds: float) -> None:
        """Keep sending the same picture, stamp included; the sound goes on."""
        self._suffer(Fault.FREEZE, seconds)

    def black(self, seconds: float) -> None:
        """A covered lens."""
        self._suffer(Fault.BLACK, seconds)

    def away(self, seconds: float) -> None:
        """End all connections and refuse new ones."""
        self._suffer(Fault.AWAY, seconds)
        self.drop()

    def drop_connection(self) -> None:
        """End all connections, once."""
        self.drop()

    def clock_offset_ms(self, offset_ms: int) -> None:
        """Let the camera's own clock be wrong from now on: picture, strip, beeps and sender reports follow it."""
        self.clock.set_offset(offset_ms)

    # What the carrier asks.

    def join(self) -> None:
        """Somebody watches: film, and begin with a keyframe."""
        with self._turn:
            self._watchers += 1
            self._key_wanted = True
            self._turn.notify_all()

    def leave(self) -> None:
        with self._turn:
            self._watchers -= 1
            self._turn.notify_all()

    def fault_left_s(self, fault: Fault) -> float:
        """How long the fault still lasts; 0 when it does not."""
        with self._turn:
            return max(0, self._ends_mono_ns.get(fault, 0) - time.monotonic_ns()) / S

    def status(self) -> CameraStatus:
        faults = tuple(fault.value for fault in Fault if self.fault_left_s(fault) > 0)
        with self._turn:
            return CameraStatus(
                camera=self.spec.camera,
                name=self.spec.name,
                watchers=self._watchers,
                frames_filmed=self._filmed,
                frames_skipped=self._skipped,
                cpu_s=round(self._cpu_s, 4),
                clock_offset_ms=self.clock.offset_ms,
                faults=faults,
            )

    def _ends(self, seconds: float) -> int:
        if not 0 <= seconds <= 86_400:
            raise CameraError(f"camera {self.spec.camera!r}: {seconds} s is not a duration here; take 0 to 86400")
        return time.monotonic_ns() + int(seconds * S)

    def _suffer(self, fault: Fault, seconds: float) -> None:
        ends_mono_ns = self._ends(seconds)
        with self._turn:
            self._ends_mono_ns[fault] = ends_mono_ns

    def _run(self) -> None:
        while True:
            with self._turn:
                self._turn.wait_for(lambda: self._watchers > 0 or self._closing)
                if self._closing:
                    return
            self._film()

    def _film(self) -> None:
        """From the first watcher's coming to the last one's going."""
        frame_ns = self.spec.frame_ns
        reel = Reel(self.spec, self._picture, self.clock, self.tracks)
        number = int(self.clock.media_ns() // frame_ns) + 1
        while self._wait_to_film(self.clock.epoch_mono_ns + int(number * frame_ns)):
            begun_cpu_s = time.thread_time()
            shot = self._next_shot(number)
            if shot is None:
                reel.cut()
            else:
                self.deliver(reel.shoot(shot))
            late_ns = self.clock.media_ns() - int(number * frame_ns)
            skip = int(late_ns // frame_ns) if late_ns > LATE_MAX_NS else 0
            number += 1 + skip
            with self._turn:
                self._filmed += shot is not None
                self._skipped += skip
                self._cpu_s += time.thread_time() - begun_cpu_s

    def _wait_to_film(self, mono_ns: int) -> bool:
        """Wait for the moment.  False when nobody watches any more."""
        with self._turn:
            while self._watchers > 0 and not self._closing:
                left_ns = mono_ns - time.monotonic_ns()
                if left_ns <= 0:
                    return True
                self._turn.wait(left_ns / S)
            return False

    def _next_shot(self, number: int) -> Shot | None:
        """What to film; None while the camera hangs, after which decoders need a keyframe."""
        now_ns = time.monotonic_ns()
        with self._turn:
            lasting = {fault for fault, ends_ns in self._ends_mono_ns.items() if ends_ns > now_ns}
            if Fault.STALL in lasting:
                self._key_wanted = True
                return None
            key, self._key_wanted = self._key_wanted, False
            held = self._held[0] if self._held and self._held[1] > now_ns else None
        media_ns = int(number * self.spec.frame_ns)
        return Shot(number, media_ns, held, Fault.FREEZE in lasting, Fault.BLACK in lasting, key)
