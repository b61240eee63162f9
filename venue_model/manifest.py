"""What an evidence package says about itself: tracks, segments, gaps, events, who looked.  Forms and checks, all pure.

The rule behind every check: footage of a track is there, or a gap says from when to when and why.  Silence is a fault.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise

from venue_model.canonical import Plain, canonical_bytes, parse_canonical
from venue_model.ids import is_id
from venue_model.merkle import Tree, leaf_hash
from venue_model.moments import S, utc_ns, utc_text

# Recording begins at a key frame, and cameras are set to one every 2 s or less: a shorter hole is how rotation works.
SLACK_NS = 2 * S
CHAIN_START = "0" * 64  # `previous` of the first line of an access log
RESIDENT_ID = re.compile(r"\d{17}[\dXx]")  # GB 11643: must never stand in for a pseudonym


@dataclass(frozen=True, slots=True)
class Track:
    """One camera or microphone, and the time for which the project wanted it."""

    track: str
    begin_utc_ns: int
    end_utc_ns: int


@dataclass(frozen=True, slots=True)
class Segment:
    """One sealed media file.  `path` is relative to the package; hashes are hex, taken while it was recorded."""

    project: str
    track: str
    seq: int
    path: str
    begin_utc_ns: int
    end_utc_ns: int
    bytes: int
    sha256: str
    sm3: str


@dataclass(frozen=True, slots=True)
class Gap:
    track: str
    begin_utc_ns: int
    end_utc_ns: int
    cause: str  # rtsp-timeout, process-restart, disk, clock-step, packet-loss; unexplained when nobody knows
    detected_by: str
    frames_lost: int | None = None
    filled_from: str | None = None  # edge-storage, when the camera's own card had the footage


@dataclass(frozen=True, slots=True)
class Problem:
    kind: str  # foreign-project, sequence, coverage, record, chain, person
    detail: str


def segment_record(segment: Segment, clock: Mapping[str, object]) -> dict[str, object]:
    """One entry of timeline.json.  `clock` is what the recorder knew of camera and host time (offset, drift, error)."""
    return {
        "project": segment.project,
        "track": segment.track,
        "seq": segment.seq,
        "path": segment.path,
        "begin_utc": utc_text(segment.begin_utc_ns),
        "end_utc": utc_text(segment.end_utc_ns),
        "bytes": segment.bytes,
        "sha256": segment.sha256,
        "sm3": segment.sm3,
        "clock": dict(clock),
    }


def read_segment(record: Plain) -> Segment:
    """ValueError naming the field that is missing or of the wrong type; so do the other `read_` functions here."""
    return Segment(
        project=_text(record, "project"),
        track=_text(record, "track"),
        seq=_number(record, "seq"),
        path=_text(record, "path"),
        begin_utc_ns=_moment(record, "begin_utc"),
        end_utc_ns=_moment(record, "end_utc"),
        bytes=_number(record, "bytes"),
        sha256=_text(record, "sha256"),
        sm3=_text(record, "sm3"),
    )


def gap_record(gap: Gap) -> dict[str, object]:
    """One entry of gaps.json."""
    return {
        "track": gap.track,
        "begin_utc": utc_text(gap.begin_utc_ns),
        "end_utc": utc_text(gap.end_utc_ns),
        "cause": gap.cause,
        "detected_by": gap.detected_by,
        "frames_lost": gap.frames_lost,
        "filled_from": gap.filled_from,
    }


def read_gap(record: Plain) -> Gap:
    return Gap(
        track=_text(record, "track"),
        begin_utc_ns=_moment(record, "begin_utc"),
        end_utc_ns=_moment(record, "end_utc"),
        cause=_text(record, "cause"),
        detected_by=_text(record, "detected_by"),
    )


def read_track(record: Plain) -> Track:
    return Track(_text(record, "track"), _moment(record, "begin_utc"), _moment(record, "end_utc"))


def check_segments(project: str, segments: Sequence[Segment], gaps: Sequence[Gap]) -> list[Problem]:
    """Every segment is of this project; each track's numbers and times run on, or a gap accounts for the break."""
    problems = [
        Problem("foreign-project", f"{s.path} belongs to project {s.project}, not to {project}") for s in segments if s.project != project
    ]
    backward = [s for s in segments if s.end_utc_ns < s.begin_utc_ns]
    problems += [Problem("record", f"{s.path} ends before it begins") for s in backward]
    for before, after in _neighbours(segments):
        if after.seq == before.seq:
            problems.append(Problem("sequence", f"track {after.track}: number {after.seq} is used twice"))
    for gap, detail in _breaks(segments, gaps):
        problems.append(Problem("sequence", f"track {gap.track}: {detail}, and no gap says why"))
    return problems


def holes(track: Track, segments: Iterable[Segment], gaps: Iterable[Gap]) -> list[tuple[int, int]]:
    """Spans of the track's window, in UTC ns, that neither footage nor a declared gap accounts for."""
    spans = [(s.begin_utc_ns, s.end_utc_ns) for s in segments if s.track == track.track]
    spans += [(g.begin_utc_ns, g.end_utc_ns) for g in gaps if g.track == track.track]
    found, reached = [], track.begin_utc_ns
    for begin, end in sorted(spans):
        if begin > reached + SLACK_NS and reached < track.end_utc_ns:
            found.append((reached, min(begin, track.end_utc_ns)))
        reached = max(reached, end)
    if reached + SLACK_NS < track.end_utc_ns:
        found.append((reached, track.end_utc_ns))
    return found


