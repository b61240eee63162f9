"""The text of a BagIt 1.0 bag (RFC 8493): file names, manifest lines, bag-info.  Shared by who seals and who checks."""

import re
from collections.abc import Iterable, Mapping

BAGIT, BAG_INFO = "bagit.txt", "bag-info.txt"
MANIFEST_SHA256, MANIFEST_SM3 = "manifest-sha256.txt", "manifest-sm3.txt"
TAGMANIFEST = "tagmanifest-sha256.txt"  # the signed object: it covers the four files above, and they the payload
TAG_FILES = (BAG_INFO, BAGIT, MANIFEST_SHA256, MANIFEST_SM3)

CMS = f"seal/{TAGMANIFEST}.p7s"
SM2 = f"seal/{TAGMANIFEST}.sm2"
TIME_STAMP = f"seal/{TAGMANIFEST}.p7s.tsr"
LOG_PROOF = f"seal/{TAGMANIFEST}.tlog-proof"
LOG_KEY = "seal/log.pub.pem"
AUTHORITY = "seal/certs/ca.pem"
SIGNER = "seal/certs/signer.pem"
SM2_KEY = "seal/certs/sm2.pub.pem"
TSA_CHAIN = "seal/certs/tsa.pem"
SEAL_KEYS = (AUTHORITY, SIGNER, SM2_KEY, LOG_KEY)  # bound to the signed bag by `Seal-Key` lines of bag-info.txt

TRACKS = "data/records/tracks.json"
TIMELINE = "data/records/timeline.json"
GAPS = "data/records/gaps.json"
EVENTS = "data/records/events.json"
TRAJECTORIES = "data/records/trajectories.json"
ACCESS_LOG = "data/records/access-log.jsonl"
MERKLE = "data/records/segments.merkle.json"
METADATA = "data/records/metadata.xml"
PROPERTIES = "data/records/four-properties.json"
PROPERTIES_TEXT = "data/records/four-properties.txt"

PROFILE = "urn:bidhall:evidence-package:1"
BAGIT_TEXT = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"

_LINE = re.compile(r"([0-9a-f]{64})  (\S.*)")  # coreutils: two spaces; one would switch `cksum -c` to another style
_LABEL = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*): (\S.*)")


def is_safe_path(path: str) -> bool:
    """True for a relative path that stays inside the package on every system, and needs no escape in a manifest.

    >>> is_safe_path("data/media/cam-1/000001.mp4"), is_safe_path("data/../../etc/passwd"), is_safe_path("/etc/passwd")
    (True, False, False)
    """
    printable = all(" " < character != "\x7f" and character not in "\\%:" for character in path)
    return printable and all(part not in ("", ".", "..") for part in path.split("/"))


def manifest_text(hashes: Mapping[str, str]) -> bytes:
    """Manifest lines for path → hex hash."""
    return "".join(f"{hashes[path]}  {path}\n" for path in sorted(hashes)).encode()


def parse_manifest(text: bytes) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Path → hex hash, and what is wrong as (kind, detail).  A line that is wrong is left out of the mapping."""
    found: dict[str, str] = {}
    wrong: list[tuple[str, str]] = []
    lines = text.decode(errors="replace").split("\n")
    if lines.pop() != "":
        wrong.append(("bad-manifest", "the last line has no newline"))
    for number, line in enumerate(lines, start=1):
        match = _LINE.fullmatch(line)
        if match is None:
            wrong.append(("bad-manifest", f"line {number}: expected a hash of 64 hex digits, two spaces and a path"))
        elif not is_safe_path(match[2]):
            wrong.append(("unsafe-path", f"line {number}: {match[2][:80]!r} may lead out of the package"))
        elif match[2] in found:
            wrong.append(("bad-manifest", f"line {number}: {match[2]} is listed twice"))
        else:
            found[match[2]] = match[1]
    return found, wrong


def bag_info_text(lines: Iterable[tuple[str, str]]) -> bytes:
    """bag-info.txt.  Values are put on one line: a line break in a title would start a new field."""
    return "".join(f"{label}: {' '.join(value.split())}\n" for label, value in lines).encode()


def parse_bag_info(text: bytes) -> dict[str, list[str]]:
    """Label → values in order.  ValueError for a line that is not `Label: value`."""
    fields: dict[str, list[str]] = {}
    for number, line in enumerate(text.decode(errors="replace").splitlines(), start=1):
        match = _LABEL.fullmatch(line)
        if match is None:
            raise ValueError(f"line {number} is not 'Label: value'")
        fields.setdefault(match[1], []).append(match[2])
    return fields
