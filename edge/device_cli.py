"""`bidhall device test | install | bundle | key`: what is done at a board, or where programs for boards are made, without a gateway."""

import argparse
import hashlib
import json
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from edge.shell.config import ConfigError, load_config
from edge.shell.desk_test import check_device
from edge.shell.launcher import PROGRAM, RELEASE_KEY
from edge.shell.rollout import Refused, release_key
from edge.shell.slots import Label, SlotError, Slots
from venue_model.bundles import BundleError, unpack
from venue_model.tools.make_bundle import make_bundle, make_release_key, read_key

ACTS = ("test", "install", "bundle", "key")
HOLDS, FAILS, USAGE = 0, 1, 2


def main(argv: list[str]) -> int:
    """0: done, and every promise kept.  1: the device does not keep one.  2: it could not be done."""
    options = _parser().parse_args(argv)
    try:
        match options.act:
            case "test":
                return _test(options.config, options.device, drive=options.drive, as_json=options.json)
            case "install":
                return _install(options.bundle, options.slots)
            case "bundle":
                make_bundle(options.out, options.version, options.number or int(time.time()), read_key(options.key))
                print(f"已生成 made: {options.out}")
            case _:
                print(make_release_key(options.out))
    except FileExistsError as fault:
        print(f"bidhall device: {fault.filename}: 已存在 is there already; name another --out", file=sys.stderr)
        return USAGE
    except (ConfigError, Refused, BundleError, SlotError, ValueError, OSError) as fault:
        print(f"bidhall device: {fault}", file=sys.stderr)
        return USAGE
    return HOLDS


def _parser() -> argparse.ArgumentParser:
    about = "设备:测试、安装、制作程序包 test at the desk, install, make bundles"
    parser = argparse.ArgumentParser(prog="bidhall device", description=about)
    acts = parser.add_subparsers(dest="act", required=True)
    test = acts.add_parser("test", help="按驱动约定测试桌上的设备 the driver's contract against the thing on the desk")
    test.add_argument("device", nargs="?", help="wiring 中的名字,缺省全部 an entry of the wiring (default: all)")
    test.add_argument("--config", type=Path, default=Path("edge.json"), help="控制器文件 the agent's file (default: edge.json)")
    test.add_argument("--drive", action="store_true", help="输出动作半秒,门会开 switch outputs on for half a second: doors open")
    test.add_argument("--json", action="store_true", help="输出JSON print the result as JSON")
    install = acts.add_parser("install", help="在板上装第一个程序包 put the first bundle into a board's slots")
    install.add_argument("bundle", type=Path)
    install.add_argument("--slots", type=Path, required=True, metavar="DIR", help=f"槽位目录,内含 {RELEASE_KEY} the folder of the slots")
    bundle = acts.add_parser("bundle", help="制作并签名程序包 make and sign a bundle of this installation's program")
    bundle.add_argument("--key", type=Path, required=True, help="发布私钥 the release key, 64 hex digits")
    bundle.add_argument("--out", type=Path, required=True, metavar="FILE")
    bundle.add_argument("--version", default=_version(), help="给人看的版本 for people (default: this program's)")
    bundle.add_argument("--number", type=int, help="只增不减 only grows (default: the seconds since 1970)")
    key = acts.add_parser("key", help="生成发布密钥,打印公钥 make a release key; its public half is printed")
    key.add_argument("--out", type=Path, required=True, metavar="FILE", help="私钥文件,离线保存 the private half; keep it on no gateway")
    return parser


def _test(path: Path, device: str | None, *, drive: bool, as_json: bool) -> int:
    config = load_config(path)
    if device is not None and device not in config.wiring:
        raise ConfigError(f"{path}: wiring has no entry {device!r}; entries: {', '.join(config.wiring)}")
    result: dict[str, list[dict[str, str]]] = {}
    for name in [device] if device is not None else config.wiring:
        wiring, options = config.wiring[name]
        if not as_json:
            print(f"{name} ({wiring.target.rpartition(':')[2]})")
        result[name] = []
        for check in check_device(name, wiring, options, drive=drive):
            result[name].append({"promise": check.promise, "fault": check.fault})
            if not as_json:
                print(f"  {'✗' if check.fault else '✓'} {check.promise}{': ' if check.fault else ''}{check.fault}", flush=True)
    if as_json:
        print(json.dumps(result, ensure_ascii=False, indent=1))
    return FAILS if any(check["fault"] for checks in result.values() for check in checks) else HOLDS


def _install(path: Path, folder: Path) -> int:
    data = path.read_bytes()
    bundle = unpack(data, release_key(folder))
    slots = Slots(folder / PROGRAM)
    label = Label(hashlib.sha256(data).hexdigest(), bundle.manifest.version, bundle.manifest.number)
    slots.install(bundle.files, label, "")
    where = "试运行 on trial at the next start" if slots.trial else "下次启动即运行 runs at the next start"
    print(f"已安装 installed: {label.version} ({label.number}), {where}")
    return HOLDS


def _version() -> str:
    try:
        return version("bidhall")
    except PackageNotFoundError:
        return "0"
