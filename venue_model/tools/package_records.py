"""Do the records of a package fit each other and its media?  Reads small files only."""

from collections.abc import Callable
from typing import TypeVar

from venue_model import bag_text, manifest
from venue_model.canonical import Plain, canonical_bytes, parse_canonical
from venue_model.manifest import Problem, Segment
from venue_model.tools.package_files import Package, bag_info

Record = TypeVar("Record")


def check_records(package: Package) -> None:
    project = bag_info(package).get("External-Identifier", [""])[0]
    tracks = _read(package, bag_text.TRACKS, "tracks", project, manifest.read_track)
    segments = _read(package, bag_text.TIMELINE, "segments", project, manifest.read_segment)
    gaps = _read(package, bag_text.GAPS, "gaps", project, manifest.read_gap)
    events = _read(package, bag_text.EVENTS, "events", project, lambda record: record)
    if segments is not None and gaps is not None:
        _report(package, bag_text.TIMELINE, manifest.check_segments(project, segments, gaps))
        if tracks is not None:
            _report(package, bag_text.TIMELINE, manifest.check_coverage(tracks, segments, gaps))
    if events is not None:
        try:
            _report(package, bag_text.EVENTS, manifest.check_events(events))
        except ValueError as error:
            package.add(bag_text.EVENTS, "bad-record", str(error))
    if segments is not None:
        _check_media(package, segments)
        _check_merkle(package, segments)
    log = package.read(bag_text.ACCESS_LOG)
    if log is not None:
        _report(package, bag_text.ACCESS_LOG, manifest.check_chain(log))


def _check_media(package: Package, segments: list[Segment]) -> None:
    """Timeline, manifests and media name the same files with the same hashes."""
    text = {name: package.read(name) or b"" for name in (bag_text.MANIFEST_SHA256, bag_text.MANIFEST_SM3)}
    by_sha256, by_sm3 = (bag_text.parse_manifest(text[name])[0] for name in text)
    for segment in segments:
        listed = (by_sha256.get(segment.path), by_sm3.get(segment.path))
        if listed != (segment.sha256, segment.sm3):
            package.add(bag_text.TIMELINE, "bad-record", f"{segment.path}: its hashes are not those of the manifests")
        if package.files.get(segment.path, segment.bytes) != segment.bytes:
            package.add(segment.path, "changed", f"{package.files[segment.path]} bytes, recorded as {segment.bytes}")
    known = {segment.path for segment in segments}
    for path in package.files:
        if path.startswith("data/media/") and path not in known:
            package.add(path, "unlisted", f"{bag_text.TIMELINE} does not know this recording")


def _check_merkle(package: Package, segments: list[Segment]) -> None:
    text = package.read(bag_text.MERKLE)
    if text is None:
        return
    try:
        expected = canonical_bytes(manifest.merkle_record(segments))
    except ValueError:
        package.add(bag_text.TIMELINE, "bad-record", "a SHA-256 is not hex")
        return
    if text != expected:
        package.add(bag_text.MERKLE, "bad-proof", f"not the tree over the segments of {bag_text.TIMELINE}")


def _read(package: Package, path: str, name: str, project: str, read: Callable[[Plain], Record]) -> list[Record] | None:
    data = package.read(path)
    if data is None:
        return None
    try:
        return [read(entry) for entry in manifest.entries(parse_canonical(data), name, project)]
    except ValueError as error:
        package.add(path, "bad-record", str(error))
        return None


def _report(package: Package, path: str, problems: list[Problem]) -> None:
    for problem in problems:
        package.add(path, problem.kind, problem.detail)
