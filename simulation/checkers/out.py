"""Law Out (I11): who pushes the bar gets out.  The bar is metal; the strike must follow it wherever a program is alive to hear."""

from collections.abc import Sequence

from simulation.checkers.law import NOTHING, Eyes, Law
from simulation.world.contract import House, See, Seen, Violation
from venue_model.ids import DoorId
from venue_model.moments import MS

FOLLOWS_NS = 1_500 * MS  # debounce, one turn of a busy board, and a bolt's travel


class Out(Law):
    """Nobody is ever held in: the strike lets go when the bar is pushed, and whoever opened a leaf from the inside is through it."""

    law = "Out"
    zh = "任何人不得被困"
    en = "nobody is ever held in"
    kinds: tuple[See, ...] = (See.LEAF, See.STRIKE, See.MOVED, *Eyes.KINDS)

    def __init__(self, house: House) -> None:
        super().__init__(house)
        self._eyes = Eyes(self.venue)
        self._released: dict[str, bool] = {}
        self._owed: dict[str, int] = {}  # door → by when its strike must have let go

    def on(self, seen: Seen, house: House) -> Sequence[Violation]:
        fields = seen.fields
        found = self._overdue(seen.time_ns)
        if seen.kind is See.STRIKE:
            self._released[fields["door"]] = fields["released"]
            if fields["released"]:
                self._owed.pop(fields["door"], None)
        elif seen.kind is See.LEAF:
            door = DoorId(str(fields["door"]))
            if fields["open"] and fields["how"] == "bar" and self._eyes.sees(door, seen.time_ns) and not self._released.get(door):
                self._owed.setdefault(door, seen.time_ns + FOLLOWS_NS)
        elif seen.kind is not See.MOVED:
            self._eyes.take(seen)
            self._owed = {door: due for door, due in self._owed.items() if self._eyes.sees(DoorId(door), seen.time_ns)}
        return found

    def at_end(self, house: House) -> Sequence[Violation]:
        return self._overdue(house.world.now_ns)

    def _overdue(self, now_ns: int) -> Sequence[Violation]:
        if not self._owed:
            return NOTHING
        late = [(door, due) for door, due in self._owed.items() if due < now_ns]
        for door, _ in late:
            del self._owed[door]
        return [
            v
            for door, due in late
            for v in self.broken(f"the bar of {door} was pushed, and its strike did not let go within {FOLLOWS_NS // MS} ms", due)
        ]
