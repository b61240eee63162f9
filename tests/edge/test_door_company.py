"""What two people see at a door that lets nobody in alone: escorts, and rooms of two."""

import pytest
from agent_hall import (
    AGENT,
    BIDDER,
    EXPERT,
    SECOND_EXPERT,
    STAFF,
    SUPERVISOR,
    THREATENED,
    admit,
    entry_of,
    site_with,
)
from agent_rules import GROUPS, e1, enters, hall_of, leaves_by_button

from edge.core.agent import wake_ns
from edge.core.effects import ShowText
from venue_model.door_policy import Pass
from venue_model.groups import Role
from venue_model.ids import ComponentId, DoorId
from venue_model.moments import S

ESCORTED = entry_of(AGENT, escort=(Role.SUP, Role.EXP))


def test_the_first_of_a_pair_is_asked_to_wait_and_the_second_opens_for_both() -> None:
    hall = hall_of(site=site_with(e1_door={"two_person": True}))
    hall.card("e1-reader", EXPERT)
    assert not hall.strike("e1-door")
    assert hall.answers() == [False]
    assert [e.lines[1] for e in hall.effects if isinstance(e, ShowText)] == ["second person, please badge too"]
    assert [(r["rule"], r["person"]) for r in hall.records("await")] == [("PAIR", "expert-1")]
    assert hall.records("refusal") == []
    hall.later(9)
    hall.card("e1-reader", SUPERVISOR)
    assert hall.strike("e1-door")
    assert [(r["person"], r["beside"]) for r in hall.records("grant")] == [("sup-1", "expert-1"), ("expert-1", "sup-1")]
    hall.pass_through("e1-door")
    assert hall.net("e1-door", "e1") == 2
    assert sorted(str(p["person"]) for p in hall.records("passage")) == ["expert-1", "sup-1"]
    assert hall.alarms() == []


def test_who_waits_in_vain_is_told_of_in_the_journal_and_the_next_begins_anew() -> None:
    hall = hall_of(site=site_with(e1_door={"two_person": True}))
    hall.card("e1-reader", EXPERT)
    assert wake_ns(hall.state) == hall.now.mono_ns + 4 * S  # the kiosk's notice
    hall.later(4)
    assert wake_ns(hall.state) == hall.now.mono_ns + 6 * S
    hall.later(6)
    assert [(r["because"], r["person"]) for r in hall.records("no_entry")] == [("PAIR", "expert-1")]
    hall.card("e1-reader", SUPERVISOR)
    assert not hall.strike("e1-door")


def test_one_person_with_two_cards_is_no_pair() -> None:
    hall = hall_of(e1(entry_of(EXPERT), entry_of(THREATENED)), site=site_with(e1_door={"two_person": True}))
    hall.card("e1-reader", EXPERT)
    hall.later(2)
    hall.card("e1-reader", THREATENED)
    assert not hall.strike("e1-door")


def test_the_second_of_a_pair_must_be_admissible_himself() -> None:
    hall = hall_of(site=site_with(e1_door={"two_person": True}))
    hall.card("e1-reader", EXPERT)
    hall.card("e1-reader", BIDDER)
    assert hall.refusal() == "PASS-UNKNOWN"
    assert not hall.strike("e1-door")


def test_into_an_occupied_room_a_single_person_may_go() -> None:
    hall = hall_of(site=site_with(e1_door={"two_person": True}))
    hall.card("e1-reader", EXPERT)
    enters(hall, SUPERVISOR)
    assert enters(hall, AGENT) == ""
    assert hall.net("e1-door", "e1") == 3


def test_a_phone_that_is_held_up_while_its_owner_waits_makes_one_line() -> None:
    hall = hall_of(site=site_with(e1_door={"two_person": True}))
    for _ in range(4):
        hall.card("e1-reader", EXPERT)
        hall.later(2)
    assert len(hall.records("await")) == 1
    hall.later(7)
    hall.card("e1-reader", SUPERVISOR)  # the last showing counts, and he is still in time
    assert hall.strike("e1-door")


def test_an_impatient_half_of_a_pair_does_not_outlast_the_other() -> None:
    """All grants of a pair end together, however often one of them badges again."""
    hall = hall_of(site=site_with(e1_door={"two_person": True}))
    hall.card("e1-reader", EXPERT)
    hall.card("e1-reader", SUPERVISOR)
    hall.later(4)
    hall.card("e1-reader", SUPERVISOR)
    hall.later(3)
    hall.pass_through("e1-door")
    assert hall.net("e1-door", "e1") == 2


