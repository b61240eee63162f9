"""What the people of a day share: queues before doors, what has been announced, and the desk that they can call."""

from collections import deque
from dataclasses import dataclass, field

from simulation.crowd.life import Bell
from simulation.crowd.ways import Ways
from simulation.world.contract import Faults, House, World
from venue_model.ids import DeviceId, DoorId, LotId, PersonKey
from venue_model.lots import Phase


@dataclass(slots=True)
class Line:
    """A queue before one thing that serves one person at a time."""

    standing: deque[tuple[PersonKey, Bell]] = field(default_factory=deque)

    def join(self, person: PersonKey) -> Bell:
        """Stand at the end; the bell rings when it is this person's turn."""
        bell = Bell()
        self.standing.append((person, bell))
        return bell

    def first(self, person: PersonKey) -> bool:
        """True when it is this person's turn."""
        return bool(self.standing) and self.standing[0][0] == person

    def step_out(self, person: PersonKey) -> None:
        """Leave the queue, served or not."""
        served = self.first(person)
        self.standing = deque(entry for entry in self.standing if entry[0] != person)
        if served and self.standing:
            self.standing[0][1].ring()


@dataclass(slots=True)
class LotCalls:
    """What people of a lot have been told."""

    phase: Phase = Phase.BOOKED
    changed: Bell = field(default_factory=Bell)


@dataclass(slots=True)
class Crowd:
    """Everybody's common ground."""

    house: House
    world: World
    faults: Faults
    ways: Ways
    pace: float
    lines: dict[str, Line] = field(default_factory=dict)  # door or reader → who waits there
    calls: dict[LotId, LotCalls] = field(default_factory=dict)
    asking: dict[LotId, dict[PersonKey, None]] = field(default_factory=dict)  # who has called the desk because a window has closed
    followers: dict[DoorId, list[Bell]] = field(default_factory=dict)  # who waits to slip in behind somebody else
    photographs: dict[DoorId, str] = field(default_factory=dict)  # the last QR badge that somebody else could see
    lockers: dict[PersonKey, DeviceId] = field(default_factory=dict)  # where whose phone lies

    def line(self, place: str) -> Line:
        """The queue before a door or a reader."""
        return self.lines.setdefault(place, Line())

    def announce(self, lot: LotId, phase: Phase) -> None:
        """Tell the people of a lot where its day stands: by loudspeaker, by the sign on the door, by a word."""
        calls = self.calls.setdefault(lot, LotCalls())
        if calls.phase is not phase:
            calls.phase = phase
            calls.changed.ring()

    def phase(self, lot: LotId) -> Phase:
        """The phase as the people of the lot know it."""
        return self.calls.setdefault(lot, LotCalls()).phase

    def call_desk(self, lot: LotId, person: PersonKey) -> None:
        """Ask the staff to be authorised again."""
        self.asking.setdefault(lot, {})[person] = None

    def opened(self, door: DoorId) -> None:
        """Somebody has pulled a leaf: whoever waits for that slips in behind."""
        for bell in self.followers.pop(door, []):
            bell.ring()
