"""`HttpKiosk`: a screen at a door, fed by a page that a browser on the same board shows full screen."""

import json
import logging
import threading
import time
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from edge.drivers.protocols import DeviceError, DeviceHealth, Emit
from edge.drivers.qr_svg import qr_svg

log = logging.getLogger(__name__)

PAGE = Path(__file__).with_name("kiosk_page.html")
COLOURS = ("red", "green", "amber")
PAGE_AWAY_S = 3.0  # six missed polls


class HttpKiosk:
    """Serves `/` (the page), `/state.json` and `/challenge.svg` at `url`.

    With `page_required` a screen whose browser does not ask is a fault: it is told as health, and `show` raises.  Without it
    the kiosk counts as working while its server runs.
    """

    def __init__(self, device: str, *, host: str = "127.0.0.1", port: int = 8080, page_required: bool = True) -> None:
        self.device = device
        self._address = (host, port)
        self._page_required = page_required
        self._lock = threading.Lock()  # guards the five below
        self._version = 0
        self._shown = {"device": device, "version": 0, "lines": [], "colour": "green", "urgent": False, "challenge": 0}
        self._svg: str | None = None
        self._challenges = 0
        self._asked_s: float | None = None  # monotonic; when a page last asked
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self._emit: Emit | None = None
        self._started_s = 0.0
        self._online: bool | None = None  # as told last

    @property
    def url(self) -> str:
        host, port = (self._server.server_address if self._server else self._address)[:2]
        return f"http://{host!s}:{port}/"

    def start(self, emit: Emit) -> None:
        self._emit = emit
        self._online = None
        self._asked_s = None
        self._started_s = time.monotonic()
        try:
            self._server = _Server(self._address, self)
        except OSError as fault:
            self._tell(False, f"cannot serve {self.url} ({fault}); is the port taken by another program?")
            return
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.2,), name=f"kiosk {self.device}", daemon=True
        )
        self._thread.start()
        if not self._page_required:
            self._tell(True, f"serving {self.url}")

    def stop(self) -> None:
        server, self._server = self._server, None
        if server is None or self._thread is None:
            return
        server.shutdown()
        server.server_close()
        self._thread.join()

    def show(self, lines: Sequence[str], *, colour: str = "green", urgent: bool = False) -> None:
        if colour not in COLOURS:
            raise DeviceError(f"kiosk {self.device}: no colour {colour!r}; it has {', '.join(COLOURS)}")
        with self._lock:
            self._version += 1
            self._shown.update(version=self._version, lines=list(lines), colour=colour, urgent=urgent)
        if self._server is None:
            raise DeviceError(f"kiosk {self.device}: {self.url} is not served; see its last health report")
        if self._page_required and not self._page_there():
            raise DeviceError(self._page_fault())

    def challenge(self, text: str | None) -> None:
        """Put a code beside the text for phones to scan; None takes it away."""
        svg = None if text is None else qr_svg(text)
        with self._lock:
            self._svg = svg
            self._challenges += 1
            self._shown["challenge"] = 0 if svg is None else self._challenges

    def answer(self, path: str) -> tuple[HTTPStatus, str, bytes]:
        """What a request gets: status, type, body."""
        match path.partition("?")[0]:
            case "/":
                return HTTPStatus.OK, "text/html; charset=utf-8", _PAGE_BYTES
            case "/state.json":
                with self._lock:
                    self._asked_s = time.monotonic()
                    return HTTPStatus.OK, "application/json", json.dumps(self._shown, ensure_ascii=False).encode()
            case "/challenge.svg" if self._svg is not None:
                return HTTPStatus.OK, "image/svg+xml", self._svg.encode()
        return HTTPStatus.NOT_FOUND, "text/plain; charset=utf-8", "没有这一页 / no such page\n".encode()

    def check_page(self) -> None:
        """Tell when the browser comes or goes.  The server calls this a few times a second."""
        if not self._page_required:
            return
        if self._page_there():
            self._tell(True, f"a browser shows {self.url}")
        elif time.monotonic() - self._started_s >= PAGE_AWAY_S:
            self._tell(False, self._page_fault())

    def _page_there(self) -> bool:
        return self._asked_s is not None and time.monotonic() - self._asked_s < PAGE_AWAY_S

    def _page_fault(self) -> str:
        return f"kiosk {self.device}: no browser has {self.url} open; check the screen's power and its browser"

    def _tell(self, online: bool, detail: str) -> None:
        if online == self._online or self._emit is None:
            return
        self._online = online
        log.info("kiosk %s: %s", self.device, detail)
        self._emit(DeviceHealth(self.device, online, "online" if online else "offline", detail, time.monotonic_ns()))


def _content_policy(page: str) -> str:
    """Only what this page brings along: its own script by digest, its style, and this server."""
    script = page.split("<script>", 1)[1].split("</script>", 1)[0]
    digest = b64encode(sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; "
        "img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


_PAGE_TEXT = PAGE.read_text("utf-8")
_PAGE_BYTES = _PAGE_TEXT.encode()
_POLICY = _content_policy(_PAGE_TEXT)


class _Server(ThreadingHTTPServer):
    def __init__(self, address: tuple[str, int], kiosk: HttpKiosk) -> None:
        self.kiosk = kiosk
        super().__init__(address, _Request)

    def service_actions(self) -> None:
        self.kiosk.check_page()

    def handle_error(self, request: object, client_address: object) -> None:
        log.debug("kiosk %s: a browser hung up in the middle of an answer", self.kiosk.device)


class _Request(BaseHTTPRequestHandler):
    timeout = 5  # a browser that connects and says nothing
    server: _Server

    def do_GET(self) -> None:
        status, kind, body = self.server.kiosk.answer(self.path)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Security-Policy", _POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Two requests a second are no news."""
