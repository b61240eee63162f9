"""Which scenes staff may press, and why not: everything that would bring separated people together is refused before it changes anything.

The lots and their rooms are `parts`, what they ask together is `apart`; both are given on from here.
"""

import datetime
from collections.abc import Mapping
from dataclasses import replace

from gateway.core.apart import Asked, Inside, asked, wishes
from gateway.core.exception_pass import Refusal
from gateway.core.parts import COMMITTEE, OVER, Day, LotState, ask, evaluation_rooms, held_rooms, live, parts
from venue_model.groups import ROLE_NAMES
from venue_model.ids import ComponentId, LotId, RoomId
from venue_model.lots import MIN_BIDDERS, Phase
from venue_model.moments import S
from venue_model.profiles import DoorMode
from venue_model.scenes import PHASE_ASKS, SCENES, SHARED_PARTS, Part, RoomAsk, Scene, SceneId, scenes_from
from venue_model.venue import Name, Venue
from venue_model.zones import ZONE_NAMES, Serves, Zone

__all__ = (
    "COMMITTEE", "LOCAL", "OVER", "Day", "LotState", "Refusal", "ask", "curfew_due", "inquiry_rooms", "live", "may_press", "moved", "parts",
    "pressable", "seals_after", "warning",
)  # fmt: skip

LOCAL = datetime.timezone(datetime.timedelta(hours=8))  # China has one zone; venues show and keep wall time
_DAY_NS = 86_400 * S


def pressable(state: LotState) -> tuple[Scene, ...]:
    """The scenes that a lot of this kind offers in its phase.  Whether the rest of the day allows one, `may_press` says."""
    here = state.lot.opening_room is not None
    return tuple(
        scene
        for scene in scenes_from(state.phase, state.suspended_from)
        if _opens(scene) == here or (state.phase is not Phase.BOOKED and not _opens(scene))
    )


def _opens(scene: Scene) -> bool:
    """True for scenes that let people into an opening room."""
    return PHASE_ASKS[scene.leads_to].opening.mode is not DoorMode.CLEAR


def moved(venue: Venue, day: Day, state: LotState, scene: Scene, utc_ns: int) -> LotState:
    """The lot once a scene is pressed that `may_press` allows; its doors follow later."""
    return replace(
        state,
        phase=scene.leads_to,
        phase_utc_ns=utc_ns,
        suspended_from=state.phase if scene.leads_to is Phase.SUSPENDED else state.suspended_from,
        inquiry=_inquiry(venue, day, state, scene),
    )


def may_press(venue: Venue, day: Day, lot: LotId, scene_id: str, inside: Inside | None = None) -> Scene | Refusal:
    """The scene, when staff may press it for this lot now.  `inside`: groups that the doors still count in a domain.

    Only what can never be right is refused here.  Too few bidders is a warning (`warning`), because the system never declares a
    failed tender by itself (domain brief 2.3); opening with fewer than 3 is refused, because the law forbids it.
    """
    state = day.get(lot)
    if state is None:
        return Refusal("unknown-lot", Name(f"没有标段 {lot}", f"there is no lot {lot}"))
    scene = SCENES.get(SceneId(scene_id)) if scene_id in set(SceneId) else None
    if scene is None:
        return Refusal("unknown-scene", Name(f"没有场景 {scene_id}", f"there is no scene {scene_id}; scenes: {', '.join(SceneId)}"))
    if scene not in pressable(state):
        return Refusal(
            "wrong-phase",
            Name(f"当前阶段 {state.phase} 不能切换到“{scene.zh}”", f"{scene.en} cannot follow phase {state.phase}"),
        )
    if scene.id is SceneId.OPENING and state.lot.bidders is not None and state.lot.bidders < MIN_BIDDERS:
        return Refusal(
            "too-few-bidders",
            Name(f"投标人少于{MIN_BIDDERS}个,不得开标", f"fewer than {MIN_BIDDERS} bidders: must not open (Regulation art. 44)"),
        )
    return _taken(venue, day, state, scene) or _meeting(venue, day, state, scene, inside or {}) or scene


