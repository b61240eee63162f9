"""Who may enter which domain, as the day asks it."""

from dataclasses import replace

import pytest
from day_case import PEOPLE, SALT, at, card, county, day, person
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.access import Access, digests, known_passes, record_rooms, wanted_access
from gateway.core.day import LotState
from venue_model.groups import Role, separated_pairs
from venue_model.ids import ComponentId, LotId, PersonKey
from venue_model.lots import Phase
from venue_model.passes import card_digest, key_digest
from venue_model.profiles import DoorMode
from venue_model.zones import never_admits

VENUE = county()


def access(*states: LotState, **authorised: int) -> dict[ComponentId, Access]:
    given = {(LotId("L1"), PersonKey(name.replace("_", "-"))): moment for name, moment in authorised.items()}
    return wanted_access(VENUE, day(*states), given, SALT)


def holders(of: Access) -> set[str]:
    return {entry.person for entry in of.passes}


@pytest.mark.parametrize(
    ("phase", "room", "mode", "groups", "seal"),
    [
        (Phase.BOOKED, "o1", DoorMode.CLEAR, set(), False),
        (Phase.PREPARATION, "o1", DoorMode.PREPARATION, {"AGT", "OWN", "STF", "SUP", "WIT"}, False),
        (Phase.CHECK_IN, "o1", DoorMode.CHECK_IN, {"BID", "AGT", "OWN", "SUP", "WIT", "NOT"}, False),
        (Phase.OPENING, "o1", DoorMode.OPENING, {"AGT", "OWN", "SUP", "WIT", "NOT"}, False),
        (Phase.OPENING_END, "o1", DoorMode.CLEAR, set(), False),
        (Phase.SUSPENDED, "o1", DoorMode.CLEAR, set(), False),
        (Phase.OPENING, "e1", DoorMode.CLEAR, set(), False),
        (Phase.INTAKE, "e1", DoorMode.INTAKE, {"EXP", "OWN-C", "AGT", "SUP"}, False),
        (Phase.INTAKE, "wing", DoorMode.INTAKE, {"EXP", "OWN-C", "AGT", "SUP", "WIT"}, False),
        (Phase.EVALUATION, "e1", DoorMode.EVALUATION, set(), True),
        (Phase.EVALUATION, "wing", DoorMode.EVALUATION, set(), False),
        (Phase.REPORT_SIGNED, "e1", DoorMode.RELEASE, {"STF", "SUP", "WIT"}, False),
        (Phase.CLOSED, "e1", DoorMode.CLEAR, set(), False),
        (Phase.EVALUATION, "e2", DoorMode.CLEAR, set(), False),
    ],
)
def test_each_phase_asks_for_its_people(phase: Phase, room: str, mode: DoorMode, groups: set[str], seal: bool) -> None:
    found = access(at(phase))[VENUE.component_of[room]]  # type: ignore[index]
    assert (found.mode, set(found.groups), found.seal) == (mode, groups, seal)


def test_a_late_bidder_stays_outside_once_the_opening_has_begun() -> None:
    assert Role.BID in access(at(Phase.CHECK_IN))[ComponentId("o1")].groups
    assert Role.BID not in access(at(Phase.OPENING))[ComponentId("o1")].groups


def test_only_the_lots_own_people_have_passes_for_its_rooms() -> None:
    both = access(at(Phase.CHECK_IN), at(Phase.CHECK_IN, "L2", opening_room="o2", people=(person("bid-9", Role.BID),)))
    assert "bid-9" not in holders(both[ComponentId("o1")])
    assert holders(both[ComponentId("o2")]) == {"bid-9"}


def test_an_expert_enters_once_within_the_window_and_with_the_phone_locked_away() -> None:
    wing = access(at(Phase.INTAKE), exp_1=5)[ComponentId("wing")]
    entry = next(p for p in wing.passes if p.person == "exp-1")
    assert (entry.window, entry.once, entry.locker, entry.authorised_utc_ns) == (True, True, True, 5)
    unasked = next(p for p in wing.passes if p.person == "exp-2")
    assert unasked.authorised_utc_ns is None
    intake = next(p for p in access(at(Phase.INTAKE))[ComponentId("intake")].passes if p.person == "exp-1")
    assert (intake.window, intake.once, intake.locker) == (False, False, False)
    agent = next(p for p in wing.passes if p.person == "agt-1")
    assert (agent.window, agent.once, agent.locker) == (False, False, False)


