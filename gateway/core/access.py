"""Who may enter each separation domain, as a function of the day: what `clearing` then brings about, step by step."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from gateway.core.apart import Asked, Inside, Wish, admitted, asked, on_duty, wishes
from gateway.core.exception_pass import ExceptionPass, admitted_now, check_exception, escorts_of, with_exception
from gateway.core.parts import COMMITTEE, OVER, Day, LotState, live, parts, seat_of
from venue_model.door_policy import Elsewhere, Pass
from venue_model.groups import Role
from venue_model.ids import ComponentId, LotId, PersonKey, RoomId
from venue_model.lots import Person
from venue_model.passes import card_digest, key_digest
from venue_model.profiles import DoorMode
from venue_model.scenes import SHARED_PARTS, Part
from venue_model.venue import DeviceKind, Venue
from venue_model.zones import Zone, never_admits

__all__ = (
    "Access", "Authorisations", "ExceptionPass", "Memo", "check_exception", "credentials", "digests", "known_passes", "record_rooms",
    "wanted_access",
)  # fmt: skip

_NOT_YET = 2**62  # a pass that is known here, but not for now
_INNER = (Zone.CORRIDOR, Zone.EVALUATION)  # where the committee enters once, and in time

Authorisations = Mapping[tuple[LotId, PersonKey], int]


@dataclass(frozen=True, slots=True)
class Access:
    """What the doors of a domain should allow."""

    mode: DoorMode
    groups: tuple[Role, ...]
    seal: bool
    passes: tuple[Pass, ...]
    conflict: str = ""  # why the day's wishes cannot be met together; then the domain is CLEAR
    limit: int | None = None  # how many people may be inside


@dataclass(slots=True)
class Memo:
    """What the last calls were given and what they found: the same inputs are not worked through again.

    It changes nothing but the time that a call takes: a venue asks a hundred times between two changes of its day.
    """

    inputs: object = None
    access: dict[ComponentId, Access] = field(default_factory=dict)
    of: dict[ComponentId, tuple[object, Access]] = field(default_factory=dict)
    people: object = None
    known: tuple[Elsewhere, ...] = ()


def wanted_access(
    venue: Venue,
    day: Day,
    authorisations: Authorisations,
    salt: bytes,
    exceptions: tuple[ExceptionPass, ...] = (),
    lockdown: frozenset[ComponentId] = frozenset(),
    inside: Inside | None = None,
    memo: Memo | None = None,
) -> dict[ComponentId, Access]:
    """The access that the day asks of every domain.

    `authorisations`: (lot, person) → when last authorised to enter (I3).  `exceptions`: those whose time it is; one that the day has
    overtaken admits nobody.  `lockdown`: domains that nobody enters, whatever scenes ask; their seals stay.  `inside`: groups that may
    be in a domain by the doors' counts, besides those whom the day admits.  Wishes that would bring separated groups together, in the
    domain or at its ways out, give CLEAR with `conflict`.
    """
    memo = memo if memo is not None else Memo()
    inputs = (venue, salt, tuple(day.values()), dict(authorisations), exceptions, lockdown, dict(inside or {}))
    if _same(inputs, memo.inputs):
        return memo.access
    wished = wishes(venue, day)
    holding = admitted_now(venue, day, exceptions, inside or {}) if exceptions else ()
    for one in holding:
        wished = with_exception(venue, wished, one)
    found = {}
    for component, here in asked(venue, wished, inside or {}).items():
        shut = component in lockdown
        known = _people_of(venue, day, component, here, holding, authorisations)
        given = (venue, salt, here, known, shut)
        last = memo.of.get(component)
        if last is not None and _same(given, last[0]):
            found[component] = last[1]
        else:
            found[component] = _access(_Compiler(venue, component, here, holding, authorisations, salt), day, shut)
        memo.of[component] = (given, found[component])
    memo.inputs, memo.access = inputs, found
    return found


def _same(these: tuple[object, ...], last: object) -> bool:
    """Equal, with the venue compared by identity: it never changes, and is the largest value of all."""
    return isinstance(last, tuple) and these[0] is last[0] and these[1:] == last[1:]


def _people_of(
    venue: Venue, day: Day, component: ComponentId, here: Asked, holding: tuple[ExceptionPass, ...], authorisations: Authorisations
) -> tuple[object, ...]:
    """Everything about people that the passes of a domain are made of."""
    lots = dict.fromkeys(wish.lot for wish in here.wishes)
    if not any(wish.part for wish in here.wishes) and on_duty(venue, component):
        lots |= dict.fromkeys(state.lot.id for state in live(day))
    rosters = tuple(day[lot].lot for lot in lots)
    times = tuple(authorisations.get((lot.id, person.person)) for lot in rosters for person in lot.people)
    return rosters, times, holding


def _access(compiler: "_Compiler", day: Day, shut: bool) -> Access:
    here, venue = compiler.here, compiler.venue
    passes = compiler.passes(day)
    limit = venue.limit_of(compiler.component)
    if shut:
        return Access(DoorMode.LOCKDOWN, (), here.seal, passes, limit=limit)
    conflict = f"{here.clash.one} and {here.clash.other} are wanted at once" if here.clash else ""
    return Access(here.mode, here.groups, here.seal, passes, conflict, limit)


class _Compiler:
    """The passes of one domain, with the conditions that the laws and the profile attach to it."""

    def __init__(
        self,
        venue: Venue,
        component: ComponentId,
        here: Asked,
        exceptions: Iterable[ExceptionPass],
        authorisations: Authorisations,
        salt: bytes,
    ) -> None:
        self.venue = venue
        self.component = component
        self.here = here
        self.zones = venue.zones_of(component)
        self.rooms = venue.components[component]
        self.exceptions = [one for one in exceptions if any(room in self.rooms for room in one.rooms)]
        self.authorisations = authorisations
        self.salt = salt
        self.lockers = any(device.kind is DeviceKind.LOCKER for device in venue.devices.values())
        self.inner = any(zone in _INNER for zone in self.zones)
        self.duty = on_duty(venue, component)
        self.ever = {room: admitted(venue, room, *DoorMode) for room in self.rooms}  # who belongs there in any mode
        self.escorts = {role: self._escort(role) for role in Role}

    def passes(self, day: Day) -> tuple[Pass, ...]:
        """One pass for each credential; of a person in two lots the one that opens first."""
        wished: dict[LotId, list[Wish]] = {}
        for wish in self.here.wishes:
            if wish.part:
                wished.setdefault(wish.lot, []).append(wish)
        states = [day[lot] for lot in wished] if wished else list(live(day)) if self.duty else []
        found = [
            entry
            for state in states
            for person in state.lot.people
            if not person.withdrawn
            for entry in (self._of_lot(state, person, wished[state.lot.id]) if wished else self._on_duty(state, person))
        ]
        found += [entry for one in self.exceptions for entry in self._exception(one, day)]
        best: dict[str, Pass] = {}
        for entry in found:
            last = best.get(entry.digest)
            if last is None or _preferred(entry) < _preferred(last):
                best[entry.digest] = entry
        return tuple(best.values())

    def _on_duty(self, state: LotState, person: Person) -> list[Pass]:
        if person.role not in self.duty:
            return []
        return self._made(person, state.lot.id, person.from_utc_ns, person.until_utc_ns)

    def _of_lot(self, state: LotState, person: Person, wished: list[Wish]) -> list[Pass]:
        if any(never_admits(zone, person.role) for zone in self.zones):
            return []
        own = [wish for wish in wished if self._belongs(state, person, wish)]
        if not any(person.role in self.ever[wish.room] for wish in own):
            return []
        # Another lot's mode, or an exception, may open the domain to this group while this lot does not.
        now = any(person.role in wish.groups for wish in own)
        return self._made(person, state.lot.id, person.from_utc_ns if now else _NOT_YET, person.until_utc_ns)

    def _belongs(self, state: LotState, person: Person, wish: Wish) -> bool:
        return wish.part is not Part.EVALUATION or seat_of(self.venue, state.lot, person) == wish.room

    def _exception(self, one: ExceptionPass, day: Day) -> list[Pass]:
        """The pass itself, and those of the people of its lot who may be its escort, for as long."""
        escorts = escorts_of(self.venue, one, self.component)
        digest = card_digest(self.salt, bytes.fromhex(one.card))
        found = [Pass(digest, one.person, one.role, one.lot, one.from_utc_ns, one.until_utc_ns, escort=escorts)]
        for person in day[one.lot].lot.people:
            if person.role in escorts and not person.withdrawn:
                from_utc_ns, until_utc_ns = max(one.from_utc_ns, person.from_utc_ns), min(one.until_utc_ns, person.until_utc_ns)
                found += self._made(person, one.lot, from_utc_ns, until_utc_ns)
        return found

    def _made(self, person: Person, lot: LotId, from_utc_ns: int, until_utc_ns: int) -> list[Pass]:
        committee = person.role in COMMITTEE
        return [
            Pass(
                digest, person.person, person.role, lot, from_utc_ns, until_utc_ns,
                window=committee and self.inner,
                authorised_utc_ns=self.authorisations.get((lot, person.person)),
                once=committee and self.inner,
                locker=committee and Zone.CORRIDOR in self.zones and self.lockers,
                escort=self.escorts[person.role],
                duress=duress,
            )
            for digest, duress in credentials(person, self.salt)
        ]  # fmt: skip

    def _escort(self, role: Role) -> tuple[Role, ...]:
        """Who must come along: where several zones of a domain ask, somebody who satisfies all, or else the first of them."""
        asks = [escorts for zone in self.zones if (escorts := self.venue.profile.escorts(zone, role))]
        if not asks:
            return ()
        return tuple(other for other in asks[0] if all(other in escorts for escorts in asks)) or asks[0]


def _preferred(entry: Pass) -> tuple[bool, int]:
    return (entry.from_utc_ns == _NOT_YET, -(entry.authorised_utc_ns or 0))


@lru_cache(maxsize=8192)
def credentials(person: Person, salt: bytes) -> tuple[tuple[str, bool], ...]:
    """How the doors know this person: the digest of each card or phone, and whether it calls for help without a sound."""
    found = []
    if person.card:
        found.append((card_digest(salt, bytes.fromhex(person.card)), False))
    if person.qr_key:
        found.append((key_digest(salt, bytes.fromhex(person.qr_key)), False))
    if person.duress_card:
        found.append((card_digest(salt, bytes.fromhex(person.duress_card)), True))
    return tuple(found)


def digests(person: Person, salt: bytes) -> list[str]:
    """The digests of all credentials of a person."""
    return [digest for digest, _ in credentials(person, salt)]


def known_passes(day: Day, salt: bytes, memo: Memo | None = None) -> tuple[Elsewhere, ...]:
    """All of the day's credentials with their groups, so that any door can give the right reason for a refusal."""
    people = tuple(state.lot.people for state in day.values() if state.phase not in OVER)
    if memo is not None and (salt, people) == memo.people:
        return memo.known
    found = {digest: person.role for roster in people for person in roster if not person.withdrawn for digest in digests(person, salt)}
    known = tuple(Elsewhere(digest, found[digest]) for digest in sorted(found))
    if memo is not None:
        memo.people, memo.known = (salt, people), known
    return known


def record_rooms(venue: Venue, day: Day) -> dict[RoomId, LotState]:
    """Rooms whose cameras record now, each for one lot.  Shared rooms record for no lot (see `wants`)."""
    found: dict[RoomId, LotState] = {}
    for state in live(day):
        for part, room in parts(venue, state):
            if part not in SHARED_PARTS and state.wish(part).record:
                found[room] = state
    return found
