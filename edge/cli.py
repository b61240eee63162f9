"""`bidhall edge --config FILE`: run the agent of one board until it is told to stop; `--slots DIR`: run what the gateway rolls out."""

import argparse
import logging
import signal
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from edge.shell.clock import HostClock
from edge.shell.config import ConfigError, EdgeConfig, load_config
from edge.shell.disk import Disk, DiskError
from edge.shell.drivers import WiringError
from edge.shell.hardware import Hardware
from edge.shell.identity import Identity, IdentityError
from edge.shell.launcher import SWITCHED, Launcher, LauncherError, teller
from edge.shell.rollout import Rollouts
from edge.shell.run import EdgeAgent
from venue_model.wire import Topics

log = logging.getLogger(__name__)
TELL_S = 1.0  # the launcher takes five seconds of silence for an agent that is not well


def main(argv: Sequence[str] | None = None) -> int:
    """Exit 0 after SIGTERM or SIGINT, 1 when the disk cannot be used, 2 for a wrong configuration or usage."""
    about = "门禁与设备控制器 / the agent of one board: doors, readers, displays, cameras"
    parser = argparse.ArgumentParser(prog="bidhall edge", description=about)
    parser.add_argument("--config", type=Path, default=Path("edge.json"), help="the agent's file (default: edge.json)")
    parser.add_argument("--verbose", action="store_true", help="log what mechanics want to know")
    parser.add_argument("--slots", type=Path, metavar="DIR", help="start the program that DIR's slots point at, and take rollouts")
    # What the launcher tells its child; not for people.
    parser.add_argument("--slot-of", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--commission", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--tell", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.DEBUG if options.verbose else logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    if options.slots is not None:
        return _launch(options.slots, options.config)
    try:
        config = load_config(options.config, options.commission)
        identity = _identity(config)
        hardware = Hardware.from_wiring(config.wiring, config.data)
    except (ConfigError, WiringError, IdentityError) as fault:
        text = str(fault) if isinstance(fault, ConfigError) else f"{options.config}: {fault}"
        print(text, file=sys.stderr)
        return 2
    try:
        rollouts = Rollouts(options.slot_of, config.commission, config.record) if options.slot_of is not None else None
        agent = open_agent(config, hardware, identity, rollouts)
    except DiskError as fault:
        print(fault, file=sys.stderr)
        return 1
    asked: list[int] = []  # no lock: a second signal inside the first one's handler would wait for itself
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: asked.append(number))
    agent.start()
    tell = teller(options.tell, agent.unwell) if options.tell is not None else None
    told_s = 0.0
    while not asked and not (rollouts is not None and rollouts.switched):
        time.sleep(0.2)
        if time.monotonic() - told_s < TELL_S:
            continue
        told_s = time.monotonic()
        if rollouts is not None:
            rollouts.look()
        if tell is not None and not tell():
            log.error("the launcher has ended; this agent ends too")
            break
    agent.stop()
    return SWITCHED if rollouts is not None and rollouts.switched else 0


def _launch(slots: Path, config: Path) -> int:
    try:
        return Launcher(slots, config.resolve()).run()
    except (LauncherError, OSError) as fault:
        print(fault, file=sys.stderr)
        return 2


def _identity(config: EdgeConfig) -> Identity | None:
    if config.broker.identity is None:
        return None
    return Identity(config.broker.identity, config.data / "identity.pem", config.commission.agent, HostClock().now)


def open_agent(
    config: EdgeConfig, hardware: Hardware, identity: Identity | None = None, rollouts: Rollouts | None = None
) -> EdgeAgent:
    """The agent of a configuration, not yet started.  Raises DiskError."""
    from edge.shell.mqtt import AgentLink

    commission, broker = config.commission, config.broker
    disk = Disk(config.data / "agent.db")
    rooms = sorted({device.room for device in commission.devices})
    link = partial(AgentLink, broker.host, broker.port, commission.agent, broker.password, Topics(commission.venue), rooms)
    return EdgeAgent(
        commission,
        config.commissioned,
        disk,
        hardware,
        lambda next_session, on_message, on_connection: link(
            identity=identity, next_session=next_session, on_message=on_message, on_connection=on_connection
        ),
        rollouts=rollouts,
    )
