"""What the routes of the stand-in share."""

from dataclasses import dataclass, field

from gateway.trading.signature import MemoryNonces
from simulation.platform.behaviour import Behaviour
from simulation.platform.book import Book
from simulation.platform.webhook import Webhook


@dataclass
class StandIn:
    """One running stand-in."""

    book: Book
    token: str
    webhook: Webhook
    behaviour: Behaviour = field(default_factory=Behaviour)
    nonces: MemoryNonces = field(default_factory=MemoryNonces)
