"""Whatever several lots do at once, nobody meets whom they must not meet: not in a room, not in a shared passage, not on the way out."""

from dataclasses import replace

import pytest
from day_case import OPENING_NS, SALT, at, county, day, person
from hypothesis import given, settings
from hypothesis import strategies as st
from passage_case import passage_house, under

from gateway.core.access import Access, wanted_access
from gateway.core.apart import BUSIEST, wishes
from gateway.core.day import Day, LotState, Refusal, may_press
from gateway.core.plan import plan_scene
from venue_model.groups import Pair, Role, pair, separated_pairs
from venue_model.ids import ComponentId, LotId, RoomId, RunId
from venue_model.lots import Phase
from venue_model.profiles import CLOSED_MODES, DoorMode
from venue_model.scenes import SCENES, Scene, SceneId
from venue_model.tools.files import shipped_profiles
from venue_model.venue import Venue
from venue_model.zones import Zone, never_admits

PROFILES = sorted(shipped_profiles())
HOUSE = passage_house()
LINK = ComponentId("link")
L1, L2 = LotId("L1"), LotId("L2")
EXPERTS = tuple(replace(person(f"exp-{n}", Role.EXP), seat=RoomId(f"e{n}")) for n in (1, 2, 3))
HERE = (person("bid-1", Role.BID), person("agt-1", Role.AGT), person("sup-1", Role.SUP), person("stf-1", Role.STF), *EXPERTS)


def press(venue: Venue, states: Day, lot: LotId, scene: str) -> Day:
    """Press a scene, and let the doors follow."""
    found = may_press(venue, states, lot, scene)
    assert isinstance(found, Scene), found
    after = plan_scene(venue, states, lot, found, RunId("r"), OPENING_NS).after
    return {**after, lot: replace(after[lot], door_phase=after[lot].phase)}


def second(phase: Phase, **of_lot: object) -> LotState:
    """Another lot, in the rooms beside the first one's."""
    return at(phase, "L2", opening_room="o2", evaluation_room="e2", **of_lot)


def refused(venue: Venue, states: Day, scene: str, lot: LotId = L1, inside: dict[ComponentId, tuple[Role, ...]] | None = None) -> str:
    found = may_press(venue, states, lot, scene, inside)
    assert isinstance(found, Refusal), f"{scene} went through"
    return f"{found.code}: {found.why.en}"


def test_every_mode_that_admits_somebody_has_its_place_where_lots_share_a_domain() -> None:
    assert set(BUSIEST) == set(DoorMode) - CLOSED_MODES


# one passage for all


def test_experts_are_not_called_while_bidders_of_another_lot_may_be_in_the_passage() -> None:
    for phase in (Phase.CHECK_IN, Phase.OPENING, Phase.OPENING_END, Phase.SECOND_ROUND):
        why = refused(HOUSE, day(at(Phase.OPENING_END, inquiry=()), second(phase)), "intake")
        assert why.startswith("apart: ") and "L2" in why and "expert" in why, why


def test_bidders_are_not_called_while_experts_of_another_lot_may_be_in_the_passage() -> None:
    for phase in (Phase.INTAKE, Phase.REPORT_SIGNED):
        why = refused(HOUSE, day(at(Phase.PREPARATION), second(phase)), "check_in")
        assert why.startswith("apart: ") and "L2" in why, why


def test_while_a_committee_is_sealed_in_the_passage_belongs_to_bidders() -> None:
    states = press(HOUSE, day(at(Phase.PREPARATION), second(Phase.EVALUATION)), L1, "check_in")
    assert Role.BID in wanted_access(HOUSE, states, {}, SALT)[LINK].groups
    why = refused(HOUSE, states, "report_signed", L2)
    assert why.startswith("apart: ") and "L1" in why, "the committee stays until the bidders have gone"


