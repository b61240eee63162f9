"""A board's talk about its certificate: which one it uses, what it would have signed next, and taking the answer."""

import logging

from edge.shell.identity import Identity
from venue_model.ids import BoardId
from venue_model.wire import Certificate, Renewal, Topics, WireError, decode, encode

ASK_FIRST_S, ASK_S = 10.0, 3_600.0  # for the first certificate of our own; for the next

log = logging.getLogger(__name__)


class Enrolment:
    """Of one board, over all its connections."""

    def __init__(self, identity: Identity, topics: Topics, agent: BoardId) -> None:
        self.asks_on = topics.agent(agent, "renewal")
        self.hears_on = topics.agent(agent, "certificate")
        self._identity = identity
        self._agent = agent
        self._ask_at_s = 0.0

    def begin(self, now_s: float) -> None:
        """A connection is up, or the gateway has come: speak at once."""
        self._ask_at_s = now_s

    def due(self, now_s: float) -> bytes | None:
        """What there is to say now.  The gateway knows when a certificate is due."""
        if now_s < self._ask_at_s:
            return None
        self._ask_at_s = now_s + (ASK_FIRST_S if self._identity.first else ASK_S)
        return encode(Renewal(self._identity.certificate, self._identity.request()))

    def take(self, payload: bytes) -> bool:
        """True when the answer is ours and on disk: connect anew with it."""
        try:
            taken = self._identity.take(decode(Certificate, payload).certificate)
        except WireError as error:
            log.warning("link %s: %s", self._agent, error)
            return False
        if taken:
            log.info("link %s: certificate %s from now on", self._agent, self._identity.serial)
        return taken
