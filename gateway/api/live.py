"""The live feed: one WebSocket a page, the whole state first, then what has changed, coalesced.

A slow page loses its place, not the others theirs: its queue is bounded, and when it overflows the page gets the whole state again.
"""

import asyncio
import time
from typing import Any

from gateway.core.quiet import CODE, Quiet, step
from gateway.core.rights import Viewer
from gateway.shell.coordinator import clock
from gateway.shell.view import View
from venue_model.moments import Now

COALESCE_S = 0.05
LARGE_S = 0.1  # and a change of hundreds of devices so much longer: the answers that make it are still coming
SHARE = 4  # and so many times as long as the last patch took to make: pages never have more than a fifth of the gateway's time
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
        self._pages: dict[asyncio.Queue[str | None], Viewer] = {}  # page → whoever looks at it
        self._quiet = Quiet()
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

    def join(self, viewer: Viewer) -> asyncio.Queue[str | None]:
        """A new page: its queue begins with the whole state.  None in it means: the feed has ended."""
        page: asyncio.Queue[str | None] = asyncio.Queue(QUEUE)
        page.put_nowait(self._whole(viewer))
        self._pages[page] = viewer
        return page

    def leave(self, page: asyncio.Queue[str | None]) -> None:
        """A page has gone."""
        self._pages.pop(page, None)

    def _whole(self, viewer: Viewer) -> str:
        return self.view.state(self.seq, clock(), viewer).model_dump_json()

    def look_after_quiet(self, now: Now) -> None:
        """Tell staff how many quiet alarms wait while nobody who may see them looks; call every few seconds."""
        before, self._quiet = self._quiet, step(self._quiet, self.view.unseen({*self._pages.values()}), now.mono_ns)
        if before.told == self._quiet.told:
            return
        note = self.view.coordinator.journal.note
        if before.told:
            note("alarm_clear", {"code": CODE, "place": str(before.told)}, now)
        if self._quiet.told:
            note("alarm", {"code": CODE, "place": str(self._quiet.told), "level": "warning"}, now)

    async def _run(self) -> None:
        took_s = 0.0
        while True:
            try:
                await asyncio.wait_for(self._wake.wait(), BEAT_S)
                await asyncio.sleep(max(COALESCE_S, took_s * SHARE))
                if self.view.is_large(self._dirty):
                    await asyncio.sleep(LARGE_S)
            except TimeoutError:
                pass  # nothing has changed: say just that
            self._wake.clear()
            began_s = time.perf_counter()
            dirty, self._dirty = self._dirty, {}
            events, self._events = self._events[-EVENTS_KEPT:], []
            self.seq += 1
            now = clock()
            self.look_after_quiet(now)
            # Serialised once for each kind of viewer, whatever the number of pages.
            texts = {v: self.view.patch(self.seq, dirty, events, now, v).model_dump_json() for v in {*self._pages.values()}}
            for page, viewer in self._pages.items():
                if page.full():
                    while not page.empty():
                        page.get_nowait()
                    page.put_nowait(self._whole(viewer))
                else:
                    page.put_nowait(texts[viewer])
            took_s = time.perf_counter() - began_s


def _put(page: asyncio.Queue[str | None], text: str | None) -> None:
    if page.full():
        page.get_nowait()
    page.put_nowait(text)
