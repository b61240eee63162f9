"""A recorder in virtual time: turns what is wanted into the segment and gap lines of the real one, and remembers what truly was filmed.

Its files are names, sizes and hashes; its rules are those of `edge.recording`: a segment belongs to one binding, rotation follows
on without a hole, a stop has a post-roll, and what could not be recorded is a gap with a cause, told when it opens and when it ends.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime

from edge.core.effects import StartRecording, StopRecording
from edge.core.events import DeviceDone
from edge.core.recording import Binding, Ended, SegmentMeta
from edge.drivers.protocols import DeviceHealth
from edge.recording.events import GapOpened, RecorderEvent, RecordingConfirmed, SegmentClosed
from edge.recording.gaps import GapBook
from edge.shell.hardware import Post
from edge.shell.recorder import told_events
from simulation.world.clocks import MachineClock
from simulation.world.contract import See
from simulation.world.kernel import Alarm, Trace, World
from venue_model.ids import DeviceId
from venue_model.moments import MS, S

CONFIRM_MS = (300, 2_200)  # to the next keyframe, and a durable fragment
POST_ROLL_NS = 2 * S
STALL_NS = 3 * S  # a camera that sends nothing for so long is given up
BYTES_A_SECOND = 250_000
_WORDS = {"process-restart": "the recorder was not running", "no-frames": "the camera sends nothing; check its power and network"}


@dataclass(slots=True)
class _Open:
    """A segment being written."""

    binding: Binding
    seq: int
    began_ns: int  # the world's time: true footage
    began_utc_ns: int  # as the host writes it


@dataclass(slots=True)
class Reel:
    """What a camera's recorder has on its disk: it outlives programs."""

    camera: DeviceId
    next_seq: dict[str, int] = field(default_factory=dict)  # folder → number of the next segment
    last: dict[str, tuple[int, bool]] = field(default_factory=dict)  # folder → (end of the last segment, stopped on purpose)
    torn: _Open | None = None  # left by a recorder that died
    frozen_since_ns: int | None = None  # the camera delivers nothing
    filmed: list[tuple[str, str, int, int]] = field(default_factory=list)  # (project, lot, from, to) in the world's time: the truth


