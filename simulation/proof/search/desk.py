"""The shipping warden at a single domain, without what belongs to a running gateway: database, links, the day."""

from collections.abc import Callable
from typing import Any

from gateway.core.clearing import Domain
from gateway.shell.warden import Warden
from simulation.proof.search.hall import APPROVERS, DOORS, ROOM, VENUE, Hall
from venue_model.door_policy import ComponentPolicy
from venue_model.venue import Venue


class _Venue:
    """What the warden's judgements read of a venue."""

    id = VENUE
    approvers = APPROVERS


class _Store:
    """Every write is durable: the warden stores before it sends."""

    def save_domain(self, domain: Domain) -> None:
        """The search keeps all that was ever stored."""


class Desk(Warden):
    """Reports, texts to sign and approvals are the warden's own code."""

    def __init__(self, hall: Hall) -> None:
        """Nothing of the warden's own start: it would open a database."""
        venue: Any = _Venue()
        store: Any = _Store()
        self.hall = hall
        self.venue: Venue = venue
        self.store = store
        self.doors = {ROOM: DOORS}
        self.changed: Callable[[Any], None] = lambda _: None
        self.outrun: Callable[[Any, Any, Any], None] = lambda component, door, now: None
        self.domains: dict[Any, Domain] = {}
        self._holding: dict[Any, tuple[Domain, bool]] = {}

    def with_domain(self, domain: Domain) -> "Desk":
        """The warden who has this domain before them."""
        self.domains[ROOM] = domain
        return self

    @property
    def domain(self) -> Domain:
        """The domain as it is now."""
        return self.domains[ROOM]

    def policy(self) -> ComponentPolicy:
        """What is signed now, but for the counts of other doors, on which only limits depend."""
        d = self.domain
        return ComponentPolicy(ROOM, d.term, d.epoch, d.mode, d.groups, d.seal, self.hall.passes, d.approved)
