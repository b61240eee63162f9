"""The scene book: staff choose among templates, and what is law they may not write."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from coordinator_case import L1, pressed, stage
from day_case import at, county, day, lot
from fake_agents import Stage
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.day import Refusal
from gateway.core.scene_book import Draft, cells, check_draft, differences, prepare_before_s, say_choices, sign_choices
from gateway.core.wants import device_wants
from venue_model.asks import PHASE_ASKS, Part, RoomAsk
from venue_model.comfort import Change, What, changed
from venue_model.ids import DeviceId
from venue_model.lots import Phase
from venue_model.scenes import SCENES, SceneId
from venue_model.templates import ANNOUNCEMENTS, SIGN_WORDS
from venue_model.wire import Desired, decode

__all__ = ("stage",)  # a fixture
VENUE = county()
QUIET = Draft((("opening", "sign", "opening-quiet"),))


def code(scene: str, *written: tuple[str, str, bool | str], before_s: int | None = None) -> str:
    found = check_draft(scene, Draft(written, before_s))
    assert isinstance(found, Refusal), found
    assert found.why.zh and found.why.en
    return found.code


@pytest.mark.parametrize(
    ("what", "value"),
    [("mode", "release"), ("seal", False), ("record", False), ("cut", False), ("lingering", ""), ("muted", False), ("show_project", True)],
)
def test_doors_seals_and_recordings_are_law_and_the_reason_is_told(what: str, value: bool | str) -> None:
    assert code("evaluation", ("evaluation", what, value)) == "law"


def test_a_room_that_is_recorded_is_not_darkened() -> None:
    assert code("opening", ("opening", "light", False)) == "law"
    assert not isinstance(check_draft("opening_end", Draft((("opening", "light", False),))), Refusal)


def test_no_text_but_a_template_reaches_a_sign_or_a_loudspeaker() -> None:
    assert code("opening", ("opening", "sign", "恭喜某某公司")) == "value"
    assert code("check_in", ("opening", "say", "给三号评委带句话")) == "value"
    assert code("check_in", ("opening", "say", "evacuation")) == "value"


def test_a_sealed_room_keeps_saying_so() -> None:
    assert code("evaluation", ("evaluation", "sign", "opening")) == "value"
    assert [SIGN_WORDS[word][0] for word in sign_choices(PHASE_ASKS[Phase.EVALUATION].evaluation)] == [
        "评标中 请勿进入", "评标中 请勿进入 请保持安静",
    ]  # fmt: skip


def test_a_committee_and_an_opening_are_never_spoken_to() -> None:
    assert code("evaluation", ("evaluation", "say", "check-in")) == "law"
    assert code("opening", ("opening", "say", "check-in")) == "law"
    for scene in SceneId:
        for wish in cells(scene).values():
            assert not wish.muted or say_choices(wish) == ("",)


def test_what_is_wrong_with_a_draft_is_told() -> None:
    assert code("no-such-scene") == "unknown-scene"
    assert code("opening", ("evaluation", "climate", False)) == "unused-part"
    assert code("opening", ("opening", "smell", "rose")) == "unknown-cell"
    assert code("opening", ("opening", "climate", "warm")) == "value"
    assert code("opening", ("opening", "climate", False), ("opening", "climate", True)) == "twice"
    assert code("opening", before_s=60) == "unused-part"
    assert code("opening_preparation", before_s=0) == "value"


def test_preparation_begins_when_the_book_says_and_else_when_the_venue_does(stage: Stage) -> None:
    assert prepare_before_s(VENUE, {}) == VENUE.prepare_before_s == 3600
    stage.coordinator.book.save("opening_preparation", Draft(prepare_before_s=1800), "wang", "rooms are free", stage.now)
    assert prepare_before_s(VENUE, stage.coordinator.scenes.book) == 1800


def test_the_preview_names_exactly_the_devices_that_a_page_would_have_otherwise() -> None:
    changes = check_draft("opening", QUIET)
    assert not isinstance(changes, Refusal)
    found = differences(VENUE, day(at(Phase.CHECK_IN), at(Phase.CLOSED, "L2")), SCENES[SceneId.OPENING], (), changes)
    assert {(d.device, d.lot) for d in found} == {("o1-sign", "L1")}
    assert all(d.before.lines != d.after.lines and "请保持安静" in str(d.after.lines) for d in found)
    assert differences(VENUE, day(at(Phase.CHECK_IN)), SCENES[SceneId.OPENING], (), ()) == ()


CELLS = [
    (scene, part, what, value)
    for scene in SceneId
    for part, wish in cells(scene).items()
    for what, values in (
        (What.LIGHT, (True, False)), (What.CLIMATE, (True, False)), (What.SIGN, tuple(SIGN_WORDS)), (What.SAY, ("", *ANNOUNCEMENTS)),
    )
    for value in values
    if wish != RoomAsk()
]  # fmt: skip


@given(st.lists(st.sampled_from(CELLS), max_size=8))
def test_whatever_staff_write_who_may_enter_and_what_is_recorded_stay_as_they_are(
    written: list[tuple[SceneId, Part, What, bool | str]],
) -> None:
    for scene, part, what, value in written:
        found = check_draft(scene, Draft(((part, what, value),)))
        if isinstance(found, Refusal):
            continue
        law = PHASE_ASKS[SCENES[scene].leads_to].of(part)
        now = changed(law, part, found)
        same = replace(now, light=law.light, climate=law.climate, sign=law.sign, say=law.say)
        assert same == law
        assert now.light or not law.record
        assert not now.say or not law.muted


# kept by the gateway


def test_a_version_is_in_force_from_the_next_press_and_not_before(stage: Stage) -> None:
    pressed(stage, "opening_preparation", "check_in", "opening")
    stage.coordinator.book.save("opening", QUIET, "wang", "noise", stage.now)
    assert stage.coordinator.scenes.wants[DeviceId("o1-sign")].lines[1] == "开标中 Opening"  # type: ignore[index]
    pressed(stage, "suspend", "opening")
    assert stage.coordinator.scenes.wants[DeviceId("o1-sign")].lines[1] == "开标中 请保持安静 Opening: quiet please"  # type: ignore[index]


def test_versions_are_kept_journaled_and_outlive_a_restart(stage: Stage) -> None:
    desk = stage.coordinator.book
    assert not isinstance(desk.save("opening", QUIET, "wang", "noise", stage.now), Refusal)
    assert not isinstance(desk.save("opening", Draft(), "li", "back again", stage.now), Refusal)
    stage.restart()
    desk = stage.coordinator.book
    assert [(page.version, page.by, len(page.changes)) for page in desk.versions(SceneId.OPENING)] == [(2, "li", 0), (1, "wang", 1)]
    assert desk.page(SceneId.OPENING).version == 2
    assert [line["version"] for line in stage.lines("scene-book")] == [1, 2]


def test_a_page_without_a_reason_is_not_written(stage: Stage) -> None:
    found = stage.coordinator.book.save("opening", QUIET, "wang", "  ", stage.now)
    assert isinstance(found, Refusal) and found.code == "reason"
    assert stage.lines("scene-book") == []


def test_a_lot_keeps_what_it_was_pressed_with_through_a_restart(stage: Stage) -> None:
    stage.coordinator.book.save("opening_preparation", Draft((("opening", "sign", "preparation-quiet"),)), "wang", "x", stage.now)
    pressed(stage, "opening_preparation")
    stage.coordinator.book.save("opening_preparation", Draft(), "wang", "y", stage.now)
    stage.restart()
    assert stage.coordinator.day[L1].changes == (Change(Part.OPENING, What.SIGN, "preparation-quiet"),)
    stage.settle()
    shown = decode(Desired, stage.link.of("desired")[0].payload)
    assert device_wants(stage.venue, stage.coordinator.day)[DeviceId("o1-sign")].lines[1].startswith("正在准备")  # type: ignore[index]
    assert shown.epoch == stage.coordinator.epoch


@pytest.fixture
def two_lots(tmp_path: Path) -> Iterator[Stage]:
    found = Stage(tmp_path)
    found.open()
    found.book(lot(), lot("L2", opening="o2", evaluation="e2"))
    yield found
    found.close()


def test_the_page_of_one_scene_holds_for_all_lots(two_lots: Stage) -> None:
    two_lots.coordinator.book.save("opening_preparation", Draft((("opening", "sign", "preparation-quiet"),)), "wang", "x", two_lots.now)
    two_lots.press("opening_preparation")
    two_lots.press("opening_preparation", "L2")
    shown = {d: two_lots.coordinator.scenes.wants[DeviceId(d)].lines for d in ("o1-sign", "o2-sign")}
    assert all(lines is not None and "正在准备" in lines[1] for lines in shown.values())
