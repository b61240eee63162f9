"""One board: its power, clocks, card, cable and metal, and the real agent that runs on it, dies on it, and starts again."""

import sqlite3
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from edge.core.policy import Held
from edge.core.site import input_lines, output_lines
from edge.core.state import State
from edge.drivers.protocols import CardRead, DeviceEvent, QrRead
from edge.shell.disk import DiskError
from edge.shell.hardware import Hardware, Worker
from edge.shell.run import TICK_NS, EdgeAgent
from simulation.world.card import VirtualDisk
from simulation.world.clocks import MachineClock
from simulation.world.contract import Faults, See
from simulation.world.devices import VirtualDisplay, VirtualReader, VirtualWorker, furniture_of
from simulation.world.kernel import Alarm, Trace, World
from simulation.world.lines import PowerCut, VirtualLines
from simulation.world.metal import MetalBoard
from simulation.world.network import Broker, Client
from simulation.world.radio import Radio
from simulation.world.recorder import VirtualRecorder
from venue_model.commissioning import Commission
from venue_model.ids import DeviceId
from venue_model.moments import MS, S
from venue_model.session import BACKOFF_CAP_S, agent_reads
from venue_model.wire import Topics

TURN_NS = 1 * MS  # from something happening to the agent's turn: a Pi's, generously
BOOT_NS = (1 * S, 4 * S)  # from a program's death to its next life
TURN_EVENTS = 256
Cut = Literal["", "before-commit", "after-commit", "mid-act"]


