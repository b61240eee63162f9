"""What staff and supervisor do in a real browser, over the whole house on real parts."""

import io
import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from simulation.platform.scenarios import DayScenario
from simulation.stage.house import House
from simulation.stage.people import Crowd
from simulation.stage.staff import Desk
from tests.browser.conftest import press, sign_in
from venue_model.groups import Role
from venue_model.ids import DoorId
from venue_model.tools.verify_package import verify

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def test_a_wrong_password_is_told_and_nobody_gets_in(page: Page, house: House) -> None:
    page.goto(house.url)
    page.get_by_test_id("login-account").fill("staff")
    page.get_by_test_id("login-password").fill("wrong")
    page.get_by_test_id("login-submit").click()
    expect(page.get_by_test_id("login-fault")).to_contain_text("账号或密码错误")


def test_staff_switch_a_scene_and_see_every_device_answer(page: Page, house: House, scenario: DayScenario) -> None:
    lot = scenario.lots[1]
    sign_in(page, house, "staff")
    page.get_by_test_id(f"lot-{lot.id}").click()
    press(page, "opening_preparation")
    for member in ("o2-near", "o2-far", "o2-door", "o2-sign", "o2-light"):
        expect(page.get_by_test_id(f"run-row-{member}")).to_have_attribute("data-code", "200")
    page.get_by_test_id("dialog-close").click()
    expect(page.get_by_test_id("room-o2")).to_have_attribute("data-mode", "preparation")
    press(page, "check_in")
    page.get_by_test_id("dialog-close").click()
    expect(page.get_by_test_id(f"lot-{lot.id}")).to_have_attribute("data-phase", "P3")


def test_a_door_event_appears_while_staff_look(page: Page, house: House, scenario: DayScenario) -> None:
    lot = scenario.lots[1]
    sign_in(page, house, "staff")
    crowd = Crowd(house, scenario.cards, scenario.phones)
    agent, bidder = scenario.people(lot, Role.AGT)[0], scenario.people(lot, Role.BID)[0]
    assert crowd.badge(agent, DoorId("o2-door"))
    assert not crowd.badge(bidder, DoorId("gate"))
    page.get_by_role("link", name=re.compile("门禁动态")).click()
    refusal = page.get_by_test_id("event").filter(has_text="I1").first
    expect(refusal).to_be_visible()
    expect(page.get_by_test_id("event").filter(has_text=agent[:6]).first).to_be_visible()


def test_who_is_inside_stands_on_the_list_and_a_fire_asks_for_them_one_by_one(page: Page, house: House, scenario: DayScenario) -> None:
    agent = scenario.people(scenario.lots[1], Role.AGT)[0]
    sign_in(page, house, "staff")
    page.get_by_role("link", name="在场").click()
    person = page.get_by_test_id("domain-o2").get_by_test_id(f"person-{agent}")
    expect(person).to_be_visible()
    expect(page.get_by_test_id("net-o2")).to_have_text("1")
    expect(page.get_by_role("link", name="人员动线")).to_have_count(0)
    page.get_by_test_id(f"checkout-{agent}").click()
    page.get_by_test_id(f"checkout-{agent}-confirm").click()
    expect(page.get_by_test_id(f"checkout-{agent}")).to_have_count(0)
    house.doors.do("fire", board="opening", on=True)
    expect(page.get_by_test_id("roll-missing")).to_have_attribute("data-count", "1")
    page.get_by_test_id(f"tick-{agent}").click()
    expect(page.get_by_test_id("roll-missing")).to_have_attribute("data-count", "0")
    house.doors.do("fire", board="opening", on=False)
    page.get_by_test_id("sign-out").click()

    sign_in(page, house, "supervisor")
    page.get_by_role("link", name="人员动线").click()
    page.get_by_test_id("way-person").fill(agent)
    page.get_by_test_id("way-go").click()
    steps = page.get_by_test_id("step")
    expect(steps.first).to_contain_text("102")
    expect(steps.last).to_have_attribute("data-kind", "muster")


