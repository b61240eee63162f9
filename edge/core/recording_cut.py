"""What to do with the next packet of a camera: hold it, write it, begin a segment with it, end one before it.  Pure."""

from dataclasses import dataclass, replace
from enum import Enum
from typing import Literal

from edge.core.recording import Binding, Ended


class Put(Enum):
    """Where a packet goes."""

    DROP = "drop"  # nothing is wanted, and no keyframe is held that it could follow
    HOLD_ANEW = "hold anew"  # a keyframe: all that was held is too old for a pre-roll
    HOLD = "hold"
    WRITE = "write"
    OPEN = "open"  # begins a segment, after what is held


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a camera's footage goes.  Between segments of one binding no packet is lost: they meet at a keyframe."""

    wanted: Binding | None = None
    writing: Binding | None = None  # whose segment is open
    stop_mono_ns: int | None = None  # the end of the post-roll of `writing`
    opened_mono_ns: int = 0

    def order_record(self, binding: Binding) -> "Cut":
        """A record order within the post-roll of the same binding takes the stop back."""
        return replace(self, wanted=binding, stop_mono_ns=None if binding == self.writing else self.stop_mono_ns)

    def order_stop(self, stop_mono_ns: int) -> "Cut":
        """A second stop may only shorten the post-roll."""
        if self.writing is None:
            return Cut()
        sooner = stop_mono_ns if self.stop_mono_ns is None else min(stop_mono_ns, self.stop_mono_ns)
        return replace(self, wanted=None, stop_mono_ns=sooner)

    def lost(self) -> "Cut":
        """The open segment ended without a packet to end it: the camera or the disk is gone."""
        return Cut(wanted=self.wanted)


def decide_packet(
    cut: Cut, *, keyframe: bool, holding: bool, room_on_disk: bool, segment_ns: int, mono_ns: int
) -> tuple[Cut, Ended | None, Put]:
    """The new state, why the open segment ends before this packet (None: it does not), and where the packet goes.

    What is held begins with a keyframe and never reaches back into a segment: while one is open nothing is held, and a
    segment that ends between keyframes leaves nothing to hold until the next.  So no frame is in two lots.
    """
    ended: Ended | None = None
    if cut.writing is not None:
        ended = _end(cut, keyframe, room_on_disk, segment_ns, mono_ns)
        if ended is None:
            return cut, None, Put.WRITE
        cut, holding = cut.lost(), False
    if cut.wanted is not None and room_on_disk and (keyframe or holding):
        return Cut(cut.wanted, cut.wanted, None, mono_ns), ended, Put.OPEN
    if keyframe:
        return cut, ended, Put.HOLD_ANEW
    return cut, ended, Put.HOLD if holding else Put.DROP


def _end(cut: Cut, keyframe: bool, room_on_disk: bool, segment_ns: int, mono_ns: int) -> Literal["stop", "rotation", "disk"] | None:
    if cut.stop_mono_ns is not None and mono_ns >= cut.stop_mono_ns:
        return "stop"
    if not room_on_disk:
        return "disk"
    if keyframe and cut.wanted is not None and cut.wanted != cut.writing:
        return "stop"
    if keyframe and cut.wanted == cut.writing and mono_ns - cut.opened_mono_ns >= segment_ns:
        return "rotation"  # never within a post-roll: nothing is wanted that could follow on, and the rest of it would be lost
    return None
