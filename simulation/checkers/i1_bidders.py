"""I1: no bidder's credential ever opens the evaluation side, and no other group's a zone that bars it in every profile."""

from simulation.checkers.law import Granted, GrantLaw, who_is
from simulation.world.contract import House
from venue_model.groups import Role
from venue_model.zones import never_admits


class BiddersBarred(GrantLaw):
    """Judged twice: by the group that the door believed, and by the person who truly stood there with a card of their own."""

    law = "I1"
    zh = "投标人证件不得开启评标侧任何门"
    en = "no bidder credential ever opens the evaluation side"

    def judge(self, grant: Granted, house: House) -> str:
        zones = self.venue.zones_of(component) if (component := self.inner(grant.door)) is not None else ()
        groups = {grant.group} if grant.group else set()
        true_role = who_is(house, grant.stood)
        if grant.stood == grant.believed and true_role:
            groups.add(str(true_role))
        barred = [(zone, group) for zone in zones for group in sorted(groups) if never_admits(zone, Role(group))]
        return f"{barred[0][1]} is never admitted to {barred[0][0]}" if barred else ""
