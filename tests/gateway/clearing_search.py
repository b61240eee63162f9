"""An explicit-state search over the shipping `clearing` functions: every order of signing, delivery, loss, replay, entry and exit.

The gateway's half is the real code.  The doors' half is the least that a door must do: take only newer policies, let in whom the held
one names, count passages, report.  Policies stay in the air for ever (replay); a report may be lost, late or told twice.
Groups are numbers and people a bit each, because the search visits a hundred thousand states.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from gateway.core import clearing
from gateway.core.clearing import Domain, DoorStand, Target, Waits
from venue_model.door_policy import Approved
from venue_model.groups import Pair, Role, separated_pairs
from venue_model.ids import ComponentId, DoorId
from venue_model.profiles import DoorMode

NOBODY = -1


class Stand(NamedTuple):
    """One door: the epoch it holds, whom it has granted and who has not passed yet, its net count."""

    epoch: int
    pending: int
    net: int


class Told(NamedTuple):
    """A door's report: it holds `epoch`, counted `net`, and is settled (closed and locked) or not."""

    epoch: int
    net: int
    settled: bool


class State(NamedTuple):
    """Everything there is."""

    domain: int  # index into `Search.domains`
    target: int
    signed: tuple[int, ...]  # by epoch: the group that it admits, or nobody
    doors: tuple[Stand, ...]
    late: tuple[Told | None, ...]  # a settled report of each door that is still on its way
    inside: int  # a bit for each group