def test_a_supervisor_finds_a_project_plays_it_and_takes_its_package(
    page: Page, house: House, scenario: DayScenario, tmp_path: Path
) -> None:
    lot = scenario.lots[1]
    sign_in(page, house, "staff")
    page.get_by_test_id(f"lot-{lot.id}").click()
    press(page, "failed_tender")
    page.get_by_test_id("dialog-close").click()
    press(page, "close")
    page.get_by_test_id("dialog-close").click()
    page.get_by_test_id("sign-out").click()
    desk = Desk.open(house)
    desk.wait("the package", lambda: desk.get(f"/projects/{lot.project}")["packages"])
    desk.close()

    sign_in(page, house, "supervisor")
    page.get_by_role("link", name=re.compile("项目回放")).click()
    page.get_by_test_id("search-input").fill(lot.project)
    page.get_by_test_id("search-go").click()
    expect(page.get_by_test_id("timeline")).to_be_visible()  # one hit opens by itself
    page.get_by_test_id("play").click()
    for track in ("o2-near", "o2-far"):
        video = page.get_by_test_id(f"video-{track}")
        expect(video).to_be_visible()
        page.wait_for_function(
            "v => v.videoWidth === 640 && v.currentTime > 1 && v.webkitAudioDecodedByteCount > 0 && !v.error",
            arg=video.element_handle(), timeout=20_000,
        )  # fmt: skip

    with page.expect_download() as waiting:
        page.get_by_test_id("package-download-1").click()
    archive = zipfile.ZipFile(io.BytesIO(Path(waiting.value.path()).read_bytes()))
    archive.extractall(tmp_path)
    package = tmp_path / archive.namelist()[0].split("/")[0]
    assert package.name.startswith(lot.project)
    assert verify(package) == []


def test_two_people_lift_a_seal_in_the_browser_and_one_cannot(page: Page, house: House, scenario: DayScenario) -> None:
    lot = scenario.lots[0]
    house.platform.put_lot(lot, scenario.credit_codes[lot.id])
    desk = Desk.open(house)
    for scene in ("opening_preparation", "check_in", "opening", "opening_end", "intake", "evaluation"):
        assert desk.press(lot.id, scene)["result"] == "ok"
    sign_in(page, house, "staff")
    page.get_by_test_id(f"lot-{lot.id}").click()
    expect(page.get_by_test_id("room-e1")).to_have_attribute("data-mode", "evaluation")
    page.get_by_test_id("scene-report_signed").click()
    keys = sorted((house.folder / "approvers").glob("*.key"))
    confirm = page.get_by_test_id("scene-confirm")
    expect(confirm).to_be_disabled()
    page.get_by_test_id("approver-key-1").set_input_files(keys[0])
    expect(confirm).to_be_disabled()
    page.get_by_test_id("approver-key-2").set_input_files(keys[0])
    expect(confirm).to_be_disabled()
    page.get_by_test_id("approver-key-2").set_input_files(keys[1])
    expect(confirm).to_be_enabled()
    confirm.click()
    expect(page.get_by_test_id("run-result")).to_have_attribute("data-result", "ok", timeout=20_000)
    assert not desk.get("/state")["components"]["e1"]["seal"]
    desk.close()


def test_a_dead_gateway_is_said_in_words_and_the_page_comes_back(page: Page, house: House, scenario: DayScenario) -> None:
    sign_in(page, house, "staff")
    expect(page.get_by_test_id("connection")).to_contain_text("实时")
    house.gateway.kill()
    expect(page.get_by_test_id("stale")).to_be_visible(timeout=8_000)
    house.gateway.start()  # a session outlives it: nobody has to sign in again
    expect(page.get_by_test_id("stale")).to_have_count(0, timeout=15_000)
    expect(page.get_by_test_id("connection")).to_contain_text("实时", timeout=15_000)
