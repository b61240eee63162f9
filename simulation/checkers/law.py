"""What every checker is made of, and the small ledgers that several of them keep: which boards can see, who was granted what."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from simulation.world.contract import House, See, Seen, Violation
from venue_model.groups import Role
from venue_model.ids import BoardId, ComponentId, DeviceId, DoorId, PersonKey, RoomId
from venue_model.moments import S
from venue_model.venue import Venue
from venue_model.zones import Zone

NOTHING: tuple[Violation, ...] = ()
COMMITTEE = frozenset({Role.EXP.value, Role.OWN_C.value})


class Law:
    """One law.  A subclass says what it wants to see, and what breaks it."""

    law: str = ""
    zh: str = ""
    en: str = ""
    kinds: tuple[See, ...] = ()

    def __init__(self, house: House) -> None:
        self.venue: Venue = house.venue

    def on(self, seen: Seen, house: House) -> Sequence[Violation]:
        """Most laws look at one event at a time."""
        return NOTHING

    def at_end(self, house: House) -> Sequence[Violation]:
        """And some at the whole run."""
        return NOTHING

    def broken(self, text: str, time_ns: int) -> tuple[Violation, ...]:
        """The law does not hold, and this is what was seen."""
        return (Violation(self.law, text, time_ns),)

    def inner(self, door: DoorId) -> ComponentId | None:
        """The separation domain that a door guards."""
        return self.venue.component_of.get(self.venue.doors[door].inside)

    def domain(self, room: str) -> ComponentId | None:
        """The separation domain of a room; None for open zones."""
        return self.venue.component_of.get(RoomId(room))


@dataclass(frozen=True, slots=True)
class Granted:
    """A door let somebody in: by its board's own line, and by who really stood there."""

    door: DoorId
    believed: str  # whose credential it was; "" for staff's pulse
    stood: str  # who held it up; "" when nobody did
    group: str
    lot: str
    how: str
    time_ns: int
    beside: str = ""  # the other person without whom it would have been no


class Grants:
    """Follows READ and LINE to tell who was let in, and who only thinks so.  Feed it both kinds."""

    KINDS: ClassVar[tuple[See, ...]] = (See.READ, See.LINE)

    def __init__(self) -> None:
        self._stood: dict[str, str] = {}

    def take(self, seen: Seen) -> Granted | None:
        """The grant of entry in this event, or None."""
        fields = seen.fields
        if seen.kind is See.READ:
            self._stood[fields["device"]] = fields["person"]
            return None
        if seen.kind is not See.LINE or fields["line"] != "grant":
            return None
        body: Mapping[str, Any] = fields["body"]
        if body.get("direction") != "in":
            return None
        return Granted(
            DoorId(str(body["door"])), str(body.get("person") or ""), self._stood.get(str(body.get("device") or ""), ""),
            str(body.get("group") or ""), str(body.get("lot") or ""), str(body["how"]), seen.time_ns, str(body.get("beside") or ""),
        )  # fmt: skip


class GrantLaw(Law, ABC):
    """A law that looks at each grant of entry by itself."""

    kinds: tuple[See, ...] = Grants.KINDS

    def __init__(self, house: House) -> None:
        super().__init__(house)
        self._grants = Grants()

    def on(self, seen: Seen, house: House) -> Sequence[Violation]:
        grant = self._grants.take(seen)
        if grant is None:
            self.other(seen, house)
            return NOTHING
        fault = self.judge(grant, house)
        who = f"{grant.believed or grant.how} ({grant.group or 'staff'})"
        return self.broken(f"{grant.door} let in {who}: {fault}", seen.time_ns) if fault else NOTHING

    @abstractmethod
    def judge(self, grant: Granted, house: House) -> str:
        """What is wrong with a grant; "" when nothing is."""

    def other(self, seen: Seen, house: House) -> None:
        """An event that is no grant."""

    def zone(self, door: DoorId) -> Zone:
        """The zone of the room that a door guards."""
        return self.venue.rooms[self.venue.doors[door].inside].zone


@dataclass(slots=True)
class Doubts:
    """Grants that look wrong.  A policy that came in the same turn is told after its lines: so they are judged again a moment later."""

    waiting: list[Granted] = field(default_factory=list)

    def ripe(self, now_ns: int) -> list[Granted]:
        """The grants of earlier moments, each once."""
        if not self.waiting or self.waiting[0].time_ns >= now_ns:
            return []
        found = [grant for grant in self.waiting if grant.time_ns < now_ns]
        self.waiting = [grant for grant in self.waiting if grant.time_ns >= now_ns]
        return found


class Eyes:
    """Which boards are able to see and to write at this moment.  Feed it CRASH, START and FAULT."""

    KINDS: ClassVar[tuple[See, ...]] = (See.CRASH, See.START, See.FAULT)
    # What keeps a board from noticing, or from writing down, what happens at its doors.
    BLINDING = frozenset({"lines-lost", "stuck-contact", "disk-full", "bounce"})

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._dead: set[str] = set()
        self._blind: dict[str, set[str]] = {}  # place → the faults that are on there
        self._dim_until_ns: dict[str, int] = {}

    def take(self, seen: Seen) -> None:
        """A board came or went, or a disturbance did."""
        fields = seen.fields
        if seen.kind is See.CRASH and fields["part"] == "agent":
            self._dead.add(fields["id"])
        elif seen.kind is See.START and fields["part"] == "agent":
            self._dead.discard(fields["id"])
            self._dim_until_ns[fields["id"]] = seen.time_ns + 10 * S
        elif seen.kind is See.FAULT and fields["fault"] in self.BLINDING:
            here = self._blind.setdefault(str(fields["at"]), set())
            if fields["on"]:
                here.add(fields["fault"])
            else:
                here.discard(fields["fault"])
                self._dim_until_ns[str(fields["at"])] = seen.time_ns + 10 * S

    def sees(self, door: DoorId, now_ns: int) -> bool:
        """True when the board of a door should notice what happens there now, and has for some seconds."""
        board = self._venue.doors[door].board
        if board is None or board in self._dead:
            return False
        found = self._venue.doors[door]
        places = (str(board), str(door), str(found.contact), str(found.exit_button))
        return not any(self._blind.get(place) or now_ns < self._dim_until_ns.get(place, 0) for place in places)


def person_words(person: str, role: object) -> str:
    """Somebody, for a sentence."""
    return f"{person or 'somebody'} ({role or 'no role'})"


def board_of(venue: Venue, door: DoorId) -> BoardId | None:
    """The board that a door hangs on."""
    return venue.doors[door].board


def board_of_device(venue: Venue, device: str) -> BoardId:
    """The board that drives a device."""
    return venue.devices[DeviceId(device)].board


def who_is(house: House, person: str) -> object:
    """A person's role in truth."""
    body = house.people.get(PersonKey(person))
    return None if body is None else body.role
