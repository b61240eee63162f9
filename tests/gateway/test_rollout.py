"""A rollout never stops a room at work, tries one board before the others, and brings all back when one fails."""

from dataclasses import replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.twin.rollout import (
    AGAIN_S,
    SOAK_S,
    WORD_S,
    Around,
    Course,
    Order,
    Rollout,
    RolloutKind,
    Row,
    Seen,
    Stand,
    Waits,
    approved,
    give_up,
    order_id,
    step,
)
from venue_model.ids import BoardId
from venue_model.moments import S

A, B, C, D = (BoardId(name) for name in "abcd")
OLD, NEW = "old", "new"
UTC = 1_800_000_000 * S


class House:
    """Boards that do what they are told, after a while, and a clock."""

    def __init__(self, *boards: BoardId, batch: int = 2) -> None:
        rows = tuple(Row(board, NEW) for board in boards)
        self.rollout = approved(Rollout("r1", RolloutKind.PROGRAM, "2.0", "wang", UTC, batch, rows), ("li", "zhao"))
        self.seen = {board: Seen(True, OLD) for board in boards}
        self.around = Around()
        self.utc_ns = UTC
        self.orders: list[Order] = []
        self.fails: dict[BoardId, str] = {}
        self.newest: dict[BoardId, int] = {}
        self.on_its_way: list[tuple[int, Order]] = []

    def wait(self, seconds: int) -> None:
        for _ in range(seconds):
            self.utc_ns += S
            self.rollout, orders = step(self.rollout, self.seen, self.around, self.utc_ns)
            self.orders += orders
            self.on_its_way += [(self.utc_ns + 10 * S, order) for order in orders]
            for at_ns, order in list(self.on_its_way):
                if at_ns <= self.utc_ns:
                    self.on_its_way.remove((at_ns, order))
                    self.take(order)

    def take(self, order: Order) -> None:
        board = self.seen[order.board]
        if not board.online or board.order == order.order or order.issued_utc_ns < self.newest.get(order.board, 0):
            return
        self.newest[order.board] = order.issued_utc_ns
        outcome = "kept" if order.back else self.fails.get(order.board, "kept")
        digest = order.digest if outcome == "kept" else board.digest
        self.seen[order.board] = replace(board, digest=digest, order=order.order, outcome=outcome, why="no link")

    def told(self) -> list[BoardId]:
        """Who was told to go forward, in order, each once."""
        return list(dict.fromkeys(order.board for order in self.orders if not order.back))

    def stands(self) -> dict[BoardId, Stand]:
        return {row.board: row.stand for row in self.rollout.rows}


def test_one_board_goes_first_and_the_others_follow_a_few_at_a_time_once_it_has_stayed_well() -> None:
    house = House(A, B, C, D)
    house.wait(SOAK_S)
    assert (house.told(), house.rollout.course) == ([A], Course.CANARY)
    house.wait(20)
    assert house.told() == [A, B, C]
    house.wait(40)
    assert house.rollout.course is Course.DONE
    assert {seen.digest for seen in house.seen.values()} == {NEW}


def test_the_first_is_never_a_board_that_guards_a_sealed_room_or_serves_a_lot_at_work() -> None:
    house = House(A, B, C)
    house.around = Around(busy=frozenset({A}), guarding=frozenset({B}))
    house.wait(5)
    assert house.told() == [C]
    house = House(A, B)
    house.around = Around(busy=frozenset({A}), guarding=frozenset({B}))
    house.wait(5)
    assert (house.told(), house.rollout.waits) == ([], Waits.CANARY)


def test_a_lot_at_work_holds_up_its_boards_and_no_others() -> None:
    house = House(A, B, C)
    house.wait(SOAK_S - 10)
    house.around = Around(busy=frozenset({B}))
    house.wait(60)
    assert (house.told(), house.rollout.waits, house.rollout.course) == ([A, C], Waits.LOTS, Course.BATCHES)
    house.around = Around()
    house.wait(60)
    assert house.rollout.course is Course.DONE


def test_the_first_board_that_fails_is_the_last_that_is_told() -> None:
    house = House(A, B, C)
    house.fails[A] = "returned"
    house.wait(60)
    assert (house.told(), house.rollout.course, house.stands()[A]) == ([A], Course.RETURNED, Stand.FAILED)
    assert "no link" in house.rollout.why
    assert {seen.digest for seen in house.seen.values()} == {OLD}


def test_one_failure_in_a_later_batch_brings_all_back() -> None:
    house = House(A, B, C, D, batch=1)
    house.fails[C] = "refused"
    house.wait(SOAK_S + 120)
    assert house.rollout.course is Course.RETURNED
    assert house.stands() == {A: Stand.BACK, B: Stand.BACK, C: Stand.FAILED, D: Stand.WAITING}
    assert {seen.digest for seen in house.seen.values()} == {OLD}
    assert [order.digest for order in house.orders if order.back] == [OLD, OLD]


def test_a_board_goes_back_only_when_its_rooms_are_free() -> None:
    house = House(A, B, batch=1)
    house.fails[B] = "returned"
    house.wait(SOAK_S + 5)
    house.around = Around(busy=frozenset({A}))
    house.wait(60)
    assert (house.rollout.course, house.rollout.waits, house.seen[A].digest) == (Course.RETURNING, Waits.LOTS, NEW)
    house.around = Around()
    house.wait(30)
    assert (house.rollout.course, house.seen[A].digest) == (Course.RETURNED, OLD)


