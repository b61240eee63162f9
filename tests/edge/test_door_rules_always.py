"""What the rules of doors keep, whatever people do: never alone, never too many, never both doors, never without the escort; and out."""

from dataclasses import replace

from agent_hall import AGENT, EXPERT, SECOND_EXPERT, SUPERVISOR, Hall, admit, entry_of, site_with
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.core import door, presence
from edge.core.effects import Effect, SetLine
from edge.core.events import PulseArrived
from edge.core.journal import Record
from edge.core.ledger import How
from edge.core.state import restored
from venue_model.groups import Role
from venue_model.ids import ComponentId, DoorId, PersonKey
from venue_model.venue import AntiPassback

E1, GATE_DOOR, E1_DOOR = ComponentId("e1"), DoorId("gate"), DoorId("e1-door")
DOOR_IDS = (GATE_DOOR, E1_DOOR)
SITES = {
    "two persons": site_with(e1_door={"two_person": True}),
    "interlock": site_with(gate={"interlock": ("e1-door",)}, e1_door={"interlock": ("gate",)}),
    "passback": site_with(gate={"antipassback": AntiPassback.HARD}, e1_door={"antipassback": AntiPassback.HARD}),
    "all": site_with(
        gate={"antipassback": AntiPassback.HARD, "interlock": ("e1-door",)},
        e1_door={"antipassback": AntiPassback.AREA, "two_person": True, "interlock": ("gate",)},
    ),
}
GROUPS = (Role.EXP, Role.AGT, Role.SUP)
AGENT_PASS = entry_of(AGENT, escort=(Role.SUP,))
PASSES = (entry_of(EXPERT), entry_of(SECOND_EXPERT), AGENT_PASS, entry_of(SUPERVISOR))
CARDS = (EXPERT, SECOND_EXPERT, AGENT, SUPERVISOR)
READERS = ("e1-reader", "e1-reader", "e1-reader", "gate-reader", "e1-exit-reader")

Move = tuple[str, object, object]
MOVES = st.one_of(
    st.tuples(st.just("card"), st.sampled_from(READERS), st.sampled_from(CARDS)),
    st.tuples(st.just("card"), st.sampled_from(READERS), st.sampled_from(CARDS)),
    st.tuples(st.just("through"), st.sampled_from(DOOR_IDS), st.just(0)),
    st.tuples(st.just("contact"), st.sampled_from(DOOR_IDS), st.booleans()),
    st.tuples(st.just("exit"), st.sampled_from(DOOR_IDS), st.booleans()),
    st.tuples(st.just("later"), st.just(""), st.sampled_from([0.2, 1.0, 4.0, 6.0])),
    st.tuples(st.just("policy"), st.none() | st.integers(1, 3), st.sampled_from([0, 0, 1, -1])),
    st.tuples(st.just("pulse"), st.sampled_from(DOOR_IDS), st.integers(1, 3)),
    st.tuples(st.just("fire"), st.just(""), st.booleans()),
)


def opened(site: str) -> Hall:
    hall = Hall(restored(SITES[site], {}))
    renew(hall, None, 0)
    return hall


def renew(hall: Hall, limit: int | None, others: int) -> list[Effect]:
    """The same policies again, as they are every 20 s, with what other boards counted since."""
    return hall.policy(*(replace(admit(c, 2, GROUPS, *PASSES), limit=limit, others=others) for c in ("e1", "wing", "intake")))


def play(hall: Hall, move: Move) -> list[Effect]:
    what, where, value = move
    before = len(hall.effects)
    match what:
        case "card":
            hall.card(str(where), value)  # type: ignore[arg-type]
        case "through":
            hall.pass_through(str(where))
        case "contact":
            hall.line(f"{where}.contact", bool(value))
        case "exit":
            hall.line(f"{where}.exit", bool(value))
        case "later":
            hall.later(float(value))  # type: ignore[arg-type]
            renew_lease(hall)
        case "policy":
            renew(hall, where, int(value))  # type: ignore[arg-type, call-overload]
        case "pulse":
            hall.tell(PulseArrived(f"p{value}", DoorId(str(where)), hall.now.utc_ns, 5_000))
        case "fire":
            hall.line("fire", bool(value))
    return hall.effects[before:]


def renew_lease(hall: Hall) -> None:
    policy = hall.state.held[E1].policy
    renew(hall, policy.limit, policy.others)


def entering(hall: Hall, id: DoorId) -> list[PersonKey | None]:
    """Who is let in by a door at this moment, and could pull it."""
    return [grant.person for grant in hall.state.doors[id].ledger.entering(hall.now)]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["two persons", "all"]), st.lists(MOVES, max_size=30))
