"""Occupancy limits: no grant lets one more in than a room holds."""

from collections.abc import Sequence

from simulation.checkers.inside import KINDS, Inside
from simulation.checkers.law import NOTHING, Law
from simulation.world.contract import House, See, Seen, Violation


class Limits(Law):
    """On the truth, where one board sees all entrances; other boards' counts are a renewal old, and uncounted bodies are nobody's."""

    law = "Limit"
    zh = "限员区不得超员放行"
    en = "no grant lets in more people than a room may hold"
    kinds: tuple[See, ...] = KINDS

    def __init__(self, house: House) -> None:
        super().__init__(house)
        self._inside = Inside(self.venue)

    def on(self, seen: Seen, house: House) -> Sequence[Violation]:
        grant = self._inside.take(seen, house)
        component = self.inner(grant.door) if grant is not None else None
        if grant is None or component is None:
            return NOTHING
        limit = self.venue.limit_of(component)
        before = self._inside.count(component, seen.time_ns)
        self._inside.expect(component, grant)
        if limit is None or before < limit or not self._inside.sure(component, seen.time_ns):
            return NOTHING
        return self.broken(f"{grant.door} let in {grant.believed or grant.how} where {before} of {limit} were inside", seen.time_ns)
