"""I2: a committee member's credential opens the evaluation room of the drawn lot, and no other."""

from gateway.core.parts import seat_of
from simulation.checkers.law import COMMITTEE, Granted, GrantLaw, Grants
from simulation.world.contract import House, See, Seen
from venue_model.zones import Zone


class OwnRoom(GrantLaw):
    """Every room that the platform has ever told for a person's lot counts: during a partition a door may hold the word of a minute ago."""

    law = "I2"
    zh = "专家证件只能开启所抽标段的评标室"
    en = "an expert's credential opens only the room of the drawn lot"
    kinds: tuple[See, ...] = (*Grants.KINDS, See.PLATFORM)

    def __init__(self, house: House) -> None:
        super().__init__(house)
        self._rooms: dict[str, set[str]] = {}
        self._learn(house)

    def judge(self, grant: Granted, house: House) -> str:
        if grant.group not in COMMITTEE or self.zone(grant.door) is not Zone.EVALUATION:
            return ""
        own = self._rooms.get(grant.believed, set())
        room = str(self.venue.doors[grant.door].inside)
        return "" if room in own else f"the room of the drawn lot is {', '.join(sorted(own)) or 'unknown'}"

    def other(self, seen: Seen, house: House) -> None:
        if seen.kind is See.PLATFORM:
            self._learn(house)

    def _learn(self, house: House) -> None:
        for lot in house.lots.values():
            for person in lot.people:
                if person.role.value in COMMITTEE:
                    room = seat_of(self.venue, lot, person)
                    self._rooms.setdefault(person.person, set()).update([room] if room is not None else [])
