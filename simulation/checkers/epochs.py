"""Epochs: policies of a separation domain only ever get newer, at every door; and one number never means two things."""

from collections.abc import Sequence

from simulation.checkers.law import Law
from simulation.world.contract import House, See, Seen, Violation


class Epochs(Law):
    """(term, epoch) grows at each board, and the gateway signs each number for one content only, also after a restore."""

    law = "Epochs"
    zh = "门控策略只进不退"
    en = "a door's policy only gets newer, and a number means one policy"
    kinds: tuple[See, ...] = (See.HELD, See.SIGNED)

    def __init__(self, house: House) -> None:
        super().__init__(house)
        self._held: dict[tuple[str, str], tuple[int, int]] = {}
        self._meaning: dict[tuple[str, int, int], tuple[object, ...]] = {}

    def on(self, seen: Seen, house: House) -> Sequence[Violation]:
        fields = seen.fields
        if seen.kind is See.HELD:
            key, order = (str(fields["board"]), str(fields["component"])), (fields["term"], fields["epoch"])
            before = self._held.get(key, (0, 0))
            self._held[key] = max(order, before)
            return () if order >= before else self.broken(f"{key[0]} went back from {before} to {order} for {key[1]}", seen.time_ns)
        number = (str(fields["component"]), fields["term"], fields["epoch"])
        content = (str(fields["mode"]), tuple(fields["groups"]), fields["seal"])
        if self._meaning.setdefault(number, content) == content:
            return ()
        self._meaning[number] = content
        return self.broken(f"number {number[1:]} of {number[0]} was signed for two policies", seen.time_ns)
