"""I7: parties and committee are heard in rooms of their own, and no pass of one side opens the other's."""

from simulation.checkers.law import COMMITTEE, Granted, GrantLaw
from simulation.world.contract import House
from venue_model.groups import Role
from venue_model.zones import Serves

PARTIES = frozenset({Role.BID.value, Role.OWN.value, Role.AGT.value})


class SidesOfInquiry(GrantLaw):
    """That both rooms are filmed is part of I10."""

    law = "I7"
    zh = "询标双方各在其室"
    en = "an inquiry keeps its two sides apart"

    def judge(self, grant: Granted, house: House) -> str:
        barred = {Serves.COMMITTEE: PARTIES, Serves.PARTIES: COMMITTEE}.get(self.venue.rooms[self.venue.doors[grant.door].inside].serves)
        return "it is the other side's inquiry room" if barred is not None and grant.group in barred else ""
