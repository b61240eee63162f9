"""Law Apart, on the truth: who is really inside each separation domain, whatever anybody believes.

A body that came past the hardware (force, fire release, a wedge, a tailgater, a lent card) is an exception that no software can
prevent, and so is what follows from a count that such a body has made wrong; that what could be noticed was told is law
"Noticed".  A meeting of two who both came in on grants of their own, in a domain whose counts nobody has spoilt, is a violation.
"""

from collections.abc import Sequence

from simulation.checkers.entries import Entries
from simulation.checkers.law import NOTHING, Grants, Law
from simulation.world.contract import House, See, Seen, Violation
from venue_model.groups import Role, pair
from venue_model.ids import ComponentId, DoorId


class Apart(Law):
    """Two people of mutually separated groups are never both inside one separation domain."""

    law = "Apart"
    zh = "互斥人员不得同处一个分隔域"
    en = "people of separated groups never meet inside one separation domain"
    kinds: tuple[See, ...] = (See.MOVED, See.LEAF, *Grants.KINDS)

    def __init__(self, house: House) -> None:
        super().__init__(house)
        self._grants = Grants()
        self._entries = Entries()
        self._inside: dict[ComponentId, dict[str, Role]] = {component: {} for component in self.venue.components}
        self._spoilt: dict[ComponentId, str] = {}  # whose counts may be wrong, and by what

    def on(self, seen: Seen, house: House) -> Sequence[Violation]:
        if seen.kind is not See.MOVED:
            self._entries.take(seen, self._grants)
            return NOTHING
        person, role, door = str(seen.fields["person"]), seen.fields["role"], DoorId(str(seen.fields["door"]))
        left, entered = self.domain(seen.fields["from"]), self.domain(seen.fields["to"])
        if left == entered:
            return NOTHING
        if left is not None:
            self._inside[left].pop(person, None)
        if entered is None:
            return NOTHING
        exception = self._entries.moved(seen, house, inwards=self.inner(door) == entered)
        if exception:
            self._spoilt.setdefault(entered, exception)
        if not role:
            return NOTHING
        there = self._inside[entered]
        met = [(p, r) for p, r in there.items() if pair(r, Role(role)) in self.venue.profile.separated]
        there[person] = Role(role)
        if not met or entered in self._spoilt:
            return NOTHING
        other, other_role = met[0]
        return self.broken(f"{person} ({role}) came into {entered} by {door} while {other} ({other_role}) was inside", seen.time_ns)
