"""I6: experts and bidders are never in the same room or corridor, also where no door guards: there the floor plan must see to it."""

from collections.abc import Sequence

from simulation.checkers.entries import Entries
from simulation.checkers.law import NOTHING, Grants, Law
from simulation.world.contract import House, See, Seen, Violation
from venue_model.groups import Role
from venue_model.ids import DoorId, RoomId

_SIDES = {Role.BID: "bidder", Role.EXP: "expert", Role.OWN_C: "expert"}


class WaysApart(Law):
    """On the truth, in every room that is not the open air.  Who came past the hardware counts for nothing here, as in law Apart."""

    law = "I6"
    zh = "专家与投标人不得同区同廊"
    en = "experts and bidders never share a room or corridor"
    kinds: tuple[See, ...] = (See.MOVED, See.LEAF, *Grants.KINDS)

    def __init__(self, house: House) -> None:
        super().__init__(house)
        self._grants = Grants()
        self._entries = Entries()
        self._there: dict[str, dict[str, str]] = {room: {} for room, r in self.venue.rooms.items() if not r.outdoor}
        self._astray: dict[str, bool] = {}  # people who are where they are by an exception

    def on(self, seen: Seen, house: House) -> Sequence[Violation]:
        if seen.kind is not See.MOVED:
            self._entries.take(seen, self._grants)
            return NOTHING
        fields = seen.fields
        person, room = str(fields["person"]), str(fields["to"])
        if str(fields["from"]) in self._there:
            self._there[str(fields["from"])].pop(person, None)
        if self._by_exception(seen, house):
            self._astray[person] = True
        elif room not in self._there:
            self._astray.pop(person, None)
        side = _SIDES.get(Role(fields["role"])) if fields["role"] else None
        if side is None or room not in self._there or person in self._astray:
            return NOTHING
        there = self._there[room]
        there[person] = side
        other = next((p for p, s in there.items() if s != side), None)
        if other is None:
            return NOTHING
        return self.broken(f"{person} ({side}) came into {room} while {other} ({there[other]}) was there", seen.time_ns)

    def _by_exception(self, seen: Seen, house: House) -> bool:
        door = DoorId(str(seen.fields["door"]))
        if door not in self.venue.doors or self.domain(str(seen.fields["to"])) is None:
            return False
        inwards = self.venue.doors[door].inside == RoomId(str(seen.fields["to"]))
        return inwards and bool(self._entries.moved(seen, house, inwards=True))
