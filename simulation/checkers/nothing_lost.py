"""Law Nothing lost: what a board has written arrives at the gateway exactly once, or the hole is told."""

import re
from collections import Counter
from collections.abc import Sequence

from simulation.checkers.law import NOTHING, Law
from simulation.world.contract import House, See, Seen, Violation

Key = tuple[str, int, int, str]  # board, number, UTC, kind: a board that begins a new journal counts anew
_HOLE = re.compile(r"lines (\d+) to (\d+) of journal")
SHOWN = 3


class NothingLost(Law):
    """After the calm every line of every board is in the gateway's journal once; what is gone for good is told as a hole."""

    law = "Nothing lost"
    zh = "记录不得无声丢失"
    en = "every line of a board is in the gateway's journal once, or its loss is told"
    kinds: tuple[See, ...] = (See.LINE, See.RESTORED)

    def __init__(self, house: House) -> None:
        super().__init__(house)
        self._written: dict[Key, int] = {}  # → when
        self._restored = False

    def on(self, seen: Seen, house: House) -> Sequence[Violation]:
        fields = seen.fields
        if seen.kind is See.RESTORED:
            self._restored = True
            return NOTHING
        self._written[fields["board"], fields["seq"], fields["utc_ns"], fields["line"]] = seen.time_ns
        return NOTHING

    def at_end(self, house: House) -> Sequence[Violation]:
        if house.coordinator is None:
            return self.broken("the gateway is down after the calm", house.world.now_ns)
        rows = house.coordinator.store.journal(limit=10_000_000)
        stored = Counter((str(row["agent"]), int(row["seq"]), int(row["utc_ns"]), str(row["kind"])) for row in rows if row["agent"])
        holes = [
            (str(row["body"].get("agent")), int(found[1]), int(found[2]))
            for row in rows
            if row["kind"] == "alarm" and row["body"].get("code") == "journal-hole"
            for found in [_HOLE.match(str(row["body"].get("detail")))]
            if found is not None
        ]
        newest: dict[str, int] = {}
        for board, seq, _, _ in stored:
            newest[board] = max(seq, newest.get(board, 0))
        # After a restore the hole shows with the board's next line: what nobody can know yet is not lost silently.
        silent = self._written if not self._restored else [key for key in self._written if key[1] < newest.get(key[0], 0)]
        lost = [key for key in silent if key not in stored and not _told(key, holes)]
        twice = [key for key, count in stored.items() if count > 1]
        unknown = [key for key in stored if key not in self._written and key[3] != "unreadable"]
        return [
            *self._tell(lost, "is not in the gateway's journal, and no hole tells of it", house),
            *self._tell(twice, "is in the gateway's journal more than once", house),
            *self._tell(unknown, "is in the gateway's journal, and its board never wrote it", house),
        ]

    def _tell(self, keys: list[Key], fault: str, house: House) -> list[Violation]:
        told = [v for key in keys[:SHOWN] for v in self.broken(f"line {key[1]} of {key[0]} ({key[3]}) {fault}", house.world.now_ns)]
        if len(keys) > SHOWN:
            told += self.broken(f"{len(keys) - SHOWN} more lines: each {fault}", house.world.now_ns)
        return told


def _told(key: Key, holes: list[tuple[str, int, int]]) -> bool:
    return any(board == key[0] and first <= key[1] <= last for board, first, last in holes)
