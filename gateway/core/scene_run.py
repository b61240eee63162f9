"""A scene run: the executor's state.  Members answer, stages pass their barriers, time runs out; the result names every device.

There is no pretence of rollback: physical effects are compensated by another scene.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from gateway.core.day import LotState
from gateway.core.plan import RECORD, STAGE_LIMIT_MS, Plan
from venue_model.ids import BoardId, DeviceId, LotId, RoomId, RunId
from venue_model.moments import MS, Now
from venue_model.wire import ACCEPTED, APPLIED, Want

RETRY_MS = 400  # the broadcast first, then again to the silent
MAX_ATTEMPTS = 5
SILENT = 0


@dataclass(frozen=True, slots=True)
class Row:
    """One member's answer so far.  `code` 0 means silence."""

    id: str
    kind: str
    agent: BoardId
    room: RoomId
    stage: int
    required: bool
    code: int = SILENT
    text: str = ""
    attempts: int = 0
    sent_mono_ns: int | None = None
    latency_ms: int | None = None

    @property
    def done(self) -> bool:
        """True when the device itself has said that it is as wanted."""
        return self.code == APPLIED


@dataclass(frozen=True, slots=True)
class Run:
    """One press, from the first message to the result."""

    id: RunId
    lot: LotId
    scene: str
    by: str
    began_utc_ns: int
    rows: tuple[Row, ...]
    stage: int
    stage_began_mono_ns: int
    ended_utc_ns: int | None = None
    result: str | None = None  # ok, degraded, partial, superseded, failed


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run with what its members become, what they were, and where the lot returns to if it fails: enough to resume it."""

    run: Run
    wants: Mapping[DeviceId, Want]
    held: Mapping[DeviceId, Want]
    before: LotState


@dataclass(frozen=True, slots=True)
class Send:
    """Send these agents the wants of the run's present stage (again)."""

    agents: tuple[BoardId, ...]
    stage: int
    again: bool = False


@dataclass(frozen=True, slots=True)
class Finished:
    """The run has its result."""

    result: str


Effect = Send | Finished


def begin(plan: Plan, by: str, now: Now) -> tuple[Run, tuple[Effect, ...]]:
    """Start the run at its first stage that has members."""
    rows = tuple(Row(m.id, m.kind, m.agent, m.room, m.stage, m.required) for m in plan.members)
    run = Run(plan.run, plan.lot, plan.scene.id, by, now.utc_ns, rows, stage=-1, stage_began_mono_ns=now.mono_ns)
    return _next_stage(run, now)


def resumed(run: Run, now: Now) -> tuple[Run, tuple[Effect, ...]]:
    """Go on after a restart of the gateway: the same run, its present stage sent again, its time counted afresh."""
    run = replace(run, stage_began_mono_ns=now.mono_ns, rows=tuple(replace(r, sent_mono_ns=None) for r in run.rows))
    return _sent(run, now, again=True)


def answered(
    run: Run, answers: Mapping[str, tuple[int, str]], now: Now, places: Mapping[str, tuple[int, ...]] | None = None
) -> tuple[Run, tuple[Effect, ...]]:
    """Take answers: member → (code, text).  Answers for members of later stages, or after the end, change nothing.

    `places` (see there) spares a thousand answers, one by one, the search through a thousand rows each.
    """
    if run.result is not None:
        return run, ()
    where = places_of(run) if places is None else places
    changed: dict[int, Row] = {}
    for member, answer in answers.items():
        for place in where.get(member, ()):
            row = run.rows[place]
            if row.stage <= run.stage and (after := _answer(row, answer, now)) != row:
                changed[place] = after
    if not changed:
        return run, ()
    rows = list(run.rows)
    for place, row in changed.items():
        rows[place] = row
    return _judge(replace(run, rows=tuple(rows)), now)


def places_of(run: Run) -> dict[str, tuple[int, ...]]:
    """Member → its place in the rows, the same for the whole life of a run.  A door and a device of one name have two."""
    found: dict[str, tuple[int, ...]] = {}
    for place, row in enumerate(run.rows):
        found[row.id] = (*found.get(row.id, ()), place)
    return found


