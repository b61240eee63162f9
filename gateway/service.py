"""The gateway as a process: broker, link, desks, platform and web server in one event loop."""

import asyncio
import datetime
import gc
import json
import logging
import secrets
import signal
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

import uvicorn

from gateway.api.accounts import Accounts
from gateway.api.app import make_app
from gateway.api.live import LiveFeed
from gateway.api.services import Services
from gateway.broker.supervisor import Broker
from gateway.commission import load_policy_key, write_boards
from gateway.config import GatewayConfig
from gateway.core.alarms import KINDS
from gateway.core.booking.book import Rules
from gateway.core.booking.schedule import ScheduleRules
from gateway.evidence.keys import load_or_create_keys
from gateway.evidence.translog import TransparencyLog
from gateway.facts.tally import CountedLink, Tally
from gateway.people.oidc import Oidc
from gateway.people.secret_box import load_secret_box
from gateway.pki.wiring import ANY_ADDRESS, secure
from gateway.shell.backup import Highest, HighWater, begin_anew, highest
from gateway.shell.booking_desk import BookingDesk
from gateway.shell.coordinator import Coordinator, clock
from gateway.shell.database import open_database
from gateway.shell.evidence_desk import EvidenceDesk
from gateway.shell.evidence_index import EvidenceIndex
from gateway.shell.facts_desk import FactsConfig, FactsDesk
from gateway.shell.mqtt import GatewayLink
from gateway.shell.platform_desk import PlatformDesk
from gateway.shell.rehearsal_desk import RehearsalDesk, simulator
from gateway.shell.rollout_desk import RolloutDesk, read_release_key
from gateway.shell.store import Store
from gateway.shell.view import View
from gateway.trading.connect import connect
from gateway.trading.outbox import Outbox
from venue_model.ids import RunId
from venue_model.tools.files import read_venue
from venue_model.venue import Venue
from venue_model.wire import Topics

log = logging.getLogger(__name__)
TICK_S = 0.05
PIN_S = 60  # between two looks at whether the audit chain is due for a checkpoint


@dataclass(frozen=True, slots=True)
class Ready:
    """Where the gateway listens."""

    url: str
    broker_host: str
    broker_port: int
    broker_kind: str


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling: the gateway ends everything in its own order."""

    def install_signal_handlers(self) -> None:
        """None: see `serve`."""


def new_run() -> RunId:
    """A scene run's id: time first, so that ids sort; random after."""
    stamp = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%S")
    return RunId(f"{stamp}-{secrets.token_hex(4)}")