def test_an_expert_of_a_lot_that_is_not_called_yet_waits_though_the_corridor_is_open() -> None:
    wing = access(at(Phase.INTAKE), at(Phase.OPENING, "L2", opening_room="o2", evaluation_room="e2", people=(person("exp-9", Role.EXP),)))
    early = next(p for p in wing[ComponentId("wing")].passes if p.person == "exp-9")
    assert early.from_utc_ns > 2**61


def test_an_expert_of_another_lot_has_no_pass_for_this_room() -> None:
    other = at(Phase.INTAKE, "L2", opening_room="o2", evaluation_room="e2", people=(person("exp-9", Role.EXP),))
    found = access(at(Phase.INTAKE), other)
    assert "exp-9" in holders(found[ComponentId("e2")])
    assert "exp-9" not in holders(found[ComponentId("e1")])


def test_a_bidder_never_has_a_pass_on_the_evaluation_side() -> None:
    for phase in Phase:
        for component, found in access(at(phase)).items():
            if any(never_admits(zone, Role.BID) for zone in VENUE.zones_of(component)):
                assert not {"bid-1", "bid-2"} & holders(found)


def test_one_who_withdrew_has_no_pass_anywhere() -> None:
    people = tuple(replace(p, withdrawn=p.person == "exp-1") for p in PEOPLE)
    state = at(Phase.INTAKE, people=people)
    assert all("exp-1" not in holders(a) for a in access(state).values())
    assert card_digest(SALT, bytes.fromhex(card("exp-1"))) not in {known.digest for known in known_passes(day(state), SALT)}


def test_those_on_duty_may_enter_the_monitor_room_all_day() -> None:
    monitor = access(at(Phase.OPENING))[ComponentId("monitor")]
    assert (monitor.mode, set(monitor.groups), holders(monitor)) == (DoorMode.DUTY, {"SUP", "WIT"}, {"sup-1"})


def test_wishes_that_would_bring_separated_groups_together_close_the_room_and_say_why() -> None:
    mixed = replace(VENUE.profile, separated=VENUE.profile.separated | {frozenset({Role.AGT, Role.STF})})
    venue = replace(VENUE, profile=mixed)
    other = at(Phase.REPORT_SIGNED, "L2", opening_room="o2", evaluation_room="e2")
    wing = wanted_access(venue, day(at(Phase.INTAKE), other), {}, SALT)[ComponentId("wing")]
    assert (wing.mode, wing.groups) == (DoorMode.CLEAR, ())
    assert "AGT and STF" in wing.conflict


def test_a_person_is_known_by_card_and_by_phone() -> None:
    both = replace(person("x", Role.EXP), qr_key="ab" * 32)
    assert digests(both, SALT) == [card_digest(SALT, bytes.fromhex(card("x"))), key_digest(SALT, b"\xab" * 32)]


def test_rooms_record_for_their_own_lot_alone() -> None:
    rooms = record_rooms(VENUE, day(at(Phase.OPENING), at(Phase.EVALUATION, "L2", opening_room="o2", evaluation_room="e2")))
    assert {room: state.lot.id for room, state in rooms.items()} == {"o1": "L1", "e2": "L2"}


phases = st.sampled_from(Phase)


@given(phases, phases, st.sampled_from(["e1", "e2"]))
def test_whatever_two_lots_do_no_domain_ever_asks_for_a_separated_pair(one: Phase, other: Phase, room: str) -> None:
    found = access(at(one), at(other, "L2", opening_room="o2", evaluation_room=room))
    assert found.keys() == VENUE.components.keys()
    for component, wish in found.items():
        assert separated_pairs(wish.groups, VENUE.profile.separated) == []
        assert not [g for g in wish.groups for zone in VENUE.zones_of(component) if never_admits(zone, g)]
        assert not (wish.seal and wish.groups)
        assert not [p for p in wish.passes for zone in VENUE.zones_of(component) if never_admits(zone, p.group)]