@dataclass
class Search:
    """One search.  `stale_accept`: the mutant door that takes any policy."""

    groups: tuple[Role, ...]
    separated: frozenset[Pair]
    doors: int = 2
    epochs: int = 4
    net_limit: int = 1  # people who walk in circles through two doors would count for ever
    stale_accept: bool = False
    forget_old: bool = True  # reports of other epochs count for nothing, so need not be told apart; a mutant may think otherwise
    domains: list[Domain] = field(default_factory=list)
    visited: int = 0
    admitted: set[int] = field(default_factory=set)  # so that a search that never opens a door cannot pass
    _known: dict[Any, int] = field(default_factory=dict)
    _pursued: dict[tuple[int, int], tuple[int, bool]] = field(default_factory=dict)
    _heard: dict[tuple[int, int, Told], int] = field(default_factory=dict)

    def meeting(self) -> list[str] | None:
        """The shortest story that ends with separated people in one room, or None when there is none."""
        self.names = tuple(DoorId(f"d{n}") for n in range(self.doors))
        self.targets = (Target(DoorMode.CLEAR, (), False), *(Target(DoorMode.CHECK_IN, (group,), False) for group in self.groups))
        bad = {bits for bits in range(1 << len(self.groups)) if separated_pairs(self._people(bits), self.separated)}
        first = self._number(Domain(ComponentId("c")))
        start = State(first, 0, (NOBODY,), (Stand(0, NOBODY, 0),) * self.doors, (None,) * self.doors, 0)
        came: dict[State, tuple[State, str] | None] = {start: None}
        queue = deque([start])
        while queue:
            state = queue.popleft()
            for told, after in self._moves(state):
                if after in came:
                    continue
                came[after] = (state, told)
                if after.inside in bad:
                    return _story(came, after)
                queue.append(after)
        self.visited = len(came)
        return None

    def _people(self, bits: int) -> list[Role]:
        return [group for n, group in enumerate(self.groups) if bits >> n & 1]

    def _number(self, domain: Domain) -> int:
        if self.forget_old:
            current = {door: stand for door, stand in domain.reports.items() if stand.epoch == domain.epoch}
            domain = replace(domain, reports=current)
        key = (
            domain.epoch, domain.mode, domain.groups, domain.seal, domain.residual, domain.last_groups, domain.approved,
            tuple(sorted(domain.reports.items())),
        )  # fmt: skip
        if key not in self._known:
            self._known[key] = len(self.domains)
            self.domains.append(domain)
        return self._known[key]

    def _pursue(self, number: int, target: int) -> tuple[int, bool]:
        """The gateway's next step, as the coordinator takes it after every report, approval and press; and whether it asks approval."""
        found = self._pursued.get((number, target))
        if found is None:
            domain, waiting = clearing.advance(self.domains[number], self.targets[target], self.names, self.separated)
            found = self._pursued[number, target] = self._number(domain), waiting is not None and waiting.what is Waits.OPEN
        return found

    def _gone_on(self, state: State, number: int, target: int) -> State | None:
        after, _ = self._pursue(number, target)
        if after == state.domain:
            return state._replace(target=target)
        domain = self.domains[after]
        if domain.epoch > self.epochs:
            return None
        signed, late = state.signed, state.late
        if domain.epoch >= len(signed):
            # A step may sign twice (close, then change): what lies between is a CLEAR.
            group = self.groups.index(domain.groups[0]) if domain.groups else NOBODY
            signed += (NOBODY,) * (domain.epoch - len(signed)) + (group,)
            self.admitted.add(group)
            if self.forget_old:
                late = (None,) * self.doors
        return State(after, target, signed, state.doors, late, state.inside)

    def _moves(self, state: State) -> Iterator[tuple[str, State]]:
        for target in range(len(self.targets)):
            if target != state.target and (after := self._gone_on(state, state.domain, target)):
                yield f"the day asks for {self.targets[target].groups}", after
        if self._pursue(state.domain, state.target)[1]:
            domain = self.domains[state.domain]
            approved = self._number(clearing.approve(domain, Approved("open", domain.epoch, ())))
            if after := self._gone_on(state, approved, state.target):
                yield "two people approve", after
        for n, door in enumerate(state.doors):
            for told, stand, inside in self._door_moves(state, n, door):
                yield told, state._replace(doors=(*state.doors[:n], stand, *state.doors[n + 1 :]), inside=inside)
            yield from self._reports(state, n, door)

    def _door_moves(self, state: State, n: int, door: Stand) -> Iterator[tuple[str, Stand, int]]:
        for epoch in range(len(state.signed)):
            if epoch > door.epoch or (self.stale_accept and epoch != door.epoch):
                yield f"door {n} takes epoch {epoch}", Stand(epoch, door.pending, door.net), state.inside
        group = state.signed[door.epoch]
        if door.pending != NOBODY:
            yield f"{self.groups[door.pending]} did not pull door {n}", Stand(door.epoch, NOBODY, door.net), state.inside
            if door.net < self.net_limit:
                entered = state.inside | 1 << door.pending
                yield f"{self.groups[door.pending]} enters by door {n}", Stand(door.epoch, NOBODY, door.net + 1), entered
        elif group != NOBODY and not state.inside >> group & 1 and all(group != other.pending for other in state.doors):
            yield f"door {n} grants {self.groups[group]}", Stand(door.epoch, group, door.net), state.inside
        if door.net > -self.net_limit:
            for person in range(len(self.groups)):
                if state.inside >> person & 1:
                    left = Stand(door.epoch, door.pending, door.net - 1)
                    yield f"{self.groups[person]} leaves by door {n}", left, state.inside & ~(1 << person)

    def _reports(self, state: State, n: int, door: Stand) -> Iterator[tuple[str, State]]:
        now = Told(door.epoch, door.net, door.pending == NOBODY)
        dead = self.forget_old and now.epoch < len(state.signed) - 1
        if now.settled and state.late[n] != now and not dead:
            yield f"door {n} says {now}, which is late", state._replace(late=(*state.late[:n], now, *state.late[n + 1 :]))
        for report in (now, state.late[n]):
            if report is None or (report is not now and report == now):
                continue
            heard = self._heard.get((state.domain, n, report))
            if heard is None:
                taken = clearing.reported(self.domains[state.domain], self.names[n], DoorStand(1, *report))
                heard = self._heard[state.domain, n, report] = self._number(taken)
            if heard != state.domain and (after := self._gone_on(state, heard, state.target)):
                yield f"the gateway hears of door {n}: {report}", after


def _story(came: dict[State, tuple[State, str] | None], end: State) -> list[str]:
    told = []
    step = came[end]
    while step is not None:
        told.append(step[1])
        step = came[step[0]]
    return told[::-1]
