"""`bidhall gateway --backup` and `--restore`: what they say and ask before they act (docs/operations.md)."""

import time
from pathlib import Path

from gateway.config import GatewayConfig
from gateway.shell.backup import back_up as back_up_database
from gateway.shell.sealed_files import PassphraseError
from gateway.shell.venue_backup import back_up_venue, told
from gateway.shell.venue_restore import Opened, Plan, carry_out, plan_restore
from venue_model.tools.files import read_venue


def back_up(config_file: Path, config: GatewayConfig, target: Path, passphrase_file: Path | None) -> int:
    """The whole venue; the database alone when the file's name says so.  Prints what is inside."""
    folder = config_file.parent
    if target.suffix == ".db":
        back_up_database(folder / config.data / "venue.db", target)
        return 0
    venue = read_venue(folder / config.venue)
    manifest = back_up_venue(config_file, config, venue.id, target, _passphrase(passphrase_file), time.time_ns())
    print(f"{target}: {told(manifest)}")
    if not manifest.keys:
        print("密钥未备份(加 --passphrase-file) the keys are not inside: without them every board is commissioned anew")
    return 0


def restore(config_file: Path, archive: Path, passphrase_file: Path | None, *, yes: bool) -> int:
    """Check the archive, say what would be done, and with `yes` do it."""
    config_file.parent.mkdir(parents=True, exist_ok=True)
    opened = Opened(archive, config_file.parent)
    try:
        if opened.manifest.keys and passphrase_file is None:
            print("备份含密钥,未给 --passphrase-file:密钥不恢复 the keys inside stay there without --passphrase-file")
        plan = plan_restore(opened, config_file, _passphrase(passphrase_file))
        _tell(plan)
        if not yes:
            print("以上尚未执行;确认后加 --yes nothing has been done: add --yes")
            return 0
        carry_out(plan, time.time_ns())
    finally:
        opened.close()
    print(
        "已恢复。启动网关后:所有受控区域清场并视为已封闭,须两人解封;控制器补传一周内的日志\n"
        "restored. After the start every guarded domain is CLEAR and sealed until two people lift it; the boards send a week's lines again"
    )
    return 0


def _tell(plan: Plan) -> None:
    print(told(plan.manifest))
    for path in plan.aside:
        print(f"  移开 moves away   {path}")
    for step in plan.steps:
        print(f"  写入 writes       {step.target}  ({step.note})")
    for warning in plan.warnings:
        print(f"  注意 take note    {warning}")


def _passphrase(file: Path | None) -> str | None:
    """The first line of a file, so that it stands in no list of processes."""
    if file is None:
        return None
    lines = file.read_text("utf-8").splitlines()
    if not lines or not lines[0].strip():
        raise PassphraseError(f"{file}: its first line is the passphrase, and it is empty")
    return lines[0]
