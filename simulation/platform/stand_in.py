"""What the routes of the stand-in share."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.trading.signature import MemoryNonces
from simulation.platform.behaviour import Behaviour
from simulation.platform.book import Book
from simulation.platform.webhook import Webhook
from venue_model.moments import S


@dataclass
class StandIn:
    """One running stand-in."""

    book: Book
    token: str
    webhook: Webhook
    behaviour: Behaviour = field(default_factory=Behaviour)
    nonces: MemoryNonces = field(default_factory=MemoryNonces)
    clock_utc_ns: Callable[[], int] = time.time_ns

    def now_utc_ns(self) -> int:
        """By its own clock, which may be wrong."""
        return self.clock_utc_ns() + self.behaviour.skew_s * S
