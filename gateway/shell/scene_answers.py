"""What agents and doors have reported, as answers to scene runs: a report counts when it is as new as what the run has sent."""

from collections.abc import Callable, Container, Iterable

from gateway.core.scene_run import Row, Run, Waiting, asked_now, held_by
from gateway.shell.agents import AgentBook
from gateway.shell.scene_orders import SceneOrders
from gateway.shell.warden import Warden, waiting_words
from venue_model.ids import BoardId, DeviceId, DoorId, RunId
from venue_model.members import DOOR
from venue_model.venue import DeviceKind, Name, Venue
from venue_model.wire import ACCEPTED, APPLIED, FAULT

QUARANTINED_CAMERA = "时好时坏,已隔离,不算在录 comes and goes: in quarantine, does not count as recording"


class Seats:
    """Where a run's members sit in its rows: by board, and the doors, whose answers hang on other boards too."""

    def __init__(self, run: Run) -> None:
        self.waiting = Waiting()
        self._all = range(len(run.rows))
        self._doors = tuple(place for place, row in enumerate(run.rows) if row.kind == DOOR)
        self._of: dict[BoardId, list[int]] = {}
        for place, row in enumerate(run.rows):
            if row.kind != DOOR:
                self._of.setdefault(row.agent, []).append(place)

    def that_may_answer(self, boards: Iterable[BoardId] | None) -> Iterable[int]:
        """The places that reports of these boards can change; all when it is None."""
        return self._all if boards is None else (*(place for board in boards for place in self._of.get(board, ())), *self._doors)


class SceneAnswers:
    """Reads answers out of the agents' last reports."""

    def __init__(self, venue: Venue, agents: AgentBook, warden: Warden, orders: SceneOrders) -> None:
        self.venue = venue
        self.agents = agents
        self.warden = warden
        self.orders = orders
        self.quarantined: Callable[[], Container[str]] = lambda: ()  # devices that come and go (`TwinDesk`)
        self._generation: dict[tuple[RunId, BoardId], int] = {}  # what an answer must have reached to count

    def expect(self, run: RunId, board: BoardId, generation: int) -> None:
        """From now on only answers to this document, to the broadcast ahead of it, or to newer ones, count for the run."""
        self._generation[run, board] = generation

    def expected(self, run: RunId, board: BoardId) -> bool:
        """True when this life of the gateway has sent the agent something for the run."""
        return (run, board) in self._generation

    def forget(self, run: RunId) -> None:
        """The run has ended."""
        for key in [key for key in self._generation if key[0] == run]:
            del self._generation[key]

    def of(self, run: Run, seats: Seats, only: Iterable[BoardId] | None) -> list[tuple[int, tuple[int, str]]]:
        """(place in the rows, (code, text)), as far as they have answered; of these boards' members and of all doors when boards are
        named."""
        return [
            (place, answer)
            for place in seats.that_may_answer(only)
            if asked_now(row := run.rows[place], run) and (answer := self._of(run, row)) is not None
        ]

    def _of(self, run: Run, row: Row) -> tuple[int, str] | None:
        reported = self.agents[row.agent].reported
        if reported is None:
            return None
        if row.kind == DOOR:
            return self._of_door(DoorId(row.id), row.agent)
        generation = self._generation.get((run.id, row.agent))
        report = reported.devices.get(DeviceId(row.id))
        if generation is None or report is None:
            return None
        wanted = self.orders.epoch, generation
        if (reported.epoch, reported.generation) < wanted and (report.ahead is None or report.ahead < wanted):
            return None
        if row.kind == DeviceKind.CAMERA and row.id in self.quarantined():
            return FAULT, QUARANTINED_CAMERA  # I10 stays strict
        return self.orders.answer(DeviceId(row.id), report)

    def _of_door(self, door_id: DoorId, board: BoardId) -> tuple[int, str] | None:
        """A door is done when it holds the newest policy of its domain and the domain has reached what the day asks."""
        reported = self.agents[board].reported
        component = self.venue.component_of[self.venue.doors[door_id].inside]
        waiting = self.warden.waiting[component]
        if waiting is not None:
            words = waiting_words(waiting, self.venue)
            return ACCEPTED, f"{words.zh} {words.en}"
        report = reported.doors.get(door_id) if reported else None
        if report is None:
            return None
        held = report.components.get(component)
        domain = self.warden.domains[component]
        if held is None or (held.term, held.epoch) != (domain.term, domain.epoch):
            return (FAULT, report.refused) if report.refused else None
        return APPLIED, ""

    def waits_for(self, run: Run) -> Name | None:
        """What an open run waits for, in words."""
        if run.result is not None:
            return None
        if held := held_by(run):
            names = [self.venue.name_of(row.id) for row in held]
            zh, en = "、".join(name.zh for name in names), ", ".join(name.en for name in names)
            return Name(f"{zh} 没有到位,等您决定", f"{en}: not as wanted, you decide")
        for row in run.rows:
            if row.kind == DOOR and row.stage == run.stage and not row.done:
                waiting = self.warden.waiting[self.venue.component_of[self.venue.doors[DoorId(row.id)].inside]]
                if waiting is not None:
                    return waiting_words(waiting, self.venue)
        return None
