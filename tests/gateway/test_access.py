"""Who may enter which domain, as the day asks it."""

from dataclasses import replace

import pytest
from day_case import PEOPLE, SALT, at, card, county, day, person
from hypothesis import given
from hypothesis import strategies as st
from passage_case import passage_house

from gateway.core.access import Access, Memo, digests, known_passes, record_rooms, wanted_access
from gateway.core.day import LotState
from venue_model.door_policy import Pass
from venue_model.groups import Role, separated_pairs
from venue_model.ids import ComponentId, LotId, PersonKey, RoomId
from venue_model.lots import Person, Phase
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


# seats, side venues, inquiries


def seated(*seats: str | None) -> tuple[Person, ...]:
    experts = (replace(person(f"exp-{n}", Role.EXP), seat=seat) for n, seat in enumerate(seats, 1))  # type: ignore[arg-type]
    return (*experts, person("sup-1", Role.SUP))


def test_where_committees_sit_dispersed_a_members_pass_opens_the_own_seat_alone() -> None:
    house = passage_house("dispersed")
    found = wanted_access(house, day(at(Phase.INTAKE, people=seated("e1", "e2"), evaluation_room=None)), {}, SALT)
    assert holders(found[ComponentId("e1")]) == {"exp-1"}
    assert holders(found[ComponentId("e2")]) == {"exp-2"}
    assert {"exp-1", "exp-2"} <= holders(found[ComponentId("wing")])
    together = wanted_access(passage_house("classic"), day(at(Phase.INTAKE, people=seated("e1", "e2"))), {}, SALT)
    assert {"exp-1", "exp-2"} <= holders(together[ComponentId("e1")]), "in one room seats mean nothing"
    assert holders(together[ComponentId("e2")]) == set()


def test_every_seat_is_sealed_also_that_of_a_member_who_has_withdrawn() -> None:
    people = tuple(replace(p, withdrawn=p.person == "exp-2") for p in seated("e1", "e2"))
    found = wanted_access(passage_house("dispersed"), day(at(Phase.EVALUATION, people=people, evaluation_room=None)), {}, SALT)
    assert [found[ComponentId(room)].seal for room in ("e1", "e2", "e3")] == [True, True, False]


def test_a_member_without_a_seat_sits_in_the_lots_room_and_nowhere_if_it_has_none() -> None:
    for room, rooms in (("e3", {"e3", "intake", "link", "wing"}), (None, {"intake", "link", "wing"})):
        found = wanted_access(passage_house("dispersed"), day(at(Phase.INTAKE, people=seated("e1", None), evaluation_room=room)), {}, SALT)
        assert {component for component, wish in found.items() if "exp-2" in holders(wish)} == rooms


def test_in_an_inquiry_each_side_has_its_room_and_members_come_back_once_authorised_anew() -> None:
    found = access(at(Phase.INQUIRY), exp_1=7)
    committee, parties, room = (found[ComponentId(c)] for c in ("q-experts", "q-bidders", "e1"))
    assert (committee.mode, set(committee.groups)) == (DoorMode.INQUIRY, {"EXP", "OWN-C", "SUP"})
    assert (parties.mode, set(parties.groups)) == (DoorMode.INQUIRY, {"BID", "OWN", "AGT", "SUP", "WIT"})
    assert (room.mode, room.seal, set(room.groups)) == (DoorMode.INQUIRY, False, {"EXP", "OWN-C"})
    assert {"bid-1", "agt-1"} <= holders(parties) and "exp-1" not in holders(parties)
    assert "exp-1" in holders(committee) and "bid-1" not in holders(committee)
    back = next(p for p in room.passes if p.person == "exp-1")
    assert (back.window, back.once, back.authorised_utc_ns) == (True, True, 7)


def test_for_a_second_round_bidders_are_back_while_the_committee_stays_sealed() -> None:
    found = access(at(Phase.SECOND_ROUND))
    assert Role.BID in found[ComponentId("o1")].groups
    assert (found[ComponentId("e1")].seal, found[ComponentId("e1")].groups) == (True, ())


# conditions of a pass


def entry(of: Access, name: str) -> Pass:
    return next(p for p in of.passes if p.person == name)


def test_a_supervisor_is_let_into_the_corridor_beside_a_witness_and_into_the_room_alone() -> None:
    found = access(at(Phase.INTAKE))
    assert entry(found[ComponentId("wing")], "sup-1").escort == (Role.WIT,)
    assert entry(found[ComponentId("e1")], "sup-1").escort == ()
    assert entry(found[ComponentId("e1")], "stf-1").escort == (Role.SUP, Role.WIT)