class BoardHost:
    """`start` it once; then it lives by itself, and `kill` and `cut_power` end a life that begins again by itself."""

    def __init__(
        self, world: World, trace: Trace, faults: Faults, broker: Broker, commission: Commission, metal: MetalBoard, segment_ns: int,
        fault: Callable[[str, Exception], None],
    ) -> None:  # fmt: skip
        self._fault = fault
        self.world = world
        self.trace = trace
        self.faults = faults
        self.commission = commission
        self.metal = metal
        self.topics = Topics(commission.venue)
        self.clock = MachineClock(world, commission.agent)
        self.rng = world.stream(f"board {commission.agent}")
        self.sql = sqlite3.connect(":memory:", isolation_level=None)
        self.segment_ns = segment_ns
        self.agent: EdgeAgent | None = None
        self.lines: VirtualLines | None = None
        self.recorder: VirtualRecorder | None = None
        self.displays: dict[DeviceId, VirtualDisplay] = {}
        self.furniture = furniture_of(commission)
        self.lives = 0
        self._radio: Radio | None = None
        self._hardware: Hardware | None = None
        self._workers: list[VirtualWorker] = []
        self._cut: Cut = ""
        self._nudged = False
        self._turned_ns = 0
        self._alarm = Alarm(world, self._due)
        self._seen: State | None = None
        self._orders: dict[str, tuple[int, int]] = {}  # of what is on disk
        rooms = sorted({device.room for device in commission.devices})
        self.client = Client(
            broker, commission.agent, agent_reads(self.topics, commission.agent, rooms),
            connecting=lambda: self._radio.connecting() if self._radio else None,
            connected=lambda: self._radio.connected() if self._radio else None,
            disconnected=lambda: self._radio.disconnected() if self._radio else None,
            message=lambda topic, payload, remembered: self._radio.message(topic, payload, remembered) if self._radio else None,
            backoff_cap_s=BACKOFF_CAP_S,
        )  # fmt: skip

    def new_journal(self) -> str:
        """The identity of a new journal file."""
        return str(uuid.UUID(int=self.rng.getrandbits(128), version=4))

    # life and death

    def start(self) -> None:
        """Power is on: the program starts."""
        if self.agent is not None:
            return
        self.lives += 1
        self.trace.see(See.START, part="agent", id=self.commission.agent)
        try:
            disk = VirtualDisk(self, Path(f"{self.commission.agent}.db"))
        except DiskError:
            self.world.after(BOOT_NS[1], self.start)  # systemd tries again
            return
        self._hardware = self._new_hardware()
        self.agent = EdgeAgent(
            self.commission, "virtual", disk, self._hardware, self._open_link,
            clock=self.clock, draw_nonce=lambda: self.rng.randbytes(8).hex(),
        )  # fmt: skip
        self._seen = None
        self.agent.open()
        self.nudge()

    def kill(self) -> None:
        """The program dies between two turns; the machine runs on, and starts it again."""
        self._die(noticed=True)
        self.world.after(self.rng.randint(*BOOT_NS), self.start)

    def cut_power(self, when: Cut) -> None:
        """The machine loses power at the next commit, or in the middle of what follows from it."""
        self._cut = when
        if when == "mid-act" and self.lines is not None:
            self.lines.cut_at_next_set = True

    def power(self, here: Cut) -> None:
        """Called at the places where power can go."""
        if self._cut == here:
            raise PowerCut

    def _die(self, *, noticed: bool) -> None:
        if self.agent is None:
            return
        self.trace.see(See.CRASH, part="agent", id=self.commission.agent)
        if self.sql.in_transaction:
            self.sql.execute("ROLLBACK")
        self.agent, self._radio, self._seen, self._cut = None, None, None, ""
        self._alarm.clear()
        self.client.die(noticed=noticed)
        for worker in self._workers:
            worker.stop()
        self._workers.clear()
        if self.recorder is not None:
            self.recorder.stop()
        if self.lines is not None:
            self.lines.stop()
        self.recorder, self.lines, self._hardware = None, None, None
        self.displays = {}

    # turns

    def nudge(self) -> None:
        """There is something for the agent."""
        if not self._nudged and self.agent is not None:
            self._nudged = True
            self.world.after(TURN_NS, self._turn)

    def _due(self) -> None:
        if self.agent is None or self._nudged:
            return
        due_ns = self._due_ns(self.agent)
        if due_ns is not None and due_ns <= self.world.now_ns:
            self._turn()
        elif due_ns is not None:
            self._alarm.set(due_ns)

    def _turn(self) -> None:
        self._nudged, self._turned_ns = False, self.world.now_ns
        agent = self.agent
        if agent is None:
            return
        taken = agent.take()
        try:
            agent.turn(taken)
        except PowerCut:
            self._observe(agent)
            self._die(noticed=False)
            self.clock.reboot()
            self.world.after(self.rng.randint(*BOOT_NS) * 5, self.start)
            return
        except Exception as error:  # the real agent's thread logs it and goes on
            self._fault(f"agent {self.commission.agent}", error)
        self._observe(agent)
        if len(taken) >= TURN_EVENTS:
            self.nudge()
        due_ns = self._due_ns(agent)
        if due_ns is not None:
            self._alarm.set(due_ns if due_ns > self.world.now_ns else self.world.now_ns + TURN_NS)

    def _due_ns(self, agent: EdgeAgent) -> int | None:
        """When time will change something.

        A tick that would find nothing is left out: the inputs of these boards are never otherwise than told unless `doubtful`.
        """
        due_ns = agent.due_ns()
        at_ns = None if due_ns is None else self.clock.world_ns(due_ns)
        if self.lines is not None and self.lines.doubtful:
            return min(self._turned_ns + TICK_NS, at_ns or 2**63)
        return at_ns

    def post(self, event: DeviceEvent) -> None:
        """A reader or camera saw something."""
        if self.agent is not None:
            self.agent.post(event)
            self.nudge()

    def read_card(self, device: DeviceId, card: bytes) -> None:
        """A card is held to a reader."""
        self.post(CardRead(device, card, len(card) * 8, self.clock.now().mono_ns))

    def read_qr(self, device: DeviceId, text: str) -> None:
        """A code is held before a camera."""
        self.post(QrRead(device, text, self.clock.now().mono_ns))

    def tell_held(self, component: str, held: object) -> None:
        """A policy is on disk, and therefore law."""
        assert isinstance(held, Held), "that is what the slice holds"
        p = held.policy
        if self._orders.get(component) == p.order:
            return
        self._orders[component] = p.order
        self.trace.see(
            See.HELD, board=self.commission.agent, component=component, term=p.term, epoch=p.epoch, mode=p.mode.value,
            groups=tuple(group.value for group in p.groups), seal=p.seal,
        )  # fmt: skip

    def _observe(self, agent: EdgeAgent) -> None:
        state, before = agent.state, self._seen
        if state is before:
            return
        self._seen = state
        board = self.commission.agent
        if before is not None and state.leases is not before.leases:
            given = tuple(component for component, until_ns in state.leases.items() if before.leases.get(component) != until_ns)
            if given:
                self.trace.see(See.LEASE, board=board, components=given, until_ns=self.clock.world_ns(state.leases[given[0]]))

    # parts

    def _open_link(
        self, next_session: Callable[[], int], on_message: Callable[[str, bytes], None], on_connection: Callable[[bool], None]
    ) -> Radio:
        self._radio = Radio(self, next_session, on_message, on_connection)
        return self._radio

    def _new_hardware(self) -> Hardware:
        agent, furniture = self.commission.agent, self.furniture
        lines = VirtualLines(self.world, self.trace, self.faults, self.clock, self.metal, f"{agent}-lines")
        self.lines = lines
        wired = frozenset((*output_lines(self.commission), *input_lines(self.commission)))
        self.displays = {device: VirtualDisplay(self.trace, self.clock, screen) for device, screen in furniture.screens.items()}
        readers = {device: VirtualReader(self.world, self.trace, lamp) for device, lamp in furniture.lamps.items()}
        if furniture.reels:
            self.recorder = VirtualRecorder(self.world, self.trace, self.clock, furniture.reels, self.segment_ns)
        return Nudging(
            self,
            lines={lines.device: (lines, wired)} if wired else {},
            readers=readers,
            displays=dict(self.displays),
            recorder=self.recorder,
            new_worker=self._new_worker,
        )

    def _new_worker(self, device: str) -> Worker:
        worker = VirtualWorker(self.world)
        self._workers.append(worker)
        return worker


class Nudging(Hardware):
    """The real `Hardware`, whose posts also give the agent a turn."""

    def __init__(self, host: BoardHost, **parts: object) -> None:
        super().__init__(**parts)  # type: ignore[arg-type]
        self._host = host

    def start(self, post: Callable[..., None]) -> None:
        host = self._host

        def post_and_nudge(event: object) -> None:
            post(event)
            host.nudge()

        super().start(post_and_nudge)
