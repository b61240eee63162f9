"""The laws about what doors say yes to: each is fed a trace that breaks it, and one that does not."""

from glass_house import BID, EXP, SUP, GlassHouse, crash, grant, held, judge, line, read, signed, taken

from simulation.checkers.epochs import Epochs
from simulation.checkers.generations import Generations
from simulation.checkers.i1_bidders import BiddersBarred
from simulation.checkers.i2_own_room import OwnRoom
from simulation.checkers.i3_window import EntryWindow
from simulation.checkers.i4_once import EntersOnce
from simulation.checkers.i5_lockers import PhonesAway
from simulation.checkers.never_more import NeverMore
from simulation.checkers.strikes import StrikesRecorded
from simulation.world.contract import Body, See
from venue_model.groups import Role
from venue_model.ids import LotId, RoomId
from venue_model.moments import S

OPEN = held(5, "opening", "o1", groups=("BID", "SUP"))
LEASED = (5, See.LEASE, {"board": "opening", "components": ("o1",), "until_ns": 65 * S})
LAWFUL = [signed(OPEN), OPEN, LEASED]
INTO_INTAKE = {"door": "intake-door", "from": "", "to": "intake", "direction": "in", "how": "pass", "person": EXP, "group": "EXP"}
AUTHORISED = taken(100, "gatehouse", "passage", INTO_INTAKE)


def test_a_grant_within_the_policy_and_its_lease_is_lawful() -> None:
    assert judge(NeverMore, [*LAWFUL, grant(10, "o1-door", BID, "BID")]) == []


def test_a_grant_after_the_lease_is_told() -> None:
    [text] = judge(NeverMore, [*LAWFUL, grant(70, "o1-door", BID, "BID")])
    assert "lease was over" in text


def test_a_lease_that_is_longer_than_the_venues_is_told() -> None:
    forever = (5, See.LEASE, {"board": "opening", "components": ("o1",), "until_ns": 3_600 * S})
    [text] = judge(NeverMore, [signed(OPEN), OPEN, forever])
    assert "lease of 3595 s, of 60" in text


def test_a_strike_that_moves_for_nobody_in_the_journal_is_told() -> None:
    moves = (10, See.STRIKE, {"door": "o1-door", "released": True})
    [text] = judge(StrikesRecorded, [moves])
    assert "no line on disk" in text
    bar = (9, See.LEAF, {"door": "o1-door", "open": True, "by": "", "how": "bar"})
    fire = (9, See.FIRE, {"board": "opening", "active": True})
    for reason in (line(9, "opening", "grant", {"door": "o1-door"}), bar, fire):
        assert judge(StrikesRecorded, [reason, moves]) == []
    assert judge(StrikesRecorded, [line(9, "opening", "grant", {"door": "o2-door"}), moves])
    over = [fire, (9, See.FIRE, {"board": "opening", "active": False}), moves]
    assert judge(StrikesRecorded, over)


def test_a_grant_after_a_restart_without_a_new_lease_is_told() -> None:
    [text] = judge(NeverMore, [*LAWFUL, crash(8, "opening"), grant(10, "o1-door", BID, "BID")])
    assert "no lease in this session" in text


def test_a_grant_to_a_group_that_the_policy_does_not_admit_is_told() -> None:
    [text] = judge(NeverMore, [*LAWFUL, grant(10, "o1-door", EXP, "EXP")])
    assert "admits BID, SUP" in text


def test_a_grant_during_clear_is_told_unless_the_policy_came_in_the_same_turn() -> None:
    clear = held(9, "opening", "o1", epoch=3, mode="clear")
    again = held(10, "opening", "o1", epoch=4, groups=("BID",))
    now = grant(10, "o1-door", BID, "BID")
    [text] = judge(NeverMore, [*LAWFUL, signed(clear), clear, now])
    assert "cleared" in text
    assert judge(NeverMore, [*LAWFUL, signed(clear), clear, signed(again), now, again]) == []


def test_a_policy_that_nobody_signed_is_told() -> None:
    [text] = judge(NeverMore, [OPEN])
    assert "never signed" in text


