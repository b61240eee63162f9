"""What screens show, which cameras record, where lights burn."""

import re
from dataclasses import replace

import pytest
from day_case import PEOPLE, at, card, county, day
from hypothesis import given
from hypothesis import strategies as st
from passage_case import passage_house

from gateway.core.day import LotState
from gateway.core.wants import SHARED_LOT, device_wants, merged_wants, spoken_lines
from venue_model.asks import table
from venue_model.ids import BoardId, DeviceId, RoomId, RunId
from venue_model.lots import Phase
from venue_model.templates import ANNOUNCEMENTS, SIGN_WORDS
from venue_model.venue import Device, DeviceKind, Name, Venue
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


# loudspeakers and climate


def spoken_house() -> Venue:
    """The county venue with a loudspeaker and climate in the hall, an opening room, the wing and an evaluation room."""
    added = [
        Device(DeviceId(f"{room}-{kind}"), kind, RoomId(room), BoardId("opening"), Name(room, room))
        for room in ("hall", "o1", "wing", "e1")
        for kind in (DeviceKind.SPEAKER, DeviceKind.CLIMATE)
    ]
    return replace(VENUE, devices={**VENUE.devices, **{device.id: device for device in added}})


def heard(*states: LotState) -> dict[str, Want]:
    found = device_wants(spoken_house(), day(*states))
    return {str(device): want for device, want in found.items() if device.endswith(("-speaker", "-climate"))}


def test_sign_in_is_announced_in_the_room_and_in_the_hall_from_the_press_on() -> None:
    found = heard(at(Phase.CHECK_IN))
    since = at(Phase.CHECK_IN).phase_utc_ns
    assert found["o1-speaker"] == Want(on=True, say="check-in", since_utc_ns=since) == found["hall-speaker"]
    assert found["e1-speaker"] == Want(on=True)


def test_rooms_at_work_are_muted() -> None:
    assert heard(at(Phase.OPENING))["o1-speaker"] == Want(on=False)
    assert [heard(at(Phase.EVALUATION))[f"{room}-speaker"] for room in ("e1", "wing")] == [Want(on=False)] * 2
    assert heard(at(Phase.EVALUATION))["hall-speaker"] == Want(on=True)


def test_of_several_lots_the_hall_hears_the_newest_announcement_and_a_shared_corridor_the_strictest_rule() -> None:
    early, late = at(Phase.FAILED), replace(at(Phase.CHECK_IN, "L2", opening_room="o2"), phase_utc_ns=at(Phase.FAILED).phase_utc_ns + 1)
    assert heard(early, late)["hall-speaker"].say == heard(late, early)["hall-speaker"].say == "check-in"
    coming = at(Phase.INTAKE, "L2", opening_room="o2", evaluation_room="e2")
    assert heard(coming)["wing-speaker"] == Want(on=True)
    assert heard(coming, at(Phase.EVALUATION))["wing-speaker"] == Want(on=False), "a committee next door is at work"


def test_the_test_tone_stays_in_the_room() -> None:
    found = heard(at(Phase.PREPARATION))
    assert (found["o1-speaker"].say, found["hall-speaker"].say) == ("test-tone", "")


def test_climate_follows_the_room_in_use() -> None:
    found = heard(at(Phase.EVALUATION))
    assert [found[f"{room}-climate"].on for room in ("e1", "wing", "o1")] == [True, True, False]


def test_every_text_and_announcement_of_the_table_is_a_template() -> None:
    for phase, part, wish in table():
        assert wish.sign in {("", ""), *SIGN_WORDS.values()}, (phase, part)
        assert not wish.say or (wish.say in ANNOUNCEMENTS and not wish.muted and not ANNOUNCEMENTS[wish.say].life_safety)
        assert wish.mode.value not in ("evaluation", "inquiry") or wish.muted or not wish.in_use or part.value.endswith("passage")


def test_bidders_are_shown_the_way_to_the_waiting_area_and_the_hall_shows_the_way_to_the_room() -> None:
    assert wants(at(Phase.OPENING_END))["o1-sign"].lines[-1] == "请到候标区等候 Please go to the waiting area"  # type: ignore[index]
    hall = wants(at(Phase.CHECK_IN))["hall-sign"].lines
    assert hall is not None and "16:00 →101 L1工程 签到中" in hall


# several scenes under way


def test_a_shared_camera_begins_with_the_first_lot_that_wants_it_and_stops_with_the_last() -> None:
    seated, gone = at(Phase.EVALUATION), at(Phase.CLOSED)
    coming, waiting = at(Phase.INTAKE, "L2", opening_room="o2", evaluation_room="e2"), at(Phase.BOOKED, "L2", opening_room="o2")
    wing = DeviceId("wing-cam")
    begun = merged_wants(VENUE, day(gone, coming), day(gone, waiting), day(gone, waiting))
    assert begun[wing].record is not None, "the second lot's recording begins before its doors"
    ending = merged_wants(VENUE, day(gone, waiting), day(gone, waiting), day(seated, waiting))
    assert ending[wing].record is not None, "the first lot's doors have closed, and its recording has not ended yet"
    assert merged_wants(VENUE, *[day(gone, waiting)] * 3)[wing].record is None


def test_the_hall_shows_each_lot_where_its_doors_are() -> None:
    before, after, other = at(Phase.CHECK_IN), at(Phase.OPENING), at(Phase.OPENING, "L2", opening_room="o2")
    found = merged_wants(VENUE, day(after, other), day(before, other), day(before, other))
    assert [line for line in found[DeviceId("hall-sign")].lines or () if "L1" in line] == ["16:00 →101 L1工程 签到中"]
