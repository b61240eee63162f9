"""Who is truly inside a separation domain, and whether its doors can know: what rules about numbers are judged by."""

from dataclasses import dataclass, field

from simulation.checkers.entries import Entries
from simulation.checkers.law import Granted, Grants
from simulation.world.contract import House, See, Seen
from venue_model.ids import ComponentId, DoorId, RoomId
from venue_model.moments import S
from venue_model.venue import Venue

KINDS: tuple[See, ...] = (See.MOVED, See.LEAF, See.CRASH, *Grants.KINDS)
COMING_NS = 6 * S  # a grant lives for some seconds


@dataclass(slots=True)
class Inside:
    """Feed it `KINDS`.

    A domain is `sure` while nobody has come in uncounted, everybody who was let in has gone in (of two who open a leaf together both
    are counted), and no board of its doors has died with its word.
    """

    venue: Venue
    grants: Grants = field(default_factory=Grants)
    entries: Entries = field(default_factory=Entries)
    people: dict[ComponentId, dict[str, bool]] = field(default_factory=dict)
    coming: dict[ComponentId, dict[str, int]] = field(default_factory=dict)  # let in, and not through yet → since when
    doubtful: dict[ComponentId, bool] = field(default_factory=dict)

    def take(self, seen: Seen, house: House) -> Granted | None:
        """What has happened; a grant of entry is given back, before it is counted (see `expect`)."""
        if seen.kind is See.CRASH:
            self._crashed(seen)
            return None
        if seen.kind is not See.MOVED:
            return self.entries.take(seen, self.grants)
        person, door = str(seen.fields["person"]), DoorId(str(seen.fields["door"]))
        left, entered = self._domain(seen.fields["from"]), self._domain(seen.fields["to"])
        if left == entered:
            return None
        if left is not None:
            self.people.get(left, {}).pop(person, None)
        if entered is not None:
            inwards = self.venue.component_of.get(self.venue.doors[door].inside) == entered
            if self.entries.moved(seen, house, inwards=inwards):
                self.doubtful[entered] = True
            self.people.setdefault(entered, {})[person] = True
            let_in_ns = self.coming.get(entered, {}).pop(person, seen.time_ns)
            if seen.time_ns - let_in_ns >= COMING_NS:
                self.doubtful[entered] = True
        return None

    def expect(self, component: ComponentId, grant: Granted) -> None:
        """Somebody was let in."""
        self.coming.setdefault(component, {})[grant.stood or grant.how] = grant.time_ns

    def sure(self, component: ComponentId, now_ns: int) -> bool:
        """True when one board sees all entrances, and its count can be right."""
        if any(now_ns - since >= COMING_NS for since in self.coming.get(component, {}).values()):
            self.doubtful[component] = True
        boards = {door.board for door in self.venue.doors_of(component)}
        return len(boards) == 1 and not self.doubtful.get(component)

    def count(self, component: ComponentId, now_ns: int) -> int:
        """People inside, and those who were let in a moment ago."""
        here = self.people.get(component, {})
        coming = [p for p, since in self.coming.get(component, {}).items() if now_ns - since < COMING_NS and p not in here]
        return len(here) + len(coming)

    def _crashed(self, seen: Seen) -> None:
        """Who was let in when a board died is counted by it as inside: from then on its count is no more than a bound."""
        if seen.fields["part"] == "agent":
            for door in self.venue.doors.values():
                component = self.venue.component_of.get(door.inside)
                if door.board == seen.fields["id"] and component is not None:
                    self.doubtful[component] = True

    def _domain(self, room: str) -> ComponentId | None:
        return self.venue.component_of.get(RoomId(room))
