"""Plain HTTP beside the real web server: tells whoever forgot the `s` where to go, and hands out the authority's certificate.

Nothing else is here, so that nothing can leak: no cookie is read, no account known.
"""

import asyncio
import re
from typing import Self

LIMIT_BYTES = 8_192
READ_S = 5.0
_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(:\d+)?")


class PlainHttp:
    """Listens from `start` to `close`.  `port` is known after `start`."""

    def __init__(self, host: str, port: int, https_port: int, authority_pem: str) -> None:
        self._host, self._wanted_port = host, port
        self._https_port = https_port
        self._authority = authority_pem.encode("ascii")
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self._server is not None, "known after start()"
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self) -> Self:
        """Open the port.  OSError when it is taken."""
        self._server = await asyncio.start_server(self._serve, self._host, self._wanted_port, limit=LIMIT_BYTES)
        return self

    async def close(self) -> None:
        """Close the port."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(READ_S):
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                writer.write(self._answer(head))
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # whoever that was did not wait, or spoke no HTTP
        finally:
            writer.close()

    def _answer(self, head: str) -> bytes:
        request, *lines = head.split("\r\n")
        method, _, rest = request.partition(" ")
        path = rest.partition(" ")[0]
        if method not in ("GET", "HEAD") or not path.startswith("/") or not path.isprintable():
            return _response("405 Method Not Allowed", "", b"https only\n")
        if path == "/ca.crt":
            return _response("200 OK", "Content-Type: application/x-x509-ca-cert\r\n", self._authority)
        named = next((line.partition(":")[2].strip() for line in lines if line.lower().startswith("host:")), "")
        host = _HOST.fullmatch(named)
        if host is None:
            return _response("400 Bad Request", "", b"https only\n")
        place = f"https://{host[1]}{'' if self._https_port == 443 else f':{self._https_port}'}{path}"
        return _response("308 Permanent Redirect", f"Location: {place}\r\n", f"请使用 https 访问 use https: {place}\n".encode())


def _response(status: str, headers: str, body: bytes) -> bytes:
    kind = "" if "Content-Type" in headers else "Content-Type: text/plain; charset=utf-8\r\n"
    return f"HTTP/1.1 {status}\r\n{headers}{kind}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body