def woken(run: Run, now: Now) -> tuple[Run, tuple[Effect, ...]]:
    """Time passed: repeat to the silent, end the stage at its limit."""
    if run.result is not None:
        return run, ()
    if now.mono_ns - run.stage_began_mono_ns >= STAGE_LIMIT_MS[run.stage] * MS:
        return _stage_over(run, now)
    silent = tuple(
        sorted(
            {
                row.agent
                for row in run.rows
                if row.stage == run.stage and row.code == SILENT and row.attempts < MAX_ATTEMPTS and _due(row, now)
            }
        )
    )
    return _sent(run, now, again=True, agents=silent) if silent else (run, ())


def wake_ns(run: Run) -> int | None:
    """When `woken` will do something at the latest, on the monotonic clock; waking early changes nothing."""
    if run.result is not None:
        return None
    moments = [run.stage_began_mono_ns + STAGE_LIMIT_MS[run.stage] * MS]
    moments += [
        row.sent_mono_ns + RETRY_MS * row.attempts * MS
        for row in run.rows
        if row.stage == run.stage and row.code == SILENT and row.attempts < MAX_ATTEMPTS and row.sent_mono_ns is not None
    ]
    return min(moments)


def superseded(run: Run, now: Now) -> Run:
    """A newer run of the same lot has begun: its generation is higher, so late retries of this one die at the devices."""
    return replace(run, result="superseded", ended_utc_ns=now.utc_ns) if run.result is None else run


def _due(row: Row, now: Now) -> bool:
    return row.sent_mono_ns is None or now.mono_ns - row.sent_mono_ns >= RETRY_MS * row.attempts * MS


def _answer(row: Row, answer: tuple[int, str], now: Now) -> Row:
    code, text = answer
    if row.done and code == APPLIED:
        return row
    latency = row.latency_ms
    if code == APPLIED and row.sent_mono_ns is not None:
        latency = (now.mono_ns - row.sent_mono_ns) // MS
    return replace(row, code=code, text=text, latency_ms=latency)


def _judge(run: Run, now: Now) -> tuple[Run, tuple[Effect, ...]]:
    """Pass the barrier when every member of the stage has answered for good."""
    # From the end: devices are told in order of the rows, so whoever still waits is most likely found there at once.
    waiting = any(row.code in (SILENT, ACCEPTED) and row.stage == run.stage for row in reversed(run.rows))
    return (run, ()) if waiting else _stage_over(run, now)


def _stage_over(run: Run, now: Now) -> tuple[Run, tuple[Effect, ...]]:
    rows = tuple(
        replace(row, text=row.text or _why(row)) if row.stage == run.stage and not row.done else row for row in run.rows
    )
    run = replace(run, rows=rows)
    if run.stage == RECORD and _unrecorded(run):
        # I10: a room that nobody records does not open.  The lot stays where it is; staff see which cameras failed.
        return _end(run, "failed", now)
    return _next_stage(run, now)


def _unrecorded(run: Run) -> list[RoomId]:
    """Rooms with required cameras in this run of which none is recording."""
    rooms: dict[RoomId, bool] = {}
    for row in run.rows:
        if row.stage == RECORD and row.required:
            rooms[row.room] = rooms.get(row.room, False) or row.done
    return [room for room, recorded in rooms.items() if not recorded]


def _why(row: Row) -> str:
    return "没有应答 no answer" if row.code == SILENT else "未按时完成 not done in time"


def _next_stage(run: Run, now: Now) -> tuple[Run, tuple[Effect, ...]]:
    later = sorted({row.stage for row in run.rows if row.stage > run.stage})
    if not later:
        return _end(run, _result(run), now)
    return _sent(replace(run, stage=later[0], stage_began_mono_ns=now.mono_ns), now)


def _sent(run: Run, now: Now, *, again: bool = False, agents: tuple[BoardId, ...] | None = None) -> tuple[Run, tuple[Effect, ...]]:
    to = agents if agents is not None else tuple(sorted({row.agent for row in run.rows if row.stage == run.stage}))
    members = frozenset(to)
    rows = tuple(
        replace(row, attempts=row.attempts + 1, sent_mono_ns=row.sent_mono_ns if row.sent_mono_ns is not None else now.mono_ns)
        if row.stage == run.stage and row.agent in members and not row.done
        else row
        for row in run.rows
    )
    return replace(run, rows=rows), (Send(to, run.stage, again),)


def _result(run: Run) -> str:
    if all(row.done for row in run.rows):
        return "ok"
    return "partial" if any(row.required and not row.done for row in run.rows) else "degraded"


def _end(run: Run, result: str, now: Now) -> tuple[Run, tuple[Effect, ...]]:
    return replace(run, result=result, ended_utc_ns=now.utc_ns), (Finished(result),)
