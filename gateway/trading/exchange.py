"""One signed exchange over HTTP at a time, with whatever answers at a platform's address: limits, time-outs, and a remedy for people.

Whatever goes wrong on the way or in time is PlatformAway: nothing was understood, the same call may be repeated.
"""

import asyncio
import email.utils
import json
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import httpx

from gateway.trading.base import PlatformAway
from gateway.trading.signature import SignatureRefused
from venue_model.moments import S

CONNECT_S = 5.0
ANSWER_S = 20.0  # the whole answer, so that a platform that drips bytes cannot hold us
MAX_ANSWER_BYTES = 8 << 20
CLOCKS_DIFFER_S = 60  # worth telling; signatures allow some minutes
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Signer(Protocol):
    """How one kind of platform knows the venue, and the venue the platform."""

    def sign(self, method: str, path: str, body: bytes, utc_ns: int) -> tuple[Mapping[str, str], str]:
        """The headers of a request, and the nonce that its answer is bound to."""

    def verify(self, status: int, nonce: str, headers: Mapping[str, str], body: bytes) -> None:
        """Accept an answer, or raise SignatureRefused."""


class Exchange:
    """A platform's address.  Give `client` to pin a certificate or to go through a proxy; it is closed by `close`.

    ValueError for plain http to another machine: rosters name who evaluates.
    """

    def __init__(self, base_url: str, signer: Signer, client: httpx.AsyncClient | None, clock_utc_ns: Callable[[], int]) -> None:
        url = httpx.URL(base_url)
        if url.scheme != "https" and url.host not in LOOPBACK:
            raise ValueError(f"platform address {base_url!r}: plain http carries rosters in the clear; use https")
        self._base = url
        self._signer = signer
        self._clock_utc_ns = clock_utc_ns
        self._client = client or new_client()

    async def call(
        self, method: str, path: str, content: object = None, *, understood: frozenset[int] = frozenset()
    ) -> tuple[int, object]:
        """Status 200 and the parsed answer, or another `understood` status and None.  PlatformAway otherwise."""
        body = b"" if content is None else json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
        url = self._base.join(self._base.path.rstrip("/") + path)
        signed, nonce = self._signer.sign(method, url.raw_path.decode("ascii"), body, self._clock_utc_ns())
        headers = dict(signed) | ({"Content-Type": "application/json"} if body else {})
        where = f"{method} {path.partition('?')[0]}"
        try:
            async with asyncio.timeout(ANSWER_S), self._client.stream(method, url, content=body, headers=headers) as answer:
                if answer.status_code != 200 and answer.status_code not in understood:
                    raise PlatformAway(f"{where}: answered {answer.status_code} {self._remedy(answer)}".rstrip())
                received = await _read(answer, where)
        except TimeoutError:
            raise PlatformAway(f"{where}: no whole answer within {ANSWER_S:.0f} s") from None
        except httpx.HTTPError as error:
            raise PlatformAway(f"{where}: {type(error).__name__}: {error}") from None
        try:
            self._signer.verify(answer.status_code, nonce, answer.headers, received)
        except SignatureRefused as error:
            raise PlatformAway(f"{where}: {error}") from None
        if answer.status_code != 200:
            return answer.status_code, None
        try:
            return answer.status_code, json.loads(received)
        except (ValueError, RecursionError):
            raise PlatformAway(f"{where}: answer is not JSON") from None

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def _remedy(self, answer: httpx.Response) -> str:
        if answer.status_code not in (401, 403):
            return ""
        stamp = email.utils.parsedate_tz(answer.headers.get("Date", ""))
        ahead_s = 0 if stamp is None else email.utils.mktime_tz(stamp) - self._clock_utc_ns() // S
        if abs(ahead_s) > CLOCKS_DIFFER_S:
            way = "ahead of" if ahead_s > 0 else "behind"
            return f"(the platform's clock is {abs(ahead_s)} s {way} this one: set the clock that is wrong)"
        return "(platform does not accept this venue's token, or clocks differ by minutes)"


def new_client(authority: Path | None = None) -> httpx.AsyncClient:
    """Connections for one platform.  `authority`: the one certificate authority that its address is believed with, as PEM.

    ValueError when the file holds none.
    """
    verify: ssl.SSLContext | bool = True
    if authority is not None:
        try:
            verify = ssl.create_default_context(cafile=str(authority))
        except (OSError, ssl.SSLError) as error:
            raise ValueError(f"{authority}: no certificate authority can be read: {error}; give a PEM file") from None
    return httpx.AsyncClient(timeout=httpx.Timeout(ANSWER_S, connect=CONNECT_S), verify=verify)


async def _read(answer: httpx.Response, where: str) -> bytes:
    received = bytearray()
    async for piece in answer.aiter_bytes():
        received += piece
        if len(received) > MAX_ANSWER_BYTES:
            raise PlatformAway(f"{where}: answer is longer than {MAX_ANSWER_BYTES >> 20} MiB")
    return bytes(received)
