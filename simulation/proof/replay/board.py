"""One board's journal, line by line: what it held, whom it let in and what it counted, by the edge's own decisions.

A journal that begins at line 1 is a board's whole life.  Of one that begins later the start is unknown, and its first policy of each domain
is believed.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from edge.core.ledger import Direction, How, sides
from edge.core.policy import Accepted, Held, Order, Rejected, accept
from simulation.proof.replay.lines import Finding, Line, finding, policy_in
from venue_model.commissioning import Commission, DoorRecord
from venue_model.door_policy import ComponentPolicy
from venue_model.groups import Role, separated_pairs
from venue_model.ids import ComponentId, DoorId
from venue_model.profiles import DoorMode

BY_GRANT = frozenset({How.PASS, How.QR, How.PULSE})
UNTOLD: Order = (0, 0)  # what a passage names where nothing is held


@dataclass(frozen=True, slots=True)
class Taken:
    """A board took a policy, and with it perhaps lifted a seal."""

    line: Line
    policy: ComponentPolicy
    lifts: bool = False


@dataclass(frozen=True, slots=True)
class Counted:
    """A door's count for a domain changed, under the policy `order`.

    `suspect`: from here on somebody may have passed unseen (True), or an admission has answered for the count (False).
    """

    line: Line
    door: DoorId
    component: ComponentId
    order: Order
    by: int
    suspect: bool | None = None


@dataclass(frozen=True, slots=True)
class Granted:
    """Let in, and not gone through yet.  The line's words say who."""

    credential: str
    direction: str
    how: str
    person: object
    group: object

    def is_for(self, line: Line) -> bool:
        """True when `line` tells the end of this grant."""
        body = line.body
        return (self.direction, self.how, self.person) == (body.get("direction"), body.get("how"), body.get("person"))


