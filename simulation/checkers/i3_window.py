"""I3: after being authorised a committee member enters within the window, or is authorised again."""

from simulation.checkers.authority import Authorities
from simulation.checkers.law import COMMITTEE, Granted, GrantLaw, Grants, board_of
from simulation.world.contract import House, See, Seen
from venue_model.moments import S
from venue_model.zones import Zone

# What a board allows in the person's favour while nobody disciplines its clock, and a turn of the machines.
FAVOUR_NS = 20 * S


class EntryWindow(GrantLaw):
    """Times are compared in truth; by how far the two clocks concerned were wrong then is allowed for."""

    law = "I3"
    zh = "授权后须在时限内进场"
    en = "enter within the window after being authorised"
    kinds: tuple[See, ...] = (*Grants.KINDS, See.TAKEN)

    def __init__(self, house: House) -> None:
        super().__init__(house)
        self._authorities = Authorities(self.venue)

    def judge(self, grant: Granted, house: House) -> str:
        if grant.group not in COMMITTEE or self.zone(grant.door) not in (Zone.CORRIDOR, Zone.EVALUATION):
            return ""
        authorised = self._authorities.last.get(grant.believed)
        if authorised is None:
            return "never authorised"
        board = board_of(self.venue, grant.door)
        wrong_ns = abs(authorised.offset_ns) + (abs(house.clock_offset_ns(board)) if board is not None else 0)
        late_ns = grant.time_ns - authorised.time_ns - self.venue.entry_window_s * S
        return f"the window closed {late_ns // S} s ago" if late_ns > FAVOUR_NS + wrong_ns else ""

    def other(self, seen: Seen, house: House) -> None:
        if seen.kind is See.TAKEN:
            self._authorities.take(seen, house)
