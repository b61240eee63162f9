"""Who waits for which order of one camera, and how each is answered."""

from concurrent.futures import Future

from edge.core.recording import Binding
from edge.recording.events import EmitRecorder, RecordingConfirmed, RecordingRefused, SegmentClosed
from edge.recording.settings import Clock, RefusedError

Recorded = Future[RecordingConfirmed]
Stopped = Future[SegmentClosed | None]


class Answers:
    """Every future that is given in is resolved: by what was ordered, or by `RefusedError`."""

    def __init__(self, camera: str, emit: EmitRecorder, clock: Clock) -> None:
        self._camera = camera
        self._emit = emit
        self._clock = clock
        self._to_confirm: list[tuple[Binding, Recorded]] = []
        self._to_stop: list[Stopped] = []

    def await_confirmation(self, binding: Binding, done: Recorded) -> None:
        self._to_confirm.append((binding, done))

    def await_stop(self, done: Stopped) -> None:
        self._to_stop.append(done)

    def confirm(self, confirmed: RecordingConfirmed, binding: Binding) -> None:
        """Also told to everybody."""
        self._emit(confirmed)
        waiting, self._to_confirm = self._to_confirm, []
        for wanted, done in waiting:
            if wanted == binding:
                done.set_result(confirmed)
            else:
                self._to_confirm.append((wanted, done))

    def stopped(self, event: SegmentClosed | None) -> None:
        waiting, self._to_stop = self._to_stop, []
        for done in waiting:
            done.set_result(event)

    def refuse(self, binding: Binding, done: Recorded, code: str, detail: str) -> None:
        self._emit(
            RecordingRefused(
                camera=self._camera,
                project=binding.project,
                lot=binding.lot,
                track=binding.track,
                scene_run=binding.scene_run,
                code=code,
                detail=detail,
                mono_ns=self._clock.mono_ns(),
            )
        )
        done.set_exception(RefusedError(code, f"camera {self._camera}: {detail}"))

    def refuse_waiting(self, code: str, detail: str) -> None:
        """Orders to record that something came in between of."""
        waiting, self._to_confirm = self._to_confirm, []
        for binding, done in waiting:
            self.refuse(binding, done, code, detail)

    def take_stops_back(self, detail: str) -> None:
        waiting, self._to_stop = self._to_stop, []
        for done in waiting:
            done.set_exception(RefusedError("superseded", f"camera {self._camera}: {detail}"))
