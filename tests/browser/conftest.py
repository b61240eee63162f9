"""One house on real parts and one browser for all tests of this folder, and what everybody does on the pages."""

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from simulation.platform.scenarios import DayScenario, Rooms, county_day
from simulation.stage.house import ACCOUNTS, House, HouseOptions
from simulation.stage.staff import Desk
from venue_model.ids import RoomId
from venue_model.tools.files import example

CHROMIUM = "/usr/bin/chromium"
# Without the background-networking flag Chromium looks up its maker's hosts at every start.
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required",
)  # fmt: skip


@pytest.fixture(scope="package")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The county hall with every process that it has."""
    options = HouseOptions(example("county_hall"), tmp_path_factory.mktemp("house"), pace=0.2)
    with House(options) as built:
        yield built


@pytest.fixture(scope="package")
def scenario(house: House) -> DayScenario:
    """Two lots of one day, told by the platform."""
    rooms = Rooms(*(RoomId(r) for r in ("o1", "e1", "o2", "e2")))
    day = county_day(start_utc_ns=time.time_ns(), rooms=rooms)
    for lot in day.lots:
        house.platform.put_lot(lot, day.credit_codes[lot.id])
    desk = Desk.open(house)
    desk.wait("all agents", desk.agents_online, 60)
    desk.wait("the lots", lambda: len(desk.get("/projects")) == 2)
    desk.close()
    return day


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium, as the halls have it."""
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield found
        found.close()


def open_page(browser: Browser, house: House) -> Iterator[Page]:
    """A fresh page that may speak to nobody but the house, and may not fail silently."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
    found = context.new_page()
    faults: list[str] = []
    found.on("pageerror", lambda error: faults.append(str(error)))
    found.on("request", lambda request: None if request.url.startswith((house.url, "blob:", "data:")) else faults.append(request.url))
    yield found
    context.close()
    assert faults == []


@pytest.fixture
def page(browser: Browser, house: House) -> Iterator[Page]:
    """Somebody's page."""
    yield from open_page(browser, house)


def sign_in(page: Page, house: House, who: str) -> None:
    """As one of the demo's accounts."""
    password = next(password for account, _, password in ACCOUNTS if account == who)
    page.goto(house.url)
    page.get_by_test_id("login-account").fill(who)
    page.get_by_test_id("login-password").fill(password)
    page.get_by_test_id("login-submit").click()
    expect(page.get_by_test_id("login-submit")).to_have_count(0)


def press(page: Page, scene: str, result: str = "ok") -> None:
    """Three acts: the scene, look at the preview, confirm; then watch the result."""
    page.get_by_test_id(f"scene-{scene}").click()
    page.get_by_test_id("scene-confirm").click()
    expect(page.get_by_test_id("run-result")).to_have_attribute("data-result", result, timeout=20_000)
