"""Lays out a project's evidence as a BagIt 1.0 bag.  Media is linked, never read: its hashes were taken while recording."""

import os
import shutil
import stat
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives import hashes

from gateway.evidence.dossier import HEX_HASH, Dossier, EvidenceError, SegmentRef
from venue_model import bag_text, manifest
from venue_model.canonical import canonical_bytes
from venue_model.ids import is_id
from venue_model.manifest import Gap, Segment
from venue_model.moments import utc_text


class Bag:
    """A bag under construction in `folder`, with the hashes of its payload as they become known."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sha256: dict[str, str] = {}
        self.sm3: dict[str, str] = {}
        self._bytes = 0

    @property
    def oxum(self) -> str:
        """Payload-Oxum of RFC 8493: total of bytes, dot, number of files."""
        return f"{self._bytes}.{len(self.sha256)}"

    def place_media(self, ref: SegmentRef, path: str) -> None:
        """Link a closed media file into the payload.  On another disk it has to be copied, and is then hashed again."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(ref.path, target)
        except OSError:  # another disk, or one without hard links
            _copy_checked(ref, target)
        self._enter(path, ref.sha256, ref.sm3, ref.bytes)

    def write_payload(self, path: str, content: bytes) -> None:
        write_synced(self.folder / path, content)
        self._enter(path, sha256(content).hexdigest(), sm3_hex(content), len(content))

    def write_tags(self, info: Iterable[tuple[str, str]]) -> bytes:
        """Write the bag's own files and return the tag manifest, which is what gets signed."""
        tags = {
            bag_text.BAGIT: bag_text.BAGIT_TEXT,
            bag_text.BAG_INFO: bag_text.bag_info_text(info),
            bag_text.MANIFEST_SHA256: bag_text.manifest_text(self.sha256),
            bag_text.MANIFEST_SM3: bag_text.manifest_text(self.sm3),
        }
        for path, content in tags.items():
            write_synced(self.folder / path, content)
        tag_manifest = bag_text.manifest_text({path: sha256(content).hexdigest() for path, content in tags.items()})
        write_synced(self.folder / bag_text.TAGMANIFEST, tag_manifest)
        return tag_manifest

    def _enter(self, path: str, sha256_hex: str, sm3_hex: str, size: int) -> None:
        assert path not in self.sha256, f"{path} is placed twice"
        self.sha256[path], self.sm3[path] = sha256_hex, sm3_hex
        self._bytes += size


def media_segments(dossier: Dossier) -> list[Segment]:
    """The dossier's segments in record order, each with its place in the package.  EvidenceError for one that is unfit."""
    found = []
    for ref in sorted(dossier.segments, key=lambda r: (r.track, r.seq)):
        check_ref(ref, dossier.project)
        stamp = utc_text(ref.begin_utc_ns)[:19].replace("-", "").replace(":", "") + "Z"
        path = f"data/media/{ref.track}/{ref.seq:06d}_{stamp}{ref.path.suffix}"
        found.append(Segment(ref.project, ref.track, ref.seq, path, ref.begin_utc_ns, ref.end_utc_ns, ref.bytes, ref.sha256, ref.sm3))
    return found


def check_ref(ref: SegmentRef, project: str) -> None:
    """EvidenceError when the recorder's file is not what its sidecar says, as far as can be told without reading it."""
    if ref.project != project:
        raise EvidenceError(f"{ref.path}: recorded for project {ref.project}; it must not enter the package of {project}")
    if not is_id(ref.track) or not is_id(ref.path.suffix.removeprefix(".")):
        raise EvidenceError(f"{ref.path}: track {ref.track!r} or its file suffix cannot be a file name in a package")
    if not HEX_HASH.fullmatch(ref.sha256) or not HEX_HASH.fullmatch(ref.sm3):
        raise EvidenceError(f"{ref.path}: the sidecar's hashes are not 64 hex digits; let the recorder close the segment")
    try:
        found = ref.path.lstat()
    except OSError:
        found = None
    if found is None or not stat.S_ISREG(found.st_mode):
        raise EvidenceError(f"{ref.path}: not a file; take it out of the dossier and declare a gap with cause disk")
    size = found.st_size
    if size != ref.bytes:
        raise EvidenceError(f"{ref.path}: {size} bytes, but {ref.bytes} when it was closed; keep it apart, declare a gap")


def record_files(dossier: Dossier, segments: list[Segment], gaps: list[Gap], access: Iterable[Mapping[str, object]]) -> dict[str, bytes]:
    """Path → bytes of the records that describe the media."""
    clocks = [ref.clock for ref in sorted(dossier.segments, key=lambda r: (r.track, r.seq))]
    timeline = [manifest.segment_record(s, clock) for s, clock in zip(segments, clocks, strict=True)]
    events = sorted(dossier.events, key=lambda event: str(event.get("utc")))
    documents: dict[str, dict[str, object]] = {
        bag_text.TRACKS: {"project": dossier.project, "tracks": list(map(dict, dossier.tracks))},
        bag_text.TIMELINE: {"project": dossier.project, "segments": timeline},
        bag_text.GAPS: {"project": dossier.project, "gaps": [manifest.gap_record(gap) for gap in gaps]},
        bag_text.EVENTS: {"project": dossier.project, "events": list(map(dict, events))},
        bag_text.TRAJECTORIES: {"project": dossier.project, "people": list(map(dict, dossier.trajectories))},
        bag_text.MERKLE: manifest.merkle_record(segments),
    }
    files: dict[str, bytes] = {}
    for path, document in documents.items():
        try:
            files[path] = canonical_bytes(document)
        except (TypeError, ValueError) as error:
            raise EvidenceError(f"{dossier.project}: {path}: {error}") from None
    files[bag_text.ACCESS_LOG] = manifest.chain_lines(access)
    return files


def sm3_hex(content: bytes) -> str:
    digest = hashes.Hash(hashes.SM3())
    digest.update(content)
    return digest.finalize().hex()


def write_synced(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_tree(top: Path) -> None:
    """Make the names under `top` as durable as the contents."""
    for folder in [*(path for path in top.rglob("*") if path.is_dir()), top]:
        sync_folder(folder)


def sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _copy_checked(ref: SegmentRef, target: Path) -> None:
    shutil.copyfile(ref.path, target)
    digest = sha256()
    with target.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
        os.fsync(file.fileno())
    if digest.hexdigest() != ref.sha256:
        raise EvidenceError(f"{ref.path}: its SHA-256 is no longer that of its sidecar; keep it apart, declare a gap")
