"""One run's trace → what staff want to know of it.  Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence

from simulation.crowd.timetable import Timetable, timetable
from simulation.rehearsal.conflicts import find_conflicts
from simulation.rehearsal.report import LATE_S, BusyMinute, Lockers, Queue, RefusedPress, Report, SceneTime
from simulation.world.contract import See, Seen
from venue_model.ids import DoorId
from venue_model.lots import Lot
from venue_model.moments import S
from venue_model.scenes import SceneId
from venue_model.venue import DeviceKind, Lock, Venue

MINUTE_NS = 60 * S
# What a room waits for: the scene that makes it ready, and the moment of the timetable at which it is due.
READY_BY = {SceneId.OPENING_PREPARATION: "opening", SceneId.INTAKE: "evaluation"}
DUE = {
    SceneId.OPENING_PREPARATION: "preparation",
    SceneId.CHECK_IN: "check_in",
    SceneId.OPENING: "opening",
    SceneId.OPENING_END: "opening_end",
    SceneId.INTAKE: "intake",
    SceneId.EVALUATION: "evaluation",
    SceneId.REPORT_SIGNED: "report",
    SceneId.CLOSE: "over",
}
FAILED_ENDS_AT = SceneId.CHECK_IN  # a tender that fails for want of bidders has no later scenes


def summarise(trace: Sequence[Seen], lots: tuple[Lot, ...], venue: Venue, start_utc_ns: int, pace: float = 1.0) -> Report:
    """The report of one run that began at `start_utc_ns`."""
    scenes = list(_scenes(trace, lots, venue, start_utc_ns, pace))
    return Report(
        runs=1,
        conflicts=find_conflicts(lots, venue),
        queues=_queues(trace, start_utc_ns),
        busiest=_busiest(trace, venue, start_utc_ns),
        ready=tuple(scene for scene in scenes if scene.scene in READY_BY),
        late=tuple(scene for scene in scenes if scene.late_s is None or scene.late_s > LATE_S),
        refused=_refused(trace, start_utc_ns),
        lockers=_lockers(trace, venue),
    )


def _queues(trace: Iterable[Seen], start_utc_ns: int) -> tuple[Queue, ...]:
    waiting: dict[str, dict[str, int]] = {}
    worst: dict[str, Queue] = {}
    for seen in trace:
        if seen.kind is not See.QUEUE:
            continue
        place, person, act = str(seen.fields["place"]), str(seen.fields["person"]), seen.fields["act"]
        here = waiting.setdefault(place, {})
        before = worst.get(place, Queue(place, 0, 0, 0, 0, 0, 0))
        at_utc_ns = start_utc_ns + seen.time_ns
        if act == "joins":
            here[person] = seen.time_ns
            if len(here) > before.longest:
                worst[place] = _with(before, longest=len(here), longest_at_utc_ns=at_utc_ns)
            continue
        waited_s = (seen.time_ns - here.pop(person, seen.time_ns)) // S
        passed = before.passed + (act == "passes")
        after = _with(before, passed=passed, gave_up=before.gave_up + (act == "gives up"))
        worst[place] = _with(after, longest_wait_s=waited_s, wait_at_utc_ns=at_utc_ns) if waited_s > after.longest_wait_s else after
    return tuple(sorted(worst.values(), key=lambda queue: (-queue.longest_wait_s, -queue.longest, queue.place)))


def _with(queue: Queue, **changes: int) -> Queue:
    return Queue(**{name: changes.get(name, getattr(queue, name)) for name in Queue.__slots__})


def _busiest(trace: Iterable[Seen], venue: Venue, start_utc_ns: int) -> BusyMinute | None:
    minutes: dict[int, Counter[str]] = {}
    for seen in trace:
        door = DoorId(str(seen.fields["door"])) if seen.kind is See.MOVED else DoorId("")
        if door in venue.doors and venue.doors[door].lock is not Lock.NONE:
            minutes.setdefault(seen.time_ns // MINUTE_NS, Counter())[door] += 1
    if not minutes:
        return None
    minute = max(minutes, key=lambda m: (minutes[m].total(), -m))
    doors = sorted(minutes[minute].items(), key=lambda entry: (-entry[1], entry[0]))
    return BusyMinute(start_utc_ns + minute * MINUTE_NS, minutes[minute].total(), tuple(doors))


def _scenes(trace: Iterable[Seen], lots: tuple[Lot, ...], venue: Venue, start_utc_ns: int, pace: float) -> Iterable[SceneTime]:
    """Every scene that a lot's day has, with when it was done first."""
    done: dict[tuple[str, str], tuple[int | None, str]] = {}
    failed: dict[str, bool] = {}
    for seen in trace:
        if seen.kind is not See.TAKEN or seen.fields["line"] != "scene":
            continue
        body, of = seen.fields["body"], str(seen.fields["lot"])
        if body["result"] not in ("failed", "superseded"):
            done.setdefault((of, str(body["scene"])), (start_utc_ns + seen.time_ns, str(body["result"])))
        failed[of] = failed.get(of, False) or body["scene"] == SceneId.FAILED_TENDER
    for lot in lots:
        plan = timetable(lot.opening_utc_ns, venue, pace)
        for scene in _due(lot, failed.get(lot.id, False)):
            moment, result = done.get((lot.id, scene.value), (None, "never"))
            yield SceneTime(lot.id, scene.value, _room(lot, scene), _due_at(plan, scene), moment, result)


def _due(lot: Lot, failed: bool) -> list[SceneId]:
    """The scenes of a lot's day: without those before the experts where it is opened elsewhere, or after them where it is judged there."""
    scenes = list(DUE)
    if failed:
        return scenes[: scenes.index(FAILED_ENDS_AT) + 1] if lot.opening_room is not None else []
    first = 0 if lot.opening_room is not None else scenes.index(SceneId.INTAKE)
    last = len(scenes) if lot.evaluation_room is not None else scenes.index(SceneId.INTAKE)
    return scenes[first:last]


def _due_at(plan: Timetable, scene: SceneId) -> int:
    return int(getattr(plan, DUE[scene]))


def _room(lot: Lot, scene: SceneId) -> str:
    return str((lot.evaluation_room if READY_BY.get(scene) == "evaluation" else lot.opening_room) or "")


def _refused(trace: Iterable[Seen], start_utc_ns: int) -> tuple[RefusedPress, ...]:
    found: dict[tuple[str, str, str], RefusedPress] = {}
    for seen in trace:
        if seen.kind is not See.PRESSED or seen.fields["result"] == "run":
            continue
        key = (str(seen.fields["lot"]), str(seen.fields["scene"]), str(seen.fields["result"]))
        before = found.get(key, RefusedPress(*key, 0, start_utc_ns + seen.time_ns))
        found[key] = RefusedPress(*key, before.times + 1, before.first_utc_ns)
    return tuple(found.values())


def _lockers(trace: Iterable[Seen], venue: Venue) -> Lockers:
    lockers = [device for device in venue.devices.values() if device.kind is DeviceKind.LOCKER]
    rooms = {device.room for device in lockers}
    readers = {d.id for d in venue.devices.values() if d.kind is DeviceKind.READER and d.door is None and d.room in rooms}
    used: dict[str, bool] = {}
    most = away = 0
    for seen in trace:
        if seen.kind is See.LOCKER:
            used[str(seen.fields["device"])] = bool(seen.fields["phone"])
            most = max(most, sum(used.values()))
        elif seen.kind is See.QUEUE and seen.fields["place"] in readers and seen.fields["act"] == "gives up":
            away += 1
    return Lockers(len(lockers), most, away)