def test_who_is_left_alone_where_nobody_may_be_is_an_alarm_and_leaves_freely() -> None:
    hall = hall_of(site=site_with(e1_door={"two_person": True}))
    hall.card("e1-reader", EXPERT)
    enters(hall, SUPERVISOR)
    hall.line("e1-door.exit", True)
    assert hall.alarms() == []
    hall.line("e1-door.contact", True)
    assert hall.alarms() == ["alone"]
    hall.line("e1-door.contact", False)
    hall.line("e1-door.exit", False)
    hall.later(6)
    assert hall.alarms() == ["alone"]
    assert hall.records("alarm_clear") == []
    leaves_by_button(hall)
    assert [r["code"] for r in hall.records("alarm_clear")] == ["alone"]


def test_in_a_fire_nobody_is_told_of_who_is_alone() -> None:
    hall = hall_of(site=site_with(e1_door={"two_person": True}))
    hall.card("e1-reader", EXPERT)
    enters(hall, SUPERVISOR)
    hall.line("fire", True)
    leaves_by_button(hall)
    assert hall.alarms() == []
    hall.line("fire", False)
    assert hall.alarms() == ["alone"]


@pytest.mark.parametrize(("more", "kept"), [((), []), ((ESCORTED,), ["expert-2"])], ids=["nobody needs company", "somebody may"])
def test_who_was_let_in_is_kept_as_company_where_it_matters_and_not_for_long(more: tuple[Pass, ...], kept: list[str]) -> None:
    hall = hall_of(e1(entry_of(EXPERT), entry_of(SECOND_EXPERT), *more), site=site_with())
    for card in (EXPERT, SECOND_EXPERT):
        assert enters(hall, card) == ""
        hall.later(10)
    assert [caller.entry.person for caller in hall.state.callers.get(DoorId("e1-door"), ())] == kept


def test_who_was_let_in_beside_the_last_one_inside_is_held_back_when_that_one_goes_on() -> None:
    hall = hall_of(site=site_with(gate={"two_person": True}))
    hall.card("gate-reader", EXPERT)
    enters(hall, SUPERVISOR, "gate-reader", "gate")
    enters(hall, SUPERVISOR)  # from the wing into the room
    hall.card("gate-reader", AGENT)
    hall.card("e1-reader", EXPERT)
    assert hall.strike("gate")
    hall.line("e1-door.contact", True)  # the wing is empty
    assert not hall.strike("gate")


def test_when_one_of_a_pair_loses_the_right_the_other_does_not_go_in_alone() -> None:
    hall = hall_of(site=site_with(e1_door={"two_person": True}))
    hall.card("e1-reader", EXPERT)
    hall.card("e1-reader", SUPERVISOR)
    hall.policy(e1(entry_of(EXPERT)))
    assert not hall.strike("e1-door")
    hall.later(0.5)
    assert sorted(str(r["because"]) for r in hall.records("no_entry")) == ["PAIR", "PASS-UNKNOWN"]


def test_when_one_of_a_pair_turns_out_to_be_leaving_the_other_does_not_go_in_alone() -> None:
    hall = hall_of(site=site_with(e1_door={"two_person": True}))
    hall.card("e1-reader", EXPERT)
    hall.card("e1-reader", SUPERVISOR)
    hall.card("e1-exit-reader", EXPERT)
    hall.later(1)
    assert hall.strike("e1-door")  # for him
    hall.pass_through("e1-door")
    assert [(p["direction"], p["person"]) for p in hall.records("passage")] == [("out", "expert-1")]
    assert [(r["because"], r["person"]) for r in hall.records("no_entry")] == [("PAIR", "sup-1")]


@pytest.mark.parametrize("first", [AGENT, SUPERVISOR])
def test_an_escorted_person_goes_in_beside_the_escort_whoever_badges_first(first: bytes) -> None:
    hall = hall_of(e1(ESCORTED, entry_of(SUPERVISOR)), site=site_with())
    hall.card("e1-reader", first)
    assert hall.strike("e1-door") == (first == SUPERVISOR)
    hall.later(4)
    hall.card("e1-reader", SUPERVISOR if first == AGENT else AGENT)
    hall.later(4)  # the escort's own grant would be over by now
    hall.pass_through("e1-door")
    assert hall.net("e1-door", "e1") == 2
    assert {p["person"]: p.get("beside") for p in hall.records("passage")} == {"agent-1": "sup-1", "sup-1": None}


