"""The agents as the gateway knows them: sessions, counters, what they last reported; and the way to them, never ahead of the database."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
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


class CommitFirst:
    """The link for whoever stores and sends in one go: what is published `after_commit` leaves behind the one commit that records it.

    A press stores its run, a journal line, the doors' epochs and a thousand generations: in commits of their own they cost an fsync each
    before the first message, and there is nothing in the middle that anybody would want to find after a crash.
    """

    def __init__(self, link: Link, store: Store) -> None:
        self._link = link
        self._store = store
        self._held: list[Callable[[], None]] | None = None

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> None:
        """Send with QoS 1: at once, or after the commit."""
        self.then(partial(self._link.publish, topic, payload, retain=retain))

    def then(self, act: Callable[[], None]) -> None:
        """Do anything else that must not be ahead of the database, in its turn among the messages."""
        if self._held is None:
            act()
        else:
            self._held.append(act)

    @contextmanager
    def after_commit(self) -> Iterator[None]:
        """All that is stored inside is one commit, and what is published inside leaves after it; nothing does when it fails."""
        if self._held is not None:
            yield  # part of a larger act
            return
        held: list[Callable[[], None]] = []
        self._held = held
        try:
            with self._store.transaction():
                yield
        finally:
            self._held = None
        for act in held:
            act()


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

    def __init__(self, venue: Venue, store: Store, topics: Topics, link: CommitFirst, epoch: int) -> None:
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

    def save(self, *agents: Agent) -> None:
        """Remember the counters, before a message that carries them is sent."""
        self.store.save_agents([(agent.id, agent.generation, agent.renewal, agent.session) for agent in agents])
