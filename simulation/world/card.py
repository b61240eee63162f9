"""A board's card: the real journal and state over a database in memory, with the places at which power can go."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from edge.core.journal import Record
from edge.shell.disk import Disk, Key, Line
from simulation.world.contract import See

if TYPE_CHECKING:
    from simulation.world.board import BoardHost


class VirtualDisk(Disk):
    """The real disk on a database in memory.  It tells of each line once it is committed, and can lose power around a commit."""

    def __init__(self, host: "BoardHost", path: Path) -> None:
        self._host = host
        super().__init__(path, connect=lambda _: host.sql, new_journal=host.new_journal)

    def commit(self, lines: Sequence[Line], state: Mapping[Key, object]) -> None:
        host, first = self._host, self._last + 1
        host.power("before-commit")
        super().commit(lines, state)
        for seq, (utc_ns, record) in enumerate(lines, first):
            host.trace.see_fields(See.LINE, _line(host.commission.agent, seq, utc_ns, record))
        for (kind, id), value in state.items():
            if kind == "held":
                host.tell_held(id, value)
        host.power("after-commit")

    def close(self) -> None:
        """The database outlives the program."""


def _line(board: str, seq: int, utc_ns: int, record: Record) -> dict[str, object]:
    return {"board": board, "seq": seq, "line": record.kind, "body": record.body, "lot": record.lot, "utc_ns": utc_ns}