def test_an_escorted_person_follows_the_escort_who_has_just_gone_in() -> None:
    hall = hall_of(e1(ESCORTED, entry_of(SUPERVISOR)), site=site_with())
    enters(hall, SUPERVISOR)
    assert enters(hall, AGENT) == ""


@pytest.mark.parametrize("what", ["left again", "came long ago", "another door", "no escort's role"])
def test_an_escorted_person_without_the_escort_waits(what: str) -> None:
    expert = entry_of(EXPERT, escort=(Role.SUP,))
    hall = hall_of(e1(ESCORTED, expert, entry_of(SUPERVISOR)), admit("wing", 2, GROUPS, entry_of(SUPERVISOR)), site=site_with())
    if what == "left again":
        enters(hall, SUPERVISOR)
        enters(hall, SUPERVISOR, "e1-exit-reader")
    if what == "came long ago":
        enters(hall, SUPERVISOR)
        hall.later(10)
    if what == "another door":
        enters(hall, SUPERVISOR, "gate-reader", "gate")
    if what == "no escort's role":
        hall.card("e1-reader", EXPERT)  # a role that escorts, but he needs an escort himself
    assert enters(hall, AGENT) == "ESCORT"
    assert not hall.strike("e1-door")


def test_when_the_escort_loses_the_right_the_escorted_does_not_go_in_alone() -> None:
    hall = hall_of(e1(ESCORTED, entry_of(SUPERVISOR)), site=site_with())
    hall.card("e1-reader", AGENT)
    hall.card("e1-reader", SUPERVISOR)
    hall.policy(e1(ESCORTED, entry_of(SUPERVISOR, until_utc_ns=0)))
    assert not hall.strike("e1-door")


def test_a_renewal_does_not_stop_an_escorted_person_whose_escort_has_gone_ahead() -> None:
    hall = hall_of(e1(ESCORTED, entry_of(SUPERVISOR)), site=site_with())
    enters(hall, SUPERVISOR)
    hall.later(4)
    hall.card("e1-reader", AGENT)
    hall.later(4)
    hall.policy(e1(ESCORTED, entry_of(SUPERVISOR)))
    assert hall.strike("e1-door")


def test_an_escorted_pair_satisfies_the_two_person_rule_and_two_escorted_people_do_not() -> None:
    site = site_with(e1_door={"two_person": True})
    hall = hall_of(e1(ESCORTED, entry_of(EXPERT, escort=(Role.SUP,)), entry_of(SUPERVISOR)), site=site)
    hall.card("e1-reader", AGENT)
    hall.card("e1-reader", EXPERT)
    assert not hall.strike("e1-door")
    hall.card("e1-reader", SUPERVISOR)
    hall.pass_through("e1-door")
    assert hall.net("e1-door", "e1") == 3


def test_a_policy_that_has_a_separated_group_escort_is_refused_whole_even_as_a_renewal() -> None:
    bad = entry_of(EXPERT, escort=(Role.OWN,))
    hall = hall_of(e1(), site=site_with())
    for policy in (e1(bad), e1(bad, epoch=3)):
        hall.policy(policy)
        assert hall.records("policy")[-1]["result"] == "rejected"
        assert "OWN would escort EXP" in str(hall.records("policy")[-1]["because"])
    assert hall.door("e1-door").components[ComponentId("e1")].epoch == 2
    assert enters(hall, EXPERT) == ""


def test_somebody_who_waits_holds_nobody_up_and_is_nobody_after_a_restart() -> None:
    hall = hall_of(site=site_with(e1_door={"two_person": True}))
    hall.card("e1-reader", EXPERT)
    assert hall.door("e1-door").components[ComponentId("e1")].settled
    again = hall.restart()
    again.policy(e1())
    again.card("e1-reader", SUPERVISOR)
    assert not again.strike("e1-door")


def test_staff_are_a_role_like_any_other_before_a_door_of_two() -> None:
    hall = hall_of(admit("o1", 2, [Role.BID, Role.STF], entry_of(BIDDER), entry_of(STAFF)), site=site_with(o1_door={"two_person": True}))
    hall.card("o1-reader", STAFF)
    assert enters(hall, BIDDER, "o1-reader", "o1-door") == ""
    assert hall.net("o1-door", "o1") == 2
