"""A gateway's coordinator with a link that remembers and agents that answer: real wire bytes, real SQLite, no broker, no time.

A fake agent checks what a door checks: the policy's signature, session and order, and two people's word for the lifting of a seal.
"""

import hashlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from day_case import APPROVER_KEYS, OPENING_NS, county

from gateway.shell.coordinator import Coordinator
from gateway.shell.database import open_database
from gateway.shell.evidence_index import EvidenceIndex
from gateway.shell.store import Store
from gateway.trading.outbox import Outbox
from venue_model import signing
from venue_model.commissioning import Commission, commission
from venue_model.door_policy import Approval, ComponentPolicy, illegal_groups
from venue_model.ids import BoardId, ComponentId, DeviceId, DoorId, LotId, RunId
from venue_model.lots import Lot
from venue_model.moments import MS, Now
from venue_model.signed import ack_bytes, approval_bytes, held_bytes, lease_bytes, policy_bytes, policy_digest
from venue_model.venue import DeviceKind, Venue
from venue_model.wire import (
    APPLIED,
    FAULT,
    Command,
    ComponentReport,
    Desired,
    DeviceReport,
    DoorReport,
    Events,
    JournalEvent,
    Message,
    Reported,
    RoomScene,
    SignedPolicy,
    Status,
    Topics,
    decode,
    encode,
)

POLICY_KEY = hashlib.sha256(b"policy").digest()


class Published(NamedTuple):
    """What the gateway sent."""

    topic: str
    payload: bytes
    retain: bool

    @property
    def leaf(self) -> str:
        return self.topic.rpartition("/")[2]


class FakeLink:
    """Remembers everything, delivers nothing by itself."""

    def __init__(self) -> None:
        self.sent: list[Published] = []
        self.waiting: deque[Published] = deque()
        self.watch: Callable[[Published], None] = lambda message: None

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> None:
        message = Published(topic, payload, retain)
        self.watch(message)
        self.sent.append(message)
        self.waiting.append(message)

    def of(self, leaf: str) -> list[Published]:
        return [message for message in self.sent if message.leaf == leaf]


