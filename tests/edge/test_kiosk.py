"""The kiosk at a door: what the agent shows reaches the screen, and a screen that is off is told."""

import io
import json
import re
import shutil
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import Any

import pytest
from PIL import Image, ImageDraw

from edge.drivers import kiosk_http
from edge.drivers.kiosk_http import HttpKiosk
from edge.drivers.protocols import DeviceError, DeviceEvent, DeviceHealth
from edge.drivers.qr_svg import qr_svg

Seen = SimpleQueue[DeviceEvent]
Picture = Image.Image


@pytest.fixture
def seen() -> Seen:
    return SimpleQueue()


@pytest.fixture
def kiosk(seen: Seen) -> Iterator[HttpKiosk]:
    kiosk = HttpKiosk("k1", port=0)
    kiosk.start(seen.put)
    yield kiosk
    kiosk.stop()


def get(kiosk: HttpKiosk, path: str) -> bytes:
    with urllib.request.urlopen(kiosk.url + path, timeout=10) as answer:
        body: bytes = answer.read()
        return body


def state(kiosk: HttpKiosk) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(get(kiosk, "state.json"))
    return shown


def health(seen: Seen) -> DeviceHealth:
    event = seen.get(timeout=10)
    assert isinstance(event, DeviceHealth)
    return event


def read_qr(svg: str) -> list[str]:
    """What a phone reads from the picture."""
    from pyzbar.pyzbar import decode

    side = int(re.findall(r'viewBox="0 0 (\d+)', svg)[0])
    picture = Image.new("L", (side * 6, side * 6), 255)
    pen = ImageDraw.Draw(picture)
    for x, y, run in re.findall(r"M(\d+) (\d+)h(\d+)v1h", svg.split("/><path")[1]):
        left, top = int(x) * 6, int(y) * 6
        pen.rectangle((left, top, left + int(run) * 6 - 1, top + 5), fill=0)
    return [code.data.decode() for code in decode((picture.tobytes(), *picture.size))]


def test_what_is_shown_is_served_to_the_page(kiosk: HttpKiosk) -> None:
    state(kiosk)
    kiosk.show(["三号评标室", "评标中 勿入"], colour="red", urgent=True)
    shown = state(kiosk)
    assert shown["lines"] == ["三号评标室", "评标中 勿入"]
    assert (shown["colour"], shown["urgent"], shown["version"]) == ("red", True, 1)


def test_a_screen_without_browser_is_told_and_one_with_is_told_too(
    kiosk: HttpKiosk, seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kiosk_http, "PAGE_AWAY_S", 0.3)
    report = health(seen)
    assert not report.ok and "check the screen's power" in report.detail
    with pytest.raises(DeviceError, match=f"kiosk k1: no browser has {kiosk.url} open"):
        kiosk.show(["甲"])
    assert state(kiosk)["lines"] == ["甲"]  # the browser that comes late still finds the last content
    assert health(seen).ok
    assert not health(seen).ok


def test_a_kiosk_that_needs_no_browser_is_online_at_once(seen: Seen) -> None:
    kiosk = HttpKiosk("k1", port=0, page_required=False)
    kiosk.start(seen.put)
    try:
        assert health(seen).ok
        kiosk.show(["甲"])
    finally:
        kiosk.stop()
        kiosk.stop()
    with pytest.raises(DeviceError, match="is not served"):
        kiosk.show(["乙"])


def test_a_port_that_is_taken_is_a_health_report(seen: Seen) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        kiosk = HttpKiosk("k1", port=other.getsockname()[1])
        kiosk.start(seen.put)
        report = health(seen)
        assert not report.ok and "is the port taken by another program?" in report.detail
        with pytest.raises(DeviceError, match="is not served"):
            kiosk.show(["甲"])
        kiosk.stop()