def test_a_second_card_opens_as_the_first_does_and_calls_for_help() -> None:
    people = (replace(person("exp-1", Role.EXP), duress_card="00c0ffee"),)
    passes = access(at(Phase.INTAKE, people=people))[ComponentId("e1")].passes
    first, second = sorted(passes, key=lambda p: p.duress)
    assert (first.digest, second.digest) == (card_digest(SALT, bytes.fromhex(card("exp-1"))), card_digest(SALT, b"\x00\xc0\xff\xee"))
    assert replace(second, digest=first.digest, duress=False) == first
    assert second.digest in {known.digest for known in known_passes(day(at(Phase.INTAKE, people=people)), SALT)}


def test_a_late_bidder_of_one_lot_does_not_come_in_with_the_bidders_of_another() -> None:
    """Two opening rooms that see each other: one lot still signs in, the other's opening has begun."""
    hall = replace(VENUE, sight=((RoomId("o1"), RoomId("o2")),))
    other = at(Phase.CHECK_IN, "L2", opening_room="o2", people=(person("bid-9", Role.BID),))
    found = wanted_access(hall, day(at(Phase.OPENING), other), {}, SALT)[ComponentId("o1")]
    assert Role.BID in found.groups
    assert entry(found, "bid-9").from_utc_ns == 0
    assert entry(found, "bid-1").from_utc_ns > 2**61


def test_somebody_with_two_lots_comes_in_for_the_one_that_is_called() -> None:
    """One credential, one pass: a door takes the first that it finds."""
    states = at(Phase.OPENING), at(Phase.INTAKE, "L2", opening_room="o2", evaluation_room="e2")
    passes = [p for p in access(*states)[ComponentId("wing")].passes if p.person == "sup-1"]
    assert [(p.lot, p.from_utc_ns) for p in passes] == [("L2", 0)]


def test_a_domain_lets_in_as_many_as_its_rooms_hold() -> None:
    found = wanted_access(passage_house(), day(at(Phase.INTAKE)), {}, SALT)
    assert (found[ComponentId("e1")].limit, found[ComponentId("e2")].limit) == (7, None)


def test_a_lockdown_goes_before_every_scene_and_lifts_no_seal() -> None:
    states = day(at(Phase.EVALUATION), at(Phase.CHECK_IN, "L2", opening_room="o2"))
    shut = frozenset(VENUE.components)
    found = wanted_access(VENUE, states, {}, SALT, lockdown=shut)
    assert {(wish.mode, wish.groups) for wish in found.values()} == {(DoorMode.LOCKDOWN, ())}
    assert [component for component, wish in found.items() if wish.seal] == ["e1"]
    partly = wanted_access(VENUE, states, {}, SALT, lockdown=frozenset({ComponentId("o2")}))
    assert (partly[ComponentId("o2")].mode, partly[ComponentId("e1")]) == (DoorMode.LOCKDOWN, wanted_access(VENUE, states, {}, SALT)["e1"])  # type: ignore[index]


# the same answer, sooner


@given(st.lists(st.tuples(phases, phases, st.integers(0, 2), st.booleans()), min_size=1, max_size=6))
def test_what_was_remembered_changes_no_answer(days: list[tuple[Phase, Phase, int, bool]]) -> None:
    memo = Memo()
    for one, other, authorised, shut in days:
        states = day(at(one), at(other, "L2", opening_room="o2", evaluation_room="e2"))
        given = {(LotId("L1"), PersonKey("exp-1")): authorised} if authorised else {}
        lockdown = frozenset({ComponentId("e1")}) if shut else frozenset()
        for _ in range(2):
            found = wanted_access(VENUE, states, given, SALT, lockdown=lockdown, memo=memo)
            assert found == wanted_access(VENUE, states, given, SALT, lockdown=lockdown)
            assert known_passes(states, SALT, memo) == known_passes(states, SALT)


def test_an_unchanged_day_is_not_worked_through_again() -> None:
    memo, states = Memo(), day(at(Phase.INTAKE))
    assert wanted_access(VENUE, states, {}, SALT, memo=memo) is wanted_access(VENUE, dict(states), {}, SALT, memo=memo)
    before = memo.access
    moved = wanted_access(VENUE, day(replace(states[LotId("L1")], door_phase=Phase.OPENING_END)), {}, SALT, memo=memo)
    assert moved is not before
    assert moved[ComponentId("o2")] is before[ComponentId("o2")], "only the domains of the lot that moved"
