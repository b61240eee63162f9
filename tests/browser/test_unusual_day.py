"""What staff and supervisor do when a day is not ordinary: lockdown, exception passes, two people's word after a restore."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from gateway.shell.backup import back_up
from simulation.platform.scenarios import DayScenario, Rooms, county_day
from simulation.stage.house import House
from simulation.stage.people import Crowd
from simulation.stage.staff import Desk
from tests.browser.conftest import open_page, sign_in
from venue_model.groups import Role
from venue_model.ids import DoorId, RoomId

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
DOOR = DoorId("o2-door")


@pytest.fixture(scope="module")
def day(house: House) -> DayScenario:
    """A day of its own: its second lot signs bidders in at the second opening room, whatever else the house has seen."""
    day = county_day(start_utc_ns=time.time_ns(), rooms=Rooms(*(RoomId(r) for r in ("o1", "e1", "o2", "e2"))), seed=7)
    lot = day.lots[1]
    house.platform.put_lot(lot, day.credit_codes[lot.id])
    desk = Desk.open(house)
    desk.wait("all agents", desk.agents_online, 60)
    desk.wait("the lot", lambda: any(row["project"] == lot.project for row in desk.get("/projects")))
    for scene in ("opening_preparation", "check_in"):
        assert desk.press(lot.id, scene)["result"] == "ok"
    desk.close()
    return day


@pytest.fixture
def second(browser: Browser, house: House) -> Iterator[Page]:
    """Another person's page beside `page`."""
    yield from open_page(browser, house)


def test_staff_lock_a_room_down_every_page_says_so_and_only_the_supervisor_lifts_it(
    page: Page, second: Page, house: House, day: DayScenario
) -> None:
    crowd = Crowd(house, day.cards, day.phones)
    agent, bidder = (day.people(day.lots[1], role)[0] for role in (Role.AGT, Role.BID))
    assert crowd.badge(agent, DOOR)
    sign_in(page, house, "staff")
    sign_in(second, house, "supervisor")
    second.get_by_role("link", name="门禁动态").click()
    page.get_by_test_id("lockdown").click()
    page.get_by_test_id("lockdown-some").check()
    page.get_by_test_id("lockdown-room-o2").check()
    expect(page.get_by_test_id("lockdown-next")).to_be_disabled()  # nobody locks down without a reason
    page.get_by_test_id("lockdown-reason").fill("有人闯入")
    page.get_by_test_id("lockdown-next").click()
    expect(page.get_by_test_id("lockdown-means")).to_contain_text("出门始终自由")
    page.get_by_test_id("lockdown-confirm").click()

    banner = second.get_by_test_id("lockdown-banner")
    for words in ("开标室102", "staff", "有人闯入", "出门始终自由"):
        expect(banner).to_contain_text(words)
    expect(page.get_by_test_id("room-o2")).to_have_attribute("data-mode", "lockdown")
    assert not crowd.badge(bidder, DOOR)
    expect(second.get_by_test_id("event").filter(has_text="LOCKDOWN").first).to_be_visible()
    assert crowd.leave(agent, DOOR)
    expect(page.get_by_test_id("lockdown-only")).to_contain_text("只有监督人员可以解除")
    expect(page.get_by_test_id("lockdown-lift")).to_have_count(0)

    second.get_by_test_id("lockdown-lift").click()
    second.get_by_test_id("lockdown-lift-confirm").click()
    for each in (page, second):
        expect(each.get_by_test_id("lockdown-banner")).to_have_count(0)
    expect(page.get_by_test_id("room-o2")).to_have_attribute("data-mode", "check_in")
    assert crowd.badge(bidder, DOOR)


