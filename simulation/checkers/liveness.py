"""Liveness: nothing holds a day up for ever, and nobody stays behind."""

from collections.abc import Sequence

from gateway.core.parts import OVER, LotState, evaluation_rooms, seat_of
from simulation.checkers.law import COMMITTEE, NOTHING, Law
from simulation.world.contract import House, See, Seen, Violation
from simulation.world.faults import KINDS, PEOPLE
from venue_model.lots import MIN_BIDDERS, Phase
from venue_model.moments import S

LINGER_NS = 20 * 60 * S  # from the end of a lot to the last of its people in the street, with queues at every door


class Liveness(Law):
    """Where the machines are whole, every lot comes to its end, its committee to its seats, and everybody home.

    Where they are not, a day may be late; but nobody is left inside long after their lot is over.
    """

    law = "Liveness"
    zh = "各标段按时走完,人人离场"
    en = "every lot comes to its end, and everybody out"
    kinds: tuple[See, ...] = (See.MOVED, See.TAKEN)

    def __init__(self, house: House) -> None:
        super().__init__(house)
        deeds = {kind.name for kind in PEOPLE}
        self._whole = not any(house.faults.rate(name) for name in KINDS if name not in deeds)
        self._honest = self._whole and not any(house.faults.rate(name) for name in deeds)
        self._been: dict[tuple[str, str], bool] = {}  # person and room
        self._over_ns: dict[str, int] = {}

    def on(self, seen: Seen, house: House) -> Sequence[Violation]:
        fields = seen.fields
        if seen.kind is See.MOVED:
            self._been[str(fields["person"]), str(fields["to"])] = True
        elif fields["line"] == "scene" and fields["lot"] and house.coordinator is not None:
            state = house.lot_state(fields["lot"])
            if state is not None and state.phase in OVER:
                self._over_ns.setdefault(str(fields["lot"]), seen.time_ns)
        return NOTHING

    def at_end(self, house: House) -> Sequence[Violation]:
        now_ns = house.world.now_ns
        found = [v for text in self._left_behind(house, now_ns) for v in self.broken(text, now_ns)]
        if self._whole:
            found += [v for text in self._unfinished(house) for v in self.broken(text, now_ns)]
        if self._honest:
            found += [v for text in self._never_seated(house) for v in self.broken(text, now_ns)]
        return found

    def _left_behind(self, house: House, now_ns: int) -> list[str]:
        return [
            f"{body.person} ({body.role}) is still in {body.room}, and lot {body.lot} is over"
            for body in house.people.values()
            if not self.venue.is_open(body.room) and now_ns - self._over_ns.get(str(body.lot), now_ns) > LINGER_NS
        ]

    def _unfinished(self, house: House) -> list[str]:
        states = {lot: house.lot_state(lot) for lot in house.lots}
        late = {lot: state.phase.value if state else "unknown" for lot, state in states.items() if state is None or not self._ended(state)}
        found = [f"lot {lot} has not come further than {phase}" for lot, phase in late.items()]
        return found or [f"{body.person} ({body.role}) is still in {body.room}" for body in house.people.values()]

    def _ended(self, state: LotState) -> bool:
        """Over; or opened here, and evaluated at another venue."""
        return state.phase in OVER or (state.phase is Phase.OPENING_END and not evaluation_rooms(self.venue, state.lot))

    def _never_seated(self, house: House) -> list[str]:
        return [
            f"{person.person} ({person.role}) never came into {room}"
            for lot in house.lots.values()
            if (lot.bidders or MIN_BIDDERS) >= MIN_BIDDERS
            for person in lot.people
            for room in [seat_of(self.venue, lot, person)]
            if person.role.value in COMMITTEE and room is not None and not self._been.get((person.person, room))
        ]
