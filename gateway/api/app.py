"""The FastAPI application: views, the live feed, the dashboard's built pages."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from fastapi import Depends, FastAPI, Request, Response, WebSocket, WebSocketDisconnect
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

from gateway.api import (
    views_booking,
    views_devices,
    views_evidence,
    views_facts,
    views_guard,
    views_lots,
    views_oidc,
    views_people,
    views_pki,
    views_platform,
    views_presence,
    views_reports,
    views_scenes,
    views_session,
)
from gateway.api.entry import enter, tell_outcome
from gateway.api.errors import ApiError, tell_api_error, tell_bad_input
from gateway.api.route_actions import LIVE
from gateway.api.services import Services, services
from gateway.core.rights import decide_act

MAX_BODY_BYTES = 1 << 20
_CSP = "default-src 'self'; media-src 'self' blob:; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'"
_NO_PAGES = """<!doctype html><meta charset="utf-8"><title>bidhall 标厅</title>
<p>页面尚未构建。请在源码目录运行 <code>make dashboard</code>。</p>
<p>The pages are not built. Run <code>make dashboard</code> in the source folder; the API works meanwhile.</p>"""


def make_app(parts: Services | None, pages: Path | None) -> FastAPI:
    """The application over one venue's parts; `pages` is the folder of the dashboard's built assets."""
    app = FastAPI(
        title="bidhall", version="1", docs_url=None, redoc_url=None, openapi_url="/api/v1/openapi.json", dependencies=[Depends(enter)]
    )
    app.state.services = parts
    if parts is not None:  # None: only the document of the API is wanted
        parts.accounts.note = parts.coordinator.journal.note
        parts.coordinator.journal.audited = parts.accounts.audit.take
    app.add_exception_handler(ApiError, tell_api_error)
    app.add_exception_handler(RequestValidationError, tell_bad_input)
    app.include_router(views_session.router)
    app.include_router(views_oidc.router)
    app.include_router(views_people.router)
    app.include_router(views_lots.router)
    app.include_router(views_presence.router)
    app.include_router(views_evidence.router)
    app.include_router(views_guard.router)
    app.include_router(views_booking.router)
    app.include_router(views_facts.router)
    app.include_router(views_reports.router)
    app.include_router(views_platform.router)
    app.include_router(views_devices.router)
    app.include_router(views_devices.public)
    app.include_router(views_pki.router)
    app.include_router(views_pki.public)
    app.include_router(views_scenes.router)
    app.add_api_websocket_route("/api/v1/live", live)

    @app.middleware("http")
    async def guard(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        """Limits before parsing, and headers that keep pages to themselves."""
        length = request.headers.get("content-length", "0")
        if not length.isdecimal():
            return Response(status_code=400)
        if int(length) > MAX_BODY_BYTES:
            return Response(status_code=413)
        response = await call_next(request)
        tell_outcome(request, response)
        response.headers.setdefault("Content-Security-Policy", _CSP)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "no-referrer")
        if request.url.path.startswith("/assets/"):
            response.headers.setdefault("Cache-Control", "public, max-age=31536000, immutable")
        else:
            response.headers.setdefault("Cache-Control", "no-cache")
        return response

    if pages is not None and (pages / "index.html").is_file():
        app.mount("/", StaticFiles(directory=pages, html=True), name="pages")
    else:

        @app.get("/", include_in_schema=False)
        def no_pages() -> HTMLResponse:
            return HTMLResponse(_NO_PAGES)

    return app


async def live(socket: WebSocket) -> None:
    """The live feed of one page: the state, then patches."""
    parts = services(socket)
    origin = socket.headers.get("origin")
    if origin is not None and origin.partition("://")[2] != socket.headers.get("host"):
        await socket.close(4403)  # another site's page rides on the cookie
        return
    account = parts.accounts.who(socket)
    if account is None:
        await socket.close(4401)
        return
    if decide_act(account, LIVE, None, parts.accounts.clock().utc_ns) is not None:
        await socket.close(4403)
        return
    await socket.accept()
    page = parts.feed.join(account.viewer)
    try:
        while (text := await page.get()) is not None:
            now = parts.accounts.who(socket)
            if now is None or now.viewer != account.viewer:  # signed out, suspended or limited meanwhile: the page asks anew
                await socket.close(4401)
                break
            await socket.send_text(text)
        else:
            await socket.close()
    except (WebSocketDisconnect, RuntimeError):
        pass  # the page has gone; RuntimeError is how starlette says it while sending
    finally:
        parts.feed.leave(page)
