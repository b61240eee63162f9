"""`bidhall evidence list | pull`: what a supervisor does without a browser.  Every reading is recorded by the gateway, as on the page."""

import argparse
import getpass
import json
import os
import sys
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from gateway.evidence.unpack import UnpackError, unpack
from venue_model.ids import is_id
from venue_model.moments import utc_text
from venue_model.tools import verify_package

URL = "http://127.0.0.1:8000"
PASSWORD = "BIDHALL_PASSWORD"
SILENT_S = 60.0  # sealing and large packages make the gateway busy, not silent
HOLDS, FAILS, USAGE = 0, 1, 2


class Refused(Exception):
    """It cannot be done.  The text is one line: Chinese, English, remedy."""


def main(argv: list[str]) -> int:
    """0: done, and a pulled package holds.  1: the pulled package does not hold.  2: it could not be listed or pulled."""
    options = _parser().parse_args(argv)
    try:
        password = _password(options.password_file)
        with _signed_in(options.url, options.account, password) as web:
            if options.act == "list":
                return _list(web, options.project, as_json=options.json)
            folder = _pull(web, options.project, options.seal, options.out)
    except (Refused, UnpackError) as error:
        print(f"bidhall evidence: {error}", file=sys.stderr)
        return USAGE
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        print(f"bidhall evidence: {place}无法写入 cannot be written: {error.strerror or error}; choose another --out", file=sys.stderr)
        return USAGE
    if not options.json:
        print(f"已取回 pulled: {folder}")
    trust = ["--trust", str(options.trust)] if options.trust else []
    return verify_package.main([str(folder), *(["--json"] if options.json else []), *trust])


def _parser() -> argparse.ArgumentParser:
    words = "查看和取回证据包 List and fetch evidence packages; to check one offline: bidhall evidence verify DIR"
    parser = argparse.ArgumentParser(prog="bidhall evidence", description=words)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--url", default=URL, help=f"网关地址 the gateway (default {URL})")
    common.add_argument("--account", default="supervisor", help="账号 account (default supervisor)")
    text = f"密码文件 file with the password; else the environment's {PASSWORD}, else it is asked for"
    common.add_argument("--password-file", type=Path, metavar="FILE", help=text)
    common.add_argument("--json", action="store_true", help="输出JSON print the result as JSON")
    acts = parser.add_subparsers(dest="act", required=True, metavar="list | pull")
    listing = acts.add_parser("list", parents=[common], help="列出项目或某项目的证据包 projects, or one project's packages")
    listing.add_argument("project", nargs="?", metavar="PROJECT", help="项目编号 project id")
    pull = acts.add_parser("pull", parents=[common], help="取回并校验 fetch a package, unpack it, check it")
    pull.add_argument("project", metavar="PROJECT", help="项目编号 project id")
    pull.add_argument("--seal", type=int, metavar="N", help="第几次封装 which sealing (default: the newest)")
    pull.add_argument("--out", type=Path, required=True, metavar="DIR", help="存放目录 the package becomes a folder in DIR")
    pull.add_argument("--trust", type=Path, metavar="FILE", help="场地公布的证书或公钥 the venue's published certificate or keys")
    return parser


def _password(file: Path | None) -> str:
    """From the file, the environment, or a person.  Never from the command line, which everybody on the machine can read."""
    if file is not None:
        try:
            return file.read_text("utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise Refused(f"{file}: 无法读取密码 the password cannot be read ({error}); name another --password-file") from None
    given = os.environ.get(PASSWORD)
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise Refused(f"没有密码 no password; set {PASSWORD} or give --password-file")
    return getpass.getpass("密码 password: ")


@contextmanager
def _signed_in(url: str, account: str, password: str) -> Iterator[httpx.Client]:
    """A client with a session, which ends with it."""
    try:
        # A venue's gateway is in the same building: no proxy stands between.
        with httpx.Client(base_url=url, timeout=SILENT_S, trust_env=False) as web:
            _told(web.post("/api/v1/session", json={"account": account, "password": password}))
            try:
                yield web
            finally:
                web.delete("/api/v1/session")
    except (httpx.TransportError, httpx.InvalidURL) as error:
        raise Refused(f"{url}: 网关没有应答 the gateway does not answer ({error}); check --url and that it runs") from None


_REMEDIES = {401: "check --account and the password", 403: "use a supervisor's account", 429: "wait a minute"}


def _told(answer: httpx.Response, remedy: str = "") -> httpx.Response:
    """The answer, or Refused in the gateway's own words."""
    if answer.is_success:
        return answer
    answer.read()
    try:
        error = answer.json()["error"]
        words = f"{error['zh']} {error['en']}"
    except (ValueError, KeyError, TypeError):
        words = f"{answer.url}: 不是标厅网关的应答 answered {answer.status_code}, not as a bidhall gateway"
    raise Refused(f"{words}; {_REMEDIES.get(answer.status_code) or remedy or 'check --url'}")


def _project(web: httpx.Client, project: str) -> dict[str, Any]:
    remedy = "`bidhall evidence list` shows the ids"
    if not is_id(project):
        raise Refused(f"{project!r} 不是项目编号 is no project id; {remedy}")
    found: dict[str, Any] = _told(web.get(f"/api/v1/projects/{project}"), remedy).json()
    return found


def _list(web: httpx.Client, project: str | None, *, as_json: bool) -> int:
    if project is None:
        rows = _told(web.get("/api/v1/projects")).json()
        result: dict[str, Any] = {"projects": rows}
        table: list[tuple[str, ...]] = [("项目 project", "阶段 phase", "名称 name")]
        table += [(row["project"], " ".join(row["phase"].values()), row["project_name"]) for row in rows]
    else:
        packages = _project(web, project)["packages"]
        result = {"project": project, "packages": packages}
        table = [("封装 seal", "时间 sealed", "字节 bytes", "tagmanifest-sha256")]
        table += [(str(p["seal"]), utc_text(p["sealed_utc_ns"])[:19] + "Z", f"{p['bytes']:,}", p["tagmanifest_sha256"]) for p in packages]
    if as_json:
        print(json.dumps(result, ensure_ascii=False, indent=1))
    elif len(table) > 1:
        print(_table(table))
    else:
        print("没有项目 no projects" if project is None else f"项目 {project} 尚无证据包 has no package yet")
    return HOLDS


def _pull(web: httpx.Client, project: str, seal: int | None, out: Path) -> Path:
    """Download a package into a new folder under `out`."""
    packages = _project(web, project)["packages"]
    numbers = [p["seal"] for p in packages]
    if not packages:
        raise Refused(f"项目 {project} 尚无证据包 project {project} has no package yet; it is sealed when its last lot is closed")
    if seal is not None and seal not in numbers:
        listed = ", ".join(map(str, numbers))
        raise Refused(f"项目 {project} 没有第 {seal} 次封装 project {project} has no package {seal}; choose one of {listed}")
    path = f"/api/v1/projects/{project}/packages/{numbers[-1] if seal is None else seal}.zip"
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=out, prefix=".pull-", suffix=".zip") as file:
        with web.stream("GET", path) as answer:
            for chunk in _told(answer).iter_bytes(1 << 20):
                file.write(chunk)
        file.flush()
        return unpack(Path(file.name), out)


def _table(rows: list[tuple[str, ...]]) -> str:
    widths = [max(_columns(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ([cell + " " * (width - _columns(cell)) for cell, width in zip(row, widths, strict=True)] for row in rows)
    return "\n".join("  ".join(line).rstrip() for line in lines)


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
