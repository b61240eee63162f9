"""The report in words for staff: Chinese first, English beside it, what needs doing before what is good to know."""

from collections.abc import Iterator

from simulation.rehearsal.report import LATE_S, Report, SceneTime
from venue_model.ids import DeviceId, DoorId, RoomId
from venue_model.moments import utc_ns, utc_text
from venue_model.scenes import SCENES, SceneId
from venue_model.venue import Name, Venue

SHOWN = 8  # lines of each kind: a report is read standing
_CHINA_NS = utc_ns("1970-01-01T08:00:00Z")  # venues show wall time


def report_text(report: Report, venue: Venue) -> str:
    """The whole report."""
    return "\n".join(_lines(report, venue))


def _lines(report: Report, venue: Venue) -> Iterator[str]:
    verdict = "可以照此进行 go ahead" if report.smooth else "需要调整 needs attention"
    yield f"预演 rehearsal: {report.runs} 次 runs, {verdict}"
    yield ""
    yield f"冲突 conflicts: {len(report.conflicts) or '无 none'}"
    for conflict in report.conflicts:
        where = f"{_place(conflict.place, venue).zh} " if conflict.place else ""
        yield f"  ✗ 标段 {' '.join(conflict.lots)} {where}{conflict.words.zh}"
        yield f"    lots {', '.join(conflict.lots)}: {conflict.words.en}"
    yield f"迟到场景 late scenes (> {LATE_S // 60} min): {len(report.late) or '无 none'}"
    for scene in report.late[:SHOWN]:
        yield f"  ✗ {_late(scene)}"
    yield f"被拒操作 refused presses: {len(report.refused) or '无 none'}"
    for press in report.refused[:SHOWN]:
        yield f"  标段 lot {press.lot} {_scene(press.scene)}: {press.code} ×{press.times}, {_clock(press.first_utc_ns)} 起 first"
    lockers = report.lockers
    if lockers.there:
        short = f", 未开柜 turned away {lockers.turned_away}" if lockers.turned_away else ""
        yield f"储物柜 lockers: 最多同时 most at once {lockers.most_used} / {lockers.there}{short}"
    yield ""
    yield "房间就绪 rooms ready:"
    for scene in report.ready:
        at = _clock(scene.done_utc_ns) if scene.done_utc_ns is not None else "未就绪 never"
        room = _place(scene.room, venue)
        yield f"  {room.zh} {room.en}, 标段 lot {scene.lot}: {at} ({_scene(scene.scene)}, {scene.result})"
    yield "排队 queues:"
    for queue in [queue for queue in report.queues if queue.longest > 1][:SHOWN]:
        words = _place(queue.place, venue)
        line = f"最长 longest {queue.longest} 人 people {_clock(queue.longest_at_utc_ns)}"
        yield f"  {words.zh} {words.en}: {line}, 最久 {queue.longest_wait_s} s {_clock(queue.wait_at_utc_ns)}, 通过 passed {queue.passed}"
    if report.busiest is not None:
        doors = ", ".join(f"{_place(door, venue).zh} {people}" for door, people in report.busiest.doors[:SHOWN])
        yield f"最忙一分钟 busiest minute: {_clock(report.busiest.at_utc_ns)}, {report.busiest.people} 人次 passages ({doors})"
    if report.violations:
        yield f"违反法则 laws broken: {report.violations}; 请报告 please report with the bookings file"


def _late(scene: SceneTime) -> str:
    if scene.late_s is None:
        return f"标段 lot {scene.lot} {_scene(scene.scene)}: {_clock(scene.due_utc_ns)} 应完成,未完成 due, never done"
    return f"标段 lot {scene.lot} {_scene(scene.scene)}: {_clock(scene.due_utc_ns)} 应完成 due, 晚 late {scene.late_s // 60} min"


def _scene(scene: str) -> str:
    found = SCENES[SceneId(scene)]
    return f"{found.zh} {found.en}"


def _place(place: str, venue: Venue) -> Name:
    """A room's, door's or reader's name as it stands on the wall."""
    found = venue.rooms.get(RoomId(place)) or venue.doors.get(DoorId(place)) or venue.devices.get(DeviceId(place))
    return found.name if found is not None else Name(place, place)


def _clock(moment_utc_ns: int) -> str:
    return utc_text(moment_utc_ns + _CHINA_NS)[11:16]
