"""The scenes' side of the coordinator: presses become plans, plans become runs, answers move them on."""

import logging
from collections.abc import Callable, Collection
from dataclasses import replace

from gateway.core.day import LotState, Refusal, may_press
from gateway.core.plan import DOORS, RECORD, STOP, UNDO, UNDO_STOP, Plan, PlannedMember, not_counting_on, plan_scene, plan_undo
from gateway.core.plan_check import check_plan
from gateway.core.scene_book import Book, changes_for
from gateway.core.scene_run import (
    Compensate,
    Finished,
    Run,
    RunRecord,
    Send,
    answered_at,
    asked_now,
    begin,
    compensating,
    go_on,
    held_by,
    resumed,
    seen,
    superseded,
    try_again,
    wake_ns,
    woken,
)
from gateway.core.scene_run import Effect as RunEffect
from gateway.core.wants import device_wants, merged_wants
from gateway.shell.agents import AgentBook
from gateway.shell.scene_answers import SceneAnswers, Seats
from gateway.shell.scene_orders import SceneOrders
from gateway.shell.store import Store
from gateway.shell.warden import Warden
from venue_model.ids import BoardId, DeviceId, LotId, RunId
from venue_model.moments import MS, Now
from venue_model.scenes import SCENES, SceneId
from venue_model.venue import Name, Venue
from venue_model.wire import Want

log = logging.getLogger(__name__)
LOOK_MS = 200  # a device that was done and fails is noticed so late, when its time is up


