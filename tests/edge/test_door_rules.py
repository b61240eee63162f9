"""What a person sees at interlocked doors, in a lockdown, under threat; and what staff see who open from afar."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from agent_hall import (
    EXPERT,
    LOT,
    SUPERVISOR,
    THREATENED,
    Hall,
    admit,
    clear,
    entry_of,
    site_with,
)
from agent_rules import GROUPS, PASSES, e1, enters, hall_of, leaves_by_button

from edge.core.effects import AnswerReader, SetLine, ShowText
from edge.core.events import LinesHealth, PulseArrived
from venue_model.door_policy import ComponentPolicy
from venue_model.groups import Role
from venue_model.ids import DoorId
from venue_model.profiles import DoorMode

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
