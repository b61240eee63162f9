"""The edge's half: a board with one door, driven through the shipping `agent.step`, with each state and each answer kept once.

A board is a number; what an event makes of it is asked of the real code the first time and remembered.  Time is relative: every
event happens at `NOW`, timers are live or over, and their running out is an event like others.
"""

from collections.abc import Iterable
from dataclasses import replace
from itertools import chain, combinations
from typing import NamedTuple

from edge.core import agent
from edge.core import state as edge_state
from edge.core.door import DoorState, Opening
from edge.core.effects import Effect
from edge.core.events import Event, LinesHealth, PulseArrived, SessionBegan, Started, Woken
from edge.core.journal import Record
from edge.core.ledger import Direction, Ledger
from edge.core.report import reported
from edge.core.state import Day, State
from edge.drivers.protocols import CardRead, LineChanged
from simulation.proof.search import laws
from simulation.proof.search.hall import DOOR, FIRE, NOW, READER, ROOM, SALT, SESSION, Hall, card_of
from simulation.proof.search.likeness import LATER, WITHOUT_SITE, comparable, frozen
from simulation.proof.search.scopes import Scope
from venue_model.door_policy import ComponentPolicy
from venue_model.groups import Role
from venue_model.moments import Now
from venue_model.wire import DoorReport

NO_NEWS = ("spent", "foreign", "astray", "forged")  # copies of a policy that must teach a board nothing


class Move(NamedTuple):
    """What can happen at a door.  It can when the people inside, a bit each, fit `mask` and `bits`; then `flip` of them change sides."""

    kind: str
    told: str
    after: int
    mask: int = 0
    bits: int = 0
    flip: int = 0
    law: str | None = None
    released: laws.Order | None = None  # the seal falls, and this is the order that two people released


