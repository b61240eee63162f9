"""The days that a venue can see: lots on rooms in phases that staff can press, and what every door then says, by the real decisions."""

from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

from gateway.core.access import Access, wanted_access
from gateway.core.apart import Asked, Inside, asked, wishes
from gateway.core.day import Day, LotState, Refusal, may_press, moved
from venue_model.door_policy import ComponentPolicy, Refuse, Standing, Verdict, decide_entry, illegal_groups
from venue_model.groups import Role
from venue_model.ids import ComponentId, LotId, PersonKey, ProjectId, RoomId
from venue_model.lots import MIN_BIDDERS, Lot, Person, Phase
from venue_model.moments import Now
from venue_model.passes import card_digest
from venue_model.scenes import SCENES, Part, RoomAsk, Scene
from venue_model.venue import Venue
from venue_model.zones import Zone

SALT = b"prover"
NOON = Now(mono_ns=0, utc_ns=0)
LOT_A, LOT_B = LotId("A"), LotId("B")


class Booking(NamedTuple):
    """The rooms that one lot is bound to."""

    opening: RoomId | None  # None: opened at another venue
    evaluation: RoomId | None


class Stage(NamedTuple):
    """All that presses change of a lot."""

    phase: Phase
    suspended_from: Phase | None
    inquiry: tuple[RoomId, ...]


class Occasion(NamedTuple):
    """A lot of these rooms at this stage."""

    booking: Booking
    stage: Stage


def card(lot: LotId, role: Role) -> str:
    """The card of a lot's only person of a role."""
    return f"{lot}/{role}".encode().hex()


def bookings_of(venue: Venue) -> tuple[Booking, ...]:
    """Lots with an opening and an evaluation room such that each room is in one, and the lots that have only one of the two here.

    The latter ask for the least, so that nothing else of the lot stands against what its doors let in.
    """
    opening = [room.id for room in venue.rooms_of(Zone.OPENING)]
    evaluation = [room.id for room in venue.rooms_of(Zone.EVALUATION)]
    count = max(len(opening), len(evaluation)) if opening and evaluation else 0
    both = [Booking(opening[n % len(opening)], evaluation[n % len(evaluation)]) for n in range(count)]
    return (*both, *(Booking(room, None) for room in opening), *(Booking(None, room) for room in evaluation))


def booked(booking: Booking, lot: LotId) -> LotState:
    """A lot with one person of every role, as the platform tells it in the morning."""
    people = tuple(Person(PersonKey(f"{role}-{lot}"), role, card=card(lot, role)) for role in Role)
    told = Lot(
        lot, ProjectId(lot), lot, lot, booking.opening, booking.evaluation, opening_utc_ns=0, bidders=MIN_BIDDERS, people=people
    )  # fmt: skip
    return LotState(told, Phase.BOOKED, 0, Phase.BOOKED)


def stage_of(state: LotState) -> Stage:
    """What presses have made of a lot."""
    return Stage(state.phase, state.suspended_from, state.inquiry)


def pressed(venue: Venue, day: Day, lot: LotId, scene: Scene) -> Day:
    """The day after a press, with the doors in step."""
    return {**day, lot: _plain(venue, moved(venue, day, day[lot], scene, NOON.utc_ns))}


def _plain(venue: Venue, state: LotState) -> LotState:
    """Without what nobody reads any more: where a lot was suspended that goes on, which rooms an inquiry had that is over."""
    suspended = state.phase is Phase.SUSPENDED
    asks = any(state.wish(part) != RoomAsk() for part in (Part.INQUIRY_COMMITTEE, Part.INQUIRY_PARTIES))
    return replace(
        state,
        door_phase=state.phase,
        suspended_from=state.suspended_from if suspended else None,
        inquiry=state.inquiry if suspended or asks or venue.rooms_of(Zone.PASSAGE) else (),
    )


def outcomes(venue: Venue, day: Day, lot: LotId, scene: Scene) -> Iterator[Day]:
    """The days that a press can make: an inquiry may get any pair of rooms, as others hold the first ones."""
    after = pressed(venue, day, lot, scene)
    yield after
    given = after[lot].inquiry
    if not given or given == day[lot].inquiry:
        return
    sides = [[room.id for room in venue.rooms_of(Zone.INQUIRY) if room.serves is venue.rooms[one].serves] for one in given]
    for n in range(max(map(len, sides))):
        other = tuple(side[n % len(side)] for side in sides)
        if other != given:
            yield {**after, lot: replace(after[lot], inquiry=other)}


