"""Presses what is due by the clock, after everybody else: what is refused is kept as a note and tried again."""

from collections.abc import Iterable
from dataclasses import replace

from gateway.core.booking.book import Booking
from gateway.core.booking.schedule import ACTOR, PREPARE, RELEASE, Look, Press, ScheduleRules, Tried, due
from gateway.core.day import Refusal
from gateway.core.parts import LotState, held_rooms
from gateway.core.presence.leaving import still_inside
from gateway.core.scene_run import Run
from gateway.shell.booking_store import BookingStore
from gateway.shell.coordinator import Coordinator
from venue_model.ids import LotId
from venue_model.moments import Now
from venue_model.scenes import SCENES
from venue_model.venue import Name


class ScheduleDesk:
    """What it has pressed stands in the lots' phases and runs, so that after a restart nothing is pressed twice."""

    def __init__(self, coordinator: Coordinator, store: BookingStore, rules: ScheduleRules) -> None:
        self.coordinator = coordinator
        self.store = store
        self._rules = rules
        self.tried = store.tried()
        self.kept = store.kept()

    def keep(self, lot: LotId, by: str, now: Now) -> Refusal | None:
        """Staff do this lot by hand."""
        if lot not in self.coordinator.day:
            return Refusal("unknown-lot", Name(f"没有标段 {lot}", f"there is no lot {lot}"))
        with self.coordinator.store.transaction():
            self.store.keep(lot, by, now.utc_ns)
            self.store.forget_tried(lot)
            self.coordinator.journal.note("schedule", {"act": "keep", "by": by}, now, lot=lot)
        self.kept[lot] = by
        self.tried = {key: tried for key, tried in self.tried.items() if key[0] != lot}
        return None

    def give_back(self, lot: LotId, by: str, now: Now) -> Refusal | None:
        """The clock may press for this lot again."""
        if lot not in self.kept:
            return Refusal("unknown-lot", Name(f"标段 {lot} 未设为手动", f"lot {lot} is not done by hand"))
        with self.coordinator.store.transaction():
            self.store.give_back(lot)
            self.coordinator.journal.note("schedule", {"act": "give back", "by": by}, now, lot=lot)
        del self.kept[lot]
        return None

    @property
    def rules(self) -> ScheduleRules:
        """Whether the clock prepares rooms is the installer's word; how long before an opening, staff may write in the scene book."""
        page = self.coordinator.scenes.book.get(PREPARE.id)
        if not self._rules.preparation_s or page is None or page.prepare_before_s is None:
            return self._rules
        return replace(self._rules, preparation_s=page.prepare_before_s)

    def look(self, bookings: Iterable[Booking], now: Now) -> None:
        """Press what is due."""
        if not (self.rules.preparation_s or self.rules.release_at):
            return
        self._forget_done()
        self._count_failed()
        look = Look(frozenset(self.kept) | self._in_hand(), self.tried)
        for press in due(bookings, self.coordinator.day, self.rules, look, now.utc_ns):
            self._press(press, now)

    def _in_hand(self) -> frozenset[LotId]:
        """Lots with a run under way, and those that a person pressed without success: that person knows why."""
        found = {run.lot for run in self.coordinator.scenes.open.values()}
        for lot, state in self.coordinator.day.items():
            if state.phase in PREPARE.allowed_from and state.run is not None:
                latest = self.coordinator.scenes.latest(lot)
                if latest is not None and latest.by != ACTOR:
                    found.add(lot)
        return frozenset(found)

    def _press(self, press: Press, now: Now) -> None:
        state = self.coordinator.day[press.lot]
        refusal = self._stands_against(press, state, now)
        found: Run | Refusal = refusal or self.coordinator.press(press.lot, press.scene, ACTOR, {}, now)
        if isinstance(found, Refusal):
            self._note(press, found, now.utc_ns, now)

    def _stands_against(self, press: Press, state: LotState, now: Now) -> Refusal | None:
        """What goes before a schedule, whoever may press in spite of it."""
        c = self.coordinator
        domains = {c.venue.component_of[room] for room in held_rooms(c.venue, state) if room in c.venue.component_of}
        fire = c.presence.fire(now)
        if fire is not None and fire.until_utc_ns is None:
            return Refusal("fire", Name("消防联动中,不自动切换", "a fire alarm stands: nothing is pressed by itself"))
        if c.guard.lockdown is not None:
            return Refusal("lockdown", Name("封控中,不自动切换;解除后再试", "locked down: nothing is pressed by itself until it is lifted"))
        if SCENES[press.scene].two_person or c.seals_lifted_by(press.lot, press.scene):
            return Refusal("approval", Name("此操作须两人审批,请到“今日”页办理", "two people must approve this: press it by hand"))
        if press.scene is RELEASE.id:
            inside = still_inside(c.presence.leaving(state.lot))
            if inside is not None:
                return Refusal("not-empty", Name(f"{inside.zh};请查看后手动结束", f"{inside.en}; look, then close by hand"))
            counted = sum(abs(c.warden.occupancy(domain)) for domain in domains)
            if counted:
                return Refusal("not-empty", Name(f"门计数为 {counted} 人,请查看", f"the doors count {counted} inside: go and look"))
        return None

    def _note(self, press: Press, why: Refusal, at_utc_ns: int, now: Now) -> None:
        """Keep what was said, until the lot goes on.  Only what is new goes to the journal."""
        known = self.tried.get((press.lot, press.scene))
        tried = Tried(press.lot, press.scene, known.times + 1 if known else 1, why.code, why.why.zh, why.why.en, at_utc_ns)
        with self.coordinator.store.transaction():
            self.store.save_tried(tried)
            if known is None or known.code != why.code:
                body = {"act": "refused", "scene": press.scene, "code": why.code, "zh": why.why.zh, "en": why.why.en}
                self.coordinator.journal.note("schedule", body, now, lot=press.lot)
        self.tried = {**self.tried, (press.lot, press.scene): tried}

    def _count_failed(self) -> None:
        """A run of ours that failed put its lot back: that is a try, too."""
        for lot, state in self.coordinator.day.items():
            run = self.coordinator.scenes.latest(lot) if state.phase in PREPARE.allowed_from and state.run is not None else None
            if run is None or run.by != ACTOR or run.result != "failed" or run.ended_utc_ns is None:
                continue
            known = self.tried.get((lot, PREPARE.id))
            if known is None or known.last_utc_ns < run.ended_utc_ns:
                words = Name("设备未就绪,房间未能准备好;见场景结果", "devices did not answer, the room is not ready: see the run's rows")
                at = Now(0, run.ended_utc_ns)
                self._note(Press(lot, PREPARE.id, run.began_utc_ns), Refusal("failed", words), run.ended_utc_ns, at)

    def _forget_done(self) -> None:
        """Notes of lots that have gone on say nothing any more."""
        day = self.coordinator.day
        done = [key for key in self.tried if key[0] not in day or day[key[0]].phase not in SCENES[key[1]].allowed_from]
        for lot, _ in done:
            self.store.forget_tried(lot)
        if done:
            self.tried = {key: tried for key, tried in self.tried.items() if key not in done}
