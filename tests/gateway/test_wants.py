"""What screens show, which cameras record, where lights burn."""

import re
from dataclasses import replace

import pytest
from day_case import PEOPLE, at, card, county, day
from hypothesis import given
from hypothesis import strategies as st
from passage_case import passage_house

from gateway.core.day import LotState
from gateway.core.wants import SHARED_LOT, device_wants, spoken_lines
from venue_model.ids import DeviceId, RunId
from venue_model.lots import Phase
from venue_model.venue import DeviceKind
from venue_model.wire import Want

VENUE = county()


def wants(*states: LotState) -> dict[str, Want]:
    return {str(device): want for device, want in device_wants(VENUE, day(*states)).items()}


def test_every_screen_camera_and_light_is_told_something_also_on_an_idle_day() -> None:
    driven = {d.id for d in VENUE.devices.values() if d.kind in (DeviceKind.CAMERA, DeviceKind.LIGHT, DeviceKind.SIGN, DeviceKind.KIOSK)}
    idle = wants()
    assert idle.keys() == driven
    assert idle["o1-sign"] == Want(lines=("101", "空闲 Available"), colour="green")
    assert idle["o1-light"] == Want(on=False)
    assert idle["o1-near"] == Want(record=None)
    assert idle["hall-sign"].lines == ("县公共资源交易中心", "今日暂无开标 No openings today")


def test_an_opening_room_shows_its_project_and_the_hall_shows_the_day() -> None:
    found = wants(at(Phase.OPENING))
    assert found["o1-sign"].lines == ("101", "开标中 Opening", "L1工程", "标段L1", "16:00")
    assert found["o1-light"].on is True
    assert found["hall-sign"].lines is not None
    assert "16:00 101 L1工程 开标中" in found["hall-sign"].lines
    assert found["o2-sign"].colour == "green"


def test_a_kiosk_outside_a_door_speaks_for_the_room_inside() -> None:
    assert wants(at(Phase.CHECK_IN))["o1-kiosk"].lines == ("101", "签到中 Check-in", "L1工程")
    assert wants(at(Phase.CHECK_IN, opening_room="o2"))["o1-kiosk"].lines == ("101", "开标室101", "opening room 101")


def test_an_evaluation_room_shows_its_number_and_phase_and_never_whose_it_is() -> None:
    found = wants(at(Phase.EVALUATION))
    assert found["e1-sign"].lines == ("201", "评标中 请勿进入 Evaluation: do not enter")
    assert found["e1-sign"].colour == "red"


def test_a_recording_is_bound_to_its_lot_and_to_the_run_that_began_it() -> None:
    found = wants(replace(at(Phase.OPENING), recording=RunId("r7")))["o1-far"].record
    assert found is not None
    assert (found.project, found.lot, found.room, found.track, found.run) == ("P-L1", "L1", "o1", "o1-far", "r7")


def test_the_corridor_records_for_the_venue_and_for_no_project() -> None:
    found = wants(at(Phase.INTAKE))["wing-cam"].record
    assert found is not None
    assert (found.project, found.lot) == (VENUE.id, SHARED_LOT)
    assert wants(at(Phase.OPENING))["wing-cam"].record is None


@pytest.mark.parametrize("phase", Phase)
def test_cameras_of_a_lot_record_exactly_in_its_recorded_phases(phase: Phase) -> None:
    opening = {Phase.PREPARATION, Phase.CHECK_IN, Phase.OPENING, Phase.SUSPENDED, Phase.SECOND_ROUND}
    evaluation = {Phase.INTAKE, Phase.EVALUATION, Phase.INQUIRY, Phase.SECOND_ROUND, Phase.OVERNIGHT, Phase.REPORT_SIGNED}
    found = wants(at(phase))
    assert (found["o1-near"].record is not None) == (phase in opening)
    assert (found["e1-near"].record is not None) == (phase in evaluation)