class _Camera:
    """One camera's recorder, for one life of the program."""

    def __init__(self, pool: "VirtualRecorder", reel: Reel) -> None:
        self.pool = pool
        self.reel = reel
        self.wanted: Binding | None = None
        self.stopping = False
        self.open: _Open | None = None
        self.gaps = GapBook(reel.camera, self._emit, self._mono_ns)
        self.tickets: list[tuple[str, int]] = []  # ("record" or "stop", ticket)
        self.owed_utc_ns = 0
        self.connected = reel.frozen_since_ns is None
        self.confirm = Alarm(pool.world, self._confirmed)
        self.rotate = Alarm(pool.world, self._rotate)
        self.post_roll = Alarm(pool.world, lambda: self._end("stop"))

    # orders

    def record(self, binding: Binding, ticket: int) -> None:
        self.post_roll.clear()
        if binding == self.wanted and not self.stopping and self.open is not None:
            self._done(ticket)
            return
        self._refuse("another order came before it began")
        self.tickets.append(("record", ticket))
        if binding == self.wanted and self.stopping and self.open is not None:
            self.stopping = False  # within its own post-roll: it goes on
            self._resolve("record")
            return
        if self.open is not None:
            self._seal("stop" if self.open.binding != binding else "rotation")
        self.wanted, self.stopping = binding, False
        self.owed_utc_ns = self._utc_ns()
        self.gaps.close_all(self.owed_utc_ns)
        end_utc_ns, stopped = self.reel.last.get(binding.folder.as_posix(), (0, True))
        if not stopped:
            self._open_gap(binding, end_utc_ns, "process-restart")
        self._film()

    def stop(self, ticket: int) -> None:
        self._refuse("recording was stopped before it began")
        if self.wanted is None:
            self._done(ticket)
            return
        self.tickets.append(("stop", ticket))
        if self.open is None:
            self.confirm.clear()
            folder = self.wanted.folder.as_posix()
            if folder in self.reel.last:
                self.reel.last[folder] = (self.reel.last[folder][0], True)
            self.gaps.close_all(self._utc_ns())
            self.wanted = None
            self._resolve("stop")
            return
        self.stopping = True
        self.post_roll.set(self.pool.world.now_ns + POST_ROLL_NS)

    # the camera

    def frozen(self) -> None:
        """Nothing has come for `STALL_NS`."""
        self.connected = False
        self.confirm.clear()
        self._health(False)
        if self.open is not None:
            binding, was_stopping = self.open.binding, self.stopping
            end_utc_ns = self._seal("stop" if was_stopping else "stall", frozen=True)
            if was_stopping:
                self._end_stop()
            else:
                self._open_gap(binding, end_utc_ns, "no-frames")
        elif self.wanted is not None:
            self._open_gap(self.wanted, self.owed_utc_ns, "no-frames")

    def thawed(self) -> None:
        self.connected = True
        self._health(True)
        self._film()

    def killed(self) -> None:
        """The program dies: what is written stays as it is until recovery looks at it."""
        self.confirm.clear()
        self.rotate.clear()
        self.post_roll.clear()
        if self.open is not None:
            self._remember(self.open)
            self.reel.torn = self.open

    def recover(self) -> None:
        """Seal what a dead recorder left.  At most the last second is lost, and told as part of the gap."""
        torn, self.reel.torn = self.reel.torn, None
        if torn is None:
            return
        end_ns = self.reel.filmed[-1][3]
        end_utc_ns = torn.began_utc_ns + (end_ns - torn.began_ns)
        self._segment(torn, "crash", end_utc_ns, end_ns - torn.began_ns)
        binding, cause = torn.binding, "process-restart"
        self._emit(
            GapOpened(
                self.reel.camera, binding.project, binding.lot, binding.room, binding.track, "all", end_utc_ns, cause, _WORDS[cause],
                self._mono_ns(),
            )
        )  # fmt: skip

    # filming

    def _film(self) -> None:
        if self.wanted is not None and self.open is None and self.connected:
            self.confirm.set(self.pool.world.now_ns + self.pool.rng.randint(*CONFIRM_MS) * MS)

    def _confirmed(self) -> None:
        assert self.wanted is not None, "nothing is filmed for nobody"
        self._begin(self.wanted)
        now_utc_ns = self._utc_ns()
        self.gaps.close_all(now_utc_ns)
        opened = self.open
        assert opened is not None, "a segment was begun"
        binding = self.wanted
        self._emit(
            RecordingConfirmed(
                self.reel.camera, binding.project, binding.lot, binding.room, binding.track, binding.scene_run,
                f"{binding.folder}/{opened.seq}.mp4", opened.began_utc_ns, now_utc_ns, self._mono_ns(),
            )
        )  # fmt: skip
        self._resolve("record")

    def _begin(self, binding: Binding) -> None:
        folder = binding.folder.as_posix()
        seq = self.reel.next_seq.get(folder, 1)
        self.reel.next_seq[folder] = seq + 1
        self.open = _Open(binding, seq, self.pool.world.now_ns, self._utc_ns())
        self.rotate.set(self.pool.world.now_ns + self.pool.segment_ns)

    def _rotate(self) -> None:
        assert self.open is not None, "only what is written rotates"
        if self.stopping:  # the stop's post-roll meets the rotation: one end is enough
            self._end("stop")
            return
        binding = self.open.binding
        self._seal("rotation")
        self._begin(binding)

    def _end(self, ended: Ended) -> None:
        if self.open is not None:
            self._seal(ended)
        self._end_stop()

    def _end_stop(self) -> None:
        self.wanted, self.stopping = None, False
        self._resolve("stop")

    def _seal(self, ended: Ended, *, frozen: bool = False) -> int:
        """Close the open segment; its end by the host's clock."""
        opened, self.open = self.open, None
        assert opened is not None, "only an open segment is sealed"
        self.rotate.clear()
        self.post_roll.clear()
        end_ns = self._remember(opened, STALL_NS if frozen else 0)
        end_utc_ns = self._utc_ns() - (self.pool.world.now_ns - end_ns)
        self._segment(opened, ended, end_utc_ns, end_ns - opened.began_ns)
        return end_utc_ns

    def _remember(self, opened: _Open, before_ns: int = 0) -> int:
        binding = opened.binding
        end_ns = max(opened.began_ns, self.pool.world.now_ns - before_ns)
        if self.reel.frozen_since_ns is not None:
            end_ns = max(opened.began_ns, min(end_ns, self.reel.frozen_since_ns))
        self.reel.filmed.append((binding.project, binding.lot, opened.began_ns, end_ns))
        seen = {"camera": self.reel.camera, "project": binding.project, "lot": binding.lot, "from_ns": opened.began_ns, "to_ns": end_ns}
        self.pool.trace.see_fields(See.FOOTAGE, seen)
        return end_ns

    def _segment(self, opened: _Open, ended: Ended, end_utc_ns: int, length_ns: int) -> None:
        b = opened.binding
        folder = b.folder.as_posix()
        self.reel.last[folder] = (end_utc_ns, ended == "stop")
        name = f"{opened.seq:06d}_{datetime.fromtimestamp(opened.began_utc_ns // S, UTC):%Y%m%dT%H%M%SZ}.mp4"
        text = f"{folder}/{name} {opened.began_utc_ns} {end_utc_ns}".encode()
        sha256 = hashlib.sha256(text).hexdigest()
        stepped_ns = end_utc_ns - opened.began_utc_ns - length_ns
        seconds = length_ns // S
        meta = SegmentMeta(
            self.reel.camera, b.project, b.lot, b.room, b.track, b.scene_run, opened.seq, name, ended, opened.began_utc_ns, end_utc_ns,
            stepped_ns, None, length_ns, 25 * seconds, seconds, ("h264",), seconds * BYTES_A_SECOND + 1_000, sha256,
            hashlib.blake2s(text).hexdigest(), 800, (),
        )  # fmt: skip
        self._emit(SegmentClosed(self.reel.camera, f"{folder}/{name}", meta, self._mono_ns()))

    def _open_gap(self, binding: Binding, from_utc_ns: int, cause: str) -> None:
        self.gaps.open(binding, "all", from_utc_ns, cause, _WORDS[cause])

    # answers

    def _refuse(self, why: str) -> None:
        waiting, self.tickets = self.tickets, []
        for _, ticket in waiting:
            self.pool.post(DeviceDone(self.reel.camera, ticket, False, f"camera {self.reel.camera}: {why}"))

    def _resolve(self, what: str) -> None:
        answered = [ticket for order, ticket in self.tickets if order == what]
        self.tickets = [(order, ticket) for order, ticket in self.tickets if order != what]
        for ticket in answered:
            self._done(ticket)

    def _done(self, ticket: int) -> None:
        self.pool.post(DeviceDone(self.reel.camera, ticket, True))

    def _health(self, ok: bool) -> None:
        code, detail = ("online", "delivers") if ok else ("offline", "no frame for 3 s")
        self.pool.post(DeviceHealth(self.reel.camera, ok, code, detail, self._mono_ns()))

    def _emit(self, event: RecorderEvent) -> None:
        for told in told_events(event):
            self.pool.post(told)

    def _utc_ns(self) -> int:
        return self.pool.clock.now().utc_ns

    def _mono_ns(self) -> int:
        return self.pool.clock.now().mono_ns


