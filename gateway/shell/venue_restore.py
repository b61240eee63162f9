"""A venue comes back from its backup: everything is checked before anything is touched, and nothing that was there is deleted.

The gateway that starts on it afterwards begins a new term with every seal assumed set (`backup.begin_anew`), and the boards send again
what they still have (`held` in docs/wire.md).  What was only in the lost database, between the copy and the loss, is named by the
`restored` line.
"""

import datetime
import hashlib
import io
import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from pydantic import TypeAdapter, ValidationError

from gateway.config import GatewayConfig, read_config
from gateway.shell.backup import MARK
from gateway.shell.database import newest_schema
from gateway.shell.sealed_files import open_files
from gateway.shell.venue_backup import CONFIG, DATABASE, FORMAT, MANIFEST, SEALED, TRANSLOG, VENUE, Manifest, hold
from venue_model.tools.files import read_venue

_MANIFEST = TypeAdapter(Manifest)
LARGEST_MANIFEST = 16 << 20


class BackupError(ValueError):
    """The archive cannot be used.  The text says why; nothing has changed."""


@dataclass(frozen=True, slots=True)
class Step:
    """One file that a restore writes."""

    target: Path
    content: Path | bytes
    note: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What a restore will do: say it before, do it after."""

    manifest: Manifest
    data: Path
    aside: tuple[Path, ...]  # what is moved out of the way
    steps: tuple[Step, ...]
    warnings: tuple[str, ...]


class Opened:
    """An archive that was checked, unpacked in a folder of its own until `close`."""

    def __init__(self, archive: Path, folder: Path) -> None:
        self._unpacked = tempfile.TemporaryDirectory(dir=folder, prefix=".restore.")
        self.root = Path(self._unpacked.name)
        try:
            self.manifest = _unpack(archive, self.root)
            _check_database(self.root / DATABASE, self.manifest)
        except BaseException:
            self._unpacked.cleanup()
            raise

    def close(self) -> None:
        """Forget what was unpacked."""
        self._unpacked.cleanup()


def plan_restore(opened: Opened, config_file: Path, passphrase: str | None) -> Plan:
    """What there is to do.  Raises BackupError when the archive is of another venue, and Running while a gateway works here."""
    folder, manifest = config_file.parent, opened.manifest
    secrets = open_files((opened.root / SEALED).read_bytes(), passphrase) if manifest.keys and passphrase is not None else {}
    steps: list[Step] = []
    warnings: list[str] = []
    if config_file.exists():
        config = read_config(config_file)
    else:
        text = secrets.get("gateway.toml") or (opened.root / CONFIG).read_bytes()
        steps.append(Step(config_file, text, "配置 configuration"))
        config = _config_of(text, opened.root)
        if "gateway.toml" not in secrets:
            warnings.append(f"{config_file}: 口令未备份,请补写 token/secret 各项 tokens and secrets were left out: write them in again")
    venue_file, data = folder / config.venue, folder / config.data
    if not venue_file.exists():
        steps.append(Step(venue_file, opened.root / VENUE, "场地文件 venue"))
    elif read_venue(venue_file).id != manifest.venue:
        raise BackupError(f"{venue_file}: is not venue {manifest.venue}, of which this is a backup; name the right --config")
    elif venue_file.read_bytes() != (opened.root / VENUE).read_bytes():
        warnings.append(f"{venue_file}: 与备份时不同,保留现有的 differs from the backup's and is kept")
    hold(data).close()
    steps.append(Step(data / "venue.db", opened.root / DATABASE, "数据库 database"))
    if (opened.root / TRANSLOG).exists():
        steps.append(Step(data / "translog.db", opened.root / TRANSLOG, "透明日志 transparency log"))
    key_steps, key_warnings = _keys(secrets, data)
    if not manifest.keys or passphrase is None:
        key_warnings.append(_without_keys(data))
    aside = tuple(path for name in ("venue.db", "translog.db") for path in sorted(data.glob(f"{name}*")) if path.is_file())
    return Plan(manifest, data, aside, (*steps, *key_steps), tuple(w for w in (*warnings, *key_warnings) if w))


def _keys(secrets: Mapping[str, bytes], data: Path) -> tuple[list[Step], list[str]]:
    """Keys that are here already stay: they are newer, and what they opened must stay open."""
    steps, warnings = [], []
    for name, content in secrets.items():
        if not name.startswith("data/"):
            continue
        target = data / name.removeprefix("data/")
        if not target.exists():
            steps.append(Step(target, content, "密钥 key"))
        elif target.read_bytes() != content:
            warnings.append(f"{target}: 已存在且不同,保留现有的 exists and differs: kept; move it away to take the backup's")
    return steps, warnings


def _without_keys(data: Path) -> str:
    if (data / "keys" / "policy.key").exists():
        return ""
    return "没有密钥:须重新签发并拷贝每块板的 boards/ 目录 no keys: every board must be commissioned anew from its boards/ folder"


def carry_out(plan: Plan, utc_ns: int) -> None:
    """Do it.  What was there is moved into `replaced-…` beside it.  Raises Running when a gateway has started meanwhile."""
    with hold(plan.data):
        if plan.aside:
            stamp = datetime.datetime.fromtimestamp(utc_ns // 1_000_000_000, datetime.UTC).strftime("%Y%m%dT%H%M%SZ")
            away = plan.data / f"replaced-{stamp}"
            away.mkdir()
            for path in plan.aside:
                path.rename(away / path.name)
        for step in plan.steps:
            with io.BytesIO(step.content) if isinstance(step.content, bytes) else step.content.open("rb") as source:
                _write(step.target, source)


def _write(target: Path, source: IO[bytes]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        shutil.copyfileobj(source, file, 1 << 20)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(target)
    number = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _unpack(archive: Path, root: Path) -> Manifest:
    try:
        with tarfile.open(archive, "r:") as tar:
            first = tar.next()
            if first is None or first.name != MANIFEST or first.size > LARGEST_MANIFEST:
                raise BackupError(f"{archive}: no backup of a venue: it does not begin with {MANIFEST}")
            manifest = _read_manifest(archive, tar, first)
            found = {MANIFEST}
            while (member := tar.next()) is not None:
                expected = manifest.files.get(member.name)
                if expected is None or not member.isreg() or ".." in PurePosixPath(member.name).parts or member.name in found:
                    raise BackupError(f"{archive}: {member.name} is not in its manifest; take another copy")
                source = tar.extractfile(member)
                assert source is not None, "a regular file can be read"
                target = root / member.name
                target.parent.mkdir(parents=True, exist_ok=True)
                digest = hashlib.sha256()
                with target.open("wb") as file:
                    while block := source.read(1 << 20):
                        digest.update(block)
                        file.write(block)
                if (member.size, digest.hexdigest()) != (expected.bytes, expected.sha256):
                    raise BackupError(f"{archive}: {member.name} is damaged; take another copy")
                found.add(member.name)
    except (tarfile.TarError, EOFError) as error:
        raise BackupError(f"{archive}: damaged, or no backup of a venue ({error}); take another copy") from None
    if missing := sorted(manifest.files.keys() - found):
        raise BackupError(f"{archive}: {missing[0]} is missing; take another copy")
    return manifest


def _read_manifest(archive: Path, tar: tarfile.TarFile, member: tarfile.TarInfo) -> Manifest:
    source = tar.extractfile(member)
    try:
        manifest = _MANIFEST.validate_json(source.read() if source else b"")
    except ValidationError as error:
        raise BackupError(f"{archive}: its manifest cannot be read: {error.errors(include_url=False)[0]['msg']}") from None
    if manifest.format != FORMAT or DATABASE not in manifest.files:
        raise BackupError(f"{archive}: format {manifest.format!r} is not known to this program; install the newer one")
    return manifest


def _check_database(path: Path, manifest: Manifest) -> None:
    db = sqlite3.connect(path)
    try:
        found = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
        schema = int(db.execute("PRAGMA user_version").fetchone()[0])
        marked = db.execute("SELECT 1 FROM setting WHERE name = ?", (MARK,)).fetchone()
    except sqlite3.Error as error:
        raise BackupError(f"the database in the backup cannot be read: {error}; take another copy") from None
    finally:
        db.close()
    if found != "ok":
        raise BackupError(f"the database in the backup is damaged: {found}; take another copy")
    if schema > newest_schema():
        raise BackupError(f"the backup is of a newer program ({manifest.program}, schema {schema}); install that one")
    if marked is None:
        raise BackupError("the database in the backup does not carry the mark of a copy; it was not made by --backup")


def _config_of(text: bytes, root: Path) -> GatewayConfig:
    draft = root / "gateway.toml"
    draft.write_bytes(text)
    return read_config(draft)

