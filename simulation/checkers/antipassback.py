"""Anti-passback: a pass whose holder is inside does not open a hard door a second time."""

from collections.abc import Sequence

from simulation.checkers.inside import KINDS, Inside
from simulation.checkers.law import NOTHING, Law
from simulation.world.contract import House, See, Seen, Violation
from venue_model.venue import AntiPassback

_STRICT = frozenset({AntiPassback.HARD, AntiPassback.AREA})


class NoPassback(Law):
    """On the truth: somebody who came in on a pass of their own, and has not left, lends it out through no hard door."""

    law = "Anti-passback"
    zh = "防回传:证件在内不得再次开门"
    en = "a pass that is inside does not let in again"
    kinds: tuple[See, ...] = KINDS

    def __init__(self, house: House) -> None:
        super().__init__(house)
        self._inside = Inside(self.venue)

    def on(self, seen: Seen, house: House) -> Sequence[Violation]:
        grant = self._inside.take(seen, house)
        component = self.inner(grant.door) if grant is not None else None
        if grant is None or component is None or not grant.believed:
            return NOTHING
        inside = self._inside.people.get(component, {}).get(grant.believed, False)
        if self.venue.doors[grant.door].antipassback not in _STRICT or not inside or not self._inside.sure(component, seen.time_ns):
            return NOTHING
        return self.broken(f"{grant.door} let in the pass of {grant.believed}, who is inside {component}", seen.time_ns)