class VirtualRecorder:
    """All cameras of one board, for one life of its program (`edge.shell.hardware.Recorder`)."""

    def __init__(self, world: World, trace: Trace, clock: MachineClock, reels: dict[DeviceId, Reel], segment_ns: int) -> None:
        self.world = world
        self.trace = trace
        self.clock = clock
        self.segment_ns = segment_ns
        self.rng = world.stream("cameras")
        self.post: Post = lambda _: None
        self._cameras = {camera: _Camera(self, reel) for camera, reel in reels.items()}

    def start(self, post: Post) -> None:
        self.post = post
        for camera in self._cameras.values():
            camera.recover()
            if not camera.connected:
                camera.frozen()

    def stop(self) -> None:
        self.post = lambda _: None
        for camera in self._cameras.values():
            camera.killed()

    def perform(self, effect: StartRecording | StopRecording) -> None:
        camera = self._cameras[effect.device]
        if isinstance(effect, StopRecording):
            camera.stop(effect.ticket)
        else:
            b = effect.binding
            camera.record(Binding(b.project, b.lot, b.room, b.track, b.run or "standing"), effect.ticket)

    def freeze(self, camera: DeviceId) -> None:
        """A camera delivers nothing from now on; the recorder notices after its stall time."""
        found, life = self._cameras[camera], self.post

        def notice() -> None:
            if self.post is life and found.reel.frozen_since_ns is not None and found.connected:
                found.frozen()

        self.world.after(STALL_NS, notice)

    def thaw(self, camera: DeviceId) -> None:
        """It delivers again."""
        found = self._cameras[camera]
        if not found.connected:
            found.thawed()

