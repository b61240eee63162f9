"""Doors that let nobody in alone: two-person rooms while they are empty, and passes that need an escort."""

from collections.abc import Sequence

from simulation.checkers.inside import KINDS, Inside
from simulation.checkers.law import Granted, Law
from simulation.world.contract import House, See, Seen, Violation
from venue_model.groups import Role
from venue_model.moments import S


class Company(Law):
    """Whoever needed company was let in together with it: by the board's own lines, at the same door, within the venue's time."""

    law = "Company"
    zh = "须二人同入或陪同方可进入"
    en = "nobody is let in alone where two must come, or without the escort that the profile asks for"
    kinds: tuple[See, ...] = KINDS

    def __init__(self, house: House) -> None:
        super().__init__(house)
        self._inside = Inside(self.venue)
        self._waiting: list[tuple[Granted, str]] = []  # grants that want a companion, and why
        self._lately: list[Granted] = []

    def on(self, seen: Seen, house: House) -> Sequence[Violation]:
        found = self._overdue(seen.time_ns)
        grant = self._inside.take(seen, house)
        component = self.inner(grant.door) if grant is not None else None
        if grant is None or component is None or component == self.domain(self.venue.doors[grant.door].outside):
            return found
        within_ns = self.venue.companion_s * S
        self._lately = [other for other in self._lately if seen.time_ns - other.time_ns <= within_ns]
        self._waiting = [(other, why) for other, why in self._waiting if not self._accompanies(grant, other, why)]
        why = self._needs(grant, self._inside.count(component, seen.time_ns))
        if why and not any(self._accompanies(other, grant, why) for other in self._lately):
            self._waiting.append((grant, why))
        self._lately.append(grant)
        self._inside.expect(component, grant)
        return found

    def at_end(self, house: House) -> Sequence[Violation]:
        return self._overdue(house.world.now_ns)

    def _needs(self, grant: Granted, there: int) -> str:
        component = self.inner(grant.door)
        assert component is not None, "only doors of domains have rules about company"
        if grant.group and self._escorts(grant):
            return "escort"
        alone = self.venue.doors[grant.door].two_person and there == 0 and self._inside.sure(component, grant.time_ns)
        return "pair" if alone else ""

    def _escorts(self, grant: Granted) -> tuple[Role, ...]:
        component = self.inner(grant.door)
        zones = self.venue.zones_of(component) if component is not None else ()
        return tuple(role for zone in zones for role in self.venue.profile.escorts(zone, Role(grant.group)))

    def _accompanies(self, other: Granted, grant: Granted, why: str) -> bool:
        if other.door != grant.door or other.believed == grant.believed:
            return False
        return why == "pair" or (bool(other.group) and Role(other.group) in self._escorts(grant))

    def _overdue(self, now_ns: int) -> Sequence[Violation]:
        if not self._waiting:
            return ()
        within_ns = self.venue.companion_s * S
        late = [(grant, why) for grant, why in self._waiting if now_ns - grant.time_ns > within_ns]
        self._waiting = [(grant, why) for grant, why in self._waiting if now_ns - grant.time_ns <= within_ns]
        words = {"pair": "alone into an empty two-person room", "escort": "without an escort"}
        return [
            v
            for grant, why in late
            for v in self.broken(f"{grant.door} let in {grant.believed or grant.how} {words[why]}", grant.time_ns)
        ]