class SceneDesk:
    """All runs that are under way, and the desired state of every device."""

    def __init__(self, venue: Venue, store: Store, agents: AgentBook, warden: Warden, epoch: int, new_run: Callable[[], RunId]) -> None:
        self.venue = venue
        self.store = store
        self.agents = agents
        self.warden = warden
        self.epoch = epoch
        self.new_run = new_run
        self.day: dict[LotId, LotState] = store.lots()
        self.book: Book = {}  # what staff have written about scenes (`SceneBookDesk`)
        self.open: dict[RunId, Run] = {}
        self._records: dict[RunId, RunRecord] = {}  # of the open runs
        self._ended: dict[LotId, Run] = {}  # the newest that ended since the start, for the pages
        self._seats: dict[RunId, Seats] = {}  # of the open runs
        self._next: dict[RunId, int] = {}  # when time will next change something in a run; a thousand rows are not asked with every tick
        self._asleep: set[RunId] = set()  # runs of the life before, until they are resumed
        for record in store.runs(open_only=True):
            self._records[record.run.id], self.open[record.run.id] = record, record.run
            self._seats[record.run.id] = Seats(record.run)
            self._asleep.add(record.run.id)
        # Nothing was sent for members of later stages: whoever connects is told to keep what they had.
        self.orders = SceneOrders(venue, agents, epoch, self._merged())
        self.answers = SceneAnswers(venue, agents, warden, self.orders)
        self.finished: Callable[[Run], None] = lambda run: None
        self.touched: Callable[[LotId], None] = lambda lot: None
        # Told which devices have come into a new phase: what people wanted of them in the old one has ended.
        self.phase_over: Callable[[Collection[DeviceId], Now], None] = lambda devices, now: None

    @property
    def wants(self) -> dict[DeviceId, Want]:
        """What every device is told to be."""
        return self.orders.wants

    # pressing

    def preview(self, lot: LotId, scene: str, utc_ns: int) -> Plan | Refusal:
        """What a press would do.  Nothing changes."""
        return self._plan(lot, scene, RunId("preview"), utc_ns)

    def _plan(self, lot: LotId, scene: str, run: RunId, utc_ns: int) -> Plan | Refusal:
        found = may_press(self.venue, self.day, lot, scene, self.warden.inside())
        if isinstance(found, Refusal):
            return found
        plan = plan_scene(self.venue, self.day, lot, found, run, utc_ns, changes_for(self.book, found))
        plan = not_counting_on(plan, self.answers.quarantined())
        return check_plan(self.venue, self.day, plan) or plan

    def press(self, lot: LotId, scene: str, by: str, now: Now) -> Run | Refusal:
        """Begin a run.  It is stored before its first message leaves."""
        plan = self._plan(lot, scene, self.new_run(), now.utc_ns)
        if isinstance(plan, Refusal):
            return plan
        run, effects = begin(plan, by, now)
        older = [r for r in self.open.values() if r.lot == lot]
        left = {stage: self._followed(lot, stage) for stage in (DOORS, STOP)}
        with self.store.transaction():
            for other in older:
                self._close(superseded(other, now))
            self.store.save_lot(plan.after[lot])
            self._records[run.id] = RunRecord(run, _wants_of(plan.members), self.day[lot], left)
            self._store(run)
            self.phase_over(self._records[run.id].wants.keys(), now)
        self.day[lot] = plan.after[lot]
        self._carry_out(run, effects, now)
        self.touched(lot)
        return self.open.get(run.id, run)

    def _compensate(self, run: Run, now: Now) -> None:
        """A member that must not fail has failed: the lot is brought to a defined state, under the same run."""
        record = self._records[run.id]
        plan = plan_undo(self.venue, self.day, record.before, SCENES[SceneId(run.scene)], run.id, now.utc_ns)
        left = {STOP: self._followed(run.lot, STOP)}
        run, effects = compensating(run, plan, now)
        with self.store.transaction():
            self.store.save_lot(plan.after[run.lot])
            self._records[run.id] = replace(record, wants={**record.wants, **_wants_of(plan.members)}, left=left)
            self._store(run)
        self._seats[run.id] = Seats(run)
        self.day[run.lot] = plan.after[run.lot]
        log.warning("run=%s lot=%s scene=%s is compensated by phase=%s", run.id, run.lot, run.scene, self.day[run.lot].phase)
        self._carry_out(run, effects, now)

    def resume(self, now: Now) -> None:
        """After a restart: the same runs go on under their ids."""
        for id in sorted(self._asleep):
            run, effects = resumed(self.open[id], now)
            self._asleep.discard(id)
            self._keep(run)
            self._carry_out(run, effects, now)
            log.info("run=%s lot=%s scene=%s resumed stage=%d", run.id, run.lot, run.scene, run.stage)

    def _under_way(self) -> list[Run]:
        """The open runs, but for those that wait to be resumed: their clocks are another life's."""
        return [run for run in self.open.values() if run.id not in self._asleep]

    def go_on(self, run_id: RunId, by: str, reason: str, now: Now) -> bool:
        """A person goes on without the members that hold a stage; False when none does."""
        return self._decided(run_id, lambda run: go_on(run, by, reason, now), now)

    def try_again(self, run_id: RunId, now: Now) -> bool:
        """A person has seen to the members that hold a stage: they are told anew; False when none does."""
        return self._decided(run_id, lambda run: try_again(run, now), now)

    def _decided(self, run_id: RunId, act: Callable[[Run], tuple[Run, tuple[RunEffect, ...]]], now: Now) -> bool:
        run = self.open.get(run_id)
        if run is None or run_id in self._asleep or not held_by(run):
            return False
        after, effects = act(run)
        self._store(after)
        self._carry_out(after, effects, now)
        return True

    # answers and time

    def take_answers(self, now: Now, only: Collection[BoardId] | None = None) -> None:
        """Read into the runs what the agents have reported; of all that came together at once.

        A stage's end is stored before what follows from it is sent.  Single answers are not: after a restart the stage is sent
        again, and the devices answer again.
        """
        for run in self._under_way():
            seats = self._seats[run.id]
            after, effects = answered_at(run, self.answers.of(run, seats, only), now, seats.waiting)
            if after is run:
                continue
            if not effects:
                self._keep(after, answers_only=True)
                continue
            with self.agents.link.after_commit():
                self._go(after, effects, now)

    def _go(self, run: Run, effects: tuple[RunEffect, ...], now: Now) -> None:
        """A run has come to its next stage, or its end: store it, then do what follows.  What has its result is stored by `_finish`."""
        if run.result is None:
            self._store(run)
        else:
            self._keep(run)
        self._carry_out(run, effects, now)

    def reachable(self) -> None:
        """Boards have come or gone: rows of the open runs say so at once."""
        for run in self._under_way():
            if (told := seen(run, self.agents.away)) is not run:
                self._keep(told)

    def wake(self, now: Now) -> None:
        """Repeat to the silent, end stages whose time is up, send documents that are due."""
        for run in self._under_way():
            if now.mono_ns < self._next.get(run.id, 0):
                continue
            after, effects = woken(run, now)
            if after is run:
                at_most = now.mono_ns + LOOK_MS * MS
                self._next[run.id] = min(wake_ns(run) or at_most, at_most)
            else:
                with self.agents.link.after_commit():
                    self._go(after, effects, now)
        self.orders.pay(now)

    def wake_ns(self) -> int | None:
        """When `wake` will do something at the latest, on the monotonic clock."""
        moments = (self.orders.due_ns, *map(wake_ns, self._under_way()))
        return min((moment for moment in moments if moment is not None), default=None)

    # sending

    def _carry_out(self, run: Run, effects: tuple[RunEffect, ...], now: Now) -> None:
        for effect in effects:
            match effect:
                case Send(agents, stage, again):
                    self._send(run, agents, stage, again, now)
                case Compensate():
                    self._compensate(run, now)
                case Finished(result):
                    self._finish(run, result, now)

    def _send(self, run: Run, boards: tuple[BoardId, ...], stage: int, again: bool, now: Now) -> None:
        if not again:
            self._tell(run)
        if stage >= DOORS:
            state = self.day[run.lot]
            if state.door_phase is not state.phase:
                self.day[run.lot] = replace(state, door_phase=state.phase)
                self.store.save_lot(self.day[run.lot])
            self.warden.pursue(self.day, now)
        fresh = [board for board in boards if not again or not self.answers.expected(run.id, board)]
        for board, generation in self.orders.number(fresh).items():
            self.answers.expect(run.id, board, generation)
        if again:
            for board in boards:
                self.orders.send(board, now, run.id)
        else:
            self.orders.broadcast(run, boards, stage, self._records[run.id].wants)
            self.orders.owe(boards, run.id, now)
        if (told := seen(run, self.agents.away)) is not run:
            self._keep(told)

    def _tell(self, run: Run) -> None:
        """The wants of the run's present stage are in force; what other lots under way share with it is merged."""
        record = self._records[run.id]
        wants = record.wants
        if len(self.open) > 1:
            merged = self._merged()
            wants = {**wants, **{device: merged[device] for device in wants if device in merged}}
            self._records[run.id] = replace(record, wants=wants)
        told = {DeviceId(row.id) for row in run.rows if asked_now(row, run)}
        self.orders.ask({**self.orders.asked, **{device: want for device, want in wants.items() if device in told}})

    def _merged(self) -> dict[DeviceId, Want]:
        ahead, doors, behind = ({lot: self._followed(lot, stage) for lot in self.day} for stage in (RECORD, DOORS, STOP))
        return merged_wants(self.venue, ahead, doors, behind)

    def _followed(self, lot: LotId, stage: int) -> LotState:
        """The state of a lot that devices of a stage follow: the newest, or what the open run has left them at."""
        run = next((r for r in self.open.values() if r.lot == lot), None)
        if run is None:
            return self.day[lot]
        reached = run.stage if run.stage < UNDO else STOP if run.stage >= UNDO_STOP else DOORS
        return self.day[lot] if reached >= stage else self._records[run.id].left.get(stage, self._records[run.id].before)

    def send_desired(self, board: BoardId, now: Now, run: RunId | None = None) -> None:
        """Send an agent the full desired state of its devices."""
        self.orders.send(board, now, run)

    def refresh(self, now: Now) -> None:
        """The day has changed without a scene (a new lot, a clock on the hall wall): send the devices that it changes."""
        busy = {row.id for run in self.open.values() for row in run.rows}
        fresh = {d: w for d, w in device_wants(self.venue, self.day).items() if d not in busy}
        self.orders.change({**self.orders.asked, **fresh}, now)
        self.warden.pursue(self.day, now)

    # the end of a run

    def _store(self, run: Run) -> None:
        self._keep(run)
        self.store.save_run(self._records[run.id])

    def _keep(self, run: Run, *, answers_only: bool = False) -> None:
        if not answers_only:
            self._next.pop(run.id, None)
        self.open[run.id] = run
        self._records[run.id] = replace(self._records[run.id], run=run)
        if run.id not in self._seats:
            self._seats[run.id] = Seats(run)
        self.touched(run.lot)

    def _close(self, run: Run) -> RunRecord:
        """Store a run that has its result, and forget its bookkeeping."""
        self._store(run)
        self._ended[run.lot] = run
        del self.open[run.id], self._seats[run.id]
        self._asleep.discard(run.id)
        self._next.pop(run.id, None)
        self.answers.forget(run.id)
        return self._records.pop(run.id)

    def _finish(self, run: Run, result: str, now: Now) -> None:
        record = self._close(run)
        if result == "failed":
            self.day[run.lot] = replace(record.before, run=run.id)
            self.store.save_lot(self.day[run.lot])
        if result == "failed" or run.stage >= UNDO:
            self.refresh(now)
        log.info("run=%s lot=%s scene=%s result=%s", run.id, run.lot, run.scene, result)
        self.finished(run)
        self.touched(run.lot)

    # for the pages

    def runs(self, lot: LotId) -> list[Run]:
        """The lot's runs, oldest first; open ones as they stand at this moment."""
        return [self.open.get(record.run.id, record.run) for record in self.store.runs(lot)]

    def run(self, run: RunId) -> Run | None:
        """A run as it stands at this moment, or None."""
        ended = (found for found in self._ended.values() if found.id == run)
        return self.open.get(run) or next(ended, None) or self.store.run(run)

    def is_open(self, run: RunId) -> bool:
        """True while a run has no result."""
        return run in self.open

    def latest(self, lot: LotId) -> Run | None:
        """The lot's newest run."""
        state = self.day[lot]
        if state.run is None:
            return None
        ended = self._ended.get(lot)
        return ended if ended is not None and ended.id == state.run else self.run(state.run)

    def waits_for(self, run: Run) -> Name | None:
        """What an open run waits for, in words."""
        return self.answers.waits_for(run)


def _wants_of(members: tuple[PlannedMember, ...]) -> dict[DeviceId, Want]:
    return {DeviceId(m.id): m.want for m in members if m.want is not None}