def test_a_bidder_who_is_counted_in_the_opening_room_holds_the_experts_back() -> None:
    """The room's exit leads into the passage, and nothing may hold him in: so nobody may meet him there."""
    states = day(at(Phase.OPENING_END))
    assert may_press(HOUSE, states, L1, "intake") == SCENES[SceneId.INTAKE]
    inside = {ComponentId("o1"): (Role.AGT, Role.BID)}
    assert refused(HOUSE, states, "intake", inside=inside).startswith("apart: room: expert and bidder would meet")
    after = press(HOUSE, states, L1, "intake")
    shut = wanted_access(HOUSE, after, {}, SALT, inside=inside)[LINK]
    assert (shut.mode, shut.groups) == (DoorMode.CLEAR, ()) and "EXP and BID" in shut.conflict
    assert Role.EXP in wanted_access(HOUSE, after, {}, SALT)[LINK].groups


def test_a_house_with_two_passages_has_each_for_its_own() -> None:
    text_free = county()
    assert text_free.passages_to[RoomId("o1")] == ()
    assert HOUSE.passages_to[RoomId("o1")] == HOUSE.passages_to[RoomId("intake")] == (LINK,)
    assert HOUSE.passages_to[RoomId("e1")] == (), "the corridor leads there"


# one domain for two lots


def _apart(one: Role, other: Role) -> frozenset[Pair]:
    return shipped_profiles()["agent-out"].separated | {pair(one, other)}


def joined() -> Venue:
    """Two evaluation rooms that see each other: one domain."""
    return replace(county(), sight=((RoomId("e1"), RoomId("e2")),))


def test_a_seal_does_not_close_a_room_under_the_feet_of_another_lot() -> None:
    states = day(at(Phase.INTAKE), second(Phase.INTAKE))
    assert refused(joined(), states, "evaluation").startswith("shared: evaluation room 201, evaluation room 202 is shared with lot L2")
    assert isinstance(may_press(county(), states, L1, "evaluation"), Scene), "with a wall between them nobody is in the way"


def test_nobody_is_called_into_a_domain_that_another_lot_has_sealed() -> None:
    assert refused(joined(), day(at(Phase.OPENING_END), second(Phase.EVALUATION)), "intake").startswith("shared: ")


def test_a_press_that_mends_a_conflict_is_never_refused_for_it() -> None:
    venue = under(joined(), "agent-out")
    mixed = replace(venue, profile=replace(venue.profile, separated=_apart(Role.EXP, Role.STF)))
    states = day(at(Phase.INTAKE), second(Phase.REPORT_SIGNED))
    assert wanted_access(mixed, states, {}, SALT)[ComponentId("e1")].conflict
    for lot, scene in ((L1, "suspend"), (L2, "close")):
        assert isinstance(may_press(mixed, states, lot, scene), Scene)


def test_who_was_let_in_before_keeps_others_out_until_the_room_is_the_next_lots() -> None:
    """One hall, two openings, and a practice in which staff never meet bidders: they set up once the bidders of the other have gone."""
    hall = replace(county(), sight=((RoomId("o1"), RoomId("o2")),))
    strict = replace(hall, profile=replace(hall.profile, separated=_apart(Role.BID, Role.STF)))
    states = day(at(Phase.OPENING_END), second(Phase.PREPARATION))
    shut = wanted_access(strict, states, {}, SALT)[ComponentId("o1")]
    assert (shut.mode, shut.conflict) == (DoorMode.CLEAR, "STF and BID are wanted at once")
    assert refused(strict, day(at(Phase.OPENING_END), second(Phase.BOOKED)), "opening_preparation", L2).startswith("apart: ")


# whatever they do

VENUES = {"county": county(), "passage": HOUSE, "joined": joined()}
venues = st.sampled_from(sorted(VENUES))
profiles = st.sampled_from(PROFILES)


@st.composite
def lots(draw: st.DrawFn) -> LotState:
    phase, n = draw(st.sampled_from(Phase)), draw(st.integers(1, 3))
    was = draw(st.sampled_from(SCENES[SceneId.SUSPEND].allowed_from))
    rooms = draw(st.sampled_from([("o1", "e1"), ("o2", "e2"), ("o1", "e2"), (None, "e1"), ("o2", None)]))
    state = at(phase, f"L{n}", opening_room=rooms[0], evaluation_room=rooms[1], people=HERE, inquiry=())
    return replace(state, suspended_from=was, door_phase=draw(st.sampled_from([phase, Phase.OPENING, Phase.INTAKE])))


