"""Keeps gateway and platform in step: pulls changes on a timer, lets the outbox drain, and survives whatever the other side does.

A page is taken in one transaction: what `on_lots` and `on_phase_event` write to the venue database, the memory that they ran,
and the cursor.  A crash therefore repeats a page whole or not at all, and an event has its effect once.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from gateway.trading.base import LotWarning, PhaseEvent, Platform, PlatformAway, Pulled, Rejected
from gateway.trading.drain import BATCH, Drain
from gateway.trading.memory import Memory
from gateway.trading.outbox import Outbox
from venue_model.ids import LotId
from venue_model.lots import Lot
from venue_model.moments import Now

LOG = logging.getLogger(__name__)

PULL_S = 15.0
DRAIN_S = 1.0  # how soon a new item leaves when nobody pokes
MAX_PAGES = 100  # in one round: a platform that says "more" for ever must not keep us from resting


@dataclass(frozen=True, slots=True)
class Health:
    """How the exchange goes, for the dashboard."""

    away_since_utc_ns: int | None = None  # of the older of two: pulls, pushes; None: both work
    last_error: str = ""  # of what does not work now
    waiting: int = 0
    dead: int = 0
    rejected: tuple[Rejected, ...] = ()  # newest last; one leaves when its lot is taken after all
    warnings: tuple[LotWarning, ...] = ()
    apart: int = 0  # of the waiting: items that the platform does not take though it takes others
    oldest_utc_ns: int | None = None  # of the waiting


@dataclass(frozen=True, slots=True)
class _Trouble:
    since_utc_ns: int
    error: str


class PlatformSync:
    """Two tasks between `start` and `stop`: one pulls, one pushes, so that a slow answer to one does not hold the other.

    `on_lots` and `on_phase_event` are plain functions called inside a transaction on the venue database: they must not wait, and
    what they send to devices they should send after it.  They should not raise for a lot that the venue cannot serve: a raise
    rolls the page back, and the same page comes again.
    """

    def __init__(
        self,
        platform: Platform,
        outbox: Outbox,
        on_lots: Callable[[tuple[Lot, ...]], None],
        on_phase_event: Callable[[PhaseEvent], None],
        clock: Callable[[], Now],
        *,
        on_health: Callable[[Health], None] = lambda health: None,
        pull_s: float = PULL_S,
        drain_s: float = DRAIN_S,
    ) -> None:
        self._platform = platform
        self._outbox = outbox
        self._memory = Memory(outbox.db)
        self._on_lots = on_lots
        self._on_phase_event = on_phase_event
        self._clock = clock
        self._on_health = on_health
        self._pull_s = pull_s
        self._drain_s = drain_s
        self._tasks: list[asyncio.Task[None]] = []
        self._wake_pull = asyncio.Event()
        self._wake_drain = asyncio.Event()
        self._troubles: dict[str, _Trouble] = {}
        self._drain = Drain(platform, outbox, clock, lambda: self.pulled_utc_ns is not None and "pull" not in self._troubles)
        self._heard = 0  # phase events that came by themselves
        self.pulled_utc_ns: int | None = None  # when a pull last went well
        self.health = Health()

    def start(self) -> None:
        """Begin, in the running event loop."""
        assert not self._tasks, "PlatformSync.start was called twice"
        self._tasks = [
            asyncio.create_task(self._repeat(self.pull_once, self._pull_s, self._wake_pull), name="platform pull"),
            asyncio.create_task(self._repeat(self.drain_once, self._drain_s, self._wake_drain), name="platform push"),
        ]

    async def stop(self) -> None:
        """End at once; an exchange that is under way is repeated after the next start.  The platform is the caller's to close."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    def poke(self) -> None:
        """Pull and push now: a webhook came, or something urgent was put."""
        self._wake_pull.set()
        self._wake_drain.set()

    async def pull_once(self) -> bool:
        """One round: all pages that wait.  Always False: the next round waits for the timer.  Never raises."""
        try:
            for _ in range(MAX_PAGES):
                before, heard = self._memory.cursor(), self._heard
                pulled = await self._platform.pull_lots(before)
                if self._heard != heard:
                    continue  # an event came meanwhile: this page was written before it, and would undo it
                self._take(pulled)
                if not pulled.more or pulled.cursor == before:
                    break
            self._well("pull")
            self.pulled_utc_ns = self._clock().utc_ns
        except Exception as error:  # a fault of ours must not end the exchange either
            self._ill("pull", error)
        self._report()
        return False

    async def drain_once(self) -> bool:
        """One push of what is due.  True when more may go at once.  Never raises."""
        settled = 0
        try:
            settled = await self._drain.round()
            if settled:
                self._well("push")
        except Exception as error:  # as above; a full disk lands here too
            self._ill("push", error)
        self._report()
        return settled >= BATCH

    def take_events(self, events: Sequence[PhaseEvent], rejected: Sequence[Rejected] = ()) -> int:
        """Phase events that the platform brought by itself (a webhook); how many were new.  Raises what the venue's side raises: then
        nothing of them was taken."""
        with self._outbox.db.atomic():
            fresh = [event for event in events if self._memory.first_time(event)]
            for event in fresh:
                self._on_phase_event(event)
            self._memory.note(rejected, (), self._clock().utc_ns)
        self._heard += len(fresh)
        self._report()
        return len(fresh)

    def report(self) -> None:
        """The outbox has changed from outside: look again."""
        self._report()

    def _take(self, pulled: Pulled) -> None:
        known = self.health
        with self._outbox.db.atomic():
            lots, stale = self._memory.newer(pulled.lots)
            if lots:
                self._on_lots(lots)
                self._memory.came_right(lots)
            for event in pulled.phase_events:
                if self._memory.first_time(event):
                    self._on_phase_event(event)
            warnings = pulled.warnings + stale
            if pulled.rejected or warnings:
                self._memory.note(pulled.rejected, warnings, self._clock().utc_ns)
            self._memory.set_cursor(pulled.cursor)
        for rejected in pulled.rejected:
            if rejected not in known.rejected:
                LOG.warning("platform: %s rejected: %s", rejected.ref, rejected.why)
        for warning in warnings:
            if warning not in known.warnings:
                LOG.warning("platform: lot %s: %s", warning.lot, warning.text)

    def _well(self, what: str) -> None:
        if self._troubles.pop(what, None) is not None:
            LOG.info("platform: %s works again", what)

    def _ill(self, what: str, error: Exception) -> None:
        text = str(error) if isinstance(error, PlatformAway) else f"{type(error).__name__}: {error}"
        before = self._troubles.get(what)
        if before is None:
            fault = None if isinstance(error, PlatformAway) else error
            LOG.warning("platform: %s fails: %s; trying again", what, text, exc_info=fault)
        since_utc_ns = self._clock().utc_ns if before is None else before.since_utc_ns
        self._troubles[what] = _Trouble(since_utc_ns, text)

    def _report(self) -> None:
        before = self.health
        try:
            counts, notices = self._outbox.counts(), self._memory.notices()
            health = Health(
                waiting=counts.waiting, dead=counts.dead, apart=counts.apart, oldest_utc_ns=counts.oldest_utc_ns,
                rejected=tuple(Rejected(notice.ref, notice.text) for notice in notices if notice.kind == "rejected"),
                warnings=tuple(LotWarning(LotId(notice.ref), notice.text) for notice in notices if notice.kind == "warning"),
            )  # fmt: skip
            self._well("outbox")
        except Exception as error:  # the database is in trouble; say so with the counts of before
            self._ill("outbox", error)
            health = before
        troubles = sorted(self._troubles.values(), key=lambda trouble: trouble.since_utc_ns)
        health = replace(
            health,
            away_since_utc_ns=troubles[0].since_utc_ns if troubles else None,
            last_error=troubles[-1].error if troubles else "",
        )
        if health != self.health:
            self.health = health
            try:
                self._on_health(health)
            except Exception:
                LOG.exception("platform: the health callback failed")

    @staticmethod
    async def _repeat(one_round: Callable[[], Awaitable[bool]], pause_s: float, wake: asyncio.Event) -> None:
        while True:
            wake.clear()  # before the round: a poke during it means one more
            if await one_round():
                continue
            try:
                async with asyncio.timeout(pause_s):
                    await wake.wait()
            except TimeoutError:
                pass  # the ordinary case: the timer's turn
