"""What simulated agents say on the wire.  A room's broadcast and a `desired` document are acknowledged at once, a policy is held and the
door stands settled."""

import json
from collections.abc import Iterable, Sequence

from simulation.bench.hall import DOOR, sign_of
from venue_model.ids import BoardId
from venue_model.wire import ComponentReport, DoorReport, Status, Topics, encode, plain

SESSION = 1


class Answers:
    """The answers of all agents of a bench hall, until they are silenced.

    A real board does the same, but for the time that its devices take and the 20 ms in which it gathers their answers.  Texts are put
    together by hand and a broadcast is read once for its whole room: the swarm must cost less than what it measures.
    """

    def __init__(self, topics: Topics, boards: Sequence[BoardId]) -> None:
        self._topics = topics
        self._boards = boards
        self._reported = [topics.agent(board, "reported") for board in boards]
        self._dead: frozenset[int] = frozenset()
        self._order = [(0, 0)] * len(boards)  # (epoch, generation) that each agent stands at …
        self._ahead: list[tuple[int, int] | None] = [None] * len(boards)  # … and of the broadcast that its sign follows, until then
        self._broadcast = b"", 0, "", dict[str, int]()  # the last one: payload, epoch, run, members
        self._run: list[str | None] = [None] * len(boards)
        self._doors = "{}"
        self.broadcast_bytes = 0  # of the largest room

    def silence(self, agents: Iterable[int]) -> None:
        """From now on these say nothing, though the broker still sees them."""
        self._dead = frozenset(agents)

    def all_have_documents_of(self, run: str) -> bool:
        """True when every agent that speaks has the `desired` document of a run."""
        states = enumerate(zip(self._run, self._ahead, strict=True))
        return all(told == run and ahead is None for index, (told, ahead) in states if index not in self._dead)

    def birth(self, index: int) -> list[tuple[str, bytes]]:
        """What an agent publishes when it begins."""
        status = encode(Status(on=True, session=SESSION))
        return [(self._topics.agent(self._boards[index], "status"), status), self._report(index)]

    def answer(self, index: int, topic: str, payload: bytes) -> list[tuple[str, bytes]]:
        """An agent's answers to a message, as `SwarmOfAgents` wants them."""
        if index in self._dead:
            return []
        if topic.endswith("/desired"):
            desired = json.loads(payload)
            self._order[index] = desired["epoch"], desired["generation"]
            self._run[index] = desired["run"]
            self._ahead[index] = None
            return [self._report(index)]
        if topic.endswith("/policy"):
            self._hold(json.loads(payload)["body"])
            return [self._report(index)]
        if topic.endswith("/scene"):
            return self._take_broadcast(index, payload)
        return []

    def _take_broadcast(self, index: int, payload: bytes) -> list[tuple[str, bytes]]:
        if payload != self._broadcast[0]:
            scene = json.loads(payload)
            self.broadcast_bytes = max(self.broadcast_bytes, len(payload))
            self._broadcast = payload, scene["epoch"], scene["run"], scene["members"]
        _, epoch, run, members = self._broadcast
        order = epoch, members.get(self._boards[index], -1)
        if order[1] < 0 or order <= self._order[index]:
            return []  # it is not asked, or its document has come already
        self._ahead[index], self._run[index] = order, run
        return [self._report(index)]

    def _hold(self, body: dict[str, object]) -> None:
        policies = body["components"]
        assert isinstance(policies, list), "a policy body lists its domains"
        held = {p["component"]: ComponentReport(p["term"], p["epoch"], 0, settled=True) for p in policies}
        door = DoorReport("closed", released=False, fire=False, components=held, lease_left_s=60)
        self._doors = json.dumps({DOOR: plain(door)})

    def _report(self, index: int) -> tuple[str, bytes]:
        epoch, generation = self._order[index]
        run = self._run[index]
        said = "null" if run is None else f'"{run}"'
        ahead = self._ahead[index]
        follows = "null" if ahead is None else f"[{ahead[0]},{ahead[1]}]"
        doors = self._doors if index == 0 else "{}"
        text = (
            f'{{"session":{SESSION},"epoch":{epoch},"generation":{generation},"devices":{{"{sign_of(self._boards[index])}":'
            f'{{"code":200,"run":{said},"text":"","took_ms":0,"online":true,"state":{{}},"ahead":{follows}}}}},"doors":{doors},"v":1}}'
        )
        return self._reported[index], text.encode()