def test_nobody_can_go_alone_into_an_empty_room_of_two(site: str, moves: list[Move]) -> None:
    hall = opened(site)
    for move in moves:
        play(hall, move)
        if presence.occupancy(hall.state, E1) <= 0:
            assert len(set(entering(hall, E1_DOOR))) != 1


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["interlock", "all"]), st.lists(MOVES, max_size=30))
def test_nobody_is_let_in_while_the_partner_is_not_shut(site: str, moves: list[Move]) -> None:
    hall = opened(site)
    for move in moves:
        play(hall, move)
        for one, other in (DOOR_IDS, DOOR_IDS[::-1]):
            assert not entering(hall, one) or door.settled(hall.state.doors[other])


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(list(SITES)), st.lists(MOVES, max_size=30))
def test_grants_never_go_beyond_the_limit(site: str, moves: list[Move]) -> None:
    hall = opened(site)
    for move in moves:
        play(hall, move)
        for record in hall.state.site.doors.values():
            limit = hall.state.held[record.inside].policy.limit if record.inside in hall.state.held else None
            if limit is not None and record.inside is not None and (here := entering(hall, record.id)):
                assert presence.occupancy(hall.state, record.inside) + len(here) <= limit


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(list(SITES)), st.lists(MOVES, max_size=30))
def test_nobody_who_needs_an_escort_can_go_in_without_one(site: str, moves: list[Move]) -> None:
    hall = opened(site)
    agent, escort = AGENT_PASS.person, entry_of(SUPERVISOR).person
    for move in moves:
        play(hall, move)
        for record in hall.state.site.doors.values():
            if agent in (here := entering(hall, record.id)):
                seen = hall.state.seen.get(escort)
                assert escort in here or (seen is not None and seen.inside == record.inside)


@settings(max_examples=150, deadline=None)
@given(st.lists(MOVES, max_size=30))
def test_a_hard_door_lets_nobody_in_twice_running(moves: list[Move]) -> None:
    """By the journal alone: between two entries of a person lies another place, a way out, or a moment when the room counted nobody."""
    hall = opened("passback")
    inside: dict[object, object] = {}  # person → domain
    for move in moves:
        # A renewal may bring a moment without anybody by what other boards counted.
        effects = play(hall, move if move[0] != "policy" else ("policy", move[1], 0))
        for line in (e for e in effects if isinstance(e, Record) and e.kind == "passage" and e.body["person"] is not None):
            if line.body["direction"] == "in":
                assert inside.get(line.body["person"]) != line.body["to"]
            inside[line.body["person"]] = line.body["to"]
        empty = {str(c) for c in inside.values() if c and presence.occupancy(hall.state, ComponentId(str(c))) <= 0}
        inside = {person: component for person, component in inside.items() if component not in empty}


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(list(SITES)), st.lists(MOVES, max_size=30), st.sampled_from(DOOR_IDS))
def test_the_way_out_asks_no_rule(site: str, moves: list[Move], id: DoorId) -> None:
    """By button in every state; by badge as long as the board of the door answers.  No line about it is a refusal or a wait."""
    hall = opened(site)
    for move in moves:
        play(hall, move)
    told = hall.line(f"{id}.exit", True)
    assert [e for e in told if isinstance(e, SetLine) and e.line == f"{id}.strike"][-1] == SetLine(f"{id}.strike", True, life_safety=True)
    assert not [e for e in told if isinstance(e, Record) and e.kind in ("refusal", "await")]
    hall.line(f"{id}.exit", False)
    hall.later(1.5)
    hall.card("e1-exit-reader", EXPERT)
    assert hall.strike("e1-door")
    assert hall.answers()[-1]


def test_every_way_in_is_tried_by_these_tests() -> None:
    """The moves above do bring people in, alone, in pairs, with an escort and by pulse: otherwise they would show nothing."""
    for site in SITES:
        hall = opened(site)
        for move in [("card", "gate-reader", SUPERVISOR), ("card", "gate-reader", AGENT), ("through", GATE_DOOR, 0)]:
            play(hall, move)
        for move in [("card", "e1-reader", AGENT), ("card", "e1-reader", SUPERVISOR), ("through", E1_DOOR, 0), ("pulse", E1_DOOR, 1)]:
            play(hall, move)
        assert hall.net("e1-door", "e1") == 2
        assert {grant.how for grant in hall.state.doors[E1_DOOR].ledger.pending} == {How.PULSE}
