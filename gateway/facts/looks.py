"""One look at the whole venue, for health and metrics: nothing is kept, everything is read from the desks when somebody asks."""

import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gateway.core.alarms import Alarms
from gateway.core.facts.health import Disk, Looked
from gateway.facts.tally import Tally
from gateway.facts.webhooks import Webhooks
from gateway.shell.coordinator import Coordinator
from gateway.trading.outbox import Counts
from gateway.trading.sync import Health as PlatformHealth
from venue_model.ids import DeviceId
from venue_model.moments import Now, S
from venue_model.venue import Name
from venue_model.wire import APPLIED


@dataclass(frozen=True, slots=True)
class Leases:
    """Doors that are about to stop admitting, and those that have: their boards are away, or refuse what is sent."""

    expiring: int
    expired: int


class Looks:
    """What there is to see."""

    def __init__(
        self, coordinator: Coordinator, tally: Tally, webhooks: Webhooks, disks: dict[str, Path], alarms: Callable[[], Alarms],
        platform: Callable[[], PlatformHealth | None], broker_up: Callable[[], bool],
    ) -> None:  # fmt: skip
        self.coordinator = coordinator
        self.tally = tally
        self.webhooks = webhooks
        self.disks = disks  # the name of each folder that the gateway writes to
        self.alarms = alarms
        self._platform = platform  # None: none is configured
        self.broker_up = broker_up
        self._began = coordinator.clock()

    def looked(self, now: Now) -> Looked:
        """For `health`."""
        c, platform = self.coordinator, self._platform()
        away = [c.venue.boards[board].name for board, agent in c.agents.agents.items() if not agent.online]
        counts = self.outbox()
        return Looked(
            broker_up=self.broker_up(),
            database_error=self._database_error(),
            disks=tuple(self.disk(name) for name in self.disks),
            platform="none" if platform is None else "ok" if platform.away_since_utc_ns is None else "away",
            platform_waiting=counts.waiting,
            platform_dead=counts.dead,
            boards=len(c.venue.boards),
            boards_away=tuple(away),
            gaps=tuple(self._device(alarm.place) for alarm in self.alarms().values() if alarm.code == "recording-gap"),
            clock_jump_ns=(now.utc_ns - self._began.utc_ns) - (now.mono_ns - self._began.mono_ns),
            loop_lag_ms=self.tally.lag_ms,
            webhooks_off=sum(not hook.delivery.on for hook in self.webhooks.all()),
        )

    def _device(self, place: str) -> Name:
        device = self.coordinator.venue.devices.get(DeviceId(place))
        return device.name if device else Name(place, place)

    def _database_error(self) -> str:
        """Tries what every press needs: a row written, and on the platter."""
        store = self.coordinator.store
        try:
            with store.transaction():
                store.set_setting("health", str(self.coordinator.clock().utc_ns))
        except sqlite3.Error as error:
            return str(error)
        return ""

    def disk(self, name: str) -> Disk:
        """The file system under a folder."""
        usage = shutil.disk_usage(self.disks[name])
        words = {"data": Name("数据盘", "the data disk"), "evidence": Name("录像盘", "the evidence disk")}
        return Disk(words.get(name, Name(name, name)), usage.free, usage.total)

    def outbox(self) -> Counts:
        """What the platform has not taken."""
        return self.coordinator.outbox.counts()

    def devices(self) -> Counter[str]:
        """Devices by state: ok, fault, away (they or their boards do not answer), unknown (nothing was ever wanted of them)."""
        c, found = self.coordinator, Counter({"ok": 0, "fault": 0, "away": 0, "unknown": 0})
        for device in c.venue.devices.values():
            agent = c.agents[device.board]
            report = agent.reported.devices.get(device.id) if agent.reported else None
            if not agent.online or (report is not None and not report.online):
                found["away"] += 1
            elif report is None:
                found["unknown"] += 1
            else:
                found["ok" if report.code == APPLIED else "fault"] += 1
        return found

    def leases(self, now: Now) -> Leases:
        """By how long a board has been away: while it is there its leases are renewed each third of their time."""
        c, lease_ns = self.coordinator, self.coordinator.venue.lease_s * S
        expiring = expired = 0
        for door in c.venue.doors.values():
            if door.board is None:
                continue
            agent = c.agents[door.board]
            report = agent.reported.doors.get(door.id) if agent.reported else None
            left_ns = lease_ns - (now.utc_ns - agent.since_utc_ns)
            if agent.online:
                expiring += bool(report and report.refused)
            elif left_ns > 0:
                expiring += 1
            else:
                expired += 1
        return Leases(expiring, expired)
