"""Staff at the dashboard: they follow a lot through its day and press what is due, when what it needs is there.

The desk looks at the phase that the gateway shows and never at what it believes to have pressed: after a crash, a restore or a
failed run it simply goes on from there.
"""

import random
from dataclasses import dataclass

from gateway.core.clearing import Waits
from gateway.core.day import Refusal, parts
from simulation.crowd.crowd import Crowd
from simulation.crowd.life import Act
from simulation.crowd.timetable import INTAKE_NS, OPENING_NS, Timetable
from venue_model.groups import Role
from venue_model.ids import LotId, PersonKey
from venue_model.lots import MIN_BIDDERS, Lot, Phase
from venue_model.moments import S
from venue_model.scenes import SceneId

RUN_LOOK_NS = 2 * S
LOOK_NS = 15 * S
AWAY_NS = 20 * S  # nobody presses a button of a dashboard that does not answer more often than that
AGAIN_S = (20, 60)  # after a refusal or a failed run
QUORUM = 5  # fewer members than this are no committee (domain brief 1.1)
COMMITTEE = frozenset({Role.EXP, Role.OWN_C})
OVER = frozenset({Phase.CLOSED, Phase.ABORTED})


@dataclass(slots=True)
class Desk:
    """The staff of one lot."""

    crowd: Crowd
    lot: Lot
    plan: Timetable
    rng: random.Random
    suspends: bool = False

    def day(self) -> Act[None]:
        """Look, do what is due, look again; until the lot is over."""
        yield max(0, self.plan.preparation - self.crowd.world.utc_ns)
        while True:
            phase = self._phase()
            if phase is None:
                yield AWAY_NS
                continue
            self.crowd.announce(self.lot.id, phase)
            if phase in OVER:
                return
            yield from self._authorises()
            scene = self._due(phase)
            if scene is None:
                yield LOOK_NS
            else:
                yield from self._press(scene)

    def _phase(self) -> Phase | None:
        state = self.crowd.house.lot_state(self.lot.id)
        return None if state is None else state.phase

    def _due(self, phase: Phase) -> SceneId | None:
        """What should be pressed now, or None."""
        now, plan = self.crowd.world.utc_ns, self.plan
        match phase:
            case Phase.BOOKED if self.lot.opening_room is None:  # opened elsewhere: the day begins with the experts
                return SceneId.INTAKE if now >= plan.intake else None
            case Phase.BOOKED:
                return SceneId.OPENING_PREPARATION
            case Phase.PREPARATION:
                return SceneId.CHECK_IN if now >= plan.check_in else None
            case Phase.CHECK_IN:
                return self._at_deadline() if now >= plan.opening else None
            case Phase.OPENING:
                return self._while_opening(now)
            case Phase.SUSPENDED:
                return SceneId.OPENING
            case Phase.OPENING_END:
                return SceneId.INTAKE if now >= plan.intake and self.lot.evaluation_room is not None else None
            case Phase.INTAKE:
                return self._committee(now)
            case Phase.EVALUATION:
                return SceneId.REPORT_SIGNED if now >= plan.report else None
            case Phase.REPORT_SIGNED | Phase.FAILED:
                return SceneId.CLOSE if self._empty() else None
            case _:
                return None

    def _at_deadline(self) -> SceneId:
        """At the deadline it opens; with too few bidders the press is tried, refused, and the tender declared failed by the host."""
        few = self.lot.bidders is not None and self.lot.bidders < MIN_BIDDERS
        return SceneId.FAILED_TENDER if few and self.rng.random() < 0.5 else SceneId.OPENING

    def _while_opening(self, now: int) -> SceneId | None:
        if self.suspends and now >= self.plan.opening + int(OPENING_NS * self.crowd.pace / 2):
            self.suspends = False
            return SceneId.SUSPEND
        return SceneId.OPENING_END if now >= self.plan.opening_end else None

    def _committee(self, now: int) -> SceneId | None:
        """Evaluation begins when all members sit; without a quorum long after the time, the tender fails."""
        members = [p.person for p in self.lot.people if p.role in COMMITTEE and not p.withdrawn]
        seated = sum(self._sits(member) for member in members)
        if seated == len(members):
            return SceneId.EVALUATION
        if now < self.plan.evaluation + int(2 * INTAKE_NS):
            return None
        return SceneId.EVALUATION if seated >= QUORUM else SceneId.FAILED_TENDER

    def _sits(self, person: PersonKey) -> bool:
        here = self.crowd.house.people.get(person)
        return here is not None and here.room == self.lot.evaluation_room

    def _empty(self) -> bool:
        """Nobody of the lot is left in the rooms that it touches, and no phone in a locker: its passes die with the press."""
        state = self.crowd.house.lot_state(self.lot.id)
        if state is None:
            return False
        rooms = {room for _, room in parts(self.crowd.house.venue, state)}
        return all(body.room not in rooms for body in self.crowd.house.people.values() if body.lot == self.lot.id)

    # acts

    def _authorises(self) -> Act[None]:
        """Those who called from the gate: on the roster, and in time for this lot."""
        calling = self.crowd.asking.pop(self.lot.id, {})
        for person in calling:
            yield self._moments(3, 15)
            self.crowd.house.authorise(self.lot.id, person)

    def _press(self, scene: SceneId) -> Act[None]:
        alone = scene is SceneId.REPORT_SIGNED and self.rng.random() < 0.2  # somebody tries it alone first, and is refused
        answer = self.crowd.house.press_scene(self.lot.id, scene, approvers=1 if alone else 2)
        if answer is None:
            yield AWAY_NS
        elif isinstance(answer, Refusal):
            if answer.code == "too-few-bidders":
                yield self._moments(5, 30)
                self.crowd.house.press_scene(self.lot.id, SceneId.FAILED_TENDER)
            yield self._moments(*AGAIN_S)
        else:
            yield from self._watches(answer.id)

    def _watches(self, run: str) -> Act[None]:
        """Until the run has its result.  What it waits for and people can give, they give."""
        while True:
            yield RUN_LOOK_NS
            coordinator = self.crowd.house.coordinator
            if coordinator is None:
                return
            self._opens(LotId(self.lot.id))
            found = next((r for r in coordinator.scenes.runs(self.lot.id) if r.id == run), None)
            if found is None:
                return  # the gateway was put back to a time before it
            if found.result is not None:
                if found.result == "failed":
                    yield self._moments(*AGAIN_S)
                return

    def _opens(self, lot: LotId) -> None:
        """Give two people's word where a room waits for it before a separated group may enter."""
        coordinator = self.crowd.house.coordinator
        if coordinator is None:
            return
        for component, waiting in coordinator.warden.waiting.items():
            if waiting is not None and waiting.what is Waits.OPEN:
                self.crowd.house.approve_open(component)

    def _moments(self, low: float, high: float) -> int:
        return int(self.rng.uniform(low, high) * S)