@dataclass
class Board:
    """What is known of one board after the lines so far."""

    commission: Commission
    whole: bool
    held: dict[ComponentId, Held] = field(default_factory=dict)
    pending: dict[DoorId, list[Granted]] = field(default_factory=dict)
    fires: set[str] = field(default_factory=set)
    breach_due: Line | None = None
    findings: list[Finding] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)
    counted: list[Counted] = field(default_factory=list)
    pulses: list[Line] = field(default_factory=list)  # grants that a command of the gateway must explain

    def __post_init__(self) -> None:
        self.doors = {record.id: record for record in self.commission.doors}
        self._kinds: dict[str, Callable[[Line], None]] = {
            "policy": self._policy,
            "grant": self._grant,
            "no_entry": self._no_entry,
            "passage": self._passage,
            "breach": self._breach,
            "alarm": self._alarm,
            "device": self._device,
            "fire": self._fire,
        }

    def play(self, lines: Iterable[Line]) -> None:
        """Take the board's lines in order."""
        last: Line | None = None
        for line in lines:
            if last is not None and line.seq != last.seq + 1:
                self._find(line, "hole", f"the line before it is {last.seq}: what lies between is missing")
            self._breach_told(line)
            take = self._kinds.get(line.kind)
            if take is not None:
                try:
                    take(line)
                except (KeyError, ValueError, TypeError) as error:
                    self._find(line, "unreadable", f"a {line.kind} line that says {error!r}")
            last = line
        self._breach_told(None)

    def _find(self, line: Line, code: str, because: str) -> None:
        self.findings.append(finding(line, code, because))

    def _door(self, line: Line) -> DoorRecord | None:
        record = self.doors.get(DoorId(line.text("door")))
        if record is None:
            self._find(line, "strange-door", f"{line.text('door')} is no door of this board")
        return record

    # policies

    def _policy(self, line: Line) -> None:
        offered = policy_in(line)
        if offered is None:
            return
        known = self.held.get(offered.component)
        if known is None and not self.whole:
            self._take(line, offered, _believed(offered))
            return
        verdict = accept(known, offered, "", self.commission)
        if line.text("result") == "accepted":
            if isinstance(verdict, Rejected):
                self._find(line, verdict.code, f"the board took what the rules refuse: {verdict.because}")
                self._take(line, offered, _believed(offered))
            elif not verdict.changed:
                self._find(line, "twice", "a policy that was held already became law again")
            else:
                self._take(line, offered, verdict.held)
        elif isinstance(verdict, Accepted) and verdict.changed and line.text("code") != "matrix":
            # A matrix is also broken by passes, which no line carries.
            self._find(line, "refused", f"the board refused ({line.text('code')}) what the rules take")

    def _take(self, line: Line, offered: ComponentPolicy, held: Held) -> None:
        known = self.held.get(offered.component)
        self.held[offered.component] = held
        self.taken.append(Taken(line, offered, lifts=known is not None and known.policy.seal and not offered.seal))
        for record in self.doors.values() if offered.groups else ():
            if offered.component in (record.inside, record.outside):
                self._suspect(line, record, False)  # whoever admits people to a domain has answered for its counts

    # people

    def _grant(self, line: Line) -> None:
        record = self._door(line)
        if record is None:
            return
        grant = Granted(
            line.text("credential") or f"pulse {line.text('command')}", line.text("direction"), line.text("how"), line.body.get("person"),
            line.body.get("group"),
        )  # fmt: skip
        if grant.direction == Direction.IN and record.inside is not None:
            self._check_entry(line, record.inside, grant)
        if grant.how == How.PULSE:
            self.pulses.append(line)
        others = [g for g in self.pending.get(record.id, []) if g.credential != grant.credential]
        self.pending[record.id] = [*others, grant]

    def _check_entry(self, line: Line, component: ComponentId, grant: Granted) -> None:
        held = self.held.get(component)
        if self.fires:
            self._find(line, "fire", f"somebody was let into {component} while the fire input was active")
        if held is None:
            if self.whole:
                self._find(line, "no-policy", f"somebody was let into {component}, of which this board held no policy")
            return
        policy = held.policy
        if policy.seal:
            self._find(line, "sealed", f"somebody was let into {component}, which was sealed")
        elif not policy.groups or policy.mode in (DoorMode.CLEAR, DoorMode.LOCKDOWN):
            self._find(line, "clear", f"somebody was let into {component}, which was closed under {_words(policy)}")
        elif grant.how == How.PULSE:
            if separated_pairs((Role.STF, *policy.groups), self.commission.separated_pairs):
                self._find(line, "phase", f"staff were let into {component} among people whom they must not meet")
        elif grant.group not in policy.groups:
            self._find(line, "phase", f"{grant.group} was let into {component}, and {_words(policy)} admits {', '.join(policy.groups)}")

    def _no_entry(self, line: Line) -> None:
        self._ended(line)

    def _ended(self, line: Line) -> Granted | None:
        """The grant whose end a line tells.  A wait for a second person has none."""
        door = DoorId(line.text("door"))
        pending = self.pending.get(door, [])
        found = next((grant for grant in pending if grant.is_for(line)), None)
        if found is not None:
            self.pending[door] = [grant for grant in pending if grant is not found]
        return found

    def _passage(self, line: Line) -> None:
        record = self._door(line)
        if record is None:
            return
        direction = Direction(line.text("direction"))
        if How(line.text("how")) in BY_GRANT:
            self._check_granted(line)
        self._check_order(line, record)
        if direction is Direction.UNKNOWN:
            self._suspect(line, record)
            return
        went, came = sides(record, direction)
        if (line.text("from"), line.text("to")) != (went or "", came or ""):
            self._find(line, "sides", f"{record.id} leads from {went} to {came}, not from {line.text('from')} to {line.text('to')}")
        if went == came:
            return
        self._count(line, record, came, 1)
        self._count(line, record, went, -1)
        left = self.held.get(went) if went is not None else None
        if left is not None and left.policy.seal and not self.fires:
            self.breach_due = line

    def _check_granted(self, line: Line) -> None:
        grant = self._ended(line)
        if grant is None:
            if self.whole:
                self._find(line, "no-grant", "somebody passed who had not been let in")
        elif grant.group != line.body.get("group"):
            self._find(line, "no-grant", f"{grant.group} was let in, {line.text('group')} passed")

    def _check_order(self, line: Line, record: DoorRecord) -> None:
        told = line.body["policy"]
        held = self.held.get(record.inside) if record.inside is not None else None
        if held is None and not self.whole:
            return
        order = held.policy.order if held is not None else UNTOLD
        if (told["term"], told["epoch"]) != order:
            self._find(line, "order", f"it names epoch {told['epoch']} of term {told['term']}, the board held {_order_words(order)}")

    def _count(self, line: Line, record: DoorRecord, component: ComponentId | None, by: int, suspect: bool | None = None) -> None:
        if component is not None:
            held = self.held.get(component)
            order = held.policy.order if held is not None else UNTOLD
            self.counted.append(Counted(line, record.id, component, order, by, suspect))

    def _suspect(self, line: Line, record: DoorRecord, suspect: bool = True) -> None:
        for component in {record.inside, record.outside}:
            self._count(line, record, component, 0, suspect)

    # what breaks the seal, and what the board itself goes through

    def _breach_told(self, line: Line | None) -> None:
        """The breach follows its passage at once: both are written before anything moves."""
        due, self.breach_due = self.breach_due, None
        if due is not None and (line is None or line.kind != "breach" or line.text("component") != due.text("from")):
            self._find(due, "no-breach", f"{due.text('from')} was left while it was sealed, and the next line is no breach")
        if due is None and line is not None and line.kind == "breach":
            self._find(line, "no-seal", "a breach that follows no leaving of a sealed room")

    def _breach(self, line: Line) -> None:
        """Judged together with the passage before it."""

    def _alarm(self, line: Line) -> None:
        record = self.doors.get(DoorId(line.text("door")))
        if record is None or line.text("code") not in ("unseen", "found-open"):
            return
        for grant in self.pending.pop(record.id, []) if line.text("code") == "unseen" else ():
            went, came = sides(record, Direction(grant.direction))
            if went != came:
                self._count(line, record, came, 1)
        self._suspect(line, record)

    def _device(self, line: Line) -> None:
        if line.text("code") == "started" and line.text("device") == self.commission.agent:
            self.fires.clear()  # the inputs tell again

    def _fire(self, line: Line) -> None:
        (self.fires.add if line.body["active"] else self.fires.discard)(line.text("device"))


def _believed(offered: ComponentPolicy) -> Held:
    """What is held when the line is all that is known."""
    return Held(offered, "", admitted=offered.groups, admitted_at=offered.order)


def _words(policy: ComponentPolicy) -> str:
    return _order_words(policy.order)


def _order_words(order: Order) -> str:
    return f"epoch {order[1]} of term {order[0]}"