def _taken(venue: Venue, day: Day, state: LotState, scene: Scene) -> Refusal | None:
    """Why the lot cannot have the rooms that the scene asks for: a room is one lot's at a time, a seat's as well."""
    others = {room: other.lot.id for other in live(day) if other.lot.id != state.lot.id for room in held_rooms(venue, other)}
    after = moved(venue, day, state, scene, 0)
    if scene.leads_to is Phase.INQUIRY:
        for serves in _sides(venue, state):
            if not any(venue.rooms[room].serves is serves for room in after.inquiry):
                return _no_inquiry_room(venue, serves)
    for part, room in parts(venue, after):
        if part not in SHARED_PARTS and after.wish(part).in_use and room in others:
            name = venue.rooms[room].name
            return Refusal("room-taken", Name(f"{name.zh} 正由标段 {others[room]} 使用", f"{name.en} is in use by lot {others[room]}"))
    return None


def _no_inquiry_room(venue: Venue, serves: Serves) -> Refusal:
    zh, en = ZONE_NAMES[Zone.INQUIRY]
    if any(room.serves is serves for room in venue.rooms_of(Zone.INQUIRY)):
        return Refusal("room-taken", Name(f"{zh}均在使用中", f"every {en} of the side {serves} is in use"))
    return Refusal("no-room", Name(f"本场地没有该侧{zh}", f"this venue has no {en} of the side {serves}"))


def _sides(venue: Venue, state: LotState) -> tuple[Serves, ...]:
    """The sides of an inquiry that are in this venue: of a remote evaluation it may be one."""
    committee = (Serves.COMMITTEE,) if evaluation_rooms(venue, state.lot) else ()
    return committee if state.lot.opening_room is None else (*committee, Serves.PARTIES)


def _inquiry(venue: Venue, day: Day, state: LotState, scene: Scene) -> tuple[RoomId, ...]:
    """The inquiry rooms of the lot after a scene: they are given when an inquiry begins."""
    begins = scene.leads_to is Phase.INQUIRY and state.phase is not Phase.SUSPENDED
    return inquiry_rooms(venue, day, state) if begins else state.inquiry


def inquiry_rooms(venue: Venue, day: Day, state: LotState) -> tuple[RoomId, ...]:
    """The first free inquiry rooms for the lot, one for each side that is here; a side for which none is free is left out.

    Rooms of the two sides are pairs in the order of the file, as their intercoms are wired.  A pair beside the committee's own
    corridor goes first: nobody crosses the house in the middle of an evaluation.
    """
    taken = {room for other in live(day) if other.lot.id != state.lot.id for room in held_rooms(venue, other)}
    by_side = {s: [room.id for room in venue.rooms_of(Zone.INQUIRY) if room.serves is s] for s in _sides(venue, state)}
    near = {door.outside for room in evaluation_rooms(venue, state.lot) for door in venue.doors.values() if door.inside == room}

    def far(pair: tuple[RoomId, ...]) -> bool:
        return not any(door.inside in pair and door.outside in near for door in venue.doors.values())

    pairs = sorted(zip(*by_side.values(), strict=False), key=far) if by_side else []
    for pair in pairs:
        if not taken & set(pair):
            return pair
    return ()


def _meeting(venue: Venue, day: Day, state: LotState, scene: Scene, inside: Inside) -> Refusal | None:
    """Why the scene would bring separated people together in a domain that others use, or shut it under their feet."""
    lot = state.lot.id
    after_state = moved(venue, day, state, scene, 0)
    releases = PHASE_ASKS[scene.leads_to].evaluation.mode is DoorMode.RELEASE
    before = _asked(venue, day, inside)
    after = _asked(venue, {**day, lot: after_state}, inside)
    for component, there in after.items():
        was = before[component]
        if (refusal := _shut_out(venue, component, lot, was, there)) is not None:
            return refusal
        clash = there.clash
        if clash is None or (releases and clash.lots == clash.others == (lot,)):
            continue  # the lot's own staff come once its committee has gone: until then the doors stay CLEAR
        if was.clash is None or _groups_of(lot, there) - _groups_of(lot, was):
            rooms = _rooms(venue, clash.where)
            one, other = ROLE_NAMES[clash.one], ROLE_NAMES[clash.other]
            theirs = [name for name in (*clash.others, *clash.lots) if name != lot]
            zh, en = (f"标段 {theirs[0]} 的", f" of lot {theirs[0]}") if theirs else ("", "")
            return Refusal(
                "apart",
                Name(
                    f"{rooms.zh}:{one[0]}会与{zh}{other[0]}相遇,请待其离开后再切换",
                    f"{rooms.en}: {one[1]} and {other[1]}{en} would meet; wait until they have left",
                ),
            )
    return None