def test_the_challenge_can_be_scanned_and_taken_away(kiosk: HttpKiosk) -> None:
    with pytest.raises(urllib.error.HTTPError) as gone:
        get(kiosk, "challenge.svg")
    gone.value.close()
    kiosk.challenge("bidhall:door/z6-2?n=QkFTRTY0&e=1800000000")
    first = state(kiosk)["challenge"]
    assert read_qr(get(kiosk, f"challenge.svg?n={first}").decode()) == ["bidhall:door/z6-2?n=QkFTRTY0&e=1800000000"]
    kiosk.challenge("another")
    assert state(kiosk)["challenge"] != first
    kiosk.challenge(None)
    assert state(kiosk)["challenge"] == 0


@pytest.mark.parametrize("length", [1, 60, 300])
def test_codes_of_every_length_are_readable(length: int) -> None:
    svg = qr_svg("x" * length)
    assert read_qr(svg) == ["x" * length]
    assert "M4 4h7v1" in svg  # the finder's corner, after the quiet zone


def test_the_page_asks_nobody_else(kiosk: HttpKiosk) -> None:
    page = get(kiosk, "").decode()
    assert "://" not in page
    with urllib.request.urlopen(kiosk.url, timeout=10) as answer:
        policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script-src 'sha256-" in policy


def test_a_colour_that_does_not_exist_is_refused(kiosk: HttpKiosk) -> None:
    with pytest.raises(DeviceError, match="no colour 'blue'; it has red, green, amber"):
        kiosk.show(["甲"], colour="blue")


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "waited 10 s"
        time.sleep(0.05)


@pytest.mark.browser
def test_the_page_fits_every_screen_and_says_when_the_agent_is_gone(seen: Seen) -> None:
    from playwright.sync_api import sync_playwright

    kiosk = HttpKiosk("k1", port=0)
    kiosk.start(seen.put)
    texts = (
        ["三号开标室", "签到中 Check-in", "3 / 5"],
        ["评标室 6-2", "市政道路改造工程（第二标段）施工招标项目资格预审", "09:30", "→ 电梯左转 turn left after the lift"],
        ["<b>请立即撤离</b>"],
    )
    with sync_playwright() as play, play.chromium.launch(executable_path=shutil.which("chromium")) as browser:
        page = browser.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(kiosk.url)
        until(lambda: health(seen).ok)
        for size in ((1280, 800), (800, 480)):
            page.set_viewport_size({"width": size[0], "height": size[1]})
            for challenge in (None, "bidhall:door/z6-2?n=QkFTRTY0"):
                kiosk.challenge(challenge)
                for lines in texts:
                    kiosk.show(lines, urgent=lines is texts[2], colour="red" if lines is texts[2] else "green")
                    page.wait_for_function("lines => document.querySelector('#text').innerText.includes(lines)", arg=lines[-1])
                    page.wait_for_function(
                        "drawn => document.querySelector('#challenge').hidden !== drawn", arg=challenge is not None
                    )
                    box = page.evaluate(
                        """() => { const p = [...document.querySelectorAll('#text p')].map(p => p.getBoundingClientRect()),
                          f = document.querySelector('footer').getBoundingClientRect();
                          return { top: p[0].top, bottom: p.at(-1).bottom, footer: f.top, end: f.bottom, h: innerHeight,
                            wide: document.documentElement.scrollWidth > innerWidth,
                            first: parseFloat(getComputedStyle(document.querySelector('#text p')).fontSize) }; }"""
                    )
                    assert box["top"] >= 0 and box["bottom"] <= box["footer"] and box["end"] <= box["h"], (size, lines)
                    assert not box["wide"] and box["first"] >= 32, (size, lines, box)
        assert page.locator("#stale").is_hidden()
        png = page.locator("#challenge").screenshot()
        from pyzbar.pyzbar import decode

        assert [c.data for c in decode(Image.open(io.BytesIO(png)))] == [b"bidhall:door/z6-2?n=QkFTRTY0"]
        assert all(url.startswith(kiosk.url) for url in asked)
        assert complaints == []
        kiosk.stop()
        page.wait_for_selector("#stale:not([hidden])", timeout=15_000)
        assert "秒未更新" in page.locator("#stale").inner_text()
