"""The stand-in's call to the gateway when there is news: signed, once, and nobody waits for it (the gateway's timer is the net)."""

import asyncio
import json
import logging
import time

import httpx

from gateway.trading.signature import new_nonce, sign_request

LOG = logging.getLogger(__name__)


class Webhook:
    """Calls `url` when it is set."""

    def __init__(self, token: str) -> None:
        self.url = ""
        self._token = token
        self._calls: set[asyncio.Task[None]] = set()  # the loop itself keeps only weak references

    def ring(self) -> None:
        """Call soon, in the running loop."""
        if self.url:
            task = asyncio.create_task(self._call(httpx.URL(self.url)))
            self._calls.add(task)
            task.add_done_callback(self._calls.discard)

    async def _call(self, url: httpx.URL) -> None:
        body = json.dumps({"NEWS": True}).encode()
        headers = sign_request(self._token, "POST", url.raw_path.decode("ascii"), body, time.time_ns(), new_nonce())
        try:
            async with httpx.AsyncClient(timeout=5) as client:
                await client.post(url, content=body, headers=headers)
        except httpx.HTTPError as error:
            LOG.warning("webhook %s: %s", url, error)