async def serve(config: GatewayConfig, folder: Path, pages: Path | None, accounts: list[tuple[str, str, str]]) -> None:
    """Run until SIGTERM or SIGINT.  `folder` is what relative paths start from; `accounts` are (id, role, password) to set.

    Prints one JSON line when everything listens.  Raises VenueError, BrokerError, SchemaError and OSError before that.
    """
    venue: Venue = read_venue(folder / config.venue)
    data = folder / config.data
    evidence_root = folder / config.evidence if config.evidence else data / "evidence"
    evidence_root.mkdir(parents=True, exist_ok=True)
    db = open_database(data / "venue.db")
    store = Store(db)
    high_water = HighWater(data / "signed")
    known = high_water.read()
    copied = begin_anew(store, venue, clock().utc_ns, known)
    if copied:
        log.warning("this database is a copy: every domain is CLEAR and sealed in a new term until two people lift the seals")
    policy_key = load_policy_key(data / "keys")
    secured = secure(config, folder, data, venue)
    write_boards(venue, data, secured.guests, policy_key)
    kind = cast(Literal["mosquitto", "nats"] | None, config.broker.kind or None)
    listens = config.broker
    broker = Broker(data / "broker", Topics(venue.id), secured.certified, host=listens.host, port=listens.port or None, kind=kind)
    await broker.start()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    epoch = store.next_epoch(clock().utc_ns, known.epoch)
    high_water.rise(highest(store))
    tally = Tally(lambda run: coordinator.scenes.run(run))
    link = GatewayLink(
        config.broker.host, broker.port, secured.login, Topics(venue.id), epoch,
        on_message=tally.heard(lambda topic, payload: coordinator.hear(topic, payload, clock())),
        on_read=lambda: coordinator.settle(clock()),
        on_connection=lambda up: coordinator.connected(clock()) if up else None,
        tls=secured.link_tls,
    )  # fmt: skip
    outbox = Outbox(db)
    index = EvidenceIndex(store)
    coordinator = Coordinator(
        venue, store, index, outbox, CountedLink(link, tally), policy_key, epoch, lambda section, key: feed.changed(section, key), new_run
    )
    kind_of = config.platform
    adapter = connect(kind_of, folder, venue)
    platform = PlatformDesk(coordinator, adapter, kind_of.token, kind=kind_of.kind, pull_s=kind_of.pull_s, later=loop.call_soon)
    coordinator.warden.signed = lambda signed, term: high_water.rise(Highest(signed, term, epoch))
    view = View(coordinator, lambda: platform.health, lambda: link.up)
    feed = LiveFeed(view)
    coordinator.journal.lines = tally.counted(feed.lines)
    view.take_lines(store.journal(f"kind IN {KINDS}", limit=1_000_000))  # alarms outlive a restart
    keys = load_or_create_keys(data / "keys" / "seal", venue.name.zh, datetime.datetime.now(datetime.UTC))
    translog = TransparencyLog(data / "translog.db", f"bidhall/{venue.id}", keys.log_key)
    evidence = EvidenceDesk(venue, coordinator, keys, translog, evidence_root)
    box = load_secret_box(data / "keys" / "people.key")
    oidc = Oidc(config.oidc, folder, clock) if config.oidc.issuer else None
    desk = Accounts(store, box=box, config=config.people, venue_name=venue.name.zh, oidc=oidc)
    if copied:
        desk.sessions.end_all()  # some of them were ended after the copy was made
    for account, role, password in accounts:
        if password:
            desk.create(account, role, password)
        elif desk.book.find(account) is None:
            first = {"account": account, "first_password": desk.create_first(account, role)}
            print(json.dumps(first), flush=True)
    booking = _booking_desk(config, coordinator, folder)
    told = FactsConfig({"data": data, "evidence": evidence_root}, config.webhooks, config.metrics.token)
    facts = FactsDesk(
        coordinator, index, box, told, tally=tally, alarms=lambda: view.alarms, platform=lambda: platform.health if platform.sync else None,
        broker_up=lambda: link.up,
    )  # fmt: skip
    rollouts = RolloutDesk(
        coordinator, data / "bundles", release_key=read_release_key(config.rollout.release_key),
        base_url=lambda: config.rollout.url or _url_for_boards(config, secured.scheme, server),
    )  # fmt: skip
    parts = Services(coordinator, view, feed, desk, evidence, index, evidence_root, booking, facts, platform, secured, rollouts)
    app = make_app(parts, pages)
    web = uvicorn.Config(
        app, config.host, config.port, log_level="warning", ws="websockets-sansio", timeout_graceful_shutdown=2, **secured.web
    )
    server = _Server(web)
    secured.connect(coordinator, broker, web)
    feed.start()
    facts.start()
    pinning = asyncio.create_task(_pin(desk, translog), name="audit checkpoints")
    link.start()
    coordinator.scenes.resume(clock())
    platform.start()
    serving = asyncio.create_task(server.serve(), name="web server")
    ticking = asyncio.create_task(_tick(coordinator, booking, rollouts), name="tick")
    try:
        while not server.started and not serving.done():
            await asyncio.sleep(0.01)
        if serving.done():
            raise OSError(f"{config.host}:{config.port}: the web server did not start; is the port taken?")
        port = server.servers[0].sockets[0].getsockname()[1]
        await secured.start(port)
        _calm_collector()
        ready = Ready(f"{secured.scheme}://{config.host}:{port}", config.broker.host, broker.port, broker.kind)
        print(json.dumps({"url": ready.url, "broker": [ready.broker_host, ready.broker_port], "kind": ready.broker_kind}), flush=True)
        await asyncio.wait([asyncio.create_task(stop.wait()), serving], return_when=asyncio.FIRST_COMPLETED)
    finally:
        ticking.cancel()
        pinning.cancel()
        await asyncio.gather(ticking, pinning, return_exceptions=True)
        await platform.close()
        await booking.rehearsal.close()
        await facts.close()
        await evidence.close()
        await feed.close()
        server.should_exit = True
        await asyncio.gather(serving, return_exceptions=True)
        await secured.close()
        await link.close()
        await broker.close()
        desk.audit.pin(translog, clock(), anyway=True)
        translog.close()
        db.close()


def _calm_collector() -> None:
    """Keep Python's garbage collector out of scenes: a thousand rows of one made it walk the whole venue in the middle, for 30 ms and more.

    What is loaded now stays for good; what comes later is nearly all freed by counting, and looked through less often.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _booking_desk(config: GatewayConfig, coordinator: Coordinator, folder: Path) -> BookingDesk:
    planned, times = config.booking, config.schedule
    rules = Rules(planned.turn_around_min * 60, opening_s=planned.opening_min * 60, evaluation_s=planned.evaluation_min * 60)
    schedule = ScheduleRules(times.preparation_min * 60, times.release_at)
    rehearsal = RehearsalDesk(simulator(folder / config.venue), timeout_s=planned.rehearsal_s)
    return BookingDesk(coordinator, rules, schedule, rehearsal, lapse_s=planned.lapse_min * 60)


async def _pin(accounts: Accounts, translog: TransparencyLog) -> None:
    while True:
        try:
            accounts.audit.pin(translog, clock())
        except Exception:  # the next one will do
            log.exception("no checkpoint of the audit chain")
        await asyncio.sleep(PIN_S)


def _url_for_boards(config: GatewayConfig, scheme: str, server: uvicorn.Server) -> str:
    """By what address boards reach the web server, as far as it can know it."""
    hosts = [config.host, *config.tls.hosts, socket.gethostname()]
    host = next(host for host in hosts if host not in ANY_ADDRESS)
    return f"{scheme}://{host}:{server.servers[0].sockets[0].getsockname()[1]}"


async def _tick(coordinator: Coordinator, booking: BookingDesk, rollouts: RolloutDesk) -> None:
    while True:
        try:
            coordinator.tick(clock())
            booking.tick(clock())
            rollouts.tick(clock())
        except Exception:  # a fault in one run must not stop renewals: doors would close
            log.exception("tick failed")
        await asyncio.sleep(TICK_S)
