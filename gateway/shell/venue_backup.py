"""The whole venue in one file, while it runs: databases, configuration, what the boards were commissioned with, and, under a passphrase,
the keys.  Recordings are too large for it and stay where they are; the list of their hashes is inside.

The file is a plain tar: `manifest.json` names every member with its SHA-256, so that any machine can check it.
"""

import dataclasses
import datetime
import fcntl
import hashlib
import json
import os
import re
import sqlite3
import tarfile
import tempfile
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import IO

from gateway.config import GatewayConfig
from gateway.shell.backup import back_up
from gateway.shell.sealed_files import seal_files

FORMAT = "bidhall-backup-1"
DATABASE, TRANSLOG, MANIFEST, SEALED = "database/venue.db", "database/translog.db", "manifest.json", "secrets.sealed"
CONFIG, VENUE, SEGMENTS = "config/gateway.toml", "config/venue.toml", "evidence/segments.sha256"
LOCK = "gateway.lock"
# Of the data folder: what is copied by itself, what is made anew, and what must not come back from a copy.
_NOT_SECRET = frozenset({"evidence", "broker", "signed", LOCK})
_DATABASES = ("venue.db", "translog.db", "replaced-")  # with what SQLite keeps beside them, and what a restore has moved away
LARGEST_SECRET = 1 << 20
_SECRET_LINE = re.compile(r"^(\s*\w*(?:token|secret|password)\w*\s*=\s*).*$", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Member:
    """One file of the archive."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive says of itself."""

    format: str
    venue: str
    made_utc_ns: int
    program: str
    schema: int
    journal_lines: int
    newest_line_utc_ns: int
    lots: int
    segments: int
    packages: int
    keys: bool  # the keys are inside, under the passphrase
    files: dict[str, Member]


class Running(OSError):
    """A gateway works on this data folder."""


def hold(data: Path) -> IO[str]:
    """Take the data folder for this process, until the file is closed.  Raises Running when another has it."""
    data.mkdir(parents=True, exist_ok=True)
    file = (data / LOCK).open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise Running(f"{data}: a gateway runs on this folder; stop it first, or name another data folder") from None
    return file


def back_up_venue(config_file: Path, config: GatewayConfig, venue_id: str, target: Path, passphrase: str | None, utc_ns: int) -> Manifest:
    """Write the archive.  Raises FileExistsError rather than replace a file; what could not be finished is not left behind."""
    if target.exists():
        raise FileExistsError(f"{target}: exists already; name a new file")
    folder = config_file.parent
    data = folder / config.data
    with tempfile.TemporaryDirectory(dir=target.absolute().parent, prefix=f".{target.name}.") as draft_name:
        draft = Path(draft_name)
        facts = _databases(data, draft)
        _put(draft, CONFIG, _SECRET_LINE.sub(r'\1""  # left out of the backup', config_file.read_text("utf-8")).encode())
        _put(draft, VENUE, (folder / config.venue).read_bytes())
        for record in sorted((data / "boards").glob("*/commission.json")):
            _put(draft, f"boards/{record.parent.name}/commission.json", record.read_bytes())
        if passphrase is not None:
            secrets = {"gateway.toml": config_file.read_bytes(), **_secrets(data, folder / config.evidence if config.evidence else None)}
            _put(draft, SEALED, seal_files(secrets, passphrase))
        files = {str(path.relative_to(draft)): _member(path) for path in sorted(draft.rglob("*")) if path.is_file()}
        manifest = Manifest(FORMAT, venue_id, utc_ns, _program(), **facts, keys=passphrase is not None, files=files)
        _put(draft, MANIFEST, json.dumps(dataclasses.asdict(manifest), ensure_ascii=False, indent=1).encode() + b"\n")
        packed = draft / "packed.tar"
        with tarfile.open(packed, "w", format=tarfile.PAX_FORMAT) as tar:
            for name in (MANIFEST, *files):
                tar.add(draft / name, name, filter=_plain)
        packed.chmod(0o600)
        with packed.open("rb") as file:
            os.fsync(file.fileno())
        os.link(packed, target)  # fails when somebody has made the file meanwhile
    return manifest


def _databases(data: Path, draft: Path) -> dict[str, int]:
    (draft / "database").mkdir()
    back_up(data / "venue.db", draft / DATABASE)
    copy = sqlite3.connect(draft / DATABASE)
    try:
        rows = copy.execute("SELECT path, sha256 FROM segment ORDER BY path").fetchall()
        _put(draft, SEGMENTS, "".join(f"{sha256}  {path}\n" for path, sha256 in rows).encode())

        def number(query: str) -> int:
            return int(copy.execute(query).fetchone()[0])

        facts = {
            "schema": number("PRAGMA user_version"), "journal_lines": number("SELECT count(*) FROM journal"),
            "newest_line_utc_ns": number("SELECT COALESCE(MAX(received_utc_ns), 0) FROM journal"),
            "lots": number("SELECT count(*) FROM lot"), "segments": len(rows), "packages": number("SELECT count(*) FROM package"),
        }  # fmt: skip
    finally:
        copy.close()
    if (data / "translog.db").exists():
        source = sqlite3.connect(f"{(data / 'translog.db').absolute().as_uri()}?mode=ro", uri=True)
        target = sqlite3.connect(draft / TRANSLOG)
        try:
            source.backup(target)
        finally:
            target.close()
            source.close()
    return facts


def _secrets(data: Path, evidence: Path | None) -> dict[str, bytes]:
    """Everything in the data folder that is neither a database nor a recording nor made anew at each start: all keys that there are."""
    found = {}
    for path in sorted(data.rglob("*")):
        place = path.relative_to(data)
        top = place.parts[0]
        left_out = top in _NOT_SECRET or top.startswith(_DATABASES) or path.name == "commission.json"
        if left_out or not path.is_file() or path.is_symlink() or (evidence is not None and path.is_relative_to(evidence)):
            continue
        if path.stat().st_size > LARGEST_SECRET:
            raise ValueError(f"{path}: {path.stat().st_size} bytes is no key; move it out of the data folder")
        found[f"data/{place}"] = path.read_bytes()
    return found


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o600
    return member


def _put(draft: Path, name: str, content: bytes) -> None:
    (draft / name).parent.mkdir(parents=True, exist_ok=True)
    (draft / name).write_bytes(content)


def _member(path: Path) -> Member:
    with path.open("rb") as file:
        return Member(path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


def _program() -> str:
    try:
        return version("bidhall")
    except PackageNotFoundError:
        return "0"


def told(manifest: Manifest) -> str:
    """An archive in one line for whoever stands before it."""
    at = datetime.datetime.fromtimestamp(manifest.made_utc_ns // 1_000_000_000).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    keys = "含密钥 with keys" if manifest.keys else "不含密钥 without keys"
    return (
        f"{manifest.venue}: {at}, 日志 {manifest.journal_lines} 行 lines, 标段 {manifest.lots} lots, 录像 {manifest.segments} 段 segments, "
        f"证据包 {manifest.packages} packages, {keys}"
    )
