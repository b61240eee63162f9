"""The gateway's half: one domain, driven through the shipping `clearing` and the shipping warden, with each answer kept once."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from operator import attrgetter
from typing import NamedTuple

from pydantic import TypeAdapter

from gateway.core import clearing
from gateway.core.clearing import Domain
from gateway.shell.warden import ApprovalError
from simulation.proof.search import laws
from simulation.proof.search.board import policy_words
from simulation.proof.search.desk import Desk
from simulation.proof.search.hall import DOORS, NOW, ONE_PERSON, ONE_ROLE, ROOM, TWO_PEOPLE, VENUE, Hall
from simulation.proof.search.scopes import Scope
from venue_model.door_policy import Approved, ComponentPolicy
from venue_model.groups import separated_pairs
from venue_model.profiles import DoorMode
from venue_model.signed import approval_bytes
from venue_model.wire import DoorReport

_FIELDS = attrgetter(*(field.name for field in fields(Domain)))
_DISK: TypeAdapter[Domain] = TypeAdapter(Domain)  # as `gateway.shell.store` writes it


class Gateway(NamedTuple):
    """What the gateway's disk holds, and every policy it ever signed."""

    domain: int
    signed: tuple[int, ...]  # numbers of domains, as they were when something new was signed


class Turn(NamedTuple):
    """What can happen at the gateway."""

    kind: str
    told: str
    after: int
    restored: bool = False
    empty: bool = False  # only while nobody is in the room
    law: str | None = None


