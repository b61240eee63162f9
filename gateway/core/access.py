"""Who may enter each separation domain, as a function of the day: what `clearing` then brings about, step by step."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.core.day import OVER, Day, LotState, ask, live, parts
from venue_model.door_policy import Elsewhere, Pass
from venue_model.groups import Role, separated_pairs
from venue_model.ids import ComponentId, LotId, PersonKey
from venue_model.lots import Person
from venue_model.passes import card_digest, key_digest
from venue_model.profiles import DoorMode
from venue_model.scenes import Part
from venue_model.venue import DeviceKind, Venue
from venue_model.zones import Zone, never_admits

_COMMITTEE = frozenset({Role.EXP, Role.OWN_C})
_NOT_YET = 2**62  # a pass that is known here, but not for now
# Where lots share a domain, the busiest mode names it; the groups are the union.
_BUSIEST = (
    DoorMode.INTAKE, DoorMode.RELEASE, DoorMode.EVALUATION, DoorMode.CHECK_IN, DoorMode.OPENING, DoorMode.PREPARATION,
)  # fmt: skip

Authorisations = Mapping[tuple[LotId, PersonKey], int]


@dataclass(frozen=True, slots=True)
class Access:
    """What the doors of a domain should allow."""

    mode: DoorMode
    groups: tuple[Role, ...]
    seal: bool
    passes: tuple[Pass, ...]
    conflict: str = ""  # why the day's wishes cannot be met together; then the domain is CLEAR


def wanted_access(venue: Venue, day: Day, authorisations: Authorisations, salt: bytes) -> dict[ComponentId, Access]:
    """The access that the day asks of every domain.

    `authorisations`: (lot, person) → when last authorised to enter (I3).  Mutually separated wishes give CLEAR with `conflict`.
    """
    wishes: dict[ComponentId, list[tuple[LotState, DoorMode, bool]]] = {component: [] for component in venue.components}
    for state in live(day):
        for part, room in parts(venue, state):
            if room in venue.component_of:
                wish = ask(state.door_phase, part)
                wishes[venue.component_of[room]].append((state, wish.mode, wish.seal))
    return {
        component: _access(venue, component, wished, authorisations, salt) if wished else _duty(venue, day, component, salt)
        for component, wished in wishes.items()
    }


def _access(
    venue: Venue,
    component: ComponentId,
    wished: list[tuple[LotState, DoorMode, bool]],
    authorisations: Authorisations,
    salt: bytes,
) -> Access:
    zones = venue.zones_of(component)
    modes = {mode for _, mode, _ in wished} - {DoorMode.CLEAR}
    groups = tuple(sorted({group for mode in modes for zone in zones for group in venue.profile.groups(mode, zone)}))
    seal = any(sealed for _, _, sealed in wished)
    passes = tuple(
        entry
        for state, mode, _ in wished
        for person in state.lot.people
        for entry in _passes(venue, zones, state, person, mode, authorisations, salt)
    )
    clash = separated_pairs(groups, venue.profile.separated)
    if clash:
        return Access(DoorMode.CLEAR, (), seal, passes, f"{clash[0][0]} and {clash[0][1]} are wanted at once")
    mode = next((m for m in _BUSIEST if m in modes), DoorMode.CLEAR)
    return Access(mode, () if seal else groups, seal, passes)


def _duty(venue: Venue, day: Day, component: ComponentId, salt: bytes) -> Access:
    """A room that no lot holds: open to everybody of its duty groups, whatever their lot; CLEAR where the profile names none."""
    groups = tuple(sorted({group for zone in venue.zones_of(component) for group in venue.profile.groups(DoorMode.DUTY, zone)}))
    passes = tuple(
        Pass(digest, person.person, person.role, state.lot.id, person.from_utc_ns, person.until_utc_ns)
        for state in live(day)
        for person in state.lot.people
        if person.role in groups and not person.withdrawn
        for digest in digests(person, salt)
    )
    return Access(DoorMode.DUTY if groups else DoorMode.CLEAR, groups, False, passes)


def _passes(
    venue: Venue,
    zones: tuple[Zone, ...],
    state: LotState,
    person: Person,
    mode: DoorMode,
    authorisations: Authorisations,
    salt: bytes,
) -> list[Pass]:
    """The passes of one person for one domain: with the conditions that the laws attach to this zone."""
    if person.withdrawn or any(never_admits(zone, person.role) for zone in zones):
        return []
    if not any(person.role in venue.profile.groups(m, zone) for m in DoorMode for zone in zones):
        return []
    inner = any(zone in (Zone.CORRIDOR, Zone.EVALUATION) for zone in zones)
    committee = person.role in _COMMITTEE
    # In a shared domain another lot's mode may be open while this lot is not called yet.
    from_utc_ns = person.from_utc_ns if mode is not DoorMode.CLEAR or not inner else _NOT_YET
    return [
        Pass(
            digest, person.person, person.role, state.lot.id, from_utc_ns, person.until_utc_ns,
            window=committee and inner,
            authorised_utc_ns=authorisations.get((state.lot.id, person.person)),
            once=committee and inner,
            locker=committee and Zone.CORRIDOR in zones and _has_lockers(venue),
        )
        for digest in digests(person, salt)
    ]  # fmt: skip


def _has_lockers(venue: Venue) -> bool:
    return any(device.kind is DeviceKind.LOCKER for device in venue.devices.values())


def digests(person: Person, salt: bytes) -> list[str]:
    """How the doors know this person: by card, by phone, or by both."""
    found = []
    if person.card:
        found.append(card_digest(salt, bytes.fromhex(person.card)))
    if person.qr_key:
        found.append(key_digest(salt, bytes.fromhex(person.qr_key)))
    return found


def known_passes(day: Day, salt: bytes) -> tuple[Elsewhere, ...]:
    """All of the day's credentials with their groups, so that any door can give the right reason for a refusal."""
    found = {
        digest: person.role
        for state in day.values()
        if state.phase not in OVER
        for person in state.lot.people
        if not person.withdrawn
        for digest in digests(person, salt)
    }
    return tuple(Elsewhere(digest, found[digest]) for digest in sorted(found))


def record_rooms(venue: Venue, day: Day) -> dict[str, LotState]:
    """Rooms whose cameras record now, each for one lot.  Shared rooms record for no lot (see `wants`)."""
    found: dict[str, LotState] = {}
    for state in live(day):
        for part, room in parts(venue, state):
            if part is not Part.WING and ask(state.phase, part).record:
                found[room] = state
    return found