def _asked(venue: Venue, day: Day, inside: Inside) -> Mapping[ComponentId, Asked]:
    """What the day asks once all its doors have followed."""
    settled = {lot: replace(state, door_phase=state.phase) for lot, state in day.items()}
    return asked(venue, wishes(venue, settled), inside)


def _shut_out(venue: Venue, component: ComponentId, lot: LotId, was: Asked, there: Asked) -> Refusal | None:
    """A seal on a domain that several lots share keeps out those who must still come in."""
    ours = [wish for wish in there.wishes if wish.lot == lot]
    theirs = [wish for wish in there.wishes if wish.lot != lot]
    for sealing, coming in ((ours, theirs), (theirs, ours)):
        shut = [wish for wish in coming if wish.groups and not wish.ask.seal]
        if shut and any(wish.ask.seal for wish in sealing) and not (was.seal and {*shut} <= {*was.wishes}):
            other = (theirs if sealing is ours else sealing)[0].lot
            rooms = _rooms(venue, component)
            return Refusal(
                "shared",
                Name(
                    f"{rooms.zh} 与标段 {other} 共用,封闭会拦住进场人员",
                    f"{rooms.en} is shared with lot {other}: a seal would keep people out",
                ),
            )
    return None


def _groups_of(lot: LotId, there: Asked) -> set[str]:
    return {role for wish in there.wishes if wish.lot == lot for role in wish.groups}


def _rooms(venue: Venue, component: ComponentId) -> Name:
    names = [venue.rooms[room].name for room in venue.components[component]]
    return Name("、".join(name.zh for name in names), ", ".join(name.en for name in names))


def seals_after(venue: Venue, day: Day, state: LotState, scene: Scene) -> dict[ComponentId, bool]:
    """The domains of the lot's own rooms that a scene leaves sealed, or not.  Two people lift every seal that stands and goes."""
    reached = replace(moved(venue, day, state, scene, 0), door_phase=scene.leads_to)
    after = wishes(venue, {**day, state.lot.id: reached})
    rooms = held_rooms(venue, state) | held_rooms(venue, reached)
    components = sorted({venue.component_of[room] for room in rooms if room in venue.component_of})
    return {component: any(wish.ask.seal for wish in after[component]) for component in components}


def warning(state: LotState) -> Name | None:
    """What staff should know before they press."""
    few = state.lot.bidders is not None and state.lot.bidders < MIN_BIDDERS
    if few and state.phase in (Phase.BOOKED, Phase.PREPARATION, Phase.CHECK_IN):
        return Name(f"投标人 {state.lot.bidders} 个,少于{MIN_BIDDERS}个", f"{state.lot.bidders} bidders, fewer than {MIN_BIDDERS}")
    return None


def curfew_due(venue: Venue, day: Day, utc_ns: int) -> tuple[LotId, ...]:
    """The lots that should be held over night: evaluated still, and the venue's curfew has passed since they came to their phase (I12).

    Somebody who goes on after the curfew has decided so: the notice comes again at the next one.
    """
    if not venue.curfew:
        return ()
    hour, minute = (int(part) for part in venue.curfew.split(":"))
    now = datetime.datetime.fromtimestamp(utc_ns // S, LOCAL)
    last = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    last_ns = int(last.timestamp()) * S - (0 if last <= now else _DAY_NS)
    return tuple(
        state.lot.id
        for state in live(day)
        if state.phase_utc_ns < last_ns and _goes_on(state.wish(Part.EVALUATION)) and evaluation_rooms(venue, state.lot)
    )


def _goes_on(wish: RoomAsk) -> bool:
    return wish.in_use and not wish.cut and wish.mode is not DoorMode.RELEASE
