"""By what right everybody is where they are: on a grant of their own, or past the hardware, as the truth of the leaves tells."""

from dataclasses import dataclass, field

from simulation.checkers.law import Granted, Grants
from simulation.world.contract import House, See, Seen
from venue_model.ids import DoorId
from venue_model.moments import S

CUT_NS = 90 * S  # a lock that was without power, forced or wedged this lately explains a body behind it
GRANT_NS = 30 * S  # a grant lives for seconds; a slow walker may still be in the door


@dataclass(slots=True)
class Entries:
    """Feed it READ, LINE and LEAF by `take`, and every MOVED; it tells how somebody came in: "" by right, else the exception."""

    pending: dict[DoorId, list[Granted]] = field(default_factory=dict)
    barred: dict[DoorId, tuple[str, int]] = field(default_factory=dict)  # who opened a leaf from the inside last, and when

    def take(self, seen: Seen, grants: Grants) -> Granted | None:
        """A grant, or a leaf that opened."""
        if seen.kind is See.LEAF:
            if seen.fields["open"] and seen.fields["how"] == "bar":
                self.barred[DoorId(str(seen.fields["door"]))] = (str(seen.fields["by"]), seen.time_ns)
            return None
        grant = grants.take(seen)
        if grant is not None:
            alive = [g for g in self.pending.get(grant.door, []) if grant.time_ns - g.time_ns < GRANT_NS]
            self.pending[grant.door] = [*alive, grant]
        return grant

    def moved(self, seen: Seen, house: House, *, inwards: bool) -> str:
        """How somebody went through a door."""
        person, door = str(seen.fields["person"]), DoorId(str(seen.fields["door"]))
        if seen.fields.get("force"):
            return "force"
        if not inwards:
            by, when_ns = self.barred.get(door, ("", -GRANT_NS))
            return "" if by == person and seen.time_ns - when_ns < GRANT_NS else "followed out"
        grants = self.pending.get(door, [])
        own = next((g for g in grants if g.stood in (person, "") and seen.time_ns - g.time_ns < GRANT_NS), None)
        if own is not None:
            grants.remove(own)
            return "" if own.believed in (person, "") else "lent card"
        return "power cut or wedge" if house.was_cut(door, CUT_NS) else "tailgate"
