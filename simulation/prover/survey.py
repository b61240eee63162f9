"""Everything that the checks share about one venue, computed once: the whole of it, and the small one that the searches run on."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from simulation.prover.apart import Apart
from simulation.prover.days import Days
from simulation.prover.findings import listed
from simulation.prover.ground import Ground
from simulation.prover.symmetry import Reduced, reduce_venue
from venue_model.ids import DoorId, RoomId
from venue_model.venue import Name, Venue


@dataclass(frozen=True)
class Survey:
    """One venue under examination."""

    venue: Venue

    @cached_property
    def reduced(self) -> Reduced:
        """Two of every kind of interchangeable rooms."""
        return reduce_venue(self.venue)

    @property
    def small(self) -> Venue:
        """The venue that the searches run on."""
        return self.reduced.venue

    @cached_property
    def ground(self) -> Ground:
        """The ways of the small venue."""
        return Ground(self.small)

    @cached_property
    def whole_ground(self) -> Ground:
        """The ways of the whole venue."""
        return Ground(self.venue)

    @cached_property
    def days(self) -> Days:
        """The days of the small venue."""
        return Days(self.small)

    @cached_property
    def apart(self) -> Apart:
        """Law Apart over the small venue."""
        return Apart(self.small, self.ground, self.days)

    def also(self, door: DoorId) -> Name:
        """Said behind a fault of one door that stands for several."""
        others = [like for like in self.reduced.doors_like(door) if like != door]
        if not others:
            return Name("", "")
        names = ", ".join(others[:4]) + (f" … {len(others)}" if len(others) > 4 else "")
        return Name(f"(同类门:{names})", f" (likewise: {names})")

    def one_of_each(self, doors: Iterable[DoorId]) -> Iterator[DoorId]:
        """The first door of every kind: doors that are alike have the same faults, and one speaks for all."""
        yield from {self.reduced.door_kind[door]: door for door in reversed(list(doors))}.values()

    def rooms_text(self, rooms: list[RoomId]) -> Name:
        """Names of rooms, with those they stand for."""
        whole = dict.fromkeys(twin for room in rooms for twin in self.reduced.rooms_like(room))
        return listed(self.venue, list(whole))