def test_the_first_board_going_dark_after_its_trial_is_a_failure_too() -> None:
    house = House(A, B)
    house.wait(30)
    house.seen[A] = replace(house.seen[A], online=False)
    house.wait(5)
    assert house.rollout.course is Course.RETURNING
    house.seen[A] = replace(house.seen[A], online=True)
    house.wait(30)
    assert (house.rollout.course, house.seen[A].digest, house.told()) == (Course.RETURNED, OLD, [A])


def test_a_board_that_says_nothing_is_told_again_and_given_up_in_the_end() -> None:
    house = House(A, B)
    late = house.take
    house.take = lambda order: None  # type: ignore[method-assign]
    house.wait(WORD_S + 5)
    assert len(house.orders) >= WORD_S // AGAIN_S
    assert len({(order.order, order.issued_utc_ns) for order in house.orders if not order.back}) == 1
    house.take = late  # type: ignore[method-assign]
    house.wait(60)
    assert (house.rollout.course, house.seen[A].digest) == (Course.RETURNED, OLD)


def test_an_order_that_comes_late_is_not_obeyed_once_the_board_was_called_back() -> None:
    house = House(A, B)
    late = house.take
    house.take = lambda order: None  # type: ignore[method-assign]
    house.wait(WORD_S + 5)
    house.take = late  # type: ignore[method-assign]
    house.wait(60)
    house.take(house.orders[0])
    assert house.seen[A].digest == OLD


def test_a_board_that_never_comes_back_to_be_returned_is_named_and_holds_up_nothing() -> None:
    house = House(A, B)
    house.wait(30)
    house.seen[A] = replace(house.seen[A], online=False)
    house.wait(WORD_S + 10)
    assert (house.rollout.course, house.stands()[A]) == (Course.RETURNED, Stand.STUCK)


def test_a_board_that_is_away_or_has_no_slots_is_waited_for_and_one_that_has_it_already_is_left_alone() -> None:
    house = House(A, B, C, D)
    house.seen |= {A: Seen(False, OLD), B: Seen(True, NEW), C: Seen(True, "", slots=False)}
    house.wait(SOAK_S + 60)
    assert (house.told(), house.rollout.waits) == ([D], Waits.BOARDS)
    assert house.stands()[B] is Stand.WELL


def test_a_person_can_bring_all_back() -> None:
    house = House(A, B)
    house.wait(60)
    house.rollout = give_up(house.rollout, "wang: doors are slow")
    house.wait(30)
    assert (house.rollout.course, house.seen[A].digest) == (Course.RETURNED, OLD)


def test_what_nobody_has_agreed_to_begins_with_nobody_and_is_withdrawn_without_a_word_to_boards() -> None:
    house = House(A, B)
    house.rollout = replace(house.rollout, course=Course.ASKED)
    house.wait(30)
    assert (house.orders, house.rollout.waits) == ([], Waits.APPROVAL)
    assert give_up(house.rollout, "changed my mind").course is Course.WITHDRAWN


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), boards=st.integers(1, 7), batch=st.integers(1, 3))
def test_always_one_first_never_a_room_at_work_and_nobody_forward_after_a_failure(seed: int, boards: int, batch: int) -> None:
    draw = Random(seed)
    ids = [BoardId(f"b{n}") for n in range(boards)]
    house = House(*ids, batch=batch)
    house.fails = {board: draw.choice(["returned", "refused"]) for board in ids if draw.random() < 0.2}
    failed_at: int | None = None
    for _ in range(80):
        if draw.random() < 0.3:
            house.around = Around(
                frozenset(b for b in ids if draw.random() < 0.2), frozenset(b for b in ids if draw.random() < 0.2)
            )
        if draw.random() < 0.1:
            board = draw.choice(ids)
            house.seen[board] = replace(house.seen[board], online=not house.seen[board].online)
        for _ in range(20):
            before, ordered = house.rollout, len(house.orders)
            house.wait(1)
            for order in house.orders[ordered:]:
                first_time = next(row for row in before.rows if row.board == order.board).ordered_utc_ns != order.issued_utc_ns
                assert not (first_time and order.board in house.around.busy)
                if not order.back:
                    assert failed_at is None, "nobody goes forward after a failure"
                    assert house.rollout.course is Course.BATCHES or house.rollout.canary == order.board
            assert sum(row.stand is Stand.ORDERED for row in house.rollout.rows) <= batch
            if house.rollout.course in (Course.RETURNING, Course.RETURNED) and failed_at is None:
                failed_at = house.utc_ns
    house.around = Around()
    house.seen = {board: replace(seen, online=True) for board, seen in house.seen.items()}
    house.wait(2 * WORD_S)
    assert house.rollout.over
    if house.rollout.course is Course.DONE:
        assert {seen.digest for seen in house.seen.values()} == {NEW}
    else:
        stuck = {row.board for row in house.rollout.rows if row.stand is Stand.STUCK}
        assert {seen.digest for board, seen in house.seen.items() if board not in stuck} <= {OLD}


def test_a_gateway_that_restarts_goes_on_with_the_same_orders() -> None:
    house = House(A, B)
    house.wait(2)
    [first] = house.orders
    again, orders = step(house.rollout, house.seen, Around(), house.utc_ns + AGAIN_S * S)
    assert orders == (first,) and again.canary == A
    assert first.order == order_id(again, again.rows[0], back=False)
