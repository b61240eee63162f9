"""Empties the outbox: pushes what is due together, and finds the item that the platform never takes, so that the rest goes on.

A platform that is away fails for every item; one that stumbles over a single item fails for every push that holds it.  From outside both
look alike until another item is taken.  So an item is blamed only for a failure beside which the platform took something else.
"""

import logging
from collections.abc import Callable, Sequence

from gateway.trading.base import OutboxItem, Platform, PlatformAway, PlatformRefused
from gateway.trading.outbox import Outbox
from venue_model.moments import Now

LOG = logging.getLogger(__name__)

BATCH = 50  # items in one push
DOUBT_AFTER = 3  # failures of a push until its items are tried one by one: short outages are over before
PROBES = 3  # single items of a failing push in one round: a platform that is away costs three time-outs, not fifty
GIVE_UP_AFTER = 5  # failures of one item, each beside one that was taken, until it is a dead letter: about a minute


class Drain:
    """One outbox and one platform.  `pulls` tells whether the platform answers other calls."""

    def __init__(self, platform: Platform, outbox: Outbox, clock: Callable[[], Now], pulls: Callable[[], bool]) -> None:
        self._platform = platform
        self._outbox = outbox
        self._clock = clock
        self._pulls = pulls
        self._settled = 0  # items that were taken or refused so far …
        self._settled_at: dict[str, int] = {}  # … when this one last failed by itself

    async def round(self) -> int:
        """One push of what is due, and of what is set apart.  How many items were taken or refused; PlatformAway when none."""
        before = self._settled
        items = self._outbox.due(self._clock().utc_ns, BATCH)
        if items:
            await self._together(items)
        for item in self._outbox.due_apart(self._clock().utc_ns):
            await self._apart(item)
        return self._settled - before

    async def _together(self, items: Sequence[OutboxItem]) -> None:
        try:
            await self._push(items)
        except PlatformAway as away:
            if len(items) > 1 and self._outbox.attempts(items[0].key) >= DOUBT_AFTER and await self._single_out(items):
                return
            self._outbox.mark_failed([item.key for item in items], str(away), self._clock().utc_ns)
            raise

    async def _single_out(self, items: Sequence[OutboxItem]) -> bool:
        """Try items of a push that fails again and again one by one; True when some were taken and the others are set apart."""
        heads = list({item.lane: item for item in reversed(items)}.values())  # the first of each lane
        turn = self._outbox.attempts(items[0].key)
        heads = sorted(heads, key=lambda head: (items.index(head) - turn) % len(items))  # others first in each round
        taken, failed = 0, dict[str, str]()
        for item in heads:
            try:
                await self._push([item])
                taken += 1
            except PlatformAway as away:
                failed[item.key] = str(away)
            if not taken and len(failed) == PROBES:
                break
        if taken:
            for key, error in failed.items():
                LOG.warning("platform: item %s is not taken though others are: %s; set apart", key, error)
                self._outbox.mark_failed([key], error, self._clock().utc_ns, alone=1)
            self._outbox.hurry(self._clock().utc_ns)
        elif len(heads) == 1:
            return await self._pass_by(items[0], failed[items[0].key])
        return taken > 0

    async def _apart(self, item: OutboxItem) -> None:
        """Try an item that was set apart by itself."""
        others_taken = self._settled > self._settled_at.get(item.key, self._settled)  # since it failed last
        try:
            await self._push([item])
        except PlatformAway as away:
            self._settled_at[item.key] = self._settled
            if self._outbox.failed_alone(item.key) + others_taken >= GIVE_UP_AFTER:
                self._give_up(item, str(away))
            elif others_taken or not await self._pass_by(item, str(away)):
                self._outbox.mark_failed([item.key], str(away), self._clock().utc_ns, alone=int(others_taken))
                if not others_taken and not self._pulls():
                    raise  # it answers nothing at all: it is away

    async def _pass_by(self, item: OutboxItem, error: str) -> bool:
        """Nothing but this item's own lane waits: when one behind it is taken, the item is given up.  True then."""
        attempts = self._outbox.attempts(item.key)
        behind = self._outbox.behind(item.key)
        if attempts < GIVE_UP_AFTER or not behind or not self._pulls():
            return False
        try:
            await self._push([behind[(attempts - GIVE_UP_AFTER) % len(behind)]])
        except PlatformAway:
            return False
        self._give_up(item, error)
        return True

    def _give_up(self, item: OutboxItem, error: str) -> None:
        LOG.error("platform: item %s is never taken though others are: %s; kept as a dead letter", item.key, error)
        self._outbox.mark_dead(item.key, error)
        self._settled_at.pop(item.key, None)

    async def _push(self, items: Sequence[OutboxItem]) -> None:
        """Push, and remember what became of each item.  PlatformAway when that is not known."""
        keys = [item.key for item in items]
        try:
            await self._platform.push(items)
        except PlatformRefused as refused:
            for key, why in refused.why.items():
                LOG.error("platform: item %s refused: %s; kept as a dead letter", key, why)
                self._outbox.mark_dead(key, why)
            keys = [key for key in keys if key not in refused.why]
        self._outbox.mark_sent(keys)
        for key in keys:
            self._settled_at.pop(key, None)
        self._settled += len(items)