def test_a_supervisor_gives_an_exception_pass_and_staff_take_it_back(page: Page, second: Page, house: House, day: DayScenario) -> None:
    sign_in(page, house, "supervisor")
    page.get_by_role("link", name="审批与例外").click()
    page.get_by_test_id("pass-person").fill("plumber")
    page.get_by_test_id("pass-lot").select_option(day.lots[1].id)
    page.get_by_test_id("pass-reason").fill("漏水")
    page.get_by_test_id("pass-escort-WIT").check()
    page.get_by_test_id("pass-card").fill("no card")
    page.get_by_test_id("pass-room-e2").check()
    page.get_by_test_id("pass-go").click()
    expect(page.get_by_test_id("pass-fault-card")).to_contain_text("十六进制")
    expect(page.get_by_test_id("pass-card")).to_be_focused()
    page.get_by_test_id("pass-card").fill("04:A1:B2:C3")
    page.get_by_test_id("pass-role").select_option("BID")
    page.get_by_test_id("pass-go").click()
    expect(page.get_by_test_id("pass-fault-rooms")).to_contain_text("投标人在任何情况下不得进入该区域")
    page.get_by_test_id("pass-room-e2").uncheck()
    page.get_by_test_id("pass-room-o2").check()
    page.get_by_test_id("pass-role").select_option("STF")
    page.get_by_test_id("pass-go").click()
    expect(page.get_by_test_id("pass-plumber")).to_contain_text("漏水")

    sign_in(second, house, "staff")
    second.get_by_role("link", name="审批与例外").click()
    expect(second.get_by_test_id("pass-form")).to_have_count(0)
    second.get_by_test_id("pass-withdraw-plumber").click()
    second.get_by_test_id("pass-withdraw-plumber-confirm").click()
    for each in (page, second):
        expect(each.get_by_test_id("passes-none")).to_be_visible()


def test_after_a_restore_two_people_release_all_rooms_in_one_go_and_look_into_the_one_that_counts_somebody(
    page: Page, house: House, day: DayScenario
) -> None:
    crowd = Crowd(house, day.cards, day.phones)
    agent = day.people(day.lots[1], Role.AGT)[0]
    assert crowd.badge(agent, DOOR)
    database, copy = house.folder / "gateway" / "venue.db", house.folder / "copy.db"
    house.gateway.kill()
    back_up(database, copy)
    for file in database.parent.glob("venue.db-*"):
        file.unlink()  # SQLite's log of what is not in the file yet: it would be written over the copy
    copy.replace(database)
    house.gateway.start()

    sign_in(page, house, "staff")
    keys = sorted((house.folder / "approvers").glob("*.key"))
    page.get_by_test_id("approve-q-bidders").click()  # one from its room's tile
    expect(page.get_by_test_id("act-choose-q-bidders")).to_be_checked()
    sign(page, keys)
    expect(page.get_by_test_id("acts-told")).to_contain_text("已记录")
    page.get_by_test_id("dialog-close").click()
    expect(page.get_by_test_id("approve-q-bidders")).to_have_count(0)

    page.get_by_role("link", name="审批与例外").click()
    page.get_by_test_id("acts-all").click()
    sign(page, keys)
    # Whoever the door counts in the opening room is taken to have gone by a way that no door counts: two people look.
    look = page.get_by_test_id("act-o2").and_(page.locator("[data-act^=sweep]"))
    expect(look).to_contain_text("亲眼看过", timeout=20_000)
    expect(page.get_by_test_id("acts-submit")).to_be_disabled()
    page.get_by_test_id("act-choose-o2").check()
    sign(page, keys)
    expect(page.get_by_test_id("act-o2")).to_have_count(0)
    page.get_by_role("link", name="今日").click()
    expect(page.get_by_test_id("room-o2")).to_have_attribute("data-mode", "check_in")


def sign(page: Page, keys: list[Path]) -> None:
    """Both approvers load their keys, and somebody submits."""
    for number, key in enumerate(keys, start=1):
        expect(page.get_by_test_id("acts-submit")).to_be_disabled()
        page.get_by_test_id(f"approver-key-{number}").set_input_files(key)
    page.get_by_test_id("acts-submit").click()
