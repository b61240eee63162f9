"""What the gateway tells devices: the wants of all scenes, stronger claims over them, and the two ways that they are sent."""

from collections.abc import Collection, Iterable, Mapping
from itertools import islice

from gateway.core.priority import Claims, in_force, wanted
from gateway.core.scene_run import Run
from gateway.shell.agents import AgentBook
from venue_model.ids import BoardId, DeviceId, RoomId, RunId
from venue_model.moments import MS, Now
from venue_model.venue import Venue
from venue_model.wire import APPLIED, OVERRIDDEN, Desired, DeviceReport, RoomScene, Want, encode

# The documents follow the broadcast when most boards have answered it, and so many with each tick of 50 ms: people wait for the answers
# and not for these, and a broker drops what comes in bursts larger than its limits.  8,000 a second lost nothing at Mosquitto's own.
FOLLOW_MS = 150
A_TURN = 200


class SceneOrders:
    """The desired state of every device, and of every agent the number of the document that says it."""

    def __init__(self, venue: Venue, agents: AgentBook, epoch: int, asked: dict[DeviceId, Want]) -> None:
        self.venue = venue
        self.agents = agents
        self.epoch = epoch
        self.asked = asked  # by the scenes alone
        self.claims: Claims = {}  # stronger words for single devices (`OverrideDesk`) …
        self.overlay = ""  # … and for all of them
        self.relinquishing: frozenset[DeviceId] = frozenset()  # switched by hand, and to follow the scene again
        self.wants = asked  # with the claims over it: what the devices are told
        # Boards that were told by broadcast and must still get their document: for which run, and when; the next first.
        self._owed: dict[BoardId, tuple[RunId, int]] = {}
        self._devices_of: dict[BoardId, list[DeviceId]] = {board: [] for board in venue.boards}
        for device in venue.devices.values():
            self._devices_of[device.board].append(device.id)

    def ask(self, wants: dict[DeviceId, Want]) -> None:
        """What the scenes ask from now on; the stronger claims stand over it.  Nothing is sent."""
        self.asked = wants
        self.wants = wanted(wants, self.claims) if self.claims else wants

    def change(self, wants: dict[DeviceId, Want], now: Now) -> None:
        """The same, and the boards whose devices it changes are told at once."""
        before = self.wants
        self.ask(wants)
        self._send_anew({self.venue.devices[d].board for d, want in self.wants.items() if before.get(d) != want}, now)

    def overrule(self, claims: Claims, now: Now) -> None:
        """Claims for single devices have come or gone."""
        before, self.claims = self.wants, claims
        self.ask(self.asked)
        self._send_anew({self.venue.devices[d].board for d, want in self.wants.items() if before.get(d) != want}, now)

    def overlay_all(self, overlay: str, now: Now) -> None:
        """An overlay begins or ends: every board is told.  Runs go on underneath."""
        self.overlay = overlay
        self._send_anew(self.venue.boards, now)

    def relinquish(self, devices: frozenset[DeviceId], now: Now) -> None:
        """What was switched by hand follows the scene again."""
        fresh, self.relinquishing = devices - self.relinquishing, devices
        self._send_anew({self.venue.devices[d].board for d in fresh}, now)

    def answer(self, member: DeviceId, report: DeviceReport) -> tuple[int, str]:
        """What a report says about the scene: a device that obeys somebody stronger is not as the scene wants it."""
        stronger = in_force(self.claims.get(member, ()))
        if stronger is not None and report.code == APPLIED and self.asked.get(member) != stronger.want:
            return OVERRIDDEN, f"{stronger.level} {stronger.by} {stronger.reason}".strip()
        return report.code, report.text

    def number(self, boards: Iterable[BoardId]) -> dict[BoardId, int]:
        """The next document of each agent has this number; all are stored, in one go, before the first document leaves."""
        agents = [self.agents[board] for board in boards]
        for agent in agents:
            agent.generation += 1
        with self.agents.store.transaction():
            self.agents.save(*agents)
        return {agent.id: agent.generation for agent in agents}

    def broadcast(self, run: Run, boards: Collection[BoardId], stage: int, planned: Mapping[DeviceId, Want]) -> None:
        """The fast path: one message a room, before the desired documents that are the truth."""
        sent_to = frozenset(boards)
        rooms: dict[RoomId, dict[DeviceId, Want]] = {}
        members: dict[RoomId, dict[BoardId, int]] = {}
        for row in run.rows:
            device = DeviceId(row.id)
            if row.stage == stage and row.agent in sent_to and device in planned:
                rooms.setdefault(row.room, {})[device] = self.wants[device]
                members.setdefault(row.room, {})[row.agent] = self.agents[row.agent].generation
        for room, devices in sorted(rooms.items()):
            message = RoomScene(self.epoch, run.id, room, run.scene, members[room], devices)
            self.agents.link.publish(self.agents.topics.room_scene(room), encode(message), retain=True)

    def send(self, board: BoardId, now: Now, run: RunId | None = None) -> None:
        """Send an agent the full desired state of its devices; the same generation again is only acknowledged again."""
        self._owed.pop(board, None)
        agent = self.agents[board]
        devices = {device: self.wants[device] for device in self._devices_of[board] if device in self.wants}
        given_up = tuple(d for d in self._devices_of[board] if d in self.relinquishing)
        document = Desired(self.epoch, agent.generation, run, now.utc_ns, devices, self.overlay, given_up)
        self.agents.send(board, "desired", document, retain=True)

    def _send_anew(self, boards: Iterable[BoardId], now: Now) -> None:
        told = sorted(boards)
        self.number(told)
        for board in told:
            self.send(board, now)

    def owe(self, boards: Iterable[BoardId], run: RunId, now: Now) -> None:
        """These boards were told by broadcast; their documents, the retained truth, follow behind the answers."""
        due = run, now.mono_ns + FOLLOW_MS * MS
        for board in boards:
            self._owed.pop(board, None)
            self._owed[board] = due

    @property
    def due_ns(self) -> int | None:
        """When `pay` has something to do."""
        return next((due_ns for _, due_ns in self._owed.values()), None)

    def pay(self, now: Now) -> None:
        """Send the next of the documents that are owed."""
        for board, (run, due_ns) in list(islice(self._owed.items(), A_TURN)):
            if now.mono_ns < due_ns:
                return
            self.send(board, now, run)
