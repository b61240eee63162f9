"""The REST adapter: signed JSON over HTTP to a platform that keeps a feed of changes and takes items by idempotency key."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote

import httpx

from gateway.trading.base import OutboxItem, PlatformAway, PlatformRefused, Pulled
from gateway.trading.rest_fields import read_page
from gateway.trading.rest_items import item_fields
from gateway.trading.signature import (
    Nonces,
    SignatureRefused,
    new_nonce,
    sign_request,
    verify_answer,
    verify_request,
)

CHANGES_PATH = "/api/v1/changes"
ITEMS_PATH = "/api/v1/items"
PAGE = 200  # changes asked for at once; 22 lots and their events fit a quiet day into one page
CONNECT_S = 5.0
ANSWER_S = 20.0  # the whole answer, so that a platform that drips bytes cannot hold us
MAX_ANSWER_BYTES = 8 << 20
CURSOR_GONE = 410  # a platform restored from a backup; repeats are harmless, a hole would not be
ITEM_FAULTS = frozenset({400, 409, 413, 422})  # the statuses that blame what was sent; all others blame the way or the time
_TAKEN = frozenset({"accepted", "duplicate"})


class RestPlatform:
    """A `Platform` over HTTP.  Give `client` to pin a certificate or to go through a proxy; it is closed by `close`.

    ValueError for plain http to another machine: rosters name who evaluates.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        client: httpx.AsyncClient | None = None,
        *,
        clock_utc_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        url = httpx.URL(base_url)
        if url.scheme != "https" and url.host not in ("127.0.0.1", "::1", "localhost"):
            raise ValueError(f"platform address {base_url!r}: plain http carries rosters in the clear; use https")
        if not token:
            raise ValueError("platform token is empty; ask the platform's operator for the venue's token")
        self._base = url
        self._token = token
        self._clock_utc_ns = clock_utc_ns
        self._client = client or httpx.AsyncClient(timeout=httpx.Timeout(ANSWER_S, connect=CONNECT_S))

    async def pull_lots(self, cursor: str) -> Pulled:
        """One page of changes after `cursor`; from the beginning when the platform no longer knows the cursor."""
        status, answer = await self._call("GET", f"{CHANGES_PATH}?cursor={quote(cursor, safe='')}&limit={PAGE}")
        if status == CURSOR_GONE and cursor:
            return await self.pull_lots("")
        if status != 200:
            raise PlatformAway(f"{CHANGES_PATH}: answered {status}")
        try:
            return read_page(answer)
        except ValueError as error:
            raise PlatformAway(f"{CHANGES_PATH}: page is not understood: {error}") from None

    async def push(self, items: Sequence[OutboxItem]) -> None:
        """Hand over `items`; one that spoils its batch is found by sending each alone."""
        status, answer = await self._call("POST", ITEMS_PATH, {"ITEMS": [item_fields(item) for item in items]})
        if status == 200:
            _check_results(items, answer)
        elif status == CURSOR_GONE:
            raise PlatformAway(f"{ITEMS_PATH}: answered {status}; check the platform's address")
        elif len(items) == 1:
            raise PlatformRefused({items[0].key: f"answered {status}"})
        else:
            refused: dict[str, str] = {}
            for item in items:
                try:
                    await self.push([item])
                except PlatformRefused as error:
                    refused |= error.why
            if refused:
                raise PlatformRefused(refused)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _call(self, method: str, path: str, content: object = None) -> tuple[int, object]:
        """One signed exchange: status 200 and parsed JSON, or an item's fault or a lost cursor and None.  PlatformAway otherwise."""
        body = b"" if content is None else json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
        url = self._base.join(self._base.path.rstrip("/") + path)
        signed_path = url.raw_path.decode("ascii")
        nonce = new_nonce()
        headers = sign_request(self._token, method, signed_path, body, self._clock_utc_ns(), nonce)
        if body:
            headers["Content-Type"] = "application/json"
        where = f"{method} {path.partition('?')[0]}"
        try:
            async with asyncio.timeout(ANSWER_S), self._client.stream(method, url, content=body, headers=headers) as answer:
                if answer.status_code != 200 and answer.status_code not in ITEM_FAULTS | {CURSOR_GONE}:
                    raise PlatformAway(f"{where}: answered {answer.status_code} {_remedy(answer.status_code)}".rstrip())
                received = await _read(answer, where)
        except TimeoutError:
            raise PlatformAway(f"{where}: no whole answer within {ANSWER_S:.0f} s") from None
        except httpx.HTTPError as error:
            raise PlatformAway(f"{where}: {type(error).__name__}: {error}") from None
        try:
            verify_answer(self._token, answer.status_code, nonce, answer.headers, received)
        except SignatureRefused as error:
            raise PlatformAway(f"{where}: {error}") from None
        if answer.status_code != 200:
            return answer.status_code, None
        try:
            return answer.status_code, json.loads(received)
        except (ValueError, RecursionError):
            raise PlatformAway(f"{where}: answer is not JSON") from None


def verify_webhook(
    token: str, method: str, path: str, headers: Mapping[str, str], body: bytes, now_utc_ns: int, nonces: Nonces
) -> None:
    """Accept the platform's "there is news" call, once, or raise SignatureRefused.  It is signed as our own calls are.

    The call's content is not used: it only makes the next pull come at once (`PlatformSync.poke`).
    """
    verify_request(token, method, path, headers, body, now_utc_ns, nonces)


async def _read(answer: httpx.Response, where: str) -> bytes:
    received = bytearray()
    async for piece in answer.aiter_bytes():
        received += piece
        if len(received) > MAX_ANSWER_BYTES:
            raise PlatformAway(f"{where}: answer is longer than {MAX_ANSWER_BYTES >> 20} MiB")
    return bytes(received)


def _remedy(status: int) -> str:
    return "(platform does not accept this venue's token, or clocks differ by minutes)" if status in (401, 403) else ""


def _check_results(items: Sequence[OutboxItem], answer: object) -> None:
    """Every item must have a verdict.  A missing one means: not delivered, send again."""
    results = answer.get("RESULTS") if isinstance(answer, dict) else None
    verdicts: dict[str, tuple[str, str]] = {}
    for result in results if isinstance(results, list) else ():
        if isinstance(result, dict):
            verdicts[str(result.get("KEY"))] = (str(result.get("STATUS")), str(result.get("REASON", ""))[:200])
    silent = [item.key for item in items if verdicts.get(item.key, ("", ""))[0] not in _TAKEN | {"refused"}]
    if silent:
        raise PlatformAway(f"{ITEMS_PATH}: no verdict on {len(silent)} of {len(items)} items, first {silent[0]}")
    refused = {item.key: verdicts[item.key][1] or "no reason given" for item in items if verdicts[item.key][0] == "refused"}
    if refused:
        raise PlatformRefused(refused)