def unexplained_gaps(tracks: Iterable[Track], segments: Sequence[Segment], gaps: Sequence[Gap]) -> list[Gap]:
    """The gaps that nobody declared, so that a seal can say so instead of passing over them."""
    found = [_unexplained(t.track, begin, end) for t in tracks for begin, end in holes(t, segments, gaps)]
    return found + [gap for gap, _ in _breaks(segments, (*gaps, *found))]


def check_coverage(tracks: Sequence[Track], segments: Sequence[Segment], gaps: Sequence[Gap]) -> list[Problem]:
    """Each track's window is covered by footage or declared as a gap; no footage or gap of an unknown track."""
    known = {track.track for track in tracks}
    strangers = sorted(({s.track for s in segments} | {g.track for g in gaps}) - known)
    problems = [Problem("coverage", f"track {name} has records but is not in tracks.json") for name in strangers]
    for track in tracks:
        for begin, end in holes(track, segments, gaps):
            span = f"{utc_text(begin)} to {utc_text(end)}"
            problems.append(Problem("coverage", f"track {track.track}: {span} has neither footage nor a declared gap"))
    return problems


def check_events(events: Sequence[Plain]) -> list[Problem]:
    """Events stand in order of time, and people in them are pseudonyms."""
    problems, before = [], 0
    for index, event in enumerate(events):
        moment = _moment(event, "utc")
        kind = _text(event, "event")
        if moment < before:
            problems.append(Problem("record", f"event {index} ({kind}) is earlier than the one before it"))
        before = max(before, moment)
        person = event.get("person") if isinstance(event, dict) else None
        if person is not None and not (isinstance(person, str) and is_id(person) and not RESIDENT_ID.search(person)):
            problems.append(Problem("person", f"event {index} ({kind}) names a person by other than a pseudonym"))
    return problems


def chain_lines(entries: Iterable[Mapping[str, object]]) -> bytes:
    """access-log.jsonl: each line carries, as `previous`, the SHA-256 of the line before it without its newline."""
    lines, previous = [], CHAIN_START
    for entry in entries:
        line = canonical_bytes({**entry, "previous": previous})
        lines.append(line + b"\n")
        previous = sha256(line).hexdigest()
    return b"".join(lines)


def check_chain(log: bytes) -> list[Problem]:
    problems, previous = [], CHAIN_START
    if log and not log.endswith(b"\n"):
        problems.append(Problem("chain", "the last line is torn"))
    for number, line in enumerate(log.splitlines(), start=1):
        try:
            carried = _text(parse_canonical(line), "previous")
        except ValueError as error:
            problems.append(Problem("chain", f"line {number}: {error}"))
        else:
            if carried != previous:
                problems.append(Problem("chain", f"line {number} does not follow the line before it"))
        previous = sha256(line).hexdigest()
    return problems


def merkle_record(segments: Sequence[Segment]) -> dict[str, object]:
    """segments.merkle.json: a tree over the segments' SHA-256 in record order, so that one can be proven alone."""
    leaves = [bytes.fromhex(segment.sha256) for segment in segments]
    return {
        "tree": "RFC 6962, SHA-256; the data of a leaf is the 32 bytes of the segment's SHA-256",
        "leaves": [
            {"path": segment.path, "sha256": segment.sha256, "leaf_hash": leaf_hash(leaf).hex()}
            for segment, leaf in zip(segments, leaves, strict=True)
        ],
        "root": Tree(leaves).root().hex(),
    }


def entries(document: Plain, name: str, project: str) -> list[Plain]:
    """The list `name` of a records file.  ValueError when the file is of another project or shape."""
    if _text(document, "project") != project:
        raise ValueError(f"written for project {_text(document, 'project')!r}, but the package is of {project!r}")
    listed = document.get(name) if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise ValueError(f"{name!r} is not a list")
    return listed


def _neighbours(segments: Iterable[Segment]) -> list[tuple[Segment, Segment]]:
    ordered = sorted(segments, key=lambda s: (s.track, s.seq))
    return [(before, after) for before, after in pairwise(ordered) if before.track == after.track]


def _breaks(segments: Iterable[Segment], gaps: Sequence[Gap]) -> list[tuple[Gap, str]]:
    """Breaks between neighbours that no declared gap touches: the gap that is missing, and what shows it."""
    found = []
    for before, after in _neighbours(segments):
        begin, end = sorted((before.end_utc_ns, after.begin_utc_ns))
        if after.seq > before.seq + 1:
            detail = f"segments {before.seq + 1} to {after.seq - 1} are missing"
        elif after.begin_utc_ns < before.end_utc_ns - SLACK_NS:  # the host's clock was set back
            detail = f"{after.path} begins before {before.path} ends"
        else:
            continue
        touching = (g for g in gaps if g.track == after.track)
        if not any(g.begin_utc_ns <= end + SLACK_NS and g.end_utc_ns >= begin - SLACK_NS for g in touching):
            found.append((_unexplained(after.track, begin, end), detail))
    return found


def _unexplained(track: str, begin_utc_ns: int, end_utc_ns: int) -> Gap:
    return Gap(track, begin_utc_ns, end_utc_ns, cause="unexplained", detected_by="seal")


def _text(record: Plain, key: str) -> str:
    value = record.get(key) if isinstance(record, dict) else None
    if not isinstance(value, str) or not value:
        raise ValueError(f"{key!r} is missing or not text")
    return value


def _number(record: Plain, key: str) -> int:
    value = record.get(key) if isinstance(record, dict) else None
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{key!r} is missing or not a whole number")
    return value


def _moment(record: Plain, key: str) -> int:
    try:
        return utc_ns(_text(record, key))
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{key!r}: {error}") from None
