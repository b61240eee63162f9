"""One scene at a time: two lots never have a run under way in one room."""

from collections.abc import Sequence

from simulation.checkers.law import NOTHING, Law
from simulation.world.contract import House, See, Seen, Violation
from venue_model.zones import Zone


class OneScene(Law):
    """Opening and evaluation rooms belong to one lot at a time; shared rooms (hall, corridor) are merged over lots."""

    law = "Scenes"
    zh = "一室一场景"
    en = "no two lots drive one room at a time"
    kinds: tuple[See, ...] = (See.PRESSED,)

    def on(self, seen: Seen, house: House) -> Sequence[Violation]:
        coordinator = house.coordinator
        if coordinator is None or seen.fields["result"] != "run":
            return NOTHING
        holder: dict[str, str] = {}
        for run in coordinator.scenes.open.values():
            for room in dict.fromkeys(row.room for row in run.rows):
                if self.venue.rooms[room].zone in (Zone.OPENING, Zone.EVALUATION) and holder.setdefault(room, run.lot) != run.lot:
                    return self.broken(f"{room} is driven for {holder[room]} and for {run.lot}", seen.time_ns)
        return NOTHING