def check(venue: Venue, found: dict[ComponentId, Access]) -> None:
    separated = venue.profile.separated
    assert found.keys() == venue.components.keys()
    for component, wish in found.items():
        zones = venue.zones_of(component)
        assert separated_pairs(wish.groups, separated) == []
        assert not {Role.BID, Role.EXP} <= set(wish.groups)
        assert not [g for g in wish.groups for zone in zones if never_admits(zone, g)]
        assert not (wish.seal and wish.groups)
        assert not (wish.groups and wish.mode in CLOSED_MODES)
        assert not [p for p in wish.passes for zone in zones if never_admits(zone, p.group)]
        assert not [p for p in wish.passes for role in p.escort if separated_pairs((role, p.group), separated)]
        for beyond in venue.ways_out[component]:
            if not wish.seal:
                assert separated_pairs((*wish.groups, *found[beyond].groups), separated) == [], "they would meet on the way out"


@settings(deadline=None)
@given(venues, profiles, st.lists(lots(), min_size=2, max_size=3))
def test_no_domain_ever_asks_for_people_who_must_not_meet_in_any_practice(venue: str, profile: str, states: list[LotState]) -> None:
    house = under(VENUES[venue], profile)
    if Zone.PASSAGE not in {room.zone for room in house.rooms.values()}:
        states = [replace(state, lot=replace(state.lot, people=tuple(replace(p, seat=None) for p in HERE))) for state in states]
    check(house, wanted_access(house, day(*states), {}, SALT))


@settings(deadline=None, max_examples=40)
@given(venues, profiles, st.lists(st.tuples(st.integers(1, 3), st.sampled_from(SceneId)), max_size=45))
def test_no_press_that_is_allowed_ever_closes_a_domain_by_a_conflict(
    venue: str, profile: str, presses: list[tuple[int, SceneId]]
) -> None:
    house = under(VENUES[venue], profile)
    rooms = {1: ("o1", "e1"), 2: ("o2", "e2"), 3: ("o1", "e2")}
    states: Day = day(*(at(Phase.BOOKED, f"L{n}", opening_room=o, evaluation_room=e, bidders=3) for n, (o, e) in rooms.items()))
    for n, scene in presses:
        lot = LotId(f"L{n}")
        if isinstance(may_press(house, states, lot, scene), Refusal):
            continue
        wished, before, states = wishes(house, states), wanted_access(house, states, {}, SALT), press(house, states, lot, scene)
        after = wanted_access(house, states, {}, SALT)
        check(house, after)
        assert not [found.conflict for found in after.values() if found.conflict]
        for component, was in before.items():
            theirs = {role for wish in wished[component] if wish.lot != lot for role in wish.groups}
            assert theirs & set(was.groups) <= set(after[component].groups), "nobody loses a room to another lot's press"


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("venue", [county(), HOUSE], ids=["county", "passage"])
def test_a_lot_alone_in_the_house_is_never_in_its_own_way(venue: Venue, profile: str) -> None:
    house = under(venue, profile)
    states: Day = day(at(Phase.BOOKED, evaluation_room="e1"))
    for scene in (
        "opening_preparation", "check_in", "suspend", "check_in", "opening", "suspend", "opening", "opening_end", "intake", "suspend",
        "intake", "evaluation", "inquiry", "evaluation", "second_round", "suspend", "second_round", "evaluation", "overnight",
        "evaluation", "suspend", "evaluation", "report_signed", "close",
    ):  # fmt: skip
        states = press(house, states, L1, scene)
        assert not [found.conflict for found in wanted_access(house, states, {}, SALT).values() if found.conflict], scene
    assert states[L1].phase is Phase.CLOSED
