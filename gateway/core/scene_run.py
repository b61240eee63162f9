"""A scene run: the executor's state.  Members answer, stages pass their barriers, time runs out; the result names every device.

There is no pretence of rollback: physical effects are compensated by another scene.  What is done about a member that does not come
to what is wanted is the member's own `on_fail`.
"""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace

from gateway.core.day import LotState
from gateway.core.plan import RECORD, UNDO, Plan, PlannedMember
from venue_model.ids import BoardId, DeviceId, LotId, RoomId, RunId
from venue_model.members import AWAY_LIMIT_MS, limit_ms
from venue_model.moments import MS, Now
from venue_model.venue import OnFail
from venue_model.wire import ACCEPTED, APPLIED, Want

RETRY_MS = 400  # the broadcast first, then again to the silent
MAX_ATTEMPTS = 5
HOLD_RETRY_MS = 5_000  # a stage that is held goes on asking, for as long as it takes
SILENT = 0
NO_ANSWER, NOT_IN_TIME = "没有应答 no answer", "未按时完成 not done in time"
AWAY = "控制器离线,恢复后自动执行 board offline; it does this when it is back"


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
    on_fail: OnFail = OnFail.RETRY
    away: bool = False  # its board is known to be offline
    over: bool = False  # its time is up
    waived: str = ""  # who went on without it, and why

    @property
    def done(self) -> bool:
        """True when the device itself has said that it is as wanted."""
        return self.code == APPLIED

    @property
    def limit_ms(self) -> int:
        """How long it has from the beginning of its stage."""
        return min(limit_ms(self.kind), AWAY_LIMIT_MS) if self.away else limit_ms(self.kind)

    @property
    def answered(self) -> bool:
        """True when it has said something for good, or its time is up."""
        return self.over or self.code not in (SILENT, ACCEPTED)

    @property
    def holds(self) -> bool:
        """True when its stage waits for it alone, or for a person's word."""
        return self.on_fail is OnFail.HOLD and self.answered and not self.done and not self.waived

    @property
    def settled(self) -> bool:
        """True when its stage need not wait for it any more."""
        return self.done or bool(self.waived) or (self.answered and self.on_fail is not OnFail.HOLD)


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
    result: str | None = None  # ok, degraded, partial, compensated, superseded, failed


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run with what its members become, and where the lot returns to if it fails: enough to resume it.

    `left` says for each stage that the run has still to reach which state of the lot the devices of that stage follow: a run that
    was superseded may have left its last stages behind.
    """

    run: Run
    wants: Mapping[DeviceId, Want]
    before: LotState
    left: Mapping[int, LotState] = field(default_factory=dict)


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


@dataclass(frozen=True, slots=True)
class Compensate:
    """A member that must not fail has failed: plan what brings the lot to a defined state, and call `compensating`."""


Effect = Send | Finished | Compensate
Step = tuple[Run, tuple[Effect, ...]]


def begin(plan: Plan, by: str, now: Now) -> Step:
    """Start the run at its first stage that has members."""
    rows = tuple(_row(member) for member in plan.members)
    run = Run(plan.run, plan.lot, plan.scene.id, by, now.utc_ns, rows, stage=-1, stage_began_mono_ns=now.mono_ns)
    return _next_stage(run, now)


def _row(m: PlannedMember) -> Row:
    return Row(m.id, m.kind, m.agent, m.room, m.stage, m.required, on_fail=m.on_fail)


def compensating(run: Run, plan: Plan, now: Now) -> Step:
    """Go on with the compensation: its rows come after those of the scene, which stay as they are."""
    rows = (*run.rows, *(_row(member) for member in plan.members))
    return _next_stage(replace(run, rows=rows, stage=max(run.stage, UNDO - 1)), now)


def resumed(run: Run, now: Now) -> Step:
    """Go on after a restart of the gateway: the same run, its present stage sent again, its time counted afresh."""
    rows = tuple(
        replace(r, sent_mono_ns=None, away=False, over=r.over and r.stage != run.stage, text="" if r.text == AWAY else r.text)
        for r in run.rows
    )
    return _sent(replace(run, stage_began_mono_ns=now.mono_ns, rows=rows), now, again=True)


def seen(run: Run, away: Container[BoardId]) -> Run:
    """Say at once in its row which member hangs on a board that is known to be offline, and that it is back."""
    if run.result is not None:
        return run
    changed = {place: after for place, row in enumerate(run.rows) if (after := _seen(row, run, away)) is not row}
    return replace(run, rows=tuple(changed.get(place, row) for place, row in enumerate(run.rows))) if changed else run


def _seen(row: Row, run: Run, away: Container[BoardId]) -> Row:
    if row.stage != run.stage or row.code != SILENT or row.over or row.away == (row.agent in away):
        return row
    return replace(row, away=not row.away, text="" if row.away else AWAY)


def answered(run: Run, answers: Mapping[str, tuple[int, str]], now: Now) -> Step:
    """Take answers: member → (code, text).  Answers for members of later stages, or after the end, change nothing; nor do answers
    for the scene once it is being compensated."""
    rows = enumerate(run.rows)
    return answered_at(run, [(place, answers[row.id]) for place, row in rows if row.id in answers], now, Waiting())


@dataclass(slots=True)
class Waiting:
    """Where a member was last seen that its stage waits for: it spares the search when a thousand answers come in many small lots."""

    place: int = -1


def answered_at(run: Run, answers: Iterable[tuple[int, tuple[int, str]]], now: Now, waiting: Waiting) -> Step:
    """The same by places in the rows.  All answers that have come together are one step: a row costs itself, and not all rows."""
    if run.result is not None:
        return run, ()
    rows = list(run.rows)
    changed = False
    for place, answer in answers:
        row = rows[place]
        if asked_now(row, run) and (said := _answer(row, answer, now)) is not row:
            rows[place] = said
            changed = True
    if not changed:
        return run, ()
    after = replace(run, rows=tuple(rows))
    if waiting.place >= 0 and (last := rows[waiting.place]).stage == run.stage and not last.settled:
        return after, ()
    waiting.place = next((p for p in reversed(range(len(rows))) if (r := rows[p]).stage == run.stage and not r.settled), -1)
    return (after, ()) if waiting.place >= 0 else _stage_over(after, now)


def asked_now(row: Row, run: Run) -> bool:
    """True for members that have been told what the run wants of them, and not the opposite since."""
    return row.stage <= run.stage and (run.stage < UNDO) == (row.stage < UNDO)


def woken(run: Run, now: Now) -> Step:
    """Time passed: name whose time is up, repeat to the silent, end the stage when nobody is waited for any more."""
    if run.result is not None:
        return run, ()
    passed_ms = (now.mono_ns - run.stage_began_mono_ns) // MS
    if any(_runs_out(row, run, passed_ms) for row in run.rows):
        run = replace(run, rows=tuple(_over(row) if _runs_out(row, run, passed_ms) else row for row in run.rows))
        run, effects = _judge(run, now)
        if effects:
            return run, effects
    silent = {row.agent for row in run.rows if _asked_again(row, run) and _due(row, now)}
    return _sent(run, now, again=True, agents=tuple(sorted(silent))) if silent else (run, ())


def wake_ns(run: Run) -> int | None:
    """When `woken` will do something at the latest, on the monotonic clock; waking early changes nothing."""
    if run.result is not None:
        return None
    stage = [row for row in run.rows if row.stage == run.stage]
    moments = [run.stage_began_mono_ns + row.limit_ms * MS for row in stage if not row.over and not row.done]
    moments += [row.sent_mono_ns + _again_ms(row) * MS for row in stage if _asked_again(row, run) and row.sent_mono_ns is not None]
    return min(moments, default=None)


def held_by(run: Run) -> tuple[Row, ...]:
    """The members that a stage is held by: it passes when they have answered, or when a person goes on without them."""
    return tuple(row for row in run.rows if row.stage == run.stage and row.holds) if run.result is None else ()


def go_on(run: Run, by: str, reason: str, now: Now) -> Step:
    """A person goes on without the members that hold the stage.  What they have not done stays named."""
    if not held_by(run):
        return run, ()
    word = f"{by}: {reason}"
    rows = tuple(replace(row, waived=word) if row.stage == run.stage and row.holds else row for row in run.rows)
    return _judge(replace(run, rows=rows), now)


def try_again(run: Run, now: Now) -> Step:
    """A person has seen to the members that hold the stage: they are told anew, and have their time anew."""
    held = held_by(run)
    if not held:
        return run, ()
    rows = tuple(
        replace(row, code=SILENT, text="", over=False, attempts=0, sent_mono_ns=None)
        if row.stage == run.stage and row.holds
        else row
        for row in run.rows
    )
    run = replace(run, rows=rows, stage_began_mono_ns=now.mono_ns)
    return _sent(run, now, agents=tuple(sorted({row.agent for row in held})))


def superseded(run: Run, now: Now) -> Run:
    """A newer run of the same lot has begun: its generation is higher, so late retries of this one die at the devices."""
    return replace(run, result="superseded", ended_utc_ns=now.utc_ns) if run.result is None else run


def _runs_out(row: Row, run: Run, passed_ms: int) -> bool:
    return row.stage == run.stage and not row.over and not row.done and passed_ms >= row.limit_ms


def _over(row: Row) -> Row:
    return replace(row, over=True, text=row.text or (NO_ANSWER if row.code == SILENT else NOT_IN_TIME))


def _asked_again(row: Row, run: Run) -> bool:
    """Silent, and still to be told again."""
    if row.stage != run.stage or row.code != SILENT or row.waived:
        return False
    tries = 1 if row.on_fail is OnFail.IGNORE else MAX_ATTEMPTS
    return row.attempts < tries or row.on_fail is OnFail.HOLD


def _again_ms(row: Row) -> int:
    """From the first time that it was told to the next: ever more slowly."""
    return RETRY_MS * min(row.attempts, MAX_ATTEMPTS) + HOLD_RETRY_MS * max(0, row.attempts - MAX_ATTEMPTS)


def _due(row: Row, now: Now) -> bool:
    return row.sent_mono_ns is None or now.mono_ns - row.sent_mono_ns >= _again_ms(row) * MS


def _answer(row: Row, answer: tuple[int, str], now: Now) -> Row:
    """The row with an answer; the very same when that changes nothing."""
    code, text = answer
    if row.code == code and (code == APPLIED or (row.text == text and not row.away)):
        return row
    latency = row.latency_ms
    if code == APPLIED and row.sent_mono_ns is not None:
        latency = (now.mono_ns - row.sent_mono_ns) // MS
    # Spelt out here and in `_told`: `replace` takes three times as long, and a thousand members have people waiting for them.
    return Row(
        row.id, row.kind, row.agent, row.room, row.stage, row.required, code, text, row.attempts, row.sent_mono_ns, latency, row.on_fail,
        False, row.over, row.waived,
    )  # fmt: skip


def _judge(run: Run, now: Now) -> Step:
    """Pass the barrier when no member of the stage is waited for any more."""
    # From the end: devices are told in order of the rows, so whoever still waits is most likely found there at once.
    waiting = any(row.stage == run.stage and not row.settled for row in reversed(run.rows))
    return (run, ()) if waiting else _stage_over(run, now)


def _stage_over(run: Run, now: Now) -> Step:
    if run.stage == RECORD and _unrecorded(run):
        # I10: a room that nobody records does not open.  The lot stays where it is; staff see which cameras failed.
        return _end(run, "failed", now)
    if any(row.stage == run.stage and row.on_fail is OnFail.COMPENSATE and not row.done for row in run.rows):
        return run, (Compensate(),)
    return _next_stage(run, now)


def _unrecorded(run: Run) -> list[RoomId]:
    """Rooms with required cameras in this run of which none is recording."""
    rooms: dict[RoomId, bool] = {}
    for row in run.rows:
        if row.stage == RECORD and row.required:
            rooms[row.room] = rooms.get(row.room, False) or row.done
    return [room for room, recorded in rooms.items() if not recorded]


def _next_stage(run: Run, now: Now) -> Step:
    later = sorted({row.stage for row in run.rows if row.stage > run.stage})
    if not later:
        return _end(run, _result(run), now)
    return _sent(replace(run, stage=later[0], stage_began_mono_ns=now.mono_ns), now)


def _sent(run: Run, now: Now, *, again: bool = False, agents: tuple[BoardId, ...] | None = None) -> Step:
    to = agents if agents is not None else tuple(sorted({row.agent for row in run.rows if row.stage == run.stage}))
    members = frozenset(to)
    rows = tuple(
        _told(row, now) if row.stage == run.stage and row.agent in members and not row.done else row for row in run.rows
    )
    return replace(run, rows=rows), (Send(to, run.stage, again),)


def _told(row: Row, now: Now) -> Row:
    first_mono_ns = row.sent_mono_ns if row.sent_mono_ns is not None else now.mono_ns
    return Row(
        row.id, row.kind, row.agent, row.room, row.stage, row.required, row.code, row.text, row.attempts + 1, first_mono_ns, row.latency_ms,
        row.on_fail, row.away, row.over, row.waived,
    )  # fmt: skip


def _result(run: Run) -> str:
    undone = [row for row in run.rows if row.stage >= UNDO]
    if undone:
        return "compensated" if all(row.done or not row.required for row in undone) else "partial"
    if all(row.done for row in run.rows):
        return "ok"
    return "partial" if any(row.required and not row.done for row in run.rows) else "degraded"


def _end(run: Run, result: str, now: Now) -> Step:
    return replace(run, result=result, ended_utc_ns=now.utc_ns), (Finished(result),)
