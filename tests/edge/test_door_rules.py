"""What a person at a door with rules of its own sees: anti-passback, limits, companions, interlocks, duress, lockdown."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from agent_hall import (
    AGENT,
    BIDDER,
    EXPERT,
    LOT,
    SECOND_EXPERT,
    STAFF,
    SUPERVISOR,
    THREATENED,
    Hall,
    admit,
    clear,
    entry_of,
    site_with,
)

from edge.core.agent import wake_ns
from edge.core.effects import AnswerReader, SetLine, ShowText
from edge.core.events import LinesHealth, PulseArrived
from edge.core.journal import Record
from edge.core.site import Site
from edge.core.state import restored
from venue_model.door_policy import ComponentPolicy, Pass
from venue_model.groups import Role
from venue_model.ids import ComponentId, DoorId, PersonKey
from venue_model.moments import S
from venue_model.profiles import DoorMode
from venue_model.venue import AntiPassback

GROUPS = (Role.EXP, Role.SUP, Role.AGT)
PASSES = (entry_of(EXPERT), entry_of(SECOND_EXPERT), entry_of(SUPERVISOR), entry_of(AGENT))


def e1(*passes: Pass, epoch: int = 2, **rules: object) -> ComponentPolicy:
    return replace(admit("e1", epoch, GROUPS, *(passes or PASSES)), **rules)  # type: ignore[arg-type]


def hall_of(*policies: ComponentPolicy, site: Site) -> Hall:
    hall = Hall(restored(site, {}))
    hall.policy(*(policies or (e1(), admit("wing", 2, GROUPS, *PASSES))))
    hall.effects.clear()
    return hall


def enters(hall: Hall, card: bytes, reader: str = "e1-reader", door: str = "e1-door") -> str:
    """Badge and walk through.  The rule of the refusal or of the wait, or "" when it went well."""
    hall.later(1)
    before = len(hall.effects)
    hall.card(reader, card)
    said = [e for e in hall.effects[before:] if isinstance(e, Record) and e.kind in ("refusal", "await")]
    if said:
        return str(said[0].body["rule"])
    hall.pass_through(door)
    return ""


def leaves_by_button(hall: Hall, door: str = "e1-door") -> None:
    hall.line(f"{door}.exit", True)
    hall.line(f"{door}.exit", False)
    hall.pass_through(door)


# anti-passback


def passback(kind: AntiPassback) -> Hall:
    return hall_of(site=site_with(e1_door={"antipassback": kind}))


@pytest.mark.parametrize(
    ("kind", "rule"), [(AntiPassback.NONE, ""), (AntiPassback.SOFT, ""), (AntiPassback.HARD, "APB"), (AntiPassback.TIMED, "APB"),
                       (AntiPassback.AREA, "APB-AREA")],
)  # fmt: skip
def test_a_pass_handed_back_through_the_door(kind: AntiPassback, rule: str) -> None:
    hall = passback(kind)
    enters(hall, EXPERT, "gate-reader", "gate")
    assert enters(hall, EXPERT) == ""
    assert enters(hall, EXPERT) == rule
    assert [a["code"] for a in hall.records("alarm")] == (["passback"] if kind is AntiPassback.SOFT else [])


def test_a_soft_door_lets_in_and_tells_staff_without_a_sound() -> None:
    hall = passback(AntiPassback.SOFT)
    enters(hall, EXPERT)
    enters(hall, EXPERT)
    [told] = hall.records("alarm")
    assert (told["door"], told["person"], told["quiet"]) == ("e1-door", "expert-1", True)
    assert hall.answers() == [True, True]


@pytest.mark.parametrize("kind", [AntiPassback.HARD, AntiPassback.TIMED, AntiPassback.AREA])
def test_who_badges_on_the_way_out_may_come_again(kind: AntiPassback) -> None:
    hall = passback(kind)
    enters(hall, EXPERT, "gate-reader", "gate")
    enters(hall, EXPERT)
    enters(hall, EXPERT, "e1-exit-reader")
    assert enters(hall, EXPERT) == ""


def test_a_timed_door_forgives_after_its_time() -> None:
    hall = passback(AntiPassback.TIMED)
    enters(hall, EXPERT)
    hall.later(296)
    hall.policy(e1())  # the lease
    assert enters(hall, EXPERT) == "APB"
    hall.later(2)
    assert enters(hall, EXPERT) == ""


def test_an_exit_by_button_clears_nobody_by_name_while_others_are_inside() -> None:
    hall = passback(AntiPassback.HARD)
    enters(hall, EXPERT)
    enters(hall, SECOND_EXPERT)
    leaves_by_button(hall)
    assert enters(hall, EXPERT) == "APB"
    assert enters(hall, SECOND_EXPERT) == "APB"


def test_an_exit_by_button_clears_everybody_once_the_room_counts_nobody() -> None:
    hall = passback(AntiPassback.HARD)
    enters(hall, EXPERT)
    enters(hall, SECOND_EXPERT)
    leaves_by_button(hall)
    leaves_by_button(hall)
    assert enters(hall, EXPERT) == ""
    assert enters(hall, SECOND_EXPERT) == ""


def test_a_room_that_others_left_by_another_boards_door_clears_everybody_too() -> None:
    hall = passback(AntiPassback.HARD)
    enters(hall, EXPERT)
    assert enters(hall, EXPERT) == "APB"
    hall.policy(e1(others=-1))
    assert enters(hall, EXPERT) == ""


def test_a_count_in_doubt_clears_nobody() -> None:
    hall = passback(AntiPassback.HARD)
    enters(hall, EXPERT)
    hall.line("e1-door.contact", True)
    hall.later(1)
    hall.line("e1-door.contact", False)
    assert hall.alarms() == ["forced"]
    leaves_by_button(hall)
    assert enters(hall, EXPERT) == "APB"


def test_the_last_one_out_by_button_is_known_to_be_before_the_door() -> None:
    """An area door, whose only visitor left without a badge: he stands in the wing, and may go in again."""
    hall = passback(AntiPassback.AREA)
    enters(hall, EXPERT, "gate-reader", "gate")
    enters(hall, EXPERT)
    leaves_by_button(hall)
    assert enters(hall, EXPERT) == ""


def test_an_area_door_turns_away_who_did_not_come_by_the_proper_way() -> None:
    hall = passback(AntiPassback.AREA)
    assert enters(hall, EXPERT) == "APB-AREA"
    enters(hall, EXPERT, "gate-reader", "gate")
    assert enters(hall, EXPERT) == ""


def test_an_area_door_from_the_public_hall_asks_only_for_a_proper_leave() -> None:
    hall = hall_of(admit("o1", 2, [Role.BID], entry_of(BIDDER)), site=site_with(o1_door={"antipassback": AntiPassback.AREA}))
    assert enters(hall, BIDDER, "o1-reader", "o1-door") == ""
    assert enters(hall, BIDDER, "o1-reader", "o1-door") == "APB"


@pytest.mark.parametrize(
    ("kind", "inside", "rule"),
    [
        (AntiPassback.HARD, "e1", "APB"),
        (AntiPassback.HARD, "wing", ""),
        (AntiPassback.HARD, None, ""),
        (AntiPassback.AREA, "wing", ""),
        (AntiPassback.AREA, None, "APB-AREA"),
        (AntiPassback.TIMED, "e1", "APB"),
    ],
)
def test_what_another_board_saw_counts_here(kind: AntiPassback, inside: str | None, rule: str) -> None:
    hall = passback(kind)
    hall.policy(e1(entry_of(EXPERT, inside=inside, seen_utc_ns=hall.now.utc_ns - S)))
    assert enters(hall, EXPERT) == rule


def test_the_later_of_both_sightings_counts() -> None:
    hall = passback(AntiPassback.HARD)
    enters(hall, EXPERT)
    hall.policy(e1(entry_of(EXPERT, inside="wing", seen_utc_ns=hall.now.utc_ns - 60 * S)))  # from before he went in here
    assert enters(hall, EXPERT) == "APB"
    hall.policy(e1(entry_of(EXPERT, inside="wing", seen_utc_ns=hall.now.utc_ns)))  # seen elsewhere since
    assert enters(hall, EXPERT) == ""


def test_who_is_inside_is_remembered_over_a_power_cut() -> None:
    hall = passback(AntiPassback.HARD)
    enters(hall, EXPERT)
    again = hall.restart()
    again.policy(e1())
    assert enters(again, EXPERT) == "APB"


def test_an_expert_who_entered_by_another_boards_door_may_not_enter_twice() -> None:
    hall = hall_of(e1(entry_of(EXPERT, once=True, spent=True)), site=site_with())
    assert enters(hall, EXPERT) == "I4"
    hall.policy(e1(entry_of(EXPERT, spent=True)))
    assert enters(hall, EXPERT) == ""


# how many


def test_a_full_room_lets_nobody_in_until_somebody_left() -> None:
    hall = hall_of(e1(limit=2), site=site_with())
    assert [enters(hall, card) for card in (EXPERT, SUPERVISOR, AGENT)] == ["", "", "FULL"]
    leaves_by_button(hall)
    assert enters(hall, AGENT) == ""


def test_who_went_in_by_other_boards_doors_takes_room_too() -> None:
    hall = hall_of(e1(limit=2, others=1), site=site_with())
    assert [enters(hall, card) for card in (EXPERT, SUPERVISOR)] == ["", "FULL"]


def test_two_at_once_do_not_share_the_last_place() -> None:
    hall = hall_of(e1(limit=1), site=site_with())
    hall.card("e1-reader", EXPERT)
    hall.card("e1-reader", SUPERVISOR)
    assert hall.answers() == [True, False]
    assert hall.refusal() == "FULL"
    hall.later(1)
    hall.card("e1-reader", EXPERT)  # impatient: it is his own place that he waits for
    assert hall.answers() == [True, False, True]


def test_a_limit_that_falls_takes_back_the_last_grants_first() -> None:
    hall = hall_of(e1(limit=3), site=site_with())
    for card in (EXPERT, SUPERVISOR, AGENT):
        hall.card("e1-reader", card)
    hall.policy(e1(limit=3, others=1))
    hall.later(0.5)
    assert [(r["because"], r["person"]) for r in hall.records("no_entry")] == [("FULL", "agent-1")]
    hall.pass_through("e1-door")
    assert hall.net("e1-door", "e1") == 2


# companions

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


def test_who_was_let_in_long_ago_is_not_kept_as_company() -> None:
    hall = hall_of(site=site_with())
    for card in (EXPERT, SECOND_EXPERT):
        enters(hall, card)
        hall.later(10)
    assert [caller.entry.person for caller in hall.state.callers[DoorId("e1-door")]] == ["expert-2"]


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


# interlock

LOCKED_PAIR: dict[str, object] = {"gate": {"interlock": ("e1-door",)}, "e1_door": {"interlock": ("gate",)}}


def sluice() -> Hall:
    return hall_of(site=site_with(**LOCKED_PAIR))


DISTURB: dict[str, Callable[[Hall], object]] = {
    "a grant": lambda hall: hall.card("gate-reader", SUPERVISOR),
    "an open leaf": lambda hall: (hall.card("gate-reader", SUPERVISOR), hall.line("gate.contact", True)),
    "somebody leaving": lambda hall: hall.line("gate.exit", True),
    "a grant just taken back": lambda hall: (hall.card("gate-reader", SUPERVISOR), hall.policy(admit("wing", 2, GROUPS))),
    "no word from its board": lambda hall: hall.tell(LinesHealth(frozenset({"gate.strike", "gate.contact", "gate.exit"}), False, "")),
}


@pytest.mark.parametrize("what", DISTURB)
def test_nobody_is_let_in_while_the_partner_door_is_not_shut(what: str) -> None:
    hall = sluice()
    DISTURB[what](hall)
    hall.card("e1-reader", EXPERT)
    assert hall.refusal() == "INTERLOCK"
    hall.tell(PulseArrived("p", DoorId("e1-door"), hall.now.utc_ns, 5_000))
    assert [r["rule"] for r in hall.records("refusal")[-2:]] == ["INTERLOCK"] * 2
    assert not hall.strike("e1-door")


def test_the_partner_may_be_opened_when_the_first_is_shut_again() -> None:
    hall = sluice()
    assert enters(hall, EXPERT, "gate-reader", "gate") == ""
    assert enters(hall, EXPERT) == ""


@pytest.mark.parametrize("way", ["button", "badge"])
def test_who_leaves_is_never_held_and_who_was_about_to_enter_is(way: str) -> None:
    hall = sluice()
    hall.card("gate-reader", SUPERVISOR)
    if way == "button":
        hall.line("e1-door.exit", True)
    else:
        hall.card("e1-exit-reader", EXPERT)
    assert hall.strike("e1-door")
    assert not hall.strike("gate")
    hall.later(0.5)
    assert [r["because"] for r in hall.records("no_entry")] == ["INTERLOCK"]


def test_a_pair_that_stands_open_is_an_alarm_with_its_cause_until_one_is_shut() -> None:
    hall = sluice()
    hall.card("gate-reader", SUPERVISOR)
    hall.line("gate.contact", True)
    hall.line("e1-door.exit", True)
    hall.line("e1-door.contact", True)
    [told] = hall.records("alarm")
    assert (told["code"], told["door"], told["partner"]) == ("interlock-broken", "e1-door", "gate")
    assert "e1-door exit" in str(told["detail"])
    assert "gate authorised" in str(told["detail"])
    hall.line("gate.contact", False)
    assert [(r["code"], r["door"]) for r in hall.records("alarm_clear")] == [("interlock-broken", "e1-door")]


def test_in_a_fire_both_open_and_nobody_is_distracted() -> None:
    hall = sluice()
    hall.line("fire", True)
    hall.line("gate.contact", True)
    hall.line("e1-door.contact", True)
    assert hall.alarms() == []
    hall.line("fire", False)
    assert hall.alarms() == ["interlock-broken"]


# duress, lockdown, pulses


def told_at_the_door(hall: Hall) -> list[object]:
    return [e for e in hall.effects if isinstance(e, SetLine | AnswerReader | ShowText)]


@pytest.mark.parametrize(
    ("policy", "card"),
    [(e1(entry_of(EXPERT), entry_of(THREATENED)), EXPERT), (e1(entry_of(EXPERT), entry_of(THREATENED), limit=1, others=1), EXPERT)],
    ids=["let in", "refused"],
)
def test_under_threat_the_door_does_what_it_always_does_and_calls_for_help(policy: ComponentPolicy, card: bytes) -> None:
    flagged = replace(policy, passes=tuple(replace(p, duress=p.digest == entry_of(THREATENED).digest) for p in policy.passes))
    usual, threatened = hall_of(flagged, site=site_with()), hall_of(flagged, site=site_with())
    usual.card("e1-reader", card)
    threatened.card("e1-reader", THREATENED)
    assert told_at_the_door(threatened) == told_at_the_door(usual) != []
    assert usual.alarms() == []
    [cry] = threatened.records("alarm")
    assert (cry["code"], cry["door"], cry["person"], cry["lot"], cry["quiet"]) == ("duress", "e1-door", "expert-1", LOT, True)
    assert threatened.report() == usual.report()


@pytest.mark.parametrize("reader", ["e1-exit-reader", "locker-reader"])
def test_a_call_for_help_is_heard_at_every_reader(reader: str) -> None:
    threatened = entry_of(THREATENED, duress=True)
    hall = hall_of(e1(threatened), admit("intake", 2, GROUPS, threatened), site=site_with())
    hall.card(reader, THREATENED)
    assert hall.alarms() == ["duress"]


def test_in_a_lockdown_nobody_enters_and_everybody_leaves() -> None:
    hall = hall_of(clear("e1", 2, passes=PASSES), site=site_with())
    hall.policy(replace(clear("e1", 3, passes=PASSES), mode=DoorMode.LOCKDOWN))
    assert enters(hall, EXPERT) == "LOCKDOWN"
    hall.tell(PulseArrived("p", DoorId("e1-door"), hall.now.utc_ns, 5_000))
    assert hall.refusal() == "LOCKDOWN"
    leaves_by_button(hall)
    assert hall.records("passage")[-1]["direction"] == "out"


@pytest.mark.parametrize(
    ("rules", "policy", "rule"),
    [
        ({}, e1(limit=1, others=1), "FULL"),
        ({}, e1(limit=1), ""),
        ({"two_person": True}, e1(), "PAIR"),
        ({"two_person": True}, e1(others=1), ""),
    ],
)
def test_a_pulse_does_not_pass_over_the_rules_of_the_door(rules: dict[str, object], policy: ComponentPolicy, rule: str) -> None:
    hall = hall_of(replace(policy, groups=(Role.SUP,)), site=site_with(e1_door=rules))
    hall.tell(PulseArrived("p", DoorId("e1-door"), hall.now.utc_ns, 5_000))
    assert hall.strike("e1-door") == (not rule)
    assert [r["rule"] for r in hall.records("refusal")] == ([rule] if rule else [])
    hall.policy(replace(policy, groups=(Role.SUP,)))
    assert hall.strike("e1-door") == (not rule)  # its own place is not taken twice


def test_somebody_who_waits_holds_nobody_up_and_is_nobody_after_a_restart() -> None:
    hall = hall_of(site=site_with(e1_door={"two_person": True}))
    hall.card("e1-reader", EXPERT)
    assert hall.door("e1-door").components[ComponentId("e1")].settled
    again = hall.restart()
    again.policy(e1())
    again.card("e1-reader", SUPERVISOR)
    assert not again.strike("e1-door")


def test_people_seen_a_week_ago_are_forgotten() -> None:
    hall = passback(AntiPassback.HARD)
    enters(hall, EXPERT)
    hall.later(8 * 86_400)
    hall.policy(e1())
    enters(hall, SUPERVISOR)
    assert set(hall.state.seen) == {PersonKey("sup-1")}


def test_staff_are_a_role_like_any_other_before_a_door_of_two() -> None:
    hall = hall_of(admit("o1", 2, [Role.BID, Role.STF], entry_of(BIDDER), entry_of(STAFF)), site=site_with(o1_door={"two_person": True}))
    hall.card("o1-reader", STAFF)
    assert enters(hall, BIDDER, "o1-reader", "o1-door") == ""
    assert hall.net("o1-door", "o1") == 2