class Gate:
    """All states of the gateway that the search has met."""

    def __init__(self, hall: Hall, scope: Scope, *, remember: bool) -> None:
        self.hall = hall
        self.scope = scope
        self.remember = remember  # also what the shipping code makes no use of: some mutants do
        self.domains: list[Domain] = []
        self.policies: list[ComponentPolicy] = []  # by domain
        self._policies: dict[ComponentPolicy, ComponentPolicy] = {}
        self.states: list[Gateway] = []
        self._desk = Desk(hall)
        self._domains: dict[object, int] = {}
        self._known: dict[Gateway, int] = {}
        self._turns: dict[int, tuple[Turn, ...]] = {}
        self._mirrored: dict[int, int] = {}
        self._heard: dict[tuple[int, int, int], Turn | None] = {}
        self._reports: list[DoorReport] = []
        self._report_numbers: dict[object, int] = {}
        self.without_effect: Counter[str] = Counter()  # what happened, and changes nothing because the code is right
        self._stolen: set[int] = set()  # whoever has the key goes no further: what the doors make of it is the question
        first = self._domain(Domain(ROOM))
        self.first = self._number(Gateway(first, (first,)))

    def signed(self, number: int) -> tuple[int, ...]:
        """Every policy that may be on its way, by number of its domain, oldest first."""
        return self.states[number].signed

    def is_stolen(self, number: int) -> bool:
        """True once somebody else signs: then only what boards check alone is promised."""
        return number in self._stolen

    def counts(self, number: int, report: int) -> bool:
        """Whether a report may still matter."""
        if number in self._stolen:
            return False
        domain = self.domains[self.states[number].domain]
        return self.remember or (not domain.groups and self._is_heard(self._reports[report], domain))

    @staticmethod
    def _is_heard(report: DoorReport, domain: Domain) -> bool:
        part = report.components[ROOM]
        return part.settled and (part.term, part.epoch) == (domain.term, domain.epoch)

    def report_number(self, report: DoorReport) -> int:
        """The number of a report, which is the same for reports that the warden cannot tell apart."""
        key = (report.components[ROOM], report.suspect)
        number = self._report_numbers.setdefault(key, len(self._reports))
        if number == len(self._reports):
            self._reports.append(report)
        return number

    def delayed(self, report: int) -> Turn:
        """A report is sent, and takes its time."""
        return Turn("late", f"a report of {{door}} is on its way: {self._report_words(report)}", 0)

    def _report_words(self, number: int) -> str:
        report = self._reports[number]
        part = report.components[ROOM]
        state = "closed and locked" if part.settled else "not closed and locked"
        return f"({part.term}, {part.epoch}), net count {part.net}, {state}" + (", in doubt" if report.suspect else "")

    def mirrored(self, number: int) -> int:
        """The same with the two doors in each other's place."""
        found = self._mirrored.get(number)
        if found is None:
            state = self.states[number]
            domain = self.domains[state.domain]
            other = dict(zip(DOORS, reversed(DOORS), strict=True))
            reports = {other[door]: stand for door, stand in domain.reports.items()}
            found = self._number(Gateway(self._domain(replace(domain, reports=reports)), state.signed))
            self._mirrored[number], self._mirrored[found] = found, number
        return found

    def _as_signed(self, domain: Domain) -> Domain:
        """What of a domain is remembered once it is signed: all that a backup of that moment held, where the scope restores one."""
        if self.scope.restores:
            return replace(domain, reports={})
        return replace(domain, reports={}, residual=(), last_groups=(), correction=0, swept=False)

    def sealed_at(self, number: int, held: laws.Order) -> laws.Order:
        """The order under which the seal was truly set that a board took with the policy of order `held`."""
        of_old = (self.domains[n] for n in reversed(self.states[number].signed))
        return next(((d.term, d.seal_epoch) for d in of_old if (d.term, d.epoch) == held), held)

    def _domain(self, domain: Domain) -> int:
        if not self.remember:
            # What `unheard` counts for nothing, and what is not asked for while people may enter, need not be told apart.
            live = {d: s for d, s in domain.reports.items() if s.settled and (s.term, s.epoch) == (domain.term, domain.epoch)}
            domain = replace(domain, reports={} if domain.groups else live)
        key = tuple(frozenset(part.items()) if isinstance(part, Mapping) else part for part in _FIELDS(domain))
        number = self._domains.get(key)
        if number is None:
            number = self._domains[key] = len(self.domains)
            self.domains.append(domain)
            policy = self._desk.with_domain(domain).policy()
            self.policies.append(self._policies.setdefault(policy, policy))
        return number

    def _number(self, state: Gateway) -> int:
        number = self._known.get(state)
        if number is None:
            number = self._known[state] = len(self.states)
            self.states.append(state)
        return number

    # what happens

    def turns(self, number: int) -> tuple[Turn, ...]:
        """What the day, people and accidents do to the gateway."""
        found = self._turns.get(number)
        if found is None:
            happens = () if number in self._stolen else self._happens(number)
            found = self._turns[number] = tuple(turn for turn in happens if turn.after != number or turn.law)
        return found

    def hear(self, number: int, door: int, report: int) -> Turn | None:
        """A report of a door arrives; None when it changes nothing."""
        key = (number, door, report)
        if key not in self._heard:
            state = self.states[number]
            desk = self._desk.with_domain(self.domains[state.domain])
            desk.take_report(DOORS[door], self._reports[report], NOW)
            turn = self._gone_on("report", f"the gateway hears of {{door}}: {self._report_words(report)}", state, desk.domain)
            self._heard[key] = turn if turn and (turn.after != number or turn.law) else None
        return self._heard[key]

    def _happens(self, number: int) -> Iterator[Turn]:
        state = self.states[number]
        domain = self.domains[state.domain]
        for turn in (*self._wishes(state, domain), *self._approvals(state, domain), *self._accidents(state, domain)):
            if turn is not None:
                yield turn

    def _wishes(self, state: Gateway, domain: Domain) -> Iterator[Turn | None]:
        for target in self.scope.targets:
            who = " and ".join(target.groups) or "nobody"
            told = f"the day asks for {target.mode}: {who} may enter" + (", sealed" if target.seal else "")
            yield self._gone_on("ask", told, state, self._advanced(domain, target)[0])

    def _approvals(self, state: Gateway, domain: Domain) -> Iterator[Turn | None]:
        for act in sorted(self._acts(domain)):
            for who in (TWO_PEOPLE, ONE_PERSON, ONE_ROLE):
                desk = self._desk.with_domain(domain)
                try:
                    desk.approve(ROOM, act, self.hall.approvals(desk.act_text(ROOM, act).encode(), who))
                except ApprovalError:
                    self.without_effect["refused approval"] += 1
                    continue
                kind, sweep = act.partition(" ")[0], act.startswith("sweep")
                turn = self._gone_on(kind, f"{' and '.join(who)} sign: {act}", state, desk.domain)
                # Who signs for a sweep has looked.
                yield turn._replace(empty=sweep) if turn else None

    def _acts(self, domain: Domain) -> set[str]:
        """What two people can be asked for, whatever the day asks next."""
        found: set[str] = set()
        for target in self.scope.targets:
            desk = self._desk.with_domain(domain)
            desk.waiting = {ROOM: self._advanced(domain, target)[1]}
            found.update(desk.acts(ROOM))
        return found

    def _accidents(self, state: Gateway, domain: Domain) -> Iterator[Turn | None]:
        self.without_effect["gateway crash"] += 1
        again = _DISK.validate_json(_DISK.dump_json(domain))
        yield self._gone_on("gateway crash", "the gateway crashes and starts anew", state, again)
        if self.scope.restores and domain.term <= self.scope.restores:
            for backup in dict.fromkeys(state.signed):
                yield self._restored(state, self.domains[backup])
        if self.scope.stolen:
            yield from self._thefts(state, domain)

    def _restored(self, state: Gateway, backup: Domain) -> Turn | None:
        # The floor is the clock's seconds in practice; what matters is that no term as high was ever used.
        floor = max(self.domains[n].term for n in state.signed)
        domain = clearing.restored(backup, floor)
        told = f"the gateway is restored from its backup of ({backup.term}, {backup.epoch})"
        return self._gone_on("restore", told, state, domain, restored=True)

    def _thefts(self, state: Gateway, domain: Domain) -> Iterator[Turn | None]:
        """Whoever has the gateway's key signs what needs two people's word, with every signature that they can have without it."""
        if domain.seal:
            for words, approved in self._approvals_without_people(state, domain, "release", domain.seal_epoch):
                forged = replace(domain, epoch=domain.epoch + 1, mode=DoorMode.CLEAR, seal=False, approved=approved)
                yield self._stolen_turn(state, forged, f"lifts the seal with {words}")
        elif not domain.groups:
            for target in self.scope.targets:
                if not separated_pairs((*domain.last_groups, *target.groups), self.hall.separated):
                    continue
                for words, approved in self._approvals_without_people(state, domain, "open", domain.epoch):
                    forged = replace(domain, epoch=domain.epoch + 1, mode=target.mode, groups=target.groups, approved=approved)
                    yield self._stolen_turn(state, forged, f"admits {' and '.join(target.groups)} with {words}")

    def _approvals_without_people(
        self, state: Gateway, domain: Domain, act: str, epoch: int
    ) -> Iterator[tuple[str, tuple[Approved, ...]]]:
        text = approval_bytes(VENUE, ROOM, domain.term, act, epoch)
        yield "no approval", ()
        yield "one person's approval", (Approved(act, epoch, self.hall.approvals(text, ONE_PERSON)),)
        yield "two approvals of one role", (Approved(act, epoch, self.hall.approvals(text, ONE_ROLE)),)
        for old in dict.fromkeys(a for n in state.signed for a in self.domains[n].approved if a.act == act and a.epoch != epoch):
            yield f"the approvals of epoch {old.epoch}", (old,)

    def _stolen_turn(self, state: Gateway, forged: Domain, does: str) -> Turn | None:
        turn = self._gone_on("theft", f"whoever holds the gateway's key {does}", state, forged)
        if turn is not None:
            self._stolen.add(turn.after)
        return turn

    # what comes of it

    def _advanced(self, domain: Domain, target: clearing.Target) -> tuple[Domain, clearing.Waiting | None]:
        return clearing.advance(domain, target, DOORS, self.hall.separated)

    def _gone_on(self, kind: str, told: str, state: Gateway, domain: Domain, *, restored: bool = False) -> Turn | None:
        """The domain is stored; when its policy is not the last, it is signed and sent.  None beyond the scope."""
        law: str | None = None
        last = self.domains[state.domain]
        if kind != "theft":
            orders = [(self.domains[n].term, self.domains[n].epoch) for n in state.signed]
            law = laws.broken_by_signing(last, domain, orders, self.hall.separated, after_restore=restored)
        number = self._domain(domain)
        signed = state.signed
        if self.policies[number] is not self.policies[signed[-1]]:
            # What is signed again under the same order differs in approvals, which a door looks at when the order is new to it.
            again = self.policies[number].order == self.policies[signed[-1]].order
            signed = (*(signed[:-1] if again else signed), self._domain(self._as_signed(domain)))
            told += f"; signed: {policy_words(self.policies[number])}"
            if len(signed) > self.scope.signed + 1 and not law:
                return None
        return Turn(kind, told, self._number(Gateway(number, signed)), restored, law=law)
