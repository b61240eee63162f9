"""The gateway's machine: database, link, and the real coordinator, which dies, starts again, and wakes up in old copies."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import sqlite_utils

from gateway.core.clearing import Domain
from gateway.shell.backup import MARK, Highest, begin_anew, highest
from gateway.shell.coordinator import Coordinator
from gateway.shell.database import migrate
from gateway.shell.evidence_index import EvidenceIndex
from gateway.shell.store import Store
from gateway.trading.base import PhaseEvent
from gateway.trading.outbox import Outbox
from gateway.trading.sync import PlatformSync
from simulation.world.clocks import MachineClock
from simulation.world.contract import See
from simulation.world.kernel import Alarm, Trace, World
from simulation.world.lines import PowerCut
from simulation.world.network import Broker, Client, Will
from simulation.world.platform import VirtualPlatform, at_once
from venue_model.ids import ComponentId, RunId
from venue_model.lots import Lot
from venue_model.moments import MS, S
from venue_model.session import gateway_reads
from venue_model.venue import Venue
from venue_model.wire import GatewayStatus, JournalEvent, Topics, encode

T = TypeVar("T")
TICK_NS = 10 * S  # the real gateway ticks each 50 ms; here when a run wants it, and else for leases, which last a minute
PULL_NS = 30 * S
DRAIN_NS = 30 * S
BACKOFF_CAP_S = 2.0
BOOT_NS = (2 * S, 20 * S)  # from death to the next life
PHASE_NS = 3 * MS  # pulls and drains beside the ticks, so that not all is due at one moment


class WatchedStore(Store):
    """The real store, which remembers what was added to the journal until it is certain that it was committed."""

    def __init__(self, db: sqlite_utils.Database) -> None:
        super().__init__(db)
        self.added: list[dict[str, Any]] = []

    def add_journal(
        self, agent: str, journal: str, event: JournalEvent, received_utc_ns: int, *, project: str | None, room: str | None
    ) -> bool:
        added = super().add_journal(agent, journal, event, received_utc_ns, project=project, room=room)
        if added:
            self.added.append(
                {
                    "agent": agent, "line": event.kind, "body": event.body, "lot": event.lot, "project": project,
                    "utc_ns": event.utc_ns, "seq": event.seq,
                }
            )  # fmt: skip
        return added


class GatewayHost:
    """`start` it once.  A fault of the product's own is handed to `fault` and ends only what met it, as in the real service."""

    def __init__(
        self, world: World, trace: Trace, broker: Broker, venue: Venue, policy_key: bytes, platform: VirtualPlatform,
        fault: Callable[[str, Exception], None],
    ) -> None:  # fmt: skip
        self.world = world
        self.trace = trace
        self.venue = venue
        self.policy_key = policy_key
        self.platform = platform
        self.clock = MachineClock(world, "gateway")
        self.rng = world.stream("gateway")
        self.coordinator: Coordinator | None = None
        self._fault = fault
        self._topics = Topics(venue.id)
        self._epoch = 0
        self._high_water = Highest()  # the file beside the database that no backup takes along
        self._sync: PlatformSync | None = None
        self._store: WatchedStore | None = None
        self._cut_in: int | None = None  # publications until power goes
        self._issued: dict[ComponentId, Domain] = {}
        self._untold = True  # a domain has changed since they were last told
        self._tick = Alarm(world, self._ticked)
        self._pull = Alarm(world, self._pulled)
        self._drain = Alarm(world, self._drained)
        self.sql = sqlite3.connect(":memory:", isolation_level=None)
        self.sql.execute("PRAGMA foreign_keys=ON")
        migrate(self.sql, Path("venue.db"))
        Store(sqlite_utils.Database(self.sql)).set_setting("salt", self.rng.randbytes(16).hex())
        self.client = Client(
            broker, "gateway", gateway_reads(self._topics),
            connecting=lambda: Will(self._topics.gateway, encode(GatewayStatus(on=False, epoch=self._epoch))),
            connected=lambda: self.call("connect", lambda c: c.connected(self.clock.now())),
            disconnected=lambda: None,
            message=self._message,
            backoff_cap_s=BACKOFF_CAP_S,
        )  # fmt: skip

    # life and death

    def start(self) -> None:
        """Power is on: the service starts over the database as it is."""
        if self.coordinator is not None:
            return
        self.trace.see(See.START, part="gateway", id="gateway")
        db = sqlite_utils.Database(self.sql)
        store = self._store = WatchedStore(db)
        begin_anew(store, self.venue, self.clock.now().utc_ns, self._high_water)
        self._epoch = store.next_epoch(self.clock.now().utc_ns, self._high_water.epoch)
        self._high_water = highest(store)
        outbox = Outbox(db, self.rng.random)
        self.coordinator = Coordinator(
            self.venue, store, EvidenceIndex(store), outbox, self, self.policy_key, self._epoch, self._changed, self._new_run,
            clock=self.clock.now,
        )  # fmt: skip
        self.coordinator.warden.signed = self._rise
        self._untold = True
        self._tell()
        self._sync = PlatformSync(self.platform, outbox, self._take_lots, self._take_event, self.clock.now)
        self.client.start()
        self.call("resume", lambda c: c.scenes.resume(self.clock.now()))
        self._tick.set(self.world.now_ns + TICK_NS)
        self._pull.set(self.world.now_ns + PHASE_NS)
        self._drain.set(self.world.now_ns + DRAIN_NS)

    def _changed(self, section: str, key: str) -> None:
        self._untold |= section == "components"

    def _rise(self, signed: int, term: int) -> None:
        self._high_water = Highest(signed, term, self._epoch)

    def kill(self, *, noticed: bool = True) -> None:
        """The service dies, and starts again after a while."""
        if self.coordinator is None:
            return
        self.trace.see(See.CRASH, part="gateway", id="gateway")
        if self.sql.in_transaction:
            self.sql.execute("ROLLBACK")
        self.coordinator, self._sync, self._store, self._cut_in = None, None, None, None
        for alarm in (self._tick, self._pull, self._drain):
            alarm.clear()
        self.client.die(noticed=noticed)
        self.clock.reboot()
        self.world.after(self.rng.randint(*BOOT_NS), self.start)

    def cut_power(self, publications: int) -> None:
        """The machine loses power instead of its next but so many publications."""
        self._cut_in = publications

    def back_up(self) -> sqlite3.Connection:
        """A copy of the database as it is, with the mark that `gateway --backup` writes."""
        copy = sqlite3.connect(":memory:", isolation_level=None)
        self.sql.backup(copy)
        copy.execute("INSERT OR REPLACE INTO setting VALUES (?, '1')", (MARK,))
        return copy

    def restore(self, copy: sqlite3.Connection, *, marked: bool) -> None:
        """Put an older copy in the place of the database; without its mark as when somebody copied the file by hand."""
        self.kill()
        copy.backup(self.sql)
        if not marked:
            self.sql.execute("DELETE FROM setting WHERE name = ?", (MARK,))
        self.trace.see(See.RESTORED, marked=marked)

    # calls

    def call(self, what: str, act: Callable[[Coordinator], T]) -> T | None:
        """Let the coordinator do something; None when it is down, dies of it, or has a fault of its own."""
        coordinator = self.coordinator
        if coordinator is None:
            return None
        found: T | None = None
        try:
            found = act(coordinator)
        except PowerCut:
            self._tell()
            self.kill(noticed=False)
            return None
        except Exception as error:
            self._fault(f"gateway: {what}", error)
        self._tell()
        wake_ns = coordinator.scenes.wake_ns()
        if wake_ns is not None:
            self._tick.set(max(self.clock.world_ns(wake_ns), self.world.now_ns + 50 * MS))
        return found

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> None:
        """The coordinator's link."""
        if self._cut_in is not None:
            self._cut_in -= 1
            if self._cut_in < 0:
                raise PowerCut
        self._tell()
        self.client.publish(topic, payload, retain=retain)

    def _message(self, topic: str, payload: bytes, remembered: bool) -> None:
        self.call(topic.rpartition("/")[2], lambda c: c.message(topic, payload, self.clock.now()))

    def _ticked(self) -> None:
        self.call("tick", lambda c: c.tick(self.clock.now()))
        if self.coordinator is not None:
            self._tick.set(self.world.now_ns + TICK_NS)

    def _pulled(self) -> None:
        sync = self._sync
        if sync is not None:
            self.call("pull", lambda c: at_once(sync.pull_once()))
            self._pull.set(self.world.now_ns + PULL_NS)

    def _drained(self) -> None:
        sync = self._sync
        if sync is not None:
            while self.call("drain", lambda c: at_once(sync.drain_once())):
                pass
            self._drain.set(self.world.now_ns + DRAIN_NS)

    def _take_lots(self, lots: tuple[Lot, ...]) -> None:
        assert self.coordinator is not None, "only a living gateway pulls"
        self.coordinator.take_lots(lots, self.clock.now())
        self.world.after(0, self._after_platform)

    def _take_event(self, event: PhaseEvent) -> None:
        assert self.coordinator is not None, "only a living gateway pulls"
        self.coordinator.take_phase_event(event, self.clock.now())
        self.world.after(0, self._after_platform)

    def _after_platform(self) -> None:
        self.call("after the platform", lambda c: c.after_platform(self.clock.now()))

    # looks

    def _new_run(self) -> RunId:
        return RunId(f"run-{self.rng.getrandbits(48):012x}")

    def _tell(self) -> None:
        """What has been committed, and what is signed from now on: both are told before any message that follows from them."""
        store, coordinator = self._store, self.coordinator
        assert store is not None and coordinator is not None, "only a living gateway tells"
        if store.added and not self.sql.in_transaction:
            for line in store.added:
                self.trace.see_fields(See.TAKEN, line)
            store.added.clear()
        if not self._untold:
            return
        self._untold = False
        for component, domain in coordinator.warden.domains.items():
            known = self._issued.get(component)
            if known is domain:
                continue
            self._issued[component] = domain
            if known is None or (known.term, known.epoch) != (domain.term, domain.epoch):
                self.trace.see(
                    See.SIGNED, component=component, term=domain.term, epoch=domain.epoch, mode=domain.mode.value,
                    groups=tuple(group.value for group in domain.groups), seal=domain.seal,
                )  # fmt: skip
