"""A program for boards in one file: what is in it, whose word it is, and which is the newer of two.

A bundle is a gzipped tar: `manifest.json` (canonical JSON) first, its Ed25519 signature by the release key second, then the files that
it names with their SHA-256.  The release key lies with whoever releases programs, on no gateway: who takes a gateway over cannot
write programs for doors.
"""

import gzip
import hashlib
import io
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from venue_model import signing
from venue_model.canonical import canonical_bytes, parse_canonical

KIND = "bidhall-bundle-1"
MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
MOST_BYTES = 32 << 20  # of a bundle, and of what is in it; the program has 0.5 MB
MOST_FILES = 2_000


class BundleError(ValueError):
    """These bytes are no bundle that may run here.  The text names place, fault and way out."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a bundle says of itself.  `number` only grows: by it, and not by `version`, one bundle is older than another."""

    version: str
    number: int
    files: Mapping[str, str]  # path → SHA-256

    def encoded(self) -> bytes:
        """The bytes that the release key signs."""
        return canonical_bytes({"kind": KIND, "version": self.version, "number": self.number, "files": dict(self.files)})


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle whose every byte has been checked."""

    manifest: Manifest
    signature: str
    files: Mapping[str, bytes]


def pack(version: str, number: int, files: Mapping[str, bytes], release_key: bytes) -> bytes:
    """The bundle of these files; the same files make the same bytes."""
    manifest = Manifest(version, number, {path: hashlib.sha256(data).hexdigest() for path, data in sorted(files.items())})
    signature = signing.sign(release_key, manifest.encoded()).hex()
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path, data in ((MANIFEST, manifest.encoded()), (SIGNATURE, signature.encode()), *sorted(files.items())):
            member = tarfile.TarInfo(path)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return gzip.compress(plain.getvalue(), mtime=0)


def unpack(data: bytes, release_key: bytes) -> Bundle:
    """The bundle in `data`, if the release key signed its manifest and every file is what the manifest says.  Raises BundleError."""
    try:
        members = _members(data)
    except (tarfile.TarError, OSError, EOFError, zlib.error) as fault:
        raise BundleError(f"bundle: no gzipped tar ({fault}); build it with bidhall device bundle") from None
    encoded, signature = members.pop(MANIFEST, b""), members.pop(SIGNATURE, b"")
    manifest = check_manifest(encoded, signature.decode("ascii", "replace"), release_key)
    if (names := set(members)) != set(manifest.files):
        odd = ", ".join(sorted(names ^ set(manifest.files))[:3])
        raise BundleError(f"bundle: {odd}: in the bundle or in its manifest, and not in both; build it anew")
    for path, content in members.items():
        if hashlib.sha256(content).hexdigest() != manifest.files[path]:
            raise BundleError(f"bundle: {path}: is not what the manifest says; fetch or build it anew")
    return Bundle(manifest, signature.decode("ascii"), members)


def check_manifest(encoded: bytes, signature: str, release_key: bytes) -> Manifest:
    """The manifest in `encoded`, if the release key signed it.  Raises BundleError."""
    try:
        genuine = signing.verifies(release_key, encoded, bytes.fromhex(signature))
    except ValueError:
        genuine = False
    if not genuine:
        raise BundleError("bundle: manifest.sig: not by the release key that this board was given; sign it with that key")
    try:
        record = parse_canonical(encoded)
    except ValueError as fault:
        raise BundleError(f"bundle: manifest.json: {fault}; build it anew") from None
    match record:
        case {"kind": str(kind), "version": str(version), "number": int(number), "files": dict(files)} if kind == KIND and number >= 0:
            return Manifest(version, number, {path: str(digest) for path, digest in files.items() if _checked(path)})
    raise BundleError(f"bundle: manifest.json: no {KIND}; build it with bidhall device bundle of this release")


def _members(data: bytes) -> dict[str, bytes]:
    if len(data) > MOST_BYTES:
        raise BundleError(f"bundle: {len(data)} bytes; at most {MOST_BYTES} are taken")
    found: dict[str, bytes] = {}
    left = MOST_BYTES
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed, tarfile.open(fileobj=packed, mode="r|") as tar:
        for member in tar:
            left -= member.size
            if left < 0 or len(found) >= MOST_FILES:
                raise BundleError(f"bundle: more than {MOST_BYTES} bytes or {MOST_FILES} files inside; it is not one of ours")
            if not member.isreg() or member.name in found:
                raise BundleError(f"bundle: {member.name}: a link, a folder, or there twice; build it anew")
            _checked(member.name)
            content = tar.extractfile(member)
            assert content is not None, "a regular file has content"
            found[member.name] = content.read()
    return found


def _checked(path: str) -> bool:
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts or str(pure) != path or path == "." or "\\" in path or "\0" in path:
        raise BundleError(f"bundle: {path[:80]!r}: a path that leads out of the slot; it is not one of ours")
    return True