def choices(
    venue: Venue, day: Day, lot: LotId, inside: Inside | None = None, without: Collection[Phase] = ()
) -> tuple[list[Scene], list[tuple[Scene, Refusal]]]:
    """The scenes that staff may press for a lot now, with these people inside, and those that the rest of the day keeps it from.

    Scenes that lead to a phase of `without` are not asked for.
    """
    may, refused = [], []
    for id, scene in SCENES.items():
        if scene.leads_to in without:
            continue
        found = may_press(venue, day, lot, id, inside)
        if isinstance(found, Scene):
            may.append(found)
        elif found.code != "wrong-phase":
            refused.append((scene, found))
    return may, refused


def access_of(venue: Venue, day: Day, inside: Inside | None = None) -> dict[ComponentId, Access]:
    """What the day asks of every domain, when everybody has just been authorised to enter (I3)."""
    authorised = {(state.lot.id, person.person): NOON.utc_ns for state in day.values() for person in state.lot.people}
    return wanted_access(venue, day, authorised, SALT, inside=inside)


def ask_door(venue: Venue, component: ComponentId, access: Access, lot: LotId, role: Role, phone_locked: bool = True) -> Verdict:
    """What a door of the domain says to a lot's person of a role, once `access` is in force there.

    An `Await` lets in beside somebody else; who refuses alone, refuses.
    """
    zones = venue.zones_of(component)
    illegal = illegal_groups(zones, access.groups, venue.profile.separated)
    if illegal is not None:
        return Refuse("I1", f"the board refuses this policy: {illegal}")
    policy = ComponentPolicy(component, 1, 1, access.mode, access.groups, access.seal, access.passes)
    lockers = frozenset({PersonKey(f"{role}-{lot}")}) if phone_locked else frozenset()
    standing = Standing(policy, lease_until_mono_ns=NOON.mono_ns + 1, lockers=lockers)
    digest = card_digest(SALT, bytes.fromhex(card(lot, role)))
    return decide_entry(standing, zones, digest, {digest: role}, venue.entry_window_s, NOON)


def let_in(venue: Venue, component: ComponentId, ask: Access | Asked) -> tuple[Role, ...]:
    """The groups that the doors of a domain let in, whatever else they ask of the single pass."""
    if ask.seal or illegal_groups(venue.zones_of(component), ask.groups, venue.profile.separated) is not None:
        return ()
    return ask.groups


@dataclass
class Days:
    """The days of one lot alone, which bound all days.

    Lots are interchangeable, and what a domain lets in is the union of what each lot wishes, less what clashes: so one lot alone shows
    every group that a domain can ever let in, however many lots there are (a test holds it).
    """

    venue: Venue
    examined: int = field(default=0, init=False)

    @cached_property
    def bookings(self) -> tuple[Booking, ...]:
        """The lots that this venue is examined with."""
        return bookings_of(self.venue)

    @cached_property
    def alone(self) -> dict[Occasion, dict[ComponentId, Access]]:
        """What a day of one lot asks of every domain, in the order of presses; of lots that are here all day, where there are such."""
        whole = {booking for booking in self.bookings if None not in booking} or set(self.bookings)
        return {occasion: access_of(self.venue, day) for occasion, day in self.day_of.items() if occasion.booking in whole}

    @cached_property
    def day_of(self) -> dict[Occasion, Day]:
        """Every day that one lot can have."""
        found: dict[Occasion, Day] = {}
        for booking in self.bookings:
            waiting: deque[Day] = deque([{LOT_A: booked(booking, LOT_A)}])
            while waiting:
                day = waiting.popleft()
                occasion = Occasion(booking, stage_of(day[LOT_A]))
                if occasion not in found:
                    found[occasion] = day
                    waiting += [after for scene in choices(self.venue, day, LOT_A)[0] for after in outcomes(self.venue, day, LOT_A, scene)]
        return found

    @cached_property
    def admitted(self) -> dict[ComponentId, dict[Role, list[Occasion]]]:
        """Domain → group → the occasions on which its doors let the group in, the earliest first."""
        found: dict[ComponentId, dict[Role, list[Occasion]]] = {component: {} for component in self.venue.components}
        for occasion in self.day_of:
            for component, ask in self.asked(occasion, {}).items():
                for group in let_in(self.venue, component, ask):
                    found[component].setdefault(group, []).append(occasion)
        return found

    @cached_property
    def sealed(self) -> dict[ComponentId, Occasion]:
        """The domains that some phase seals."""
        found: dict[ComponentId, Occasion] = {}
        for occasion, accesses in self.alone.items():
            for component, access in accesses.items():
                if access.seal:
                    found.setdefault(component, occasion)
        return found

    def asked(self, occasion: Occasion, inside: Inside) -> dict[ComponentId, Asked]:
        """What the lot asks of every domain, with these people inside."""
        self.examined += 1
        return asked(self.venue, wishes(self.venue, self.day_of[occasion]), inside)
