"""What the views work with, hung on the application."""

from dataclasses import dataclass
from pathlib import Path

from starlette.requests import HTTPConnection

from gateway.api.accounts import Accounts
from gateway.api.live import LiveFeed
from gateway.pki.wiring import Secured
from gateway.shell.booking_desk import BookingDesk
from gateway.shell.coordinator import Coordinator
from gateway.shell.evidence_desk import EvidenceDesk
from gateway.shell.evidence_index import EvidenceIndex
from gateway.shell.facts_desk import FactsDesk
from gateway.shell.platform_desk import PlatformDesk
from gateway.shell.rollout_desk import RolloutDesk
from gateway.shell.view import View


@dataclass(frozen=True, slots=True)
class Services:
    """One venue's parts."""

    coordinator: Coordinator
    view: View
    feed: LiveFeed
    accounts: Accounts
    evidence: EvidenceDesk
    index: EvidenceIndex
    evidence_root: Path
    booking: BookingDesk
    facts: FactsDesk
    platform: PlatformDesk
    secured: Secured | None = None  # None: nothing speaks TLS
    rollouts: RolloutDesk | None = None  # None: nothing is rolled out from here


def services(connection: HTTPConnection) -> Services:
    """The parts behind a request."""
    found = connection.app.state.services
    assert isinstance(found, Services), "the application is made by gateway.api.app.make_app"
    return found
