"""Exception passes (X of domain brief 1.3): one person, for a reason, for a while, never alone, and never past the law.

Where they are stored and who approves them is the shell's; here is what one is, when it may be made, and what it adds to a day.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gateway.core.apart import Asked, Inside, Wish, asked, wishes
from gateway.core.parts import Day, live
from venue_model.groups import ROLE_NAMES, Role, pair
from venue_model.ids import ComponentId, LotId, PersonKey, RoomId
from venue_model.moments import S
from venue_model.profiles import DoorMode
from venue_model.scenes import RoomAsk
from venue_model.venue import Name, Venue
from venue_model.zones import never_admits

LONGEST_S = 4 * 3600  # [D] half a day: what lasts longer is no exception
_ASK = RoomAsk(DoorMode.DUTY)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something is refused: nothing has changed."""

    code: str
    why: Name


@dataclass(frozen=True, slots=True)
class ExceptionPass:
    """Somebody who may enter rooms that the profile keeps from this role, beside an escort."""

    id: str
    person: PersonKey
    role: Role
    card: str  # hex
    rooms: tuple[RoomId, ...]
    lot: LotId  # in whose evidence it stands
    reason: str
    approver: str
    escort: tuple[Role, ...]  # one of them presents a pass at the same door
    from_utc_ns: int
    until_utc_ns: int


def check_exception(venue: Venue, day: Day, wanted: ExceptionPass, inside: Inside | None = None) -> Refusal | None:
    """Why this exception may not be made now, or None.  It is asked again with every change of the day: see `admitted_now`."""
    if wanted.lot not in {state.lot.id for state in live(day)}:
        return Refusal("unknown-lot", Name(f"今天没有标段 {wanted.lot}", f"there is no lot {wanted.lot} today"))
    if not wanted.reason.strip() or not wanted.approver.strip():
        return Refusal("reason", Name("请填写事由和批准人", "give a reason and who approved it"))
    if not 0 < wanted.until_utc_ns - wanted.from_utc_ns <= LONGEST_S * S:
        hours = LONGEST_S // 3600
        return Refusal("time", Name(f"有效期应在 {hours} 小时以内", f"it must end after it begins, within {hours} h"))
    if not wanted.card:
        return Refusal("card", Name("请登记证卡", "give the card that it is for"))
    if not wanted.rooms:
        return Refusal("rooms", Name("请选择房间", "name the rooms"))
    for room in wanted.rooms:
        if (refusal := _check_room(venue, wanted, room)) is not None:
            return refusal
    wished = wishes(venue, day)
    before = asked(venue, wished, inside or {})
    return _check_day(venue, wished, before, wanted, inside or {})


def _check_room(venue: Venue, wanted: ExceptionPass, room: RoomId) -> Refusal | None:
    if room not in venue.component_of:
        return Refusal("unknown-room", Name(f"没有受控房间 {room}", f"{room} is no guarded room of this venue"))
    zh, en = ROLE_NAMES[wanted.role]
    zones = venue.zones_of(venue.component_of[room])
    if any(never_admits(zone, wanted.role) for zone in zones):
        return Refusal("I1", Name(f"{zh}在任何情况下不得进入该区域", f"no {en} ever enters this zone"))
    if not escorts_of(venue, wanted, venue.component_of[room]):
        return Refusal("escort", Name(f"{zh}须由可同行的人员陪同", f"name an escort who may be there and may meet a {en}"))
    return None


def escorts_of(venue: Venue, wanted: ExceptionPass, component: ComponentId) -> tuple[Role, ...]:
    """The escorts of an exception who may be in a domain alone, and may meet whom they walk in."""
    zones = venue.zones_of(component)
    return tuple(
        role
        for role in wanted.escort
        if role is not wanted.role
        and pair(role, wanted.role) not in venue.profile.separated
        and not any(never_admits(zone, role) or venue.profile.escorts(zone, role) for zone in zones)
    )


def _check_day(
    venue: Venue,
    wished: Mapping[ComponentId, tuple[Wish, ...]],
    before: Mapping[ComponentId, Asked],
    wanted: ExceptionPass,
    inside: Inside,
) -> Refusal | None:
    components = {venue.component_of[room] for room in wanted.rooms}
    for component in sorted(components):
        if before[component].seal:
            names = [venue.rooms[room].name for room in venue.components[component]]
            zh, en = "、".join(n.zh for n in names), ", ".join(n.en for n in names)
            return Refusal("I8", Name(f"{zh} 已封闭,任何人不得进入", f"{en} is sealed: nobody enters"))
    after = asked(venue, with_exception(venue, wished, wanted), inside)
    for component, there in sorted(after.items()):
        if there.clash is not None and (component in components or before[component].clash is None):
            one, other = ROLE_NAMES[there.clash.one], ROLE_NAMES[there.clash.other]
            return Refusal("apart", Name(f"{one[0]}将与{other[0]}相遇", f"{one[1]} and {other[1]} would meet"))
    return None


def with_exception(
    venue: Venue, wished: Mapping[ComponentId, tuple[Wish, ...]], one: ExceptionPass
) -> dict[ComponentId, tuple[Wish, ...]]:
    """The day's wishes with this exception's: it and its escorts come in."""
    found = dict(wished)
    for room in one.rooms:
        component = venue.component_of[room]
        groups = tuple(sorted({one.role, *escorts_of(venue, one, component)}))
        found[component] = (*found[component], Wish(one.lot, None, room, _ASK, groups, ()))
    return found


def admitted_now(venue: Venue, day: Day, exceptions: Iterable[ExceptionPass], inside: Inside) -> tuple[ExceptionPass, ...]:
    """Those of the exceptions that still hold, one after the other: the day goes on, and a room that they opened may be sealed by now.

    One that holds no longer is left out, and no lot loses anything by it.
    """
    wished = wishes(venue, day)
    today = {state.lot.id for state in live(day)}
    found = []
    for one in exceptions:
        before = asked(venue, wished, inside)
        known = all(_check_room(venue, one, room) is None for room in one.rooms)
        if known and one.lot in today and _check_day(venue, wished, before, one, inside) is None:
            wished = with_exception(venue, wished, one)
            found.append(one)
    return tuple(found)
