"""The house as people meet it: metal that moves, boards that decide, and both when something breaks."""

import pytest
from world_case import AGENT, BIDDERS, EXPERT, L1, UP_TO_EVALUATION, a_house, arrive, badge, card, enter, later, leave, lines, press, seen

from edge.drivers.protocols import DeviceError
from simulation.world.contract import See
from venue_model.ids import BoardId, DeviceId, DoorId, RoomId
from venue_model.lots import Phase
from venue_model.venue import Side

O1 = DoorId("o1-door")


def test_a_leaf_stays_shut_until_its_board_lets_it_go_and_counts_who_went_through() -> None:
    house = a_house()
    arrive(house, AGENT, "hall")
    assert not house.pull(O1, Side.OUTSIDE)
    assert not enter(house, AGENT, "o1-door"), "nobody prepares yet"
    press(house, "opening_preparation")
    assert enter(house, AGENT, "o1-door")
    assert house.room_of(AGENT) == "o1"
    assert [passage["person"] for passage in lines(house, "opening", "passage")] == [AGENT]
    assert leave(house, AGENT, "o1-door")
    assert [passage["direction"] for passage in lines(house, "opening", "passage")] == ["in", "out"]
    assert [s.fields["granted"] for s in seen(house, See.ANSWER)] == [False, True]
    assert not house.is_open(O1)


def test_nobody_walks_through_a_shut_leaf_and_everybody_through_a_passage() -> None:
    house = a_house()
    arrive(house, AGENT, "hall")
    assert not house.walk(AGENT, O1)
    assert house.walk(AGENT, DoorId("hall-waiting"))
    assert house.room_of(AGENT) == "waiting"


def test_the_bar_and_the_fire_contact_open_with_every_program_dead() -> None:
    house = a_house()
    for host in house.boards.values():
        host.cut_power("before-commit")
        host._die(noticed=False)
    assert house.press_exit(O1) and house.is_open(O1)
    house.fire(BoardId("opening"), True)
    later(house, 0.2)
    assert house.pull(DoorId("o2-door"), Side.INSIDE)
    assert seen(house, See.LEAF, door="o2-door")[0].fields["how"] == "cut"
    house.fire(BoardId("opening"), False)
    later(house, 8)
    assert not house.pull(DoorId("o2-door"), Side.OUTSIDE)
    assert house.was_cut(DoorId("o2-door"), 10**10) and not house.was_cut(DoorId("e1-door"), 10**10)


def test_glass_and_crowbar_open_and_are_told_as_what_they_are() -> None:
    house = a_house()
    arrive(house, AGENT, "hall")
    house.break_glass(O1, AGENT)
    assert house.walk(AGENT, O1)
    assert seen(house, See.MOVED)[-1].fields["force"]
    later(house, 10)
    house.force(O1)
    later(house, 2)
    assert "forced" in [alarm["code"] for alarm in lines(house, "opening", "alarm")]


def test_a_whole_evaluation_with_lockers_phones_and_a_seal() -> None:
    house = a_house()
    press(house, *UP_TO_EVALUATION[:-1])
    arrive(house, EXPERT, "street")
    assert enter(house, EXPERT, "intake-door")
    badge(house, EXPERT, "gate")
    assert lines(house, "gatehouse", "refusal")[-1]["rule"] == "I5"
    later(house, 3)
    house.present_card(DeviceId("locker-reader"), card(EXPERT), EXPERT)
    later(house, 1)
    [locker] = house.open_lockers(RoomId("intake"))
    assert house.put_phone(locker)
    later(house, 3)
    assert house.has_phone(locker) and not house.open_lockers(RoomId("intake"))
    assert enter(house, EXPERT, "gate")
    assert enter(house, EXPERT, "e1-door")
    press(house, "evaluation")
    assert house.holding(BoardId("evaluation")).state.held["e1"].policy.seal  # type: ignore[union-attr, index]
    assert leave(house, EXPERT, "e1-door"), "a seal holds nobody in"
    assert lines(house, "evaluation", "breach")
    press(house, "report_signed")
    state = house.lot_state(L1)
    assert state is not None and state.phase is Phase.REPORT_SIGNED


def test_a_phone_answers_the_challenge_on_the_kiosk() -> None:
    house = a_house()
    assert house.make_badge(DoorId("o2-door"), b"\x07" * 32) is None, "no kiosk hangs there"
    text = house.make_badge(O1, b"\x07" * 32)
    assert text is not None
    camera = house.qr_of(O1)
    assert camera is not None
    house.show_qr(camera, text)
    later(house, 1)
    assert lines(house, "opening", "refusal")[-1]["rule"] in ("PASS-UNKNOWN", "LEASE")


def test_a_reader_that_reads_twice_grants_once() -> None:
    house = a_house(faults=["double-read"])
    house.faults.rates["double-read"] = 1.0
    press(house, "opening_preparation")
    arrive(house, AGENT, "hall")
    assert enter(house, AGENT, "o1-door")
    assert len(lines(house, "opening", "grant")) == 1


def test_a_board_without_its_lines_lets_nobody_in_and_one_that_has_them_back_goes_on() -> None:
    house = a_house()
    press(house, "opening_preparation")
    arrive(house, AGENT, "hall")
    host = house.boards[BoardId("opening")]
    assert host.lines is not None
    host.lines.vanish()
    with pytest.raises(DeviceError):
        host.lines.read("o1-door.contact")
    later(house, 3)
    assert not enter(house, AGENT, "o1-door")
    assert lines(house, "opening", "refusal")[-1]["rule"] == "DOOR"
    host.lines.come_back()
    later(house, 3)
    assert enter(house, AGENT, "o1-door")


def test_a_stuck_contact_hides_a_passage_until_it_is_loose_again() -> None:
    house = a_house()
    press(house, "opening_preparation")
    arrive(house, AGENT, "hall")
    host = house.boards[BoardId("opening")]
    assert host.lines is not None
    host.lines.stick("o1-door.contact")
    assert enter(house, AGENT, "o1-door")
    assert not lines(house, "opening", "passage")
    host.lines.loosen("o1-door.contact")
    later(house, 10)
    assert lines(house, "opening", "no_entry")


def test_a_propped_leaf_stays_open_and_is_an_alarm() -> None:
    house = a_house()
    press(house, "opening_preparation")
    arrive(house, BIDDERS[0], "hall")
    house.press_exit(O1)
    assert house.prop(O1, True)
    later(house, 40)
    assert house.is_open(O1) and house.walk(BIDDERS[0], O1)
    assert "held" in [alarm["code"] for alarm in lines(house, "opening", "alarm")]
    house.prop(O1, False)
    later(house, 8)
    assert not house.is_open(O1)

