"""The journal rule at the door: what lets somebody in is on disk before the strike moves.  Ways out wait for no disk."""

from collections.abc import Sequence

from simulation.checkers.law import NOTHING, Law, board_of
from simulation.world.contract import House, See, Seen, Violation
from venue_model.ids import DoorId
from venue_model.moments import S

LONG_ENOUGH_NS = 10 * S  # a grant, or a hand on the bar, explains a strike for so long


class StrikesRecorded(Law):
    """A shut door is released for a grant that is written, for somebody who leaves, or for a fire; for nothing else."""

    law = "Nothing lost"
    zh = "先记录,后放行"
    en = "no strike moves without its record"
    kinds: tuple[See, ...] = (See.STRIKE, See.LINE, See.LEAF, See.FIRE)

    def __init__(self, house: House) -> None:
        super().__init__(house)
        self._explained_ns: dict[str, int] = {}
        self._open: set[str] = set()
        self._burning: set[str] = set()

    def on(self, seen: Seen, house: House) -> Sequence[Violation]:
        fields = seen.fields
        match seen.kind:
            case See.LINE if fields["line"] == "grant":
                self._explained_ns[str(fields["body"]["door"])] = seen.time_ns
            case See.LEAF:
                (self._open.add if fields["open"] else self._open.discard)(fields["door"])
                if fields["how"] == "bar":
                    self._explained_ns[fields["door"]] = seen.time_ns
            case See.FIRE:
                (self._burning.add if fields["active"] else self._burning.discard)(fields["board"])
            case See.STRIKE if fields["released"]:
                door = DoorId(fields["door"])
                said_ns = self._explained_ns.get(door, -LONG_ENOUGH_NS)
                explained = door in self._open or board_of(self.venue, door) in self._burning or seen.time_ns - said_ns < LONG_ENOUGH_NS
                if not explained:
                    return self.broken(f"the strike of {door} was released, and no line on disk says for whom", seen.time_ns)
        return NOTHING
