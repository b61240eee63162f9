"""The venue's state in the shapes of the API: whole, or only what has changed since the last look."""

from collections.abc import Callable, Container, Iterable
from typing import Any, Literal

from gateway.api import models as m
from gateway.core.alarms import Alarm, Alarms, applied
from gateway.core.day import pressable, warning
from gateway.core.overlays import OVERLAY_NAMES
from gateway.core.parts import evaluation_rooms, held_rooms
from gateway.core.presence.state import arrived
from gateway.core.rights import Viewer, lot_within
from gateway.core.scene_run import Row, Run, held_by
from gateway.shell.coordinator import Coordinator
from gateway.shell.warden import waiting_words
from gateway.trading.sync import Health
from venue_model.groups import ROLE_NAMES
from venue_model.ids import BoardId, ComponentId, DeviceId, DoorId, LotId, RunId
from venue_model.lots import PHASE_NAMES
from venue_model.members import required
from venue_model.moments import Now
from venue_model.rules import RULES
from venue_model.scenes import SCENES
from venue_model.venue import Name, Venue
from venue_model.wire import DeviceReport
from venue_model.zones import ZONE_NAMES

LARGE = 200


def named(name: Name) -> m.NameOut:
    """A name in the API's shape."""
    return m.NameOut(zh=name.zh, en=name.en)


def _pair(both: tuple[str, str]) -> m.NameOut:
    return m.NameOut(zh=both[0], en=both[1])


def venue_out(venue: Venue) -> m.VenueOut:
    """Everything static."""
    return m.VenueOut(
        id=venue.id,
        name=named(venue.name),
        profile=m.NameOut(zh=venue.profile.zh, en=venue.profile.en),
        rooms=[
            m.RoomOut(
                id=r.id, zone=r.zone, zone_name=_pair(ZONE_NAMES[r.zone]), name=named(r.name), number=r.number,
                component=venue.component_of.get(r.id),
            )
            for r in venue.rooms.values()
        ],
        doors=[
            m.DoorOut(id=d.id, name=named(d.name), outside=d.outside, inside=d.inside, lock=d.lock, board=d.board)
            for d in venue.doors.values()
        ],
        boards=[m.BoardOut(id=b.id, name=named(b.name), room=b.room) for b in venue.boards.values()],
        devices=[
            m.DeviceOut(id=d.id, kind=d.kind, room=d.room, board=d.board, name=named(d.name), door=d.door, required=required(d))
            for d in venue.devices.values()
        ],
        scenes=[
            m.SceneOut(
                id=s.id, name=m.NameOut(zh=s.zh, en=s.en), leads_to=s.leads_to, allowed_from=list(s.allowed_from), two_person=s.two_person
            )
            for s in SCENES.values()
        ],
        phases={phase: _pair(words) for phase, words in PHASE_NAMES.items()},
        roles={role: _pair(words) for role, words in ROLE_NAMES.items()},
        rules=[m.RuleOut(code=r.code, because=r.because, name=m.NameOut(zh=r.zh, en=r.en)) for r in RULES.values()],
        approvers=[m.ApproverOut(id=a.id, role=a.role, public_key=a.public_key) for a in venue.approvers],
    )  # fmt: skip


