"""Which files a package holds, and whether they are the ones its manifests list.  Never leaves the package's folder."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives import hashes

from venue_model import bag_text

CHUNK_BYTES = 1 << 20
# Tag files are a few hundred bytes per media file; a larger one is not ours, and would only fill memory.
TEXT_LIMIT_BYTES = 256 << 20


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that does not hold.  `path` is relative to the package."""

    path: str
    kind: str  # missing, unlisted, changed, symlink, unsafe-path, bad-manifest, bad-signature, untrusted, coverage …
    detail: str

    def __str__(self) -> str:
        return f"{self.path}: {self.kind}: {self.detail}"


@dataclass(slots=True)
class Package:
    """A package's folder as it was found on disk, and what was found wrong with it so far."""

    folder: Path
    files: dict[str, int] = field(default_factory=dict)  # path → size; plain files only
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, path: str, kind: str, detail: str) -> None:
        self.findings.append(Finding(path, kind, detail))

    def read(self, path: str) -> bytes | None:
        """A small file's bytes; None, and a finding, when it is missing or cannot be read."""
        if path not in self.files:
            if not any(f.path == path for f in self.findings):
                self.add(path, "missing", "the package has no such file")
            return None
        if self.files[path] > TEXT_LIMIT_BYTES:
            self.add(path, "bad-structure", f"{self.files[path]} bytes is too large for this file")
            return None
        try:
            return b"".join(self._chunks(path))
        except OSError as error:
            self.add(path, "unreadable", error.strerror or str(error))
            return None

    def hashes(self, path: str) -> tuple[str, str] | OSError:
        """SHA-256 and SM3 in one reading."""
        first, second = sha256(), hashes.Hash(hashes.SM3())
        try:
            for chunk in self._chunks(path):
                first.update(chunk)
                second.update(chunk)
        except OSError as error:
            return error
        return first.hexdigest(), second.finalize().hex()

    def _chunks(self, path: str) -> Iterator[bytes]:
        # Not following a link here as well: the folder may change between the walk and the reading.
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(self.folder / path, flags), "rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk


def open_package(folder: Path) -> Package:
    """Walk the folder.  NotADirectoryError or ValueError when it is no package at all."""
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder}: no such folder; give the folder that holds bagit.txt")
    if not any((folder / name).is_file() for name in (bag_text.BAGIT, bag_text.TAGMANIFEST)):
        raise ValueError(f"{folder}: not an evidence package; give the folder that holds bagit.txt")
    package = Package(folder)
    _walk(package, "")
    return package


def check_listing(package: Package) -> None:
    """BagIt structure: every file is listed where it belongs, every listed file is there with its hashes."""
    declaration = package.read(bag_text.BAGIT)
    if declaration is not None and declaration != bag_text.BAGIT_TEXT:
        package.add(bag_text.BAGIT, "bad-structure", "not the declaration of a BagIt 1.0 bag in UTF-8")
    tags = _manifest(package, bag_text.TAGMANIFEST)
    by_sha256 = _manifest(package, bag_text.MANIFEST_SHA256)
    by_sm3 = _manifest(package, bag_text.MANIFEST_SM3)
    for path in bag_text.TAG_FILES:
        if path not in tags:
            package.add(path, "unlisted", f"{bag_text.TAGMANIFEST} does not list it")
    for path in (*by_sha256, *by_sm3):
        if not path.startswith("data/"):
            package.add(path, "bad-manifest", "a payload manifest lists a file outside data/")
    for path in sorted(by_sha256.keys() ^ by_sm3.keys()):
        absent = bag_text.MANIFEST_SM3 if path in by_sha256 else bag_text.MANIFEST_SHA256
        package.add(absent, "bad-manifest", f"{path} is listed in the other manifest only")
    _check_unlisted(package, tags, by_sha256.keys() | by_sm3.keys())
    _check_hashes(package, tags, by_sha256, by_sm3)
    _check_oxum(package)


def bag_info(package: Package) -> dict[str, list[str]]:
    text = package.read(bag_text.BAG_INFO)
    try:
        return bag_text.parse_bag_info(text or b"")
    except ValueError as error:
        package.add(bag_text.BAG_INFO, "bad-structure", str(error))
        return {}


def _walk(package: Package, prefix: str) -> None:
    try:
        entries = sorted(os.scandir(package.folder / prefix), key=lambda entry: entry.name)
    except OSError as error:
        package.add(prefix or ".", "unreadable", error.strerror or str(error))
        return
    for entry in entries:
        path = f"{prefix}{entry.name}"
        if entry.is_symlink():
            package.add(path, "symlink", "a link may lead anywhere; a package holds files only")
        elif entry.is_dir(follow_symlinks=False):
            _walk(package, f"{path}/")
        elif entry.is_file(follow_symlinks=False):
            package.files[path] = entry.stat(follow_symlinks=False).st_size
        else:
            package.add(path, "bad-structure", "neither a file nor a folder")


def _manifest(package: Package, path: str) -> dict[str, str]:
    text = package.read(path)
    if text is None:
        return {}
    listed, wrong = bag_text.parse_manifest(text)
    for kind, detail in wrong:
        package.add(path, kind, detail)
    return listed


def _check_unlisted(package: Package, tags: dict[str, str], payload: set[str]) -> None:
    for path in package.files:
        if path.startswith("data/"):
            if path not in payload:
                package.add(path, "unlisted", "no manifest lists this file")
        elif not path.startswith("seal/") and path != bag_text.TAGMANIFEST and path not in (*tags, *bag_text.TAG_FILES):
            package.add(path, "unlisted", f"{bag_text.TAGMANIFEST} does not list this file")


def _check_hashes(package: Package, tags: dict[str, str], by_sha256: dict[str, str], by_sm3: dict[str, str]) -> None:
    wanted = {**tags, **by_sha256}
    paths = sorted(wanted.keys() | by_sm3.keys())
    for path in paths:
        if path not in package.files and not any(f.path == path for f in package.findings):
            package.add(path, "missing", "a manifest lists this file")
    present = [path for path in paths if path in package.files]
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # hashing leaves the interpreter lock
        for path, found in zip(present, pool.map(package.hashes, present), strict=True):
            if isinstance(found, OSError):
                package.add(path, "unreadable", found.strerror or str(found))
                continue
            differs = [
                name
                for name, expected, value in (("SHA-256", wanted.get(path), found[0]), ("SM3", by_sm3.get(path), found[1]))
                if expected not in (None, value)
            ]
            if differs:
                package.add(path, "changed", f"{' and '.join(differs)} differ from the manifest")


def _check_oxum(package: Package) -> None:
    payload = [size for path, size in package.files.items() if path.startswith("data/")]
    oxum = f"{sum(payload)}.{len(payload)}"
    stated = bag_info(package).get("Payload-Oxum", ["nothing"])
    if stated != [oxum]:
        package.add(bag_text.BAG_INFO, "bad-structure", f"Payload-Oxum says {stated[0]}, the payload is {oxum}")
