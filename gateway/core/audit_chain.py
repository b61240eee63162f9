"""The audit chain: each row names the hash of the row before it, so that nothing is changed, dropped or moved unseen.  Pure.

The end of a chain can be cut off without a trace in the chain itself; the checkpoints in the transparency log tell that.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

START = "0" * 64  # what the first row follows


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One act or look.  `line`: the number of the journal line that tells it in full; 0: there is none."""

    seq: int
    utc_ns: int
    account: str
    action: str
    subject: str
    outcome: str
    line: int
    line_sha256: str  # of that line as it was written
    prev_sha256: str
    sha256: str = ""

    def digest(self) -> str:
        """What `sha256` must be."""
        told = [self.seq, self.utc_ns, self.account, self.action, self.subject, self.outcome, self.line, self.line_sha256, self.prev_sha256]
        return hashlib.sha256(json.dumps(told, separators=(",", ":")).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """That the chain once ended at `seq` with this hash; kept where whoever owns the database has no hand."""

    seq: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Break:
    """The first place where a chain is not what it was."""

    seq: int
    zh: str
    en: str


def first_break(
    rows: Iterable[AuditRow], checkpoints: Sequence[Checkpoint], line_sha256: Callable[[int], str]
) -> tuple[int, Break | None]:
    """How many rows hold, and where the chain breaks first.  `line_sha256`: the hash of a journal line as it is now, "" when it is gone."""
    pinned = {point.seq: point.sha256 for point in checkpoints}
    before, count = START, 0
    for row in rows:
        if row.seq != count + 1:
            return count, Break(count + 1, f"第 {count + 1} 行缺失或次序被改", f"row {count + 1} is missing or out of its place")
        if row.prev_sha256 != before:
            return count, Break(row.seq, f"第 {row.seq} 行与前一行不相接", f"row {row.seq} does not follow the row before it")
        if row.digest() != row.sha256:
            return count, Break(row.seq, f"第 {row.seq} 行被修改", f"row {row.seq} was changed")
        if pinned.get(row.seq, row.sha256) != row.sha256:
            return count, Break(
                row.seq, f"第 {row.seq} 行与透明日志检查点不符,此前有行被重写",
                f"row {row.seq} is not what its checkpoint in the transparency log says: this row or an earlier one was rewritten",
            )  # fmt: skip
        if row.line and line_sha256(row.line) != row.line_sha256:
            return count, Break(
                row.seq, f"第 {row.seq} 行所指的日志第 {row.line} 行被修改或删除",
                f"line {row.line} of the journal, told by row {row.seq}, was changed or is gone",
            )  # fmt: skip
        before, count = row.sha256, row.seq
    last = max(pinned, default=0)
    if count < last:
        return count, Break(
            count + 1, f"第 {count + 1} 行起被截断:检查点显示曾有 {last} 行",
            f"cut off from row {count + 1}: a checkpoint tells of {last} rows",
        )  # fmt: skip
    return count, None