class View:
    """Builds API shapes from the coordinator."""

    def __init__(self, coordinator: Coordinator, health: Callable[[], Health], broker_ok: Callable[[], bool]) -> None:
        self.coordinator = coordinator
        self.health = health
        self.broker_ok = broker_ok
        self._told: dict[LotId, tuple[RunId, tuple[Row, ...], list[m.MemberOut]]] = {}  # of each lot, the run that was shown last
        self._alarms: Alarms = {}
        self._known: dict[str, Alarm] = {}  # every alarm that ever stood since the start: pages hear of its end by the same rule

    @property
    def alarms(self) -> Alarms:
        """Those that stand, for whomever they are."""
        return self._alarms

    def take_lines(self, lines: Iterable[dict[str, Any]]) -> None:
        """Raise and clear alarms from journal lines."""
        for line in lines:
            before = self._alarms
            self._alarms = applied(before, line)
            self._known |= self._alarms
            for key in before.keys() ^ self._alarms.keys():
                self.coordinator.changed("alarms", key)

    def alarm(self, key: str) -> m.AlarmOut | None:
        """An alarm that stands, or None."""
        found = self._alarms.get(key)
        if found is None:
            return None
        level: Literal["warning", "alarm"] = "warning" if found.level == "warning" else "alarm"
        return m.AlarmOut(
            id=found.id, code=found.code, level=level, name=_pair(found.words), room=found.room, since_utc_ns=found.since_utc_ns,
            audience=list(found.audience),
        )  # fmt: skip

    def audience_of(self, key: str) -> tuple[str, ...]:
        """The account roles that may know of an alarm, and of its end; empty: all."""
        known = self._known.get(key)
        return known.audience if known else ()

    def lot_of_alarm(self, key: str) -> str | None:
        """Whose alarm this is; None for one of the house."""
        known = self._known.get(key)
        return known.lot if known else None

    def shows(self, key: str, viewer: Viewer) -> bool:
        """May this viewer know of this alarm?"""
        known = self._known.get(key)
        return known is not None and viewer.sees_alarm(known, self.coordinator.day)

    def unseen(self, viewers: Iterable[Viewer]) -> int:
        """How many alarms stand that are not for everybody, and that none of these viewers may see."""
        day, quiet = self.coordinator.day, [alarm for alarm in self._alarms.values() if alarm.audience]
        return sum(1 for alarm in quiet if not any(viewer.sees_alarm(alarm, day) for viewer in viewers))

    def state(self, seq: int, now: Now, viewer: Viewer) -> m.StateOut:
        """The venue now, as far as a viewer may know it."""
        c = self.coordinator
        return m.StateOut(
            seq=seq,
            utc_ns=now.utc_ns,
            broker_ok=self.broker_ok(),
            platform=self.platform(),
            lockdown=self.lockdown(),
            overlays=self.overlays(),
            boards={b: self.board(b) for b in c.venue.boards},
            devices={d: self.device(d) for d in c.venue.devices},
            doors={d.id: self.door(d.id) for d in c.venue.doors.values() if d.board is not None},
            components={k: self.component(k) for k in c.venue.components},
            lots={lot: out for lot in c.day if lot_within(viewer.limit, lot, c.day) and (out := self.lot(lot)) is not None},
            alarms={key: raised for key in self._alarms if self.shows(key, viewer) and (raised := self.alarm(key)) is not None},
        )

    def patch(self, seq: int, dirty: dict[str, set[str]], events: list[dict[str, Any]], now: Now, viewer: Viewer) -> m.PatchOut:
        """What has changed, as far as a viewer may know it; `dirty` maps sections to ids."""
        venue, day = self.coordinator.venue, self.coordinator.day

        def fresh(section: str, make: Callable[[Any], Any], known: Container[Any] | None = None) -> dict[str, Any]:
            return {i: make(i) for i in sorted(dirty.get(section, ())) if known is None or i in known}

        return m.PatchOut(
            seq=seq,
            utc_ns=now.utc_ns,
            broker_ok=self.broker_ok(),
            platform=self.platform(),
            lockdown=self.lockdown() if "lockdown" in dirty else None,
            overlays=self.overlays() if "overlays" in dirty else None,
            boards=fresh("boards", self.board, venue.boards),
            devices=fresh("devices", self.device, venue.devices),
            doors=fresh("doors", self.door, venue.doors),
            components=fresh("components", self.component, venue.components),
            lots=fresh("lots", self.lot, [lot for lot in dirty.get("lots", ()) if lot_within(viewer.limit, lot, day)]),
            alarms=fresh("alarms", self.alarm, [key for key in dirty.get("alarms", ()) if self.shows(key, viewer)]),
            twins=sorted(dirty.get("twins", ())),
            rollouts=sorted(dirty.get("rollouts", ())),
            events=[m.EventOut.model_validate(event) for event in events if viewer.sees_line(event, day)],
        )

    def is_large(self, dirty: dict[str, set[str]]) -> bool:
        """True when a patch would take longer than people notice: hundreds of devices, or the rows of a run of as many."""
        runs = (self.coordinator.scenes.latest(LotId(lot)) for lot in dirty.get("lots", ()) if lot in self.coordinator.day)
        return len(dirty.get("devices", ())) > LARGE or any(run is not None and len(run.rows) > LARGE for run in runs)

    def platform(self) -> m.PlatformState:
        """The link to the trading platform."""
        h = self.health()
        ok = h.away_since_utc_ns is None
        return m.PlatformState(ok=ok, away_since_utc_ns=h.away_since_utc_ns, waiting=h.waiting, dead=h.dead, detail=h.last_error)

    def lockdown(self) -> m.LockdownOut:
        """Which domains are locked down, since when, by whom and why."""
        found = self.coordinator.guard.lockdown
        if found is None:
            return m.LockdownOut(on=False, components=[], by="", reason="", since_utc_ns=None)
        return m.LockdownOut(on=True, components=list(found.components), by=found.by, reason=found.reason, since_utc_ns=found.utc_ns)

    def overlays(self) -> list[m.OverlayOut]:
        """What stands over the day."""
        return [
            m.OverlayOut(
                kind=o.kind.value, name=_pair(OVERLAY_NAMES[o.kind]), rooms=list(o.rooms), by=o.by, reason=o.reason,
                since_utc_ns=o.since_utc_ns,
            )
            for o in self.coordinator.overrides.overlays()
        ]  # fmt: skip

    def board(self, board: BoardId) -> m.BoardState:
        """An agent now."""
        agent = self.coordinator.agents[board]
        return m.BoardState(online=agent.online, session=agent.session, since_utc_ns=agent.since_utc_ns)

    def device(self, device: DeviceId) -> m.DeviceState:
        """A device now.  "Unknown" is a legal answer: nothing is assumed of an agent that is away."""
        agent = self.coordinator.agents[self.coordinator.venue.devices[device].board]
        report: DeviceReport | None = agent.reported.devices.get(device) if agent.reported else None
        if report is None:
            return m.DeviceState(online=False, code=0, text="", state={})
        return m.DeviceState(online=agent.online and report.online, code=report.code, text=report.text, state=report.state)

    def door(self, door_id: DoorId) -> m.DoorState:
        """A door now, with the mode of the domain that it guards."""
        c = self.coordinator
        door = c.venue.doors[door_id]
        agent = c.agents[door.board] if door.board else None
        report = agent.reported.doors.get(door_id) if agent and agent.reported else None
        component = c.venue.component_of.get(door.inside)
        domain = c.warden.domains[component] if component else None
        return m.DoorState(
            position=report.position if report and agent and agent.online else "unknown",
            released=bool(report and report.released),
            fire=bool(report and report.fire),
            mode=domain.mode if domain else "",
            seal=bool(domain and domain.seal),
            lease_left_s=report.lease_left_s if report else 0,
            refused=report.refused if report else "",
        )

    def component(self, component: ComponentId) -> m.ComponentState:
        """A separation domain now."""
        warden = self.coordinator.warden
        domain, waiting = warden.domains[component], warden.waiting[component]
        return m.ComponentState(
            mode=domain.mode, seal=domain.seal, groups=list(domain.groups), term=domain.term, epoch=domain.epoch,
            occupancy=warden.occupancy(component), steady=waiting is None,
            waiting=named(waiting_words(waiting, self.coordinator.venue)) if waiting else None, acts=list(warden.acts(component)),
        )  # fmt: skip

    def lot(self, lot_id: LotId) -> m.LotOut | None:
        """A lot and where it stands."""
        c = self.coordinator
        state = c.day.get(lot_id)
        if state is None:
            return None
        lot = state.lot
        expected: dict[str, int] = {}
        for person in lot.people:
            if not person.withdrawn:
                expected[person.role] = expected.get(person.role, 0) + 1
        run = c.scenes.latest(lot_id)
        warned = warning(state)
        return m.LotOut(
            id=lot.id, project=lot.project, project_name=lot.project_name, name=lot.name, lot_code=lot.lot_code, phase=state.phase,
            phase_utc_ns=state.phase_utc_ns, opening_room=lot.opening_room,
            evaluation_rooms=list(evaluation_rooms(c.venue, lot)), in_use=sorted(held_rooms(c.venue, state)),
            opening_utc_ns=lot.opening_utc_ns, bidders=lot.bidders, expected=expected,
            arrived=arrived(c.presence.presence, lot), next_scenes=[s.id for s in pressable(state)],
            warning=named(warned) if warned else None, run=self.run(run) if run else None,
        )  # fmt: skip

    def run(self, run: Run) -> m.RunOut:
        """A scene run with one row for each member."""
        waits = self.coordinator.scenes.waits_for(run)
        return m.RunOut(
            id=run.id, lot=run.lot, scene=run.scene, by=run.by, began_utc_ns=run.began_utc_ns, ended_utc_ns=run.ended_utc_ns,
            result=run.result, waiting=named(waits) if waits else None, held=[row.id for row in held_by(run)],
            members=self._members(run),
        )  # fmt: skip

    def _members(self, run: Run) -> list[m.MemberOut]:
        """The rows in the API's shape.  Those that are as they were last told are not made anew: of a thousand few change at a time."""
        told = self._told.get(run.lot)
        if told is None or told[0] != run.id or len(told[1]) != len(run.rows):
            members = [_member(row) for row in run.rows]
        else:
            members = [out if row is before else _member(row) for row, before, out in zip(run.rows, *told[1:], strict=True)]
        self._told[run.lot] = run.id, run.rows, members
        return members


def _member(row: Row) -> m.MemberOut:
    return m.MemberOut(
        id=row.id, kind=row.kind, room=row.room, stage=row.stage, required=row.required, code=row.code, text=row.text,
        attempts=row.attempts, latency_ms=row.latency_ms, on_fail=row.on_fail, waived=row.waived,
    )  # fmt: skip
