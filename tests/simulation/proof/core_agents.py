"""The gateway's stage with boards whose core is the real one: what they journal is what a real venue's database holds."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from day_case import OPENING_NS
from fake_agents import POLICY_KEY, FakeAgent, Published, Stage

from edge.core.agent import step
from edge.core.events import Event, LinesHealth, PolicyArrived, PulseArrived, SessionBegan, Started, Woken
from edge.core.journal import Record
from edge.core.report import reported
from edge.core.site import input_lines, output_lines, site_of
from edge.core.state import State, restored, slices
from edge.drivers.protocols import CardRead, LineChanged
from venue_model import signing
from venue_model.commissioning import Commission, commission
from venue_model.ids import BoardId, DoorId
from venue_model.moments import MS, Now, S
from venue_model.signed import policy_bytes
from venue_model.venue import Side, Venue
from venue_model.wire import Command, Events, JournalEvent, Reported, SignedPolicy, Topics, decode


@dataclass
class CoreAgent(FakeAgent):
    """One board: the real core, its disk, and a journal that is told to the gateway at once."""

    now: Now = field(default_factory=lambda: Now(1_000 * S, OPENING_NS))
    state: State = field(init=False)
    journal: list[JournalEvent] = field(default_factory=list)
    told: int = 0

    def __post_init__(self) -> None:
        self.state = restored(site_of(self.record), {})
        self.begin()

    def begin(self) -> None:
        """The program starts."""
        lines = frozenset((*output_lines(self.record), *input_lines(self.record)))
        for event in (Started(), LinesHealth(lines, True, "up", frozenset()), SessionBegan(self.session)):
            self.event(event)
        self.later(2)

    def event(self, event: Event) -> None:
        self.state, effects = step(self.state, event, self.now)
        for effect in effects:
            if isinstance(effect, Record):
                self.journal.append(JournalEvent(len(self.journal) + 1, self.now.utc_ns, effect.kind, dict(effect.body), effect.lot))

    def later(self, seconds: float) -> None:
        passed_ns = int(seconds * 1_000) * MS
        self.now = replace(self.now, mono_ns=self.now.mono_ns + passed_ns, utc_ns=self.now.utc_ns + passed_ns)
        self.event(Woken())

    def restart(self) -> None:
        """Power fails and comes back: only what is on disk is left."""
        self.state = restored(site_of(self.record), slices(self.state))
        self.session += 1
        self.begin()

    def take(self, message: Published) -> bool:
        if self.dead:
            return False
        match message.leaf:
            case "policy":
                signed = decode(SignedPolicy, message.payload)
                key, signature = bytes.fromhex(self.record.policy_key), bytes.fromhex(signed.signature)
                assert signing.verifies(key, policy_bytes(signed.body), signature)
                self.event(PolicyArrived(signed.body))
            case "command":
                command = decode(Command, message.payload)
                if command.kind == "pulse":
                    self.event(PulseArrived(command.id, DoorId(str(command.body["door"])), self.now.utc_ns, command.ttl_ms))
            case _:
                return super().take(message)
        return True

    def report(self) -> Reported:
        """The doors as the core reports them; devices do as they are told."""
        return replace(super().report(), doors=reported(self.state, self.now).doors, session=self.session)

    def fresh(self) -> Events | None:
        """Lines that the gateway has not heard."""
        lines = tuple(self.journal[self.told :])
        self.told = len(self.journal)
        return Events(f"{self.record.agent}-journal", lines) if lines else None


class Hall(Stage):
    """The whole venue: the real coordinator, real cores, people with cards."""

    def __init__(self, folder: Path, venue: Venue | None = None) -> None:
        super().__init__(folder, venue)
        self.open()

    def _agent(self, board: BoardId) -> CoreAgent:
        record: Commission = commission(self.venue, board, signing.public_key_of(POLICY_KEY).hex())
        return CoreAgent(record, Topics(self.venue.id))

    def settle(self) -> None:
        super().settle()
        for agent in self.agents.values():
            assert isinstance(agent, CoreAgent)
            if not agent.dead and (events := agent.fresh()):
                self.tell(agent, "event", events)
                self.tell(agent, "reported", agent.report())
                self.settle()

    def board(self, door: str) -> CoreAgent:
        """The board of a door."""
        board = self.venue.doors[DoorId(door)].board
        assert board is not None
        agent = self.agents[board]
        assert isinstance(agent, CoreAgent)
        return agent

    def present(self, door: str, card: str) -> None:
        """Somebody holds a card to the reader outside a door."""
        agent = self.board(door)
        agent.later(2)
        reader = next(d.id for d in self.venue.devices.values() if d.door == door and d.side is Side.OUTSIDE and d.kind == "reader")
        agent.event(CardRead(reader, bytes.fromhex(card), 32, agent.now.mono_ns))
        self.settle()

    def pull(self, door: str) -> None:
        """The leaf opens and closes."""
        agent = self.board(door)
        for active in (True, False):
            agent.event(LineChanged(f"{door}.contact", active, agent.now.mono_ns))
            agent.later(1)
        agent.later(10)
        self.settle()

    def enter(self, door: str, card: str) -> None:
        self.present(door, card)
        self.pull(door)

    def leave(self, door: str) -> None:
        """Somebody presses the exit button and goes."""
        agent = self.board(door)
        for active in (True, False):
            agent.event(LineChanged(f"{door}.exit", active, agent.now.mono_ns))
        self.pull(door)

    def restart(self, door: str) -> None:
        agent = self.board(door)
        agent.restart()
        self.say(*agent.birth())
        self.settle()
