"""`bidhall gateway`: run the gateway from a configuration file."""

import argparse
import asyncio
import logging
import sys
from pathlib import Path

from gateway.backup_cli import back_up, restore
from gateway.broker.supervisor import BrokerError
from gateway.config import ConfigError, read_config
from gateway.core.rights import AccountRole
from gateway.core.sign_in import password_fault
from gateway.people.audit_check import audit_check
from gateway.people.patterns import is_account
from gateway.pki.store import PkiError
from gateway.shell.database import SchemaError
from gateway.shell.venue_backup import hold
from venue_model.load import VenueError


def main(argv: list[str], pages: Path | None) -> int:
    """0 after an ordinary end, 2 when it could not start."""
    parser = argparse.ArgumentParser(prog="bidhall gateway", description="运行网关 Run the gateway: scenes, policies, evidence, dashboard")
    parser.add_argument("--config", type=Path, default=Path("gateway.toml"), help="配置文件 (default: gateway.toml)")
    parser.add_argument(
        "--account", action="append", default=[], metavar="NAME:ROLE:PASSWORD",
        help="设置账号;密码留空则生成一次性初始密码 set an account; without a password one is made, to be changed at once",
    )
    parser.add_argument(
        "--backup", type=Path, metavar="FILE",
        help="整场备份后退出,可在运行中;.db 结尾则只备份数据库 back the venue up, even while it runs; a name in .db: the database alone",
    )
    parser.add_argument(
        "--restore", type=Path, metavar="FILE",
        help="从备份恢复:先检查并说明,加 --yes 才执行 restore: checks, tells what it would do, and does it with --yes",
    )
    parser.add_argument("--yes", action="store_true", help="执行恢复 carry the restore out")
    parser.add_argument(
        "--passphrase-file", type=Path, metavar="FILE",
        help="备份口令文件(第一行);有则密钥一并备份或恢复 the first line is the passphrase under which the keys are backed up, or restored",
    )
    parser.add_argument("--audit-check", action="store_true", help="校验审计链后退出 check the audit chain and end: 0 holds, 1 does not")
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        accounts = [_account(text) for text in options.account]
        if options.restore is not None:
            return restore(options.config, options.restore, options.passphrase_file, yes=options.yes)
        config = read_config(options.config)
        if options.backup is not None:
            return back_up(options.config, config, options.backup, options.passphrase_file)
        if options.audit_check:
            return audit_check(options.config.parent / config.data)
        from gateway.service import serve

        with hold(options.config.parent / config.data):
            asyncio.run(serve(config, options.config.parent, pages, accounts))
    except (ConfigError, VenueError, BrokerError, PkiError, SchemaError, OSError, ValueError) as error:
        print(f"bidhall gateway: {error}", file=sys.stderr)
        return 2
    return 0


def _account(text: str) -> tuple[str, str, str]:
    """NAME:ROLE:PASSWORD; ValueError says what to write."""
    name, role, password = (*text.split(":", 2), "", "")[:3]
    if not is_account(name) or role not in set(AccountRole) or text.count(":") < 2:
        raise ValueError(f"--account {name}: write NAME:ROLE:PASSWORD with role {', '.join(AccountRole)}")
    if password and (fault := password_fault(name, password, has_second=False)):
        raise ValueError(f"--account {name}: {fault.zh} {fault.en}; leave it empty, and one is made")
    return name, role, password
