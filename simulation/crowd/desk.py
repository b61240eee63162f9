"""Staff at the dashboard: they follow a lot through its day and press what is due, when what it needs is there.

The desk looks at the phase that the gateway shows and never at what it believes to have pressed: after a crash, a restore or a
failed run it simply goes on from there.
"""

import random
from dataclasses import dataclass

from gateway.core.clearing import Waits
from gateway.core.day import Refusal, parts, pressable
from gateway.core.parts import COMMITTEE, OVER, evaluation_rooms, seat_of
from simulation.crowd.crowd import Crowd
from simulation.crowd.life import Act
from simulation.crowd.timetable import INTAKE_NS, Timetable
from venue_model.lots import MIN_BIDDERS, Lot, Person, Phase
from venue_model.moments import S
from venue_model.scenes import SCENES, SceneId

RUN_LOOK_NS = 2 * S
LOOK_NS = 15 * S
AWAY_NS = 20 * S  # nobody presses a button of a dashboard that does not answer more often than that
AGAIN_S = (20, 60)  # after a refusal or a failed run
QUORUM = 5  # fewer members than this are no committee (domain brief 1.1)


# Turns that a day may take besides its plain course, each in this share of the lots, once; and in which phase.
TURNS = {
    SceneId.SUSPEND: (0.15, (Phase.CHECK_IN, Phase.OPENING, Phase.INTAKE, Phase.EVALUATION)),
    SceneId.INQUIRY: (0.15, (Phase.EVALUATION,)),
    SceneId.SECOND_ROUND: (0.1, (Phase.EVALUATION,)),
    SceneId.OVERNIGHT: (0.05, (Phase.EVALUATION,)),
}
ASIDE_S = (60, 240)  # how long such a turn lasts before the day goes on
NOT_TO_BE_HAD = frozenset({"no-room", "room-taken", "apart", "shared", "wrong-phase"})  # a turn that is refused so is left out


def draw_turns(rng: random.Random) -> dict[Phase, SceneId]:
    """The turns of one lot's day: phase → what is pressed in it."""
    found: dict[Phase, SceneId] = {}
    for scene, (share, phases) in TURNS.items():
        luck, phase = rng.random(), rng.choice(phases)
        if luck < share:
            found.setdefault(phase, scene)
    return found


@dataclass(slots=True)
class Desk:
    """The staff of one lot."""

    crowd: Crowd
    lot: Lot
    plan: Timetable
    rng: random.Random
    turns: dict[Phase, SceneId]
    on_at_ns: int = 0  # when the day goes on after a turn

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
            self._gives_word()
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
                return self._at_deadline() if now >= plan.opening else self._turn(phase, plan.check_in)
            case Phase.OPENING:
                return SceneId.OPENING_END if now >= plan.opening_end else self._turn(phase, plan.opening)
            case Phase.OPENING_END:
                return SceneId.INTAKE if now >= plan.intake and evaluation_rooms(self.crowd.house.venue, self.lot) else None
            case Phase.INTAKE:
                return self._committee(now) or self._turn(phase, plan.intake)
            case Phase.EVALUATION:
                return SceneId.REPORT_SIGNED if now >= plan.report else self._turn(phase, (plan.evaluation + plan.report) // 2)
            case Phase.INQUIRY | Phase.SECOND_ROUND | Phase.OVERNIGHT:
                return self._back(phase)
            case Phase.SUSPENDED:
                return self._resume()
            case Phase.REPORT_SIGNED | Phase.FAILED:
                return SceneId.CLOSE if self._empty() else None
            case _:
                return None

    def _turn(self, phase: Phase, after_utc_ns: int) -> SceneId | None:
        """What this day does besides, once."""
        if phase not in self.turns or self.crowd.world.utc_ns < after_utc_ns:
            return None
        self.on_at_ns = self.crowd.world.now_ns + self._moments(*ASIDE_S)
        return self.turns.pop(phase)

    def _back(self, phase: Phase) -> SceneId | None:
        """The evaluation goes on: after an inquiry when the members sit again, or long after they should."""
        if self.crowd.world.now_ns < self.on_at_ns:
            return None
        late = self.crowd.world.now_ns > self.on_at_ns + 2 * INTAKE_NS
        return SceneId.EVALUATION if phase is not Phase.INQUIRY or late or self._all_sit() else None

    def _resume(self) -> SceneId | None:
        """Back to where the lot was suspended."""
        state = self.crowd.house.lot_state(self.lot.id)
        if state is None or self.crowd.world.now_ns < self.on_at_ns:
            return None
        back = (scene.id for scene in pressable(state) if scene.leads_to is state.suspended_from)
        return next(back, SceneId.ABORT)

    def _at_deadline(self) -> SceneId:
        """At the deadline it opens; with too few bidders the press is tried, refused, and the tender declared failed by the host."""
        few = self.lot.bidders is not None and self.lot.bidders < MIN_BIDDERS
        return SceneId.FAILED_TENDER if few and self.rng.random() < 0.5 else SceneId.OPENING

    def _committee(self, now: int) -> SceneId | None:
        """Evaluation begins when all members sit; without a quorum long after the time, the tender fails."""
        if self._all_sit():
            return SceneId.EVALUATION
        if now < self.plan.evaluation + int(2 * INTAKE_NS):
            return None
        return SceneId.EVALUATION if sum(map(self._sits, self._members())) >= QUORUM else SceneId.FAILED_TENDER

    def _members(self) -> list[Person]:
        """The committee, as the platform has it now."""
        lot = self.crowd.house.lots.get(self.lot.id, self.lot)
        return [person for person in lot.people if person.role in COMMITTEE and not person.withdrawn]

    def _all_sit(self) -> bool:
        return all(map(self._sits, self._members()))

    def _sits(self, person: Person) -> bool:
        here = self.crowd.house.people.get(person.person)
        return here is not None and here.room == seat_of(self.crowd.house.venue, self.lot, person)

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
        alone = SCENES[scene].two_person and self.rng.random() < 0.2  # somebody tries it alone first, and is refused
        answer = self.crowd.house.press_scene(self.lot.id, scene, approvers=1 if alone else 2)
        if answer is None:
            yield AWAY_NS
        elif isinstance(answer, Refusal):
            if answer.code == "too-few-bidders":
                yield self._moments(5, 30)
                self.crowd.house.press_scene(self.lot.id, SceneId.FAILED_TENDER)
            if scene not in TURNS or answer.code not in NOT_TO_BE_HAD:
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
            self._gives_word()
            found = next((r for r in coordinator.scenes.runs(self.lot.id) if r.id == run), None)
            if found is None:
                return  # the gateway was put back to a time before it
            if found.result is not None:
                if found.result == "failed":
                    yield self._moments(*AGAIN_S)
                return

    def _gives_word(self) -> None:
        """Two people sign what rooms wait for: a separated group may come, nobody is inside, a seal that no lot asks for is lifted.

        They look first.  A seal of a room in use is lifted with the report, and by nothing else.
        """
        house, coordinator = self.crowd.house, self.crowd.house.coordinator
        if coordinator is None:
            return
        peopled = {body.room for body in house.people.values()}
        for component, rooms in house.venue.components.items():
            for act in coordinator.warden.acts(component):
                release = act == Waits.RELEASE.value
                wanted = coordinator.warden.access[component].seal if component in coordinator.warden.access else True
                if act == Waits.OPEN.value or (release and not wanted) or (not release and peopled.isdisjoint(rooms)):
                    house.approve(component, act)

    def _moments(self, low: float, high: float) -> int:
        return int(self.rng.uniform(low, high) * S)
