"""What a day was, for a lot and for the house: scenes with their results and who failed, arrivals, alarms and how they ended, gaps.

Counts of people and never keys or names: the report lies on desks.  Everything comes from the journal's lines and the stored runs, so
that a report made a year later is the same.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from gateway.core.alarms import ALARM_WORDS, KINDS, Alarms, applied
from gateway.core.presence.state import Presence
from gateway.core.scene_run import Run
from venue_model.groups import ROLE_NAMES, Role
from venue_model.ids import DeviceId, DoorId, RoomId
from venue_model.lots import Lot
from venue_model.rules import RULES
from venue_model.scenes import SCENES, SceneId
from venue_model.venue import Name, Venue

Line = Mapping[str, Any]
# Acts of people outside the scenes that a reader of the day wants to see; the journal has them all.
ACTS = ("approval", "lockdown", "exception-pass", "exception-withdrawn", "pulse", "authorise", "restored", "company-export")
ACT_NAMES: dict[str, tuple[str, str]] = {
    "approval": ("双人审批", "approved by two people"),
    "lockdown": ("封控", "lockdown"),
    "exception-pass": ("发放例外通行证", "exception pass given"),
    "exception-withdrawn": ("收回例外通行证", "exception pass withdrawn"),
    "pulse": ("远程开门", "door opened by staff"),
    "authorise": ("授权进场", "authorised to enter"),
    "restored": ("从备份恢复", "restored from a backup"),
    "company-export": ("导出同处记录", "co-presence exported"),
}


@dataclass(frozen=True, slots=True)
class FailedDevice:
    """A member of a scene that did not become what it should be."""

    id: str
    name: Name
    room: Name
    code: int
    why: str
    required: bool


@dataclass(frozen=True, slots=True)
class SceneRow:
    """One press and what came of it."""

    utc_ns: int
    lot: str
    scene: Name
    by: str
    approvers: tuple[str, ...]
    result: str  # "" while it runs
    took_ms: int | None
    devices: int
    failed: tuple[FailedDevice, ...]


@dataclass(frozen=True, slots=True)
class ArrivalRow:
    """How many of a role were expected, and when the first and the last of them came in."""

    role: Role
    name: Name
    expected: int
    arrived: int
    first_utc_ns: int | None
    last_utc_ns: int | None


@dataclass(frozen=True, slots=True)
class AlarmRow:
    """An alarm from its first line to its end.  `ended`: cleared, acknowledged, or "" while it stands."""

    utc_ns: int
    code: str
    name: Name
    place: str
    level: str
    room: str | None
    lot: str | None
    ended_utc_ns: int | None = None
    ended: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class GapLine:
    """A time that was not recorded."""

    track: str
    name: Name
    from_utc_ns: int
    to_utc_ns: int
    cause: str


@dataclass(frozen=True, slots=True)
class ActRow:
    """What somebody did outside the scenes."""

    utc_ns: int
    kind: str
    name: Name
    by: str
    approvers: tuple[str, ...]
    what: str


@dataclass(frozen=True, slots=True)
class RefusalRow:
    """How often doors said no, by rule."""

    rule: str
    name: Name
    count: int


@dataclass(frozen=True, slots=True)
class PackageLine:
    """A sealed package, by its hash."""

    project: str
    seal: int
    sealed_utc_ns: int
    tagmanifest_sha256: str


@dataclass(frozen=True, slots=True)
class Report:
    """One report.  `lot` None: the whole house on a day."""

    venue: Name
    lot: Lot | None
    from_utc_ns: int
    until_utc_ns: int
    scenes: tuple[SceneRow, ...]
    arrivals: tuple[ArrivalRow, ...]
    refusals: tuple[RefusalRow, ...]
    alarms: tuple[AlarmRow, ...]
    gaps: tuple[GapLine, ...]
    acts: tuple[ActRow, ...]
    packages: tuple[PackageLine, ...]
    lots: tuple[tuple[Lot, Name], ...] = ()  # of a day: with the phase that each has reached


def scene_rows(runs: Iterable[Run], lines: Iterable[Line], venue: Venue) -> tuple[SceneRow, ...]:
    """The runs, each with the approvers that its press named."""
    presses = [line for line in lines if line["kind"] == "press"]
    return tuple(_scene_row(run, presses, venue) for run in sorted(runs, key=lambda run: (run.began_utc_ns, run.id)))


def _scene_row(run: Run, presses: Iterable[Line], venue: Venue) -> SceneRow:
    scene = SCENES[SceneId(run.scene)] if run.scene in set(SceneId) else None
    # A press is noted in the same moment as its run begins.
    approvers = next(
        (line["body"].get("approvers", ()) for line in presses if line["lot"] == run.lot and line["utc_ns"] == run.began_utc_ns), ()
    )
    failed = tuple(
        FailedDevice(row.id, _thing(venue, row.id, row.kind), _room(venue, row.room), row.code, row.text, row.required)
        for row in run.rows
        if run.result is not None and not row.done
    )
    took_ms = (run.ended_utc_ns - run.began_utc_ns) // 1_000_000 if run.ended_utc_ns is not None else None
    name = Name(scene.zh, scene.en) if scene else Name(run.scene, run.scene)
    return SceneRow(run.began_utc_ns, run.lot, name, run.by, tuple(approvers), run.result or "", took_ms, len(run.rows), failed)


def arrival_rows(lots: Iterable[Lot], presence: Presence, from_utc_ns: int, until_utc_ns: int) -> tuple[ArrivalRow, ...]:
    """By role, over the rosters of these lots."""
    expected: Counter[Role] = Counter()
    came: dict[Role, list[int]] = {}
    for lot in lots:
        for person in lot.people:
            if person.withdrawn:
                continue
            expected[person.role] += 1
            moments = (
                s.utc_ns
                for s in presence.people.get(person.person, ())
                if s.kind == "passage" and s.direction == "in" and s.lot == lot.id and from_utc_ns <= s.utc_ns < until_utc_ns
            )
            if (first := min(moments, default=None)) is not None:
                came.setdefault(person.role, []).append(first)
    return tuple(
        ArrivalRow(
            role, Name(*ROLE_NAMES[role]), expected[role], len(came.get(role, ())), min(came.get(role, ()), default=None),
            max(came.get(role, ()), default=None),
        )
        for role in Role
        if expected[role]
    )  # fmt: skip


def refusal_rows(lines: Iterable[Line]) -> tuple[RefusalRow, ...]:
    """The most frequent first."""
    counts = Counter(str(line["body"].get("rule", "")) for line in lines if line["kind"] == "refusal")
    return tuple(
        RefusalRow(rule, Name(RULES[rule].zh, RULES[rule].en) if rule in RULES else Name(rule, rule), count)
        for rule, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    )


def alarm_rows(lines: Iterable[Line], until_utc_ns: int) -> tuple[AlarmRow, ...]:
    """Every alarm that was raised, with its end; by the same fold that the pages show."""
    standing: Alarms = {}
    rows: dict[str, AlarmRow] = {}  # of those that stand
    done: list[AlarmRow] = []
    for line in lines:
        if line["kind"] not in KINDS or line["utc_ns"] >= until_utc_ns:
            continue
        after = applied(standing, line)
        for key in after.keys() - standing.keys():
            raised = after[key]
            words = ALARM_WORDS.get(raised.code, (raised.code, raised.code))
            rows[key] = AlarmRow(raised.since_utc_ns, raised.code, Name(*words), raised.place, raised.level, raised.room, line["lot"])
        for key in standing.keys() - after.keys():
            how = "acknowledged" if line["kind"] == "alarm_ack" else "cleared"
            done.append(replace(rows.pop(key), ended_utc_ns=line["utc_ns"], ended=how, by=str(line["body"].get("by", ""))))
        standing = after
    return tuple(sorted([*done, *rows.values()], key=lambda row: (row.utc_ns, row.code, row.place)))


def act_rows(lines: Iterable[Line], venue: Venue) -> tuple[ActRow, ...]:
    """What people did outside the scenes, without what they wrote and about whom."""
    return tuple(
        ActRow(
            line["utc_ns"], line["kind"], Name(*ACT_NAMES[line["kind"]]), str(line["body"].get("by", "")),
            _approvers(line["body"]), _about(line["body"], venue),
        )
        for line in lines
        if line["kind"] in ACTS
    )  # fmt: skip


def _approvers(body: Mapping[str, Any]) -> tuple[str, ...]:
    named = body.get("approvers", [body["approver"]] if isinstance(body.get("approver"), str) else [])
    return tuple(str(name) for name in named) if isinstance(named, list | tuple) else ()


def _about(body: Mapping[str, Any], venue: Venue) -> str:
    """Which door or domain, or which act; nothing of people."""
    door = venue.doors.get(DoorId(str(body.get("door"))))
    if door is not None:
        return door.name.zh
    places = body.get("components") or body.get("rooms") or [body.get("component") or ""]
    act = str(body.get("act", "")).partition(" ")[0]
    return " ".join(part for part in (act, ", ".join(str(place) for place in places)) if part)


def gap_line(track: str, from_utc_ns: int, to_utc_ns: int, cause: str, venue: Venue) -> GapLine:
    """A gap with the camera's name."""
    return GapLine(track, _thing(venue, track, ""), from_utc_ns, to_utc_ns, cause)


def _thing(venue: Venue, id: str, kind: str) -> Name:
    door, device = venue.doors.get(DoorId(id)), venue.devices.get(DeviceId(id))
    found = door if kind == "door" and door is not None else device or door
    return found.name if found else Name(id, id)


def _room(venue: Venue, id: str) -> Name:
    room = venue.rooms.get(RoomId(id))
    return room.name if room else Name(id, id)
