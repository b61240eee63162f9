"""The index of recordings: segments, gaps and packages, by project, lot, track and time."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.shell.store import Store
from venue_model.moments import S


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """A sealed piece of a recording.  `path` is under the evidence root."""

    project: str
    lot: str
    track: str
    seq: int
    room: str
    from_utc_ns: int
    to_utc_ns: int
    path: str
    bytes: int
    sha256: str
    sm3: str
    meta: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class GapRow:
    """What was not recorded, and why."""

    project: str
    lot: str
    track: str
    from_utc_ns: int
    to_utc_ns: int
    cause: str


@dataclass(frozen=True, slots=True)
class PackageRow:
    """A sealed package.  `path` is under the evidence root."""

    project: str
    seal: int
    path: str
    sealed_utc_ns: int
    tagmanifest_sha256: str


LONGEST_NS = 3600 * S  # of a segment: they rotate every minute, and a venue may set that higher
_SEGMENT = "project, lot, track, seq, room, from_utc_ns, to_utc_ns, path, bytes, sha256, sm3, meta_json"


class EvidenceIndex:
    """Reads and writes over the evidence tables."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.sql = store.sql

    def add_segment(self, row: SegmentRow) -> None:
        """Index a segment.  The same bytes again may only tell more of how they ended; other bytes never replace them."""
        self.sql.execute(
            f"INSERT INTO segment ({_SEGMENT}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (project, lot, track, seq) DO UPDATE SET meta_json = excluded.meta_json WHERE sha256 = excluded.sha256",
            (
                row.project, row.lot, row.track, row.seq, row.room, row.from_utc_ns, row.to_utc_ns, row.path, row.bytes,
                row.sha256, row.sm3, json.dumps(dict(row.meta), ensure_ascii=False, sort_keys=True),
            ),
        )  # fmt: skip

    def add_gap(self, row: GapRow) -> None:
        """Record a gap; the same one again changes nothing."""
        self.sql.execute(
            "INSERT OR REPLACE INTO gap VALUES (?, ?, ?, ?, ?, ?, '{}')",
            (row.project, row.lot, row.track, row.from_utc_ns, row.to_utc_ns, row.cause),
        )

    def segments(self, project: str) -> list[SegmentRow]:
        """All segments of a project, by lot, track and order."""
        return self._segments("project = ? ORDER BY lot, track, seq", (project,))

    def segment(self, sha256: str) -> SegmentRow | None:
        """The segment with this hash, or None."""
        found = self._segments("sha256 = ? LIMIT 1", (sha256,))
        return found[0] if found else None

    def around(self, room: str, utc_ns: int) -> list[SegmentRow]:
        """What the cameras of a room recorded at a moment, for whichever project."""
        where = "room = ? AND from_utc_ns BETWEEN ? AND ? AND to_utc_ns >= ? ORDER BY track, project"
        return self._segments(where, (room, utc_ns - LONGEST_NS, utc_ns, utc_ns))

    def _segments(self, where: str, values: tuple[Any, ...]) -> list[SegmentRow]:
        rows = self.sql.execute(f"SELECT {_SEGMENT} FROM segment WHERE {where}", values)
        return [SegmentRow(*row[:-1], meta=json.loads(row[-1])) for row in rows]  # type: ignore[misc]

    def gaps(self, project: str) -> list[GapRow]:
        """All gaps of a project."""
        rows = self.sql.execute(
            "SELECT project, lot, track, from_utc_ns, to_utc_ns, cause FROM gap WHERE project = ? ORDER BY lot, track, from_utc_ns",
            (project,),
        )
        return [GapRow(*row) for row in rows]

    def add_package(self, row: PackageRow) -> None:
        """Index a sealed package."""
        self.sql.execute(
            "INSERT INTO package VALUES (?, ?, ?, ?, ?)", (row.project, row.seal, row.path, row.sealed_utc_ns, row.tagmanifest_sha256)
        )

    def packages(self, project: str) -> list[PackageRow]:
        """The packages of a project, oldest first."""
        rows = self.sql.execute(
            "SELECT project, seal, path, sealed_utc_ns, tagmanifest_sha256 FROM package WHERE project = ? ORDER BY seal", (project,)
        )
        return [PackageRow(*row) for row in rows]
