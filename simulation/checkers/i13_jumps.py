"""I13: one credential at two doors within a second is told."""

from collections.abc import Sequence

from simulation.checkers.law import NOTHING, Law
from simulation.world.contract import House, See, Seen, Violation
from venue_model.ids import DoorId, RoomId
from venue_model.moments import MS, S

AT_ONCE_NS = 1 * S  # nobody walks from door to door in this time
LATER_NS = 30 * S  # lines may take their time; what was written just before the end is nobody's fault
RIGHT_NS = 50 * MS  # clocks that are wrong by more make it anybody's guess
_BY_NAME = frozenset({"passage", "grant", "refusal"})


class JumpsTold(Law):
    """Judged on the board's lines in truth's own time: the same person at two doors of different rooms, sooner than anybody can be."""

    law = "I13"
    zh = "同一人员不可能的位移须告警"
    en = "one person at two doors in an impossible time is told"
    kinds: tuple[See, ...] = (See.LINE, See.TAKEN, See.RESTORED)

    def __init__(self, house: House) -> None:
        super().__init__(house)
        self._last: dict[str, tuple[int, DoorId]] = {}  # person → when and where
        self._owed: dict[str, tuple[int, str]] = {}

    def on(self, seen: Seen, house: House) -> Sequence[Violation]:
        fields = seen.fields
        if seen.kind is See.RESTORED:
            self._owed.clear()  # lines that the copy lacks are holes, and told as such
        elif seen.kind is See.TAKEN:
            if fields["line"] == "alarm" and fields["body"].get("code") in ("impossible-jump", "two-places"):
                self._owed.pop(str(fields["body"].get("person")), None)
        elif fields["line"] in _BY_NAME and fields["body"].get("person") and abs(house.clock_offset_ns(str(fields["board"]))) < RIGHT_NS:
            self._look(str(fields["body"]["person"]), DoorId(str(fields["body"]["door"])), seen.time_ns)
        return NOTHING

    def at_end(self, house: House) -> Sequence[Violation]:
        now_ns = house.world.now_ns
        return [
            v
            for person, (time_ns, text) in self._owed.items()
            if now_ns - time_ns > LATER_NS
            for v in self.broken(f"{person} was at {text} at once, and nobody was told", time_ns)
        ]

    def _look(self, person: str, door: DoorId, time_ns: int) -> None:
        before = self._last.get(person)
        self._last[person] = (time_ns, door)
        if before is None or before[1] == door or door not in self.venue.doors or before[1] not in self.venue.doors:
            return
        if time_ns - before[0] < AT_ONCE_NS // 2 and not self._rooms(door) & self._rooms(before[1]):
            self._owed.setdefault(person, (time_ns, f"{before[1]} and {door}"))

    def _rooms(self, door: DoorId) -> set[RoomId]:
        found = self.venue.doors[door]
        return {found.outside, found.inside}
