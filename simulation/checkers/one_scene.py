"""One scene at a time: a room that is one lot's at a time is never in the hands of two."""

from collections.abc import Sequence

from gateway.core.parts import parts
from simulation.checkers.law import NOTHING, Law
from simulation.world.contract import House, See, Seen, Violation
from venue_model.scenes import SHARED_PARTS


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
                if part not in SHARED_PARTS and state.wish(part).in_use and holder.setdefault(room, lot) != lot:
                    return self.broken(f"{room} is held by {holder[room]} and by {lot}", seen.time_ns)
        return NOTHING
