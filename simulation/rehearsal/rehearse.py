"""Runs tomorrow a few times without faults, each time with other people's legs, and keeps the worst of what happened."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from simulation.crowd import populate
from simulation.rehearsal.bookings import day_span_ns, moved_to
from simulation.rehearsal.conflicts import find_conflicts
from simulation.rehearsal.report import BusyMinute, Lockers, Queue, RefusedPress, Report, SceneTime
from simulation.rehearsal.summarise import summarise
from simulation.world.house import House
from simulation.world.kernel import START_UTC_NS
from simulation.world.run import HOUR_NS, run
from venue_model.lots import Lot
from venue_model.venue import Venue


def rehearse(
    venue: Venue, lots: tuple[Lot, ...], seeds: Iterable[int] = (1, 2, 3), played: Callable[[int], None] = lambda runs: None
) -> Report:
    """The report of tomorrow; `played` hears how many runs are done.  ValueError when there is nothing to rehearse."""
    playable = tuple(lot for lot in lots if _playable(lot, venue))
    if not playable:
        raise ValueError("no lot that this venue could hold: look at the rooms of the bookings, or name another venue file")
    placed, shift_ns = moved_to(playable, venue, START_UTC_NS)
    hours = day_span_ns(placed, venue) / HOUR_NS
    reports = []
    for seed in seeds:
        result = run(seed, hours, venue, (), lots=placed, populate=_unhurried)
        report = summarise(result.trace, placed, venue, START_UTC_NS)
        laws = [violation for violation in result.violations if violation.law != "Liveness"]  # what never came is in `late`
        reports.append(replace(report, violations=len(laws)))
        played(len(reports))
    return _back(replace(worst(reports), conflicts=find_conflicts(lots, venue)), shift_ns)


def _unhurried(house: House, lots: tuple[Lot, ...]) -> None:
    populate(house, lots, house.world, house.faults, pace=1.0)


def _playable(lot: Lot, venue: Venue) -> bool:
    return all(room is None or room in venue.rooms for room in (lot.opening_room, lot.evaluation_room))


def worst(reports: list[Report]) -> Report:
    """What the worst of several days was like, place by place and scene by scene."""
    assert reports, "at least one run"
    first = reports[0]
    queues: dict[str, Queue] = {}
    scenes: dict[tuple[str, str], SceneTime] = {}
    ready: dict[tuple[str, str], SceneTime] = {}
    refused: dict[tuple[str, str, str], RefusedPress] = {}
    for report in reports:
        for queue in report.queues:
            queues[queue.place] = _worse(queues.get(queue.place), queue)
        for scene in report.late:
            scenes[scene.lot, scene.scene] = _later(scenes.get((scene.lot, scene.scene)), scene)
        for scene in report.ready:
            ready[scene.lot, scene.scene] = _later(ready.get((scene.lot, scene.scene)), scene)
        for press in report.refused:
            known = refused.get((press.lot, press.scene, press.code))
            refused[press.lot, press.scene, press.code] = press if known is None or press.times > known.times else known
    busiest = max((r.busiest for r in reports if r.busiest is not None), key=lambda minute: minute.people, default=None)
    return Report(
        runs=len(reports),
        conflicts=first.conflicts,
        queues=tuple(sorted(queues.values(), key=lambda queue: (-queue.longest_wait_s, -queue.longest, queue.place))),
        busiest=busiest,
        ready=tuple(ready.values()),
        late=tuple(scenes.values()),
        refused=tuple(refused.values()),
        lockers=Lockers(
            first.lockers.there, max(r.lockers.most_used for r in reports), max(r.lockers.turned_away for r in reports)
        ),
        violations=sum(r.violations for r in reports),
    )


def _worse(one: Queue | None, other: Queue) -> Queue:
    if one is None:
        return other
    wait, line = max(one, other, key=lambda q: q.longest_wait_s), max(one, other, key=lambda q: q.longest)
    return replace(
        wait, longest=line.longest, longest_at_utc_ns=line.longest_at_utc_ns, passed=max(one.passed, other.passed),
        gave_up=max(one.gave_up, other.gave_up),
    )  # fmt: skip


def _later(one: SceneTime | None, other: SceneTime) -> SceneTime:
    if one is None or other.done_utc_ns is None:
        return other
    return one if one.done_utc_ns is None or one.done_utc_ns >= other.done_utc_ns else other


def _back(report: Report, shift_ns: int) -> Report:
    """All times on the day of the bookings again."""

    def scene(found: SceneTime) -> SceneTime:
        done = None if found.done_utc_ns is None else found.done_utc_ns - shift_ns
        return replace(found, due_utc_ns=found.due_utc_ns - shift_ns, done_utc_ns=done)

    def queue(found: Queue) -> Queue:
        return replace(found, longest_at_utc_ns=found.longest_at_utc_ns - shift_ns, wait_at_utc_ns=found.wait_at_utc_ns - shift_ns)

    busiest: BusyMinute | None = None if report.busiest is None else replace(report.busiest, at_utc_ns=report.busiest.at_utc_ns - shift_ns)
    return replace(
        report,
        queues=tuple(map(queue, report.queues)),
        busiest=busiest,
        ready=tuple(map(scene, report.ready)),
        late=tuple(map(scene, report.late)),
        refused=tuple(replace(press, first_utc_ns=press.first_utc_ns - shift_ns) for press in report.refused),
    )
