"""Evidence for what people do to doors: each leaf that opens leaves a line in its board's journal, and violence leaves an alarm."""

from collections.abc import Sequence
from dataclasses import dataclass

from simulation.checkers.law import NOTHING, Eyes, Law
from simulation.world.contract import House, See, Seen, Violation
from venue_model.ids import DoorId
from venue_model.moments import MS, S

SETTLE_NS = 200 * MS  # a leaf that falls shut and opens again within this is one opening to its contact
WITHIN_NS = 3 * S  # a contact settles in 50 ms; the journal is written in the same turn
VIOLENCE = frozenset({"force", "glass"})


@dataclass(frozen=True, slots=True)
class _Owed:
    door: DoorId
    how: str
    due_ns: int


class Noticed(Law):
    """Every opening of a leaf that a board could see is in its journal: a passage, or an alarm; a forced one always as an alarm."""

    law = "Nothing lost"
    zh = "开门必有记录"
    en = "every leaf that opens leaves a line, and a forced one an alarm"
    kinds: tuple[See, ...] = (See.LEAF, See.LINE, See.POWER, *Eyes.KINDS)

    def __init__(self, house: House) -> None:
        super().__init__(house)
        self._eyes = Eyes(self.venue)
        self._owed: list[_Owed] = []
        self._cut: set[str] = set()
        self._shut_ns: dict[str, int] = {}

    def on(self, seen: Seen, house: House) -> Sequence[Violation]:
        fields = seen.fields
        found = self._overdue(seen.time_ns)
        match seen.kind:
            case See.LEAF:
                door = DoorId(str(fields["door"]))
                if not fields["open"]:
                    self._shut_ns[door] = seen.time_ns
                elif seen.time_ns - self._shut_ns.get(door, -SETTLE_NS) >= SETTLE_NS and self._eyes.sees(door, seen.time_ns):
                    # Without power every pull opens: then the fire alarm is the evidence, and the passage of unknown direction.
                    how = "cut" if door in self._cut else str(fields["how"])
                    self._owed.append(_Owed(door, how, seen.time_ns + WITHIN_NS))
            case See.LINE:
                if self._owed and fields["line"] in ("passage", "alarm"):
                    self._settle(str(fields["body"].get("door") or ""), str(fields["line"]))
            case See.POWER:
                (self._cut.add if fields["cut"] else self._cut.discard)(fields["door"])
            case _:
                self._eyes.take(seen)
                self._owed = [owed for owed in self._owed if self._eyes.sees(owed.door, seen.time_ns)]
        return found

    def at_end(self, house: House) -> Sequence[Violation]:
        return self._overdue(house.world.now_ns)

    def _settle(self, door: str, line: str) -> None:
        """A line names its door; violence asks for an alarm, and takes nothing less."""
        self._owed = [
            owed for owed in self._owed if owed.door != door or (owed.how in VIOLENCE and line != "alarm")
        ]

    def _overdue(self, now_ns: int) -> Sequence[Violation]:
        if not self._owed or self._owed[0].due_ns >= now_ns:
            return NOTHING
        late = [owed for owed in self._owed if owed.due_ns < now_ns]
        self._owed = [owed for owed in self._owed if owed.due_ns >= now_ns]
        return [v for owed in late for v in self._missed(owed)]

    def _missed(self, owed: _Owed) -> Sequence[Violation]:
        what = "alarm" if owed.how in VIOLENCE else "line"
        return self.broken(f"{owed.door} was opened ({owed.how}), and its board has no {what} of it", owed.due_ns)