@dataclass
class FakeAgent:
    """One board that does what it is told, but for what a test breaks."""

    record: Commission
    topics: Topics
    session: int = 1
    dead: bool = False
    broken: dict[str, str] = field(default_factory=dict)  # device → what its report says
    open_doors: set[str] = field(default_factory=set)  # these are never settled
    held: dict[ComponentId, ComponentPolicy] = field(default_factory=dict)
    taken: list[ComponentPolicy] = field(default_factory=list)  # in the order in which they became law here
    refused: list[str] = field(default_factory=list)
    net: dict[tuple[DoorId, ComponentId], int] = field(default_factory=dict)
    acked: dict[str, int] = field(default_factory=dict)  # journal → through
    held_lines: dict[str, int] = field(default_factory=dict)  # journal → how far the gateway says that it holds it
    desired: Desired | None = None
    ahead: dict[DeviceId, tuple[int, int]] = field(default_factory=dict)  # devices that follow a broadcast, until the document comes
    renewal: int = 0
    policy: str = ""  # the name of what it holds …
    says_policy: bool = True  # … which older programs do not say
    leases: int = 0  # renewals that named it

    def topic(self, leaf: str) -> str:
        return self.topics.agent(self.record.agent, leaf)

    def birth(self) -> tuple[str, bytes]:
        return self.topic("status"), encode(Status(True, self.session))

    def take(self, message: Published) -> bool:
        """A message arrives; True when the agent would report."""
        if self.dead:
            return False
        match message.leaf:
            case "desired":
                self._take_desired(decode(Desired, message.payload))
            case "policy":
                self._take_policy(decode(SignedPolicy, message.payload))
            case "command":
                return self._take_command(decode(Command, message.payload))
            case _:
                return False
        return True

    def _take_desired(self, desired: Desired) -> None:
        known = self.desired
        if known is not None and (desired.epoch, desired.generation) == (known.epoch, known.generation):
            assert desired.devices == known.devices, "one generation came with two contents: a real agent would not act on the second"
        if known is None or (desired.epoch, desired.generation) > (known.epoch, known.generation):
            self.desired, self.ahead = desired, {}

    def take_broadcast(self, scene: RoomScene) -> bool:
        """A room's scene arrives; True when a device of this board is in it, and its document has not come yet."""
        order = scene.epoch, scene.members.get(self.record.agent, -1)
        mine = [d.id for d in self.record.devices if d.id in scene.devices and d.room == scene.room]
        if self.dead or not mine or (self.desired is not None and order <= (self.desired.epoch, self.desired.generation)):
            return False
        self.ahead |= dict.fromkeys(mine, order)
        return True

    def _take_policy(self, signed: SignedPolicy) -> None:
        body = signed.body
        assert signing.verifies(bytes.fromhex(self.record.policy_key), policy_bytes(body), bytes.fromhex(signed.signature))
        assert (body.venue, body.agent) == (self.record.venue, self.record.agent)
        if body.session != self.session or body.renewal <= self.renewal:
            self.refused.append("stale")
            return
        self.renewal = body.renewal
        self.policy = policy_digest(body)
        for policy in body.components:
            self._take_component(policy)

    def _take_component(self, policy: ComponentPolicy) -> None:
        held = self.held.get(policy.component)
        assert illegal_groups(self.record.zones[policy.component], policy.groups, self.record.separated_pairs) is None
        if held is not None and policy.order < held.order:
            self.refused.append("stale")
        elif held is not None and held.seal and not policy.seal and not self._released(policy):
            self.refused.append("unapproved-release")
        else:
            if held is None or policy.order > held.order:
                self.taken.append(policy)
            self.held[policy.component] = policy

    def _released(self, policy: ComponentPolicy) -> bool:
        for approved in policy.approved:
            text = approval_bytes(self.record.venue, policy.component, policy.term, "release", approved.epoch)
            good = {
                self.record.approvers[a.approver][0]
                for a in approved.approvals
                if signing.verifies(bytes.fromhex(self.record.approvers[a.approver][1]), text, bytes.fromhex(a.signature))
            }
            if approved.act == "release" and len(good) >= 2:
                return True
        return False

    def _take_command(self, command: Command) -> bool:
        if command.kind == "lease":
            return self._take_lease(command)
        if command.kind == "held":
            return self._take_held(command)
        assert command.kind == "ack"
        journal, through = str(command.body["journal"]), int(command.body["through"])
        text = ack_bytes(self.record.agent, journal, through)
        assert signing.verifies(bytes.fromhex(self.record.policy_key), text, bytes.fromhex(command.signature))
        self.acked[journal] = through
        return False

    def _take_held(self, command: Command) -> bool:
        journals = command.body["journals"]
        text = held_bytes(self.record.agent, journals, command.issued_utc_ns)
        assert signing.verifies(bytes.fromhex(self.record.policy_key), text, bytes.fromhex(command.signature))
        self.held_lines = journals
        return False

    def _take_lease(self, command: Command) -> bool:
        body = command.body
        text = lease_bytes(self.record.agent, body["session"], body["renewal"], command.issued_utc_ns, body["lease_s"], body["policy"])
        assert signing.verifies(bytes.fromhex(self.record.policy_key), text, bytes.fromhex(command.signature))
        if body["session"] == self.session and body["renewal"] > self.renewal and body["policy"] == self.policy:
            self.renewal = body["renewal"]
            self.leases += 1
        return False

    def report(self) -> Reported:
        """The achieved state, as a real agent publishes it."""
        desired = self.desired
        devices = {device: self._device(device) for device in {**(desired.devices if desired else {}), **self.ahead}}
        doors = {door.id: self._door(door.id, door.outside, door.inside) for door in self.record.doors}
        epoch, generation = (desired.epoch, desired.generation) if desired else (0, 0)
        return Reported(self.session, epoch, generation, devices, doors, self.policy if self.says_policy else "")

    def _device(self, device: DeviceId) -> DeviceReport:
        code, text = (FAULT, self.broken[device]) if device in self.broken else (APPLIED, "")
        return DeviceReport(code, text=text, ahead=self.ahead.get(device))

    def _door(self, door: DoorId, *sides: ComponentId | None) -> DoorReport:
        parts = {}
        for component in sides:
            if component is not None:
                held = self.held.get(component)
                term, epoch = held.order if held else (0, 0)
                parts[component] = ComponentReport(term, epoch, self.net.get((door, component), 0), door not in self.open_doors)
        return DoorReport("closed", False, False, parts, 60)


