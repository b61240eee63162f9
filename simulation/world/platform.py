"""The trading platform in virtual time: a list of changes with a cursor, a heap of what it was told, and hours in which it is away."""

from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from gateway.trading.base import OutboxItem, PhaseEvent, PlatformAway, Pulled
from simulation.world.contract import See
from simulation.world.kernel import Trace
from venue_model.ids import LotId
from venue_model.lots import Lot

T = TypeVar("T")
PAGE = 50


class VirtualPlatform:
    """`gateway.trading.base.Platform`, answering at once."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.away = False
        self.lots: dict[LotId, Lot] = {}  # as they are now
        self.told: dict[str, OutboxItem] = {}  # by key: the platform takes a key once
        self._changes: list[Lot | PhaseEvent] = []

    def tell_lot(self, lot: Lot) -> None:
        """A lot is new, or has changed: its version says so."""
        self.lots[lot.id] = lot
        self._changes.append(lot)
        self.trace.see(See.PLATFORM, act="lots", lot=lot.id)

    def tell_event(self, event: PhaseEvent) -> None:
        """Something was announced."""
        self._changes.append(event)
        self.trace.see(See.PLATFORM, act=event.kind.value, lot=event.lot)

    async def pull_lots(self, cursor: str) -> Pulled:
        if self.away:
            raise PlatformAway("no answer")
        start = int(cursor or 0)
        page = self._changes[start : start + PAGE]
        end = start + len(page)
        lots = tuple(change for change in page if isinstance(change, Lot))
        events = tuple(change for change in page if isinstance(change, PhaseEvent))
        return Pulled(lots, events, str(end), more=end < len(self._changes))

    async def push(self, items: Sequence[OutboxItem]) -> None:
        if self.away:
            raise PlatformAway("no answer")
        for item in items:
            self.told.setdefault(item.key, item)

    async def close(self) -> None: ...


def at_once(act: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that waits for nothing: no event loop runs here."""
    try:
        act.send(None)
    except StopIteration as done:
        found: T = done.value
        return found
    act.close()
    raise AssertionError("something waited for the event loop in virtual time")
