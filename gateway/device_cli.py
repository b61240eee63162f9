"""`bidhall device list | approve | push`: what an integrator does about devices at a running gateway, without a browser."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from gateway.evidence_cli import Refused, _password, _signed_in, _table, _told

URL = "http://127.0.0.1:8000"
HOLDS, FAILS, USAGE = 0, 1, 2


def main(argv: list[str]) -> int:
    """0: done, and `list` found everything as it should be.  1: something is not.  2: it could not be done."""
    options = _parser().parse_args(argv)
    try:
        with _signed_in(options.url, options.account, _password(options.password_file)) as web:
            match options.act:
                case "list":
                    query = {"room": options.room, "kind": options.kind, "only_wrong": options.wrong}
                    return _list(_told(web.get("/api/v1/twins", params=query)).json(), as_json=options.json)
                case "approve":
                    _told(web.post(f"/api/v1/agents/{options.board}/admit"))
                    print(f"已准入 admitted: boards/{options.board} 已写好,请拷到控制器 is written; copy it to the board")
                case _:
                    found = _told(web.post("/api/v1/programs", content=options.bundle.read_bytes())).json()
                    print(f"已上传 taken: {found['id']}")
    except (Refused, OSError) as error:
        print(f"bidhall device: {error}", file=sys.stderr)
        return USAGE
    return HOLDS


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bidhall device", description="经网关查看与准入设备 devices, by way of the gateway")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--url", default=URL, help=f"网关地址 the gateway (default {URL})")
    common.add_argument("--account", default="integrator", help="账号 account (default integrator)")
    common.add_argument("--password-file", type=Path, metavar="FILE", help="密码文件 file with the password; else BIDHALL_PASSWORD")
    acts = parser.add_subparsers(dest="act", required=True)
    listing = acts.add_parser("list", parents=[common], help="列出设备、门、控制器及问题 devices, doors and boards, and what is wrong")
    listing.add_argument("--wrong", action="store_true", help="只看有问题的 only what is wrong")
    listing.add_argument("--room", default="", help="房间 room id")
    listing.add_argument("--kind", default="", help="类型 kind: camera, sign, door, board …")
    listing.add_argument("--json", action="store_true", help="输出JSON print the result as JSON")
    approve = acts.add_parser("approve", parents=[common], help="准入一块控制器 admit a board: its folder is written with a first key")
    approve.add_argument("board", help="控制器 board id")
    push = acts.add_parser("push", parents=[common], help="上传程序包 give the gateway a bundle for boards")
    push.add_argument("bundle", type=Path, metavar="BUNDLE")
    return parser


def _list(found: dict[str, Any], *, as_json: bool) -> int:
    if as_json:
        print(json.dumps(found, ensure_ascii=False, indent=1))
    else:
        rows: list[tuple[str, ...]] = [("设备 device", "类型 kind", "房间 room", "情况 how it is", "处理 what to do")]
        rows += [(t["id"], t["kind"], t["room"], _words(t, "name") or "正常 well", _words(t, "remedy")) for t in found["twins"]]
        print(_table(rows))
        print(f"{found['count']} 台中 {found['wrong']} 台有问题 {found['wrong']} of {found['count']} are not as they should be")
    return FAILS if found["wrong"] else HOLDS


def _words(twin: dict[str, Any], part: str) -> str:
    finding = twin["finding"]
    return f"{finding[part]['zh']} {finding[part]['en']}" if finding else ""
