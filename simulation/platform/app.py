"""The stand-in over HTTP: its signed interfaces under /api and /openapi, and /control for whoever runs the rehearsal.

It listens on the loopback address only; /control needs no signature there.
"""

import asyncio
import json
from collections.abc import Callable

from fastapi import FastAPI, Request, Response
from starlette.types import Receive, Scope, Send

from gateway.trading.signature import SignatureRefused
from simulation.platform.behaviour import Away, Wrong
from simulation.platform.book import Book
from simulation.platform.control import control_routes
from simulation.platform.faces import Answer, Face, ProvinceFace, RestFace
from simulation.platform.stand_in import StandIn
from simulation.platform.webhook import Webhook


class _Broken(Response):
    """Promises more than it sends; the server then cuts the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})
        raise ConnectionAbortedError("the stand-in hangs up, as its behaviour says")


def make_app(book: Book, token: str) -> FastAPI:
    """The application over one book."""
    return app_of(StandIn(book, token, Webhook(token)))


def app_of(stand_in: StandIn) -> FastAPI:
    """The application of one stand-in."""
    app = FastAPI(title="bidhall stand-in trading platform", docs_url=None, redoc_url=None)
    rest, province = RestFace(), ProvinceFace()

    def page(face: Face, cursor: str, limit: int) -> Callable[[bytes], Answer]:
        behaviour = stand_in.behaviour
        asked = "" if behaviour.wrong is Wrong.REPLAY else cursor
        return lambda _: face.changes(stand_in, asked, max(1, min(limit, behaviour.page)))

    @app.get("/api/v1/changes")
    async def changes(request: Request, cursor: str = "", limit: int = 100) -> Response:
        return await _exchange(stand_in, request, rest, page(rest, cursor, limit))

    @app.post("/api/v1/items")
    async def items(request: Request) -> Response:
        return await _exchange(stand_in, request, rest, lambda body: rest.take(stand_in, body))

    @app.get("/openapi/venue/sections")
    async def sections(request: Request, sourceDataKey: str = "", pageSize: int = 100) -> Response:
        return await _exchange(stand_in, request, province, page(province, sourceDataKey, pageSize))

    @app.post("/openapi/venue/data")
    async def data(request: Request) -> Response:
        return await _exchange(stand_in, request, province, lambda body: province.take(stand_in, body))

    app.include_router(control_routes(stand_in))
    return app


async def _exchange(stand_in: StandIn, request: Request, face: Face, answer: Callable[[bytes], Answer]) -> Response:
    """Verify, misbehave as told, answer, sign."""
    body = await request.body()
    behaviour = stand_in.behaviour
    if behaviour.slow_s:
        await asyncio.sleep(behaviour.slow_s)
    if behaviour.away is Away.DROP:
        return _Broken()
    if behaviour.away is Away.UNAVAILABLE:
        return Response("维护中 / maintenance", 503, media_type="text/plain")
    if behaviour.wrong is Wrong.ERROR_500:
        return Response("java.lang.NullPointerException", 500, media_type="text/plain")
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    try:
        face.know(stand_in, request.method, path, request.headers, body)
    except SignatureRefused as refused:
        return Response(f"签名无效 / {refused}", 401, media_type="text/plain")
    status, content = answer(body)
    if behaviour.away is Away.LOST_ANSWER:
        return _Broken()
    text = b'{"CURSOR": "' if behaviour.wrong is Wrong.MALFORMED else json.dumps(content, ensure_ascii=False).encode()
    headers = face.sign(stand_in, status, request.headers, text)
    return Response(text, status, {} if behaviour.wrong is Wrong.UNSIGNED else headers, "application/json")
