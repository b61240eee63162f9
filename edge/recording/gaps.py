"""The open gaps of one camera's binding: each is told when it opens and when it closes, and goes into the next sidecar."""

from collections.abc import Callable
from dataclasses import replace

from edge.core.recording import Binding, Gap, Media
from edge.recording.events import EmitRecorder, GapClosed, GapOpened


class GapBook:
    """At most one gap of each kind is open.  Opening one that is open changes nothing: the first cause stands."""

    def __init__(self, camera: str, emit: EmitRecorder, mono_ns: Callable[[], int]) -> None:
        self._camera = camera
        self._emit = emit
        self._mono_ns = mono_ns
        self._open: dict[Media, tuple[Binding, Gap]] = {}
        self._ended: list[Gap] = []

    def is_open(self, media: Media) -> bool:
        return media in self._open

    def open(self, binding: Binding, media: Media, from_utc_ns: int, cause: str, detail: str) -> None:
        if media in self._open:
            return
        self._open[media] = binding, Gap(media, from_utc_ns, None, cause, detail)
        self._emit(
            GapOpened(
                camera=self._camera,
                project=binding.project,
                lot=binding.lot,
                room=binding.room,
                track=binding.track,
                media=media,
                from_utc_ns=from_utc_ns,
                cause=cause,
                detail=detail,
                mono_ns=self._mono_ns(),
            )
        )

    def close(self, media: Media, to_utc_ns: int) -> None:
        """Also when there is none."""
        if media not in self._open:
            return
        binding, gap = self._open.pop(media)
        to_utc_ns = max(to_utc_ns, gap.from_utc_ns)  # the host's clock may have been set back meanwhile
        self._ended.append(replace(gap, to_utc_ns=to_utc_ns))
        self._emit(
            GapClosed(
                camera=self._camera,
                project=binding.project,
                lot=binding.lot,
                room=binding.room,
                track=binding.track,
                media=media,
                from_utc_ns=gap.from_utc_ns,
                to_utc_ns=to_utc_ns,
                cause=gap.cause,
                detail=gap.detail,
                mono_ns=self._mono_ns(),
            )
        )

    def tell(self, binding: Binding, media: Media, span_utc_ns: tuple[int, int], cause: str, detail: str) -> None:
        """A gap that is noticed when it is over."""
        self.open(binding, media, span_utc_ns[0], cause, detail)
        self.close(media, span_utc_ns[1])

    def close_all(self, to_utc_ns: int) -> None:
        for media in tuple(self._open):
            self.close(media, to_utc_ns)

    def take_ended(self) -> tuple[Gap, ...]:
        """Those that ended since the last call, for the sidecar of the segment that is sealed now."""
        ended, self._ended = tuple(self._ended), []
        return ended
