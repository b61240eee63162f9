"""The agents as the gateway knows them: sessions, counters, what they last reported."""

from dataclasses import dataclass, field
from typing import Protocol

from gateway.shell.store import Store
from venue_model.ids import BoardId
from venue_model.session import is_will_stale
from venue_model.venue import Venue
from venue_model.wire import Message, Reported, Status, Topics, encode


class Link(Protocol):
    """The broker, as far as sending goes.  Never blocks; while away it keeps the latest of each retained topic."""

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> None:
        """Send with QoS 1."""


@dataclass(slots=True)
class Agent:
    """One agent.  `session` 0: never seen."""

    id: BoardId
    generation: int = 0
    renewal: int = 0
    session: int = 0
    online: bool = False
    heard: bool = False  # has said since this gateway began whether it is online
    since_utc_ns: int = 0
    reported: Reported | None = None
    wanted: dict[str, object] = field(default_factory=dict)  # the wants of the last desired document


class AgentBook:
    """All agents of the venue, and the way to them."""

    def __init__(self, venue: Venue, store: Store, topics: Topics, link: Link, epoch: int) -> None:
        self.store = store
        self.topics = topics
        self.link = link
        known = store.agents()
        self.agents = {board: Agent(board, *known.get(board, (0, 0, 0))) for board in venue.boards}
        for agent in self.agents.values():
            # Agents take no renewal that is not above their last, and an older copy of the database knows a lower one.
            agent.renewal = max(agent.renewal, epoch)

    def __getitem__(self, board: BoardId) -> Agent:
        return self.agents[board]

    @property
    def away(self) -> frozenset[BoardId]:
        """The agents that are known to be offline.  Of one that was not heard yet nothing is known: the gateway may just have begun."""
        return frozenset(board for board, agent in self.agents.items() if agent.heard and not agent.online)

    def send(self, agent: BoardId, leaf: str, message: Message, *, retain: bool) -> None:
        """Send a message to one agent."""
        self.link.publish(self.topics.agent(agent, leaf), encode(message), retain=retain)

    def status(self, board: BoardId, status: Status, utc_ns: int) -> bool:
        """Take a birth or a will; True when the agent has begun a new session.

        A will of an older session must not bury a living one; a birth always counts: an agent whose disk was replaced counts anew.
        """
        agent = self.agents[board]
        if is_will_stale(agent.session, status):
            return False
        agent.heard = True
        began = status.on and (status.session != agent.session or not agent.online)
        if agent.online != status.on or agent.session != status.session:
            agent.since_utc_ns = utc_ns
        agent.online, agent.session = status.on, status.session
        if began:
            self.save(agent)
        return began

    def save(self, agent: Agent) -> None:
        """Remember the counters, before a message that carries them is sent."""
        self.store.save_agent(agent.id, agent.generation, agent.renewal, agent.session)