def test_the_lot_in_action_goes_before_one_that_is_merely_booked() -> None:
    found = wants(at(Phase.BOOKED, "L0"), at(Phase.OPENING, "L2"))
    assert found["o1-sign"].lines is not None and "L2工程" in found["o1-sign"].lines


def test_the_hall_shows_six_lots_and_none_that_is_over() -> None:
    many = [at(Phase.BOOKED, f"L{n}") for n in range(9)] + [at(Phase.CLOSED, "L99")]
    lines = wants(*many)["hall-sign"].lines
    assert lines is not None
    assert len(lines) == 7
    assert not any("L99" in line for line in lines)


@given(st.sampled_from(Phase), st.sampled_from(Phase))
def test_no_screen_ever_shows_a_person(one: Phase, other: Phase) -> None:
    shown = " ".join(
        line for want in wants(at(one), at(other, "L2", opening_room="o2", evaluation_room="e2")).values() for line in spoken_lines(want)
    )
    for someone in PEOPLE:
        assert someone.person not in shown
        assert card(someone.person) not in shown
    assert not re.search(r"[0-9a-f]{16}", shown)


@given(st.sampled_from(Phase))
def test_the_same_day_asks_the_same_of_every_device(phase: Phase) -> None:
    assert device_wants(VENUE, day(at(phase))) == device_wants(VENUE, day(at(phase)))
    assert DeviceId("o1-reader") not in device_wants(VENUE, day(at(phase)))


def house_wants(*states: LotState) -> dict[str, Want]:
    return {str(device): want for device, want in device_wants(passage_house(), day(*states)).items()}


def test_over_night_the_network_is_cut_once_nobody_works_any_more() -> None:
    night, other = at(Phase.OVERNIGHT), at(Phase.EVALUATION, "L2", opening_room="o2", evaluation_room="e2")
    assert (house_wants(night)["wing-net"], house_wants(night)["e1-net"]) == (Want(on=True), Want(on=True))
    both = house_wants(night, other)
    assert (both["wing-net"], both["e1-net"]) == (Want(on=False), Want(on=True)), "a room's own relay follows its own lot"
    assert house_wants(other)["wing-net"] == Want(on=False)
    assert house_wants(at(Phase.OPENING))["wing-net"] == Want(on=False)


def test_over_night_rooms_and_corridors_are_recorded_and_the_door_says_closed() -> None:
    assert wants(at(Phase.OVERNIGHT))["e1-sign"] == Want(lines=("201", "封闭 请勿进入 Closed: do not enter"), colour="red")
    cameras = house_wants(at(Phase.OVERNIGHT))
    assert {name for name, want in cameras.items() if want.record is not None} == {"e1-cam", "wing-cam", "intake-cam"}


def test_both_sides_of_an_inquiry_are_recorded_for_its_lot_and_the_passage_for_the_venue() -> None:
    found = house_wants(at(Phase.INQUIRY, inquiry=("ask", "answer")))
    recorded = {name: want.record.lot for name, want in found.items() if want.record is not None}
    assert recorded == {
        "ask-cam": "L1", "answer-cam": "L1", "e1-cam": "L1", "wing-cam": SHARED_LOT, "intake-cam": SHARED_LOT, "link-cam": SHARED_LOT,
    }  # fmt: skip


def test_a_suspended_evaluation_says_so_and_goes_on_being_recorded() -> None:
    found = wants(replace(at(Phase.SUSPENDED), suspended_from=Phase.EVALUATION))
    assert found["e1-sign"] == Want(lines=("201", "暂停 Suspended"), colour="red")
    assert found["e1-near"].record is not None
    assert found["o1-near"].record is None


def test_the_hall_shows_no_lot_that_is_opened_elsewhere() -> None:
    lines = wants(at(Phase.EVALUATION, opening_room=None))["hall-sign"].lines
    assert lines is not None and not any("L1" in line for line in lines)