class Board:
    """All states of one board that the search has met."""

    def __init__(self, hall: Hall, scope: Scope) -> None:
        self.hall = hall
        self.scope = scope
        self.record = hall.site.doors[DOOR]
        self.states: list[State] = []
        self._known: dict[object, int] = {}
        self._broken: list[str | None] = []
        self._moves: dict[int, tuple[Move, ...]] = {}
        self._taken: dict[tuple[int, ComponentPolicy, bool], tuple[Move, ...]] = {}
        self._born: dict[int, tuple[Move, ...]] = {}
        self._fires: dict[int, Move] = {}
        # The day begins with boards that know that nobody is inside; one that knows nothing would ask for a sweep first.
        self._newborn = replace(edge_state.restored(hall.site, {("ledger", DOOR): Ledger()}), day=Day(SALT))
        self.fresh = self._restarted(self._newborn)

    # states

    def number_of(self, state: State, at: Now = NOW) -> int:
        """The number of a state, once it is made comparable."""
        # A lease that names a policy is worth that policy once more (`laws.broken_by_renewal`): elsewhere the policy itself comes again.
        name = self.hall.name_of(state.policy) if self.scope.leases and state.granted else ""
        state = comparable(state, self._newborn, name, at)
        key = frozen(state, WITHOUT_SITE)
        number = self._known.get(key)
        if number is None:
            number = self._known[key] = len(self.states)
            self.states.append(state)
            self._broken.append(laws.broken_by_state(state) or self._locked_in(state))
        return number

    def _locked_in(self, state: State) -> str | None:
        _, effects = agent.step(state, LineChanged(self.record.exit_button, True, NOW.mono_ns), NOW)
        if laws.press_frees(effects, self.record.strike):
            return None
        return f"{laws.OUT}: the exit button of the door does not release its strike"

    def held_order(self, number: int) -> laws.Order:
        """The order that the board holds."""
        return laws.order_of(self.states[number].held.get(ROOM))

    def burns(self, number: int) -> bool:
        """True while the fire input is active."""
        return self.states[number].fire

    def net(self, number: int) -> int:
        """The net count of people through this door."""
        return self.states[number].doors[DOOR].ledger.net.get(ROOM, 0)

    def report(self, number: int) -> DoorReport:
        """What the board reports of its door."""
        return reported(self.states[number], NOW).doors[DOOR]

    # what happens

    def moves(self, number: int) -> tuple[Move, ...]:
        """What people and time can do."""
        found = self._moves.get(number)
        if found is None:
            state = self.states[number]
            door = state.doors[DOOR]
            pending = self._people_of(door)
            happens = [*self._badges(state)]
            if self.scope.pulses:
                happens += self._pulse(state)
            if pending and not door.open:
                happens += self._pulled(state, pending)
            if door.open:
                happens.append(self._move(state, "shut", "{door} falls shut", self._line("contact", False)))
            if pending:
                happens.append(self._move(state, "lapse", "nobody comes to {door} any more", Woken(), at=LATER))
            if state.leases and self.scope.leases:
                ending = replace(state, leases=dict.fromkeys(state.leases, NOW.mono_ns))
                happens.append(self._move(ending, "expiry", "the lease of {board} runs out", Woken(), before=state))
            happens += self._leavings(state, pending)
            if self.scope.force and not door.open and not pending:
                happens += self._break_ins(state)
            found = self._moves[number] = tuple(m for m in happens if self._counts(m) and (m.after != number or m.flip or m.law))
        return found

    def _line(self, use: str, active: bool) -> LineChanged:
        line = self.record.contact if use == "contact" else self.record.exit_button
        return LineChanged(line, active, NOW.mono_ns)

    def _move(
        self, state: State, kind: str, told: str, *events: Event, at: Now = NOW, flip: int = 0, mask: int = 0, bits: int = 0,
        before: State | None = None, law: str | None = None,
    ) -> Move:  # fmt: skip
        after, effects = self._stepped(state, events, at)
        if not self.scope.leaf and after.doors[DOOR].open:
            after, more = self._stepped(after, (self._line("contact", False),), at)
            effects += more
        return self._checked(before or state, after, effects, Move(kind, told, 0, mask, bits, flip, law), at)

    def _stepped(self, state: State, events: Iterable[Event], at: Now = NOW) -> tuple[State, list[Effect]]:
        effects: list[Effect] = []
        for event in events:
            state, more = agent.step(state, event, at)
            effects += more
        return state, effects

    def _checked(self, before: State, after: State, effects: list[Effect], move: Move, at: Now = NOW) -> Move:
        number = self.number_of(after, at)
        law = move.law or laws.broken_by_step(before, after, effects) or self._broken[number]
        return move._replace(after=number, law=law, released=laws.released_by(before, after))

    def _counts(self, move: Move) -> bool:
        """People who walk in circles through two doors would count for ever: beyond the limit they stay where they are."""
        return abs(self.net(move.after)) <= self.scope.net_limit

    def _badges(self, state: State) -> Iterable[Move]:
        for bit, group in enumerate(self.hall.people):
            read = CardRead(READER, card_of(group), 32, NOW.mono_ns)
            yield from self._asks(state, bit, group, "badge", f"{group} shows a card at {{door}}", read, pulse=False)

    def _pulse(self, state: State) -> Iterable[Move]:
        if Role.STF in self.hall.people:
            bit = self.hall.people.index(Role.STF)
            told = "the gateway commands {door} to let staff in"
            yield from self._asks(state, bit, Role.STF, "pulse", told, PulseArrived("pulse", DOOR, NOW.utc_ns, 10_000), pulse=True)

    def _asks(self, state: State, bit: int, group: Role, kind: str, told: str, event: Event, *, pulse: bool) -> Iterable[Move]:
        after, effects = agent.step(state, event, NOW)
        entered = any(isinstance(e, Record) and e.kind == "passage" for e in effects)
        if not entered and after.doors == state.doors:
            return
        law = laws.broken_by_grant(state, group, pulse=pulse)
        how = f"{told}, and goes in by the open leaf" if entered else f"{told} and is granted"
        move = Move(kind, how, 0, 1 << bit, 0, 1 << bit if entered else 0, law)
        yield self._checked(state, after, effects, move)

    def _people_of(self, door: DoorState) -> tuple[int, ...]:
        groups = [g.group or Role.STF for g in door.ledger.pending if g.direction is Direction.IN]
        return tuple(bit for bit, group in enumerate(self.hall.people) if group in groups)

    def _pulled(self, state: State, pending: tuple[int, ...]) -> Iterable[Move]:
        for going in _subsets(pending):
            bits = _bits(going)
            told = f"{self._names(going)} pulls {{door}} and goes in"
            yield self._move(state, "pull", told, self._line("contact", True), mask=bits, flip=bits)

    def _leavings(self, state: State, pending: tuple[int, ...]) -> Iterable[Move]:
        door = state.doors[DOOR]
        events = [self._line("exit", True), *([] if door.open else [self._line("contact", True)]), self._line("exit", False)]
        for bit, group in enumerate(self.hall.people):
            for going in [(), *_subsets(tuple(p for p in pending if p != bit))] if not door.open else [()]:
                into, out = _bits(going), 1 << bit
                told = f"{group} presses the exit button and leaves by {{door}}"
                told += f" while {self._names(going)} goes in" if going else ""
                yield self._move(state, "leave", told, *events, mask=into | out, bits=out, flip=into | out)
                if going and self.scope.stays:
                    told = f"{group} presses the exit button of {{door}}, and {self._names(going)} goes in"
                    yield self._move(state, "stay", told, *events, mask=into | out, bits=out, flip=into)
            if self.scope.stays and door.opening is Opening.AUTHORISED and not door.exit_counted:
                told = f"{group} presses the exit button of {{door}}, which stands open, and stays"
                yield self._move(state, "stay", told, *events, mask=1 << bit, bits=1 << bit)
            if state.fire and not door.open:
                told = f"{group} flees by {{door}}, which the fire input holds unlocked"
                yield self._move(state, "flee", told, self._line("contact", True), mask=out, bits=out, flip=out)

    def _break_ins(self, state: State) -> Iterable[Move]:
        """People of the groups that may come do so without a grant.  For others, and at other times, there is the alarm alone."""
        held = state.held.get(ROOM)
        for bit, group in enumerate(self.hall.people):
            if held is None or group not in held.policy.groups:
                continue
            told = f"{group} forces {{door}} and goes in"
            opens = (self._line("contact", is_open) for is_open in (True, False))
            yield self._move(state, "force", told, *opens, mask=1 << bit, flip=1 << bit)

    def _names(self, bits: Iterable[int]) -> str:
        return " and ".join(self.hall.people[bit] for bit in bits)

    # policies

    def taking(self, number: int, policy: ComponentPolicy, *, fresh: bool) -> tuple[Move, ...]:
        """What a policy does that arrives now, whole or as a lease that names it: in a fresh copy, or in one that must teach nothing."""
        key = (number, policy, fresh)
        found = self._taken.get(key)
        if found is None:
            copies = ("fresh",) if fresh else NO_NEWS
            moves = (arrive(number, policy, copy) for copy in copies for arrive in (self._arrived, self._renewed))
            found = self._taken[key] = tuple(move for move in moves if move)
        return found

    def _arrived(self, number: int, policy: ComponentPolicy, copy: str) -> Move | None:
        state = self.states[number]
        after, effects = agent.step(state, self.hall.arrival(policy, copy), NOW)
        law = laws.broken_by_taking(state, after, self.hall.separated) if copy == "fresh" else laws.broken_by_copy(state, after, copy)
        told = f"{{board}} receives {'' if copy == 'fresh' else f'a {copy} copy of '}{policy_words(policy)}"
        return self._taught(number, after, effects, Move("policy" if copy == "fresh" else "copy", told, 0, law=law))

    def _renewed(self, number: int, policy: ComponentPolicy, copy: str) -> Move | None:
        state = self.states[number]
        after, effects = agent.step(state, self.hall.renewal(policy, copy), NOW)
        law = laws.broken_by_renewal(state, after, policy.order) if copy == "fresh" else laws.broken_by_copy(state, after, copy)
        told = f"{{board}} is told {'' if copy == 'fresh' else f'by a {copy} copy '}that its lease of {policy.order} goes on"
        return self._taught(number, after, effects, Move("lease" if copy == "fresh" else "copy", told, 0, law=law))

    def _taught(self, number: int, after: State, effects: list[Effect], move: Move) -> Move | None:
        if after is self.states[number]:
            return None
        move = self._checked(self.states[number], after, effects, move)
        return move if move.after != number or move.law else None

    # crashes and fire

    def births(self, number: int) -> tuple[Move, ...]:
        """The board crashes and starts anew from what is stored.  Somebody may pass meanwhile, and nothing of it is stored."""
        found = self._born.get(number)
        if found is None:
            state = self.states[number]
            door = state.doors[DOOR]
            after = self._restarted(state)
            told = "{board} crashes and starts anew"
            happens = [Move("crash", told, after)]
            if not door.open:
                for going in _subsets(self._people_of(door)) if not state.fire else ():
                    bits = _bits(going)
                    unstored = f"{self._names(going)} goes in by {{door}}; {told} before it stored that"
                    happens.append(Move("unseen", unstored, after, bits, 0, bits))
            if self.scope.unseen:
                for bit, group in enumerate(self.hall.people):
                    out = 1 << bit
                    happens.append(Move("unseen", f"{told}; meanwhile {group} leaves by {{door}}", after, out, out, out))
            born = (self._checked(state, self.states[after], [], move) for move in happens)
            found = self._born[number] = tuple(m for m in born if self._counts(m) and (m.after != number or m.flip or m.law))
        return found

    def _restarted(self, state: State) -> int:
        stored = edge_state.slices(state)
        active = {self.record.contact} if state.doors[DOOR].open else set()
        lines = LinesHealth(self.hall.lines, True, "", frozenset({*active, *state.fires}))
        born, _ = self._stepped(edge_state.restored(self.hall.site, stored), (Started(), lines, SessionBegan(SESSION)))
        return self.number_of(born)

    def fire(self, number: int) -> Move:
        """The fire input changes."""
        found = self._fires.get(number)
        if found is None:
            state = self.states[number]
            line = LineChanged(FIRE, not state.fire, NOW.mono_ns)
            told = "the fire is out" if state.fire else "the fire input is active"
            found = self._fires[number] = self._move(state, "fire", told, line)
        return found


def policy_words(policy: ComponentPolicy) -> str:
    """A policy in words."""
    who = f"{' and '.join(policy.groups)} may enter" if policy.groups else "nobody enters"
    seal = ", sealed" if policy.seal else ""
    acts = f", with the word for {' and '.join(f'{a.act} at {a.epoch}' for a in policy.approved)}" if policy.approved else ""
    return f"({policy.term}, {policy.epoch}) {policy.mode}: {who}{seal}{acts}"


def _subsets(people: tuple[int, ...]) -> list[tuple[int, ...]]:
    return list(chain.from_iterable(combinations(people, n) for n in range(1, len(people) + 1)))


def _bits(people: Iterable[int]) -> int:
    return sum(1 << bit for bit in people)
