"""Interlocked doors: a grant opens only one door of a pair at a time; whoever leaves is never held."""

from simulation.checkers.law import Granted, GrantLaw, Grants
from simulation.world.contract import House, See, Seen
from venue_model.moments import MS

SEEN_NS = 300 * MS  # an opened leaf's contact settles, and its board has had a turn


class Interlocks(GrantLaw):
    """When a door says yes, its partner is shut, and nothing releases it."""

    law = "Interlock"
    zh = "互锁门不得同时放行"
    en = "a grant opens only one door of a pair at a time"
    kinds: tuple[See, ...] = (*Grants.KINDS, See.LEAF, See.STRIKE)

    def __init__(self, house: House) -> None:
        super().__init__(house)
        self._partners: dict[str, list[str]] = {}
        for one, other in self.venue.interlocks:
            self._partners.setdefault(one, []).append(other)
            self._partners.setdefault(other, []).append(one)
        self._open_ns: dict[str, int] = {}  # since when a leaf stands open
        self._released: dict[str, bool] = {}

    def judge(self, grant: Granted, house: House) -> str:
        for partner in self._partners.get(grant.door, ()):
            opened_ns = self._open_ns.get(partner)
            if opened_ns is not None and grant.time_ns - opened_ns > SEEN_NS:
                return f"{partner} stands open"
            if self._released.get(partner):
                return f"{partner} is released"
        return ""

    def other(self, seen: Seen, house: House) -> None:
        fields = seen.fields
        if seen.kind is See.STRIKE:
            self._released[fields["door"]] = fields["released"]
        elif seen.kind is See.LEAF:
            if fields["open"]:
                self._open_ns[fields["door"]] = seen.time_ns
            else:
                self._open_ns.pop(fields["door"], None)