class Stage:
    """A venue's gateway and its agents.  Time stands still unless a test moves it."""

    def __init__(self, folder: Path, venue: Venue | None = None) -> None:
        self.folder = folder
        self.venue = venue or county()
        self.topics = Topics(self.venue.id)
        self.now = Now(1_000_000 * MS, OPENING_NS)
        self.changes: list[tuple[str, str]] = []
        self.agents = {board: self._agent(board) for board in self.venue.boards}
        self.runs = 0
        self.db = open_database(folder / "venue.db")
        self.start()

    def _agent(self, board: BoardId) -> FakeAgent:
        return FakeAgent(commission(self.venue, board, signing.public_key_of(POLICY_KEY).hex()), self.topics)

    def start(self) -> None:
        """A coordinator over the database as it is."""
        self.link = FakeLink()
        self.store = Store(self.db)
        self.index = EvidenceIndex(self.store)
        self.coordinator = Coordinator(
            self.venue, self.store, self.index, Outbox(self.db), self.link, POLICY_KEY, self.store.next_epoch(),
            lambda section, key: self.changes.append((section, key)), self._new_run,
        )  # fmt: skip

    def _new_run(self) -> RunId:
        self.runs += 1
        return RunId(f"run-{self.runs}")

    def restart(self) -> None:
        """The gateway dies and comes back; what was on its way is lost, the broker still knows every agent."""
        self.start()
        self.coordinator.connected(self.now)
        for agent in self.agents.values():
            if not agent.dead:
                self.say(*agent.birth())
                self.tell(agent, "reported", agent.report())
        self.coordinator.scenes.resume(self.now)

    def close(self) -> None:
        self.db.close()

    # messages

    def say(self, topic: str, payload: bytes) -> None:
        self.coordinator.message(topic, payload, self.now)

    def tell(self, agent: FakeAgent, leaf: str, message: Message) -> None:
        self.say(agent.topic(leaf), encode(message))

    def open(self) -> None:
        """The gateway is connected and every living agent is born."""
        self.coordinator.connected(self.now)
        for agent in self.agents.values():
            if not agent.dead:
                self.say(*agent.birth())
        self.settle()

    def settle(self) -> None:
        """Deliver until nothing is on its way, with the documents that follow the broadcasts."""
        self.deliver()
        orders = self.coordinator.scenes.orders
        while (due_ns := orders.due_ns) is not None:
            orders.pay(replace(self.now, mono_ns=due_ns))
            self.deliver()

    def deliver(self) -> None:
        """Deliver what was sent."""
        while self.link.waiting:
            message = self.link.waiting.popleft()
            place = self.topics.parse_agent(message.topic)
            if place is not None:
                told = [self.agents[place[0]]] if self.agents[place[0]].take(message) else []
            elif message.leaf == "scene":
                told = [agent for agent in self.agents.values() if agent.take_broadcast(decode(RoomScene, message.payload))]
            else:
                told = []
            for agent in told:
                self.tell(agent, "reported", agent.report())

    def wait(self, ms: int, step_ms: int = 50) -> None:
        """Let time pass."""
        for _ in range(0, ms, step_ms):
            self.now = replace(self.now, mono_ns=self.now.mono_ns + step_ms * MS, utc_ns=self.now.utc_ns + step_ms * MS)
            self.coordinator.tick(self.now)
            self.settle()

    # people

    def book(self, *lots: Lot) -> None:
        self.coordinator.take_lots(lots, self.now)
        self.coordinator.after_platform(self.now)
        self.settle()

    def press(self, scene: str, lot: str = "L1", approvers: tuple[str, ...] = ()) -> object:
        """Press and let everything settle; the run or the refusal."""
        approvals = {}
        for component in self.coordinator.seals_lifted_by(LotId(lot), scene):
            text = self.coordinator.warden.release_text(component).encode()
            approvals[component] = tuple(Approval(name, signing.sign(APPROVER_KEYS[name], text).hex()) for name in approvers)
        found = self.coordinator.press(LotId(lot), scene, "wang", approvals, self.now)
        self.settle()
        return found

    def journal(self, board: str, *events: JournalEvent, journal: str = "j1") -> None:
        self.tell(self.agents[BoardId(board)], "event", Events(journal, events))
        self.settle()

    # looks

    def run(self, lot: str = "L1") -> object:
        return self.coordinator.scenes.latest(LotId(lot))

    def lines(self, kind: str) -> list[dict[str, object]]:
        return [line["body"] for line in self.store.journal("kind = ?", (kind,))]

    def cameras(self, room: str) -> list[str]:
        return [d.id for d in self.venue.devices.values() if d.kind is DeviceKind.CAMERA and d.room == room]
