"""One tender day as people live it: what they do, in order, and what must come of it.

Waiting is written in minutes of the day and divided by the speed; no step is ever left out.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from gateway.trading.base import EventKind, PhaseEvent
from simulation.platform.scenarios import DayScenario
from simulation.stage.people import Crowd
from simulation.stage.staff import Desk, PressRefused
from venue_model.groups import Role
from venue_model.ids import DeviceId, DoorId, PersonKey
from venue_model.lots import Lot, Person
from venue_model.moments import S

O1, O2, INTAKE, GATE, E1, E2, MONITOR = (
    DoorId(d) for d in ("o1-door", "o2-door", "intake-door", "gate", "e1-door", "e2-door", "monitor-door")
)
LOCKERS = DeviceId("locker-reader")
MIN_RECORDING_S = 30.0
CLOCK_ERROR_S = 16  # what a board allows in the person's favour while nobody disciplines its clock
EXPIRED = PersonKey("k-expired-pass")
EXPIRED_CARD = bytes.fromhex("5ec0de11")


@dataclass(frozen=True, slots=True)
class Expected:
    """A refusal that the script provokes."""

    person: PersonKey
    door: DoorId
    rule: str
    utc_ns: int


@dataclass(slots=True)
class DayScript:
    """Runs the day.  `say` is told each step; `while_evaluating` is called in the middle of the evaluation."""

    desk: Desk
    crowd: Crowd
    scenario: DayScenario
    speed: float
    say: Callable[[str], None]
    while_evaluating: "Callable[[DayScript], None]" = lambda script: None
    expected: list[Expected] = field(default_factory=list)
    surprises: list[str] = field(default_factory=list)
    refused_presses: list[str] = field(default_factory=list)

    def run(self) -> None:
        """The whole day."""
        full, short = self.scenario.lots
        self._book()
        began = self._prepare(full)
        self._check_in(full)
        self._fail(short)
        self._opening(full, began)
        self._intake(full)
        self._evaluation(full)
        self._release(full)
        self.desk.press(full.id, "close")
        self.say("评标结束,封装证据 closed; the package is being sealed")

    def _minutes(self, minutes: float) -> None:
        time.sleep(minutes * 60 / self.speed)

    # the parts of the day

    def _book(self) -> None:
        platform = self.desk.house.platform
        for lot in self.scenario.lots:
            platform.put_lot(lot, self.scenario.credit_codes[lot.id])
        self.say("平台下发项目 the platform has sent the day's lots")
        self.desk.wait("the lots", lambda: len(self.desk.get("/projects")) == len(self.scenario.lots))

    def _prepare(self, lot: Lot) -> float:
        self._press(lot, "opening_preparation")
        began = time.monotonic()
        for role in (Role.AGT, Role.OWN, Role.SUP):
            self._enters(self._one(lot, role), O1)
        self._refused(self._bidders(lot)[0], O1, "PHASE")
        self._enters(self._one(lot, Role.WIT), MONITOR)
        self._minutes(10)
        return began

    def _check_in(self, lot: Lot) -> None:
        self._press(lot, "check_in")
        one, by_phone, three = self._bidders(lot)
        self._enters(one, O1)
        badge = self.crowd.scan(by_phone, O1)
        self._must(self.crowd.show(by_phone, O1, badge), f"{by_phone} could not enter {O1} with the phone")
        time.sleep(2.5)  # the camera must lose sight of the code before it can be shown again
        self._expect(by_phone, O1, "QR-REPLAY", lambda: self.crowd.show(by_phone, O1, badge, 2.0))
        self._refused(EXPIRED, O1, "PASS-EXPIRED")
        self._enters(three, O1)
        self._minutes(30)

    def _fail(self, lot: Lot) -> None:
        """The second lot has two bidders: it must not open."""
        self._press(lot, "opening_preparation")
        for role in (Role.AGT, Role.OWN):
            self._enters(self._one(lot, role), O2)
        self._press(lot, "check_in")
        bidder = self._bidders(lot)[0]
        self._enters(bidder, O2)
        self._announce(lot, EventKind.BIDDER_COUNT, bidders=2)
        self.desk.wait("the count of bids", lambda: self.desk.get(f"/lots/{lot.id}")["bidders"] == 2)
        try:
            self._press(lot, "opening")
            self.surprises.append(f"lot {lot.id} opened with two bidders")
        except PressRefused as refused:
            self.refused_presses.append(refused.code)
            self.say(f"两家投标,拒绝开标 two bidders: opening refused ({refused.code})")
        self._press(lot, "failed_tender")
        for person in (bidder, self._one(lot, Role.OWN), self._one(lot, Role.AGT)):
            self._leaves(person, O2)
        self._press(lot, "close")

    def _opening(self, lot: Lot, began: float) -> None:
        self._announce(lot, EventKind.BIDDER_COUNT, bidders=3)
        self.desk.wait("the count of bids", lambda: self.desk.get(f"/lots/{lot.id}")["bidders"] == 3)
        self._press(lot, "opening")
        bidder = self._bidders(lot)[0]
        self._leaves(bidder, O1)
        self._refused(bidder, O1, "PHASE")
        self._refused(bidder, INTAKE, "I1")
        self._refused(bidder, GATE, "I1")
        self._minutes(15)
        time.sleep(max(0.0, MIN_RECORDING_S - (time.monotonic() - began)))
        self._press(lot, "opening_end")
        inside = [*self._bidders(lot)[1:], *(self._one(lot, role) for role in (Role.OWN, Role.AGT, Role.SUP))]
        for person in inside:
            self._leaves(person, O1)

    def _intake(self, lot: Lot) -> None:
        self._press(lot, "intake")
        hasty, lost, *others, late = self._experts(lot)
        for expert in (hasty, lost, *others):
            self._enters(expert, INTAKE)
            if expert == hasty:
                self._refused(hasty, GATE, "I5")
            self._locks_phone(expert)
            self._enters(expert, GATE)
            if expert == lost:
                self._refused(lost, E2, "I2")
            self._enters(expert, E1)
        self._enters(late, INTAKE)
        self._locks_phone(late)
        time.sleep(self.desk.house.venue.entry_window_s + CLOCK_ERROR_S + 1.2)  # on the phone until the last moment
        self._refused(late, GATE, "I3")
        self.desk.authorise(lot.id, late)
        self._enters(late, GATE)
        self._enters(late, E1)

    def _evaluation(self, lot: Lot) -> None:
        self._press(lot, "evaluation")
        self._refused(self._one(lot, Role.AGT), E1, "I8")
        self._minutes(30)
        self.while_evaluating(self)
        self._enters(self._one(lot, Role.SUP), MONITOR)
        self._minutes(30)

    def _release(self, lot: Lot) -> None:
        self._announce(lot, EventKind.REPORT_SIGNED)
        try:
            self._press(lot, "report_signed")
            self.surprises.append("the seal was lifted without approvals")
        except PressRefused as refused:
            self.refused_presses.append(refused.code)
            self.say(f"一人不能解封 one person alone cannot lift the seal ({refused.code})")
        self._press(lot, "report_signed", approve=True)
        for expert in self._experts(lot):
            self._leaves(expert, E1)
            self._leaves(expert, GATE)
            self.crowd.fetch_phone(expert, LOCKERS)
            self._leaves(expert, INTAKE)
        for role in (Role.SUP, Role.WIT):
            self._leaves(self._one(lot, role), MONITOR)

    def without_gateway(self) -> None:
        """What people do while nobody coordinates: the doors know what was last signed, for as long as its lease."""
        full = self.scenario.lots[0]
        witness = self._one(full, Role.WIT)
        self._refused(self._one(full, Role.AGT), E1, "I8")
        self._leaves(witness, MONITOR)
        self._enters(witness, MONITOR)

    # small acts

    def _press(self, lot: Lot, scene: str, *, approve: bool = False) -> None:
        run = self.desk.press(lot.id, scene, approve=approve)
        self.say(f"{scene}: {run['result']} ({len(run['members'])} 个成员 members) lot {lot.id}")

    def _enters(self, person: PersonKey, door: DoorId) -> None:
        self._must(self.crowd.badge(person, door), f"{person} was not let in at {door}")

    def _leaves(self, person: PersonKey, door: DoorId) -> None:
        self._must(self.crowd.leave(person, door), f"{door} did not open from the inside")

    def _refused(self, person: PersonKey, door: DoorId, rule: str) -> None:
        self._expect(person, door, rule, lambda: self.crowd.badge(person, door))

    def _expect(self, person: PersonKey, door: DoorId, rule: str, attempt: Callable[[], bool]) -> None:
        self.expected.append(Expected(person, door, rule, time.time_ns()))
        self._must(not attempt(), f"{person} was let in at {door}, {rule} should have refused")
        self.say(f"{door}: 拒绝 refused ({rule})")

    def _locks_phone(self, person: PersonKey) -> None:
        self.crowd.lock_phone_away(person, LOCKERS)

    def _must(self, held: bool, otherwise: str) -> None:
        if not held:
            self.surprises.append(otherwise)
            self.say(f"!! {otherwise}")

    def _announce(self, lot: Lot, kind: EventKind, *, bidders: int | None = None) -> None:
        now = time.time_ns()
        self.desk.house.platform.announce(PhaseEvent(f"ev-{now}", lot.project, lot.id, kind, now, bidders))

    def _one(self, lot: Lot, role: Role) -> PersonKey:
        return self.scenario.people(lot, role)[0]

    def _bidders(self, lot: Lot) -> tuple[PersonKey, ...]:
        return self.scenario.people(lot, Role.BID)

    def _experts(self, lot: Lot) -> tuple[PersonKey, ...]:
        return self.scenario.people(lot, Role.EXP)


def with_expired_pass(scenario: DayScenario) -> DayScenario:
    """The scenario with somebody whose pass ran out an hour ago: a second owner of the first lot."""
    first, second = scenario.lots
    yesterday = Person(EXPIRED, Role.OWN, EXPIRED_CARD.hex(), "", 0, time.time_ns() - 3600 * S)
    scenario.cards[EXPIRED] = EXPIRED_CARD
    return replace(scenario, lots=(replace(first, people=(*first.people, yesterday)), second))
