"""The adapter of a provincial interface: rows of national data sets, keyset pages by sourceDataKey, business codes in an envelope."""

import time
from collections.abc import Callable, Sequence
from urllib.parse import quote

import httpx

from gateway.trading.base import OutboxItem, PlatformAway, PlatformRefused, Pulled
from gateway.trading.exchange import Exchange
from gateway.trading.province_fields import Borders, read_rows
from gateway.trading.province_items import row_of
from gateway.trading.province_sign import ProvinceSigner
from gateway.trading.verdicts import check_verdicts, one_by_one

SECTIONS_PATH = "/openapi/venue/sections"
DATA_PATH = "/openapi/venue/data"
PAGE = 100
OK, KEY_GONE = 200, 410  # `code` of the envelope; the status of HTTP is 200 whatever happened
ITEM_FAULTS = frozenset({400, 409, 413, 422})
_TAKEN = frozenset({"0", "1"})  # of a row: written, known already


class ProvincePlatform:
    """A `Platform` over a provincial interface.  ValueError for an address, client or secret that cannot be right."""

    def __init__(
        self,
        base_url: str,
        client_id: str,
        secret: str,
        borders: Borders,
        client: httpx.AsyncClient | None = None,
        *,
        clock_utc_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._exchange = Exchange(base_url, ProvinceSigner(client_id, secret), client, clock_utc_ns)
        self._borders = borders
        self._room_names = {str(room): name for name, room in reversed(list(borders.rooms.items()))}  # the first name of each room

    async def pull_lots(self, cursor: str) -> Pulled:
        """The rows after the one with this sourceDataKey; all when the platform no longer knows it."""
        answer = await self._exchange.call("GET", f"{SECTIONS_PATH}?sourceDataKey={quote(cursor, safe='')}&pageSize={PAGE}")
        code, data = _opened(SECTIONS_PATH, answer[1])
        if code == KEY_GONE and cursor:
            return await self.pull_lots("")
        if code != OK:
            raise PlatformAway(f"{SECTIONS_PATH}: answered code {code}")
        try:
            return read_rows(data, cursor, self._borders)
        except ValueError as error:
            raise PlatformAway(f"{SECTIONS_PATH}: page is not understood: {error}") from None

    async def push(self, items: Sequence[OutboxItem]) -> None:
        """Hand over `items`; one that spoils its batch is found by sending each alone."""
        _, answer = await self._exchange.call("POST", DATA_PATH, {"list": [row_of(item, self._room_names) for item in items]})
        code, data = _opened(DATA_PATH, answer)
        if code in ITEM_FAULTS and len(items) > 1:
            await one_by_one(self.push, items)
        elif code in ITEM_FAULTS:
            raise PlatformRefused({items[0].key: f"answered code {code}"})
        elif code != OK:
            raise PlatformAway(f"{DATA_PATH}: answered code {code}")
        else:
            check_verdicts(DATA_PATH, items, _verdicts(data))

    async def close(self) -> None:
        """Close the connections."""
        await self._exchange.close()


def _opened(where: str, answer: object) -> tuple[int, object]:
    """`code` and `data` of the envelope."""
    code = answer.get("code") if isinstance(answer, dict) else None
    if not isinstance(answer, dict) or not isinstance(code, int):
        raise PlatformAway(f"{where}: answer has no code")
    return code, answer.get("data")


def _verdicts(data: object) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for row in data if isinstance(data, list) else ():
        if isinstance(row, dict) and isinstance(row.get("result"), str):
            taken = row["result"] in _TAKEN
            found[str(row.get("DATA_KEY"))] = None if taken else str(row.get("msg", ""))
    return found
