"""Findings on ground that bidders walk on (I6): who must cross it on the way out, and which rooms open onto it."""

from collections.abc import Iterator

from simulation.prover.findings import Finding, Rule, Story, door_place, room_place
from simulation.prover.ground import Way, secluded
from simulation.prover.routes import way_out
from simulation.prover.survey import Survey
from simulation.prover.tell import tell_walk
from venue_model.groups import ROLE_NAMES, Role, pair
from venue_model.ids import DoorId, RoomId
from venue_model.venue import Lock, Name
from venue_model.zones import NEVER_IN, Zone

# Where bidders are meant to be: offices are open as well, but bidders have no business there.
BIDDERS_GROUND = frozenset({Zone.PUBLIC, Zone.WAITING})


def forbidden_ground(survey: Survey) -> dict[Role, frozenset[RoomId]]:
    """For those who have ways of their own: the indoor open ground where somebody may walk whom they must never meet."""
    return {role: _forbidden(survey, role) for role in secluded(survey.small)}


def _forbidden(survey: Survey, role: Role) -> frozenset[RoomId]:
    apart = [other for other in Role if pair(role, other) in survey.small.profile.separated]
    return frozenset(room for room in survey.ground.open_indoors if any(room in survey.apart.whereabouts[other] for other in apart))


def walked_story(survey: Survey, role: Role, ways: list[Way]) -> Story:
    """A walk, step by step."""
    return tuple(tell_walk(survey.small, role, way) for way in ways)


def check_crossings(survey: Survey) -> Iterator[Finding]:
    """Ways out that cross, and rooms that bidders stand before."""
    yield from _crossing_out(survey, forbidden_ground(survey))
    yield from _opening_on_bidders(survey)


def _crossing_out(survey: Survey, forbidden: dict[Role, frozenset[RoomId]]) -> Iterator[Finding]:
    """Ways out for those who must not meet bidders: a problem where the only one crosses their ground, a note where an exit leads there."""
    only: dict[DoorId, tuple[list[RoomId], Role, Story]] = {}
    for role, avoid in forbidden.items():
        for room in _belongs(survey, role):
            if way_out(survey.ground, room, avoid) is not None:
                continue
            ways = way_out(survey.ground, room)
            crossing = next((way for way in ways or () if way.end in avoid), None)
            if crossing is not None:
                rooms, _, _ = only.setdefault(crossing.door.id, ([], role, walked_story(survey, role, ways or [])))
                rooms += [room] if room not in rooms else []
    for id in survey.one_of_each(only):
        rooms, role, story = only[id]
        names, also = survey.rooms_text(rooms), survey.also(id)
        yield Finding(
            Rule.ROUTE,
            door_place(id),
            Name(
                f"{ROLE_NAMES[role][0]} 离开 {names.zh} 只能走进投标人走动的区域{also.zh}",
                f"{ROLE_NAMES[role][1]}: whoever leaves {names.en} can only come out where bidders walk{also.en}",
            ),
            Name("设一个通向室外的专家出口", "add an experts' exit that leads outdoors"),
            story,
        )
    also_out: dict[DoorId, tuple[Role, Way]] = {}
    for way in survey.ground.ways:
        roles = [role for role, avoid in forbidden.items() if way.end in avoid and way.start in _belongs(survey, role)]
        if roles and way.free and way.door.id not in only:
            also_out[way.door.id] = (roles[0], way)
    for id in survey.one_of_each(also_out):
        role, way = also_out[id]
        start, end, also = survey.small.rooms[way.start].name, survey.small.rooms[way.end].name, survey.also(id)
        yield Finding(
            Rule.ROUTE,
            door_place(id),
            Name(
                f"{ROLE_NAMES[role][0]} 也能由此从 {start.zh} 走到投标人所在的 {end.zh}{also.zh}",
                f"{ROLE_NAMES[role][1]}: can also leave {start.en} by it, into {end.en}, where bidders walk{also.en}",
            ),
            Name("仅作应急出口,门开时报警并由工作人员看守", "keep it for emergencies: staff answer its alarm"),
            note=True,
        )


def _belongs(survey: Survey, role: Role) -> list[RoomId]:
    """The rooms that the profile lets a group into, whatever else it may stray into."""
    return [room for component, groups in survey.days.admitted.items() if role in groups for room in survey.small.components[component]]


def _opening_on_bidders(survey: Survey) -> Iterator[Finding]:
    """Rooms that no bidder may ever enter, all of whose entrances lie in the bidders' own hall."""
    venue, told_by_routes = survey.venue, _secluded_zones(survey)
    for room in venue.rooms.values():
        doors = [door for door in venue.doors.values() if door.inside == room.id and door.lock is not Lock.NONE]
        fronts = [venue.rooms[door.outside] for door in doors]
        if Role.BID not in NEVER_IN.get(room.zone, ()) or not fronts:
            continue
        exposed = all(front.zone in BIDDERS_GROUND and front.id in survey.whole_ground.open_indoors for front in fronts)
        if room.zone in told_by_routes or not exposed:
            continue
        names = survey.venue.rooms[fronts[0].id].name
        yield Finding(
            Rule.ROUTE,
            room_place(room.id),
            Name(f"{room.name.zh} 只开向投标人所在的 {names.zh}", f"{room.name.en} opens only onto {names.en}, where bidders walk"),
            Name("让它经办公区或另一条路进入", "let it be entered by the offices, or another way"),
            (
                Name(
                    f"投标人站在 {doors[0].name.zh} 前,门开时看得见里面",
                    f"a bidder before {doors[0].name.en} sees inside whenever it opens",
                ),
            ),
        )


def _secluded_zones(survey: Survey) -> frozenset[Zone]:
    """Zones where those sit who have ways of their own: a crossing there is told by its route."""
    return frozenset(survey.small.rooms[room].zone for role in secluded(survey.small) for room in _belongs(survey, role))
