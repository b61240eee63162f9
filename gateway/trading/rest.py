"""The REST adapter: signed JSON over HTTP to a platform that keeps a feed of changes and takes items by idempotency key."""

import time
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote

import httpx

from gateway.trading.base import OutboxItem, PlatformAway, PlatformRefused, Pulled
from gateway.trading.exchange import Exchange
from gateway.trading.rest_fields import read_page
from gateway.trading.rest_items import item_fields
from gateway.trading.signature import Nonces, new_nonce, sign_request, verify_answer, verify_request
from gateway.trading.verdicts import check_verdicts, one_by_one

CHANGES_PATH = "/api/v1/changes"
ITEMS_PATH = "/api/v1/items"
PAGE = 200  # changes asked for at once; 22 lots and their events fit a quiet day into one page
CURSOR_GONE = 410  # a platform restored from a backup; repeats are harmless, a hole would not be
ITEM_FAULTS = frozenset({400, 409, 413, 422})  # the statuses that blame what was sent; all others blame the way or the time


class RestSigner:
    """Both directions signed with the venue's token (`signature`)."""

    def __init__(self, token: str) -> None:
        if not token:
            raise ValueError("platform token is empty; ask the platform's operator for the venue's token")
        self._token = token

    def sign(self, method: str, path: str, body: bytes, utc_ns: int) -> tuple[Mapping[str, str], str]:
        """As `Signer` says."""
        nonce = new_nonce()
        return sign_request(self._token, method, path, body, utc_ns, nonce), nonce

    def verify(self, status: int, nonce: str, headers: Mapping[str, str], body: bytes) -> None:
        """As `Signer` says."""
        verify_answer(self._token, status, nonce, headers, body)


class RestPlatform:
    """A `Platform` over HTTP.  ValueError for an address or a token that cannot be right."""

    def __init__(
        self,
        base_url: str,
        token: str,
        client: httpx.AsyncClient | None = None,
        *,
        clock_utc_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._exchange = Exchange(base_url, RestSigner(token), client, clock_utc_ns)

    async def pull_lots(self, cursor: str) -> Pulled:
        """One page of changes after `cursor`; from the beginning when the platform no longer knows the cursor."""
        path = f"{CHANGES_PATH}?cursor={quote(cursor, safe='')}&limit={PAGE}"
        status, answer = await self._exchange.call("GET", path, understood=frozenset({CURSOR_GONE}))
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
        content = {"ITEMS": [item_fields(item) for item in items]}
        status, answer = await self._exchange.call("POST", ITEMS_PATH, content, understood=ITEM_FAULTS)
        if status != 200 and len(items) > 1:
            await one_by_one(self.push, items)
        elif status != 200:
            raise PlatformRefused({items[0].key: f"answered {status}"})
        else:
            check_verdicts(ITEMS_PATH, items, _verdicts(answer))

    async def close(self) -> None:
        """Close the connections."""
        await self._exchange.close()


def verify_webhook(
    token: str, method: str, path: str, headers: Mapping[str, str], body: bytes, now_utc_ns: int, nonces: Nonces
) -> None:
    """Accept a call of the platform, once, or raise SignatureRefused.  It is signed as our own calls are."""
    verify_request(token, method, path, headers, body, now_utc_ns, nonces)


def _verdicts(answer: object) -> dict[str, str | None]:
    results = answer.get("RESULTS") if isinstance(answer, dict) else None
    found: dict[str, str | None] = {}
    for result in results if isinstance(results, list) else ():
        if isinstance(result, dict):
            key, status = str(result.get("KEY")), result.get("STATUS")
            if status in ("accepted", "duplicate"):
                found[key] = None
            elif status == "refused":
                found[key] = str(result.get("REASON", ""))
    return found
