"""The stand-in's call to the gateway when there is news: signed, once, and nobody waits for it (the gateway's timer is the net)."""

import asyncio
import json
import logging
import time
from collections.abc import Sequence

import httpx

from gateway.trading.base import PhaseEvent
from gateway.trading.signature import new_nonce, sign_request
from simulation.platform.wire import event_record

LOG = logging.getLogger(__name__)


def call_body(venue: str, events: Sequence[PhaseEvent] = ()) -> bytes:
    """What a call says."""
    return json.dumps({"VENUE": venue, "EVENTS": [event_record(event) for event in events]}).encode()


class Webhook:
    """Calls `url` when it is set."""

    def __init__(self, token: str) -> None:
        self.url = ""
        self.venue = ""  # whom it calls
        self._token = token
        self._calls: set[asyncio.Task[None]] = set()  # the loop itself keeps only weak references

    def ring(self, *events: PhaseEvent) -> None:
        """Call soon, in the running loop: there is news, and these events are part of it."""
        if self.url:
            task = asyncio.create_task(self._call(httpx.URL(self.url), events))
            self._calls.add(task)
            task.add_done_callback(self._calls.discard)

    async def _call(self, url: httpx.URL, events: Sequence[PhaseEvent]) -> None:
        body = call_body(self.venue, events)
        headers = sign_request(self._token, "POST", url.raw_path.decode("ascii"), body, time.time_ns(), new_nonce())
        try:
            async with httpx.AsyncClient(timeout=5) as client:
                await client.post(url, content=body, headers=headers)
        except httpx.HTTPError as error:
            LOG.warning("webhook %s: %s", url, error)
