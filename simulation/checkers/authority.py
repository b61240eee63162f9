"""When each committee member was last authorised to enter, as the gateway's journal has it; and by which clock."""

from dataclasses import dataclass, field

from simulation.checkers.law import COMMITTEE
from simulation.world.contract import House, Seen
from venue_model.ids import RoomId
from venue_model.venue import Venue
from venue_model.zones import Zone


@dataclass(frozen=True, slots=True)
class Authorised:
    """An opening of the entry window."""

    time_ns: int  # in truth
    number: int  # counts for this person
    offset_ns: int  # how wrong the clock that stamped it was


@dataclass(slots=True)
class Authorities:
    """Feed it TAKEN.  The passage into the intake authorises, and so do staff."""

    venue: Venue
    last: dict[str, Authorised] = field(default_factory=dict)

    def take(self, seen: Seen, house: House) -> None:
        """A line that the gateway has committed."""
        fields, body = seen.fields, seen.fields["body"]
        if fields["line"] == "authorise":
            self._note(str(body["person"]), seen.time_ns, house.clock_offset_ns("gateway"))
        elif fields["line"] == "passage" and body.get("direction") == "in" and body.get("group") in COMMITTEE and body.get("person"):
            component = self.venue.component_of.get(RoomId(str(body.get("to", ""))))
            if component is not None and Zone.INTAKE in self.venue.zones_of(component):
                true_ns = int(fields["utc_ns"]) - house.clock_offset_ns(str(fields["agent"])) - (house.world.utc_ns - seen.time_ns)
                self._note(str(body["person"]), min(true_ns, seen.time_ns), house.clock_offset_ns(str(fields["agent"])))

    def _note(self, person: str, time_ns: int, offset_ns: int) -> None:
        before = self.last.get(person)
        if before is not None and before.time_ns > time_ns:  # an older passage that arrives late: doors may know the newer word already
            time_ns, offset_ns = before.time_ns, max(before.offset_ns, offset_ns, key=abs)
        self.last[person] = Authorised(time_ns, before.number + 1 if before else 1, offset_ns)
