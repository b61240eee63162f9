"""z3 works out from the floor plan alone, without our search, where people can be and who may be brought together: it must agree."""

from typing import Any

import pytest
import z3
from big import big_venue
from mistakes import COUNTY, MISTAKES

from simulation.prover.apart import Apart
from simulation.prover.days import Days
from simulation.prover.ground import By, Ground
from simulation.prover.symmetry import reduce_venue
from venue_model.groups import Role
from venue_model.load import load_venue
from venue_model.tools.files import shipped_profiles
from venue_model.venue import Venue


def suspects_of_z3(venue: Venue, ground: Ground, days: Days) -> set[tuple[Role, Role]]:
    """The separated pairs of groups that some way, which asks nobody, may bring together, by z3's Datalog engine."""
    rooms = {room: n for n, room in enumerate(venue.rooms)}
    roles = {role: n for n, role in enumerate(Role)}
    engine: Any = z3.Fixedpoint()
    engine.set(engine="datalog")
    room_sort, role_sort = z3.BitVecSort(len(rooms).bit_length()), z3.BitVecSort(4)
    free = z3.Function("free", room_sort, room_sort, z3.BoolSort())
    badge = z3.Function("badge", role_sort, room_sort, room_sort, z3.BoolSort())
    past = z3.Function("past", room_sort, room_sort, z3.BoolSort())
    joined = z3.Function("joined", room_sort, room_sort, z3.BoolSort())
    apart = z3.Function("apart", role_sort, role_sort, z3.BoolSort())
    where = z3.Function("where", role_sort, room_sort, z3.BoolSort())
    meet = z3.Function("meet", role_sort, role_sort, z3.BoolSort())
    for relation in (free, badge, past, joined, apart, where, meet):
        engine.register_relation(relation)

    def room(name: str) -> Any:
        return z3.BitVecVal(rooms[name], room_sort)  # type: ignore[index]

    def role(name: Role) -> Any:
        return z3.BitVecVal(roles[name], role_sort)

    domain = venue.component_of
    for way in ground.ways:
        if way.by is not By.BADGE:
            engine.fact(free(room(way.start), room(way.end)))
            if way.end in domain and domain.get(way.start) != domain[way.end]:
                engine.fact(past(room(way.start), room(way.end)))
        else:
            for group in Role if way.end not in domain else days.admitted[domain[way.end]]:
                engine.fact(badge(role(group), room(way.start), room(way.end)))
    for members in venue.components.values():
        for a in members:
            for b in members:
                engine.fact(joined(room(a), room(b)))
    for both in venue.profile.separated:
        one, other = both
        engine.fact(apart(role(one), role(other)))
        engine.fact(apart(role(other), role(one)))
    for group in Role:
        for outdoors in ground.outdoors:
            engine.fact(where(role(group), room(outdoors)))
    g, h = z3.BitVecs("g h", role_sort)
    a, b, c = z3.BitVecs("a b c", room_sort)
    engine.declare_var(g, h, a, b, c)
    engine.rule(where(g, b), [where(g, a), free(a, b)])
    engine.rule(where(g, b), [where(g, a), badge(g, a, b)])
    engine.rule(meet(g, h), [apart(g, h), where(g, a), past(a, b), joined(b, c), where(h, c)])
    found = set()
    for both in venue.profile.separated:
        one, other = sorted(both)
        if z3.sat in (engine.query(meet(role(one), role(other))), engine.query(meet(role(other), role(one)))):
            found.add((one, other))
    return found


def venue_of(text: str) -> Venue:
    return load_venue(text, "venue.toml", shipped_profiles().get, check_ways_out=False)


LAYOUTS = {m.what: m.text for m in MISTAKES if m.rule in ("APART", "GUARD", "I8")} | {"the county venue": COUNTY}


@pytest.mark.parametrize("what", LAYOUTS)
def test_z3_names_the_same_groups_that_might_be_brought_together(what: str) -> None:
    venue = venue_of(LAYOUTS[what])
    ground, days = Ground(venue), Days(venue)
    assert set(Apart(venue, ground, days).suspects()) == suspects_of_z3(venue, ground, days)


def test_z3_finds_nobody_to_meet_in_the_small_venue_that_a_large_one_is_folded_to() -> None:
    venue = reduce_venue(big_venue(120)).venue
    ground, days = Ground(venue), Days(venue)
    assert suspects_of_z3(venue, ground, days) == set() == set(Apart(venue, ground, days).suspects())
