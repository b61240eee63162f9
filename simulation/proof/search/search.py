"""The search: breadth first through everything that the two boards, the gateway, the network and the people can do, to a fixpoint.

A state is a tuple of small integers; the real code is asked once for each answer (`board`, `gate`).  The network loses, repeats and
reorders: every policy ever signed may arrive at any time, in a copy that is news to the board only if it was signed after what was
taken; one report of each door may be late.  A board that crashed would not even take what was signed for the session before: here it
does, which allows more and needs fewer states.  Two states that differ by which door is which count as one.
"""

import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from simulation.proof.search import laws
from simulation.proof.search.board import Board, Move
from simulation.proof.search.gate import Gate, Turn
from simulation.proof.search.hall import DOORS, Hall
from simulation.proof.search.scopes import Scope

ANY = -1  # a restored gateway counts its renewals from the backup's: for a board, any copy may be news
NONE = -1


class Side(NamedTuple):
    """One board and what is under way to and from it."""

    board: int
    news: int  # from which signed policy on a copy is fresh
    late: int  # the number of a report that is still on its way, or NONE


State = tuple[int, Side, Side, int]  # gateway; the boards of door a and door b; who is inside, a bit each
Step = tuple[Move | Turn, int, State, str | None]  # what happens, at which door, what comes of it, and the law that it breaks


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found."""

    scope: str
    states: int
    transitions: int
    seconds: float
    kinds: Counter[str]  # transitions by kind
    broken: str | None = None
    story: tuple[str, ...] = ()
    complete: bool = True

    @property
    def holds(self) -> bool:
        """True when every law held in every state."""
        return self.broken is None and self.complete


class Search:
    """One search.  `remember`: also what the shipping code makes no use of."""

    def __init__(self, scope: Scope, *, remember: bool = False) -> None:
        self.scope = scope
        self.hall = Hall(scope.people, scope.separated)
        self.board = Board(self.hall, scope)
        self.gate = Gate(self.hall, scope, remember=remember)
        self._told: dict[int, int] = {}  # the report of each state of a board
        self._offers: dict[tuple[int, int, tuple[int, ...]], tuple[tuple[Move, int], ...]] = {}
        self.meeting = tuple(
            laws.broken_by_meeting((group for bit, group in enumerate(scope.people) if inside >> bit & 1), scope.separated)
            for inside in range(1 << len(scope.people))
        )

    def run(self, limit: int | None = None) -> Found:
        """Visit everything, or everything up to the first broken law, whose story is then a shortest one."""
        began = time.perf_counter()
        start: State = (self.gate.first, Side(self.board.fresh, 0, NONE), Side(self.board.fresh, 0, NONE), 0)
        came: dict[State, State | None] = {start: None}
        kinds: Counter[str] = Counter()
        queue = deque([start])
        while queue and (limit is None or len(came) < limit):
            state = queue.popleft()
            for step, n, following, law in self.steps(state):
                kinds[step.kind] += 1
                if law is not None:
                    story = self._story(came, state, (step, n, following, law))
                    return Found(self.scope.name, len(came), kinds.total(), time.perf_counter() - began, kinds, law, story)
                after = self._sorted(following)
                if after not in came:
                    came[after] = state
                    queue.append(after)
        seconds = time.perf_counter() - began
        return Found(self.scope.name, len(came), kinds.total(), seconds, kinds + self.gate.without_effect, complete=not queue)

    def _sorted(self, state: State) -> State:
        """The one of two mirrored states that stands for both."""
        gate, one, other, inside = state
        return state if one <= other else (self.gate.mirrored(gate), other, one, inside)

    def _story(self, came: dict[State, State | None], end: State, last: Step) -> tuple[str, ...]:
        path = [end]
        while (before := came[path[-1]]) is not None:
            path.append(before)
        path.reverse()
        told, swapped = [], False
        for state, after in zip(path, [*path[1:], None], strict=True):
            step, n, following, _ = last if after is None else next(s for s in self.steps(state) if self._sorted(s[2]) == after)
            told.append(_named(step.told, n ^ swapped))
            swapped ^= following != self._sorted(following)
        return tuple(told)

    # what can happen next

    def steps(self, state: State) -> Iterator[Step]:
        """Everything that can happen next."""
        gate, one, other, inside = state
        for turn in self.gate.turns(gate):
            if not (turn.empty and inside):
                yield self._turned(state, 0, turn)
        for n, side in enumerate((one, other)):
            for move in self.board.moves(side.board):
                if inside & move.mask == move.bits and not (move.kind == "force" and self.meeting[inside ^ move.flip]):
                    yield self._moved(state, n, side, move, side.news)
            yield from self._policies(state, n, side)
            if self.scope.crashes:
                for move in self.board.births(side.board):
                    if inside & move.mask == move.bits:
                        yield self._moved(state, n, side, move, side.news)
            yield from self._reports(state, n, side)
        if self.scope.fire:
            yield self._burned(state)

    def _turned(self, state: State, n: int, turn: Turn) -> Step:
        _, one, other, inside = state
        after = turn.after
        if turn.restored:
            one, other = one._replace(news=ANY), other._replace(news=ANY)
        if one.late != NONE and not self.gate.counts(after, one.late):
            one = one._replace(late=NONE)
        if other.late != NONE and not self.gate.counts(after, other.late):
            other = other._replace(late=NONE)
        return turn, n, (after, one, other, inside), turn.law

    def _moved(self, state: State, n: int, side: Side, move: Move, news: int) -> Step:
        gate, one, other, inside = state
        inside ^= move.flip
        law = move.law
        if law is None and move.released is not None:
            law = laws.broken_by_release(move.released, self.gate.sealed_at(gate, self.board.held_order(side.board)))
        if law is None and move.flip and not self.board.burns(move.after) and not self.gate.is_stolen(gate):
            law = self.meeting[inside]
        moved = Side(move.after, news, side.late)
        return move, n, (gate, one, moved, inside) if n else (gate, moved, other, inside), law

    def _policies(self, state: State, n: int, side: Side) -> Iterator[Step]:
        signed = self.gate.signed(state[0])
        key = (side.board, side.news, signed)
        found = self._offers.get(key)
        if found is None:
            found = self._offers[key] = tuple(self._offered(side, signed))
        for move, news in found:
            yield self._moved(state, n, side, move, news)

    def _offered(self, side: Side, signed: tuple[int, ...]) -> Iterator[tuple[Move, int]]:
        """What every policy that was ever signed does to a board, and from which on a copy is then fresh."""
        for index, number in enumerate(signed):
            policy = self.gate.policies[number]
            if index >= side.news:
                for move in self.board.taking(side.board, policy, fresh=True):
                    yield move, side.news if side.news == ANY else index
            for move in self.board.taking(side.board, policy, fresh=False):
                yield move, side.news

    def _reports(self, state: State, n: int, side: Side) -> Iterator[Step]:
        gate, one, other, inside = state
        report = self._told.get(side.board)
        if report is None:
            report = self._told[side.board] = self.gate.report_number(self.board.report(side.board))
        if self.gate.counts(gate, report):
            if turn := self.gate.hear(gate, n, report):
                yield self._turned(state, n, turn)
            if self.scope.late and report != side.late:
                late = side._replace(late=report)
                yield self.gate.delayed(report), n, (gate, one, late, inside) if n else (gate, late, other, inside), None
        if side.late not in (NONE, report) and (turn := self.gate.hear(gate, n, side.late)):
            yield self._turned(state, n, turn)

    def _burned(self, state: State) -> Step:
        gate, one, other, inside = state
        moves = self.board.fire(one.board), self.board.fire(other.board)
        law = next((move.law for move in moves if move.law), None)
        if law is None and not self.board.burns(moves[0].after):
            law = self.meeting[inside]
        after = (gate, one._replace(board=moves[0].after), other._replace(board=moves[1].after), inside)
        return moves[0], 0, after, law


def _named(told: str, n: int) -> str:
    """Words with the names of the door and of its board."""
    return told.replace("{door}", DOORS[n]).replace("{board}", f"board {'ab'[n]}")
