"""Recordings in virtual time: segments and gaps as the real recorder tells them, beside what was truly filmed."""

from itertools import pairwise

from world_case import a_house, later, lines, press, seen

from simulation.world.contract import See
from simulation.world.house import House
from venue_model.ids import BoardId, DeviceId
from venue_model.moments import S

RECORDER = BoardId("recorder")
NEAR = DeviceId("o1-near")


def recording() -> House:
    house = a_house()
    press(house, "opening_preparation")
    return house


def of(house: House, kind: str) -> list[dict[str, object]]:
    return [body for body in lines(house, "recorder", kind) if body["camera"] == NEAR]


def freeze(house: House) -> None:
    house.boards[RECORDER].furniture.reels[NEAR].frozen_since_ns = house.world.now_ns
    house.boards[RECORDER].recorder.freeze(NEAR)  # type: ignore[union-attr]


def thaw(house: House) -> None:
    house.boards[RECORDER].furniture.reels[NEAR].frozen_since_ns = None
    house.boards[RECORDER].recorder.thaw(NEAR)  # type: ignore[union-attr]


def test_segments_follow_each_other_without_a_hole_and_a_stop_seals_the_last() -> None:
    house = recording()
    later(house, 700)
    press(house, "check_in", "opening", "opening_end")
    segments = of(house, "segment")
    assert [segment["ended"] for segment in segments] == ["rotation", "rotation", "stop"]
    assert all(one["end_utc_ns"] == other["start_utc_ns"] for one, other in pairwise(segments))
    assert [segment["seq"] for segment in segments] == [1, 2, 3]
    assert not of(house, "gap")
    assert len([s for s in house.footage("P1") if s[0] == NEAR]) == 3


def test_a_camera_that_sends_nothing_is_a_gap_from_its_last_frame_to_its_next() -> None:
    house = recording()
    freeze(house)
    frozen_ns = house.world.now_ns
    later(house, 30)
    [opened] = of(house, "gap")
    assert (opened["cause"], opened.get("to_utc_ns")) == ("no-frames", None)
    thaw(house)
    later(house, 5)
    closed = of(house, "gap")[-1]
    offset_ns = house.clock_offset_ns("recorder") + house.world.start_utc_ns
    assert abs(int(str(closed["from_utc_ns"])) - offset_ns - frozen_ns) < S // 100
    assert int(str(closed["to_utc_ns"])) - offset_ns - frozen_ns > 30 * S
    filmed = [s for s in house.footage("P1") if s[0] == NEAR]
    assert filmed[-1][3] <= frozen_ns


def test_a_recorder_that_dies_seals_on_its_return_and_owns_up_to_the_time_between() -> None:
    house = recording()
    later(house, 60)
    house.boards[RECORDER].kill()
    later(house, 20)
    assert [segment["ended"] for segment in of(house, "segment")] == ["crash"]
    gaps = of(house, "gap")
    assert {gap["cause"] for gap in gaps} == {"process-restart"}
    assert any("to_utc_ns" in gap for gap in gaps), "the gap ended when it filmed again"


def test_a_room_of_which_no_camera_films_does_not_open() -> None:
    house = a_house()
    for camera in ("o1-near", "o1-far"):
        house.boards[RECORDER].furniture.reels[DeviceId(camera)].frozen_since_ns = house.world.now_ns
        house.boards[RECORDER].recorder.freeze(DeviceId(camera))  # type: ignore[union-attr]
    later(house, 5)
    press(house, "opening_preparation")
    later(house, 15)
    assert [s.fields["body"]["result"] for s in seen(house, See.TAKEN, line="scene")] == ["failed"]
