"""One scene at a time: an opening or evaluation room is never in the hands of two lots."""

from collections.abc import Sequence

from gateway.core.day import ask, parts
from simulation.checkers.law import NOTHING, Law
from simulation.world.contract import House, See, Seen, Violation
from venue_model.lots import Phase
from venue_model.scenes import Part


class OneScene(Law):
    """A lot that is merely booked shows itself on a sign and holds nothing; shared rooms (hall, corridor) are merged over lots."""

    law = "Scenes"
    zh = "一室一场景"
    en = "no two lots hold one room at a time"
    kinds: tuple[See, ...] = (See.PRESSED, See.START)

    def on(self, seen: Seen, house: House) -> Sequence[Violation]:
        if house.coordinator is None:
            return NOTHING
        holder: dict[str, str] = {}
        for lot, state in house.coordinator.day.items():
            for part, room in parts(self.venue, state):
                idle = state.phase is Phase.BOOKED or not ask(state.phase, part).light
                if part is not Part.WING and not idle and holder.setdefault(room, lot) != lot:
                    return self.broken(f"{room} is held by {holder[room]} and by {lot}", seen.time_ns)
        return NOTHING
