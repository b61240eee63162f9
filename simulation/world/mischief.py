"""Brings the drawn faults about: when, where, how long.  Faults of single messages and contacts are drawn where they happen."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace

from gateway.trading.base import EventKind, PhaseEvent
from simulation.world.board import BoardHost, Cut
from simulation.world.clocks import MOST_DRIFT_PPM
from simulation.world.contract import See
from simulation.world.house import House
from simulation.world.network import Client
from venue_model.groups import Role
from venue_model.ids import DeviceId
from venue_model.lots import Lot
from venue_model.moments import MS, S
from venue_model.zones import Zone

MINUTE = 60 * S
HOUR = 60 * MINUTE
# How often each kind strikes in the whole house when it is fully on.
EVERY_NS = {
    "loss": 2 * MINUTE, "partition": 10 * MINUTE, "clog": 15 * MINUTE, "broker-restart": 20 * MINUTE, "agent-crash": 5 * MINUTE,
    "torn": 8 * MINUTE, "disk-full": 20 * MINUTE, "clock-step": 15 * MINUTE, "clock-drift": 10 * MINUTE, "gateway-crash": 10 * MINUTE,
    "gateway-restore": 40 * MINUTE, "stuck-contact": 15 * MINUTE, "lines-lost": 10 * MINUTE, "camera-frozen": 8 * MINUTE,
    "dark-sign": 10 * MINUTE, "fire": 45 * MINUTE, "platform-away": 40 * MINUTE, "roster-change": 20 * MINUTE,
}  # fmt: skip


@dataclass(slots=True)
class Mischief:
    """`start` it once the house is on; `end` puts everything right."""

    house: House
    ends: dict[int, Callable[[], None]]
    backups: list[sqlite3.Connection]
    number: int = 0

    def start(self) -> None:
        """Every kind that is on gets its own stream of moments."""
        for name in EVERY_NS:
            if self.house.faults.rate(name):
                self._later(name)
        if self.house.faults.rate("gateway-restore"):
            self.house.world.after(1 * MINUTE, self._back_up)

    def end(self) -> None:
        """The calm: whatever is broken is mended, whoever is down comes up."""
        for mend in list(self.ends.values()):
            mend()
        self.ends.clear()

    def _later(self, name: str) -> None:
        rng = self.house.world.stream(f"fault {name}")
        rate = self.house.faults.rate(name)
        if rate:
            self.house.world.after(int(rng.expovariate(1.0) * EVERY_NS[name] / rate), lambda: self._strike(name))

    def _strike(self, name: str) -> None:
        if self.house.calm:
            return
        getattr(self, f"_{name.replace('-', '_')}")()
        self._later(name)

    # words

    def _stream(self, name: str) -> Callable[[int, int], int]:
        return self.house.world.stream(f"fault {name}").randint

    def _once(self, fault: str, at: str) -> None:
        self.house.trace.see(See.FAULT, fault=fault, at=at, on=None)

    def _spell(self, fault: str, at: str, for_ns: int, mend: Callable[[], None]) -> None:
        """Something is broken for a while."""
        self.number += 1
        mine = self.number
        self.house.trace.see(See.FAULT, fault=fault, at=at, on=True)

        def mended() -> None:
            mend()
            self.house.trace.see(See.FAULT, fault=fault, at=at, on=False)

        self.ends[mine] = mended
        self.house.world.after(for_ns, lambda: self.ends.pop(mine, lambda: None)())

    def _client(self, fault: str) -> Client:
        clients = [self.house.gateway.client, *(host.client for host in self.house.boards.values())]
        return clients[self._stream(fault)(0, len(clients) - 1)]

    def _board(self, fault: str) -> BoardHost:
        boards = list(self.house.boards.values())
        return boards[self._stream(fault)(0, len(boards) - 1)]

    # network

    def _loss(self) -> None:
        client = self._client("loss")
        if client.connection is not None:
            self._once("loss", client.name)
            self.house.broker.cut(client.connection)

    def _partition(self) -> None:
        client, draw = self._client("partition"), self._stream("partition")
        up = bool(draw(0, 1))
        self.house.broker.block(client, up=up, down=not up)
        self._spell("partition", client.name, draw(1, 180) * S, lambda: self.house.broker.unblock(client))

    def _clog(self) -> None:
        """Swizzle-clogging: one by one they stall, and in another order they are freed."""
        rng, world = self.house.world.stream("fault clog"), self.house.world
        clients = [self.house.gateway.client, *(host.client for host in self.house.boards.values())]
        chosen = rng.sample(clients, rng.randint(1, len(clients)))
        freed = rng.sample(chosen, len(chosen))
        broker, over = self.house.broker, False

        def clog(client: Client) -> None:
            if not over:
                broker.block(client, up=True, down=True)

        def free() -> None:
            nonlocal over
            over = True
            for client in freed:
                broker.unblock(client)

        for place, client in enumerate(chosen):
            world.after(place * rng.randint(10, 800) * MS, lambda c=client: clog(c))  # type: ignore[misc]
        self._spell("clog", f"{len(chosen)} links", rng.randint(3, 40) * S, free)

    def _broker_restart(self) -> None:
        draw = self._stream("broker-restart")
        broker = self.house.broker
        if not broker.up:
            return
        keep = bool(draw(0, 1))
        self.house.trace.see(See.CRASH, part="broker", id="kept" if keep else "lost")
        broker.stop(keep=keep)

        def start() -> None:
            broker.start()
            self.house.trace.see(See.START, part="broker", id="")

        self._spell("broker-restart", "broker", draw(300, 20_000) * MS, start)

    # machines

    def _agent_crash(self) -> None:
        host = self._board("agent-crash")
        self._once("agent-crash", host.commission.agent)
        host.kill()

    def _torn(self) -> None:
        host = self._board("torn")
        cuts: tuple[Cut, ...] = ("before-commit", "after-commit", "mid-act")
        when = cuts[self._stream("torn")(0, 2)]
        self._once("torn", f"{host.commission.agent} {when}")
        host.cut_power(when)

    def _disk_full(self) -> None:
        host = self._board("disk-full")
        pages = int(host.sql.execute("PRAGMA page_count").fetchone()[0])
        host.sql.execute(f"PRAGMA max_page_count={pages}")

        def room() -> None:
            host.sql.execute("PRAGMA max_page_count=1073741823")

        self._spell("disk-full", host.commission.agent, self._stream("disk-full")(5, 120) * S, room)

    def _clock_step(self) -> None:
        rng = self.house.world.stream("fault clock-step")
        machines = [("gateway", self.house.gateway.clock), *((name, host.clock) for name, host in self.house.boards.items())]
        name, clock = rng.choice(machines)
        by_ns = rng.choice((-1, 1)) * rng.choice((1 * S, 20 * S, 2 * HOUR, 400 * 24 * HOUR)) * rng.randint(50, 100) // 100
        clock.step(by_ns)
        self._spell("clock-step", name, rng.randint(20, 600) * S, lambda: clock.step(-by_ns))

    def _clock_drift(self) -> None:
        host = self._board("clock-drift")
        self._once("clock-drift", host.commission.agent)
        host.clock.drift(self._stream("clock-drift")(-MOST_DRIFT_PPM, MOST_DRIFT_PPM))
        host.kill()

    def _gateway_crash(self) -> None:
        draw = self._stream("gateway-crash")
        if draw(0, 2):
            publications = draw(0, 12)
            self._once("gateway-crash", f"in {publications} publications")
            self.house.gateway.cut_power(publications)
        else:
            self._once("gateway-crash", "between messages")
            self.house.gateway.kill()

    def _back_up(self) -> None:
        if not self.house.calm:
            self.backups.append(self.house.gateway.back_up())
            del self.backups[:-4]
            self.house.world.after(10 * MINUTE, self._back_up)

    def _gateway_restore(self) -> None:
        if not self.backups:
            return
        draw = self._stream("gateway-restore")
        copy, marked = self.backups[draw(0, len(self.backups) - 1)], bool(draw(0, 3))
        self._once("gateway-restore", "marked" if marked else "without its mark")
        self.house.gateway.restore(copy, marked=marked)

    # metal

    def _stuck_contact(self) -> None:
        host = self._board("stuck-contact")
        lines = [leaf.door.contact for leaf in host.metal.leaves.values()]
        if not lines or host.lines is None:
            return
        draw = self._stream("stuck-contact")
        line = lines[draw(0, len(lines) - 1)]
        host.lines.stick(line)
        self._spell("stuck-contact", line, draw(2, 90) * S, lambda: host.lines.loosen(line) if host.lines is not None else None)

    def _lines_lost(self) -> None:
        host = self._board("lines-lost")
        lines = host.lines
        if lines is None or lines.away or not host.metal.levels:
            return
        lines.vanish()
        self._spell(
            "lines-lost", host.commission.agent, self._stream("lines-lost")(1, 60) * S,
            lambda: lines.come_back() if host.lines is lines else None,
        )  # fmt: skip

    def _camera_frozen(self) -> None:
        host, draw = self._board("camera-frozen"), self._stream("camera-frozen")
        reels = list(host.furniture.reels.values())
        if not reels:
            return
        reel = reels[draw(0, len(reels) - 1)]
        if reel.frozen_since_ns is not None:
            return
        reel.frozen_since_ns = self.house.world.now_ns
        if host.recorder is not None:
            host.recorder.freeze(reel.camera)

        def thaw() -> None:
            reel.frozen_since_ns = None
            if host.recorder is not None:
                host.recorder.thaw(reel.camera)

        self._spell("camera-frozen", reel.camera, draw(1, 180) * S, thaw)

    def _dark_sign(self) -> None:
        host, draw = self._board("dark-sign"), self._stream("dark-sign")
        screens = list(host.furniture.screens.values())
        if not screens:
            return
        screen = screens[draw(0, len(screens) - 1)]
        screen.dark = True
        self._tell_screen(host, screen.device)

        def lit() -> None:
            screen.dark = False
            self._tell_screen(host, screen.device)

        self._spell("dark-sign", screen.device, draw(5, 180) * S, lit)

    @staticmethod
    def _tell_screen(host: BoardHost, device: DeviceId) -> None:
        if device in host.displays:
            host.displays[device].told_health()

    def _fire(self) -> None:
        host, draw = self._board("fire"), self._stream("fire")
        if not host.metal.fire_lines or host.metal.burning:
            return
        host.metal.fire(True)
        self._spell("fire", host.commission.agent, draw(10, 300) * S, lambda: host.metal.fire(False))

    # the platform

    def _platform_away(self) -> None:
        platform = self.house.platform
        if platform.away:
            return
        platform.away = True
        self.house.trace.see(See.PLATFORM, act="away", lot="")
        for_ns = self._stream("platform-away")(1, 480) * MINUTE

        def back() -> None:
            platform.away = False
            self.house.trace.see(See.PLATFORM, act="back", lot="")

        self._spell("platform-away", "platform", for_ns, back)

    def _roster_change(self) -> None:
        rng = self.house.world.stream("fault roster-change")
        lots = list(self.house.lots.values())
        if not lots:
            return
        lot = rng.choice(lots)
        self._once("roster-change", lot.id)
        change = rng.choice((self._withdraw, self._move, self._recount))
        change(lot)

    def _withdraw(self, lot: Lot) -> None:
        rng = self.house.world.stream("fault roster-change")
        bidders = [p for p in lot.people if p.role is Role.BID and not p.withdrawn]
        if len(bidders) > 3:
            gone = rng.choice(bidders)
            people = tuple(replace(p, withdrawn=True) if p.person == gone.person else p for p in lot.people)
            self.house.platform.tell_lot(replace(lot, people=people, version=lot.version + 1))

    def _move(self, lot: Lot) -> None:
        rooms = self.house.venue.rooms_of(Zone.EVALUATION)
        taken = {other.evaluation_room for other in self.house.lots.values()}
        free = [room.id for room in rooms if room.id not in taken]
        if free:
            room = self.house.world.stream("fault roster-change").choice(free)
            self.house.platform.tell_lot(replace(lot, evaluation_room=room, version=lot.version + 1))

    def _recount(self, lot: Lot) -> None:
        number = sum(p.role is Role.BID and not p.withdrawn for p in lot.people)
        event_id = f"count-{lot.id}-{self.house.world.now_ns}"
        event = PhaseEvent(event_id, lot.project, lot.id, EventKind.BIDDER_COUNT, self.house.world.utc_ns, bidders=number)
        self.house.platform.tell_event(event)
