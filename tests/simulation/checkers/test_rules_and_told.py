"""The rules of single doors, and what must be told to staff: each is fed a trace that breaks it, and one that does not."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from glass_house import BID, COUNTY, EXP, LOT, SUP, GlassHouse, crash, grant, judge, leaf, let_in, line, moved, taken, with_lot

from gateway.core.day import LotState
from simulation.checkers.antipassback import NoPassback
from simulation.checkers.company import Company
from simulation.checkers.i7_inquiry import SidesOfInquiry
from simulation.checkers.i12_overnight import Overnight
from simulation.checkers.i13_jumps import JumpsTold
from simulation.checkers.i14_conflicts import ConflictsTold
from simulation.checkers.i15_checkout import CheckoutTold
from simulation.checkers.interlocks import Interlocks
from simulation.checkers.limits import Limits
from simulation.world.contract import See
from venue_model.groups import Role
from venue_model.ids import DoorId, PersonKey, RoomId
from venue_model.lots import Phase
from venue_model.venue import AntiPassback, Door

OTHER = PersonKey("kbid000000002")
AGENT = PersonKey("kagt000000001")


def with_door(door: str, **changes: Any) -> GlassHouse:
    """The county hall with one door otherwise."""
    found: Door = replace(COUNTY.doors[DoorId(door)], **changes)
    return GlassHouse(venue=replace(COUNTY, doors={**COUNTY.doors, found.id: found}))


def test_a_grant_while_the_partner_stands_open_is_told() -> None:
    house = GlassHouse(venue=replace(COUNTY, interlocks=((DoorId("intake-door"), DoorId("gate")),)))
    opened, shut = leaf(5, "intake-door", "pull", EXP), leaf(8, "intake-door", "closer", is_open=False)
    assert judge(Interlocks, [opened, grant(7, "gate", EXP, "EXP")], house) == [f"gate let in {EXP} (EXP): intake-door stands open"]
    assert judge(Interlocks, [opened, shut, grant(9, "gate", EXP, "EXP")], house) == []
    released = (6, See.STRIKE, {"door": "intake-door", "released": True})
    assert judge(Interlocks, [released, grant(7, "gate", EXP, "EXP")], house) == [f"gate let in {EXP} (EXP): intake-door is released"]


def test_one_more_than_a_room_may_hold_is_told() -> None:
    house = GlassHouse(venue=replace(COUNTY, rooms={**COUNTY.rooms, RoomId("o1"): replace(COUNTY.rooms[RoomId("o1")], limit=1)}))
    first, second = let_in(10, "o1-door", BID, "BID", "hall", "o1"), let_in(20, "o1-door", OTHER, "BID", "hall", "o1")
    [text] = judge(Limits, [*first, *second], house)
    assert "1 of 1 were inside" in text
    left = [leaf(15, "o1-door", "bar", BID), moved(15.5, BID, "BID", "o1", "hall", "o1-door")]
    assert judge(Limits, [*first, *left, *second], house) == []
    assert judge(Limits, [*first, crash(12, "opening"), *second], house) == []  # from then on its count is a bound


def test_two_who_are_let_in_a_moment_apart_count_before_they_walk() -> None:
    house = GlassHouse(venue=replace(COUNTY, rooms={**COUNTY.rooms, RoomId("o1"): replace(COUNTY.rooms[RoomId("o1")], limit=1)}))
    [text] = judge(Limits, [*let_in(10, "o1-door", BID, "BID", "hall", "o1")[:2], grant(10.5, "o1-door", OTHER, "BID", device="r2")], house)
    assert "1 of 1" in text


def test_one_alone_in_a_two_person_room_is_told() -> None:
    house = with_door("monitor-door", two_person=True)
    alone = let_in(10, "monitor-door", SUP, "SUP", "office", "monitor")
    [text] = judge(Company, alone, house)
    assert "alone" in text
    wit = PersonKey("kwit000000001")
    both = [grant(10.2, "monitor-door", wit, "WIT"), *let_in(10, "monitor-door", SUP, "SUP", "office", "monitor")]
    assert judge(Company, sorted(both, key=lambda event: event[0]), house) == []


def test_a_supervisor_in_the_corridor_without_a_witness_is_told() -> None:
    escorted = [grant(10, "gate", SUP, "SUP"), grant(12, "gate", PersonKey("kwit000000001"), "WIT")]
    assert judge(Company, escorted) == []
    [text] = judge(Company, [grant(10, "gate", SUP, "SUP"), grant(12, "gate", EXP, "EXP")])
    assert "without an escort" in text


def test_a_pass_that_is_inside_and_opens_again_is_told() -> None:
    twice = [*let_in(10, "o1-door", BID, "BID", "hall", "o1"), grant(20, "o1-door", BID, "BID")]
    [text] = judge(NoPassback, twice, with_door("o1-door", antipassback=AntiPassback.HARD))
    assert BID in text
    assert judge(NoPassback, twice, with_door("o1-door", antipassback=AntiPassback.SOFT)) == []


def test_the_other_sides_inquiry_room_is_told() -> None:
    assert judge(SidesOfInquiry, [grant(10, "q-experts-door", AGENT, "AGT")]) != []
    assert judge(SidesOfInquiry, [grant(10, "q-bidders-door", EXP, "EXP")]) != []
    assert judge(SidesOfInquiry, [grant(10, "q-bidders-door", BID, "BID"), grant(11, "q-experts-door", EXP, "EXP")]) == []


def night(seal: bool) -> list[str]:
    """What is said of a night for which the room is sealed, or not."""
    state = LotState(LOT, Phase.OVERNIGHT, 0, Phase.OVERNIGHT)
    coordinator = SimpleNamespace(warden=SimpleNamespace(domains={"e1": SimpleNamespace(seal=seal)}))
    house = GlassHouse(states={LOT.id: state}, coordinator=coordinator)
    return judge(Overnight, [taken(100, "", "scene", {"run": "r", "scene": "overnight", "result": "ok", "failed": []})], house)


def test_an_unsealed_night_is_told() -> None:
    assert night(seal=True) == []
    assert night(seal=False) == ["e1 of lot L1 is not sealed over night"]


def test_an_evaluation_past_the_curfew_without_a_word_is_told() -> None:
    state = LotState(LOT, Phase.EVALUATION, 0, Phase.EVALUATION)
    house = GlassHouse(venue=replace(COUNTY, curfew="16:30"), states={LOT.id: state}, coordinator=object())
    began = taken(100, "", "scene", {"run": "r", "scene": "evaluation", "result": "ok", "failed": []})
    [text] = judge(Overnight, [began], house, end_s=3_600)  # the run begins at 16:00 in China
    assert "past 16:30" in text
    assert judge(Overnight, [began, taken(1900, "", "alarm", {"code": "curfew", "place": "L1"})], house, end_s=3_600) == []
    assert judge(Overnight, [began], house, end_s=1_700) == []


def test_one_person_at_two_doors_at_once_must_be_told() -> None:
    def refused(time_s: float, board: str, door: str) -> Any:
        return line(time_s, board, "refusal", {"door": door, "person": EXP})

    both = [refused(10, "opening", "o1-door"), refused(10.2, "evaluation", "e1-door")]
    [text] = judge(JumpsTold, both)
    assert "o1-door and e1-door" in text
    assert judge(JumpsTold, [*both, taken(11, "", "alarm", {"code": "impossible-jump", "person": EXP})]) == []
    assert judge(JumpsTold, both, GlassHouse(offsets_s={"opening": 3})) == []
    assert judge(JumpsTold, [refused(10, "gatehouse", "gate"), refused(10.2, "evaluation", "e1-door")]) == []  # they share the corridor


def test_two_who_must_avoid_each_other_and_came_must_be_told_quietly() -> None:
    came = [taken(t, "opening", "passage", {"person": p, "door": "o1-door", "to": "o1"}) for t, p in ((10, BID), (20, EXP))]
    house = GlassHouse(lots=with_lot(conflicts=((EXP, BID),)))
    [text] = judge(ConflictsTold, came, house)
    assert "nobody was told" in text
    quiet = {"code": "conflict", "place": f"{BID} {EXP}", "quiet": True, "audience": ["supervisor", "witness"]}
    assert judge(ConflictsTold, [*came, taken(21, "", "alarm", quiet)], house) == []
    [text] = judge(ConflictsTold, [*came, taken(21, "", "alarm", {**quiet, "quiet": False})], house)
    assert "to everybody" in text


def test_leaving_the_opening_area_without_a_word_must_be_told() -> None:
    def into(time_s: float, room: str) -> Any:
        return taken(time_s, "b", "passage", {"person": AGENT, "group": Role.AGT.value, "door": "d", "direction": "in", "to": room})

    assert judge(CheckoutTold, [into(10, "o1"), into(500, "intake")]) != []
    assert judge(CheckoutTold, [into(10, "o1"), taken(400, "", "checkout", {"person": AGENT}), into(500, "intake")]) == []
    told = taken(570, "", "alarm", {"code": "checkout-missing", "person": AGENT})
    assert judge(CheckoutTold, [into(10, "o1"), into(500, "intake"), told]) == []