def test_a_door_that_goes_back_to_an_older_policy_is_told() -> None:
    [text] = judge(Epochs, [held(5, "opening", "o1", epoch=4), held(6, "opening", "o1", epoch=3)])
    assert "(1, 4)" in text and "(1, 3)" in text


def test_a_number_that_is_signed_for_two_policies_is_told() -> None:
    [text] = judge(Epochs, [signed(OPEN), signed(held(6, "opening", "o1", groups=("EXP",)))])
    assert "two policies" in text


def test_a_board_that_goes_back_to_an_older_scene_is_told() -> None:
    def desired(time_s: float, generation: int) -> object:
        return line(time_s, "opening", "desired", {"epoch": 1, "generation": generation})

    assert judge(Generations, [desired(1, 4), desired(2, 5)]) == []  # type: ignore[list-item]
    [text] = judge(Generations, [desired(1, 5), desired(2, 4)])  # type: ignore[list-item]
    assert "(1, 5)" in text


def test_a_bidder_at_the_gate_is_told_whatever_the_door_believed() -> None:
    [text] = judge(BiddersBarred, [grant(10, "gate", BID, "BID")])
    assert "BID is never admitted to Z5" in text
    people = {BID: Body(BID, Role.BID, LotId("L1"), RoomId("intake"))}
    [text] = judge(BiddersBarred, [read(9, "reader", BID), grant(10, "gate", BID, "EXP")], GlassHouse(people=people))
    assert "BID" in text
    lent = [read(9, "reader", BID), grant(10, "gate", EXP, "EXP")]
    assert judge(BiddersBarred, lent, GlassHouse(people=people)) == []  # a lent card: no software can know


def test_another_committees_room_is_told() -> None:
    [text] = judge(OwnRoom, [grant(10, "e2-door", EXP, "EXP")])
    assert "e1" in text
    assert judge(OwnRoom, [grant(10, "e1-door", EXP, "EXP"), grant(11, "e2-door", SUP, "SUP")]) == []


def test_an_entry_after_the_window_is_told_as_far_as_clocks_can_tell() -> None:
    late = grant(100 + 300 + 60, "gate", EXP, "EXP")
    [text] = judge(EntryWindow, [AUTHORISED, late])
    assert "closed 60 s ago" in text
    assert judge(EntryWindow, [AUTHORISED, late], GlassHouse(offsets_s={"gatehouse": -90})) == []
    assert judge(EntryWindow, [AUTHORISED, grant(350, "gate", EXP, "EXP")]) == []
    assert judge(EntryWindow, [AUTHORISED, taken(300, "", "authorise", {"person": EXP, "by": "staff"}), late]) == []


def test_an_entry_without_any_authorisation_is_told() -> None:
    [text] = judge(EntryWindow, [grant(10, "gate", EXP, "EXP")])
    assert "never authorised" in text


def test_a_second_entry_on_one_authorisation_is_told() -> None:
    def entered(time_s: float) -> object:
        return line(time_s, "evaluation", "passage", {"door": "e1-door", "direction": "in", "to": "e1", "person": EXP, "group": "EXP"})

    [text] = judge(EntersOnce, [AUTHORISED, entered(110), entered(200)])  # type: ignore[list-item]
    assert "again" in text
    again = taken(150, "", "authorise", {"person": EXP, "by": "staff"})
    assert judge(EntersOnce, [AUTHORISED, entered(110), again, entered(200)]) == []  # type: ignore[list-item]


def test_a_phone_past_the_gate_is_told() -> None:
    bound = line(50, "gatehouse", "locker", {"locker": "locker-1", "act": "bound", "person": EXP})
    shut = (49, See.LOCKER, {"device": "locker-1", "open": False, "phone": True})
    ajar = (55, See.LOCKER, {"device": "locker-1", "open": True, "phone": True})
    past = grant(60, "gate", EXP, "EXP")
    assert judge(PhonesAway, [shut, bound, past]) == []
    assert judge(PhonesAway, [past]) == [f"gate let in {EXP} (EXP): no locker is bound to this person"]
    assert judge(PhonesAway, [shut, bound, ajar, past]) == [f"gate let in {EXP} (EXP): locker-1 stands open"]
