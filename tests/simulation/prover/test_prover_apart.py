"""Law Apart over the floor plan: what is told has happened in a concrete venue, and where the proof holds nobody meets by walking."""

import random
from dataclasses import replace

import pytest
from mistakes import COUNTY, MISTAKES, Mistake, door, edit, reader, room

from gateway.core.day import OVER
from simulation.prover.apart import opens_beside
from simulation.prover.days import LOT_A, LOT_B, Booking, booked, choices, pressed
from simulation.prover.ground import By, Ground
from simulation.prover.prove import prove
from simulation.prover.survey import Survey
from simulation.prover.tell import tell_meeting
from simulation.prover.world import World, settled, walked
from venue_model.groups import ALWAYS_SEPARATED, Role, separated_pairs
from venue_model.ids import RoomId
from venue_model.load import load_venue
from venue_model.tools.files import shipped_profiles
from venue_model.venue import Venue
from venue_model.zones import Zone

WALKERS = (Role.BID, Role.EXP, Role.STF)


def venue_of(text: str, profile: str = "classic") -> Venue:
    named = text.replace('profile = "classic"', f'profile = "{profile}"')
    return load_venue(named, "venue.toml", shipped_profiles().get, check_ways_out=False)


def lobby(back_through_intake: bool) -> Venue:
    """Opening room 101 and the experts' intake are entered from one guarded lobby (Z12), and left by exits of their own.

    With `back_through_intake` the intake also lets people out into the lobby.
    """
    one_way = ('lock = "fail_safe"', 'lock = "fail_safe"\nescape = false')
    text = edit("door", "o1-door", ('"hall"', '"lobby"'), one_way, text=room("lobby", "Z12"))
    text = edit("door", "intake-door", ('"street"', '"lobby"'), *([] if back_through_intake else [one_way]), text=text)
    for id, outside, inside in (("lobby-door", "street", "lobby"), ("o1-exit", "hall", "o1"), ("intake-exit", "street", "intake")):
        text = door(id, outside, inside, text=text)
    return venue_of(reader("lobby-reader", "lobby-door", text=text))


MEETINGS = [m for m in MISTAKES if m.rule == "APART" and m.place.startswith("door")]


@pytest.mark.parametrize("mistake", MEETINGS, ids=lambda m: m.what)
def test_a_meeting_that_is_told_has_been_acted_out_by_the_real_decisions(mistake: Mistake) -> None:
    survey = Survey(venue_of(mistake.text))
    meetings = survey.apart.meetings()
    assert meetings
    for meeting in meetings:
        story, happened = tell_meeting(survey.apart, meeting)
        assert happened, [step.en for step in story]
        assert len(story) > len(meeting.moves), "the scenes are told as well"


@pytest.mark.parametrize("profile", sorted(shipped_profiles()))
def test_where_the_proof_holds_nobody_who_walks_at_random_meets(profile: str) -> None:
    assert wander(venue_of(COUNTY, profile), random.Random(profile), steps=80) is None


def test_where_the_proof_fails_a_random_walker_meets() -> None:
    gap = venue_of(door("gap", "hall", "wing", 'lock = "none"'))
    assert wander(gap, random.Random(0), steps=150), "else the walks above would show nothing"


def wander(venue: Venue, chance: random.Random, steps: int) -> str | None:
    """People walk wherever a way lets them while two lots have a day; who meets whom, or None."""
    ground = Ground(venue)
    opening, evaluation = venue.rooms_of(Zone.OPENING), venue.rooms_of(Zone.EVALUATION)
    day = {
        lot: booked(Booking(opening[n].id, evaluation[n].id), lot)
        for n, lot in enumerate((LOT_A, LOT_B))
    }  # fmt: skip
    world = settled(World(venue, day, dict.fromkeys(WALKERS, RoomId("street"))))
    for _ in range(steps):
        if chance.random() < 0.25:
            lot = chance.choice((LOT_A, LOT_B))
            scenes = [s for s in choices(venue, world.day, lot, {})[0] if s.leads_to not in OVER]
            if scenes:
                world = settled(replace(world, day=pressed(venue, world.day, lot, chance.choice(scenes))))
        else:
            role = chance.choice(WALKERS)
            inwards = [way for way in ground.from_room[world.where[role]] if way.by is By.BADGE]
            ways = inwards if inwards and chance.random() < 0.5 else ground.from_room[world.where[role]]
            world = walked(world, role, chance.choice(ways)) or world
        for component, rooms in venue.components.items():
            inside = [role for role, where in world.where.items() if where in rooms]
            if meeting := separated_pairs(inside, venue.profile.separated):
                return f"{meeting} in {component}"
    return None


def test_a_passage_that_lots_share_in_time_holds_when_nobody_comes_out_into_it() -> None:
    assert prove(lobby(back_through_intake=False)).problems == ()


def test_a_passage_is_no_passage_for_those_who_come_out_into_it_whenever_they_like() -> None:
    [problem] = prove(lobby(back_through_intake=True)).problems
    assert (problem.rule, problem.place) == ("APART", 'door "intake-door"')


def test_an_exit_into_a_room_of_the_other_side_is_told_even_where_the_gateway_would_wait() -> None:
    text = edit("door", "o1-door", ('"hall"', '"lobby"'), text=room("lobby", "Z12"))
    text = edit("door", "intake-door", ('"street"', '"lobby"'), ('lock = "fail_safe"', 'lock = "fail_safe"\nescape = false'), text=text)
    for id, outside, inside in (("lobby-door", "street", "lobby"), ("intake-exit", "street", "intake")):
        text = door(id, outside, inside, text=text)
    [problem] = prove(venue_of(reader("lobby-reader", "lobby-door", text=text))).problems
    assert (problem.rule, problem.place) == ("APART", 'door "o1-door"')


def test_the_gateway_does_not_open_to_a_group_beside_one_that_it_knows_inside() -> None:
    assert not opens_beside(Role.EXP, inside=Role.BID, past=False, separated=ALWAYS_SEPARATED)
    assert opens_beside(Role.EXP, inside=Role.BID, past=True, separated=ALWAYS_SEPARATED), "counted, but of no known group"
    assert opens_beside(Role.EXP, inside=Role.SUP, past=False, separated=ALWAYS_SEPARATED)
