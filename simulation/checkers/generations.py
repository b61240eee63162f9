"""Generations: no device ever goes back to an older desired state."""

from collections.abc import Sequence

from simulation.checkers.law import NOTHING, Law
from simulation.world.contract import House, See, Seen, Violation


class Generations(Law):
    """(epoch, generation) of what a board works towards only grows, over every loss, repetition and restart."""

    law = "Generations"
    zh = "设备不得退回旧指令"
    en = "a board never goes back to an older desired state"
    kinds: tuple[See, ...] = (See.LINE,)

    def __init__(self, house: House) -> None:
        super().__init__(house)
        self._last: dict[str, tuple[int, int]] = {}

    def on(self, seen: Seen, house: House) -> Sequence[Violation]:
        if seen.fields["line"] != "desired":
            return NOTHING
        board, body = str(seen.fields["board"]), seen.fields["body"]
        order, before = (body["epoch"], body["generation"]), self._last.get(board, (0, 0))
        self._last[board] = max(order, before)
        return NOTHING if order > before else self.broken(f"{board} went back from {before} to {order}", seen.time_ns)
