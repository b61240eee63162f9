"""`bidhall gateway`: run the gateway from a configuration file."""

import argparse
import asyncio
import logging
import sys
from pathlib import Path

from gateway.broker.supervisor import BrokerError
from gateway.config import ConfigError, read_config
from gateway.pki.store import PkiError
from gateway.shell.backup import back_up
from gateway.shell.database import SchemaError
from venue_model.load import VenueError

ROLES = ("staff", "supervisor", "witness", "integrator")


def main(argv: list[str], pages: Path | None) -> int:
    """0 after an ordinary end, 2 when it could not start."""
    parser = argparse.ArgumentParser(prog="bidhall gateway", description="运行网关 Run the gateway: scenes, policies, evidence, dashboard")
    parser.add_argument("--config", type=Path, default=Path("gateway.toml"), help="配置文件 (default: gateway.toml)")
    parser.add_argument("--account", action="append", default=[], metavar="NAME:ROLE:PASSWORD", help="设置账号 set an account")
    parser.add_argument(
        "--backup", type=Path, metavar="FILE", help="备份场地数据库后退出,可在运行中 copy the venue database, even while it runs, and end",
    )
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    accounts = []
    for text in options.account:
        parts = text.split(":", 2)
        if len(parts) != 3 or parts[1] not in ROLES:
            print(f"--account {parts[0]}: write NAME:ROLE:PASSWORD with role {', '.join(ROLES)}", file=sys.stderr)
            return 2
        accounts.append((parts[0], parts[1], parts[2]))
    try:
        config = read_config(options.config)
        if options.backup is not None:
            back_up(options.config.parent / config.data / "venue.db", options.backup)
            return 0
        from gateway.service import serve

        asyncio.run(serve(config, options.config.parent, pages, accounts))
    except (ConfigError, VenueError, BrokerError, PkiError, SchemaError, OSError, ValueError) as error:
        print(f"bidhall gateway: {error}", file=sys.stderr)
        return 2
    return 0
