"""The stand-in's HTTP face: the signed interface under /api, and /control for whoever runs the rehearsal.

It listens on the loopback address only; /control needs no signature there.
"""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.types import Receive, Scope, Send

from gateway.trading.signature import NONCE, SignatureRefused, sign_answer, verify_request
from simulation.platform.behaviour import Away, Wrong, spoil
from simulation.platform.book import Book, CursorGone
from simulation.platform.control import control_routes
from simulation.platform.stand_in import StandIn
from simulation.platform.webhook import Webhook


class _Broken(Response):
    """Promises more than it sends; the server then cuts the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})
        raise ConnectionAbortedError("the stand-in hangs up, as its behaviour says")


def make_app(book: Book, token: str) -> FastAPI:
    """The application over one book."""
    stand_in = StandIn(book, token, Webhook(token))
    app = FastAPI(title="bidhall stand-in trading platform", docs_url=None, redoc_url=None)

    @app.get("/api/v1/changes")
    async def changes(request: Request, cursor: str = "", limit: int = 100) -> Response:
        def answer(_: bytes) -> tuple[int, Any]:
            behaviour = stand_in.behaviour
            try:
                asked = "" if behaviour.wrong is Wrong.REPLAY else cursor
                page = stand_in.book.page(asked, max(1, min(limit, behaviour.page)))
            except CursorGone:
                return 410, {"MESSAGE": "游标已失效，请从头同步 / cursor is gone, start over"}
            return 200, spoil(page, behaviour.wrong, stand_in.book.newest_records())

        return await _exchange(stand_in, request, answer)

    @app.post("/api/v1/items")
    async def items(request: Request) -> Response:
        def answer(body: bytes) -> tuple[int, Any]:
            try:
                sent = json.loads(body)["ITEMS"]
                if stand_in.behaviour.wrong is Wrong.BAD_REQUEST and len(sent) > 1:
                    return 400, {"MESSAGE": "请求有误 / bad request"}
                return 200, {"RESULTS": stand_in.book.take(sent)}
            except (ValueError, KeyError, TypeError):
                return 400, {"MESSAGE": "请求有误 / bad request"}

        return await _exchange(stand_in, request, answer)

    app.include_router(control_routes(stand_in))
    return app


async def _exchange(stand_in: StandIn, request: Request, answer: Callable[[bytes], tuple[int, Any]]) -> Response:
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
        verify_request(stand_in.token, request.method, path, request.headers, body, time.time_ns(), stand_in.nonces)
    except SignatureRefused as refused:
        return Response(f"签名无效 / {refused}", 401, media_type="text/plain")
    status, content = answer(body)
    text = b'{"CURSOR": "' if behaviour.wrong is Wrong.MALFORMED else json.dumps(content, ensure_ascii=False).encode()
    headers = sign_answer(stand_in.token, status, request.headers[NONCE], text)
    return Response(text, status, {} if behaviour.wrong is Wrong.UNSIGNED else headers, "application/json")
