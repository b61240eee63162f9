"""The live feed: one WebSocket a page, the whole state first, then what has changed, coalesced.

A slow page loses its place, not the others theirs: its queue is bounded, and when it overflows the page gets the whole state again.
"""

import asyncio
from typing import Any

from gateway.shell.coordinator import clock
from gateway.shell.view import View

COALESCE_S = 0.05
QUEUE = 64
EVENTS_KEPT = 200  # in one patch; a page that wants more asks for the journal
BEAT_S = 2.0  # an empty patch after so much silence: a page calls its picture stale after 5 s (dashboard brief 5)


class LiveFeed:
    """Collects changes and hands them to all pages."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.seq = 0
        self._dirty: dict[str, set[str]] = {}
        self._events: list[dict[str, Any]] = []
        self._pages: dict[asyncio.Queue[str | None], str] = {}  # page → the role of whoever looks at it
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, in the running loop."""
        self._task = asyncio.create_task(self._run(), name="live feed")

    async def close(self) -> None:
        """End, and tell the pages."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        for page in self._pages:
            _put(page, None)

    def changed(self, section: str, key: str) -> None:
        """Something is not as the pages know it."""
        self._dirty.setdefault(section, set()).add(key)
        self._wake.set()

    def lines(self, lines: list[dict[str, Any]]) -> None:
        """New journal lines."""
        self.view.take_lines(lines)
        self._events.extend(lines)
        self._wake.set()

    def join(self, role: str) -> asyncio.Queue[str | None]:
        """A new page: its queue begins with the whole state.  None in it means: the feed has ended."""
        page: asyncio.Queue[str | None] = asyncio.Queue(QUEUE)
        page.put_nowait(self._whole(role))
        self._pages[page] = role
        return page

    def leave(self, page: asyncio.Queue[str | None]) -> None:
        """A page has gone."""
        self._pages.pop(page, None)

    def _whole(self, role: str) -> str:
        return self.view.state(self.seq, clock(), role).model_dump_json()

    async def _run(self) -> None:
        while True:
            try:
                await asyncio.wait_for(self._wake.wait(), BEAT_S)
                await asyncio.sleep(COALESCE_S)
            except TimeoutError:
                pass  # nothing has changed: say just that
            self._wake.clear()
            dirty, self._dirty = self._dirty, {}
            events, self._events = self._events[-EVENTS_KEPT:], []
            self.seq += 1
            now = clock()
            # Serialised once for each role, whatever the number of pages.
            texts = {role: self.view.patch(self.seq, dirty, events, now, role).model_dump_json() for role in {*self._pages.values()}}
            for page, role in self._pages.items():
                if page.full():
                    while not page.empty():
                        page.get_nowait()
                    page.put_nowait(self._whole(role))
                else:
                    page.put_nowait(texts[role])


def _put(page: asyncio.Queue[str | None], text: str | None) -> None:
    if page.full():
        page.get_nowait()
    page.put_nowait(text)
